"""Messages as pyasn1 would write them: values drawn for every field that its modules declare and ours know."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from asn1crypto import algos, cms, core, crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import strategies as st
from pyasn1.type import char, univ, useful
from pyasn1_alt_modules import rfc4210, rfc5280, rfc5652, rfc6402

from sithsup.ca.cmp_asn1 import InfoType, PKIBody
from sithsup.ca.crmf_asn1 import ControlType
from tests.ca import pki
from tests.interop.second import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

BODIES = tuple(name for name, *_ in PKIBody._alternatives)
UNKNOWN = "1.3.6.1.4.1.32473.9"
H = pki.hierarchy()


def _certificates() -> list[bytes]:
    return [H.root.der, H.old_authentication.der]


def _names() -> list[bytes]:
    return [H.root.parsed.subject, H.old_authentication.parsed.subject, b"\x30\x00"]


def _general_names() -> list[bytes]:
    name = asn1_x509.Name.load(H.root.parsed.subject)
    kinds = {"directory_name": name, "dns_name": "ca.invalid", "registered_id": UNKNOWN}
    return [asn1_x509.GeneralName(kind, value).dump() for kind, value in kinds.items()]


def _public_keys() -> list[bytes]:
    edwards = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    return [pki.spki(H.root.key), edwards.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)]


def _algorithms() -> list[bytes]:
    signed = [algos.SignedDigestAlgorithm({"algorithm": name}).dump() for name in ("sha256_rsa", "sha256_ecdsa")]
    return [*signed, algos.DigestAlgorithm({"algorithm": "sha384"}).dump()]


def _extensions() -> list[bytes]:
    usage = {"extn_id": "extended_key_usage", "critical": True, "extn_value": [pki.CMC_CA]}
    unknown = {"extn_id": UNKNOWN, "extn_value": core.ParsableOctetString(core.Null().dump())}
    reason = crl.CRLEntryExtension({"extn_id": "crl_reason", "extn_value": "superseded"})
    return [asn1_x509.Extensions([usage, unknown]).dump(), crl.CRLEntryExtensions([reason]).dump()]


def _lists() -> list[bytes]:
    builder = x509.CertificateRevocationListBuilder(H.root.certificate.subject, pki.NOW, pki.NOW + pki.YEAR)
    entry = x509.RevokedCertificateBuilder(7, pki.NOW).build()
    made = builder.add_revoked_certificate(entry).sign(H.root.key, hashes.SHA256())
    return [made.public_bytes(Encoding.DER)]


def _requests() -> list[bytes]:
    builder = x509.CertificateSigningRequestBuilder(H.old_authentication.certificate.subject)
    return [builder.sign(H.root.key, hashes.SHA256()).public_bytes(Encoding.DER)]


def _enveloped() -> list[bytes]:
    """A secret under a password (RFC 5652, section 6.2.4)."""
    wrap = {"algorithm": "aes256_wrap"}
    recipient = {"version": "v0", "key_encryption_algorithm": wrap, "encrypted_key": b"key"}
    content = {"content_type": "data", "content_encryption_algorithm": wrap, "encrypted_content": b"secret"}
    return [
        cms.EnvelopedData(
            {
                "version": "v3",
                "recipient_infos": [cms.RecipientInfo("pwri", recipient)],
                "encrypted_content_info": content,
            }
        ).dump()
    ]


SAMPLES: dict[type[Any], Callable[[], list[bytes]]] = {
    rfc4210.CMPCertificate: _certificates,
    rfc5280.Name: _names,
    rfc5280.GeneralName: _general_names,
    rfc5280.SubjectPublicKeyInfo: _public_keys,
    rfc5280.AlgorithmIdentifier: _algorithms,
    rfc5280.Extensions: _extensions,
    rfc5280.CertificateList: _lists,
    rfc6402.CertificationRequest: _requests,
    rfc5652.EnvelopedData: _enveloped,
}
"""What asn1crypto declares itself: some of each."""


@cache
def _sample(kind: type[Any]) -> tuple[Any, ...]:
    return tuple(decode(der, kind()) for der in SAMPLES[kind]())


def _tagged(value: Any, spec: Any) -> Any:
    """The same value with the tags that it has at this place."""
    copy = spec.clone()
    if isinstance(value, univ.Choice):
        copy.setComponentByName(value.getName(), value.getComponent(), matchConstraints=False)
    elif isinstance(value, univ.SequenceOf):
        copy.extend(value)
    else:
        for name in value:
            if value.getComponentByName(name, default=None, instantiate=False) is not None:
                copy.setComponentByName(name, value[name], matchConstraints=False)
    return copy


@st.composite
def messages(draw: Any, module: Any, body: str) -> Any:
    """A whole PKIMessage of `module` with this body; nothing in it is signed by anybody."""
    message = module.PKIMessage()
    alternatives = message["body"].componentType
    message["header"] = _drawn(draw, message.componentType["header"].asn1Object)
    message["body"].setComponentByName(body, _drawn(draw, alternatives[body].asn1Object))
    for name in ("protection", "extraCerts"):
        if draw(st.booleans()):
            message[name] = _drawn(draw, message.componentType[name].asn1Object)
    return message


def _drawn(draw: Any, spec: Any) -> Any:
    """A value of any declared type; optional fields come and go."""
    kind: Any = type(spec)
    if kind in SAMPLES:
        return _tagged(draw(st.sampled_from(_sample(kind))), spec)
    if isinstance(spec, univ.Choice):
        name = draw(st.sampled_from(sorted(spec.componentType)))
        return _with(spec, {name: _drawn(draw, spec.componentType[name].asn1Object)})
    if isinstance(spec, univ.SequenceOf):
        value = spec.clone()
        value.extend(_drawn(draw, spec.componentType) for _ in range(draw(st.integers(1, 2))))
        return value
    if isinstance(spec, univ.Sequence):
        return _drawn_sequence(draw, spec)
    return spec.clone(_drawn_leaf(draw, spec))


def _with(spec: Any, fields: dict[str, Any]) -> Any:
    value = spec.clone()
    for name, field in fields.items():
        value.setComponentByName(name, field, matchConstraints=False)
    return value


def _drawn_sequence(draw: Any, spec: Any) -> Any:
    types = spec.componentType
    open_type = next((name for name in types if types[name].openType), None)
    if open_type is not None:
        return _drawn_pair(draw, spec, types[open_type])
    # RFC 4211 wants at least one time in OptionalValidity, and pyasn1 leaves an empty structure out
    present = [name for name in types if not types[name].isOptional or draw(st.booleans())] or [min(types)]
    return _with(spec, {name: _drawn(draw, types[name].asn1Object) for name in present})


def _drawn_pair(draw: Any, spec: Any, value: Any) -> Any:
    """An OID and what it tells the type of: those that ours know, and one that nobody does."""
    known = {univ.ObjectIdentifier(oid) for kind in (InfoType, ControlType) for oid in kind._map}
    types = {oid: kind for oid, kind in value.openType.items() if oid in known}
    oid = draw(st.sampled_from([*sorted(types), univ.ObjectIdentifier(UNKNOWN)]))
    (name,) = (name for name in spec.componentType if name != value.name)
    content = univ.Any(encode(_drawn(draw, types.get(oid, char.PrintableString("nobody knows")))))
    absent = value.isOptional and oid not in types and draw(st.booleans())
    return _with(spec, {name: oid} if absent else {name: oid, value.name: content})


def _drawn_leaf(draw: Any, spec: Any) -> Any:
    if isinstance(spec, char.PrintableString | univ.Null):
        return str(spec) if spec.isValue else ""
    if isinstance(spec, char.UTF8String):
        return draw(st.text(max_size=9))
    if isinstance(spec, useful.GeneralizedTime | useful.UTCTime):
        when = draw(st.datetimes(datetime(1951, 1, 1), datetime(2049, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
        return f"{when:%y%m%d%H%M%SZ}" if isinstance(spec, useful.UTCTime) else f"{when:%Y%m%d%H%M%SZ}"
    if isinstance(spec, univ.Integer):
        named = sorted(spec.namedValues.values())
        return draw(st.sampled_from(named) if named else st.integers(-(2**130), 2**130))
    if isinstance(spec, univ.BitString) and spec.namedValues:
        bits = draw(st.sets(st.sampled_from(sorted(spec.namedValues.values())), min_size=1))
        return tuple(int(bit in bits) for bit in range(max(bits) + 1))
    octets = draw(st.binary(min_size=1, max_size=20))
    return f"'{octets.hex()}'H" if isinstance(spec, univ.BitString) else octets
