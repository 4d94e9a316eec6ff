"""From a certificate up to a trust anchor (RFC 5280, section 6, as far as this program needs it).

* The search goes down from the anchors: whatever is not issued by something trusted costs one look and no more.
* An authority on the way is one: basic constraints, key usage, validity, path length, a strong key and signature.
* A critical extension that is not understood here refuses the path, name constraints among them.
* Of an anchor only its key, its name and its validity count, not how it is signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from sithsup.ca.signatures import is_strong
from sithsup.certificate import Certificate
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

MOST_CERTIFICATES = 32
"""As many as are looked at; no honest message carries more."""

UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)
STRONG_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
HOSTILE = (
    UserWarning,  # where warnings are errors: a name's attribute that is empty or too long is only warned of
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises on certificates that nobody should make."""
EDWARDS = frozenset({SignatureAlgorithmOID.ED25519, SignatureAlgorithmOID.ED448})

UNREADABLE = mark("the certificate cannot be read")
NO_PATH = mark("the certificate does not come from a trusted issuer")
NOT_VALID_NOW = mark("the issuer's own certificate is not valid at this time")
NOT_AN_AUTHORITY = mark("the certificate was issued by somebody who may not issue certificates")
PATH_TOO_LONG = mark("there are too many issuers between the certificate and a trusted one")
WEAK = mark("a key or a signature behind the certificate is too weak")
CRITICAL = mark("the certificate has a critical part that the program does not know")


class Path(NamedTuple):
    """A certificate, its issuers up to the anchor, and every reason (marked for translation) not to trust them."""

    certificates: tuple[bytes, ...]
    problems: tuple[str, ...]


def path_to_anchor(certificate: bytes, others: Iterable[bytes], anchors: Iterable[bytes], at: datetime) -> Path:
    """Find the path of a certificate. Whether *it* is valid or may do what it did is for the caller to judge."""
    leaf = next(iter(_load([certificate])), None)
    if leaf is None:
        return Path((), (UNREADABLE,))
    roots, between = _load(anchors), _load(others)
    for only_sound in (True, False):  # the second search only finds what to complain of
        paths = _paths(roots, between, at, only_sound=only_sound)
        if leaf in paths:
            return _judged(paths[leaf], leaf, at, roots)
        issuer = next((issuer for issuer in paths if _issued(leaf, issuer)), None)
        if issuer is not None:
            return _judged((leaf, *paths[issuer]), leaf, at, roots)
    nearest = (leaf, *(issuer for issuer in between if issuer.subject == leaf.issuer))
    weak = () if all(map(_is_strong, nearest)) else (WEAK,)  # which is why its signature was not even looked at
    return Path((), (*weak, NO_PATH))


Certificates = tuple[x509.Certificate, ...]


def _paths(
    anchors: Certificates, others: Certificates, at: datetime, *, only_sound: bool
) -> dict[x509.Certificate, Certificates]:
    """Every issuer that an anchor leads to, with its path (itself first, the anchor last)."""
    level: dict[x509.Certificate, Certificates] = {
        anchor: (anchor,) for anchor in anchors if not (only_sound and _issuer_problems(anchor, at, is_anchor=True))
    }
    paths = dict(level)
    waiting = [
        other
        for other in others
        if other not in anchors and not (only_sound and _issuer_problems(other, at, is_anchor=False))
    ]
    while level:
        above, level = level, {}
        for other in waiting:
            issuer = next((issuer for issuer in above if _issued(other, issuer)), None)
            if issuer is not None:
                level[other] = (other, *above[issuer])
        waiting = [other for other in waiting if other not in level]
        paths |= level
    return paths


def _judged(path: Certificates, leaf: x509.Certificate, at: datetime, anchors: Certificates) -> Path:
    problems = {
        problem: None
        for issuer in path
        if issuer != leaf or leaf in anchors
        for problem in _issuer_problems(issuer, at, is_anchor=issuer in anchors)
    }
    if leaf not in anchors:
        weak = () if _is_strong(leaf) else (WEAK,)
        problems |= dict.fromkeys((*_critical_problems(leaf), *weak, *_length_problems(path)))
    return Path(tuple(step.public_bytes(Encoding.DER) for step in path), tuple(problems))


def _load(ders: Iterable[bytes]) -> Certificates:
    """Those that both libraries can read at all; order kept, each once."""
    found: dict[x509.Certificate, None] = {}
    for der in tuple(ders)[:MOST_CERTIFICATES]:
        try:
            certificate = x509.load_der_x509_certificate(der)
            _ = certificate.extensions, certificate.subject, certificate.issuer, Certificate.parse(der)
        except HOSTILE:
            continue
        found[certificate] = None
    return tuple(found)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*HOSTILE, InvalidSignature):
        return False
    return True


def _issuer_problems(certificate: x509.Certificate, at: datetime, *, is_anchor: bool) -> tuple[str, ...]:
    problems = []
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        problems.append(NOT_VALID_NOW)
    if not _may_issue(certificate):
        problems.append(NOT_AN_AUTHORITY)
    if not is_anchor and not _is_strong(certificate):
        problems.append(WEAK)
    return (*problems, *_critical_problems(certificate))


def _may_issue(certificate: x509.Certificate) -> bool:
    """RFC 5280, section 6.1.4, k and n."""
    try:
        is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
    try:
        return is_ca and certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return is_ca


def _is_strong(certificate: x509.Certificate) -> bool:
    """Whether both its key and the signature on it are strong enough for a new chain."""
    try:
        key, digest = certificate.public_key(), certificate.signature_hash_algorithm
    except HOSTILE:
        return False
    is_edwards = certificate.signature_algorithm_oid in EDWARDS
    return is_strong(key) and (is_edwards or isinstance(digest, STRONG_HASHES))


def _critical_problems(certificate: x509.Certificate) -> tuple[str, ...]:
    unknown = [e for e in certificate.extensions if e.critical and e.oid not in UNDERSTOOD]
    return (CRITICAL,) if unknown else ()


def _length_problems(path: Certificates) -> tuple[str, ...]:
    """RFC 5280, section 6.1.4, l and m: how many authorities may stand between this one and the leaf."""
    for below, authority in enumerate(path[1:]):
        try:
            allowed = authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
        except x509.ExtensionNotFound:
            continue  # not an authority, which is said already
        if allowed is not None and below > allowed:
            return (PATH_TOO_LONG,)
    return ()
