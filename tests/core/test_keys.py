"""What a campaign may say about keys: one for each role or for each target, made on the card or certified again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prove.customs import CUSTOMS
from sithsup.certificate import Certificate
from sithsup.errors import CardFullError, StepNotSeenError
from sithsup.evidence import key_ids
from sithsup.model import KeyRole, ObjectKind
from sithsup.recovery import Situation
from sithsup.sim import pki
from sithsup.sim.case import CardKind
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, Tear, When
from sithsup.situation import Outcome
from sithsup.steps import destroy_key, order
from sithsup.upgrade import TIGHT, UPGRADE, rows
from tests.support.lab import NEW, OLD, START, Lab

if TYPE_CHECKING:
    from pathlib import Path

KILL = Mishap(Failure.PROCESS_KILLED, When.BEFORE)
KILL_AFTER = Mishap(Failure.PROCESS_KILLED, When.AFTER)
MAKING = {"generate-auth-key", "generate-signature-key"}
ASKED = {"revoke-old-certificates", "remove-old-keys"}
"""Rows that a campaign must ask for."""


def lab_of(
    custom: str, folder: Path, verb: str = "", number: int = 1, mishap: Mishap = KILL, kind: CardKind = CardKind.SHARED
) -> Lab:
    """A lab with a custom of its own, whose upgrade was interrupted at a call if one is named."""
    lab = Lab(folder, kind=kind, faults=Faults(Fault(mishap, number, frozenset({verb}))) if verb else Faults())
    CUSTOMS[custom](lab)
    if verb:
        assert lab.run("upgrade") is not Outcome.UPGRADED
        lab.mend()
    return lab


def old_keys(lab: Lab) -> set[bytes]:
    """The public keys of the old certificates."""
    return {Certificate.parse(der).public_key for der in lab.case.old}


def new_certificates(lab: Lab) -> list[Certificate]:
    """The new certificates on the card."""
    ours = {record.der for record in lab.authority.ledger.certificates.values() if record.profile}
    return [Certificate.parse(der) for der in lab.certificates() & ours]


# ------------------------------------------------------------------------------------------- which rows there are


@pytest.mark.parametrize(
    ("custom", "left_out"),
    [
        ("as-ever", ASKED),
        ("a-key-each", ASKED),
        ("revoking", {"remove-old-keys"}),
        ("clearing", {"revoke-old-certificates"}),
        ("without-signatures", {*ASKED, "generate-signature-key"}),
        ("reusing-one", {*ASKED, "generate-auth-key"}),
        ("reusing", {"revoke-old-certificates", *MAKING}),
    ],
)
def test_a_table_has_the_rows_that_have_something_to_do(custom: str, left_out: set[str], tmp_path: Path) -> None:
    """And no other; the walk and the verdict know of no more."""
    campaign = lab_of(custom, tmp_path).campaign
    assert campaign
    for table in (UPGRADE, TIGHT):
        assert {step.name for step in table} - {step.name for step in rows(table, campaign)} == left_out


def test_two_keys_take_twice_as_long_as_one(tmp_path: Path) -> None:
    """What is told of the time that is left counts keys, not rows."""
    seconds = []
    for custom in ("as-ever", "a-key-each"):
        campaign = lab_of(custom, tmp_path / custom).campaign
        assert campaign
        seconds.append(sum(step.seconds for step in rows(UPGRADE, campaign) if step.name in MAKING))
    assert seconds[1] == 2 * seconds[0]


@pytest.mark.parametrize("custom", ["without-signatures", "reusing", "reusing-one", "a-key-each", "as-ever"])
def test_a_card_on_which_nothing_was_begun_is_fresh_in_every_campaign(custom: str, tmp_path: Path) -> None:
    """A key that the campaign does not make is no sign of a beginning."""
    lab = lab_of(custom, tmp_path)
    with lab.operation() as operation:
        verdict = operation.look().verdict
    assert (verdict.situation, verdict.choices) == (Situation.FRESH, ())
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert lab.wrong() == ""


# -------------------------------------------------------------------------------------------- a key for each target


def test_each_certificate_gets_a_key_of_its_own(tmp_path: Path) -> None:
    """On the token of its role; the old keys stay as they are."""
    lab = lab_of("a-key-each", tmp_path)
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW
    keys = {certificate.public_key for certificate in new_certificates(lab)}
    assert len(keys) == 4
    assert not keys & old_keys(lab)


def test_the_ids_of_keys_are_the_same_on_every_computer(tmp_path: Path) -> None:
    """Of campaign, card, name and generation; where there is one for each role, its name is that of the role."""
    for custom, names in {"as-ever": {"authentication", "signature"}, "a-key-each": set(pki.PROFILES)}.items():
        lab = lab_of(custom, tmp_path / custom)
        with lab.operation() as operation:
            world = operation.world
            ids = {key.name: key_ids(world, key) for key in world.campaign.new_keys}
        assert ids.keys() == names
        assert len({each for found in ids.values() for each in found}) == 8 * len(names)
        if custom == "as-ever":
            first = [ids[name][0].hex() for name in ("authentication", "signature")]
            assert first == ["bf477ec7fe994b0b53b08d718900e8e77a6c5a8d", "ba79b2d9e3d1d0788b10da6b47fce5285555f4e2"]


def test_keys_of_a_role_that_are_there_are_not_made_again(tmp_path: Path) -> None:
    """Killed between the two keys of one row, then again; also where nobody remembers the first one."""
    for place in ("here", "elsewhere"):
        lab = lab_of("a-key-each", tmp_path / place, "generate_key_pair", 2)
        if place == "elsewhere":
            lab.lose_journal()
        lab.mend(Faults(Fault(KILL_AFTER, 3, frozenset({"generate_key_pair"}))))
        lab.run("resume")
        assert lab.card.keys_made == len(KeyRole) + 4
        lab.mend()
        assert lab.run("resume") is Outcome.UPGRADED
        assert lab.card.keys_made == len(KeyRole) + 4
        assert lab.end() == NEW


@pytest.mark.parametrize("number", range(1, 5))
@pytest.mark.parametrize("choice", ["resume", "restore"])
def test_a_phantom_among_several_keys_is_made_anew_or_left(choice: str, number: int, tmp_path: Path) -> None:
    """Whichever key it is: the next generation, or none of ours that works."""
    torn = Mishap(Failure.CARD_PULLED, When.TORN, Tear.PHANTOM)
    lab = lab_of("a-key-each", tmp_path, "generate_key_pair", number, torn)
    lab.run(choice)
    assert lab.end() == (NEW if choice == "resume" else OLD)


def test_another_computer_finds_the_keys_by_their_certificates_where_ids_are_the_middleware_s(tmp_path: Path) -> None:
    """Each certificate names the target that its key is for."""
    lab = Lab(tmp_path, kind=CardKind.TWO_PINS, faults=Faults(Fault(KILL, 1, frozenset({"confirm"}))))
    CUSTOMS["a-key-each"](lab)
    lab.card.own_names = True
    lab.run("upgrade")
    lab.mend()
    lab.lose_journal()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.card.keys_made == len(KeyRole) + 4
    assert lab.end() == NEW


def test_a_card_without_room_for_so_many_keys_is_left_as_it_was(tmp_path: Path) -> None:
    """Full is full: what was made of them is destroyed."""
    lab = lab_of("a-key-each", tmp_path, kind=CardKind.BRIMMING)
    lab.card.room_for_keys = 5
    assert isinstance(lab.run("upgrade"), CardFullError)
    assert lab.card.keys_made == len(KeyRole) + 3
    assert lab.end() == OLD


# ------------------------------------------------------------------------------------------ keys that are reused


def test_the_old_keys_are_certified_again_and_never_destroyed(tmp_path: Path) -> None:
    """Though the campaign has old keys destroyed: these are the new identity."""
    lab = lab_of("reusing", tmp_path, kind=CardKind.TWO_PINS)
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert "generate_key_pair" not in lab.faults.calls
    assert {certificate.public_key for certificate in new_certificates(lab)} == old_keys(lab) == lab.working_keys()


def test_one_role_may_reuse_its_key_and_the_other_get_a_new_one(tmp_path: Path) -> None:
    lab = lab_of("reusing-one", tmp_path)
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW
    reused = {c.role for c in new_certificates(lab) if c.public_key in old_keys(lab)}
    made = {c.role for c in new_certificates(lab) if c.public_key not in old_keys(lab)}
    assert (reused, made) == ({KeyRole.AUTHENTICATION}, {KeyRole.SIGNATURE})


@pytest.mark.parametrize("is_lost", [False, True])
@pytest.mark.parametrize("custom", ["reusing", "reusing-one"])
def test_going_back_takes_the_new_certificates_off_and_leaves_the_key(
    custom: str, is_lost: bool, tmp_path: Path
) -> None:
    """On this computer, and on another one."""
    lab = lab_of(custom, tmp_path, "write_certificate", 4, KILL_AFTER)
    assert len(new_certificates(lab)) == 4
    if is_lost:
        lab.lose_journal()
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD
    assert lab.working_keys() == old_keys(lab)


def test_another_computer_finishes_when_no_old_certificate_is_left_to_tell_the_key(tmp_path: Path) -> None:
    """Killed right after the last old one was removed: the new certificates tell which keys are certified again."""
    lab = lab_of("reusing", tmp_path, "destroy", 2, KILL_AFTER)
    assert not lab.certificates() & set(lab.case.old)
    lab.lose_journal()
    with lab.operation() as operation:
        assert operation.look().verdict.situation is Situation.UPGRADED
    assert lab.end() == NEW


def test_of_several_old_keys_the_one_whose_certificate_lives_longest_is_certified_again(tmp_path: Path) -> None:
    """The same on every computer; none of the others is touched, though the campaign has old keys destroyed."""
    lab = Lab(tmp_path, kind=CardKind.TWO_PINS)
    CUSTOMS["reusing"](lab)
    older = second_old(lab)
    lab.mend(Faults(Fault(KILL, 1, frozenset({"confirm"}))))
    lab.run("upgrade")
    lab.mend()
    lab.lose_journal()
    assert lab.run("resume") is Outcome.UPGRADED
    assert {certificate.public_key for certificate in new_certificates(lab)} == old_keys(lab)
    assert older in lab.working_keys()


def second_old(lab: Lab) -> bytes:
    """Give the card a second key and old certificate for authentication, which ends earlier; its public key."""
    token = lab.card.tokens[0]
    lab.card.add_key_pair(token, lab.token._pool.key(next(iter(lab.case.campaign.targets)).algorithm, "x"), b"x", "x")
    public: bytes = token.objects[-1].value
    old = next(Certificate.parse(der) for der in lab.case.old)
    assert old.identity
    body = pki.Body(
        lab.case.person, KeyRole.AUTHENTICATION, old.identity.kind, 4711, START - pki.AGE, START + pki.AGE / 2
    )
    lab.card.add_certificate(token, pki.Hierarchy.found(START).issue(pki.OLD_PERSONS, body, public), b"x", "x")
    return public


def test_a_full_card_whose_signature_key_is_certified_again_is_left_as_it_was(tmp_path: Path) -> None:
    """Its old certificate alone tells another computer which key that is: it is not lifted."""
    lab = lab_of("reusing", tmp_path, kind=CardKind.BRIMMING)
    assert isinstance(lab.run("upgrade"), CardFullError)
    assert not [event for event in lab.events if event.startswith("lift")]
    assert lab.end() == OLD


def test_a_full_card_gets_room_where_only_the_other_key_is_certified_again(tmp_path: Path) -> None:
    """The two tables are composed: room is made, and no key for authentication."""
    lab = lab_of("reusing-one", tmp_path, kind=CardKind.BRIMMING)
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert "lift-old-certificates: done" in lab.events
    assert not [event for event in lab.events if event.startswith("generate-auth-key")]
    assert lab.end() == NEW


def test_without_the_old_key_nothing_is_ordered_for_it(tmp_path: Path) -> None:
    """Somebody has removed it while the upgrade was under way."""
    lab = lab_of("reusing", tmp_path, "order", 1)
    token = lab.card.tokens[1]
    token.objects[:] = [o for o in token.objects if o.kind is ObjectKind.CERTIFICATE]
    with lab.operation() as operation:
        operation.world.card.log_in()
        with pytest.raises(StepNotSeenError, match="order-certificates"):
            order(operation.world)


def test_nothing_is_destroyed_for_a_role_whose_key_is_certified_again(tmp_path: Path) -> None:
    """There is no such row; and if there were, it would find no key of ours."""
    lab = lab_of("reusing", tmp_path, "write_certificate", 2)
    with lab.operation() as operation:
        operation.world.card.log_in()
        destroy_key(KeyRole.AUTHENTICATION)(operation.world)
    assert lab.working_keys() == old_keys(lab)
