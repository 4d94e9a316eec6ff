"""A campaign is data (law 8): who issued the old certificates, what the new ones shall be, when, by whom and where.

One JSON file. No date, name or address of any campaign stands in the code.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path  # noqa: TC003  pydantic reads annotations at run time
from typing import Annotated, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import Field, ValidationError, field_validator, model_validator

from sithsup.campaign.parts import (
    AuthorityData,
    CardKind,
    CardRow,
    Codes,
    Directory,
    EncryptedMail,
    Keys,
    KeySource,
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
    reach,
)
from sithsup.certificate import Certificate
from sithsup.errors import CampaignInvalidError, CampaignMissingError
from sithsup.model import KeyRole, NewKey, RequestBody, Target

SHORTEST_CONFIRM_WAIT = timedelta(seconds=60)
"""A slow card needs longer than this between the order and the confirmation."""
ALL = 100
"""Per cent."""


class Campaign(Part):
    """The whole file. `Campaign.load` is the way in; every rule that a file can break is checked there."""

    # ------------------------------------------------------------------------------------------ what it is
    format: Literal[1]
    id: Name
    version: Annotated[int, Field(ge=1)]
    """Higher for every later edition of the same campaign; an older one than was accepted before is refused."""
    title: Text
    paused: bool = False
    """Whether no upgrade may begin now. What was begun may be finished or undone."""
    program_min: Annotated[str, Field(pattern=r"^\d+(\.\d+){0,2}$")] | None = None
    """The oldest version of this program that may begin an upgrade."""
    # ------------------------------------------------------------------------------------------ for whom, and when
    window: Window
    rollout: tuple[Slot, ...] = ()
    """Who may begin when, within the window; empty lets everybody begin at once."""
    ordered_before: date | None = None
    """Cards that were ordered on this day or later need no upgrade. A card does not show its day: it is only told."""
    source_issuers: Annotated[tuple[Line, ...], Field(min_length=1)]
    """Issuers of the certificates that are replaced."""
    source_policies: tuple[Oid, ...] = ()
    """Of these issuers' certificates only those with one of these policies are replaced; empty takes all."""
    cards: tuple[CardRow, ...] = ()
    levels: dict[Line, Annotated[int, Field(ge=1, le=4)]] = Field(default_factory=dict)
    """The level of assurance (tillitsnivå) of what an issuer has issued."""
    middleware: tuple[Middleware, ...] = ()
    # ------------------------------------------------------------------------------------------ what is made
    targets: Annotated[tuple[TargetData, ...], Field(min_length=1)]
    keys: Keys = Keys.PER_ROLE
    old_certificates: OldCertificates = OldCertificates.REMOVE
    old_keys: OldKeys = OldKeys.KEEP
    encrypted_mail: EncryptedMail = EncryptedMail.REPLACE
    revoke_old: RevokeOld = RevokeOld.AUTHORITY
    revoke_signed_by: RevokeSignedBy = RevokeSignedBy.AUTH
    # ------------------------------------------------------------------------------------------ by whom
    authority: AuthorityData
    confirm_wait_max: timedelta
    """The longest time after which the authority has revoked what nobody confirmed."""
    status_lag_max: Annotated[timedelta, Field(ge=timedelta())] = timedelta(hours=1)
    """How far behind the authority its status service may be; zero where it reads the authority's own ledger."""
    trust_anchors: Annotated[tuple[str, ...], Field(min_length=1)]
    """The roots of the new certificates and of the authority's own messages, PEM."""
    intermediates: tuple[str, ...] = ()
    """The certificates of the targets' and the source issuers, PEM: a status is verified with them. Those of the
    targets' issuers must be here or among the anchors; without those of the source issuers nobody can tell whether an
    old certificate is revoked."""
    # ------------------------------------------------------------------------------------------ what people are told
    words: Words
    terms: Terms | None = None
    codes: Codes | None = None
    contacts: Directory
    ad_mapping_ready: bool = True
    """Whether local IT has made log-in with the new certificates ready (altSecurityIdentities); else people are
    warned before they begin."""

    @field_validator("trust_anchors", "intermediates")
    @classmethod
    def _are_certificates(cls, pems: tuple[str, ...]) -> tuple[str, ...]:
        for pem in pems:
            Certificate.parse(_der(pem))
        return pems

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [target.name for target in self.targets]
        kinds = [(target.role, target.subject) for target in self.targets]
        updates = [target for target in self.targets if target.body is RequestBody.KUR]
        known = {Certificate.parse(_der(pem)).common_name for pem in (*self.intermediates, *self.trust_anchors)}
        problems = {
            "two targets have the same name": len(set(names)) != len(names),
            "two targets have the same role and subject": len(set(kinds)) != len(kinds),
            "a target's issuer is a source issuer too": any(t.issuer in self.source_issuers for t in self.targets),
            "no target is for authentication": all(t.role is not KeyRole.AUTHENTICATION for t in self.targets),
            "one key has several algorithms": self.keys is Keys.PER_ROLE
            and len({(t.role, t.algorithm) for t in self.targets}) != len({t.role for t in self.targets}),
            "one role has keys that are made and keys that are reused": len({(t.role, t.key) for t in self.targets})
            != len({t.role for t in self.targets}),
            "a key that is reused cannot be one for each target": self.keys is Keys.PER_TARGET
            and any(t.key is KeySource.REUSE for t in self.targets),
            "the slots of the rollout do not let more and more cards begin, and in the end all": not _grows(
                self.rollout
            ),
            "some targets are ordered with kur and some are not": 0 < len(updates) < len(self.targets),
            "two targets update one old certificate (kur)": len({(t.role, t.subject) for t in updates}) < len(updates),
            "the certificate of a target's issuer is missing": not {t.issuer for t in self.targets} <= known,
            "confirm_wait_max is under 60 seconds": self.confirm_wait_max < SHORTEST_CONFIRM_WAIT,
        }
        broken = [problem for problem, is_so in problems.items() if is_so]
        if broken:
            raise ValueError("; ".join(broken))
        return self

    @cached_property
    def anchors(self) -> tuple[bytes, ...]:
        """The trust anchors, DER."""
        return tuple(_der(pem) for pem in self.trust_anchors)

    @cached_property
    def issuers(self) -> tuple[bytes, ...]:
        """Every certificate that may have issued one whose status is asked, DER."""
        return tuple(_der(pem) for pem in (*self.intermediates, *self.trust_anchors))

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

    def issuers_of(self, kind: CardKind) -> frozenset[str]:
        """The issuers of certificates that only this kind of card carries."""
        return frozenset(issuer for row in self.cards if row.kind is kind for issuer in row.issuers)

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

    @classmethod
    def load(cls, path: Path) -> Campaign:
        """Read and check a campaign file; raises `CampaignInvalidError` naming the place and the problem."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise CampaignMissingError(path=str(path), place="-", problem=error.strerror or str(error)) from error
        except OSError as error:
            raise CampaignInvalidError(path=str(path), place="-", problem=error.strerror or str(error)) from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "-"
            raise CampaignInvalidError(path=str(path), place=place, problem=first["msg"]) from error


def _der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode("ascii")).public_bytes(Encoding.DER)


def _grows(slots: tuple[Slot, ...]) -> bool:
    pairs = [(slot.opens, slot.share) for slot in slots]
    grows = all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(pairs))
    return not slots or (slots[-1].share == ALL and grows)
