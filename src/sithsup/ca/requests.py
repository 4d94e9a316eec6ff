"""What is asked of an authority: the bodies of an order (RFC 9483, section 4.1) and of a revocation.

The template of an order suggests the old subject and names the new key; the proof of possession signs the request
itself (RFC 9810, section 5.2.8.2), so no message needs a second signature of the new key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asn1crypto import crl, csr, keys, x509

from sithsup.ca.cmp_asn1 import PKIBody
from sithsup.ca.crmf_asn1 import CertReqMsg, CertRequest
from sithsup.ca.signatures import algorithm_of
from sithsup.model import RequestBody

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.certificate import Certificate
    from sithsup.model import Target

ONE = 0
"""The certReqId of the only certificate that an order asks for (RFC 9483, section 4.1.1)."""
UNNUMBERED = -1
"""The certReqId of what has none: a PKCS#10 request (RFC 9483, section 4.1.4), a whole message that is not ready."""


def order(target: Target, old: Certificate, public_key: bytes, prove: Callable[[bytes], bytes]) -> PKIBody:
    """Compose the body that the target wants; `prove` signs with the key to be certified."""
    if target.body is RequestBody.P10CR:
        return PKIBody("p10cr", _pkcs10(old, public_key, prove))
    request = CertRequest(
        {
            "certReqId": ONE,
            "certTemplate": {
                "subject": x509.Name.load(old.subject),
                "publicKey": keys.PublicKeyInfo.load(public_key),
            },
            **({"controls": [_updates(old)]} if target.body is RequestBody.KUR else {}),
        }
    )
    proof = {"algorithmIdentifier": algorithm_of(public_key), "signature": prove(bytes(request.dump()))}
    return PKIBody(target.body.value, [CertReqMsg({"certReq": request, "popo": {"signature": proof}})])


def _updates(old: Certificate) -> dict[str, Any]:
    """Name the certificate that is updated (id-regCtrl-oldCertID, RFC 4211, section 6.5)."""
    issuer = x509.GeneralName("directory_name", x509.Name.load(old.issuer))
    return {"type": "oldCertID", "value": {"issuer": issuer, "serialNumber": old.serial_number}}


def _pkcs10(old: Certificate, public_key: bytes, prove: Callable[[bytes], bytes]) -> csr.CertificationRequest:
    """Compose a PKCS#10 request (RFC 2986); its signature is the proof of possession."""
    info = csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": x509.Name.load(old.subject),
            "subject_pk_info": keys.PublicKeyInfo.load(public_key),
            "attributes": [],
        }
    )
    return csr.CertificationRequest(
        {
            "certification_request_info": info,
            "signature_algorithm": algorithm_of(public_key),
            "signature": prove(bytes(info.dump())),
        }
    )


def revocation(old: Certificate) -> PKIBody:
    """Compose the request to revoke one certificate, with exactly one reason (RFC 9483, section 4.2)."""
    reason = crl.CRLEntryExtension({"extn_id": "crl_reason", "extn_value": "superseded"})
    details = {"serialNumber": old.serial_number, "issuer": x509.Name.load(old.issuer)}
    return PKIBody("rr", [{"certDetails": details, "crlEntryDetails": [reason]}])
