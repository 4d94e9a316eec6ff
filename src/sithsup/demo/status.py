"""The demo's status service: OCSP (RFC 6960) and revocation lists (RFC 5280, section 5), straight from the ledger.

A certificate is good only once its holder has confirmed it (or need not); before that it is unknown, after revocation
revoked. The authorities' own are good until `Ledger.revoke_authority`.
Answers are made when they are asked for, by the injected clock: `cryptography` would take producedAt from the
computer's own, which is why asn1crypto makes the OCSP answers.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from asn1crypto import core, ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.demo.authorities import CMP_SIGNER
from sithsup.demo.ledger import Reason
from sithsup.demo.profiles import file_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.demo.hierarchy import Hierarchy
    from sithsup.demo.ledger import Ledger
    from sithsup.model import Clock

VALID_FOR = timedelta(hours=1)


class _Revoked(NamedTuple):
    """What OCSP and a list say of a revoked certificate."""

    serial: int
    at: datetime
    reason: Reason

    def listed(self) -> x509.RevokedCertificate:
        """The entry of a revocation list."""
        builder = x509.RevokedCertificateBuilder().serial_number(self.serial).revocation_date(self.at)
        return builder.add_extension(x509.CRLReason(x509.ReasonFlags[self.reason]), critical=False).build()


class DemoStatus:
    """Tells what has become of certificates."""

    def __init__(self, hierarchy: Hierarchy, ledger: Ledger, clock: Clock) -> None:
        self._hierarchy, self._ledger, self._clock = hierarchy, ledger, clock

    def ocsp(self, question: bytes) -> bytes:
        """Answer an OCSP request; what cannot be answered gets one of the unsigned refusals (section 4.2.1)."""
        with self._ledger.transaction():  # which also lets one thread at a time into asn1crypto's lazy classes
            self._ledger.revoke_unconfirmed(self._clock())
            try:
                request = ocsp.OCSPRequest.load(question, strict=True)
                request.native  # noqa: B018  reads all of it
                asked = [each["req_cert"] for each in request["tbs_request"]["request_list"]]
            except Exception:  # noqa: BLE001  asn1crypto raises many types on hostile input
                return _refusal("malformed_request")
            issuers = {self._issuer(each) for each in asked}
            if len(issuers) != 1 or None in issuers:
                return _refusal("unauthorized")
            return self._answer(issuers.pop() or "", asked, request)

    def _issuer(self, asked: Any) -> str | None:
        """Find the authority that a CertID is about, by the hashes of its name and key."""
        algorithm = asked["hash_algorithm"]["algorithm"].native
        if algorithm not in {"sha1", "sha256"}:
            return None
        for name, entity in self._hierarchy.authorities.items():
            certificate = asn1_x509.Certificate.load(entity.der)
            hashed = getattr(certificate.subject, algorithm), getattr(certificate.public_key, algorithm)
            if hashed == (asked["issuer_name_hash"].native, asked["issuer_key_hash"].native):
                return name
        return None

    def _answer(self, issuer: str, asked: list[Any], request: Any) -> bytes:
        responder, now = self._hierarchy.responders[issuer], self._clock().replace(microsecond=0)
        data: dict[str, Any] = {
            "responder_id": ocsp.ResponderId("by_key", _key_hash(responder.der)),
            "produced_at": now,
            "responses": [
                {
                    "cert_id": each,
                    "cert_status": self._status(issuer, each["serial_number"].native),
                    "this_update": now,
                    "next_update": now + VALID_FOR,
                }
                for each in asked
            ],
        }
        nonces = [each for each in request["tbs_request"]["request_extensions"] if each["extn_id"].native == "nonce"]
        if nonces:
            data["response_extensions"] = [
                {"extn_id": "nonce", "extn_value": core.ParsableOctetString(nonces[0]["extn_value"].contents)}
            ]
        signed = ocsp.ResponseData(data)
        basic = ocsp.BasicOCSPResponse(
            {
                "tbs_response_data": signed,
                "signature_algorithm": {"algorithm": responder.algorithm},
                "signature": responder.sign(signed.dump()),
                "certs": [asn1_x509.Certificate.load(responder.der)],
            }
        )
        body = {"response_type": "basic_ocsp_response", "response": core.ParsableOctetString(basic.dump())}
        return bytes(ocsp.OCSPResponse({"response_status": "successful", "response_bytes": body}).dump())

    def _status(self, issuer: str, serial: int) -> Any:
        """Look a certificate up, a card's or one of the hierarchy's own."""
        if revoked := next((each for each in self._revoked(issuer) if each.serial == serial), None):
            when = {"revocation_time": revoked.at, "revocation_reason": revoked.reason}
            return ocsp.CertStatus("revoked", ocsp.RevokedInfo(when))
        entry = self._ledger.certificate_by(issuer, serial)
        own = {each.serial_number for each in self._certified_by(issuer).values()}
        good = entry.is_good if entry else serial in own
        return ocsp.CertStatus("good", ocsp.StatusGood()) if good else ocsp.CertStatus("unknown", ocsp.StatusUnknown())

    def _certified_by(self, issuer: str) -> dict[str, x509.Certificate]:
        """Find the authorities, and the signer of the messages, that an authority has certified; by name."""
        subject = self._hierarchy.authorities[issuer].certificate.subject
        every = {**self._hierarchy.authorities, CMP_SIGNER: self._hierarchy.cmp_signer}
        return {name: each.certificate for name, each in every.items() if each.certificate.issuer == subject}

    def _revoked(self, issuer: str) -> Iterator[_Revoked]:
        """Tell every certificate that an authority has revoked: of cards, and of other authorities."""
        for entry in self._ledger.revoked_by(issuer):
            if entry.revoked_at and entry.reason:
                serial = x509.load_der_x509_certificate(entry.der).serial_number
                yield _Revoked(serial, entry.revoked_at.replace(microsecond=0), entry.reason)
        certified = self._certified_by(issuer)
        for name, at in self._ledger.revoked_authorities().items():
            if name in certified:
                yield _Revoked(certified[name].serial_number, at.replace(microsecond=0), Reason.CESSATION)

    def crl(self, file: str) -> bytes:
        """Make the revocation list of an authority, by its file name without suffix; KeyError for no such authority."""
        name = {file_name(each): each for each in self._hierarchy.authorities}[file]
        issuer, now = self._hierarchy.authorities[name], self._clock().replace(microsecond=0)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(now)
            .next_update(now + VALID_FOR)
            .add_extension(identifier, critical=False)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        )
        with self._ledger.transaction():
            self._ledger.revoke_unconfirmed(self._clock())
            for revoked in self._revoked(name):
                builder = builder.add_revoked_certificate(revoked.listed())
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _key_hash(der: bytes) -> bytes:
    return bytes(asn1_x509.Certificate.load(der).public_key.sha1)


def _refusal(status: str) -> bytes:
    return bytes(ocsp.OCSPResponse({"response_status": status}).dump())
