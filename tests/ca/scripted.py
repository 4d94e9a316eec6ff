"""A transport that does as it is told: each request is shown to a function, which makes the answer."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from asn1crypto import core, x509

from sithsup.ca.cmp import CmpAuthority
from sithsup.ca.cmp_asn1 import PKIBody, PKIMessage, protected_part
from tests.ca import pki

if TYPE_CHECKING:
    from collections.abc import Callable

QUERY_OID = "1.3.6.1.4.1.32473.2.1"


class Script:
    """A `Transport`. Keeps what was sent; an answer that is an exception is raised."""

    address = "http://ca.invalid/cmp"

    def __init__(self, *answers: Callable[[bytes], bytes] | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[bytes] = []
        self.fetched: list[tuple[str, bytes | None]] = []
        self.pages: dict[str, Callable[[bytes | None], bytes] | Exception] = {}

    def exchange(self, body: bytes) -> bytes:
        self.sent.append(body)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(body)

    def fetch(self, address: str, question: bytes | None = None) -> bytes:
        self.fetched.append((address, question))
        page = self.pages[address]
        if isinstance(page, Exception):
            raise page
        return page(question)


def authority(script: Script, **options: Any) -> CmpAuthority:
    """A client that speaks through the script, and never really waits."""
    options = {"clock": lambda: pki.NOW, "sleep": lambda _: None, "random": lambda: 0.5, **options}
    return CmpAuthority(script, pki.hierarchy().anchors, QUERY_OID, **options)


def reply(
    request: bytes,
    body: PKIBody,
    *,
    signer: pki.Keyed | None = None,
    extra: tuple[bytes, ...] | None = None,
    protect: bool = True,
    **header: Any,
) -> bytes:
    """Answer a request as a conforming authority does, except for what the test names. A header of None is left out."""
    asked = PKIMessage.load(request)["header"]
    signer = signer or pki.hierarchy().cmp_signer
    fields: dict[str, Any] = {
        "pvno": 2,
        "sender": x509.GeneralName("directory_name", x509.Name.load(signer.parsed.subject)),
        "recipient": asked["sender"],
        "messageTime": pki.NOW,
        "protectionAlg": {"algorithm": "sha256_ecdsa"} if protect else None,
        "transactionID": asked["transactionID"].native,
        "senderNonce": secrets.token_bytes(16),
        "recipNonce": asked["senderNonce"].native,
        **header,
    }
    fields = {key: value for key, value in fields.items() if value is not None}
    message = PKIMessage({"header": fields, "body": body})
    if protect:
        message["protection"] = core.OctetBitString(signer.sign(protected_part(message)))
    certificates = (signer.der,) if extra is None else extra
    if certificates:
        message["extraCerts"] = [x509.Certificate.load(der) for der in certificates]
    return bytes(message.dump())


def error_body(*names: str, text: str = "Nej.", status: str = "rejection") -> PKIBody:
    return PKIBody("error", {"pKIStatusInfo": status_info(*names, text=text, status=status)})


def status_info(*names: str, text: str = "Nej.", status: str = "rejection") -> dict[str, Any]:
    return {"status": status, "statusString": [text], **({"failInfo": set(names)} if names else {})}


def granted(certificate: bytes, status: str = "accepted", request_id: int = 0) -> dict[str, Any]:
    """One CertResponse with a certificate."""
    return {
        "certReqId": request_id,
        "status": {"status": status},
        "certifiedKeyPair": {"certOrEncCert": {"certificate": x509.Certificate.load(certificate)}},
    }


def cp(*responses: dict[str, Any]) -> PKIBody:
    return PKIBody("cp", {"response": list(responses)})
