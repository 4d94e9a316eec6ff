"""What the rows know of the authority's side: polling, statuses before the line, revoking, updating one by one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sithsup import steps
from sithsup.campaign import RevokeOld, RevokeSignedBy
from sithsup.certificate import Certificate
from sithsup.errors import (
    AuthorityBusyError,
    AuthorityRefusedError,
    AuthorityUnreachableError,
    CertificateUnsuitableError,
    FinishElsewhereError,
    PointOfNoReturnError,
    StatusNotOfferedError,
    StepNotSeenError,
    StillWaitingError,
    TransactionUnknownError,
)
from sithsup.model import CertificateState, CertificateStatus, KeyRole, Message
from sithsup.recovery import Choice, Situation
from sithsup.runner import WALKS
from sithsup.sim import pki
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, ProcessKilled, When
from sithsup.sim.ledger import Retire
from sithsup.sim.messages import Protected, Question
from sithsup.sim.registry import CHECK_AFTER
from sithsup.situation import Outcome
from sithsup.steps.orders import LONGEST_WAIT, SHORTEST_WAIT
from tests.support.lab import NEW, OLD, START, Lab, update_campaign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sithsup.model import Issued, Waiting


def at(verb: str, number: int = 1, failure: Failure = Failure.PROCESS_KILLED, when: When = When.BEFORE) -> Faults:
    return Faults(Fault(Mishap(failure, when), number, frozenset({verb})))


# ------------------------------------------------------------------------------------------------------ polling


def test_what_is_not_ready_is_asked_for_again_when_the_authority_says(tmp_path: Path) -> None:
    """Three polls, 30 seconds apart, all four orders at once; then as ever."""
    lab = Lab(tmp_path)
    lab.authority.ledger.policy.polls = 3
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert [seconds for seconds in lab.pauses if seconds == CHECK_AFTER] == [CHECK_AFTER] * 3
    assert lab.faults.calls.count("order") == 4 * (1 + 3)


def test_a_card_is_not_held_for_long_and_the_same_orders_are_asked_for_later(tmp_path: Path) -> None:
    """After two minutes the person may go; resuming asks for the same transactions, and orders nothing anew."""
    lab = Lab(tmp_path)
    lab.authority.ledger.policy.polls = 6
    busy = lab.run("upgrade")
    assert isinstance(busy, AuthorityBusyError)
    assert (busy.exit_code, busy.retry_after) == (5, CHECK_AFTER)
    assert sum(seconds for seconds in lab.pauses if seconds == CHECK_AFTER) == LONGEST_WAIT
    lab.mend()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert len([r for r in lab.authority.ledger.certificates.values() if r.profile]) == 4


def test_an_authority_that_names_no_time_is_not_hurried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A poll a second at most, and no more than a hundred and twenty of them."""
    monkeypatch.setattr("sithsup.sim.registry.CHECK_AFTER", 0.0)
    lab = Lab(tmp_path)
    lab.authority.ledger.policy.polls = 10_000
    assert isinstance(lab.run("upgrade"), AuthorityBusyError)
    assert [seconds for seconds in lab.pauses if seconds == SHORTEST_WAIT] == [SHORTEST_WAIT] * int(LONGEST_WAIT)


@pytest.mark.parametrize("number", [5, 6, 8])
@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
def test_a_poll_whose_answer_was_lost_is_sent_again_byte_for_byte(when: When, number: int, tmp_path: Path) -> None:
    """The authority may have issued the certificate in the answer that was lost."""
    lab = Lab(tmp_path, faults=at("order", number, when=when))
    lab.authority.ledger.policy.polls = 1
    assert isinstance(lab.run("upgrade"), ProcessKilled)
    lab.mend()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert len([r for r in lab.authority.ledger.certificates.values() if r.profile]) == 4


def test_an_order_that_waits_is_given_up_when_going_back(tmp_path: Path) -> None:
    """Nothing was issued, so nothing is rejected; the key goes, and the authority finds nobody to confirm."""
    lab = Lab(tmp_path)
    lab.authority.ledger.policy.polls = 100
    assert isinstance(lab.run("upgrade"), AuthorityBusyError)
    lab.mend()
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD


def test_a_transaction_that_is_forgotten_while_it_waits_is_ordered_again_for_the_same_key(tmp_path: Path) -> None:
    """The authority knows nothing of the poll any more."""
    lab = Lab(tmp_path)
    lab.authority.ledger.policy.polls = 100
    lab.run("upgrade")
    keys = lab.working_keys()
    lab.mend()
    lab.authority.ledger.unready.clear()
    lab.authority.ledger.policy.polls = 0
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert lab.working_keys() == keys


def test_an_order_whose_name_is_in_use_gets_another_name_for_the_same_key(tmp_path: Path) -> None:
    """transactionIdInUse: whatever is known by that name, its answer cannot be had."""
    lab = Lab(tmp_path)
    honest, sent = lab.authority.order, list[Message]()

    def order(message: Message) -> Issued | Waiting:
        sent.append(message)
        if message.transaction == sent[0].transaction:
            raise TransactionUnknownError("in use")
        return honest(message)

    lab.authority.order = order  # type: ignore[method-assign]
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW
    asked = [Question.from_bytes(Protected.from_bytes(message.der).body) for message in sent]
    again = [each for each in asked if each.profile == asked[0].profile and each.transaction != asked[0].transaction]
    assert [each.public_key for each in again] == [asked[0].public_key]


# ----------------------------------------------------------------------------------- statuses before the line


def told(lab: Lab, judge: Callable[[Certificate], CertificateState | Exception | None]) -> list[str]:
    """Let the status service say what the test says, or what it would say where that is None; lists who was asked."""
    honest, asked = lab.authority.status, list[str]()

    def status(certificate: bytes, issuer: bytes) -> CertificateStatus:
        parsed = Certificate.parse(certificate)
        asked.append(parsed.common_name if parsed.is_ca else parsed.issuer_common_name)
        answer = judge(parsed)
        if isinstance(answer, Exception):
            raise answer
        return honest(certificate, issuer) if answer is None else CertificateStatus(answer, lab.clock())

    lab.authority.status = status  # type: ignore[method-assign]
    return asked


@pytest.mark.parametrize("state", [CertificateState.REVOKED, CertificateState.UNKNOWN])
def test_nothing_is_confirmed_when_the_issuer_s_own_certificate_is_not_good(
    state: CertificateState, tmp_path: Path
) -> None:
    """Before the line: the card is restored, and the authority told that nothing of it is wanted."""
    lab = Lab(tmp_path)
    told(lab, lambda c: state if c.common_name == pki.NEW_PERSON_ID else None)
    refused = lab.run("upgrade")
    assert isinstance(refused, CertificateUnsuitableError)
    assert lab.end() == OLD
    assert "confirm-certificates: done" not in lab.events
    assert all(t.closed for t in lab.authority.ledger.transactions.values())


def test_a_new_certificate_that_is_revoked_already_is_not_confirmed(tmp_path: Path) -> None:
    """Unknown passes, for it is not confirmed yet; revoked does not."""
    lab = Lab(tmp_path)
    told(lab, lambda c: CertificateState.REVOKED if c.issuer_common_name == pki.NEW_HSA_ID else None)
    assert isinstance(lab.run("upgrade"), CertificateUnsuitableError)
    assert lab.end() == OLD


def test_a_status_that_cannot_be_told_stops_above_the_line(tmp_path: Path) -> None:
    """Both choices are left; going on works when the status service answers."""
    lab = Lab(tmp_path)
    honest = lab.authority.status
    told(lab, lambda _: AuthorityUnreachableError(address="nowhere"))
    assert isinstance(lab.run("upgrade"), AuthorityUnreachableError)
    with lab.operation() as operation:
        assert len(operation.look().verdict.choices) == 2
    lab.mend()
    lab.authority.status = honest  # type: ignore[method-assign]
    assert lab.run("resume") is Outcome.UPGRADED


def test_an_issuer_that_names_nobody_to_ask_is_taken_as_it_is(tmp_path: Path) -> None:
    """Whoever cannot be revoked is not revoked."""
    lab = Lab(tmp_path)
    asked = told(lab, lambda c: StatusNotOfferedError(address="-") if c.is_ca else None)
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert {pki.NEW_HSA_ID, pki.NEW_PERSON_ID} <= set(asked)


# ----------------------------------------------------------------------------------------------------- revoking


def revoking(folder: Path, signed_by: RevokeSignedBy = RevokeSignedBy.AUTH, faults: Faults | None = None) -> Lab:
    """A lab whose campaign leaves revoking to the program, and whose authority does nothing of the kind itself."""
    lab = Lab(folder, faults=faults or Faults())
    wanted = {"revoke_old": RevokeOld.CLIENT, "revoke_signed_by": signed_by}
    lab.campaign = lab.case.campaign.model_copy(update=wanted)
    lab.authority.ledger.policy.retire = Retire.NEVER
    return lab


def revoked_old(lab: Lab) -> list[bytes]:
    """The old certificates that the authority holds revoked, in that order."""
    records = [r for r in lab.authority.ledger.certificates.values() if r.source and r.revoked_at]
    return [r.der for r in sorted(records, key=lambda r: str(r.revoked_at))]


def requests(lab: Lab) -> list[tuple[bytes, ...]]:
    """Make the authority keep who signed each request to revoke."""
    signers: list[tuple[bytes, ...]] = []
    honest = lab.authority.revoke

    def revoke(message: object) -> object:
        signers.append((Protected.from_bytes(message.der).certificate,))  # type: ignore[attr-defined]
        lab.wait(seconds=1)
        return honest(message)  # type: ignore[arg-type]

    lab.authority.revoke = revoke  # type: ignore[method-assign, assignment]
    return signers


@pytest.mark.parametrize("signed_by", RevokeSignedBy)
def test_the_program_has_the_old_certificates_revoked_signatures_first(
    signed_by: RevokeSignedBy, tmp_path: Path
) -> None:
    """Once all is confirmed and before anything is removed; each signed as the campaign says."""
    lab = revoking(tmp_path, signed_by)
    signers = requests(lab)
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW
    by_role = {Certificate.parse(der).role: der for der in lab.case.old}
    signature, authentication = by_role[KeyRole.SIGNATURE], by_role[KeyRole.AUTHENTICATION]
    assert revoked_old(lab) == [signature, authentication]
    first = signature if signed_by is RevokeSignedBy.SAME else authentication
    assert signers == [(first,), (authentication,)]
    assert lab.faults.calls.index("revoke") < lab.faults.calls.index("destroy")


@pytest.mark.parametrize("revoke_old", [RevokeOld.AUTHORITY, RevokeOld.NEVER])
def test_the_program_revokes_nothing_that_is_not_its_own_to_revoke(revoke_old: RevokeOld, tmp_path: Path) -> None:
    """By default the authority sees to it."""
    lab = revoking(tmp_path)
    lab.campaign = lab.case.campaign.model_copy(update={"revoke_old": revoke_old})
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert "revoke" not in lab.faults.calls


@pytest.mark.parametrize("failure", [Failure.REQUEST_LOST, Failure.ANSWER_LOST, Failure.ANSWERED_LATE])
@pytest.mark.parametrize("number", [1, 2])
def test_a_revocation_whose_answer_was_lost_is_finished(failure: Failure, number: int, tmp_path: Path) -> None:
    """By the same bytes; and on another computer by the status, which says that it is done."""
    for is_elsewhere in (False, True):
        lab = revoking(tmp_path / str(is_elsewhere), faults=at("revoke", number, failure))
        assert isinstance(lab.run("upgrade"), AuthorityUnreachableError)
        assert lab.identity_works()
        if is_elsewhere:
            lab.lose_journal()
        lab.mend()
        ended = lab.run("resume")
        while ended is not Outcome.UPGRADED:
            lab.wait(minutes=11)
            lab.mend()
            ended = lab.run("resume")
        assert lab.end() == NEW
        assert len(revoked_old(lab)) == 2


def test_revoked_before_is_a_success_when_the_status_says_so(tmp_path: Path) -> None:
    """The status is asked again, for it was good a moment ago."""
    lab = revoking(tmp_path)
    honest = lab.authority.revoke

    def revoke(message: object) -> object:
        if not revoked_old(lab):  # somebody at the authority is faster
            for record in [r for r in lab.authority.ledger.certificates.values() if r.source]:
                lab.authority.ledger.revoke(record, lab.clock())
        return honest(message)  # type: ignore[arg-type]

    lab.authority.revoke = revoke  # type: ignore[method-assign, assignment]
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_revoked_before_is_not_believed_against_the_status(tmp_path: Path) -> None:
    """Nothing is removed; to come back later is all that can be done, and going back is past."""
    lab = revoking(tmp_path)

    def revoke(_: object) -> None:
        raise AuthorityRefusedError(fail_info=frozenset({"certRevoked"}), reason="revoked before")

    lab.authority.revoke = revoke  # type: ignore[method-assign, assignment]
    assert isinstance(lab.run("upgrade"), AuthorityBusyError)
    assert set(lab.case.old) <= lab.certificates()
    with lab.operation() as operation:
        verdict = operation.look().verdict
        assert (verdict.new_works, verdict.missing[0]) == (True, "revoke-old-certificates")
        assert len(verdict.choices) == 1


@pytest.mark.parametrize(
    "error",
    [AuthorityRefusedError(fail_info=frozenset({"badRequest"}), reason="no"), TransactionUnknownError("in use")],
)
def test_a_refused_revocation_is_said_and_asked_anew(error: Exception, tmp_path: Path) -> None:
    """The card has its new identity; what is missing is said, and the next request is another."""
    lab = revoking(tmp_path)
    honest, sent = lab.authority.revoke, []

    def revoke(message: object) -> object:
        sent.append(message)
        raise error

    lab.authority.revoke = revoke  # type: ignore[method-assign, assignment]
    assert lab.run("upgrade") is error
    assert len(set(sent)) == len(sent) == (WALKS if isinstance(error, TransactionUnknownError) else 1)
    assert lab.identity_works()
    lab.authority.revoke = honest  # type: ignore[method-assign]
    lab.mend()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_an_expired_certificate_needs_no_revoking(tmp_path: Path) -> None:
    """An authority may refuse to revoke what nobody accepts any more."""
    lab = revoking(tmp_path, faults=at("revoke"))
    assert isinstance(lab.run("upgrade"), ProcessKilled)
    lab.mend()
    lab.wait(days=int(pki.AGE / timedelta(days=1)) + 1)
    lab.run("resume")
    assert "revoke" not in lab.faults.calls
    assert not lab.certificates() & set(lab.case.old)


# ------------------------------------------------------------------------------------------ updating (kur)


def updating(folder: Path, faults: Faults | None = None) -> Lab:
    """A lab whose campaign updates each old certificate; its authority retires each when its successor is confirmed."""
    lab = Lab(folder, faults=faults or Faults())
    lab.campaign = update_campaign(lab.case.campaign)
    lab.authority.ledger.policy.retire = Retire.EACH
    return lab


def test_an_update_confirms_authentication_last(tmp_path: Path) -> None:
    """It signs the messages until then; each confirmation retires its old one."""
    lab = updating(tmp_path, at("confirm", 2))
    assert isinstance(lab.run("upgrade"), ProcessKilled)
    assert [Certificate.parse(der).role for der in revoked_old(lab)] == [KeyRole.SIGNATURE]
    assert lab.identity_works()
    lab.mend()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
def test_another_computer_finishes_an_update(number: int, when: When, tmp_path: Path) -> None:
    """A new certificate that is good counts as confirmed as soon as the one that it updated is revoked."""
    lab = updating(tmp_path, at("confirm", number, when=when))
    lab.run("upgrade")
    lab.lose_journal()
    lab.mend()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_an_update_whose_confirmation_nobody_heard_is_not_taken_for_confirmed(tmp_path: Path) -> None:
    """A status service that calls unconfirmed certificates good says nothing while the old one is not revoked."""
    lab = updating(tmp_path, at("confirm"))
    lab.authority.ledger.policy.unconfirmed_is_good = True
    lab.run("upgrade")
    lab.lose_journal()
    lab.mend()
    with lab.operation() as operation:
        assert not operation.look().verdict.new_works
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


# ------------------------------------------------------------------- what is not certain costs nothing that works


@pytest.mark.parametrize("campaign", ["four targets", "kur"])
def test_a_status_that_is_lost_at_the_end_does_not_make_a_new_certificate_a_stray(
    campaign: str, tmp_path: Path
) -> None:
    """Another computer knows by the retired old certificate that the new were confirmed; then nobody tells it again."""
    lab = updating(tmp_path, at("destroy")) if campaign == "kur" else Lab(tmp_path, faults=at("destroy"))
    lab.run("upgrade")
    lab.lose_journal()
    lab.mend()
    asked: list[bytes] = []

    def judge(certificate: Certificate) -> Exception | None:
        asked.append(certificate.der)
        is_second = certificate.der in lab.case.old and asked.count(certificate.der) > 1
        return AuthorityUnreachableError(address="lost") if is_second else None

    told(lab, judge)
    for _ in range(3):
        lab.run("resume")
        assert lab.identity_works()
        lab.mend()
    assert lab.end() == NEW


def lagging(folder: Path, *, is_old_known: bool, faults: Faults) -> Lab:
    """A lab that another computer takes over, where the status service has not heard of the new certificates."""
    lab = Lab(folder, faults=faults)
    lab.campaign = lab.case.campaign.model_copy(update={"status_lag_max": timedelta(minutes=5)})
    lab.run("upgrade")
    lab.lose_journal()
    lab.mend()

    def judge(certificate: Certificate) -> CertificateState | None:
        is_new = not certificate.is_ca and certificate.der not in lab.case.old
        if lab.clock() >= START + timedelta(minutes=16) or certificate.is_ca:
            return None
        if is_new:
            return CertificateState.UNKNOWN
        return None if is_old_known else CertificateState.GOOD

    told(lab, judge)
    return lab


@pytest.mark.parametrize("action", ["resume", "restore"])
@pytest.mark.parametrize("is_old_known", [True, False])
def test_a_status_service_that_is_behind_costs_nothing_that_works(
    is_old_known: bool, action: str, tmp_path: Path
) -> None:
    """All is confirmed, nobody can tell yet, and the card is in another computer: it waits, and undoes nothing."""
    lab = lagging(tmp_path, is_old_known=is_old_known, faults=at("destroy"))
    before = lab.certificates()
    assert isinstance(lab.run(action), StillWaitingError | PointOfNoReturnError | AuthorityRefusedError)
    assert lab.identity_works()
    assert lab.certificates() == before
    lab.wait(minutes=17)
    lab.mend()
    assert isinstance(lab.run("restore"), PointOfNoReturnError)
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_what_was_never_confirmed_can_be_undone_once_the_news_would_be_there(tmp_path: Path) -> None:
    """Until then only going on is offered."""
    lab = lagging(tmp_path, is_old_known=True, faults=at("confirm"))
    waiting = lab.run("restore")
    assert isinstance(waiting, StillWaitingError)
    assert waiting.values == {"minutes": 15}
    with lab.operation() as operation:
        assert operation.look().verdict.choices == (Choice.CONTINUE,)
    lab.wait(minutes=17)
    lab.mend()
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD


def test_going_on_elsewhere_need_not_wait_for_the_news(tmp_path: Path) -> None:
    """Other certificates are ordered for the same keys and confirmed, whatever became of the first."""
    lab = lagging(tmp_path, is_old_known=True, faults=at("confirm"))
    lab.run("resume")
    assert "confirm-certificates: done" in lab.events
    lab.mend()
    lab.wait(minutes=17)
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_nothing_old_is_removed_while_a_new_certificate_is_not_on_the_card(tmp_path: Path) -> None:
    """However the row came to be asked."""
    lab = Lab(tmp_path, faults=at("write_certificate", 2))
    lab.run("upgrade")
    lab.mend()
    with lab.operation() as operation, pytest.raises(StepNotSeenError):
        steps.remove_old(operation.world)
    assert set(lab.case.old) <= lab.certificates()


@pytest.mark.parametrize("is_journal_lost", [True, False])
def test_new_certificates_that_a_torn_directory_hides_are_not_taken_for_none(
    is_journal_lost: bool, tmp_path: Path
) -> None:
    """The keys are seen, the old certificate is retired: nothing is undone, and the first computer finishes."""
    lab = Lab(tmp_path, faults=at("destroy"))
    lab.run("upgrade")
    lab.mend()
    ours = {r.der for r in lab.authority.ledger.certificates.values() if r.profile}
    for token in lab.card.tokens:
        token.objects[:] = [o for o in token.objects if o.value not in ours]
    keys = lab.working_keys()
    if is_journal_lost:
        lab.lose_journal()
        assert isinstance(lab.run("restore"), PointOfNoReturnError)
        assert isinstance(lab.run("resume"), FinishElsewhereError)
        with lab.operation() as operation:
            verdict = operation.look().verdict
        assert (verdict.situation, verdict.old_works) == (Situation.INTERRUPTED, False)
        assert lab.working_keys() == keys
        lab.computer = "A"
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_the_first_computer_does_not_undo_what_another_has_confirmed_and_a_torn_directory_hides(
    tmp_path: Path,
) -> None:
    """Its journal knows of orders and of no confirmation; the old certificate is revoked, and that is asked."""
    lab = Lab(tmp_path, faults=at("write_certificate"))
    lab.authority.ledger.policy.retire = Retire.FIRST
    lab.run("upgrade")
    lab.computer = "B"
    lab.mend(at("destroy", 2))
    lab.run("resume")
    lab.mend()
    before = {place: list(token.objects) for place, token in enumerate(lab.card.tokens)}
    ours = {r.der for r in lab.authority.ledger.certificates.values() if r.profile}
    for token in lab.card.tokens:
        token.objects[:] = [o for o in token.objects if o.value not in ours]
    lab.computer = "A"
    assert isinstance(lab.run("restore"), PointOfNoReturnError)
    for place, token in enumerate(lab.card.tokens):
        token.objects[:] = before[place]
    lab.computer = "B"
    lab.mend()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_keys_of_another_computer_are_not_destroyed_before_the_old_certificate_was_asked_about(tmp_path: Path) -> None:
    """Whoever cannot be asked leaves only one way; once asked, an order that nobody sent can be undone."""
    lab = Lab(tmp_path, faults=at("order"))
    lab.run("upgrade")
    lab.lose_journal()
    lab.mend()
    lab.authority.ledger.policy.unreachable = True
    assert isinstance(lab.run("restore"), AuthorityUnreachableError)
    lab.mend()
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD


def test_a_signer_that_is_revoked_undoes_nothing_by_itself(tmp_path: Path) -> None:
    """Whatever the status service says: the authority itself has said that the old certificate is retired."""
    lab = Lab(tmp_path, faults=at("destroy"))
    lab.run("upgrade")
    lab.lose_journal()
    lab.mend()
    told(lab, lambda c: CertificateState.GOOD if c.is_ca or c.der in lab.case.old else CertificateState.UNKNOWN)
    refused = lab.run("resume")
    assert isinstance(refused, AuthorityRefusedError)
    assert "certRevoked" in refused.fail_info
    assert lab.identity_works()


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("action", ["resume", "restore"])
def test_a_confirmation_that_is_refused_leaves_both_ways_open(action: str, number: int, tmp_path: Path) -> None:
    """A wrong clock, say. Its bytes are not sent again; the status tells in the end that nobody heard it."""
    lab = Lab(tmp_path, faults=at("confirm", number, Failure.REFUSED))
    assert isinstance(lab.run("upgrade"), AuthorityRefusedError)
    assert lab.identity_works()
    lab.mend()
    if number == 1:
        lab.wait(minutes=11)
    ended = lab.run(action)
    if number == 1 and action == "restore":
        assert ended is Outcome.RESTORED
        assert lab.end() == OLD
        return
    assert isinstance(ended, PointOfNoReturnError) == (action == "restore")
    lab.mend()
    assert ended is Outcome.UPGRADED or lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert not lab.wrong()
