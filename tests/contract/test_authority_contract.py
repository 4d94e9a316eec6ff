"""What every `Authority` keeps to, whichever way it is reached."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from sithsup.ca import trust
from sithsup.certificate import Certificate
from sithsup.errors import (
    AnswerUntrustedError,
    AuthorityRefusedError,
    AuthorityUnreachableError,
    TransactionUnknownError,
)
from sithsup.model import CertificateState, Issued, Message, MessageKind, RequestBody, Waiting
from tests.contract.authorities import AUTHORITIES, Bench, NewKey
from tests.support.orders import issued_by

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.ca.authority import Authority
    from sithsup.model import Target

LATE = timedelta(hours=1)


@pytest.fixture(params=AUTHORITIES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Each authority, with one old card that it knows."""
    with AUTHORITIES[request.param](tmp_path / "authority") as bench:
        yield bench


@pytest.fixture(params=AUTHORITIES)
def slow(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Each authority, with one old card, whose orders are not ready at once."""
    with AUTHORITIES[request.param](tmp_path / "authority", is_slow=True) as bench:
        yield bench


@pytest.fixture
def authority(bench: Bench) -> Authority:
    """A client."""
    return bench.start()


@pytest.fixture
def target(bench: Bench) -> Target:
    """One of the targets; which one does not matter."""
    return bench.targets[0]


class TestAuthority:
    """The contract."""

    def state(self, bench: Bench, authority: Authority, certificate: bytes) -> CertificateState:
        return authority.status(certificate, bench.issuer(certificate)).state

    def ordered(self, bench: Bench, authority: Authority, target: Target) -> tuple[Message, Issued]:
        order = bench.compose(authority, target, NewKey())
        return order, issued_by(authority, order)

    def confirmation(
        self, bench: Bench, authority: Authority, target: Target, *, accept: bool
    ) -> tuple[Message, Issued]:
        order, issued = self.ordered(bench, authority, target)
        return authority.compose_confirmation(order, issued, bench.signer, accept=accept), issued

    # ---------------------------------------------------------------------------------------- asking

    @pytest.mark.parametrize("reason", ["ELIGIBLE", "NOT_IN_HSA", "NOT_HANDED_OUT"])
    def test_the_query_gives_the_reason_and_the_authoritys_time(
        self, bench: Bench, authority: Authority, reason: str
    ) -> None:
        """Whether the card may be upgraded, by the authority's own clock."""
        bench.permit(reason)
        permission = authority.query(bench.card_number, bench.signer)
        assert permission.reason == reason
        assert abs(permission.at - bench.clock()) < timedelta(seconds=1)

    # -------------------------------------------------------------------------------------- ordering

    def test_every_target_is_issued_as_ordered(self, bench: Bench, authority: Authority) -> None:
        """For each target a certificate for the given key, which belongs on the card as `ca.trust` sees it."""
        for target in bench.targets:
            key = NewKey()
            issued = issued_by(authority, bench.compose(authority, target, key))
            reasons = trust.mismatches(
                issued.certificate,
                public_key=key.public_key,
                target=target,
                known=(bench.old,),
                chain=issued.extra_certificates,
                anchors=bench.issuers[-1:],
                at=issued.at,
            )
            assert reasons == ()

    def test_the_answer_tells_how_long_the_authority_waits(
        self, bench: Bench, authority: Authority, target: Target
    ) -> None:
        """The time to confirm until lies after the authority's time."""
        _, issued = self.ordered(bench, authority, target)
        assert abs(issued.at - bench.clock()) < timedelta(seconds=1)
        assert issued.confirm_by is not None
        assert timedelta(0) < issued.confirm_by - issued.at <= LATE

    def test_an_order_names_its_transaction(self, bench: Bench, authority: Authority, target: Target) -> None:
        """Order and answer belong to one transaction, and no two orders to the same."""
        first, issued = self.ordered(bench, authority, target)
        second = bench.compose(authority, target, NewKey())
        assert (first.kind, issued.answer.kind) == (MessageKind.ORDER, MessageKind.ISSUED)
        assert first.transaction == issued.answer.transaction != second.transaction

    def test_the_same_order_again_gives_the_same_certificate(
        self, bench: Bench, authority: Authority, target: Target
    ) -> None:
        """A lost answer is fetched by repeating the question, also by a process that knows only the bytes."""
        order, issued = self.ordered(bench, authority, target)
        assert authority.order(order) == issued
        assert bench.start().order(order) == issued

    def test_a_journalled_answer_is_read_again(self, bench: Bench, authority: Authority, target: Target) -> None:
        """Nothing need be sent: the line may be cut."""
        order, issued = self.ordered(bench, authority, target)
        bench.cut()
        assert bench.start().read_issued(order, issued.answer) == issued

    def test_a_changed_or_foreign_answer_is_not_read(self, bench: Bench, authority: Authority, target: Target) -> None:
        """The journal is not believed more than the line."""
        order, issued = self.ordered(bench, authority, target)
        der = issued.answer.der
        for place in (len(der) // 4, len(der) // 2):
            changed = der[:place] + bytes([der[place] ^ 1]) + der[place + 1 :]
            with pytest.raises(AnswerUntrustedError):
                authority.read_issued(order, Message(MessageKind.ISSUED, order.transaction, changed))
        with pytest.raises(AnswerUntrustedError):
            authority.read_issued(bench.compose(authority, target, NewKey()), issued.answer)

    def test_a_refusal_is_a_refusal(self, bench: Bench, authority: Authority, target: Target) -> None:
        """What the authority does not grant comes back with its reason, and trying again cannot help."""
        bench.permit("NOT_IN_HSA")
        with pytest.raises(AuthorityRefusedError) as caught:
            self.ordered(bench, authority, target)
        assert caught.value.fail_info == {"notAuthorized"}
        assert "NOT_IN_HSA" in str(caught.value.values["reason"])
        assert caught.value.final

    def test_possession_must_be_proven(self, bench: Bench, authority: Authority, target: Target) -> None:
        """A signature by another key than the one to be certified proves nothing."""
        key, other = NewKey(), NewKey()
        order = authority.compose_order(target, bench.old, key.public_key, other.sign, bench.signer)
        with pytest.raises(AuthorityRefusedError) as caught:
            authority.order(order)
        assert caught.value.fail_info == {"badPOP"}

    def test_several_orders_at_once(self, bench: Bench, authority: Authority) -> None:
        """Each of many orders in as many threads gets the certificate for its own key."""
        keys = [NewKey() for _ in range(2 * len(bench.targets))]
        orders = [bench.compose(authority, target, key) for target, key in zip(bench.targets * 2, keys, strict=True)]
        with ThreadPoolExecutor(len(orders)) as pool:
            answers = list(pool.map(partial(issued_by, authority), orders))
        found = [Certificate.parse(issued.certificate).public_key for issued in answers]
        assert found == [key.public_key for key in keys]

    @pytest.mark.parametrize("body", RequestBody)
    def test_every_kind_of_order_is_issued_and_confirmed(
        self, bench: Bench, authority: Authority, target: Target, body: RequestBody
    ) -> None:
        """Whatever a campaign asks for, the certificate is the same, and so is its confirmation."""
        key = NewKey()
        order = bench.compose(authority, replace(target, body=body), key)
        issued = issued_by(authority, order)
        assert Certificate.parse(issued.certificate).public_key == key.public_key
        accepted = authority.compose_confirmation(order, issued, bench.signer, accept=True)
        assert authority.confirm(accepted).kind is MessageKind.CONFIRMED
        assert self.state(bench, authority, issued.certificate) is CertificateState.GOOD

    # --------------------------------------------------------------------------------------- polling

    @pytest.mark.parametrize("body", RequestBody)
    def test_what_is_not_ready_is_polled_for_until_it_is(self, slow: Bench, body: RequestBody) -> None:
        """The authority says when to ask again; any process may ask that knows the last answer."""
        target, key = replace(slow.targets[0], body=body), NewKey()
        order = slow.compose(slow.start(), target, key)
        asked, answer, polls = order, slow.start().order(order), 0
        while isinstance(answer, Waiting):
            assert (answer.answer.kind, answer.answer.transaction) == (MessageKind.WAITING, order.transaction)
            slow.clock.now += timedelta(seconds=answer.check_after)
            asked, polls = slow.start().compose_poll(answer.answer, slow.signer), polls + 1
            assert (asked.kind, asked.transaction) == (MessageKind.POLL, order.transaction)
            answer = slow.start().order(asked)
        assert polls >= 2
        assert Certificate.parse(answer.certificate).public_key == key.public_key
        assert slow.start().read_issued(asked, answer.answer) == answer
        accepted = slow.start().compose_confirmation(order, answer, slow.signer, accept=True)
        assert slow.start().confirm(accepted).kind is MessageKind.CONFIRMED

    def test_a_lost_answer_to_a_poll_is_fetched_by_the_same_bytes(self, slow: Bench) -> None:
        """Also when it was the certificate that was lost."""
        authority = slow.start()
        waiting = authority.order(slow.compose(authority, slow.targets[0], NewKey()))
        assert isinstance(waiting, Waiting)
        slow.clock.now += LATE
        poll = authority.compose_poll(waiting.answer, slow.signer)
        first = authority.order(poll)
        if isinstance(first, Waiting):  # the simulator counts polls, not time
            poll = authority.compose_poll(first.answer, slow.signer)
            first = authority.order(poll)
        assert isinstance(first, Issued)
        assert slow.start().order(poll) == first

    def test_a_poll_of_what_was_never_ordered_is_refused(self, slow: Bench) -> None:
        """Nobody waits for it."""
        authority = slow.start()
        waiting = authority.order(slow.compose(authority, slow.targets[0], NewKey()))
        assert isinstance(waiting, Waiting)
        unsent = replace(waiting.answer, transaction=b"0123456789abcdef")
        with pytest.raises((TransactionUnknownError, AuthorityRefusedError)):
            authority.order(authority.compose_poll(unsent, slow.signer))

    # -------------------------------------------------------------------------------------- revoking

    def test_a_revoked_certificate_is_revoked(self, bench: Bench, authority: Authority, target: Target) -> None:
        """For good, at the authority's time; the same bytes are acknowledged again."""
        confirmation, issued = self.confirmation(bench, authority, target, accept=True)
        authority.confirm(confirmation)
        message = authority.compose_revocation(Certificate.parse(issued.certificate), bench.signer)
        assert message.kind is MessageKind.REVOKE
        answer = authority.revoke(message)
        assert (answer.kind, answer.transaction) == (MessageKind.REVOKED, message.transaction)
        assert bench.start().revoke(message).kind is MessageKind.REVOKED
        status = authority.status(issued.certificate, bench.issuer(issued.certificate))
        assert status.state is CertificateState.REVOKED

    def test_what_was_revoked_is_said_to_be_so(self, bench: Bench, authority: Authority, target: Target) -> None:
        """In other words, by a program that lost its journal."""
        confirmation, issued = self.confirmation(bench, authority, target, accept=True)
        authority.confirm(confirmation)
        certificate = Certificate.parse(issued.certificate)
        authority.revoke(authority.compose_revocation(certificate, bench.signer))
        with pytest.raises(AuthorityRefusedError) as caught:
            authority.revoke(authority.compose_revocation(certificate, bench.signer))
        assert caught.value.fail_info == {"certRevoked"}

    def test_the_certificate_that_signs_is_revoked_too(self, bench: Bench, authority: Authority) -> None:
        """Its acknowledgement comes all the same, and again."""
        message = authority.compose_revocation(bench.old, bench.signer)
        for _ in range(2):
            assert authority.revoke(message).kind is MessageKind.REVOKED

    # ------------------------------------------------------------------------------------ confirming

    def test_a_confirmed_certificate_is_good(self, bench: Bench, authority: Authority, target: Target) -> None:
        """Unknown before the confirmation, good after it, by the authority's time."""
        confirmation, issued = self.confirmation(bench, authority, target, accept=True)
        assert confirmation.kind is MessageKind.CONFIRM
        assert self.state(bench, authority, issued.certificate) is CertificateState.UNKNOWN
        answer = authority.confirm(confirmation)
        assert (answer.kind, answer.transaction) == (MessageKind.CONFIRMED, confirmation.transaction)
        status = authority.status(issued.certificate, bench.issuer(issued.certificate))
        assert (status.state, status.revoked_at) == (CertificateState.GOOD, None)
        assert abs(status.at - bench.clock()) < timedelta(seconds=1)

    def test_a_confirmation_again_is_confirmed_again(self, bench: Bench, authority: Authority, target: Target) -> None:
        """A lost acknowledgement is fetched by the same bytes, by this process or another, at any time after."""
        confirmation, issued = self.confirmation(bench, authority, target, accept=True)
        answer = authority.confirm(confirmation)
        assert authority.confirm(confirmation).kind is answer.kind
        bench.clock.now += LATE
        assert bench.start().confirm(confirmation).kind is MessageKind.CONFIRMED
        assert self.state(bench, authority, issued.certificate) is CertificateState.GOOD

    def test_a_certificate_confirmed_in_other_words_stays_confirmed(
        self, bench: Bench, authority: Authority, target: Target
    ) -> None:
        """A journal that lost the first confirmation composes another: done already is done."""
        order, issued = self.ordered(bench, authority, target)
        for _ in range(2):
            message = authority.compose_confirmation(order, issued, bench.signer, accept=True)
            assert authority.confirm(message).kind is MessageKind.CONFIRMED
        assert self.state(bench, authority, issued.certificate) is CertificateState.GOOD

    def test_a_rejected_certificate_is_not_good(self, bench: Bench, authority: Authority, target: Target) -> None:
        """The rejection is acknowledged, again for the same bytes, and the certificate is dead."""
        rejection, issued = self.confirmation(bench, authority, target, accept=False)
        assert rejection.kind is MessageKind.REJECT
        assert authority.confirm(rejection).kind is MessageKind.REJECTED
        assert authority.confirm(rejection).kind is MessageKind.REJECTED
        status = authority.status(issued.certificate, bench.issuer(issued.certificate))
        assert status.state is CertificateState.REVOKED
        assert status.revoked_at is not None

    def test_what_was_rejected_cannot_be_confirmed(self, bench: Bench, authority: Authority, target: Target) -> None:
        """The transaction is over."""
        order, issued = self.ordered(bench, authority, target)
        authority.confirm(authority.compose_confirmation(order, issued, bench.signer, accept=False))
        with pytest.raises(TransactionUnknownError):
            authority.confirm(authority.compose_confirmation(order, issued, bench.signer, accept=True))

    def test_what_was_confirmed_cannot_be_rejected(self, bench: Bench, authority: Authority, target: Target) -> None:
        """An identity that works is not lost by a late change of mind."""
        order, issued = self.ordered(bench, authority, target)
        authority.confirm(authority.compose_confirmation(order, issued, bench.signer, accept=True))
        with pytest.raises(AuthorityRefusedError):
            authority.confirm(authority.compose_confirmation(order, issued, bench.signer, accept=False))
        assert self.state(bench, authority, issued.certificate) is CertificateState.GOOD

    def test_a_transaction_that_never_began_is_unknown(
        self, bench: Bench, authority: Authority, target: Target
    ) -> None:
        """A confirmation of an order that was never sent."""
        _, issued = self.ordered(bench, authority, target)
        unsent = bench.compose(authority, target, NewKey())
        with pytest.raises(TransactionUnknownError):
            authority.confirm(authority.compose_confirmation(unsent, issued, bench.signer, accept=True))

    def test_a_confirmation_that_comes_too_late_is_unknown(
        self, bench: Bench, authority: Authority, target: Target
    ) -> None:
        """What nobody confirmed in time is revoked; the same key can be ordered anew, and confirmed."""
        key = NewKey()
        order = bench.compose(authority, target, key)
        issued = issued_by(authority, order)
        confirmation = authority.compose_confirmation(order, issued, bench.signer, accept=True)
        bench.clock.now += LATE
        with pytest.raises(TransactionUnknownError):
            authority.confirm(confirmation)
        assert self.state(bench, authority, issued.certificate) is CertificateState.REVOKED
        again = bench.compose(authority, target, key)
        second = issued_by(authority, again)
        assert second.certificate != issued.certificate
        accepted = authority.compose_confirmation(again, second, bench.signer, accept=True)
        assert authority.confirm(accepted).kind is MessageKind.CONFIRMED
        assert self.state(bench, authority, second.certificate) is CertificateState.GOOD

    # --------------------------------------------------------------------------------------- the line

    def test_a_cut_line_is_out_of_reach(self, bench: Bench, authority: Authority, target: Target) -> None:
        """Every sending verb says so, and composing needs no line."""
        confirmation, issued = self.confirmation(bench, authority, target, accept=True)
        bench.cut()
        order = bench.compose(authority, target, NewKey())
        with pytest.raises(AuthorityUnreachableError):
            authority.query(bench.card_number, bench.signer)
        with pytest.raises(AuthorityUnreachableError):
            authority.order(order)
        with pytest.raises(AuthorityUnreachableError):
            authority.confirm(confirmation)
        with pytest.raises(AuthorityUnreachableError):
            authority.status(issued.certificate, bench.issuer(issued.certificate))
