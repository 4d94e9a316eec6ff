"""The simulated authority where it does what it should, and every fault at every message to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sithsup.ca import trust
from sithsup.certificate import Certificate
from sithsup.errors import (
    AnswerUntrustedError,
    AuthorityBusyError,
    AuthorityError,
    AuthorityRefusedError,
    AuthorityUnreachableError,
    TransactionUnknownError,
)
from sithsup.model import CertificateState, KeyRole, MessageKind, ObjectKind, Waiting
from sithsup.sim.authority import SimulatedAuthority
from sithsup.sim.case import CONFIRM_WAIT
from sithsup.sim.faults import (
    AUTHORITY_FAILURES,
    AUTHORITY_VERBS,
    Failure,
    Fault,
    Faults,
    Mishap,
    ProcessKilled,
    When,
    mishaps,
)
from sithsup.sim.ledger import Ledger, RecordState, Retire
from sithsup.sim.messages import Protected
from sithsup.sim.pki import PROFILES
from tests.sim.bench import NOW, Bench
from tests.support.orders import issued_by

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sithsup.model import Issued, Message, Signer

AUTH = KeyRole.AUTHENTICATION


@pytest.fixture
def bench() -> Bench:
    """An ordinary card with both tokens open, and its authority."""
    bench = Bench.make()
    bench.log_in()
    return bench


def serial(certificate: bytes) -> int:
    return Certificate.parse(certificate).serial_number


def state(bench: Bench, certificate: bytes) -> RecordState:
    return bench.authority.ledger.state(serial(certificate))


def told(bench: Bench, issued: Issued) -> CertificateState:
    return bench.authority.status(issued.certificate, issued.extra_certificates[0]).state


class TestQuery:
    @pytest.mark.parametrize("reason", ["ELIGIBLE", "NOT_IN_HSA"])
    def test_permission_is_what_the_policy_says(self, bench: Bench, reason: str) -> None:
        """At the authority's own time."""
        bench.authority.ledger.policy.permission = reason
        answer = bench.authority.query(bench.case.person.card_number, bench.signer())
        assert (answer.reason, answer.at) == (reason, NOW)

    def test_another_card_gets_no_permission(self, bench: Bench) -> None:
        """The number asked for must be the signer's own."""
        assert bench.authority.query("9752000999999999999", bench.signer()).reason == "CARD_NUMBERS_DISAGREE"


class TestOrder:
    @pytest.mark.parametrize("name", PROFILES)
    def test_a_certificate_belongs_on_the_card(self, bench: Bench, name: str) -> None:
        """`ca.trust` finds nothing against it, as it judges real ones."""
        _, issued = bench.ordered(name)
        target = bench.target(name)
        public = bench.find(target.role, ObjectKind.PUBLIC_KEY, name.encode())
        found = trust.mismatches(
            issued.certificate,
            public_key=public.value,
            target=target,
            known=tuple(Certificate.parse(der) for der in bench.case.old),
            chain=issued.extra_certificates,
            anchors=bench.case.campaign.anchors,
            at=issued.at,
        )
        assert found == ()
        assert issued.confirm_by == NOW + CONFIRM_WAIT

    def test_the_same_bytes_get_the_same_answer(self, bench: Bench) -> None:
        """However often, and no second certificate is issued."""
        order, issued = bench.ordered()
        count = len(bench.authority.ledger.certificates)
        assert bench.authority.order(order) == issued
        assert len(bench.authority.ledger.certificates) == count

    def test_a_journalled_answer_is_checked_as_it_was(self, bench: Bench) -> None:
        """Without a message; and never as the answer to another order."""
        order, issued = bench.ordered()
        bench.authority.ledger.policy.unreachable = True
        assert bench.authority.read_issued(order, issued.answer) == issued
        other = bench.compose(bench.target(), b"hsa-id-authentication")
        with pytest.raises(AnswerUntrustedError):
            bench.authority.read_issued(other, issued.answer)

    def test_a_new_order_for_the_same_key_is_another_certificate(self, bench: Bench) -> None:
        """While the first one waits."""
        _, first = bench.ordered()
        second = issued_by(bench.authority, bench.compose(bench.target(), b"hsa-id-authentication"))
        assert serial(first.certificate) != serial(second.certificate)
        assert Certificate.parse(first.certificate).public_key == Certificate.parse(second.certificate).public_key

    def test_one_transaction_is_one_order(self, bench: Bench) -> None:
        """The same transaction in other bytes is refused."""
        bench.generate(AUTH, b"k")
        order = bench.compose(bench.target(), b"k")
        bench.authority.order(order)
        again = replace(order, der=order.der.replace(b'"signature"', b' "signature"'))
        check_refused(lambda: bench.authority.order(again), "transactionIdInUse")

    def test_the_key_must_prove_its_possession(self, bench: Bench) -> None:
        """A signature by another key is no proof."""
        public = bench.generate(AUTH, b"k")
        signer, old = bench.signer(), Certificate.parse(bench.case.old[0])
        order = bench.authority.compose_order(bench.target(), old, public, signer.sign, signer)
        check_refused(lambda: bench.authority.order(order), "badPOP")

    def test_the_protection_must_verify(self, bench: Bench) -> None:
        """A signature by another key than the signer's."""
        bench.generate(AUTH, b"k")
        wrong = bench.token.objects(bench.token_id(KeyRole.SIGNATURE))[0]
        check_signer(bench, replace(bench.signer(), sign=lambda data: bench.token.sign(wrong, data)), "badMessageCheck")

    def test_a_signature_certificate_protects_nothing(self, bench: Bench) -> None:
        """Protection is for the authentication key."""
        key = bench.old_key(KeyRole.SIGNATURE)
        signer = replace(bench.signer(), certificate=bench.case.old[1], sign=lambda data: bench.token.sign(key, data))
        check_signer(bench, signer, "signerNotTrusted")

    def test_a_stranger_is_not_trusted(self, bench: Bench) -> None:
        """A certificate of somebody whom this authority does not know."""
        stranger = Bench.make(number=2)
        stranger.log_in()
        check_signer(bench, stranger.signer(), "signerNotTrusted")

    def test_an_expired_signer_is_not_trusted(self, bench: Bench) -> None:
        """The old certificate's own time is up."""
        bench.later(days=4 * 365)
        check_signer(bench, bench.signer(), "signerNotTrusted")

    def test_an_ineligible_card_gets_nothing(self, bench: Bench) -> None:
        """The reason is told."""
        bench.authority.ledger.policy.permission = "NOT_HANDED_OUT"
        check_signer(bench, bench.signer(), "notAuthorized")

    def test_a_profile_of_another_issuer_is_refused(self, bench: Bench) -> None:
        """Profile and issuer belong together."""
        bench.generate(AUTH, b"k")
        order = bench.compose(replace(bench.target(), issuer="SIM nobody"), b"k")
        check_refused(lambda: bench.authority.order(order), "badCertTemplate")


class TestConfirm:
    def test_a_confirmed_certificate_is_good(self, bench: Bench) -> None:
        """Before, nobody knows it."""
        order, issued = bench.ordered()
        assert (told(bench, issued), state(bench, issued.certificate)) == (
            CertificateState.UNKNOWN,
            RecordState.ISSUED,
        )
        answer = bench.confirm(order, issued)
        assert (answer.kind, answer.transaction) == (MessageKind.CONFIRMED, order.transaction)
        assert (told(bench, issued), state(bench, issued.certificate)) == (
            CertificateState.GOOD,
            RecordState.CONFIRMED,
        )
        assert issued.certificate in bench.authority.ledger.valid_certificates()

    def test_confirming_again_changes_nothing(self, bench: Bench) -> None:
        """The same bytes get the same bytes; new bytes are acknowledged too."""
        order, issued = bench.ordered()
        composed = bench.authority.compose_confirmation(order, issued, bench.signer(), accept=True)
        assert bench.authority.confirm(composed) == bench.authority.confirm(composed)
        bench.confirm(order, issued)
        assert state(bench, issued.certificate) is RecordState.CONFIRMED

    def test_a_rejected_certificate_is_revoked(self, bench: Bench) -> None:
        """With its time; its transaction is over, and the same bytes are still answered."""
        order, issued = bench.ordered()
        composed = bench.authority.compose_confirmation(order, issued, bench.signer(), accept=False)
        assert bench.authority.confirm(composed).kind is MessageKind.REJECTED
        status = bench.authority.status(issued.certificate, issued.extra_certificates[0])
        assert (status.state, status.revoked_at) == (CertificateState.REVOKED, NOW)
        bench.authority.confirm(composed)
        with pytest.raises(TransactionUnknownError):
            bench.confirm(order, issued)

    def test_what_was_confirmed_is_not_rejected(self, bench: Bench) -> None:
        """It stays as it is."""
        order, issued = bench.ordered()
        bench.confirm(order, issued)
        check_refused(lambda: bench.confirm(order, issued, accept=False), "certConfirmed")
        assert state(bench, issued.certificate) is RecordState.CONFIRMED

    def test_after_the_deadline_the_authority_has_revoked(self, bench: Bench) -> None:
        """At the deadline itself it has not."""
        order, issued = bench.ordered()
        late = bench.compose(bench.target(), b"hsa-id-authentication")
        bench.later(seconds=CONFIRM_WAIT.total_seconds())
        late_issued = issued_by(bench.authority, late)
        assert told(bench, issued) is CertificateState.UNKNOWN
        bench.later(seconds=1)
        assert told(bench, issued) is CertificateState.REVOKED
        for accept in (True, False):
            with pytest.raises(TransactionUnknownError):
                bench.confirm(order, issued, accept=accept)
        bench.confirm(late, late_issued)

    def test_a_confirmed_certificate_outlives_the_deadline(self, bench: Bench) -> None:
        """The deadline is for what nobody confirmed."""
        order, issued = bench.ordered()
        bench.confirm(order, issued)
        bench.later(days=1)
        assert told(bench, issued) is CertificateState.GOOD

    def test_a_transaction_that_never_was_is_unknown(self, bench: Bench) -> None:
        """It must be ordered again."""
        order, issued = bench.ordered()
        with pytest.raises(TransactionUnknownError):
            bench.confirm(replace(order, transaction=bytes(16)), issued)

    def test_somebody_elses_transaction_is_unknown(self, bench: Bench) -> None:
        """To a holder of another card that the authority knows as well."""
        order, issued = bench.ordered()
        other = Bench.make(number=2)
        other.log_in()
        bench.authority.ledger.enrol(other.case.person, other.case.old)
        composed = bench.authority.compose_confirmation(order, issued, other.signer(), accept=True)
        with pytest.raises(TransactionUnknownError):
            bench.authority.confirm(composed)
        assert state(bench, issued.certificate) is RecordState.ISSUED

    def test_the_certificate_of_the_transaction_is_meant(self, bench: Bench) -> None:
        """Confirming another one confirms nothing."""
        order, issued = bench.ordered()
        other = replace(issued, certificate=bench.case.old[0])
        check_refused(lambda: bench.confirm(order, other), "badCertId")
        assert state(bench, issued.certificate) is RecordState.ISSUED

    def test_a_newer_certificate_supersedes_the_older(self, bench: Bench) -> None:
        """One is good for each card and profile."""
        first_order, first = bench.ordered()
        bench.confirm(first_order, first)
        second_order = bench.compose(bench.target(), b"hsa-id-authentication")
        second = issued_by(bench.authority, second_order)
        bench.confirm(second_order, second)
        assert (told(bench, first), told(bench, second)) == (CertificateState.REVOKED, CertificateState.GOOD)


class TestPolicy:
    def upgrade(self, bench: Bench, retire: Retire) -> list[bool]:
        """Confirm all four; after each, tell whether the old certificates are still valid."""
        bench.authority.ledger.policy.retire = retire
        orders = [(name, *bench.ordered(name)) for name in PROFILES]
        valid = []
        for _, order, issued in orders:
            bench.confirm(order, issued)
            valid.append(set(bench.case.old) <= set(bench.authority.ledger.valid_certificates()))
        return valid

    def test_old_certificates_end_with_the_last_confirmation(self, bench: Bench) -> None:
        """The ordinary way."""
        assert self.upgrade(bench, Retire.LAST) == [True, True, True, False]

    def test_old_certificates_may_end_with_the_first(self, bench: Bench) -> None:
        """Orders that were made before can still be confirmed by the old key; new ones cannot be made."""
        assert self.upgrade(bench, Retire.FIRST) == [False, False, False, False]
        check_signer(bench, bench.signer(), "certRevoked")

    def test_old_certificates_may_stay(self, bench: Bench) -> None:
        """Where somebody else revokes them."""
        assert self.upgrade(bench, Retire.NEVER) == [True, True, True, True]

    def test_implicit_confirmation(self, bench: Bench) -> None:
        """Good as it is issued, without a deadline; confirming and even rejecting it are still answered."""
        bench.authority.ledger.policy.implicit_confirm = True
        order, issued = bench.ordered()
        assert issued.confirm_by is None
        assert told(bench, issued) is CertificateState.GOOD
        bench.confirm(order, issued)
        bench.later(days=1)
        assert told(bench, issued) is CertificateState.GOOD
        bench.confirm(order, issued, accept=False)
        assert told(bench, issued) is CertificateState.REVOKED

    def test_the_status_service_may_say_good_too_early(self, bench: Bench) -> None:
        """As some do; the ledger knows better."""
        bench.authority.ledger.policy.unconfirmed_is_good = True
        _, issued = bench.ordered()
        assert told(bench, issued) is CertificateState.GOOD
        assert state(bench, issued.certificate) is RecordState.ISSUED

    def test_busy_says_when_to_come_back(self, bench: Bench) -> None:
        """And nothing is done until then."""
        bench.authority.ledger.policy.busy = 90.0
        with pytest.raises(AuthorityBusyError) as caught:
            bench.ordered()
        assert caught.value.retry_after == 90.0
        assert not bench.authority.ledger.transactions
        bench.authority.ledger.policy.busy = None
        bench.authority.order(bench.compose(bench.target(), b"hsa-id-authentication"))

    def test_out_of_reach_until_it_is_not(self, bench: Bench) -> None:
        """Nothing arrives."""
        bench.authority.ledger.policy.unreachable = True
        with pytest.raises(AuthorityUnreachableError):
            bench.ordered()
        assert not bench.authority.ledger.transactions


class TestStatus:
    def test_old_and_authority_certificates_are_good(self, bench: Bench) -> None:
        """And what was never issued is unknown."""
        _, issued = bench.ordered()
        issuer, root = issued.extra_certificates
        assert bench.authority.status(issuer, root).state is CertificateState.GOOD
        assert bench.authority.status(bench.case.old[0], root).state is CertificateState.GOOD
        assert bench.authority.status(b"no certificate", root).state is CertificateState.UNKNOWN


def test_the_ledger_outlives_its_process(bench: Bench, tmp_path: Path) -> None:
    """Saved and loaded: the same answer to the same bytes, and the transaction can be confirmed."""
    order, issued = bench.ordered()
    bench.authority.ledger.save(tmp_path / "ledger.json")
    ledger = Ledger.load(tmp_path / "ledger.json")
    assert ledger == bench.authority.ledger
    bench.authority = SimulatedAuthority(ledger, lambda: bench.now)
    assert bench.authority.order(order) == issued
    bench.confirm(order, issued)
    assert state(bench, issued.certificate) is RecordState.CONFIRMED


def test_with_a_path_every_message_is_on_disk(bench: Bench, tmp_path: Path) -> None:
    """Whenever the process ends."""
    path = tmp_path / "ledger.json"
    bench.authority = SimulatedAuthority(bench.authority.ledger, lambda: bench.now, path=path)
    bench.ordered()
    assert Ledger.load(path) == bench.authority.ledger


def test_an_answer_that_somebody_else_signed_is_not_trusted(bench: Bench) -> None:
    """However well: only a certificate under the campaign's anchor answers for the authority."""
    order, issued = bench.ordered()
    body = Protected.from_bytes(issued.answer.der).body
    signer = bench.signer()
    forged = Protected(body=body, signature=signer.sign(body), certificate=signer.certificate).to_bytes()
    with pytest.raises(AnswerUntrustedError) as caught:
        bench.authority.read_issued(order, replace(issued.answer, der=forged))
    assert caught.value.values == {"check": "path"}


# ------------------------------------------------------------------------------------------------------- faults

FORGETS = {Failure.AUTHORITY_RESTARTED, Failure.WAIT_OVER}
MESSAGES = [(verb, m) for verb in sorted(AUTHORITY_VERBS) for m in mishaps(verb) if m.failure not in FORGETS]
ARRIVES = {Failure.ANSWER_LOST, Failure.DELIVERED_TWICE, Failure.GARBAGE, *FORGETS}
ERRORS: dict[Failure, type[BaseException]] = {
    Failure.REQUEST_LOST: AuthorityUnreachableError,
    Failure.ANSWER_LOST: AuthorityUnreachableError,
    Failure.ANSWERED_LATE: AuthorityUnreachableError,
    Failure.OUT_OF_REACH: AuthorityUnreachableError,
    Failure.GARBAGE: AnswerUntrustedError,
    Failure.REFUSED: AuthorityRefusedError,
    Failure.TURNED_AWAY: AuthorityBusyError,
    Failure.PROCESS_KILLED: ProcessKilled,
}


class Conversation:
    """A bench before a message, the message, and how to send it (again)."""

    def __init__(self, verb: str) -> None:
        self.bench = Bench.make()
        order, issued = self.bench.ordered()
        signer = self.bench.signer()
        fresh = self.bench.compose(self.bench.target("hsa-id-authentication"), b"hsa-id-authentication")
        accept = self.bench.authority.compose_confirmation(order, issued, signer, accept=True)
        number = self.bench.case.person.card_number
        authority = self.bench.authority
        revocation = authority.compose_revocation(Certificate.parse(self.bench.case.old[1]), signer)
        self.send: Callable[[], object] = {
            "query": lambda: authority.query(number, signer),
            "order": lambda: authority.order(fresh),
            "confirm": lambda: authority.confirm(accept),
            "revoke": lambda: authority.revoke(revocation),
            "status": lambda: authority.status(issued.certificate, issued.extra_certificates[0]),
        }[verb]
        self.before = self.effects()

    def strike(self, verb: str, mishap: Mishap) -> BaseException | None:
        """Send the message under a fault, and tell what was raised."""
        self.bench.script(Faults(Fault(mishap, verbs=frozenset({verb}))))
        try:
            self.send()
        except (AuthorityError, ProcessKilled) as error:
            return error
        return None

    def effects(self) -> tuple[tuple[int, ...], int]:
        """How many certificates stand how, and how many transactions there are."""
        ledger = self.bench.authority.ledger
        states = [record.state for record in ledger.certificates.values()]
        return tuple(states.count(state) for state in RecordState), len(ledger.transactions)


@pytest.mark.parametrize(("verb", "mishap"), MESSAGES, ids=str)
def test_each_failure_is_told_in_its_own_way(verb: str, mishap: Mishap) -> None:
    """A message that is delivered twice is answered as if it were one."""
    raised = Conversation(verb).strike(verb, mishap)
    assert (type(raised) if raised else None) is ERRORS.get(mishap.failure)


@pytest.mark.parametrize(("verb", "mishap"), MESSAGES, ids=str)
def test_each_failure_has_the_whole_effect_or_none(verb: str, mishap: Mishap) -> None:
    """Once, even for a message that arrives twice."""
    talk, twin = Conversation(verb), Conversation(verb)
    if mishap.failure in ARRIVES or mishap.when is When.AFTER:
        twin.send()
    talk.strike(verb, mishap)
    assert talk.effects() == twin.effects()
    assert (twin.effects() != twin.before) is (
        verb in {"order", "confirm", "revoke"} and (mishap.failure in ARRIVES or mishap.when is When.AFTER)
    )


@pytest.mark.parametrize(("verb", "mishap"), MESSAGES, ids=str)
def test_the_same_message_again_is_answered_as_if_nothing_had_been(verb: str, mishap: Mishap) -> None:
    """Once the way is free and the client lives, and with one effect in all."""
    talk, twin = Conversation(verb), Conversation(verb)
    twin.send()
    talk.strike(verb, mishap)
    talk.bench.authority.ledger.policy.unreachable = False
    talk.bench.script(Faults())
    talk.send()
    assert talk.effects() == twin.effects()


@pytest.mark.parametrize(
    ("failure", "times"),
    [(failure, {Failure.DELIVERED_TWICE: 2}.get(failure, int(failure in ARRIVES))) for failure in AUTHORITY_FAILURES],
)
def test_a_message_reaches_the_authority_as_often_as_it_says(
    failure: Failure, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost: never. Twice: twice."""
    talk, heard = Conversation("order"), list[bytes]()
    answer = talk.bench.authority._registry.answer

    def listen(request: bytes) -> bytes:
        heard.append(request)
        return answer(request)

    monkeypatch.setattr(talk.bench.authority._registry, "answer", listen)
    talk.strike("order", Mishap(failure))
    assert len(heard) == times


def test_a_late_message_is_acted_on_before_the_next() -> None:
    """The client gave the order up; the authority did not: the next question finds it done."""
    bench = Bench.make()
    bench.log_in()
    bench.generate(AUTH, b"k")
    bench.script(Faults(Fault(Mishap(Failure.ANSWERED_LATE), verbs=frozenset({"order"}))))
    with pytest.raises(AuthorityUnreachableError):
        bench.authority.order(bench.compose(bench.target(), b"k"))
    assert not bench.authority.ledger.transactions
    bench.authority.query(bench.case.person.card_number, bench.signer())
    assert len(bench.authority.ledger.transactions) == 1


@pytest.mark.parametrize(("failure", "is_kept"), [(Failure.WAIT_OVER, True), (Failure.AUTHORITY_RESTARTED, False)])
def test_an_authority_that_gave_up_revokes_what_it_issued(failure: Failure, is_kept: bool) -> None:
    """Its transaction is unknown from then on; only one that starts anew forgets what it was still to issue."""
    talk = Conversation("confirm")
    talk.bench.authority.ledger.policy.polls = 1
    waiting = talk.bench.authority.order(talk.bench.compose(talk.bench.target(), b"hsa-id-authentication"))
    assert isinstance(waiting, Waiting)
    raised = talk.strike("confirm", Mishap(failure))
    assert isinstance(raised, TransactionUnknownError)
    assert not [r for r in talk.bench.authority.ledger.certificates.values() if r.state is RecordState.ISSUED]
    assert bool(talk.bench.authority.ledger.unready) is is_kept


def test_out_of_reach_lasts() -> None:
    """Until somebody mends it."""
    bench = Bench.make()
    bench.log_in()
    bench.script(Faults(Fault(Mishap(Failure.OUT_OF_REACH), verbs=frozenset({"query"}))))
    for _ in range(2):
        with pytest.raises(AuthorityUnreachableError):
            bench.authority.query(bench.case.person.card_number, bench.signer())
    bench.authority.ledger.policy.unreachable = False
    bench.authority.query(bench.case.person.card_number, bench.signer())


def check_refused(call: Callable[[], object], fail_info: str) -> None:
    """The authority refuses, for this reason."""
    with pytest.raises(AuthorityRefusedError) as caught:
        call()
    assert caught.value.fail_info == {fail_info}


def check_signer(bench: Bench, signer: Signer, fail_info: str) -> None:
    """The authority refuses an order that is whole but for who protects it."""
    public = bench.generate(AUTH, b"checked")
    private = bench.find(AUTH, ObjectKind.PRIVATE_KEY, b"checked")
    old = Certificate.parse(bench.case.old[0])
    order: Message = bench.authority.compose_order(
        bench.target(), old, public, lambda data: bench.token.sign(private, data), signer
    )
    check_refused(lambda: bench.authority.order(order), fail_info)
