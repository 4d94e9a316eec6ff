"""The parts of a campaign file, as pydantic reads them. Every field that a file may have stands here or in `Campaign`.

Names of issuers are common names. An unknown field is an error: a misspelt rule must not be silently no rule. So is a
value of another type than the field's: what somebody meant by `"paused": "no"` is not guessed. Times, days and lengths
are written in one form (ISO 8601), with their zone, and never as numbers.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sithsup.ca.path import HOSTILE
from sithsup.certificate import Certificate, UnreadableCertificateError
from sithsup.model import KeyAlgorithm, KeyRole, RequestBody, SubjectKind, Target
from sithsup.settings import readers
from sithsup.texts import SWEDISH, language, tr

ORGANIZATION_NUMBER = re.compile(r"[A-Z]{2}[A-Z0-9]*?([0-9]{10})-")
"""Where an HSA-id holds the number of the organisation that gave it: SE2321000131-ABCD."""
NAME, OID, NUMBER = r"^[a-z0-9-]{1,64}$", r"^[0-2](\.[0-9]+)+$", r"^[0-9]{1,19}$"
LINE, PARAGRAPHS = r"^[^\x00-\x1f\x7f]*$", r"^[^\x00-\x09\x0b-\x1f\x7f]*$"
ADDRESS, CURRENCY = r"^https?://[^\s@]+$", r"^[A-Z]{3}$"
PROGRAM, LIBRARY = r"^[0-9]+(\.[0-9]+){0,2}$", r"^[0-9]+(\.[0-9]+){0,3}$"
Name = Annotated[str, Field(pattern=NAME)]
Oid = Annotated[str, Field(pattern=OID)]
Line = Annotated[str, Field(min_length=1, max_length=300, pattern=LINE)]
"""Text on one line, without control characters."""
Paragraphs = Annotated[str, Field(min_length=1, max_length=20_000, pattern=PARAGRAPHS)]
"""Text that may have several lines."""
ALL = 100
"""Per cent."""
_PEM = re.compile(r"\s*-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\s*")
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = f"{_DAY}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}([.][0-9]{{1,6}})?(Z|[+-][0-9]{{2}}:[0-9]{{2}})"
_LENGTH = "P(?=.)([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+([.][0-9]{1,6})?S)?)?"


def _written(pattern: str, kind: type, example: str) -> BeforeValidator:
    """Let through what is written in one form, and what is of the kind already; pydantic reads other forms too."""

    def require(value: object) -> object:
        if isinstance(value, kind) or (isinstance(value, str) and re.fullmatch(pattern, value)):
            return value
        raise ValueError(tr("it is not written like {example}", example=example))

    return BeforeValidator(require)


def _form(pattern: str) -> Any:
    return Field(strict=False, json_schema_extra={"pattern": f"^{pattern}$"})


Time = Annotated[AwareDatetime, _form(_TIME), _written(_TIME, datetime, "2027-03-01T00:00:00+01:00")]
Day = Annotated[date, _form(_DAY), _written(_DAY, date, "2027-03-01")]
Length = Annotated[timedelta, _form(_LENGTH), _written(_LENGTH, timedelta, "PT1H30M, P1D")]
"""Neither years nor months, whose lengths vary."""


class OldCertificates(StrEnum):
    """What becomes of the old certificates once the new identity is confirmed."""

    REMOVE = "remove"
    KEEP = "keep"


class OldKeys(StrEnum):
    """What becomes of the old private keys once the new identity is confirmed."""

    KEEP = "keep"
    DESTROY = "destroy"


class EncryptedMail(StrEnum):
    """What becomes of an old key and certificate that open encrypted e-mail."""

    REPLACE = "replace"  # as every other old certificate; the holder is asked first
    KEEP = "keep"  # they stay on the card when everything is done


class RevokeOld(StrEnum):
    """Who revokes the old certificates once the new identity is confirmed."""

    AUTHORITY = "authority"  # by itself
    CLIENT = "client"  # asked to, by this program (rr)
    NEVER = "never"


class RevokeSignedBy(StrEnum):
    """Whose key signs the request to revoke an old certificate."""

    SAME = "same"  # its own (RFC 9483, section 4.2)
    AUTH = "auth"  # that for authentication: for authorities that take no message signed by a signature key


class Keys(StrEnum):
    """How many keys an upgraded card gets."""

    PER_ROLE = "per-role"  # one for all certificates of a role
    PER_TARGET = "per-target"  # one for each certificate


class KeySource(StrEnum):
    """Where the key of a target comes from."""

    GENERATE = "generate"  # made on the card
    REUSE = "reuse"  # the key that the old certificate of the same role carries


class CardKind(StrEnum):
    """What sort of plastic it is. Only ordinary cards are upgraded."""

    ORDINARY = "ordinary"
    SPARE = "spare"  # reservkort
    FOREIGN = "foreign"  # another issuer's, whatever was added to it
    TRANSPORT = "transport"  # not handed out yet: nobody's certificate is on it


class Part(BaseModel):
    """What every part has in common."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Text(Part):
    """What a person reads, in both languages."""

    sv: Paragraphs
    """In Swedish."""
    en: Paragraphs
    """In English."""

    def __str__(self) -> str:
        """In the language in use."""
        return self.sv if language() == SWEDISH else self.en


class Extension(Part):
    """A later closing time, for everybody or for some organisations (HSA-id prefixes, or organisation numbers)."""

    closes: Time
    """The later closing time; the first moment at which nothing may begin any more."""
    organizations: tuple[Line, ...] = ()
    """HSA-id prefixes, or organisation numbers of ten digits; empty means everybody."""


class Window(Part):
    """From when until when an upgrade may begin. What was begun may always be finished or undone."""

    opens: Time
    """The first moment at which an upgrade may begin."""
    closes: Time
    """The first moment at which none may begin any more."""
    extensions: tuple[Extension, ...] = ()
    """Later closing times."""

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError(tr("the window closes before it opens"))
        if any(extension.closes <= self.closes for extension in self.extensions):
            raise ValueError(tr("an extension closes before the window does"))
        return self


class Slot(Part):
    """A part of a rollout: from this time on, this share of all cards (per cent, counted from the first) may begin."""

    opens: Time
    """From this time on."""
    share: Annotated[int, Field(ge=1, le=ALL)]
    """Per cent of all cards, those of earlier slots among them."""


class TargetData(Part):
    """One certificate that an upgraded card carries, as the file has it."""

    name: Name
    """What the program calls this certificate."""
    role: KeyRole
    """What its key is for."""
    subject: SubjectKind
    """By which number it names the holder."""
    body: RequestBody = RequestBody.CR
    """How it is ordered (CMP): cr for a new certificate, p10cr the same as PKCS #10, kur to update an old one."""
    issuer: Line
    """The common name of its issuer, who is none of the source issuers."""
    profile: Line
    """The name of the certificate profile, as the authority knows it."""
    algorithm: KeyAlgorithm
    """The algorithm of its key."""
    key: KeySource = KeySource.GENERATE
    """Where its key comes from."""

    def target(self) -> Target:
        """The same, as the heart knows it."""
        named = (self.name, self.role, self.subject, self.issuer, self.profile, self.algorithm, self.body)
        return Target(*named, reuses_key=self.key is KeySource.REUSE)


class CardRow(Part):
    """A row of the table of cards: what shows that a card is of a kind, and why that kind is not upgraded.

    The card number decides where a row names its beginning, the longest first; then maker and label, of a
    token with a certificate that is replaced, or else of every token; then the issuers.
    """

    kind: CardKind
    """What such a card is."""
    numbers: tuple[Annotated[str, Field(pattern=NUMBER)], ...] = ()
    """How a card number (1.2.752.34.2.1) begins."""
    manufacturers: tuple[Line, ...] = ()
    """What a token calls its maker; a part of it is enough, in any case."""
    labels: tuple[Line, ...] = ()
    """What a token is called; a part of it is enough, in any case."""
    issuers: tuple[Line, ...] = ()
    """The issuers of a certificate that only such a card carries."""
    reason: Text | None = None
    """Why such a card is not upgraded, and what its holder does instead; None takes the program's own words."""


class AuthorityData(Part):
    """Where the authority is and how it is asked."""

    protocol: Literal["cmp"] = "cmp"
    """How it is spoken to."""
    address: Annotated[str, Field(pattern=ADDRESS), AfterValidator(readers.address)]
    """Where it answers."""
    query_oid: Oid | None = None
    """The infoType of the question whether a card may be upgraded; None for an authority that has no such message."""


class ContactData(Part):
    """Somebody to ask, with at least one way to reach them."""

    name: Line
    """A person or a desk."""
    phone: Line | None = None
    """A telephone number, as it is dialled."""
    mail: Line | None = None
    """An e-mail address."""
    web: Line | None = None
    """A web address."""

    def __str__(self) -> str:
        """On one line."""
        return ", ".join(filter(None, (self.name, self.phone, self.mail, self.web)))


class Contacts(Part):
    """Whom to ask: before and during the upgrade, and after it."""

    deputy_issuer: ContactData
    """Before and during the upgrade (biträdande utgivare)."""
    local_it: ContactData
    """After it."""


class Organization(Contacts):
    """The contacts of one organisation, or of several."""

    organizations: Annotated[tuple[Line, ...], Field(min_length=1)]
    """HSA-id prefixes, or organisation numbers of ten digits."""


class Directory(Contacts):
    """The contacts of everybody, and those of some organisations."""

    organizations: tuple[Organization, ...] = ()
    """Where some organisations have contacts of their own; the longest fitting prefix wins."""

    def of(self, hsa_id: str | None) -> Contacts:
        """The contacts of the organisation that a holder belongs to; of everybody's where it is not known or listed."""
        found = [(reach(hsa_id, listed.organizations), listed) for listed in self.organizations]
        return max(found, key=lambda pair: pair[0], default=(0, self))[1] if any(far for far, _ in found) else self


class Terms(Part):
    """What the holder accepts before any code is asked."""

    version: Line
    """What tells this wording from others; it stands in the receipt."""
    text: Text
    """The whole wording."""


class Price(Part):
    """What something costs, in whole units of a currency (ISO 4217)."""

    amount: Annotated[int, Field(ge=0)]
    """In whole units."""
    currency: Annotated[str, Field(pattern=CURRENCY)]
    """By ISO 4217."""

    def __str__(self) -> str:
        """As it is said."""
        return f"{self.amount} {'kr' if self.currency == 'SEK' else self.currency}"


class Codes(Part):
    """What a holder does who has no codes any more."""

    price: Price | None = None
    """Of each new code."""
    order: Text
    """Where and how new codes are ordered."""


class Middleware(Part):
    """The oldest version of a module that will do. A module that no row names may be of any version."""

    manufacturer: Line
    """What C_GetInfo calls its maker; a part of it is enough, in any case."""
    version: Annotated[str, Field(pattern=LIBRARY)]
    """Of the library, as C_GetInfo tells it."""


class Words(Part):
    """What the campaign itself says to the holder."""

    why: Text
    """Why the card must be upgraded: one plain sentence."""
    afterwards: Text | None = None
    """What is to be done next by whoever has upgraded a card."""
    encrypted_mail: Text | None = None
    """What to do about encrypted e-mail before the upgrade, in this organisation's words."""


def reach(hsa_id: str | None, organizations: tuple[str, ...]) -> int:
    """How well a list of HSA-id prefixes and organisation numbers fits a holder: more is better, 0 is not at all."""
    if not hsa_id:
        return 0
    number = ORGANIZATION_NUMBER.match(hsa_id)
    fits = (o for o in organizations if hsa_id.startswith(o) or (number and number[1] == o))
    return max(map(len, fits), default=0)


def der_of(pem: str) -> bytes:
    """Read a text that is one certificate; whatever is wrong is a ValueError, which pydantic tells with its place."""
    if not _PEM.fullmatch(pem):
        raise ValueError(tr("it is not exactly one certificate (PEM)"))
    try:
        der = x509.load_pem_x509_certificate(pem.encode("ascii")).public_bytes(Encoding.DER)
        Certificate.parse(der)
    except (*HOSTILE, UnreadableCertificateError) as error:
        raise ValueError(tr("the certificate cannot be read")) from error
    return der
