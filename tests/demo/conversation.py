"""One card's world at the demo authority, and a small CMP client: every message can be changed before it is signed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from asn1crypto import core, csr, keys, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from sithsup.ca import cmp_asn1, crmf_asn1
from sithsup.certificate import Certificate
from sithsup.demo import pbm_asn1
from sithsup.demo.authority import DemoAuthority
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.knobs import QUERY_OID, Knobs
from sithsup.demo.ledger import Card, Entry, Ledger
from sithsup.demo.people import PEOPLE
from sithsup.demo.profiles import PROFILES
from sithsup.demo.shared_secret import SharedSecret
from sithsup.demo.status import DemoStatus
from sithsup.model import KeyAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START = datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC)
NUMBER, OTHER_NUMBER = "9752000000000000001", "9752000000000000002"
CARD_EXPIRES = timedelta(days=600)
NEW_PROFILES = tuple(profile.name for profile in PROFILES.values() if profile.upgrades)
AUTHENTICATION = "hsa-id-authentication"

Key = ec.EllipticCurvePrivateKey
Change = dict[str, Any]


class MovingClock:
    """A clock that a test moves."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def public_der(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(key: Key, message: bytes) -> bytes:
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


class World:
    """A folder with a hierarchy and a ledger, two cards, and the authority over them."""

    def __init__(self, folder: Path, url: str = "http://127.0.0.1:9", now: datetime = START) -> None:
        self.folder, self.clock = folder, MovingClock(now)
        self.hierarchy = Hierarchy.make(folder, self.clock, url, KeyAlgorithm.P_256)
        self.ledger = Ledger(folder / "ledger.sqlite3")
        with self.ledger.transaction():
            for number, holder in zip((NUMBER, OTHER_NUMBER), PEOPLE, strict=True):
                self.ledger.add_card(Card(number, holder, now + CARD_EXPIRES))
        self.open()

    def open(self, **options: Any) -> None:
        """Start the authority anew on what is in the folder."""
        self.ledger.close()
        self.ledger = Ledger(self.folder / "ledger.sqlite3")
        self.authority = DemoAuthority(Hierarchy.load(self.folder), self.ledger, self.clock, Knobs(**options))
        self.status = DemoStatus(self.hierarchy, self.ledger, self.clock)

    def enrol(self, profile: str = "old-authentication", card: str = NUMBER, **changes: Any) -> Client:
        """Give a card a certificate that the authority knows, and a client that signs with its key."""
        key, now = new_key(), self.clock()
        validity = changes.pop("validity", (now - timedelta(days=900), now + CARD_EXPIRES))
        holder = self.ledger.card(card).holder
        der = self.hierarchy.issue(PROFILES[profile], public_der(key), holder, card, validity)
        if changes.pop("known", True):
            self.ledger.add_certificate(der, profile, card, validity[0], changes.pop("confirm_by", None))
        return Client(self.authority.answer, key, der)

    def share(self, card: str = OTHER_NUMBER, **parameters: Any) -> Stranger:
        """Share a secret for a card that may have nothing yet."""
        secret = SharedSecret(secrets.token_hex(4).encode(), secrets.token_urlsafe(16).encode(), card)
        self.ledger.add_secret(secret)
        any_certificate = self.hierarchy.cmp_signer.der
        return Stranger(self.authority.answer, new_key(), any_certificate, secret, parameters)

    def states(self, card: str = NUMBER) -> dict[str, str]:
        """Tell the state of the newest certificate of each profile."""
        return {entry.profile.name: str(entry.state) for entry in self.ledger.on_card(card)}

    def entry(self, der: bytes) -> Entry:
        found = self.ledger.certificate(Certificate.parse(der).fingerprint)
        assert found is not None
        return found


@dataclass
class Order:
    """An order as it was sent, and what came back."""

    transaction: bytes
    der: bytes
    key: Key
    answer: Said

    @property
    def issued(self) -> bytes:
        return cmp_asn1.certificate_der(self.answer.content["response"][0]["certifiedKeyPair"])

    @property
    def status(self) -> str:
        return str(self.answer.content["response"][0]["status"]["status"].native)


@dataclass
class Said:
    """An answer of the authority."""

    der: bytes
    message: Any = field(init=False)

    def __post_init__(self) -> None:
        self.message = cmp_asn1.PKIMessage.load(self.der, strict=True)

    @property
    def body(self) -> str:
        return str(self.message["body"].name)

    @property
    def content(self) -> Any:
        return self.message["body"].chosen

    @property
    def failure(self) -> str | None:
        """The failInfo of an error message."""
        if self.body != "error":
            return None
        (name,) = self.content["pKIStatusInfo"]["failInfo"].native
        return str(name)

    @property
    def nonce(self) -> bytes:
        return bytes(self.message["header"]["senderNonce"].native)

    def info(self, name: str) -> Any:
        """A value of generalInfo."""
        return next(
            i["infoValue"].native for i in self.message["header"]["generalInfo"] if i["infoType"].native == name
        )

    @property
    def state(self) -> str:
        """The status of an rp, with its failInfo."""
        (status,) = self.content["status"]
        return " ".join([status["status"].native, *(status["failInfo"].native or ())])

    def is_signed_by(self, certificate: bytes) -> bool:
        key = load_der_public_key(Certificate.parse(certificate).public_key)
        assert isinstance(key, ec.EllipticCurvePublicKey)
        signature = self.message["protection"].native
        key.verify(signature, cmp_asn1.protected_part(self.message), ec.ECDSA(hashes.SHA256()))
        return True


@dataclass
class Client:
    """Signs messages with one certificate and sends them."""

    send: Callable[[bytes], bytes]
    key: Key
    certificate: bytes

    def message(self, body: Any, transaction: bytes, header: Change | None = None, **changes: Any) -> bytes:
        """Compose a signed message; `header` replaces fields of the header, None takes one away."""
        mine = x509.Certificate.load(self.certificate)
        fields: Change = {
            "pvno": 2,
            "sender": x509.GeneralName("directory_name", mine.subject),
            "recipient": x509.GeneralName("directory_name", x509.Name.build({})),
            "protectionAlg": {"algorithm": "sha256_ecdsa"},
            "senderKID": mine.key_identifier,
            "transactionID": transaction,
            "senderNonce": secrets.token_bytes(16),
            **(header or {}),
        }
        message = cmp_asn1.PKIMessage({"header": {k: v for k, v in fields.items() if v is not None}, "body": body})
        if "signature" not in changes:
            changes["signature"] = self.protection(cmp_asn1.protected_part(message))
        if (signed := changes["signature"]) is not None:
            message["protection"] = signed
        message["extraCerts"] = [x509.Certificate.load(der) for der in changes.get("extra", (self.certificate,))]
        return bytes(message.dump())

    def protection(self, message: bytes) -> bytes:
        return sign(self.key, message)

    def say(self, body: Any, transaction: bytes | None = None, header: Change | None = None, **changes: Any) -> Said:
        der = self.message(body, transaction or secrets.token_bytes(16), header, **changes)
        return Said(self.send(der))

    def query(self, number: str = NUMBER, oid: str = QUERY_OID) -> Said:
        question = [{"infoType": oid, "infoValue": core.PrintableString(number)}]
        return self.say(cmp_asn1.PKIBody("genm", cmp_asn1.InfoTypesAndValues(question)))

    def order(
        self,
        profile: str | None = AUTHENTICATION,
        key: Key | None = None,
        header: Change | None = None,
        transaction: bytes | None = None,
        body: str = "cr",
        **changes: Any,
    ) -> Order:
        """Order a certificate for a new key, or for `key`; a kur updates `updates`, or else the signer's own."""
        key, transaction = key or new_key(), transaction or secrets.token_bytes(16)
        info = {} if profile is None else {"generalInfo": [profile_info(profile)]}
        if body == "kur":
            changes.setdefault("controls", [old_certificate(changes.pop("updates", self.certificate))])
        content = pkcs10(key, **changes) if body == "p10cr" else order_body(key, self.subject, **changes)
        der = self.message(cmp_asn1.PKIBody(body, content), transaction, {**info, **(header or {})})
        return Order(transaction, der, key, Said(self.send(der)))

    def poll(self, order: Order, request_id: int = 0, nonce: bytes | None = None) -> Said:
        """Ask for what an order still waits for."""
        body = cmp_asn1.PKIBody("pollReq", [{"certReqId": request_id}])
        return self.say(body, order.transaction, {"recipNonce": nonce or order.answer.nonce})

    def revoke(self, der: bytes, reason: str | None = "superseded", **template: Any) -> Said:
        """Ask for the revocation of a certificate."""
        parsed = x509.Certificate.load(der)
        details: Change = {
            "certDetails": {"serialNumber": parsed.serial_number, "issuer": parsed.issuer} | template,
        }
        if reason:
            details["crlEntryDetails"] = [{"extn_id": "crl_reason", "critical": False, "extn_value": reason}]
        return self.say(cmp_asn1.PKIBody("rr", [details]))

    @property
    def subject(self) -> Any:
        return x509.Certificate.load(self.certificate).subject

    def confirmation(self, order: Order, **changes: Any) -> bytes:
        """Compose a certConf; `accept` False rejects."""
        status: Change = {"certHash": hash_of(order.issued), "certReqId": 0, **changes.get("status", {})}
        if not changes.get("accept", True):
            status["statusInfo"] = {"status": "rejection"}
        body = cmp_asn1.PKIBody("certConf", cmp_asn1.CertConfirmContent(changes.get("content", [status])))
        nonce = {"recipNonce": order.answer.nonce, **changes.get("header", {})}
        return self.message(body, order.transaction, nonce)

    def confirm(self, order: Order, **changes: Any) -> Said:
        return Said(self.send(self.confirmation(order, **changes)))


@dataclass
class Stranger(Client):
    """Has no certificate, but a secret. What it names as its own is anybody's."""

    secret: SharedSecret
    parameters: Change = field(default_factory=dict)

    def message(self, body: Any, transaction: bytes, header: Change | None = None, **changes: Any) -> bytes:
        own: Change = {
            "sender": x509.GeneralName("directory_name", x509.Name.build({})),
            "senderKID": self.secret.reference,
            "protectionAlg": {"algorithm": pbm_asn1.PBM, "parameters": self.parameter},
        }
        return super().message(body, transaction, {**own, **(header or {})}, **changes)

    @property
    def parameter(self) -> pbm_asn1.PBMParameter:
        usual: Change = {
            "salt": b"0123456789abcdef",
            "owf": {"algorithm": "sha256"},
            "iterationCount": 500,
            "mac": {"algorithm": "sha256"},
        }
        return pbm_asn1.PBMParameter({**usual, **self.parameters})

    def protection(self, message: bytes) -> bytes:
        """The MAC, as RFC 9810, section 5.1.3.1 has it."""
        parameter = self.parameter.native
        key = self.secret.secret + parameter["salt"]
        for _ in range(parameter["iterationCount"]):
            key = hashlib.new(parameter["owf"]["algorithm"], key).digest()
        return hmac.digest(key, message, parameter["mac"]["algorithm"].removeprefix("hmac_"))


def profile_info(name: str) -> Change:
    """The profile, as generalInfo names it."""
    return {"infoType": "certProfile", "infoValue": cmp_asn1.PKIFreeText([name])}


def order_body(
    key: Key,
    subject: Any,
    *,
    template: Change | None = None,
    prover: Key | None = None,
    popo: Any = "signature",
    request_id: int = 0,
    controls: list[Change] | None = None,
) -> crmf_asn1.CertReqMessages:
    """One CertReqMsg; `prover` signs the proof of possession in the key's place, `popo` replaces it."""
    fields = {"subject": subject, "publicKey": keys.PublicKeyInfo.load(public_der(key)), **(template or {})}
    asked: Change = {"certReqId": request_id, "certTemplate": {k: v for k, v in fields.items() if v is not None}}
    if controls:
        asked["controls"] = controls
    request = crmf_asn1.CertRequest(asked)
    if popo == "signature":
        proof = {"algorithmIdentifier": {"algorithm": "sha256_ecdsa"}, "signature": sign(prover or key, request.dump())}
        popo = crmf_asn1.ProofOfPossession("signature", crmf_asn1.POPOSigningKey(proof))
    message = {"certReq": request} if popo is None else {"certReq": request, "popo": popo}
    return crmf_asn1.CertReqMessages([message])


def old_certificate(der: bytes, **changes: Any) -> Change:
    """The control that names the certificate which a kur updates."""
    parsed = x509.Certificate.load(der)
    names = {"issuer": x509.GeneralName("directory_name", parsed.issuer), "serialNumber": parsed.serial_number}
    return {"type": "oldCertID", "value": crmf_asn1.CertId({**names, **changes})}


def pkcs10(key: Key, prover: Key | None = None, subject: str = "TEST") -> csr.CertificationRequest:
    """A PKCS #10 request; `prover` signs it in the key's place."""
    info = csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": x509.Name.build({"common_name": subject}),
            "subject_pk_info": keys.PublicKeyInfo.load(public_der(key)),
        }
    )
    signature = sign(prover or key, info.dump())
    algorithm = {"algorithm": "sha256_ecdsa"}
    return csr.CertificationRequest(
        {"certification_request_info": info, "signature_algorithm": algorithm, "signature": signature}
    )


def hash_of(der: bytes) -> bytes:
    """The certHash (RFC 9810, section 5.3.18): by the hash of the certificate's own signature."""
    digest = hashes.Hash({"sha256": hashes.SHA256(), "sha512": hashes.SHA512()}[x509.Certificate.load(der).hash_algo])
    digest.update(der)
    return digest.finalize()
