"""What a campaign may say about old certificates: which ones they are, which are updated, and which stay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from prove.customs import CUSTOMS
from sithsup import recovery
from sithsup.certificate import Certificate
from sithsup.eligibility import Facts, Reason, findings
from sithsup.errors import CardFullError, PointOfNoReturnError, UpgradeFinishedError
from sithsup.evidence import is_kept, is_old
from sithsup.model import KeyRole, Seen, SubjectKind
from sithsup.recovery import Situation
from sithsup.sim.case import CardKind
from sithsup.sim.faults import Failure, Mishap, When
from sithsup.sim.ledger import RecordState
from sithsup.situation import Outcome
from sithsup.upgrade import UPGRADE
from tests.core.test_keys import lab_of, old_keys
from tests.core.test_room import lose
from tests.core.test_upgrade import evidence_of
from tests.support.lab import NEW, OLD, START, Lab, retarget

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.campaign import Campaign
    from sithsup.eligibility import Finding
    from sithsup.model import CardContents, Message, Target

AUTH, SIGN = KeyRole.AUTHENTICATION, KeyRole.SIGNATURE
HSA_ID, NUMBER = SubjectKind.HSA_ID, SubjectKind.PERSONAL_NUMBER
KILL = Mishap(Failure.PROCESS_KILLED, When.BEFORE)
KILL_AFTER = Mishap(Failure.PROCESS_KILLED, When.AFTER)
POLICY = "2.999.7"


def old_of(lab: Lab, role: KeyRole) -> bytes:
    """The first old certificate of a role, DER."""
    return next(der for der in lab.case.old if Certificate.parse(der).role is role)


def situation(lab: Lab) -> Situation:
    """What `check` says."""
    with lab.operation() as operation:
        return operation.look().verdict.situation


# ----------------------------------------------------------------------------------------------------- they stay


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("custom", ["keeping", "keeping-mail"])
def test_a_card_with_old_certificates_that_stay_is_upgraded_on_every_computer(
    custom: str, is_late: bool, tmp_path: Path
) -> None:
    """At once, though no other computer can tell yet that the new ones were confirmed, and when that is certain."""
    lab = lab_of(custom, tmp_path)
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW
    before = lab.card.model_dump_json()
    lab.wait(minutes=20 if is_late else 1)
    for _ in range(2):
        assert situation(lab) is Situation.UPGRADED
        assert lab.run("resume") is None
        assert isinstance(lab.run("restore"), UpgradeFinishedError | PointOfNoReturnError)
        lab.lose_journal()
    assert lab.card.model_dump_json() == before
    assert lab.wrong() == ""


def test_all_old_certificates_stay_where_the_campaign_keeps_them(tmp_path: Path) -> None:
    lab = lab_of("keeping", tmp_path)
    lab.run("upgrade")
    assert set(lab.case.old) <= lab.certificates()


def test_what_opens_encrypted_mail_stays_with_its_key_and_the_rest_goes(tmp_path: Path) -> None:
    """The old key for authentication deciphers; that for signatures does not, and this campaign destroys old keys."""
    lab = lab_of("keeping-mail", tmp_path, kind=CardKind.TWO_PINS)
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.certificates() & set(lab.case.old) == {old_of(lab, AUTH)}
    assert lab.working_keys() & old_keys(lab) == {Certificate.parse(old_of(lab, AUTH)).public_key}


def test_of_old_certificates_the_campaign_says_which_stay(tmp_path: Path) -> None:
    """What is not ours is neither old nor kept."""
    kept: dict[str, set[KeyRole | None]] = {}
    for custom in ("as-ever", "keeping", "keeping-mail"):
        lab = lab_of(custom, tmp_path / custom)
        with lab.operation() as operation:
            world = operation.world
            on_card = [c.certificate for c in world.contents.certificates]
            kept[custom] = {c.role for c in on_card if is_kept(world, c)}
            assert not [c for c in on_card if c.der in lab.case.kept and is_kept(world, c)]
    assert kept == {"as-ever": set(), "keeping": {AUTH, SIGN}, "keeping-mail": {AUTH}}


@pytest.mark.parametrize("custom", ["keeping", "keeping-mail"])
def test_another_computer_is_not_told_that_an_unconfirmed_upgrade_is_done(custom: str, tmp_path: Path) -> None:
    """The new certificates lie there, and the status service does not know them."""
    lab = lab_of(custom, tmp_path, "confirm")
    lab.lose_journal()
    assert situation(lab) is Situation.INTERRUPTED
    lab.authority.ledger.policy.unreachable = True
    assert situation(lab) is Situation.INTERRUPTED
    lab.mend()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


@pytest.mark.parametrize("is_good", [False, True])
def test_it_is_done_only_when_nothing_old_is_left_to_be_removed(is_good: bool) -> None:
    """Good certificates that nobody here can tell to be confirmed are enough for no removal, and for no journal."""
    rows = (("write-certificates", Seen.UNKNOWN), ("remove-old-certificates", Seen.LIVE))
    facts = (False, True, False, True, None, False, True)
    evidence = replace(evidence_of(rows, *facts), new_is_good=is_good)
    situations = [
        recovery.assess(UPGRADE, each).situation
        for each in (evidence, replace(evidence, rows=(rows[0], ("remove-old-certificates", Seen.ABSENT))))
    ]
    assert situations == [Situation.UPGRADED if is_good else Situation.INTERRUPTED, Situation.INTERRUPTED]


def test_no_new_certificate_is_asked_for_by_the_computer_that_has_it_in_its_journal(tmp_path: Path) -> None:
    """Everything is written here and nothing confirmed: only whether the old one was retired elsewhere is asked."""
    lab = lab_of("keeping", tmp_path, "confirm")
    assert situation(lab) is Situation.INTERRUPTED
    assert lab.faults.calls.count("status") == 1


def test_a_kept_certificate_that_a_torn_directory_has_lost_is_put_back(tmp_path: Path) -> None:
    """When everything is confirmed, and its key is there."""
    lab = lab_of("keeping", tmp_path, "confirm", 4, KILL_AFTER)
    lose(lab, old_of(lab, SIGN))
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_a_kept_certificate_that_has_no_room_any_more_is_told_and_waited_for_no_longer(tmp_path: Path) -> None:
    """Not even that for authentication: the new one works."""
    lab = lab_of("keeping", tmp_path, "confirm", 4, KILL_AFTER)
    lose(lab, old_of(lab, AUTH))
    lab.card.room_for_certificates = 0
    with lab.operation() as operation:
        list(operation.resume())
        assert operation.outcome is Outcome.UPGRADED
        assert [known.certificate.der for known in operation.world.given_up] == [old_of(lab, AUTH)]
    assert lab.identity_works()


@pytest.mark.parametrize("custom", ["keeping", "keeping-mail"])
def test_a_full_card_whose_old_certificates_stay_is_left_as_it_was(custom: str, tmp_path: Path) -> None:
    """There is no room for both, and nothing is lifted that would have to come back."""
    lab = lab_of(custom, tmp_path, kind=CardKind.BRIMMING)
    assert isinstance(lab.run("upgrade"), CardFullError)
    assert not [event for event in lab.events if event.startswith("lift")]
    assert lab.end() == OLD


# -------------------------------------------------------------------------------------------------- which they are


def test_only_certificates_with_a_policy_of_the_campaign_are_old(tmp_path: Path) -> None:
    """Where it names any; others of the same issuer are no business of its."""
    lab = Lab(tmp_path)
    with_policy = lab.certify_again(AUTH, HSA_ID, POLICY)
    assert Certificate.parse(with_policy).policies == {POLICY}
    for policies, old in [((), set(lab.case.old)), ((POLICY, "2.999.8"), {with_policy}), (("2.999.8",), set())]:
        lab.campaign = lab.case.campaign.model_copy(update={"source_policies": policies})
        with lab.operation() as operation:
            world = operation.world
            found = {c.certificate.der for c in world.contents.certificates if is_old(world, c.certificate)}
            assert (against(world.contents, lab.campaign) == ()) is bool(old)
        assert found == old


# ------------------------------------------------------------------------------------------------ which are updated


def told(lab: Lab, verb: str, monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """What is sent by a verb from now on."""
    sent: list[Message] = []
    honest = getattr(lab.authority, verb)

    def spy(message: Message) -> Any:
        sent.append(message)
        return honest(message)

    monkeypatch.setattr(lab.authority, verb, spy)
    return sent


def test_each_old_certificate_is_updated_by_the_target_of_its_role_and_subject(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly one target for each; all signed by the one that is confirmed last, though another one lives longer."""
    lab = lab_of("updating-three", tmp_path)
    honest = lab.authority.compose_order
    ordered: dict[str, bytes] = {}
    signed: set[bytes] = set()

    def spy(target: Target, old: Certificate, *rest: Any) -> Message:
        ordered[target.name] = old.der
        signed.add(rest[-1].certificate)
        return honest(target, old, *rest)

    monkeypatch.setattr(lab.authority, "compose_order", spy)
    confirmed = told(lab, "confirm", monkeypatch)
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert {name: _kind(Certificate.parse(der)) for name, der in ordered.items()} == {
        "hsa-id-authentication": (AUTH, HSA_ID),
        "hsa-id-signature": (SIGN, HSA_ID),
        "personal-number-authentication": (AUTH, NUMBER),
    }
    assert set(ordered.values()) == set(lab.case.old)
    assert signed == {ordered["hsa-id-authentication"]}
    assert len(confirmed) == 3
    last = lab.authority.ledger.transactions[confirmed[-1].transaction.hex()]
    assert lab.authority.ledger.certificates[last.serial].profile == "hsa-id-authentication"


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("is_lost", [False, True])
def test_an_update_that_was_cut_between_confirmations_is_finished(number: int, is_lost: bool, tmp_path: Path) -> None:
    """Each confirmation has retired one old certificate; the one that signs is the last."""
    lab = lab_of("updating-three", tmp_path, "confirm", number, KILL_AFTER)
    state = lab.authority.ledger.state(Certificate.parse(old_of(lab, AUTH)).serial_number)
    assert (state is RecordState.REVOKED) is (number == 3)
    if is_lost:
        lab.lose_journal()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert lab.wrong() == ""


def test_a_card_that_lacks_what_is_updated_or_certified_again_is_not_of_this_campaign(tmp_path: Path) -> None:
    """It is said before a code is asked."""
    lab = Lab(tmp_path)
    CUSTOMS["updating-three"](lab)
    updating, reusing = lab.campaign, lab_of("reusing", tmp_path / "reusing").campaign
    assert updating
    assert reusing
    with lab.operation() as operation:
        contents = operation.world.contents
    assert against(contents, updating) == against(contents, reusing) == ()
    for missing, campaign in [((AUTH, NUMBER), updating), ((SIGN, HSA_ID), reusing)]:
        old = [c for c in contents.certificates if c.certificate.der in lab.case.old]
        gone = [c for c in old if _kind(c.certificate) == missing]
        left = [c for c in contents.certificates if c not in gone]
        less = replace(contents, certificates=tuple(left))
        assert against(less, campaign)[0].name is Reason.FOREIGN_ISSUER
        assert against(less, retarget(lab.case.campaign)) == ()


def against(contents: CardContents, campaign: Campaign | None) -> tuple[Finding, ...]:
    """What speaks against upgrading a card at the beginning of a lab's time."""
    assert campaign
    return findings(Facts(contents, campaign, START))


def _kind(certificate: Certificate) -> tuple[KeyRole | None, SubjectKind | None]:
    return certificate.role, certificate.identity.kind if certificate.identity else None
