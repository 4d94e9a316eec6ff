"""The upgrade on the simulators: one named test for every rule that a row of the table must know."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sithsup import evidence, recovery, steps
from sithsup.campaign import AuthorityData, OldKeys, Window
from sithsup.card.session import Card
from sithsup.certificate import Certificate
from sithsup.eligibility import AUTHORITY_REASONS
from sithsup.errors import (
    AuthorityBusyError,
    AuthorityRefusedError,
    AuthorityUnreachableError,
    CardFullError,
    CardRemovedError,
    CertificateUnsuitableError,
    CodeIncorrectError,
    InterruptedUpgradeError,
    NotEligibleError,
    OtherCardMeantError,
    PointOfNoReturnError,
    ProofFailedError,
    StepNotSeenError,
    StillWaitingError,
    UnusableError,
    UpgradeFinishedError,
)
from sithsup.history import history
from sithsup.model import CertificateState, CertificateStatus, CodeState, KeyRole, ObjectKind, Seen, SubjectKind
from sithsup.runner import WALKS, Mark
from sithsup.sim import pki
from sithsup.sim.case import CODES, CardKind
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, ProcessKilled, Tear, When
from sithsup.sim.keys import public_half
from sithsup.sim.ledger import RecordState, Retire
from sithsup.situation import Outcome
from sithsup.upgrade import UPGRADE
from tests.support.lab import NEW, OLD, Inline, Lab, acts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sithsup.sim.card import StoredObject

KILL = Mishap(Failure.PROCESS_KILLED, When.BEFORE)
KILL_AFTER = Mishap(Failure.PROCESS_KILLED, When.AFTER)
ROWS = [step.name for step in UPGRADE]
LEFT_OUT = {"revoke-old-certificates", "remove-old-keys"}
"""What a campaign must ask for."""


def at(verb: str, number: int = 1, mishap: Mishap = KILL) -> Faults:
    """A script in which one call of a verb goes wrong."""
    return Faults(Fault(mishap, number, frozenset({verb})))


def interrupted(folder: Path, verb: str, number: int = 1, mishap: Mishap = KILL) -> Lab:
    """A lab whose upgrade was interrupted at a call, and where everything works again."""
    lab = Lab(folder, faults=at(verb, number, mishap))
    assert lab.run("upgrade") is not Outcome.UPGRADED
    lab.mend()
    return lab


def written(folder: Path) -> Lab:
    """A lab whose upgrade was interrupted when all was written and nothing was confirmed or announced."""
    return interrupted(folder, "write_certificate", 4, KILL_AFTER)


# ------------------------------------------------------------------------------------------- the table itself


def test_the_line_is_drawn_once_and_stands_above_the_first_confirmation() -> None:
    """Rows above the line can be undone, rows below cannot; confirming is the first below."""
    has_undo = [step.undo is not None for step in UPGRADE]
    assert has_undo == sorted(has_undo, reverse=True)
    assert ROWS[has_undo.index(False)] == "confirm-certificates"


def test_the_old_private_keys_go_last() -> None:
    """A card that tears a directory while a key is destroyed must have nothing left to lose."""
    assert ROWS[-2:] == ["remove-old-certificates", "remove-old-keys"]


# ------------------------------------------------------------------------------------------------- no fault


@pytest.mark.parametrize("kind", [CardKind.TWO_PINS, CardKind.ONE_PIN, CardKind.SHARED])
def test_an_upgrade_does_every_row_in_order(kind: CardKind, tmp_path: Path) -> None:
    """From the old identity to the new one; what is not ours stays as it is; no journal is left."""
    lab = Lab(tmp_path, kind=kind)
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert [event.split(":")[0] for event in lab.events if event.endswith("started")] == [
        name for name in ROWS if name not in LEFT_OUT
    ]
    assert {path.name for path in (tmp_path / "A").iterdir()} == {"history.sqlite3", "receipts"}
    assert [entry.outcome for entry in history(tmp_path / "A")] == ["upgraded"]


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    """Nothing changes on a card that is upgraded, whatever is asked."""
    lab = Lab(tmp_path)
    lab.run("upgrade")
    before = lab.card.model_dump_json()
    again = lab.run("upgrade")
    assert isinstance(again, NotEligibleError)
    assert (again.reasons, again.exit_code) == (("ALREADY_UPGRADED",), 0)
    assert lab.run("resume") is None
    assert isinstance(lab.run("restore"), PointOfNoReturnError)
    assert lab.card.model_dump_json() == before


def test_nothing_is_begun_on_a_card_that_is_not_eligible(tmp_path: Path) -> None:
    """Before any code is asked: here because the window is over."""
    lab = Lab(tmp_path)
    lab.wait(days=400)
    refused = lab.run("upgrade")
    assert isinstance(refused, NotEligibleError)
    assert refused.reasons[0] == "WINDOW_CLOSED"
    assert "log_in" not in lab.faults.calls
    assert not (tmp_path / "A").exists()


def test_restoring_a_card_on_which_nothing_was_begun_changes_nothing(tmp_path: Path) -> None:
    """It is looked at behind its codes, and left as it was, without a line of history."""
    lab = Lab(tmp_path)
    assert lab.run("restore") is None
    assert lab.end() == OLD
    assert history(tmp_path / "A") == ()


def test_a_card_of_somebody_else_is_not_opened_to_be_restored(tmp_path: Path) -> None:
    """No code is asked for a card that carries nothing of this campaign."""
    lab = Lab(tmp_path)
    for token in lab.card.tokens:
        token.objects[:] = [o for o in token.objects if o.kind is not ObjectKind.CERTIFICATE]
    assert lab.run("restore") is None
    assert "log_in" not in lab.faults.calls


# ------------------------------------------------------------------------------------ before the first code


def of_another_card(lab: Lab) -> None:
    """Give the card one more old certificate, made for another card of the same person."""
    other = lab.case.person.model_copy(update={"card_number": pki.Person.invent(2).card_number})
    lab.case = replace(lab.case, person=other)
    lab.certify_again(KeyRole.AUTHENTICATION, SubjectKind.HSA_ID)


STAND_IN_THE_WAY: dict[str, Callable[[Lab], object]] = {
    "CARD_NUMBERS_DISAGREE": of_another_card,
    "READ_ONLY": lambda lab: setattr(lab.card, "read_only", True),
    "CARD_FULL": lambda lab: setattr(lab.card, "room_for_certificates", 0),
}


@pytest.mark.parametrize("reason", STAND_IN_THE_WAY)
def test_what_the_card_itself_shows_stops_an_upgrade_before_a_code_is_asked(reason: str, tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    STAND_IN_THE_WAY[reason](lab)
    before = lab.certificates()
    refused = lab.run("upgrade")
    assert isinstance(refused, NotEligibleError)
    assert refused.reasons == (reason,)
    assert lab.holder.given == 0
    assert "log_in" not in lab.faults.calls
    assert lab.certificates() == before


# ------------------------------------------------------------------------------------------------ ask-authority


@pytest.mark.parametrize("reason", AUTHORITY_REASONS)
def test_the_authority_is_asked_before_anything_is_generated(reason: str, tmp_path: Path) -> None:
    """Its no leaves the card untouched, and no journal behind."""
    lab = Lab(tmp_path)
    lab.authority.ledger.policy.permission = reason
    refused = lab.run("upgrade")
    assert isinstance(refused, NotEligibleError)
    assert refused.reasons == (reason,)
    assert "generate_key_pair" not in lab.faults.calls
    assert lab.end() == OLD
    assert list((tmp_path / "A").iterdir()) == []


def test_where_no_question_exists_the_refusal_of_the_order_undoes_the_keys(tmp_path: Path) -> None:
    """The card ends as it was, and the history says restored."""
    lab = Lab(tmp_path)
    silent = AuthorityData(address="http://sim.invalid/cmp")
    lab.campaign = lab.case.campaign.model_copy(update={"authority": silent})
    lab.authority.ledger.policy.permission = "NOT_AUTHORIZED"
    assert isinstance(lab.run("upgrade"), AuthorityRefusedError)
    assert "query" not in lab.faults.calls
    assert "generate_key_pair" in lab.faults.calls
    assert lab.end() == OLD
    assert [entry.outcome for entry in history(tmp_path / "A")] == ["restored"]


def test_what_was_begun_may_be_finished_after_the_window_and_without_permission(tmp_path: Path) -> None:
    """Neither a closed window nor a changed mind of the authority's question stops a recovery."""
    lab = interrupted(tmp_path, "write_certificate")
    lab.wait(minutes=1)
    closed = Window(opens=lab.clock.now - timedelta(days=9), closes=lab.clock.now - timedelta(seconds=1))
    lab.campaign = lab.case.campaign.model_copy(update={"window": closed})
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_a_busy_authority_costs_nothing(tmp_path: Path) -> None:
    """The upgrade ends with when to come back; nothing was begun."""
    lab = Lab(tmp_path)
    lab.authority.ledger.policy.busy = 120
    busy = lab.run("upgrade")
    assert isinstance(busy, AuthorityBusyError)
    assert busy.retry_after == 120
    assert lab.end() == OLD


def test_what_works_is_seen_after_an_error(tmp_path: Path) -> None:
    """The network fails in the middle: the old identity works, and the run knows it without a code."""
    lab = Lab(tmp_path)
    with lab.operation() as operation:
        assert operation.can_log_in is None
        for event in acts(operation, "upgrade"):
            lab.authority.ledger.policy.unreachable = event.step.name == "generate-signature-key"
            if lab.authority.ledger.policy.unreachable and event.mark is Mark.DONE:
                break
        with pytest.raises(AuthorityUnreachableError):
            list(operation.resume())
        assert operation.can_log_in is True
    lab.mend()
    assert lab.run("resume") is Outcome.UPGRADED


# ---------------------------------------------------------------------------------------------------- codes


def test_a_wrong_code_is_sent_once_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One try is spent, the card is as it was, no journal stays."""
    lab = Lab(tmp_path)
    monkeypatch.setitem(CODES, KeyRole.SIGNATURE, b"000000")
    assert isinstance(lab.run("upgrade"), CodeIncorrectError)
    assert lab.faults.calls.count("log_in") == 2
    assert [token.tries for token in lab.card.tokens] == [3, 2]
    assert list((tmp_path / "A").iterdir()) == []


# --------------------------------------------------------------------------------------------------- keys


def test_a_phantom_that_cannot_be_destroyed_raises_the_generation(tmp_path: Path) -> None:
    """The next key takes another id, and the upgrade is finished."""
    lab = interrupted(tmp_path, "generate_key_pair", 1, Mishap(Failure.CARD_PULLED, When.TORN, Tear.PHANTOM))
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_a_key_whose_public_half_is_lost_is_made_again(tmp_path: Path) -> None:
    """An elliptic private key without its public object does not tell its public key."""
    lab = interrupted(tmp_path, "generate_key_pair", 2, Mishap(Failure.CARD_PULLED, When.TORN, Tear.PRIVATE_ALONE))
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_a_card_full_of_phantoms_is_full(tmp_path: Path) -> None:
    """When every id of ours is taken by a phantom the person hears it, and the old identity works."""
    lab = Lab(
        tmp_path,
        faults=Faults(
            Fault(
                Mishap(Failure.CARD_REFUSED, When.TORN, Tear.PHANTOM),
                verbs=frozenset({"generate_key_pair"}),
                lasting=True,
            )
        ),
    )
    ended = lab.run("upgrade")
    while not isinstance(ended, CardFullError):
        assert lab.identity_works()
        ended = lab.run("resume")
    assert lab.identity_works()


def test_a_phantom_that_still_shows_its_public_key_is_found_out_by_its_first_signature(tmp_path: Path) -> None:
    """The proof of possession is the real proof that a key was made whole."""
    lab = interrupted(tmp_path, "order")
    stored = [o for t in lab.card.tokens for o in t.objects if o.kind is ObjectKind.PRIVATE_KEY]
    stored[1].phantom, stored[1].secret = True, b""
    lab.lose_journal()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_a_key_that_a_certificate_carries_is_not_destroyed(tmp_path: Path) -> None:
    """Not even by an undo: here another program certified our key meanwhile."""
    lab = interrupted(tmp_path, "order")
    token = lab.card.tokens[0]
    ours = [o for o in token.objects if o.kind is ObjectKind.PUBLIC_KEY][-1]
    foreign = lab.authority._registry.hierarchy.issue("SIM Telia e-legitimation HW CA v1", _body(lab), ours.value)
    lab.card.add_certificate(token, foreign, ours.key_id, "another program's")
    assert lab.run("restore") is Outcome.RESTORED
    assert ours.value in lab.working_keys()


def _body(lab: Lab) -> pki.Body:
    return pki.Body(
        lab.case.person,
        KeyRole.AUTHENTICATION,
        SubjectKind.PERSONAL_NUMBER,
        77,
        lab.clock.now,
        lab.clock.now + timedelta(days=9),
    )


# ------------------------------------------------------------------------------------------------- orders


def test_a_lost_answer_is_fetched_with_the_same_bytes(tmp_path: Path) -> None:
    """No second certificate is issued for an order whose answer was lost."""
    lab = interrupted(tmp_path, "order", 2, Mishap(Failure.ANSWER_LOST))
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert len([r for r in lab.authority.ledger.certificates.values() if r.profile]) == 4


def test_an_order_that_the_authority_forgot_is_ordered_again_for_the_same_key(tmp_path: Path) -> None:
    """After the confirmation wait the certificate is dead; the key stays."""
    lab = interrupted(tmp_path, "confirm")
    keys = lab.working_keys()
    lab.wait(minutes=30)
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert lab.working_keys() == keys


def test_an_unanswered_order_that_is_refused_later_is_ordered_anew(tmp_path: Path) -> None:
    """The authority heard it, forgot it and calls it a duplicate: another transaction, the same key."""
    lab = interrupted(tmp_path, "order", 1, Mishap(Failure.ANSWER_LOST))
    lab.authority.ledger.answers.clear()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_a_certificate_for_somebody_else_is_rejected_and_never_written(tmp_path: Path) -> None:
    """The authority is told, the keys are undone, and the old identity works."""
    lab = Lab(tmp_path)
    people = lab.authority.ledger.people
    number = lab.case.person.card_number
    people[number] = people[number].model_copy(update={"surname": "Annan-Påhittad"})
    ended = lab.run("upgrade")
    assert isinstance(ended, CertificateUnsuitableError)
    assert ended.mismatches
    assert "write_certificate" not in lab.faults.calls
    assert lab.end() == OLD
    states = {r.state for r in lab.authority.ledger.certificates.values() if r.profile}
    assert states == {RecordState.REVOKED}


def test_an_unsuitable_certificate_that_was_journalled_is_rejected_by_the_recovery(tmp_path: Path) -> None:
    """Killed between the answer and the judgement: the next process judges."""
    lab = Lab(tmp_path)
    people, number = lab.authority.ledger.people, lab.case.person.card_number
    people[number] = people[number].model_copy(update={"surname": "Annan-Påhittad"})
    lab.mend(at("confirm"))
    assert isinstance(lab.run("upgrade"), ProcessKilled)
    lab.mend()
    assert isinstance(lab.run("resume"), CertificateUnsuitableError)
    assert lab.end() == OLD


# ------------------------------------------------------------------------------------------- certificates


def test_a_certificate_under_a_passing_id_is_given_the_key_s(tmp_path: Path) -> None:
    """Cut between writing and renaming: the certificate is there, and is paired again."""
    lab = interrupted(tmp_path, "confirm")
    new = {r.der for r in lab.authority.ledger.certificates.values() if r.profile}
    stored = next(o for t in lab.card.tokens for o in t.objects if o.value in new)
    key_id, stored.key_id = stored.key_id, b"passing"
    assert lab.run("resume") is Outcome.UPGRADED
    assert stored.key_id == key_id
    assert lab.end() == NEW


def test_a_certificate_whose_key_is_gone_is_not_left_on_the_card(tmp_path: Path) -> None:
    """Ours without its key is of no use; it is erased, the key is made and certified anew."""
    lab = interrupted(tmp_path, "confirm")
    for token in lab.card.tokens:
        new = [o for o in token.objects if o.label.startswith("simulated ")]
        token.objects[:] = [o for o in token.objects if o not in new]
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_also_when_another_token_shows_its_public_half(tmp_path: Path) -> None:
    """Modules show a public key with every certificate; without the private one it is nobody's."""
    lab = interrupted(tmp_path, "confirm")
    first, second = lab.card.tokens
    new = [o for o in second.objects if o.label.startswith("simulated ")]
    public = {o.value for o in new if o.kind is ObjectKind.PUBLIC_KEY}
    certified = [o for o in second.objects if o.kind is ObjectKind.CERTIFICATE]
    moved = [o for o in certified if Certificate.parse(o.value).public_key in public]
    second.objects[:] = [o for o in second.objects if o not in (*new, *moved)]
    first.objects += [*moved, *(o for o in new if o.kind is ObjectKind.PUBLIC_KEY)]
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_a_new_certificate_that_does_not_work_stops_before_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature that does not verify under what was read back is never confirmed; going back is possible."""
    lab = Lab(tmp_path)
    honest = lab.token.sign
    monkeypatch.setattr(
        lab.token, "sign", lambda key, data, code=None: b"wrong" if data == steps.SENTENCE else honest(key, data, code)
    )
    assert isinstance(lab.run("upgrade"), ProofFailedError)
    assert "confirm" not in lab.faults.calls
    assert isinstance(lab.run("upgrade"), InterruptedUpgradeError)
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD


def test_the_signature_key_signs_nothing_but_its_orders_and_a_readable_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands for a person's signature is never put under random bytes."""
    lab = Lab(tmp_path)
    signed: list[bytes] = []
    honest = lab.token.sign

    def spy(key: object, data: bytes, code: object = None) -> bytes:
        if "underskrift" in key.token.label:  # type: ignore[attr-defined]
            signed.append(data)
        return honest(key, data, code)  # type: ignore[arg-type]

    monkeypatch.setattr(lab.token, "sign", spy)
    lab.run("upgrade")
    assert signed.count(steps.SENTENCE) == 2  # before the line, and in the test after the end
    assert len(signed) == 4  # and one proof of possession for each of its two certificates


# -------------------------------------------------------------------------------------- the point of no return


def test_a_restore_past_the_line_says_why_and_a_resume_finishes(tmp_path: Path) -> None:
    """Killed after the first confirmation was sent."""
    lab = interrupted(tmp_path, "confirm", 1, KILL_AFTER)
    assert isinstance(lab.run("restore"), PointOfNoReturnError)
    assert lab.identity_works()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_a_confirmation_that_was_announced_and_never_sent_counts_as_sent(tmp_path: Path) -> None:
    """It may still be on its way: only finishing is safe."""
    lab = interrupted(tmp_path, "confirm", 1, Mishap(Failure.ANSWERED_LATE))
    assert isinstance(lab.run("restore"), PointOfNoReturnError)
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_an_authority_that_retires_the_old_certificate_at_once_costs_nothing(tmp_path: Path) -> None:
    """Killed right after the first confirmation: the new identity can still be finished."""
    for number in range(1, 5):
        lab = Lab(tmp_path / str(number), faults=at("confirm", number, KILL_AFTER))
        lab.authority.ledger.policy.retire = Retire.FIRST
        lab.run("upgrade")
        lab.mend()
        assert isinstance(lab.run("restore"), PointOfNoReturnError)
        assert lab.run("resume") is Outcome.UPGRADED
        assert lab.end() == NEW


def test_another_computer_does_not_believe_a_good_status_before_the_wait_is_over(tmp_path: Path) -> None:
    """B must not remove the old identity while A's certificates are issued but unconfirmed."""
    lab = Lab(tmp_path, faults=at("confirm"))
    lab.authority.ledger.policy.unconfirmed_is_good = True
    lab.run("upgrade")
    first = {r.der for r in lab.authority.ledger.certificates.values() if r.profile}
    lab.mend(at("destroy"))
    lab.lose_journal()
    lab.run("resume")  # killed at the first object that it would remove
    confirmed = {r.der for r in lab.authority.ledger.certificates.values() if r.profile and r.state == "confirmed"}
    assert len(confirmed) == 4
    assert not confirmed & first
    assert set(lab.case.old) <= lab.certificates()
    lab.mend()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_a_good_status_long_after_the_wait_is_a_confirmation(tmp_path: Path) -> None:
    """Then another computer finishes without ordering anything."""
    lab = interrupted(tmp_path, "destroy", 1)
    ordered = len(lab.authority.ledger.certificates)
    lab.wait(minutes=30)
    lab.lose_journal()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert len(lab.authority.ledger.certificates) == ordered


def test_another_computer_cannot_tell_the_line_without_the_authority(tmp_path: Path) -> None:
    """It undoes nothing then; it offers to go on, and says that the issuer is out of reach."""
    lab = interrupted(tmp_path, "confirm")
    lab.lose_journal()
    lab.authority.ledger.policy.unreachable = True
    assert isinstance(lab.run("restore"), AuthorityUnreachableError)
    assert isinstance(lab.run("resume"), AuthorityUnreachableError)
    assert lab.identity_works()
    lab.mend()
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD


def test_a_half_restored_card_can_be_upgraded_after_all(tmp_path: Path) -> None:
    """Killed in the middle of going back, then the person changes their mind."""
    lab = written(tmp_path)
    lab.mend(at("destroy", 2))
    assert isinstance(lab.run("restore"), ProcessKilled)
    lab.mend()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_going_back_needs_no_network(tmp_path: Path) -> None:
    """What the authority does not hear it revokes by itself."""
    lab = written(tmp_path)
    lab.authority.ledger.policy.unreachable = True
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD
    lab.mend()
    lab.wait(minutes=30)
    lab.run("upgrade")
    assert lab.end() == NEW


def test_an_order_whose_answer_was_lost_is_fetched_to_be_rejected(tmp_path: Path) -> None:
    """Going back leaves no certificate waiting at the authority."""
    lab = interrupted(tmp_path, "order", 1, Mishap(Failure.ANSWER_LOST))
    assert lab.run("restore") is Outcome.RESTORED
    states = {r.state for r in lab.authority.ledger.certificates.values() if r.profile}
    assert states == {RecordState.REVOKED}


# ----------------------------------------------------------------------------------------- two computers


def test_the_first_computer_accepts_what_the_second_finished(tmp_path: Path) -> None:
    """A's hot journal, B finished: A sees it on the card and undoes nothing."""
    lab = interrupted(tmp_path, "confirm")
    lab.lose_journal()
    assert lab.run("resume") is Outcome.UPGRADED
    lab.computer = "A"
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_restore_closes_on_the_first_computer_what_the_second_finished(tmp_path: Path) -> None:
    """`check` says that a case is open and writes nothing; `restore` says that all is done, and then it is."""
    lab = interrupted(tmp_path, "confirm")
    lab.lose_journal()
    lab.run("resume")
    lab.computer = "A"
    given, case_code = lab.holder.given, ""
    for _ in range(2):
        with lab.operation() as operation:
            report, case_code = operation.look(), operation.case_code
        assert (report.verdict.situation, report.case_open) == (recovery.Situation.UPGRADED, True)
    assert isinstance(lab.run("restore"), UpgradeFinishedError)
    assert [(entry.outcome, entry.case_code) for entry in history(tmp_path / "A")] == [("upgraded", case_code)]
    assert lab.holder.given == given
    with lab.operation() as operation:
        assert not operation.look().case_open
    assert lab.wrong() == ""
    assert lab.end() == NEW


def test_another_computer_finishes_at_once_what_was_confirmed(tmp_path: Path) -> None:
    """A confirmed everything: B relies on the one that is confirmed first, because the old one is retired."""
    lab = interrupted(tmp_path, "destroy", 1)
    lab.lose_journal()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_another_computer_waits_when_nothing_is_certain(tmp_path: Path) -> None:
    """The old certificate is retired and the one that is confirmed first is missing: B says when to come back."""
    lab = interrupted(tmp_path, "destroy", 1)
    lab.lose_journal()
    first = {r.der for r in lab.authority.ledger.certificates.values() if r.profile == "hsa-id-authentication"}
    for token in lab.card.tokens:
        token.objects[:] = [o for o in token.objects if o.value not in first]
    waiting = lab.run("resume")
    assert isinstance(waiting, StillWaitingError)
    assert waiting.values["minutes"] == 10
    assert lab.identity_works()
    lab.wait(minutes=11)
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


@pytest.mark.parametrize("is_good", [False, True])
@pytest.mark.parametrize("is_lost", [False, True])
@pytest.mark.parametrize("number", range(1, 5))
def test_an_authority_that_retires_the_old_at_the_first_confirmation_leaves_the_new(
    number: int, is_lost: bool, is_good: bool, tmp_path: Path
) -> None:
    """Killed after any confirmation, the wait passes, the journal is lost or not: the new identity works all along."""
    lab = Lab(tmp_path, faults=at("confirm", number, KILL_AFTER))
    lab.authority.ledger.policy.retire = Retire.FIRST
    lab.authority.ledger.policy.unconfirmed_is_good = is_good
    lab.run("upgrade")
    if is_lost:
        lab.lose_journal()
    for _ in range(3):
        lab.mend()
        assert lab.identity_works()
        lab.wait(minutes=11)
        lab.run("resume")
        assert lab.identity_works()
    assert lab.end() == NEW


def test_a_card_whose_middleware_gives_its_own_ids_is_upgraded(tmp_path: Path) -> None:
    """The key that is new after the generation is ours, whatever it is called."""
    lab = Lab(tmp_path, kind=CardKind.TWO_PINS)
    lab.card.own_names = True
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_a_key_of_another_campaign_under_our_id_is_left_alone(tmp_path: Path) -> None:
    """Its certificate shows that it is somebody's; ours takes the next id."""
    lab = interrupted(tmp_path, "order")
    token = lab.card.tokens[0]
    taken = [o for o in token.objects if o.kind is ObjectKind.PUBLIC_KEY][-1]
    foreign = lab.authority._registry.hierarchy.issue("SIM SITHS Type 1 CA v1", _body(lab), taken.value)
    lab.card.add_certificate(token, foreign, taken.key_id, "another campaign's")
    lab.lose_journal()
    lab.run("resume")
    assert taken.value in lab.working_keys()


def test_going_back_without_a_network_does_not_wait_for_a_lost_answer(tmp_path: Path) -> None:
    """What the authority issued and nobody heard of it revokes by itself."""
    lab = interrupted(tmp_path, "order", 1, Mishap(Failure.ANSWER_LOST))
    lab.authority.ledger.policy.unreachable = True
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD


def test_another_computer_that_cannot_tell_waits_until_it_can(tmp_path: Path) -> None:
    """Without the old issuer's certificate nobody can say that the old one is revoked; time tells."""
    lab = Lab(tmp_path, faults=at("destroy", 1))
    intermediates = lab.case.campaign.intermediates[:2]
    lab.campaign = type(lab.case.campaign).model_validate(
        lab.case.campaign.model_dump() | {"intermediates": intermediates}
    )
    lab.run("upgrade")
    lab.mend()
    lab.lose_journal()
    assert isinstance(lab.run("resume"), AuthorityRefusedError)
    assert lab.identity_works()
    lab.wait(minutes=30)
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_a_superseded_certificate_does_not_come_back_to_the_card(tmp_path: Path) -> None:
    """A confirmed, B ordered anew and was interrupted: A does not believe in its own revoked certificates."""
    for number in range(1, 6):
        lab = Lab(tmp_path / str(number), faults=at("destroy", 1))
        lab.authority.ledger.policy.retire = Retire.NEVER
        lab.run("upgrade")  # A has confirmed and removed nothing
        lab.lose_journal()
        lab.mend(at("destroy", number))
        lab.run("resume")  # B has confirmed its own and removed a part
        lab.computer = "A"
        for unreachable in (True, False):
            lab.mend()
            lab.authority.ledger.policy.unreachable = unreachable
            lab.run("resume")
            assert lab.identity_works()
        lab.run("resume")
        assert lab.end() == NEW


def test_an_order_after_the_old_certificate_was_retired_is_signed_by_the_new_one(tmp_path: Path) -> None:
    """B finds one certificate missing from the card of an otherwise confirmed upgrade."""
    lab = interrupted(tmp_path, "destroy", 1)
    lab.lose_journal()
    new = {r.der for r in lab.authority.ledger.certificates.values() if r.profile == "hsa-id-signature"}
    for token in lab.card.tokens:
        token.objects[:] = [o for o in token.objects if o.value not in new]
    lab.wait(minutes=11)
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


# ---------------------------------------------------------------------------------------------- removal


def test_nothing_old_is_removed_unless_the_status_service_calls_the_new_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A status service that lags behind delays the end; the old certificates stay until it has caught up."""
    lab = interrupted(tmp_path, "destroy", 1)
    with monkeypatch.context() as lagging:
        unknown = CertificateStatus(CertificateState.UNKNOWN, lab.clock.now)
        lagging.setattr(lab.authority, "status", lambda *_: unknown)
        busy = lab.run("resume")
    assert isinstance(busy, AuthorityBusyError)
    assert busy.exit_code == 5
    assert set(lab.case.old) <= lab.certificates()
    assert lab.run("resume") is Outcome.UPGRADED


def test_a_status_service_that_lags_a_moment_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few seconds after the confirmation it has heard of it."""
    lab = interrupted(tmp_path, "destroy", 1)
    honest, until = lab.authority.status, lab.clock.now + timedelta(seconds=5)

    def status(certificate: bytes, issuer: bytes) -> CertificateStatus:
        answer = honest(certificate, issuer)
        return replace(answer, state=CertificateState.UNKNOWN) if lab.clock.now < until else answer

    monkeypatch.setattr(lab.authority, "status", status)
    assert lab.run("resume") is Outcome.UPGRADED


# ---------------------------------------------------------------------------------------- nothing was begun


@pytest.mark.parametrize(
    "stop", [CodeIncorrectError(state=CodeState.COUNT_LOW), KeyboardInterrupt()], ids=["wrong", "interrupted"]
)
@pytest.mark.parametrize("action", ["upgrade", "restore"])
def test_a_code_that_was_not_given_leaves_no_journal(
    stop: BaseException, action: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was begun, so nothing is remembered of the card or its holder."""
    lab = Lab(tmp_path)

    def refuse(*_: object) -> None:
        raise stop

    monkeypatch.setattr(Card, "log_in", refuse)
    with pytest.raises(type(stop)), lab.operation() as operation:
        list(acts(operation, action))
    assert list((tmp_path / "A").glob("journal-*")) == []


@pytest.mark.parametrize(("action", "verb"), [("upgrade", "query"), ("upgrade", "log_in"), ("restore", "log_in")])
def test_a_card_that_is_pulled_before_anything_was_begun_is_not_interrupted(
    action: str, verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card cannot be seen then; the journal announces nothing, and so none is left."""
    lab = Lab(tmp_path)
    holder = lab.authority if verb == "query" else lab.token

    def pull(*_: object) -> None:
        lab.token.pull()
        raise CardRemovedError

    monkeypatch.setattr(holder, verb, pull)
    with lab.operation() as operation:
        with pytest.raises(CardRemovedError):
            list(acts(operation, action))
        assert (operation.outcome, operation.began_nothing, operation.is_begun) == (None, True, False)
    assert list((tmp_path / "A").glob("journal-*")) == []


def test_ctrl_c_while_the_issuer_is_asked_leaves_no_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was begun yet: no other card is to be told that this one waits."""
    lab = Lab(tmp_path)
    monkeypatch.setattr(lab.authority, "query", _interrupt)
    with lab.operation() as operation:
        with pytest.raises(KeyboardInterrupt):
            list(acts(operation, "upgrade"))
        assert not operation.is_begun
    assert list((tmp_path / "A").glob("journal-*")) == []


@pytest.mark.parametrize("action", ["resume", "restore"])
def test_a_wrong_code_keeps_the_case_code_on_another_computer(
    action: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something of ours is seen on the card: its case is open until it is finished or undone, here too."""
    lab, found = interrupted(tmp_path, "order"), set[str]()
    lab.lose_journal()
    for _ in range(2):
        with monkeypatch.context() as wrong, lab.operation() as operation:
            wrong.setattr(Card, "log_in", _mistyped)
            with pytest.raises(CodeIncorrectError):
                list(acts(operation, action))
            assert (operation.began_nothing, operation.is_begun) == (False, True)
            found.add(operation.case_code)
    lab.run(action)
    assert {entry.case_code for entry in history(tmp_path / lab.computer)} == found
    assert lab.end() == (NEW if action == "resume" else OLD)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _mistyped(*_: object) -> None:
    raise CodeIncorrectError(state=CodeState.COUNT_LOW)


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_ctrl_c_in_the_middle_of_going_back_is_an_interruption(
    is_elsewhere: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another computer too, whose journal announces nothing."""
    lab = written(tmp_path)
    if is_elsewhere:
        lab.lose_journal()
        lab.wait(minutes=30)
    with monkeypatch.context() as pressed, lab.operation() as operation:
        pressed.setattr(lab.token, "destroy", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            list(operation.restore())
        assert operation.is_begun
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD


def test_going_back_past_the_line_is_refused_before_a_code_is_asked(tmp_path: Path) -> None:
    """A code is worth a try of three: it is not asked for nothing."""
    lab = interrupted(tmp_path, "confirm", 2)
    assert isinstance(lab.run("restore"), PointOfNoReturnError)
    assert "log_in" not in lab.faults.calls


def test_keys_that_a_card_will_not_destroy_are_told(tmp_path: Path) -> None:
    """The old identity works and nothing new is certified; that the card is as it was is not said without them."""
    lab = interrupted(tmp_path, "order", 1)
    lab.mend(Faults(Fault(Mishap(Failure.CARD_REFUSED), 1, frozenset({"destroy"}), lasting=True)))
    with lab.operation() as operation:
        list(operation.restore())
        assert (operation.outcome, operation.keys_left) == (Outcome.RESTORED, 2)
    assert lab.identity_works()


def test_a_new_certificate_that_was_revoked_is_ordered_again_before_anything_old_is_removed(tmp_path: Path) -> None:
    """Confirmed, then revoked by somebody: the card ends with one that is good."""
    lab = interrupted(tmp_path, "destroy", 1)
    lab.authority.ledger.policy.retire = Retire.NEVER
    new = [r for r in lab.authority.ledger.certificates.values() if r.profile]
    lab.authority.ledger.revoke(new[0], lab.clock.now)
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


@pytest.mark.parametrize(("kind", "left"), [(CardKind.TWO_PINS, 2), (CardKind.SHARED, 4)])
def test_old_keys_go_where_the_campaign_says_so_unless_another_certificate_carries_them(
    kind: CardKind, left: int, tmp_path: Path
) -> None:
    """The e-legitimation that shares the keys keeps them."""
    lab = Lab(tmp_path, kind=kind)
    lab.campaign = lab.case.campaign.model_copy(update={"old_keys": OldKeys.DESTROY})
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert len(lab.working_keys()) == left
    assert lab.events[-1] == ("remove-old-keys: done" if left == 2 else "remove-old-keys: seen")


# --------------------------------------------------------------------------------------------- beyond help


def test_a_card_beyond_help_is_called_unusable(tmp_path: Path) -> None:
    """Ours was begun, the old key is destroyed by somebody else: it is said plainly, whatever is asked."""
    lab = interrupted(tmp_path, "write_certificate")
    old = {Certificate.parse(der).public_key for der in lab.case.old}
    for token in lab.card.tokens:
        token.objects[:] = [
            o
            for o in token.objects
            if o.value not in old
            and o.value not in lab.case.old
            and not o.key_id.endswith((b"IdentificationC", b"SignatureC"))
        ]
    for action in ("upgrade", "resume", "restore"):
        assert isinstance(lab.run(action), UnusableError)


def test_without_any_authentication_key_no_message_can_be_signed(tmp_path: Path) -> None:
    """The code opens the card, and the key that its certificate promises is not there."""
    lab = Lab(tmp_path)
    token = lab.card.tokens[0]
    token.objects[:] = [o for o in token.objects if o.kind is not ObjectKind.PRIVATE_KEY]
    assert isinstance(lab.run("upgrade"), UnusableError)


def test_an_authority_that_forgets_every_transaction_does_not_hold_the_card_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The walk is repeated a few times, then the person hears it."""
    lab = Lab(tmp_path)
    honest = lab.authority.confirm

    def forgetful(message: object) -> object:
        lab.authority.ledger.transactions.clear()
        return honest(message)  # type: ignore[arg-type]

    monkeypatch.setattr(lab.authority, "confirm", forgetful)
    ended = lab.run("upgrade")
    assert getattr(ended, "code", "") == "SU-2006"
    assert lab.faults.calls.count("confirm") == WALKS
    assert lab.identity_works()


def test_a_card_that_says_done_and_does_nothing_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No return value is believed: what is not read back was not written, made or destroyed."""
    for verb in ("generate_key_pair", "write_certificate", "destroy"):
        lab = Lab(tmp_path / verb)
        if verb == "destroy":
            lab = written(tmp_path / "written")
        with monkeypatch.context() as lying:
            lying.setattr(lab.token, verb, lambda *_: None)
            ended = lab.run("restore" if verb == "destroy" else "upgrade")
        assert isinstance(ended, StepNotSeenError), verb
        assert lab.identity_works()
        lab.run("restore")
        assert lab.end() == OLD


def test_a_row_refuses_to_be_done_before_the_rows_above_it(tmp_path: Path) -> None:
    """Nothing is written that was not ordered, nothing is confirmed that was not written."""
    with Lab(tmp_path / "fresh").operation() as operation, pytest.raises(StepNotSeenError, match="generate"):
        steps.sign_and_verify(operation.world)
    lab = interrupted(tmp_path / "made", "order")
    with lab.operation() as operation:
        operation.world.card.log_in()
        with pytest.raises(StepNotSeenError, match="order-certificates"):
            steps.write_certificates(operation.world)
    lab = interrupted(tmp_path / "ordered", "write_certificate")
    with lab.operation() as operation:
        operation.world.card.log_in()
        with pytest.raises(StepNotSeenError, match="write-certificates"):
            steps.confirm(operation.world)
    assert "confirm" not in lab.faults.calls


def test_a_key_is_not_destroyed_while_its_certificate_is_on_the_card(tmp_path: Path) -> None:
    """Not even when the rows were undone in the wrong order."""
    lab = written(tmp_path)
    keys = lab.working_keys()
    with lab.operation() as operation:
        operation.world.card.log_in()
        steps.destroy_key(KeyRole.AUTHENTICATION)(operation.world)
    assert lab.working_keys() == keys


def test_a_refused_signature_of_a_certified_key_does_not_cost_the_key(tmp_path: Path) -> None:
    """A key that has worked before is not called a phantom for one refusal."""
    for number in range(1, 10):
        lab = written(tmp_path / str(number))
        keys = lab.working_keys()
        lab.wait(minutes=30)
        lab.mend(at("sign", number, Mishap(Failure.CARD_REFUSED)))
        lab.run("resume")
        assert lab.identity_works()
        lab.mend()
        lab.run("resume")
        assert lab.end() == NEW
        assert lab.working_keys() == keys


def test_a_damaged_message_in_the_journal_is_as_good_as_none(tmp_path: Path) -> None:
    """The certificate is ordered again; going back works too."""
    for action, end in (("resume", NEW), ("restore", OLD)):
        lab = interrupted(tmp_path / action, "write_certificate")
        for path in (tmp_path / action / "A").glob("journal-*.sqlite3"):
            db = sqlite3.connect(path, isolation_level=None)
            assert db.execute("UPDATE message SET der = x'00' WHERE kind = 'issued'").rowcount == 4
            db.close()
        lab.run(action)
        assert lab.end() == end


def test_the_journal_s_copy_of_the_old_certificate_signs_when_the_card_lost_it(tmp_path: Path) -> None:
    """Past the line, and somebody removed the old certificate: its key is still there, so it can be finished."""
    lab = interrupted(tmp_path, "confirm", 2)
    token = lab.card.tokens[0]
    token.objects[:] = [o for o in token.objects if o.value not in lab.case.old]
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_without_the_old_certificate_the_new_one_signs(tmp_path: Path) -> None:
    """On another computer, when the old certificates are gone and one of the new ones must be ordered again."""
    lab = interrupted(tmp_path, "destroy", 2, KILL_AFTER)  # both old certificates are removed
    lab.lose_journal()
    new = next(
        o
        for t in lab.card.tokens[1:]
        for o in t.objects
        if o.value in {r.der for r in lab.authority.ledger.certificates.values() if r.profile}
    )
    lab.card.tokens[1].objects.remove(new)
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_without_any_certificate_of_ours_nobody_can_sign(tmp_path: Path) -> None:
    """No old certificate, no new one: the card cannot speak to the authority."""
    lab = Lab(tmp_path)
    for token in lab.card.tokens:
        token.objects[:] = [o for o in token.objects if o.value not in lab.case.old]
    with lab.operation() as operation, pytest.raises(UnusableError):
        evidence.signer(operation.world)


def test_dead_certificates_of_another_computer_are_erased_and_ordered_again(tmp_path: Path) -> None:
    """The status service calls them revoked, so they go before others are written."""
    lab = written(tmp_path)
    lab.lose_journal()
    lab.wait(minutes=30)
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_an_upgraded_card_is_known_without_the_network(tmp_path: Path) -> None:
    """The old certificates are removed last, so their absence is evidence enough to look at a card."""
    lab = Lab(tmp_path)
    lab.run("upgrade")
    lab.authority.ledger.policy.unreachable = True
    with lab.operation() as operation:
        assert operation.look().reasons == ("ALREADY_UPGRADED",)


def test_a_card_without_a_token_for_signatures_is_looked_at_without_harm(tmp_path: Path) -> None:
    """It is not eligible, and nobody stumbles."""
    lab = Lab(tmp_path, kind=CardKind.TWO_PINS)
    del lab.card.tokens[1]
    refused = lab.run("upgrade")
    assert isinstance(refused, NotEligibleError)
    assert refused.reasons == ("MECHANISM_MISSING",)


def test_resuming_a_card_on_which_nothing_was_begun_changes_nothing(tmp_path: Path) -> None:
    """There is nothing to do, and it is not called an error."""
    lab = Lab(tmp_path)
    assert lab.run("resume") is None
    assert lab.end() == OLD


# ------------------------------------------------------------------------------------------- what is looked at


def evidence_of(rows: tuple[tuple[str, Seen], ...], *facts: bool | None) -> recovery.Evidence:
    """Announced, past the line, lifted elsewhere, old works, new works, new logs in, a key is heard."""
    announced, past_line, away, old, new, new_logs_in, heard = facts
    return recovery.Evidence(
        rows=rows,
        announced=bool(announced),
        past_line=past_line,
        doubt=None,
        old_works=old,
        lifted_here=False,
        lifted_elsewhere=bool(away),
        new_works=new,
        new_is_good=False,
        new_logs_in=bool(new_logs_in),
        heard=recovery.Heard.ELSEWHERE if heard is None else recovery.Heard.HERE if heard else recovery.Heard.NOWHERE,
    )


def test_assess_tells_the_four_situations() -> None:
    """A table of what is seen and what it means. `?` is what cannot be told now; heard `?` is heard elsewhere."""
    live, absent = Seen.LIVE, Seen.ABSENT
    table = """
        ours    removed  announced  line  away  old  new  new-in  heard  -> situation    log-in  choices
        absent  absent   no         no    no    yes  no   no      yes    -> fresh        True
        absent  absent   yes        no    no    yes  no   no      yes    -> interrupted  True    continue restore
        live    absent   no         no    no    yes  no   no      yes    -> interrupted  True    continue restore
        live    absent   no         no    yes   yes  no   no      yes    -> interrupted  True    continue
        live    absent   no         yes   no    yes  no   no      yes    -> interrupted  True    continue
        live    absent   no         ?     no    yes  no   no      yes    -> interrupted  True    continue
        live    absent   no         ?     no    ?    no   no      yes    -> interrupted  None    continue
        live    absent   no         yes   no    no   ?    no      yes    -> interrupted  None    continue
        live    absent   no         yes   no    no   ?    yes     yes    -> interrupted  True    continue
        live    absent   no         yes   no    no   ?    no      no     -> interrupted  None    continue
        live    absent   no         yes   no    no   no   no      ?      -> interrupted  False
        live    absent   yes        yes   no    no   no   no      yes    -> interrupted  False   continue
        live    absent   yes        yes   no    ?    no   no      no     -> interrupted  None    continue
        live    live     no         yes   no    no   yes  yes     yes    -> upgraded     True
        absent  live     no         no    no    no   no   no      no     -> fresh        False
        absent  live     yes        no    no    no   no   no      no     -> unusable     False
        live    absent   yes        yes   no    no   no   no      no     -> unusable     False
    """
    words = {"yes": True, "no": False, "?": None}
    for line in table.strip().splitlines()[1:]:
        given, expected = line.split("->")
        ours, removed, *facts = given.split()
        rows = (
            ("generate-auth-key", live if ours == "live" else absent),
            ("remove-old-certificates", live if removed == "live" else absent),
        )
        verdict = recovery.assess(UPGRADE, evidence_of(rows, *(words[fact] for fact in facts)))
        assert [verdict.situation, str(verdict.can_log_in), *verdict.choices] == expected.split(), line


def test_what_is_left_takes_as_long_as_the_rows_that_are_missing() -> None:
    """About so many seconds; a card that is upgraded needs none."""
    facts = (False, None, False, False, True, True, True)
    rows = tuple((step.name, Seen.LIVE) for step in UPGRADE)
    assert recovery.assess(UPGRADE, evidence_of(rows, *facts)).seconds == 0
    left = (*rows[:-2], (rows[-2][0], Seen.ABSENT), (rows[-1][0], Seen.DEAD))
    seconds = recovery.assess(UPGRADE, evidence_of(left, *facts)).seconds
    assert seconds == UPGRADE[-2].seconds + UPGRADE[-1].seconds > 0


@pytest.mark.parametrize(("told", "works"), [("revoked", False), ("good", True), ("silent", None)])
def test_the_old_is_not_said_to_work_once_the_issuer_may_have_retired_it(
    told: str, works: bool | None, tmp_path: Path
) -> None:
    """The first confirmation was sent, and its answer lost; some authorities retire the old at that moment."""
    lab = Lab(tmp_path, faults=at("confirm", 1, Mishap(Failure.ANSWER_LOST)))
    lab.authority.ledger.policy.retire = Retire.FIRST if told == "revoked" else Retire.NEVER
    lab.run("upgrade")
    lab.mend()
    lab.authority.ledger.policy.unreachable = told == "silent"
    with lab.operation() as operation:
        verdict = operation.look().verdict
    assert (verdict.old_works, verdict.situation) == (works, recovery.Situation.INTERRUPTED)


def test_which_card_is_meant_is_said_when_another_one_is_in(tmp_path: Path) -> None:
    """The upgrade of one card waits on this computer; the other one is told so, and may be upgraded itself."""
    lab = written(tmp_path)
    other = Lab(tmp_path)
    other.card.serial = "SIM other"
    with other.operation() as operation:
        (waiting,) = operation.look().waiting
    assert waiting.card == f"…{lab.case.person.card_number[-4:]}"
    with lab.operation() as operation:
        assert operation.look().waiting == ()
    assert other.run("upgrade") is Outcome.UPGRADED


@pytest.mark.parametrize("state", ["fresh", "upgraded"])
@pytest.mark.parametrize("action", ["resume", "restore"])
def test_no_code_is_sent_to_a_card_on_which_nothing_was_begun_while_another_waits(
    action: str, state: str, tmp_path: Path
) -> None:
    """Whoever wants to finish or undo means the card that waits; the two are told apart by their masked numbers."""
    lab, other = written(tmp_path), Lab(tmp_path)
    other.card.serial = "SIM other"
    if state == "upgraded":
        other.run("upgrade")
    given = other.holder.given
    refused = other.run(action)
    assert isinstance(refused, OtherCardMeantError)
    assert (refused.code, refused.exit_code) == ("SU-1009", 7)
    assert refused.values["waiting"] == f"…{lab.case.person.card_number[-4:]}"
    assert str(refused.values["card"]) in refused.why
    assert other.holder.given == given
    assert lab.run(action) is (Outcome.UPGRADED if action == "resume" else Outcome.RESTORED)
    assert not isinstance(other.run(action), OtherCardMeantError)


def test_what_was_begun_on_another_computer_is_finished_here_though_another_card_waits(tmp_path: Path) -> None:
    """What is seen on the card is enough; the other card goes on waiting."""
    written(tmp_path)
    other = interrupted(tmp_path / "elsewhere", "write_certificate")
    other.card.serial, other.folder = "SIM other", tmp_path
    assert other.run("restore") is Outcome.RESTORED


def test_a_card_is_given_up_when_nobody_would_hear_it(tmp_path: Path) -> None:
    """The old certificate is retired and gone from the card with its key, and nothing new was confirmed."""
    lab = written(tmp_path)
    for token in lab.card.tokens:
        old = {Certificate.parse(der).public_key for der in lab.case.old}
        token.objects[:] = [o for o in token.objects if o.value not in old | set(lab.case.old) and not _is_of(o, old)]
    lab.card.tokens[0].objects[:] = [o for o in lab.card.tokens[0].objects if o.value not in lab.case.kept]
    with lab.operation() as operation:
        assert operation.look().verdict.situation is recovery.Situation.UNUSABLE
    assert isinstance(lab.run("resume"), UnusableError)


def _is_of(stored: StoredObject, keys: set[bytes]) -> bool:
    return bool(stored.secret) and public_half(stored.secret) in keys


def test_events_name_rows_in_the_order_in_which_they_are_undone(tmp_path: Path) -> None:
    """Going back walks up the table."""
    lab = written(tmp_path)
    lab.events.clear()
    lab.run("restore")
    undone = [re.sub(": undone", "", event) for event in lab.events if event.endswith("undone")]
    assert undone == ["write-certificates", "order-certificates", "generate-signature-key", "generate-auth-key"]


def test_messages_are_sent_by_an_executor_that_keeps_their_errors() -> None:
    """The lab's own executor is as honest as a real one: an error comes with the result."""

    def fail() -> None:
        raise AuthorityBusyError

    assert isinstance(Inline().submit(fail).exception(), AuthorityBusyError)
