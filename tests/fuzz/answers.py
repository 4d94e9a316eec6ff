"""Mutated answers of an authority: python -m tests.fuzz.answers [CASES] [SEED].

Of two sorts, in turn:

* *raw*: a true CMP answer, OCSP response or revocation list, changed in one to four places. The client may raise an
  `AuthorityError`, or come to exactly what the true answer says.
* *signed*: what it says is changed, in one to three elements, and signed again, as a broken authority would. The client
  may raise an `AuthorityError`, whose texts can be shown, or come to something that it can go on with.

Anything else is a finding. Prints the counts.
"""

from __future__ import annotations

import resource
import sys
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from asn1crypto import core, crl, ocsp
from asn1crypto.parser import emit

from sithsup.ca import trust
from sithsup.ca.cmp import REASON
from sithsup.ca.cmp_asn1 import PKIBody, PKIMessage
from sithsup.ca.protection import BAD_SIGNATURE, UNPROTECTED
from sithsup.errors import AnswerUntrustedError, AuthorityError
from sithsup.model import CertificateState, Issued, MessageKind, Waiting
from tests.ca import pki
from tests.ca.orders import ISSUED as ORDERED
from tests.ca.orders import answered, compose, eligible, issue, ordered, signer
from tests.ca.scripted import Script, authority, cp, error_body, status_info
from tests.ca.test_status import ISSUED, REVOKED, H, respond
from tests.ca.test_status import crl as published
from tests.fuzz import trees

if TYPE_CHECKING:
    from collections.abc import Callable

    Mutation = Callable[[Random, bytearray], None]
    Change = Callable[[bytes], bytes]
    Answer = Callable[[bytes], bytes]


class Kind(NamedTuple):
    """One kind of answer: `read` gives what the client makes of a change of it, as something to compare."""

    name: str
    read: Callable[[Callable[[bytes], bytes]], object]


def _order(change: Callable[[bytes], bytes]) -> object:
    client = authority(Script(lambda request: change(issue(request))))
    return client.order(compose(client)).certificate  # type: ignore[union-attr]


def _query(change: Callable[[bytes], bytes]) -> object:
    client = authority(Script(lambda request: change(eligible(request))))
    return client.query(pki.CARD_NUMBER, signer()).reason


def _ocsp(change: Callable[[bytes], bytes]) -> object:
    script = Script()
    script.pages = {pki.OCSP_URL: lambda asked: change(respond()(asked)), pki.CRL_URL: lambda _: b""}
    return authority(script).status(ISSUED.der, H.hsa_issuer.der).state


def _crl(change: Callable[[bytes], bytes]) -> object:
    script = Script()
    script.pages = {pki.OCSP_URL: lambda _: b"", pki.CRL_URL: lambda asked: change(published()(asked))}
    return authority(script).status(ISSUED.der, H.hsa_issuer.der).state


RAW = (Kind("order", _order), Kind("query", _query), Kind("OCSP", _ocsp), Kind("CRL", _crl))


# ------------------------------------------------------------------------------------------------- signed again


def _sealed(der: bytes, change: Change) -> bytes:
    """The same message with its body changed, signed as it was before."""
    message = PKIMessage.load(der)
    signed = emit(0, 1, 16, message["header"].dump() + change(message["body"].dump()))
    protection = core.OctetBitString(H.cmp_signer.sign(signed), explicit=0).dump()
    return bytes(
        emit(0, 1, 16, signed[len(signed) - _content_size(signed) :] + protection + message["extraCerts"].dump())
    )


def _content_size(der: bytes) -> int:
    return len(der) - 2 - (der[1] & 0x7F if der[1] & 0x80 else 0)


def _ordering(first: Answer, *, is_poll: bool = False) -> Callable[[Change], object]:
    """What becomes of an order whose answer says something; all that is done next must be possible."""

    def read(change: Change) -> object:
        waits = answered(PKIBody("pollRep", [{"certReqId": 0, "checkAfter": 1}]))
        hostile: Answer = lambda request: _sealed(first(request), change)  # noqa: E731
        client = authority(Script(*([waits, hostile] if is_poll else [hostile])))
        asked = order = compose(client)
        if is_poll:
            waiting = client.order(order)
            assert isinstance(waiting, Waiting)
            asked = client.compose_poll(waiting.answer, signer())
        answer = client.order(asked)
        if isinstance(answer, Waiting):
            assert 0 <= answer.check_after < float("inf")
            return client.compose_poll(answer.answer, signer()).kind
        assert isinstance(answer, Issued)
        assert client.read_issued(asked, answer.answer) == answer
        client.compose_confirmation(order, answer, signer(), accept=False)
        reasons = trust.mismatches(
            answer.certificate,
            public_key=ORDERED.parsed.public_key,
            target=pki.target(),
            known=H.old,
            chain=answer.extra_certificates,
            anchors=H.anchors,
            at=answer.at,
        )
        assert reasons or answer.certificate == ORDERED.der
        return not reasons

    return read


def _query_signed(change: Change) -> object:
    client = authority(Script(lambda request: _sealed(eligible(request), change)))
    reason = client.query(pki.CARD_NUMBER, signer()).reason
    assert REASON.fullmatch(reason)
    return reason


def _confirmation(answer: Answer) -> Callable[[Change], object]:
    def read(change: Change) -> object:
        client = authority(Script(issue, lambda request: _sealed(answer(request), change)))
        order, issued = ordered(client)
        kind = client.confirm(client.compose_confirmation(order, issued, signer(), accept=True)).kind
        assert kind is MessageKind.CONFIRMED
        return kind

    return read


def _revocation(change: Change) -> object:
    body = PKIBody("rp", {"status": [{"status": "accepted"}]})
    client = authority(Script(lambda request: _sealed(answered(body)(request), change)))
    kind = client.revoke(client.compose_revocation(H.old_authentication.parsed, signer())).kind
    assert kind is MessageKind.REVOKED
    return kind


def _ocsp_signed(change: Change) -> object:
    def answer(asked: bytes | None) -> bytes:
        response = ocsp.OCSPResponse.load(respond(REVOKED)(asked))
        basic = response["response_bytes"]["response"].parsed
        data = change(basic["tbs_response_data"].dump())
        signature = core.OctetBitString(H.hsa_issuer.sign(data)).dump()
        made = emit(0, 1, 16, data + basic["signature_algorithm"].dump() + signature)
        body = {"response_type": "basic_ocsp_response", "response": core.ParsableOctetString(made)}
        return bytes(ocsp.OCSPResponse({"response_status": "successful", "response_bytes": body}).dump())

    script = Script()
    script.pages = {pki.OCSP_URL: answer, pki.CRL_URL: lambda _: b""}
    state = authority(script).status(ISSUED.der, H.hsa_issuer.der).state
    assert state in CertificateState
    return state


def _crl_signed(change: Change) -> object:
    def answer(asked: bytes | None) -> bytes:
        parsed = crl.CertificateList.load(published(7, ISSUED.certificate.serial_number)(asked))
        data = change(parsed["tbs_cert_list"].dump())
        signature = core.OctetBitString(H.hsa_issuer.sign(data)).dump()
        return bytes(emit(0, 1, 16, data + parsed["signature_algorithm"].dump() + signature))

    script = Script()
    script.pages = {pki.OCSP_URL: lambda _: b"", pki.CRL_URL: answer}
    state = authority(script).status(ISSUED.der, H.hsa_issuer.der).state
    assert state in CertificateState
    return state


WAITS = cp({"certReqId": 0, "status": {"status": "waiting"}})
REFUSED = cp({"certReqId": 0, "status": status_info("badPOP", "badTime")})
POLL = PKIBody("pollRep", [{"certReqId": 0, "checkAfter": 30, "reason": ["Vänta."]}])
SIGNED = (
    Kind("signed cp", _ordering(issue)),
    Kind("signed cp that waits", _ordering(answered(WAITS))),
    Kind("signed cp that refuses", _ordering(answered(REFUSED))),
    Kind("signed pollRep", _ordering(answered(POLL), is_poll=True)),
    Kind("signed cp to a poll", _ordering(issue, is_poll=True)),
    Kind("signed error to an order", _ordering(answered(error_body("badRequest", "systemFailure")))),
    Kind("signed error that waits", _ordering(answered(error_body(status="waiting")))),
    Kind("signed genp", _query_signed),
    Kind("signed pkiConf", _confirmation(answered(PKIBody("pkiconf", core.Null())))),
    Kind("signed error to a confirmation", _confirmation(answered(error_body("certConfirmed")))),
    Kind("signed rp", _revocation),
    Kind("signed OCSP", _ocsp_signed),
    Kind("signed CRL", _crl_signed),
)
KINDS = (*RAW, *SIGNED)


# ------------------------------------------------------------------------------------------------------- changes


def _flip(random: Random, der: bytearray) -> None:
    der[random.randrange(len(der))] ^= 1 << random.randrange(8)


def _cut(random: Random, der: bytearray) -> None:
    del der[random.randrange(len(der)) :]


def _drop(random: Random, der: bytearray) -> None:
    start = random.randrange(len(der))
    del der[start : start + random.randrange(1, 9)]


def _grow(random: Random, der: bytearray) -> None:
    der[random.randrange(len(der)) : 0] = random.randbytes(random.randrange(1, 9))


def _repeat(random: Random, der: bytearray) -> None:
    start = random.randrange(len(der))
    der[start:start] = der[start : start + random.randrange(1, 200)]


def _lie_about_a_length(random: Random, der: bytearray) -> None:
    der[random.randrange(len(der))] = random.choice((0x80, 0x81, 0x82, 0x84, 0x88, 0xFF))


MUTATIONS: tuple[Mutation, ...] = (_flip, _cut, _drop, _grow, _repeat, _lie_about_a_length)


def mutate(random: Random, der: bytes) -> bytes:
    """Change in one to four places; something is always left."""
    changed = bytearray(der)
    for _ in range(random.randint(1, 4)):
        random.choice(MUTATIONS)(random, changed)
        changed = changed or bytearray(b"\0")
    return bytes(changed)


def _refused(kind: Kind, error: AuthorityError) -> str:
    """See that a refusal can be shown; what is refused for its signature came no further than that."""
    assert all(text.isprintable() for text in (error.what, error.why, error.next_step))
    is_signature = isinstance(error, AnswerUntrustedError) and error.values["check"] in {BAD_SIGNATURE, UNPROTECTED}
    return f"{kind.name}: {'not signed' if is_signature else 'refused'}"


def fuzz(cases: int, seed: int) -> Counter[str]:
    """Run the cases; raises what the client should not have raised, with the seed of its case among the notes."""
    counts: Counter[str] = Counter()
    true = {kind: kind.read(lambda der: der) for kind in RAW}
    for number in range(cases):
        kind = KINDS[number % len(KINDS)]
        random = Random(f"{seed}/{number}")  # noqa: S311  cases, not secrets
        change = mutate if kind in RAW else trees.change
        try:
            try:
                came = kind.read(lambda der, random=random, change=change: change(random, der))  # type: ignore[misc]
            except AuthorityError as error:
                counts[_refused(kind, error)] += 1
                continue
            assert kind not in RAW or came == true[kind], f"it was believed: {came!r}"
        except BaseException as error:
            error.add_note(f"{kind.name}: case {number} of seed {seed}")
            raise
        counts[f"{kind.name}: {'unharmed' if kind in RAW else 'taken'}"] += 1
    return counts


def main(cases: int = 100_000, seed: int = 1) -> None:
    """Run and print."""
    print(dict(fuzz(cases, seed)), f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
