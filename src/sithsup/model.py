"""The frozen values that every room speaks in.

Nothing here does anything: these are facts as they were seen (on a card, at an authority) and names from the
campaign. Times are aware datetimes in UTC. Certificates, public keys and names are DER; a public key is always a
whole SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7), which is what objects are paired by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sithsup.certificate import Certificate

Clock = Callable[[], datetime]
"""Tells the time in UTC. Injected everywhere, so that a test can move it."""


class KeyRole(StrEnum):
    """What a key pair is for; each role has its own code on a card with two PINs."""

    AUTHENTICATION = "authentication"  # legitimering
    SIGNATURE = "signature"  # underskrift


class SubjectKind(StrEnum):
    """By which number a certificate names its holder."""

    HSA_ID = "hsa-id"
    PERSONAL_NUMBER = "personal-number"


class KeyAlgorithm(StrEnum):
    """The kinds of key that a campaign may ask for."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    P_256 = "p-256"
    P_384 = "p-384"


class RequestBody(StrEnum):
    """With which message a certificate is ordered (RFC 9483, section 4.1)."""

    IR = "ir"
    CR = "cr"
    KUR = "kur"  # updates one old certificate, which the authority retires when the new one is confirmed
    P10CR = "p10cr"


class Seen(StrEnum):
    """What the evidence says of one row of the table (law 4). UNKNOWN is neither seen nor not seen."""

    ABSENT = "absent"
    LIVE = "live"
    DEAD = "dead"
    UNKNOWN = "unknown"


# ---------------------------------------------------------------------------------------------- the card


class TokenId(NamedTuple):
    """A PKCS#11 token, named by what survives a re-insert. Slot ids and object handles do not."""

    serial: str
    label: str


class CodeState(StrEnum):
    """What the token's flags say of its code before anything is asked (CKF_USER_PIN_*)."""

    OK = "ok"
    COUNT_LOW = "count-low"  # at least one wrong try since the last right one
    FINAL_TRY = "final-try"
    LOCKED = "locked"
    UNSET = "unset"  # CKF_USER_PIN_INITIALIZED is clear


class ObjectKind(StrEnum):
    """The object classes that matter here; everything else is OTHER and is never touched."""

    CERTIFICATE = "certificate"
    PUBLIC_KEY = "public-key"
    PRIVATE_KEY = "private-key"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """The PKCS#11 module as it introduces itself (C_GetInfo)."""

    path: str
    manufacturer: str
    description: str
    version: str


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """One token as its flags describe it, readable without a code."""

    id: TokenId
    reader: str
    manufacturer: str
    model: str
    code: CodeState
    pin_pad: bool  # CKF_PROTECTED_AUTHENTICATION_PATH: the code is typed on the reader
    read_only: bool
    algorithms: frozenset[KeyAlgorithm]  # that it can generate
    free_public_memory: int | None  # bytes; None where the module does not tell
    puk: CodeState = CodeState.OK  # CKF_SO_PIN_*; a module that shows no try of the PUK code says that all is well
    code_lengths: range = range(4, 9)  # digits that its code may have (ulMinPinLen to ulMaxPinLen)


@dataclass(frozen=True, slots=True)
class CardObject:
    """One object as it was seen on a token. It is found again by all of this, never by a handle.

    `value` is the certificate's DER, or a key's SubjectPublicKeyInfo; empty where the object does not show it
    (an EC private key, an unreadable object). A private key is seen only after its token's log-in.
    """

    token: TokenId
    kind: ObjectKind
    key_id: bytes
    label: str
    value: bytes
    always_authenticate: bool = False
    modifiable: bool = True
    destroyable: bool = True


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its public half, paired by public key, else by `key_id`.

    `public_key` is empty when no object and no certificate on the card tells it.
    """

    token: TokenId
    key_id: bytes
    public_key: bytes
    private: CardObject | None
    public: CardObject | None

    @property
    def usable(self) -> bool:
        """Whether the private key is there and its public key is known."""
        return self.private is not None and bool(self.public_key)


@dataclass(frozen=True, slots=True)
class CardCertificate:
    """A certificate object and what it says."""

    found: CardObject
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something on the card that does not parse. It is kept, shown to support, and never touched."""

    found: CardObject
    reason: str


@dataclass(frozen=True, slots=True)
class TokenContents:
    """One token, the roles that its code opens, and every object on it."""

    info: TokenInfo
    roles: frozenset[KeyRole]
    objects: tuple[CardObject, ...]


@dataclass(frozen=True, slots=True)
class CardContents:
    """A whole card as it was read in one go: one token per code, up to four of them."""

    tokens: tuple[TokenContents, ...]
    key_pairs: tuple[KeyPair, ...]
    certificates: tuple[CardCertificate, ...]
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def reader(self) -> str:
        """The name of the reader that holds the card."""
        return self.tokens[0].info.reader

    @property
    def locked(self) -> tuple[TokenContents, ...]:
        """The tokens whose keys are behind a locked code; the one for authentication first."""
        locked = (token for token in self.tokens if token.roles and token.info.code is CodeState.LOCKED)
        return tuple(sorted(locked, key=lambda token: KeyRole.AUTHENTICATION not in token.roles))

    @property
    def serials(self) -> tuple[str, ...]:
        """The serial numbers of the card's tokens, sorted; one on a real card."""
        return tuple(sorted({token.info.id.serial for token in self.tokens}))

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every card number that a certificate on the card carries; more than one is a fault of the card."""
        return tuple(sorted({c.certificate.card_number for c in self.certificates if c.certificate.card_number}))

    @property
    def number(self) -> str | None:
        """The card number that its certificates agree on, None where there is none or several."""
        return self.numbers[0] if len(self.numbers) == 1 else None

    @property
    def hsa_id(self) -> str | None:
        """The holder's HSA-id, None where no certificate on the card tells one."""
        identities = (c.certificate.identity for c in self.certificates)
        return next((i.value for i in identities if i and i.kind is SubjectKind.HSA_ID), None)

    def token_for(self, role: KeyRole) -> TokenContents | None:
        """The token whose code opens keys of this role; None on a card that has none."""
        return next((token for token in self.tokens if role in token.roles), None)

    def key_pair(self, public_key: bytes) -> KeyPair | None:
        """The usable key pair with this public key."""
        return next((pair for pair in self.key_pairs if pair.usable and pair.public_key == public_key), None)


# ------------------------------------------------------------------------------------------ the campaign


@dataclass(frozen=True, slots=True)
class Target:
    """One certificate that an upgraded card carries. All of it is campaign data."""

    name: str
    """Short and unique within the campaign, such as `hsa-id-authentication`."""
    role: KeyRole
    subject: SubjectKind
    issuer: str
    """The common name of the authority that must issue it."""
    profile: str
    """What the authority calls the profile (id-it-certProfile, RFC 9483 section 4)."""
    algorithm: KeyAlgorithm
    body: RequestBody = RequestBody.CR
    reuses_key: bool = False
    """Whether the key that the old certificate of the same role carries is certified again; else a new one is made."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key pair that is made on the card, and the certificates that carry it."""

    name: str
    """Unique within the campaign: that of its role, or of its target where each target has a key of its own."""
    role: KeyRole
    algorithm: KeyAlgorithm
    targets: tuple[Target, ...]


# ----------------------------------------------------------------------------------------- the authority


class CertificateState(StrEnum):
    """What OCSP or a CRL says of a certificate. `unknown` also covers issued but not yet confirmed."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """An answer of the authority's status service, verified."""

    state: CertificateState
    at: datetime  # the authority's time (producedAt)
    revoked_at: datetime | None = None
    is_fresh: bool = False  # it was made for this very question, so `at` was now


@dataclass(frozen=True, slots=True)
class Signer:
    """Who protects a message: a certificate (DER), its issuers, and a way to sign with its key.

    `sign` takes the message and returns an X.509 signature: PKCS#1 v1.5 with SHA-256 for RSA, a DER ECDSA-Sig-Value
    with SHA-256 (P-256) or SHA-384 (P-384) for EC. It may raise any CardError.
    """

    certificate: bytes
    chain: tuple[bytes, ...]
    sign: Callable[[bytes], bytes] = field(repr=False)


class MessageKind(StrEnum):
    """The messages that the journal keeps; those that are always of one kind are named as RFC 9810 names them."""

    ORDER = "order"
    WAITING = "waiting"  # the authority needs longer; the newest counts
    POLL = "pollReq"
    ISSUED = "issued"
    CONFIRM = "certConf"
    CONFIRMED = "pkiConf"
    REJECT = "certConf-reject"
    REJECTED = "pkiConf-reject"
    ERROR = "error"  # the authority said that it knows no such transaction (any more)
    REVOKE = "rr"
    REVOKED = "rp"


@dataclass(frozen=True, slots=True)
class Message:
    """A complete signed protocol message, ready to be sent again byte for byte, or as it was received."""

    kind: MessageKind
    transaction: bytes
    der: bytes


@dataclass(frozen=True, slots=True)
class Transaction:
    """Everything that was said in one transaction, as far as this computer heard it. `None` = not (yet) said."""

    target: str
    public_key: bytes
    """The key that was to be certified."""
    order: Message
    waiting: Message | None = None
    poll: Message | None = None
    issued: Message | None = None
    issued_at: datetime | None = None
    """When the answer came, by this computer's clock."""
    confirm: Message | None = None
    confirmed: Message | None = None
    reject: Message | None = None
    rejected: Message | None = None
    error: Message | None = None

    @property
    def asked(self) -> Message:
        """The message that the authority's last answer belongs to."""
        return self.poll or self.order


@dataclass(frozen=True, slots=True)
class Waiting:
    """A verified answer that the authority needs longer: it is to be asked again, not before `check_after` seconds."""

    answer: Message
    check_after: float


@dataclass(frozen=True, slots=True)
class Issued:
    """A verified answer to an order. Nothing in it has been compared with the card yet: `ca.trust` does that."""

    answer: Message
    certificate: bytes
    extra_certificates: tuple[bytes, ...]
    confirm_by: datetime | None  # confirmWaitTime: when the authority revokes what was not confirmed
    at: datetime  # the authority's time (messageTime)


@dataclass(frozen=True, slots=True)
class Permission:
    """The authority's word on whether this card may be upgraded, asked before anything is generated.

    `reason` is one of the eligibility reasons of design section 7 (`ELIGIBLE` or why not).
    """

    reason: str
    at: datetime


class AcceptedTerms(NamedTuple):
    """Which terms were accepted, and when."""

    version: str
    at: datetime


class Identity(NamedTuple):
    """By what a certificate names its holder."""

    kind: SubjectKind
    value: str


def digest(value: bytes) -> str:
    """A short printable name of some bytes, for logs, ids and comparisons by eye: 16 hex digits of SHA-256."""
    return hashlib.sha256(value).hexdigest()[:16]
