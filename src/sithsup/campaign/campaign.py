"""A campaign is data (law 8): who issued the old certificates, what the new ones shall be, when, by whom and where.

One JSON text (docs/campaign.md). No date, name or address of any campaign stands in the code.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from sithsup import os_words
from sithsup.campaign.complaints import other_form, told
from sithsup.campaign.parts import (
    ALL,
    PROGRAM,
    AuthorityData,
    CardRow,
    Codes,
    Day,
    Directory,
    EncryptedMail,
    Keys,
    Length,
    Line,
    Middleware,
    Name,
    Oid,
    OldCertificates,
    OldKeys,
    Part,
    RevokeOld,
    RevokeSignedBy,
    Slot,
    TargetData,
    Terms,
    Text,
    Window,
    Words,
    der_of,
    reach,
)
from sithsup.campaign.places import Fault, Places, shown
from sithsup.campaign.rules import broken
from sithsup.errors import CampaignInvalidError, CampaignMissingError
from sithsup.model import KeyRole, NewKey, RequestBody, Target
from sithsup.texts import tr

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.certificate import Certificate

LARGEST = 1 << 20
"""Bytes of a campaign file, signed or not. An honest one has twenty thousand."""
MAX_VERSION = 999_999_999_999
"""Room for versions that are dates."""


def _is_whole(value: object) -> object:
    """Of what equals a number, `true` and 1.0 too, only the number itself."""
    if type(value) is not int:
        raise ValueError(tr("it is not a whole number"))
    return value


class Campaign(Part):
    """The whole text. `Campaign.parse` is the way in; every rule that a text can break is checked there."""

    # ------------------------------------------------------------------------------------------ what it is
    format: Annotated[Literal[1], BeforeValidator(_is_whole)]
    """The format that this text is written in."""
    id: Name
    """What the campaign is called, the same in all its versions."""
    version: Annotated[int, Field(ge=1, le=MAX_VERSION)]
    """Higher for every later edition of the same campaign; an older one than was accepted before is refused."""
    title: Text
    """What people read of it in lists."""
    paused: bool = False
    """Whether no upgrade may begin now. What was begun may be finished or undone."""
    program_min: Annotated[str, Field(pattern=PROGRAM)] | None = None
    """The oldest version of this program that may begin an upgrade."""
    # ------------------------------------------------------------------------------------------ for whom, and when
    window: Window
    """From when until when an upgrade may begin."""
    rollout: tuple[Slot, ...] = ()
    """Who may begin when, within the window; empty lets everybody begin at once."""
    ordered_before: Day | None = None
    """Cards that were ordered on this day or later need no upgrade. A card does not show its day: it is only told."""
    source_issuers: Annotated[tuple[Line, ...], Field(min_length=1)]
    """Issuers of the certificates that are replaced."""
    source_policies: tuple[Oid, ...] = ()
    """Of these issuers' certificates only those with one of these policies are replaced; empty takes all."""
    cards: tuple[CardRow, ...] = ()
    """What shows that a card is a spare card, a foreign one, or not handed out yet."""
    levels: dict[Line, Annotated[int, Field(ge=1, le=4)]] = Field(default_factory=dict)
    """The level of assurance (tillitsnivå) of what an issuer has issued."""
    middleware: tuple[Middleware, ...] = ()
    """The oldest versions of modules that will do."""
    # ------------------------------------------------------------------------------------------ what is made
    targets: Annotated[tuple[TargetData, ...], Field(min_length=1)]
    """The certificates that an upgraded card carries."""
    keys: Keys = Keys.PER_ROLE
    """How many new keys a card gets."""
    old_certificates: OldCertificates = OldCertificates.REMOVE
    """What becomes of the old certificates on the card."""
    old_keys: OldKeys = OldKeys.KEEP
    """What becomes of the old private keys on the card."""
    encrypted_mail: EncryptedMail = EncryptedMail.REPLACE
    """What becomes of an old key and certificate that open encrypted e-mail."""
    revoke_old: RevokeOld = RevokeOld.AUTHORITY
    """Who revokes the old certificates."""
    revoke_signed_by: RevokeSignedBy = RevokeSignedBy.AUTH
    """Whose key signs that, where this program asks for it."""
    # ------------------------------------------------------------------------------------------ by whom
    authority: AuthorityData
    """Where new certificates are ordered."""
    confirm_wait_max: Length
    """The longest time after which the authority has revoked what nobody confirmed."""
    status_lag_max: Length = timedelta(hours=1)
    """How far behind the authority its status service may be; zero where it reads the authority's own ledger."""
    trust_anchors: Annotated[tuple[str, ...], Field(min_length=1)]
    """The roots of the new certificates and of the authority's own messages, PEM."""
    intermediates: tuple[str, ...] = ()
    """The certificates of the targets' and the source issuers, PEM: a status is verified with them. Those of the
    targets' issuers must be here or among the anchors; without those of the source issuers nobody can tell whether an
    old certificate is revoked."""
    # ------------------------------------------------------------------------------------------ what people are told
    words: Words
    """What the campaign says to the holder."""
    terms: Terms | None = None
    """What the holder accepts first; None asks for nothing."""
    codes: Codes | None = None
    """What a holder does who has no codes any more; None takes the program's own words."""
    contacts: Directory
    """Whom to ask, by organisation."""
    ad_mapping_ready: bool = True
    """Whether local IT has made log-in with the new certificates ready (altSecurityIdentities); else people are
    warned before they begin."""

    @field_validator("trust_anchors", "intermediates")
    @classmethod
    def _are_certificates(cls, pems: tuple[str, ...]) -> tuple[str, ...]:
        for pem in pems:
            der_of(pem)
        return pems

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if rule := broken(self):
            raise PydanticCustomError("rule", "{problem}", {"problem": tr(rule.problem), "field": rule.field})
        return self

    @cached_property
    def anchors(self) -> tuple[bytes, ...]:
        """The trust anchors, DER."""
        return tuple(der_of(pem) for pem in self.trust_anchors)

    @cached_property
    def issuers(self) -> tuple[bytes, ...]:
        """Every certificate that may have issued one whose status is asked, DER."""
        return tuple(der_of(pem) for pem in (*self.intermediates, *self.trust_anchors))

    @cached_property
    def wanted(self) -> tuple[Target, ...]:
        """The targets, as the heart knows them."""
        return tuple(target.target() for target in self.targets)

    @cached_property
    def replaces_one_by_one(self) -> bool:
        """Whether each confirmation retires the one old certificate that was updated (kur)."""
        return all(target.body is RequestBody.KUR for target in self.wanted)

    @cached_property
    def confirmation_rounds(self) -> tuple[tuple[Target, ...], ...]:
        """The targets in the order in which they are confirmed; those of one round may be told at once.

        One for authentication goes first: some authorities retire all old certificates at the first confirmation, and
        from then on the new identity must do. With kur it goes last, because the old one that it retires signs for the
        others until then.
        """
        first = next(target for target in self.wanted if target.role is KeyRole.AUTHENTICATION)
        rest = tuple(target for target in self.wanted if target is not first)
        rounds = (rest, (first,)) if self.replaces_one_by_one else ((first,), rest)
        return tuple(filter(None, rounds))

    @cached_property
    def roles(self) -> tuple[KeyRole, ...]:
        """The roles that get a new certificate, authentication first."""
        return tuple(role for role in KeyRole if any(target.role is role for target in self.targets))

    @cached_property
    def new_keys(self) -> tuple[NewKey, ...]:
        """The keys that are made on the card, those for authentication first: one for each role, or for each target."""
        groups: dict[str, list[Target]] = {}
        for target in sorted(self.wanted, key=lambda target: list(KeyRole).index(target.role)):
            if not target.reuses_key:
                name = target.name if self.keys is Keys.PER_TARGET else target.role.value
                groups.setdefault(name, []).append(target)
        return tuple(NewKey(name, each[0].role, each[0].algorithm, tuple(each)) for name, each in groups.items())

    def new_keys_of(self, role: KeyRole) -> tuple[NewKey, ...]:
        """Those of one role."""
        return tuple(key for key in self.new_keys if key.role is role)

    def replaces(self, certificate: Certificate) -> bool:
        """Whether a certificate is an old one: by its issuer, and by its policies where any are named."""
        is_source = not certificate.is_ca and certificate.issuer_common_name in self.source_issuers
        return is_source and not (self.source_policies and certificate.policies.isdisjoint(self.source_policies))

    def opens(self, number: str | None) -> datetime:
        """When a card with this number may begin; one without a number is among the last."""
        place = int.from_bytes(hashlib.sha256(f"{self.id}|{number}".encode()).digest()[:8]) % ALL if number else ALL - 1
        slot = next((slot for slot in self.rollout if place < slot.share), None)
        return max(self.window.opens, slot.opens) if slot else self.window.opens

    def closes(self, hsa_id: str | None) -> datetime:
        """Until when a holder may begin."""
        extensions = self.window.extensions
        longer = (e.closes for e in extensions if not e.organizations or reach(hsa_id, e.organizations))
        return max((self.window.closes, *longer))

    def is_over(self, now: datetime) -> bool:
        """Whether nobody may begin any more, whatever organisation they belong to."""
        return now >= max((self.window.closes, *(extension.closes for extension in self.window.extensions)))

    @classmethod
    def parse(cls, content: bytes, path: str) -> Campaign:
        """Read and check a text that came from `path`; raises `CampaignInvalidError` naming place and problem."""
        places: Places | None = None
        if problem := other_form(content):
            raise CampaignInvalidError(path=path, problem=problem)
        try:
            places = Places(content.decode("utf-8"))
            return cls.model_validate_json(content)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise CampaignInvalidError(path=path, line=line, problem=tr("the text is not UTF-8")) from error
        except Fault as fault:
            raise CampaignInvalidError(
                path=path, line=fault.line, place=shown(fault.place), problem=str(fault)
            ) from fault
        except ValidationError as error:
            raise _invalid(error, places, path) from error

    @classmethod
    def load(cls, path: Path) -> Campaign:
        """Read and check a file that is not signed."""
        return cls.parse(read_file(path), str(path))


def read_file(path: Path) -> bytes:
    """The bytes of a campaign file, signed or not. Raises `CampaignInvalidError`; reads no more than is allowed."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise CampaignMissingError(path=str(path), problem=os_words.reason(error)) from error
    except OSError as error:
        raise CampaignInvalidError(path=str(path), problem=os_words.reason(error)) from error
    refuse_long(content, str(path))
    return content


def refuse_long(content: bytes, path: str) -> None:
    """Raise `CampaignInvalidError` for more than a campaign may have; looking through it would take a while."""
    if len(content) > LARGEST:
        raise CampaignInvalidError(path=path, problem=tr("the file is longer than {count} bytes", count=LARGEST))


def _invalid(error: ValidationError, places: Places | None, path: str) -> CampaignInvalidError:
    """Tell the first of pydantic's complaints, with its line."""
    first: Any = error.errors(include_url=False, include_input=False)[0]
    context = first.get("ctx", {})
    place = (*first["loc"], *([context["field"]] if first["type"] == "rule" else []))
    line = places.line(place) if places and place else 0
    return CampaignInvalidError(first["msg"], path=path, line=line, place=shown(place), problem=told(first))
