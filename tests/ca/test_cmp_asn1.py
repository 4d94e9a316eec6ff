"""The ASN.1 of CMP: what is written is read again, and the traps stay shut."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from asn1crypto import core, csr, x509
from cryptography import x509 as crypto
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.ca.cmp_asn1 import (
    CertifiedKeyPair,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
    certificate_der,
    protected_part,
)
from tests.ca import pki

if TYPE_CHECKING:
    from typing import Any

H = pki.hierarchy()
CERTIFICATE = x509.Certificate.load(H.old_authentication.der)
TEMPLATE = {"subject": CERTIFICATE.subject, "publicKey": CERTIFICATE.public_key}
REQUEST = [{"certReq": {"certReqId": 0, "certTemplate": TEMPLATE}, "popo": {"raVerified": core.Null()}}]
RESPONSE = {
    "certReqId": 0,
    "status": {"status": "grantedWithMods"},
    "certifiedKeyPair": {"certOrEncCert": {"certificate": CERTIFICATE}},
}
REPLY = {"caPubs": [CERTIFICATE], "response": [RESPONSE]}
REFUSAL = {"status": "rejection", "statusString": ["Nej"], "failInfo": {"badRequest", "duplicateCertReq"}}
BODIES: dict[str, Any] = {
    "ir": REQUEST,
    "ip": REPLY,
    "cr": REQUEST,
    "cp": REPLY,
    "kur": REQUEST,
    "kup": REPLY,
    "rr": [
        {
            "certDetails": {"serialNumber": 7, "issuer": CERTIFICATE.issuer},
            "crlEntryDetails": [{"extn_id": "crl_reason", "critical": False, "extn_value": "superseded"}],
        }
    ],
    "rp": {"status": [{"status": "accepted"}]},
    "pkiconf": core.Null(),
    "genm": [{"infoType": "1.3.6.1.4.1.32473.2.1", "infoValue": core.PrintableString("1")}],
    "genp": [{"infoType": "caCerts", "infoValue": [CERTIFICATE]}],
    "error": {"pKIStatusInfo": REFUSAL, "errorCode": 1, "errorDetails": ["Nej"]},
    "certConf": [{"certHash": b"hash", "certReqId": 0, "statusInfo": REFUSAL, "hashAlg": {"algorithm": "sha256"}}],
    "pollReq": [{"certReqId": -1}],
    "pollRep": [{"certReqId": -1, "checkAfter": 60, "reason": ["Vänta"]}],
}


def header(body: str) -> dict[str, Any]:
    """Every field of the header at once."""
    name = x509.GeneralName("directory_name", CERTIFICATE.subject)
    return {
        "pvno": 2,
        "sender": name,
        "recipient": name,
        "messageTime": pki.NOW,
        "protectionAlg": {"algorithm": "sha256_ecdsa"},
        "senderKID": b"k",
        "recipKID": b"r",
        "transactionID": b"t",
        "senderNonce": b"s",
        "recipNonce": b"n",
        "freeText": [body],
        "generalInfo": [{"infoType": "certProfile", "infoValue": ["p"]}],
    }


@pytest.mark.parametrize("body", BODIES)
def test_every_body_is_read_as_it_was_written(body: str) -> None:
    """A message of each kind survives the wire byte for byte, header and all, also when it is encoded anew."""
    message = PKIMessage({"header": header(body), "body": PKIBody(body, BODIES[body])})
    signed = protected_part(message)
    message["protection"] = core.OctetBitString(b"signature")
    message["extraCerts"] = [CERTIFICATE]
    der = message.dump()
    read = PKIMessage.load(der, strict=True)
    assert read["body"].name == body
    assert read.native == message.native
    assert protected_part(read) == signed
    assert read.dump(force=True) == der


def test_a_request_in_the_old_form_is_read() -> None:
    """p10cr carries a PKCS#10 request."""
    key = pki.new_key()
    request = crypto.CertificateSigningRequestBuilder().subject_name(pki.name("TEST")).sign(key, hashes.SHA256())
    parsed = csr.CertificationRequest.load(request.public_bytes(Encoding.DER))
    body = PKIBody.load(PKIBody("p10cr", parsed).dump(), strict=True)
    assert body.chosen.untag().dump() == parsed.dump()


def test_the_protected_part_is_what_was_received() -> None:
    """An encoding that is not ours (a long-form length) is verified as it came, not as we would write it."""
    message = PKIMessage({"header": header("x"), "body": PKIBody("pkiconf", core.Null())})
    body = message["body"].dump()
    odd = body[:1] + b"\x81" + body[1:]
    head = message["header"].dump()
    inner = head + odd
    raw = b"\x30\x82" + len(inner).to_bytes(2, "big") + inner
    assert protected_part(PKIMessage.load(raw, strict=True)).endswith(inner)


def test_a_certificate_leaves_its_tag_behind() -> None:
    """What is taken out of an answer begins like a certificate and is one."""
    der = certificate_der(CertifiedKeyPair.load(CertifiedKeyPair(RESPONSE["certifiedKeyPair"]).dump()))
    assert der == CERTIFICATE.dump()


def test_an_encrypted_certificate_is_not_taken_for_one() -> None:
    """We never ask for one."""
    pair = CertifiedKeyPair({"certOrEncCert": {"encryptedCert": {"encryptedValue": {"encValue": b"x"}}}})
    with pytest.raises(ValueError, match="no plain certificate"):
        certificate_der(CertifiedKeyPair.load(pair.dump()))


def test_failure_names_are_the_bits_of_the_rfc() -> None:
    """RFC 9810, section 5.2.3: badRequest is bit 2, systemFailure bit 25; no bit is left over."""
    assert PKIFailureInfo({"badRequest"}).dump() == bytes.fromhex("03020520")
    assert PKIFailureInfo({"systemFailure"}).dump() == bytes.fromhex("03050600000040")
    assert len(PKIFailureInfo._map) == 27


def test_many_threads_may_begin_at_once() -> None:
    """asn1crypto finishes its classes on first use; here that is done before any thread can see them half done."""
    program = (
        "from asn1crypto import core\n"
        "from sithsup.ca import cmp_asn1, crmf_asn1\n"
        "from sithsup.demo import pbm_asn1\n"
        "every = (vars(cmp_asn1) | vars(crmf_asn1) | vars(pbm_asn1)).values()\n"
        "unfinished = [kind for kind in every if isinstance(kind, type)"
        " and issubclass(kind, core.Asn1Value) and kind not in core._SETUP_CLASSES]\n"
        "assert not unfinished, unfinished\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
