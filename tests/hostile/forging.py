"""Certificates and messages as an honest authority made them, changed in one place and signed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from sithsup.ca.cmp_asn1 import CertOrEncCert, PKIBody, PKIMessage, protected_part
from sithsup.ca.refusals import FORGOTTEN, IN_USE, LATER, WORDS
from sithsup.certificate import Certificate
from sithsup.demo.entity import Entity, sign_certificate

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

DER, SPKI = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
FAILURES = tuple(WORDS)
PASSING = LATER | IN_USE | FORGOTTEN
"""What may pass: to be asked again, not a refusal."""

Extensions = list[tuple[x509.ExtensionType, bool]]


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def again(  # noqa: PLR0913  each by name
    honest: x509.Certificate,
    signer: Entity,
    *,
    subject: x509.Name | None = None,
    issuer: x509.Name | None = None,
    public_key: CertificatePublicKeyTypes | None = None,
    validity: tuple[datetime, datetime] | None = None,
    extensions: Callable[[Extensions], Extensions] = lambda same: same,
    digest: Any = None,
) -> Entity:
    """The same certificate with what is given changed, signed by `signer`."""
    begin, end = validity or (honest.not_valid_before_utc, honest.not_valid_after_utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(honest.subject if subject is None else subject)
        .issuer_name(issuer or honest.issuer)
        .public_key(public_key or honest.public_key())
        .serial_number(honest.serial_number)
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for extension, is_critical in extensions([(e.value, e.critical) for e in honest.extensions]):
        builder = builder.add_extension(extension, critical=is_critical)
    return Entity(sign_certificate(builder, signer.key, digest or hashes.SHA256()), signer.key)


def renamed(honest: x509.Name, **changes: str) -> x509.Name:
    """A name with some of its attributes changed."""
    kinds = {"surname": NameOID.SURNAME, "given_name": NameOID.GIVEN_NAME, "serial": NameOID.SERIAL_NUMBER}
    values = {kinds[kind]: value for kind, value in changes.items()}
    return x509.Name([x509.NameAttribute(each.oid, values.get(each.oid, str(each.value))) for each in honest])


def replaced(kind: type[x509.ExtensionType], value: x509.ExtensionType, *, critical: bool = True) -> Any:
    """Change one extension, or add it."""
    return lambda found: [*(pair for pair in found if not isinstance(pair[0], kind)), (value, critical)]


def without(oid: str) -> Any:
    """Leave one extension out."""
    return lambda found: [pair for pair in found if pair[0].oid.dotted_string != oid]


def resigned(der: bytes, signer: Entity, change: Callable[[Any], None]) -> bytes:
    """Change what `cryptography` would not build: `change` gets the TBSCertificate of asn1crypto."""
    certificate = asn1_x509.Certificate.load(der)
    change(certificate["tbs_certificate"])
    certificate["signature_value"] = signer.sign(certificate["tbs_certificate"].dump(force=True))
    return bytes(certificate.dump(force=True))


def message_again(
    der: bytes,
    signer: Entity | None,
    *,
    body: PKIBody | None = None,
    header: dict[str, Any] | None = None,
    certificates: Callable[[list[bytes]], list[bytes]] = lambda same: same,
) -> bytes:
    """The same message with what is given changed, signed by `signer`; unsigned without one."""
    message = PKIMessage.load(der)
    fields = {name: message["header"][name] for name in message["header"] if message["header"][name].native is not None}
    fields = {name: value.copy().untag() if hasattr(value, "untag") else value for name, value in fields.items()}
    found = [bytes(each.dump()) for each in message["extraCerts"] or ()]
    if signer:
        name = asn1_x509.Name.load(signer.certificate.subject.public_bytes())
        fields |= {"protectionAlg": {"algorithm": signer.algorithm}}
        fields |= {"sender": asn1_x509.GeneralName("directory_name", name), "senderKID": signer.key_identifier}
        found[:1] = [signer.der]
    else:
        fields.pop("protectionAlg")
    fields = {name: value for name, value in {**fields, **(header or {})}.items() if value is not None}
    made = PKIMessage({"header": fields, "body": body or message["body"].copy()})
    if signer:
        made["protection"] = core.OctetBitString(signer.sign(protected_part(made)))
    made["extraCerts"] = [asn1_x509.Certificate.load(each) for each in certificates(found)]
    return bytes(made.dump())


def granted(certificate: bytes, **more: Any) -> dict[str, Any]:
    """One CertResponse with a certificate, whatever its bytes are."""
    choice = CertOrEncCert("certificate", asn1_x509.Certificate.load(certificate))
    return {"certReqId": 0, "status": {"status": "accepted"}, "certifiedKeyPair": {"certOrEncCert": choice}, **more}


def cp(*responses: dict[str, Any], pubs: tuple[bytes, ...] = ()) -> PKIBody:
    content: dict[str, Any] = {"response": list(responses)}
    if pubs:
        content["caPubs"] = [asn1_x509.Certificate.load(der) for der in pubs]
    return PKIBody("cp", content)


def error(*names: str, text: str = "no", status: str = "rejection") -> PKIBody:
    info = {"status": status, "statusString": [text], **({"failInfo": set(names)} if names else {})}
    return PKIBody("error", {"pKIStatusInfo": info})


def root(name: str, at: datetime, until: datetime) -> Entity:
    """A root that nobody ever heard of."""
    key, subject = new_key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, at, until)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return Entity(builder.sign(key, hashes.SHA256()), key)


def poll(seconds: int) -> PKIBody:
    """Come back later."""
    return PKIBody("pollRep", [{"certReqId": 0, "checkAfter": seconds}])


def fingerprint(der: bytes) -> str:
    return Certificate.parse(der).fingerprint


def with_identifier(made: Entity, signer: Entity, key: ec.EllipticCurvePrivateKey) -> Entity:
    """The same certificate, its key identifier that of its key."""
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return again(made.certificate, signer, extensions=replaced(x509.SubjectKeyIdentifier, identifier, critical=False))


def long_form(der: bytes) -> bytes:
    """The outermost length written with one byte more than it needs: BER, not DER."""
    size = der[1] & 0x7F
    return der[:1] + bytes([0x80 | (size + 1), 0]) + der[2:]


def indefinite(der: bytes) -> bytes:
    """The outermost length left open, as BER may."""
    size = der[1] & 0x7F
    return der[:1] + b"\x80" + der[2 + size :] + b"\x00\x00"


def with_body(der: bytes, signer: Entity, body: bytes, old: bytes, new: bytes) -> bytes:
    """A message whose body is these bytes, with a part of them replaced and every length around it mended."""
    message = message_again(der, signer, body=PKIBody.load(body)) if not old else message_again(der, signer)
    parsed = PKIMessage.load(message)
    header, content = parsed["header"].dump(), body
    if old:
        content = _respelled(body, old, new)
    signature = core.OctetBitString(signer.sign(_sequence(header + content)))
    rest = core.OctetBitString(signature.native, explicit=0).dump()
    certificates = parsed["extraCerts"].dump()
    return _sequence(header + content + rest + certificates)


def _sequence(content: bytes) -> bytes:
    return _tlv(0x30, content)


def _tlv(tag: int, content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(content).to_bytes(size, "big") + content


def _respelled(der: bytes, old: bytes, new: bytes) -> bytes:
    """Replace one element somewhere inside nested DER."""
    if der == old:
        return new
    tag, size = der[0], der[1]
    header = 2 + (size & 0x7F if size & 0x80 else 0)
    if not tag & 0x20 or old not in der:
        return der
    content, made = der[header:], b""
    while content:
        length = _length(content)
        made += _respelled(content[:length], old, new)
        content = content[length:]
    return _tlv(tag, made)


def _length(der: bytes) -> int:
    if not der[1] & 0x80:
        return 2 + der[1]
    size = der[1] & 0x7F
    return 2 + size + int.from_bytes(der[2 : 2 + size], "big")
