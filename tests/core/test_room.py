"""A card that has no room for old and new at once, and a card whose torn directory has lost what is not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prove.customs import CUSTOMS
from sithsup.card.session import Card
from sithsup.certificate import Certificate
from sithsup.errors import (
    AuthorityRefusedError,
    CardFullError,
    CodeNeededError,
    NoRoomHereError,
    RestoreElsewhereError,
    StepNotSeenError,
    StillWaitingError,
)
from sithsup.model import KeyRole, ObjectKind, SubjectKind
from sithsup.recovery import Choice, Situation
from sithsup.runner import Mark
from sithsup.sim import pki
from sithsup.sim.case import CardKind, HonestHolder
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, Tear, When
from sithsup.situation import Outcome
from sithsup.upgrade import TIGHT, UPGRADE
from tests.support.lab import NEW, OLD, START, Lab

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.card.pin import Code
    from sithsup.model import TokenInfo

KILL = Mishap(Failure.PROCESS_KILLED, When.BEFORE)
LIFTED = "lift-old-certificates"
LIFE = (START - pki.AGE, START + pki.AGE)


def full(folder: Path, verb: str = "", number: int = 1, mishap: Mishap = KILL) -> Lab:
    """A lab with a full card, whose upgrade was interrupted at a call."""
    faults = Faults(Fault(mishap, number, frozenset({verb}))) if verb else Faults()
    lab = Lab(folder, kind=CardKind.BRIMMING, faults=faults)
    ended = lab.run("upgrade")
    assert (ended is Outcome.UPGRADED) is not bool(verb)
    lab.mend()
    return lab


def lifted(folder: Path) -> Lab:
    """The same, right after the old certificate for signatures was taken off."""
    lab = full(folder, "write_certificate", 5)
    assert old_signature(lab) not in lab.certificates()
    return lab


def old_signature(lab: Lab) -> bytes:
    """The old certificate for signatures, DER."""
    return next(der for der in lab.case.old if Certificate.parse(der).role is KeyRole.SIGNATURE)


def renewed(lab: Lab, *roles: KeyRole) -> set[bytes]:
    """Give the card a second old certificate for each key, and the room for it; every certificate that is there."""
    hierarchy, person = pki.Hierarchy.found(START), lab.case.person
    for token in lab.card.tokens:
        stored = next(o for o in token.objects if o.value in lab.case.old)
        old = Certificate.parse(stored.value)
        if old.role and old.role in (roles or KeyRole):
            body = pki.Body(person, old.role, SubjectKind.HSA_ID, 4711 + len(stored.label), *LIFE)
            again = hierarchy.issue(pki.OLD_PERSONS, body, old.public_key)
            lab.card.room_for_certificates += len(again)
            lab.card.add_certificate(token, again, stored.key_id, "renewed")
    return lab.certificates()


# ---------------------------------------------------------------------------------------------- a full card


def test_a_full_card_is_upgraded_all_the_same(tmp_path: Path) -> None:
    """The old certificate for signatures is lifted, and only when the card has refused."""
    lab = full(tmp_path)
    assert lab.end() == NEW
    assert lab.events.count(f"{LIFTED}: {Mark.DONE.value}") == 1
    assert lab.events.index("write-certificates: started") < lab.events.index(f"{LIFTED}: started")


def test_a_card_with_room_never_sees_that_row(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.run("upgrade")
    assert not [event for event in lab.events if event.startswith(LIFTED)]


def test_the_table_for_a_full_card_has_one_row_more_and_its_line_in_the_same_place() -> None:
    names = [step.name for step in TIGHT]
    assert [name for name in names if name != LIFTED] == [step.name for step in UPGRADE]
    assert names.index(LIFTED) < names.index("generate-auth-key")  # put back once everything else is undone
    assert [step.undo is None for step in TIGHT].index(True) == names.index("confirm-certificates")


def test_the_old_authentication_stays_until_the_new_one_is_confirmed(tmp_path: Path) -> None:
    """`Lab` looks before every call that somebody can log in; here the journal and the card say the rest."""
    lab = lifted(tmp_path)
    with lab.operation() as operation:
        verdict = operation.look().verdict
    assert verdict.situation is Situation.INTERRUPTED
    assert (verdict.old_works, verdict.old_signs) == (True, False)
    assert verdict.choices == (Choice.CONTINUE, Choice.RESTORE)
    assert LIFTED not in verdict.missing


def test_what_was_lifted_is_put_back_as_it_was(tmp_path: Path) -> None:
    """The same bytes under the same id and label, on the same token."""
    before = [token.model_dump() for token in Lab(tmp_path / "untouched", kind=CardKind.BRIMMING).card.tokens]
    lab = lifted(tmp_path)
    assert [token.model_dump() for token in lab.card.tokens] != before
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD
    assert [token.model_dump() for token in lab.card.tokens] == before


def test_what_is_not_seen_to_be_put_back_is_not_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that leaves nothing behind ends the undoing; the next one is a new try."""
    lab = lifted(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(Card, "put_back", lambda *_: None)
        assert isinstance(lab.run("restore"), StepNotSeenError)
    assert lab.identity_works()
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD


def test_what_was_lifted_is_put_back_when_the_upgrade_gives_up(tmp_path: Path) -> None:
    """Here even lifting does not make enough room."""
    lab = Lab(tmp_path, kind=CardKind.BRIMMING)
    lab.card.room_for_certificates -= 2 * len(old_signature(lab))
    assert isinstance(lab.run("upgrade"), CardFullError)
    assert f"{LIFTED}: {Mark.UNDONE.value}" in lab.events
    assert lab.end() == OLD
    assert lab.wrong() == ""


def give_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each code once a run, as a script does that knows of nothing else."""
    given: list[frozenset[KeyRole]] = []

    def once(token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        given.append(roles)
        return HonestHolder.code(lab.holder, token, roles) if given.count(roles) == 1 else None

    monkeypatch.setattr(lab.holder, "code", once)


def test_the_codes_are_asked_again_and_without_them_the_next_run_begins_with_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module must be started anew after a refusal, which closes the card."""
    lab = Lab(tmp_path, kind=CardKind.BRIMMING)
    give_once(lab, monkeypatch)
    assert isinstance(lab.run("upgrade"), CodeNeededError)
    assert lab.identity_works()
    lab.mend()
    give_once(lab, monkeypatch)
    writes = lab.faults.calls
    assert lab.run("resume") is Outcome.UPGRADED
    assert writes.count("write_certificate") == 1
    assert lab.end() == NEW


def test_a_full_card_that_nobody_opens_again_is_left_to_be_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path, kind=CardKind.BRIMMING)
    lab.card.room_for_keys = 2
    give_once(lab, monkeypatch)
    assert isinstance(lab.run("upgrade"), CardFullError)
    lab.mend()
    give_once(lab, monkeypatch)
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD


def test_without_room_for_the_keys_nothing_is_lifted(tmp_path: Path) -> None:
    lab = Lab(tmp_path, kind=CardKind.BRIMMING)
    lab.card.room_for_keys = 2
    assert isinstance(lab.run("upgrade"), CardFullError)
    assert not [event for event in lab.events if event.startswith(LIFTED)]
    assert lab.end() == OLD


@pytest.mark.parametrize("custom", ["revoking", "updating", "clearing"])
def test_nothing_is_lifted_that_another_computer_would_need(custom: str, tmp_path: Path) -> None:
    """To have an old certificate revoked, or updated, or to know its key in the end, whoever finishes must have it."""
    lab = Lab(tmp_path, kind=CardKind.BRIMMING)
    CUSTOMS[custom](lab)
    if custom == "updating":  # two certificates, and room for one of them
        lab.card.room_for_certificates = sum(len(der) for der in lab.case.old) + len(old_signature(lab))
    assert isinstance(lab.run("upgrade"), CardFullError)
    assert not [event for event in lab.events if event.startswith(LIFTED)]
    assert lab.end() == OLD


def test_nothing_is_lifted_off_a_card_on_which_nobody_could_see_it(tmp_path: Path) -> None:
    """Here there are two old certificates for signatures, and one for authentication."""
    lab = Lab(tmp_path, kind=CardKind.BRIMMING)
    before = renewed(lab, KeyRole.SIGNATURE)
    assert isinstance(lab.run("upgrade"), CardFullError)
    assert not [event for event in lab.events if event.startswith(LIFTED)]
    assert lab.certificates() == before


def test_nothing_is_lifted_that_alone_tells_what_its_token_is_for(tmp_path: Path) -> None:
    """Where labels name no role, the key usage of the certificates does."""
    lab = Lab(tmp_path, kind=CardKind.BRIMMING)
    for number, token in enumerate(lab.card.tokens):
        token.label = f"SIM {number}"
    lab.card.room_for_certificates = sum(len(der) for der in lab.case.old) + 99  # for a key, not for a certificate
    assert isinstance(lab.run("upgrade"), CardFullError)
    assert not [event for event in lab.events if event.startswith(LIFTED)]
    assert lab.end() == OLD


def test_lifting_that_was_cut_is_undone_too(tmp_path: Path) -> None:
    """A card may carry several old certificates for signatures: here one of two was lifted."""
    lab = Lab(tmp_path, kind=CardKind.BRIMMING, faults=Faults(Fault(KILL, 2, frozenset({"destroy"}))))
    before = renewed(lab)
    lab.run("upgrade")
    assert len(before - lab.certificates()) == 1
    lab.mend()
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.certificates() == before


def test_a_signature_for_which_a_torn_write_has_left_no_room_is_told(tmp_path: Path) -> None:
    """Only what was lifted would fit, and not even that: the rest is undone, and the person hears what is missing."""
    lab = Lab(tmp_path, kind=CardKind.BRIMMING)
    lab.card.room_for_certificates = sum(len(der) for der in lab.case.old) + 100
    lab.mend(Faults(Fault(Mishap(Failure.CARD_PULLED, When.TORN, Tear.UNSEEN), 2, frozenset({"write_certificate"}))))
    lab.run("upgrade")
    assert lab.identity_works()
    lab.mend()
    with lab.operation() as operation:
        list(operation.restore())
        assert operation.outcome is Outcome.RESTORED
        assert [known.certificate.der for known in operation.world.given_up] == [old_signature(lab)]
    assert lab.identity_works()
    assert lab.wrong() == ""
    assert not lab.certificates() & {r.der for r in lab.authority.ledger.certificates.values() if r.profile}


def test_what_has_no_key_any_more_is_not_lifted(tmp_path: Path) -> None:
    """Somebody has removed the old key for signatures and its certificate: nothing of it is written again."""
    lab = Lab(tmp_path, faults=Faults(Fault(KILL, 2, frozenset({"write_certificate"}))))
    lab.run("upgrade")
    lab.mend()
    lab.card.tokens[1].objects[:] = [o for o in lab.card.tokens[1].objects if o.key_id != b"SignatureC"]
    assert lab.run("restore") is Outcome.RESTORED
    assert old_signature(lab) not in lab.certificates()


# ------------------------------------------------------------------------------------- on another computer


def test_another_computer_does_not_go_back_to_less_than_there_was(tmp_path: Path) -> None:
    """It does not have what was lifted; the first one has."""
    lab = lifted(tmp_path)
    lab.lose_journal()
    with lab.operation() as operation:
        verdict = operation.look().verdict
    assert verdict.choices == (Choice.CONTINUE,)
    assert (verdict.old_works, verdict.old_signs) == (True, False)
    assert isinstance(lab.run("restore"), RestoreElsewhereError)
    lab.computer = "A"
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD


def test_another_computer_finishes_a_full_card(tmp_path: Path) -> None:
    """Once the authority has given up what the first one ordered."""
    lab = lifted(tmp_path)
    lab.lose_journal()
    assert isinstance(lab.run("resume"), StillWaitingError)
    assert lab.identity_works()
    lab.wait(minutes=11)
    lab.mend()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert lab.wrong() == ""


def test_where_only_the_first_computer_can_help_it_is_said(tmp_path: Path) -> None:
    """Room that a torn write has cost is missing for good; the first computer goes back."""
    lab = full(tmp_path, "write_certificate", 5, Mishap(Failure.CARD_PULLED, When.TORN, Tear.UNSEEN))
    lab.lose_journal()
    lab.run("resume")
    lab.wait(minutes=11)
    lab.mend()
    assert isinstance(lab.run("resume"), NoRoomHereError)
    assert lab.identity_works()
    lab.computer = "A"
    lab.mend()
    assert isinstance(lab.run("resume"), CardFullError)
    assert lab.end() == OLD


def test_a_refusal_on_another_computer_leaves_a_full_card_to_be_finished(tmp_path: Path) -> None:
    """Nothing is undone where not all of it can be."""
    lab = lifted(tmp_path)
    lab.lose_journal()
    lab.authority.ledger.policy.permission = "NOT_AUTHORIZED"
    lab.wait(minutes=11)
    assert isinstance(lab.run("resume"), AuthorityRefusedError)
    assert lab.identity_works()
    with lab.operation() as operation:
        assert operation.look().verdict.choices == (Choice.CONTINUE,)


# ------------------------------------------------------------------------------------------- a torn directory


def lose(lab: Lab, der: bytes) -> None:
    """Make a certificate go missing, as a torn directory does."""
    for token in lab.card.tokens:
        token.objects[:] = [o for o in token.objects if o.value != der]


@pytest.mark.parametrize("kind", [CardKind.TWO_PINS, CardKind.SHARED, CardKind.BRIMMING])
@pytest.mark.parametrize("choice", ["resume", "restore"])
def test_an_old_identity_that_a_torn_directory_has_lost_is_put_back(
    choice: str, kind: CardKind, tmp_path: Path
) -> None:
    """Here it lost every certificate, before anything of ours was written: the journal has them all."""
    lab = Lab(tmp_path, kind=kind, faults=Faults(Fault(KILL, 1, frozenset({"write_certificate"}))))
    lab.run("upgrade")
    lab.card.forget_certificates()
    lab.mend()
    lab.run(choice)
    lab.broken.clear()  # there was no identity before, which is what this test is about
    assert lab.end() == (NEW if choice == "resume" else OLD)
    assert lab.wrong() == ""


def test_the_old_authentication_is_never_given_up(tmp_path: Path) -> None:
    """Without room for it the undoing ends with an error, and may be tried again."""
    lab = Lab(tmp_path, faults=Faults(Fault(KILL, 1, frozenset({"write_certificate"}))))
    lab.run("upgrade")
    lab.card.forget_certificates()
    lab.card.room_for_certificates = 0
    lab.mend()
    assert isinstance(lab.run("restore"), CardFullError)
    lab.card.room_for_certificates = None
    lab.mend()
    assert lab.run("restore") is Outcome.RESTORED
    lab.broken.clear()
    assert lab.end() == OLD


def test_a_lost_old_certificate_is_no_sign_of_a_confirmation(tmp_path: Path) -> None:
    """Only the old one for authentication is lost, and the authority will not go on: what was begun is undone."""
    lab = Lab(tmp_path, faults=Faults(Fault(KILL, 3, frozenset({"write_certificate"}))))
    lab.run("upgrade")
    lose(lab, next(der for der in lab.case.old if der != old_signature(lab)))
    lab.mend()
    lab.wait(minutes=11)
    lab.authority.ledger.policy.permission = "NOT_AUTHORIZED"
    assert isinstance(lab.run("resume"), AuthorityRefusedError)
    lab.broken.clear()
    assert lab.end() == OLD
    assert lab.wrong() == ""


def test_what_others_have_lost_stands_in_nobodys_way(tmp_path: Path) -> None:
    """All is confirmed, the card is full, and the e-legitimation that a tear has cost does not fit any more."""
    lab = Lab(tmp_path, faults=Faults(Fault(KILL, 1, frozenset({"destroy"}))))
    lab.run("upgrade")
    kept = lab.case.kept[0]
    lose(lab, kept)
    lab.card.room_for_certificates = 0
    lab.mend()
    with lab.operation() as operation:
        list(operation.resume())
        assert operation.outcome is Outcome.UPGRADED
        assert [known.certificate.der for known in operation.world.given_up] == [kept]
    assert lab.identity_works()


def test_what_somebody_has_removed_is_not_written_again(tmp_path: Path) -> None:
    """Another computer has restored the card, its holder has removed the e-legitimation; then the first one looks."""
    lab = Lab(tmp_path, faults=Faults(Fault(KILL, 2, frozenset({"write_certificate"}))))
    lab.run("upgrade")
    lab.mend()
    lab.lose_journal()
    assert lab.run("restore") is Outcome.RESTORED
    lose(lab, lab.case.kept[0])
    lab.computer = "A"
    lab.mend()
    lab.run("restore")
    assert lab.case.kept[0] not in lab.certificates()


def test_what_was_renewed_is_not_written_again(tmp_path: Path) -> None:
    """Its issuer has replaced it meanwhile, for the same key."""
    lab = Lab(tmp_path, faults=Faults(Fault(KILL, 2, frozenset({"write_certificate"}))))
    lab.run("upgrade")
    lab.mend()
    token, stored = next((t, o) for t in lab.card.tokens for o in t.objects if o.value == lab.case.kept[0])
    old = Certificate.parse(stored.value)
    assert old.role
    body = pki.Body(lab.case.person, old.role, SubjectKind.PERSONAL_NUMBER, 4711, START, START + pki.AGE)
    again = pki.Hierarchy.found(START).issue(pki.TELIA, body, old.public_key)
    token.objects.remove(stored)
    lab.card.add_certificate(token, again, stored.key_id, "renewed")
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.case.kept[0] not in lab.certificates()
    assert again in lab.certificates()


def test_a_card_that_refuses_what_it_has_lost_is_not_asked_for_ever(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The module refuses to write it, for whatever reason: the rest goes on."""
    lab = Lab(tmp_path, faults=Faults(Fault(KILL, 1, frozenset({"destroy"}))))
    lab.run("upgrade")
    lose(lab, lab.case.kept[0])
    lab.mend(Faults(Fault(Mishap(Failure.CARD_REFUSED), verbs=frozenset({"write_certificate"}), lasting=True)))
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.identity_works()
    assert "cannot put a certificate back" in caplog.text
    caplog.clear()


@pytest.mark.parametrize(("choice", "end"), [("resume", NEW), ("restore", OLD)])
def test_what_is_not_ours_and_went_missing_is_put_back(choice: str, end: str, tmp_path: Path) -> None:
    """The e-legitimation that shares the old keys was listed in the directory that was torn."""
    lab = Lab(tmp_path, faults=Faults(Fault(KILL, 2, frozenset({"write_certificate"}))))
    lab.run("upgrade")
    lab.mend()
    lose(lab, lab.case.kept[0])
    lab.run(choice)
    assert lab.end() == end
    assert lab.wrong() == ""


def test_what_has_no_key_any_more_is_not_put_back(tmp_path: Path) -> None:
    """Then it was somebody who removed both."""
    lab = Lab(tmp_path, faults=Faults(Fault(KILL, 2, frozenset({"write_certificate"}))))
    lab.run("upgrade")
    lab.mend()
    kept = lab.case.kept[1]
    key_id = next(o.key_id for token in lab.card.tokens for o in token.objects if o.value == kept)
    for token in lab.card.tokens:
        token.objects[:] = [o for o in token.objects if o.key_id != key_id]
    assert lab.run("resume") is Outcome.UPGRADED
    assert kept not in lab.certificates()


def test_a_public_key_of_ours_without_its_private_half_is_removed(tmp_path: Path) -> None:
    """A module shows it on whichever token it thinks best."""
    lab = Lab(tmp_path, faults=Faults(Fault(KILL, 1, frozenset({"order"}))))
    lab.run("upgrade")
    lab.mend()
    first, second = lab.card.tokens
    ours = [o for o in second.objects if o.kind is not ObjectKind.CERTIFICATE][-2:]
    second.objects[:] = [o for o in second.objects if o not in ours]
    first.objects += [o for o in ours if o.kind is ObjectKind.PUBLIC_KEY]
    assert lab.run("restore") is Outcome.RESTORED
    assert not [o for token in lab.card.tokens for o in token.objects if o in ours]
    assert lab.end() == OLD
