"""Whether a certificate is good, revoked or unknown: OCSP (RFC 6960), else the revocation list (RFC 5280, section 5).

* Where to ask stands in the certificate (AIA, CDP). What comes back is believed for its signature alone: by the
  issuer, or by a responder that the issuer itself certified for this.
* A repeated nonce shows that an OCSP answer is fresh, whatever this computer's clock says. Without one, and for
  lists, the times in the answer are compared with the clock.
* A list cannot tell unknown from good. What speaks of a time before the certificate was issued could not know it, and
  calls it good for nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from asn1crypto import algos
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from sithsup.ca.path import HOSTILE, MOST_CERTIFICATES
from sithsup.ca.signatures import is_signed
from sithsup.errors import (
    AnswerOfAnotherTimeError,
    AnswerUntrustedError,
    AuthorityBusyError,
    AuthorityError,
    AuthorityUnreachableError,
    StatusNotOfferedError,
)
from sithsup.model import CertificateState, CertificateStatus
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    Fetch = Callable[[str, bytes | None], bytes]
    """Gets what lies at an address, or posts it an OCSP request."""
    Reader = Callable[[str, x509.Certificate, x509.Certificate, Fetch, datetime], CertificateStatus]

SKEW = timedelta(minutes=5)
LONGEST_FRESH = timedelta(days=1)
"""How old an OCSP answer may be that does not say how long it holds."""

NOT_VERIFIED = mark("the status of a certificate could not be verified")
NOT_OF_THIS_TIME = mark("the status of a certificate is told for another time; is the computer's clock right?")

STATES = {
    ocsp.OCSPCertStatus.GOOD: CertificateState.GOOD,
    ocsp.OCSPCertStatus.REVOKED: CertificateState.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: CertificateState.UNKNOWN,
}


class Way(NamedTuple):
    """One place to ask. `ask` raises an `AuthorityError`, and whatever fetching raises."""

    service: str
    """OCSP or CRL."""
    address: str
    ask: Callable[[Fetch, datetime], CertificateStatus]


def ask(certificate: bytes, issuer: bytes, fetch: Fetch, now: datetime) -> CertificateStatus:
    """Ask each address until one answers; raises what the last one that did not answer well came to.

    An answer of another time goes before whatever did not answer at all: it tells of a clock that is wrong.
    """
    failure: AuthorityError = StatusNotOfferedError(address="-")
    for way in ways(certificate, issuer):
        try:
            return way.ask(fetch, now)
        except AuthorityError as error:
            if isinstance(error, AnswerUntrustedError) or not isinstance(failure, AnswerOfAnotherTimeError):
                failure = error
    raise failure


def ways(certificate: bytes, issuer: bytes) -> tuple[Way, ...]:
    """Every place that a certificate names, in the order in which they are asked; OCSP first."""
    try:
        subject, authority = x509.load_der_x509_certificate(certificate), x509.load_der_x509_certificate(issuer)
        places = [
            *(("OCSP", url, _ask_ocsp) for url in _ocsp_addresses(subject)),
            *(("CRL", url, _read_list) for url in _list_addresses(subject)),
        ]
    except HOSTILE as error:
        raise _untrusted(f"{type(error).__name__}: {error}") from error
    return tuple(Way(service, url, partial(_ask, reader, url, subject, authority)) for service, url, reader in places)


def _ask(
    reader: Reader, url: str, certificate: x509.Certificate, issuer: x509.Certificate, fetch: Fetch, now: datetime
) -> CertificateStatus:
    """Ask one of them; what a parser makes of a hostile answer is an error of ours."""
    try:
        return reader(url, certificate, issuer, fetch, now)
    except HOSTILE as error:
        raise _untrusted(f"{type(error).__name__}: {error}") from error


def _untrusted(detail: str) -> AnswerUntrustedError:
    return AnswerUntrustedError(detail, check=tr(NOT_VERIFIED))


def _of_another_time(detail: str) -> AnswerOfAnotherTimeError:
    return AnswerOfAnotherTimeError(detail, check=tr(NOT_OF_THIS_TIME))


def _status(
    state: CertificateState, certificate: x509.Certificate, told: datetime, at: datetime, revoked: datetime | None
) -> CertificateStatus:
    """What was told at a time; not good, where that was before there was the certificate (by its issuer's clock)."""
    is_guess = state is CertificateState.GOOD and told < certificate.not_valid_before_utc
    return CertificateStatus(CertificateState.UNKNOWN if is_guess else state, at, revoked)


def _ocsp_addresses(certificate: x509.Certificate) -> Iterator[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return
    for description in access:
        if description.access_method == AuthorityInformationAccessOID.OCSP and (
            url := _url(description.access_location)
        ):
            yield url


def _list_addresses(certificate: x509.Certificate) -> Iterator[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return
    for point in points:
        yield from filter(None, map(_url, point.full_name or ()))


def _url(name: x509.GeneralName) -> str:
    """The address, when it is one that can be fetched."""
    is_http = isinstance(name, x509.UniformResourceIdentifier) and name.value.startswith(("http://", "https://"))
    return name.value if is_http else ""


# ---------------------------------------------------------------------------------------------------- OCSP


def _ask_ocsp(
    url: str, certificate: x509.Certificate, issuer: x509.Certificate, fetch: Fetch, now: datetime
) -> CertificateStatus:
    nonce = secrets.token_bytes(16)
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303  it names, and is what every responder knows
        .add_extension(x509.OCSPNonce(nonce), critical=False)
        .build()
    )
    response = ocsp.load_der_ocsp_response(fetch(url, request.public_bytes(Encoding.DER)))
    if response.response_status in {ocsp.OCSPResponseStatus.TRY_LATER, ocsp.OCSPResponseStatus.INTERNAL_ERROR}:
        raise AuthorityBusyError(f"{url}: {response.response_status.name}")
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise AuthorityUnreachableError(f"{url}: {response.response_status.name}", address=url)
    _require_signed(response, issuer, now)
    if response.produced_at_utc < certificate.not_valid_before_utc - SKEW:
        raise _of_another_time("OCSP: made before the certificate was")
    single = _about(response, request)
    is_fresh = _is_fresh(response, single, nonce, now)
    state, made_at = STATES[single.certificate_status], response.produced_at_utc
    told = _status(state, certificate, single.this_update_utc, made_at, single.revocation_time_utc)
    return replace(told, is_fresh=is_fresh)


def _about(response: ocsp.OCSPResponse, request: ocsp.OCSPRequest) -> ocsp.OCSPSingleResponse:
    """The answer for the certificate that was asked about (certID, RFC 6960, section 4.1.1)."""
    for single in response.responses:
        is_same = (single.serial_number, single.issuer_name_hash, single.issuer_key_hash) == (
            request.serial_number,
            request.issuer_name_hash,
            request.issuer_key_hash,
        )
        if is_same:
            return single
    raise _untrusted("OCSP: an answer about another certificate")


def _require_signed(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    """Accept the issuer itself or a responder that it certified for OCSP (RFC 6960, section 4.2.2.2)."""
    algorithm = response.signature_algorithm_oid.dotted_string
    if len(response.certificates) > MOST_CERTIFICATES:  # they are not protected either
        raise _untrusted(f"OCSP: {len(response.certificates)} certificates")
    for signer in (issuer, *response.certificates):
        if _is_signed_by(signer, algorithm, response.signature, response.tbs_response_bytes):
            if signer == issuer:
                return
            if _may_answer(signer, issuer):
                _require_valid(signer, response.produced_at_utc, now)
                return
    raise _untrusted("OCSP: no trusted signer")


def _is_signed_by(signer: x509.Certificate, algorithm: str, signature: bytes, message: bytes) -> bool:
    key = signer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return is_signed(key, algos.SignedDigestAlgorithm({"algorithm": algorithm}), signature, message)


def _may_answer(signer: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        signer.verify_directly_issued_by(issuer)
        purposes = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (*HOSTILE, InvalidSignature, x509.ExtensionNotFound):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in purposes


def _require_valid(signer: x509.Certificate, produced_at: datetime, now: datetime) -> None:
    """See that a responder may still answer.

    producedAt alone is no measure: whoever has come by an old responder's key writes it himself, and responders are
    mostly certified for weeks, with a mark that their own status need not be asked. So this computer's clock must
    agree. It may be wrong; but then nothing is believed that should not be, except by a clock that is wrong by just
    the age of a stolen key, and for a new certificate not even then, because no answer is older than what it is about.
    Whoever is refused for a wrong clock is asked about it, as for the signer of a message, and nothing is lost: without
    a status nothing old is removed.
    """
    begins, ends = signer.not_valid_before_utc - SKEW, signer.not_valid_after_utc + SKEW
    if not (begins <= produced_at <= ends and begins <= now <= ends):
        raise _of_another_time(f"OCSP: responder valid {begins} to {ends}")


def _is_fresh(response: ocsp.OCSPResponse, single: ocsp.OCSPSingleResponse, nonce: bytes, now: datetime) -> bool:
    """Whether the answer repeats the nonce; refuses another's nonce, and without one what is not of this time."""
    try:
        repeated = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        until = single.next_update_utc or single.this_update_utc + LONGEST_FRESH
        if not single.this_update_utc - SKEW <= now <= until + SKEW:
            raise _of_another_time("OCSP: not of this time") from None
        return False
    if repeated != nonce:
        raise _untrusted("OCSP: another nonce")
    return True


# ----------------------------------------------------------------------------------------------------- CRL


def _read_list(
    url: str, certificate: x509.Certificate, issuer: x509.Certificate, fetch: Fetch, now: datetime
) -> CertificateStatus:
    """Look a certificate up in a complete list by its own issuer; anything else is not understood here."""
    found = x509.load_der_x509_crl(fetch(url, None))
    algorithm = found.signature_algorithm_oid.dotted_string
    is_right = _is_signed_by(issuer, algorithm, found.signature, found.tbs_certlist_bytes)
    if found.issuer != certificate.issuer or not is_right:
        raise _untrusted("CRL: not signed by the issuer")
    if any(extension.critical for extension in found.extensions):
        raise _untrusted("CRL: a partial list, or one that is not understood")
    if found.next_update_utc is None or not found.last_update_utc - SKEW <= now <= found.next_update_utc + SKEW:
        raise _of_another_time("CRL: not of this time")
    entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
    at, state = found.last_update_utc, CertificateState.REVOKED if entry else CertificateState.GOOD
    return _status(state, certificate, at, at, entry.revocation_date_utc if entry else None)
