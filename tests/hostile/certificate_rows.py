"""The table, first part: the certificate is another than it should be, or its issuers are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as OID  # noqa: N814  it is long, and stands in a table

from sithsup.ca import path, protection, trust
from sithsup.certificate import CARD_NUMBER_OID
from sithsup.demo import profiles
from sithsup.demo.entity import Entity
from sithsup.demo.ledger import Reason
from sithsup.steps.confirmations import ISSUER_NOT_GOOD, REVOKED
from tests.hostile import forging as f
from tests.hostile.row import DAY, NOW, ORDERS, UNSUITABLE, UNTRUSTED, YEARS, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.server import Turn

# -------------------------------------------------------------------------------- the certificate is another


def issuing(change: Callable[[Turn], bytes], chain: Callable[[Turn], tuple[bytes, ...]] | None = None) -> Any:
    """Hand out another certificate, in a message that is as it should be."""

    def tamper(turn: Turn) -> bytes:
        if turn.body not in ORDERS:
            return turn.honest
        extra = (lambda found: [found[0], *chain(turn)]) if chain else (lambda same: same)
        body = f.cp(f.granted(change(turn)))
        return f.message_again(turn.honest, turn.hierarchy.cmp_signer, body=body, certificates=extra)

    return tamper


def certificate(**changes: Any) -> Any:
    """Hand out the certificate with something changed; a function is given the honest certificate."""

    def change(turn: Turn) -> bytes:
        made = {name: value(turn.certificate) if _is_late(name) else value for name, value in changes.items()}
        return f.again(turn.certificate, turn.issuer, **made).der

    return issuing(change)


def _is_late(name: str) -> bool:
    return name in {"subject", "public_key"}


def named(**changes: str) -> Any:
    return certificate(subject=lambda honest: f.renamed(honest.subject, **changes))


def of_kind(kind: str, tamper: Any) -> Any:
    """Tamper with the certificates of one issuer only."""
    return lambda turn: (
        tamper(turn) if turn.body in ORDERS and kind in turn.issuer.der.decode("latin-1") else turn.honest
    )


def usage(*names: str) -> Any:
    return certificate(extensions=f.replaced(x509.KeyUsage, profiles.key_usage(*names)))


def purposes(*oids: x509.ObjectIdentifier) -> Any:
    return certificate(extensions=f.replaced(x509.ExtendedKeyUsage, x509.ExtendedKeyUsage(oids), critical=False))


def tbs(change: Callable[[Any], None]) -> Any:
    return issuing(lambda turn: f.resigned(turn.certificate.public_bytes(f.DER), turn.issuer, change))


def _add_twice(fields: Any) -> None:
    fields["extensions"].append(fields["extensions"][0].copy())


def _set(name: str, value: Any) -> Callable[[Any], None]:
    def change(fields: Any) -> None:
        fields[name] = value

    return change


def raw(change: Callable[[bytes], bytes]) -> Any:
    """Put bytes in the certificate's place that are no DER: the message is signed over them as they are."""

    def tamper(turn: Turn) -> bytes:
        if turn.body not in ORDERS:
            return turn.honest
        honest = turn.certificate.public_bytes(f.DER)
        response = f.granted(honest)
        body = f.cp(response).dump()
        return f.with_body(turn.honest, turn.hierarchy.cmp_signer, body, honest, change(honest))

    return tamper


# ------------------------------------------------------------------------------------- the issuers are others


def intermediate(**changes: Any) -> Any:
    """An issuing authority of the right name, with something wrong about it, and what it issued."""

    def made(turn: Turn) -> tuple[Entity, Entity]:
        key = changes.get("key") or f.new_key()
        above = turn.hierarchy.authorities[profiles.ROOT_2]
        rest = {name: value for name, value in changes.items() if name != "key"}
        ca = f.again(turn.issuer.certificate, above, public_key=key.public_key(), **rest)
        ca = Entity(ca.certificate, key)
        return ca, f.again(turn.certificate, ca)

    memory: dict[int, tuple[Entity, Entity]] = {}

    def once(turn: Turn) -> tuple[Entity, Entity]:
        return memory.setdefault(turn.certificate.serial_number, made(turn))

    return issuing(lambda turn: once(turn)[1].der, lambda turn: (once(turn)[0].der,))


def _below_the_last(turn: Turn) -> tuple[Entity, Entity]:
    """An authority below one that may have none below it."""
    key = f.new_key()
    ca = f.again(
        turn.issuer.certificate, turn.issuer, issuer=turn.issuer.certificate.subject, public_key=key.public_key()
    )
    below = Entity(ca.certificate, key)
    return below, f.again(turn.certificate, below)


def _unknown_root(turn: Turn) -> tuple[Entity, Entity]:
    root = f.root("TEST Nobody's Root", NOW - DAY, NOW + YEARS)
    named_so = f.again(turn.issuer.certificate, root, issuer=root.certificate.subject, public_key=root.key.public_key())
    ca = Entity(named_so.certificate, root.key)
    return ca, f.again(turn.certificate, ca)


def chained(make: Callable[[Turn], tuple[Entity, Entity]]) -> Any:
    memory: dict[int, tuple[Entity, Entity]] = {}

    def once(turn: Turn) -> tuple[Entity, Entity]:
        return memory.setdefault(turn.certificate.serial_number, make(turn))

    return issuing(lambda turn: once(turn)[1].der, lambda turn: (once(turn)[0].der,))


def _revoked_at_once(turn: Turn) -> bytes:
    if turn.body in ORDERS:
        issued = turn.ledger.certificate(f.fingerprint(turn.certificate.public_bytes(f.DER)))
        assert issued
        turn.ledger.revoke(issued, datetime.now(UTC), Reason.SUPERSEDED)
    return turn.honest


def _issuer_revoked(turn: Turn) -> bytes:
    turn.ledger.revoke_authority(profiles.PERSON_ID_3, datetime.now(UTC))
    return turn.honest


LONG = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.7"), core.OctetString(bytes(9000)).dump())
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.8"), core.Null().dump())
OTHER_NUMBER = x509.UnrecognizedExtension(
    x509.ObjectIdentifier(CARD_NUMBER_OID), core.PrintableString("9752000000000000002").dump()
)
CONSTRAINTS = x509.NameConstraints([x509.DNSName("example.org")], None)
SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505  it is what must be refused
SHA1 = hashes.SHA1()  # noqa: S303  it is what must be refused

CERTIFICATE_ROWS = (
    # the certificate
    Row("another key", certificate(public_key=lambda _: f.new_key().public_key()), UNSUITABLE, trust.OTHER_KEY, True),
    Row("another HSA-id", of_kind("HSA-id", named(serial="TSTNMT2321000156-9999")), UNSUITABLE,
        trust.OTHER_HSA_ID, True),
    Row("another personal identity number", of_kind("Person ID", named(serial="189901019802")), UNSUITABLE,
        trust.OTHER_NUMBER, True),
    Row("another kind of number", of_kind("HSA-id", named(serial="189001019802")), UNSUITABLE, trust.OTHER_KIND, True),
    Row("another surname", named(surname="Någonannan"), UNSUITABLE, trust.OTHER_NAME, True),
    Row("another given name", named(given_name="Någonannan"), UNSUITABLE, trust.OTHER_NAME, True),
    Row("no subject", certificate(subject=lambda _: x509.Name([])), UNSUITABLE, trust.OTHER_KIND, True),
    Row("another card number",
        certificate(extensions=f.replaced(x509.UnrecognizedExtension, OTHER_NUMBER, critical=False)),
        UNSUITABLE, trust.OTHER_CARD, True),
    Row("no card number", certificate(extensions=f.without(CARD_NUMBER_OID)), UNSUITABLE, trust.OTHER_CARD, True),
    Row("an authority (CA:TRUE)", certificate(extensions=f.replaced(x509.BasicConstraints,
        x509.BasicConstraints(ca=True, path_length=None))), UNSUITABLE, trust.FOR_AUTHORITY, True),
    Row("a key that may issue (keyCertSign)", usage("digital_signature", "key_cert_sign"), UNSUITABLE,
        trust.FOR_AUTHORITY, True),
    Row("a key for both roles", usage("digital_signature", "content_commitment"), UNSUITABLE, trust.OTHER_ROLE, True),
    Row("a key for nothing", certificate(extensions=f.without("2.5.29.15")), UNSUITABLE, trust.OTHER_ROLE, True),
    Row("one to serve web pages with, not to log in", purposes(OID.SERVER_AUTH), UNSUITABLE, trust.NO_LOG_IN, True),
    Row("one that may answer for everybody's status", purposes(OID.CLIENT_AUTH, OID.OCSP_SIGNING), UNSUITABLE,
        trust.FOR_SERVICE, True),
    Row("one that may speak for the authority", of_kind("Person ID", purposes(OID.CLIENT_AUTH, x509.ObjectIdentifier(
        "1.3.6.1.5.5.7.3.28"))), UNSUITABLE, trust.FOR_SERVICE, True),
    Row("valid for two hours", certificate(validity=(NOW, NOW + timedelta(hours=2))), UNSUITABLE,
        trust.TOO_SHORT, True),
    Row("signed with SHA-1", certificate(digest=SHA1), UNSUITABLE, path.WEAK, True),
    Row("valid for a hundred years", certificate(validity=(NOW, NOW + 100 * YEARS)), UNSUITABLE, trust.TOO_LONG, True),
    Row("expired", certificate(validity=(NOW - YEARS, NOW - DAY)), UNSUITABLE, trust.EXPIRED, True),
    Row("valid from next month", certificate(validity=(NOW + 30 * DAY, NOW + YEARS)), UNSUITABLE, trust.NOT_YET, True),
    Row("a critical extension that nobody knows", certificate(extensions=lambda same: [*same, (UNKNOWN, True)]),
        UNSUITABLE, path.CRITICAL, True),
    Row("an extension twice", tbs(_add_twice), UNSUITABLE, path.UNREADABLE, True),
    Row("a negative serial number", tbs(_set("serial_number", -5)), UNSUITABLE, "", True),
    Row("a certificate too big for a card", certificate(extensions=lambda same: [*same, (LONG, False)]), UNSUITABLE,
        trust.TOO_BIG, True),
    Row("a certificate that is BER, not DER", raw(f.long_form), UNTRUSTED, protection.UNREADABLE),
    Row("a certificate that is none", issuing(lambda _: b"\x30\x00"), UNTRUSTED, protection.UNREADABLE),
    # its issuers
    Row("issued by another authority of the house", issuing(lambda turn: f.again(
        turn.certificate, _other(turn), issuer=_other(turn).certificate.subject).der, lambda turn: (_other(turn).der,)),
        UNSUITABLE, trust.OTHER_ISSUER, True),
    Row("the right issuer's name, another key", issuing(lambda turn: f.again(
        turn.certificate, Entity(turn.issuer.certificate, f.new_key())).der), UNSUITABLE, path.NO_PATH, True),
    Row("an unknown root", chained(_unknown_root), UNSUITABLE, path.NO_PATH, True),
    Row("no issuer's certificate", issuing(lambda turn: turn.certificate.public_bytes(f.DER), lambda _: ()), UNSUITABLE,
        path.NO_PATH, True),
    Row("an issuer that is none (CA:FALSE)", intermediate(extensions=f.replaced(x509.BasicConstraints,
        x509.BasicConstraints(ca=False, path_length=None))), UNSUITABLE, path.NOT_AN_AUTHORITY, True),
    Row("an issuer whose key may not issue", intermediate(extensions=f.replaced(x509.KeyUsage,
        profiles.key_usage("digital_signature"))), UNSUITABLE, path.NOT_AN_AUTHORITY, True),
    Row("an issuer below one that may have none", chained(_below_the_last), UNSUITABLE, "", True),
    Row("an expired issuer", intermediate(validity=(NOW - 2 * YEARS, NOW - DAY)), UNSUITABLE, path.NOT_VALID_NOW, True),
    Row("an issuer signed with SHA-1", intermediate(digest=SHA1), UNSUITABLE, path.WEAK, True),
    Row("an issuer with a key of 1024 bits", intermediate(key=SHORT), UNSUITABLE,
        path.WEAK, True),
    Row("an issuer with name constraints", intermediate(extensions=f.replaced(x509.NameConstraints, CONSTRAINTS)),
        UNSUITABLE, path.CRITICAL, True),
    Row("a certificate that is revoked already", _revoked_at_once, UNSUITABLE, REVOKED, True, True),
    Row("an issuer that is revoked", _issuer_revoked, UNSUITABLE, ISSUER_NOT_GOOD, True, True),
)  # fmt: skip


def _other(turn: Turn) -> Entity:
    name = profiles.PERSON_ID_3 if turn.issuer is turn.hierarchy.authorities[profiles.HSA_ID_3] else profiles.HSA_ID_3
    return turn.hierarchy.authorities[name]
