"""The table, second part: the message is off, what it says, the way it comes, and what comes past the line."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.ca import protection
from sithsup.ca.cmp import NOT_ONE, OTHER_BODY
from sithsup.ca.cmp_asn1 import InfoTypesAndValues, PKIBody
from sithsup.ca.refusals import WORDS
from sithsup.demo import profiles
from sithsup.demo.entity import Entity
from sithsup.demo.knobs import QUERY_OID
from sithsup.demo.people import PEOPLE
from tests.hostile import forging as f
from tests.hostile.row import (
    BROKEN,
    BUSY,
    DAY,
    FORGOTTEN,
    INELIGIBLE,
    NOW,
    ORDERS,
    PORTAL,
    REFUSED,
    UNREACHABLE,
    UNTRUSTED,
    YEARS,
    Row,
    honest,
    orders,
)
from tests.hostile.server import Page, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.demo.hierarchy import Hierarchy


def _pubs(turn: Turn) -> bytes:
    """A new root in caPubs that signs everything: message, issuer, certificate."""
    if turn.body not in ORDERS:
        return turn.honest
    root = f.root("TEST New Root", NOW - DAY, NOW + YEARS)
    leaf = f.again(turn.certificate, root, issuer=root.certificate.subject)
    return f.message_again(turn.honest, root, body=f.cp(f.granted(leaf.der), pubs=(root.der,)))


# -------------------------------------------------------------------------------------------- the message is off


def said(body: PKIBody) -> Any:
    """Another body in answer to an order, signed as it should be."""
    return orders(lambda turn: f.message_again(turn.honest, turn.hierarchy.cmp_signer, body=body))


def headed(**header: Any) -> Any:
    return orders(lambda turn: f.message_again(turn.honest, turn.hierarchy.cmp_signer, header=header))


def signed_by(make: Callable[[Turn], Entity]) -> Any:
    return orders(lambda turn: f.message_again(turn.honest, make(turn)))


def _person(turn: Turn) -> Entity:
    key = f.new_key()
    spki = key.public_key().public_bytes(f.DER, f.SPKI)
    profile = profiles.PROFILES["hsa-id-authentication"]
    der = turn.hierarchy.issue(profile, spki, PEOPLE[1], "9752000000000000009", (NOW - DAY, NOW + YEARS))
    return Entity(x509.load_der_x509_certificate(der), key)


def _server(turn: Turn) -> Entity:
    """A web server that the same hierarchy certified."""
    key, web = f.new_key(), x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    root, honest = turn.hierarchy.authorities[profiles.ROOT_2], turn.hierarchy.cmp_signer.certificate
    made = f.again(honest, root, public_key=key.public_key(), extensions=f.replaced(x509.ExtendedKeyUsage, web))
    return Entity(f.with_identifier(made, root, key).certificate, key)


def _expired_signer(turn: Turn) -> Entity:
    root, honest = turn.hierarchy.authorities[profiles.ROOT_2], turn.hierarchy.cmp_signer
    return Entity(f.again(honest.certificate, root, validity=(NOW - YEARS, NOW - DAY)).certificate, honest.key)


def _flipped(turn: Turn) -> bytes:
    """One bit of the signature."""
    place = turn.honest.index(turn.hierarchy.cmp_signer.der) - 20
    return turn.honest[:place] + bytes([turn.honest[place] ^ 1]) + turn.honest[place + 1 :]


def _first_order(turn: Turn) -> bytes:
    """The answer to the first message of the day, whatever is asked."""
    return turn.memory[0]


def _two(turn: Turn) -> bytes:
    honest = turn.certificate.public_bytes(f.DER)
    body = f.cp(f.granted(honest), f.granted(honest, certReqId=1))
    return f.message_again(turn.honest, turn.hierarchy.cmp_signer, body=body)


def _encrypted(turn: Turn) -> bytes:
    honest = turn.certificate.public_bytes(f.DER)
    body = f.cp(f.granted(honest)).dump().replace(b"\xa0", b"\xa1", 1)
    return f.with_body(turn.honest, turn.hierarchy.cmp_signer, body, b"", b"")


def _genp(value: Any) -> Any:
    def tamper(turn: Turn) -> bytes:
        if turn.body != "genm":
            return turn.honest
        body = PKIBody("genp", InfoTypesAndValues([{"infoType": QUERY_OID, "infoValue": value}]))
        return f.message_again(turn.honest, turn.hierarchy.cmp_signer, body=body)

    return tamper


def page(status: int, body: bytes = b"", **headers: str) -> Any:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return orders(lambda turn: Page(body or turn.honest, status, pairs or (("Content-Type", "application/pkixcmp"),)))


def _zipped(turn: Turn) -> Page:
    bomb = gzip.compress(turn.honest + bytes(50 << 20))
    return Page(bomb, headers=(("Content-Type", "application/pkixcmp"), ("Content-Encoding", "gzip")))


def confirming(change: Callable[[Turn], bytes | Page]) -> Any:
    return lambda turn: change(turn) if turn.body == "certConf" else turn.honest


def _pkiconf_of_another(turn: Turn) -> bytes:
    signer = turn.hierarchy.cmp_signer
    return f.message_again(turn.honest, signer, header={"transactionID": bytes(16)})


def _expire_anchor(campaign: dict[str, Any], hierarchy: Hierarchy) -> None:
    """The same root with the same key; its time is over."""
    root = hierarchy.authorities[profiles.ROOT_2]
    expired = f.again(root.certificate, root, validity=(NOW - 2 * YEARS, NOW - DAY)).certificate
    campaign["trust_anchors"] = [expired.public_bytes(Encoding.PEM).decode()]


def _decoys(turn: Turn) -> bytes:
    """So many certificates beside the right ones that looking at them all would take a while."""
    decoy = f.again(turn.hierarchy.cmp_signer.certificate, turn.issuer).der
    return f.message_again(turn.honest, turn.hierarchy.cmp_signer, certificates=lambda found: [*[decoy] * 1000, *found])


MESSAGE_ROWS = (
    # the message
    Row("a new root in caPubs that signs everything", _pubs, UNTRUSTED, protection.BAD_SIGNATURE),
    Row("another recipNonce", headed(recipNonce=bytes(16)), UNTRUSTED, protection.NOT_OURS),
    Row("another transactionID", headed(transactionID=bytes(16)), UNTRUSTED, protection.NOT_OURS),
    Row("an unknown version", headed(pvno=99), UNTRUSTED, protection.UNREADABLE),
    Row("unsigned", orders(lambda turn: f.message_again(turn.honest, None)), UNTRUSTED, protection.UNPROTECTED),
    Row("a wrong signature", orders(_flipped), UNTRUSTED, protection.BAD_SIGNATURE),
    Row("signed by somebody's card", signed_by(_person), UNTRUSTED, protection.BAD_SIGNATURE),
    Row("signed by a web server of the house", signed_by(_server), UNTRUSTED, protection.BAD_SIGNATURE),
    Row("signed by nobody known", signed_by(lambda _: f.root("TEST Nobody", NOW - DAY, NOW + DAY)), UNTRUSTED,
        protection.BAD_SIGNATURE),
    Row("signed with an expired certificate", signed_by(_expired_signer), UNTRUSTED, protection.OTHER_CLOCK),
    Row("the same answer to everything", _first_order, UNTRUSTED, protection.NOT_OURS),
    Row("an answer to another question", said(PKIBody("pkiconf", core.Null())), UNTRUSTED, OTHER_BODY),
    Row("two certificates", orders(_two), UNTRUSTED, NOT_ONE),
    Row("no certificate", said(f.cp()), UNTRUSTED, NOT_ONE),
    Row("granted without a certificate", said(f.cp({"certReqId": 0, "status": {"status": "accepted"}})), UNTRUSTED,
        NOT_ONE),
    Row("an encrypted certificate", orders(_encrypted), UNTRUSTED, protection.UNREADABLE),
    Row("no message at all", orders(lambda _: b"\x30\x03\x02\x01"), UNTRUSTED, protection.UNREADABLE),
    Row("nothing", orders(lambda _: b"\x00"), UNTRUSTED, protection.UNREADABLE),
    Row("bytes behind the message", orders(lambda turn: turn.honest + b"\x00"), UNTRUSTED, protection.UNREADABLE),
    Row("lengths in BER", orders(lambda turn: f.long_form(turn.honest)), UNTRUSTED, ""),
    Row("an indefinite length", orders(lambda turn: f.indefinite(turn.honest)), UNTRUSTED, ""),
    Row("no senderNonce", headed(senderNonce=None), UNTRUSTED, protection.NO_NONCE),
    Row("a senderNonce of one byte", headed(senderNonce=b"x"), UNTRUSTED, protection.NO_NONCE),
    Row("a thousand certificates beside the right ones", orders(_decoys), UNTRUSTED, protection.UNREADABLE),
    Row("an expired anchor", honest, UNTRUSTED, protection.OTHER_CLOCK, change_campaign=_expire_anchor),
    # what it says
    Row("an unsigned refusal", orders(lambda turn: f.message_again(turn.honest, None, body=f.error("notAuthorized"))),
        UNTRUSTED, protection.UNPROTECTED),
    Row("a refusal", said(f.error("notAuthorized", text="inte än")), REFUSED, "inte än"),
    Row("a refusal that writes on the terminal", said(f.error("badRequest", text="\x1b[2J\x07hej")), REFUSED, "[2Jhej"),
    Row("a refusal for no reason", said(f.error(text="")), REFUSED, "-"),
    Row("every reason at once", said(f.error(*(set(f.FAILURES) - f.PASSING))), REFUSED, ""),
    Row("an order that is always in use", said(f.error("transactionIdInUse")), FORGOTTEN),
    Row("out of service", said(f.error("systemUnavail")), BUSY),
    Row("to be asked again in a year", orders(lambda turn: f.message_again(turn.honest, turn.hierarchy.cmp_signer,
        body=f.poll(31_536_000))), BUSY),
    Row("to be asked again for nothing", said(PKIBody("pollRep", [])), UNTRUSTED, NOT_ONE),
    Row("to be asked again for another's order", said(PKIBody("pollRep", [{"certReqId": 12345, "checkAfter": 1}])),
        UNTRUSTED, NOT_ONE),
    Row("a reason that nobody wrote", _genp(core.UTF8String("ELIGIBLE; rm -rf /")), UNTRUSTED, OTHER_BODY),
    Row("a permission that is none", _genp(core.UTF8String("NOT_IN_HSA")), INELIGIBLE),
    # the way
    Row("ten megabytes", orders(lambda turn: turn.honest + bytes(10 << 20)), UNTRUSTED, "too long"),
    Row("a compression bomb", orders(_zipped), UNTRUSTED, ""),
    Row("a redirect", page(302, Location="http://127.0.0.1:9/", Content_Type="text/plain"), PORTAL),
    Row("another content type", page(200, Content_Type="application/json"), UNTRUSTED, "kind"),
    Row("a web page", page(200, b"<html>Log in</html>", Content_Type="text/html"), PORTAL),
    Row("an error page", page(500, b"<html>Oops</html>", Content_Type="text/html"), BROKEN),
    Row("busy", page(503, b"later", Content_Type="text/plain", Retry_After="600"), BUSY),
    Row("half an answer", orders(lambda turn: Page(turn.honest[:500], cut=True)), UNREACHABLE),
    Row("a byte a second", orders(lambda turn: Page(turn.honest, pause=1)), UNREACHABLE,
        settings={"SITHSUP_ANSWER_TIMEOUT": "1"}),
    # past the line
    Row("a signed refusal of what is confirmed", confirming(lambda turn: f.message_again(
        turn.honest, turn.hierarchy.cmp_signer, body=f.error("badTime"))), REFUSED, WORDS["badTime"], is_past=True),
    Row("an unsigned acknowledgement", confirming(lambda turn: f.message_again(turn.honest, None)), UNTRUSTED,
        protection.UNPROTECTED, is_past=True),
    Row("an acknowledgement of another transaction", confirming(_pkiconf_of_another), UNTRUSTED, protection.NOT_OURS,
        is_past=True),
    Row("an acknowledgement that never comes", confirming(lambda _: Page(b"", 500, (("Content-Type", "text/html"),))),
        BROKEN, is_past=True),
)  # fmt: skip
