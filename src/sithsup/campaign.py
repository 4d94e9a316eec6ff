"""A campaign is data (law 8): who issued the old certificates, what the new ones shall be, when, by whom and where.

One JSON file. Names of issuers are common names. No date, name or address of any campaign stands in the code.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from pathlib import Path  # noqa: TC003  pydantic reads annotations at run time
from typing import Annotated, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from sithsup.certificate import Certificate
from sithsup.errors import CampaignInvalidError, CampaignMissingError
from sithsup.model import KeyAlgorithm, KeyRole, RequestBody, SubjectKind, Target

SHORTEST_CONFIRM_WAIT = timedelta(seconds=60)
"""A slow card needs longer than this between the order and the confirmation."""


class OldKeys(StrEnum):
    """What becomes of the old private keys once the new identity is confirmed."""

    KEEP = "keep"
    DESTROY = "destroy"


class RevokeOld(StrEnum):
    """Who revokes the old certificates once the new identity is confirmed."""

    AUTHORITY = "authority"  # by itself
    CLIENT = "client"  # asked to, by this program (rr)
    NEVER = "never"


class RevokeSignedBy(StrEnum):
    """Whose key signs the request to revoke an old certificate."""

    SAME = "same"  # its own (RFC 9483, section 4.2)
    AUTH = "auth"  # that for authentication: for authorities that take no message signed by a signature key


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Window(_Part):
    """From when until when an upgrade may begin. What was begun may always be finished or undone."""

    opens: AwareDatetime
    closes: AwareDatetime

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.opens >= self.closes:
            message = "the window closes before it opens"
            raise ValueError(message)
        return self


class TargetData(_Part):
    """One certificate that an upgraded card carries, as the file has it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
    role: KeyRole
    subject: SubjectKind
    body: RequestBody = RequestBody.CR
    issuer: str
    profile: str
    algorithm: KeyAlgorithm
    key: Literal["generate"] = "generate"

    def target(self) -> Target:
        """The same, as the heart knows it."""
        return Target(self.name, self.role, self.subject, self.issuer, self.profile, self.algorithm, self.body)


class AuthorityData(_Part):
    """Where the authority is and how it is asked."""

    address: Annotated[str, Field(pattern=r"^https?://")]
    query_oid: Annotated[str, Field(pattern=r"^[0-2](\.\d+)+$")] | None = None
    """The infoType of the question whether a card may be upgraded; None for an authority that has no such message."""


class Contacts(_Part):
    """Whom to ask, as plain text."""

    deputy_issuer: str
    local_it: str


class Campaign(_Part):
    """The whole file. `Campaign.load` is the way in; every rule that a file can break is checked there."""

    format: Literal[1]
    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
    version: Annotated[int, Field(ge=1)]
    title: str
    window: Window
    source_issuers: Annotated[tuple[str, ...], Field(min_length=1)]
    """Issuers of the certificates that are replaced."""
    spare_issuers: tuple[str, ...] = ()
    """Issuers of certificates that only a spare card carries."""
    targets: Annotated[tuple[TargetData, ...], Field(min_length=1)]
    revoke_old: RevokeOld = RevokeOld.AUTHORITY
    revoke_signed_by: RevokeSignedBy = RevokeSignedBy.AUTH
    old_keys: OldKeys = OldKeys.KEEP
    confirm_wait_max: timedelta
    """The longest time after which the authority has revoked what nobody confirmed."""
    status_lag_max: Annotated[timedelta, Field(ge=timedelta())] = timedelta(hours=1)
    """How far behind the authority its status service may be; zero where it reads the authority's own ledger."""
    authority: AuthorityData
    trust_anchors: Annotated[tuple[str, ...], Field(min_length=1)]
    """The roots of the new certificates and of the authority's own messages, PEM."""
    intermediates: tuple[str, ...] = ()
    """The certificates of the targets' and the source issuers, PEM: a status is verified with them. Those of the
    targets' issuers must be here or among the anchors; without those of the source issuers nobody can tell whether an
    old certificate is revoked."""
    contacts: Contacts

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
            "one role has several algorithms": len({(t.role, t.algorithm) for t in self.targets})
            != len({t.role for t in self.targets}),
            "some targets are ordered with kur and some are not": 0 < len(updates) < len(self.targets),
            "two targets update one old certificate (kur)": len({t.role for t in updates}) < len(updates),
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
        from then on the new identity must do. With kur it goes last, because it signs for the others until then.
        """
        first = next(target for target in self.wanted if target.role is KeyRole.AUTHENTICATION)
        rest = tuple(target for target in self.wanted if target is not first)
        rounds = (rest, (first,)) if self.replaces_one_by_one else ((first,), rest)
        return tuple(filter(None, rounds))

    @cached_property
    def roles(self) -> tuple[KeyRole, ...]:
        """The roles that get a new key, authentication first."""
        return tuple(role for role in KeyRole if any(target.role is role for target in self.targets))

    def algorithm(self, role: KeyRole) -> KeyAlgorithm:
        """The algorithm of the new key of a role."""
        return next(target.algorithm for target in self.targets if target.role is role)

    def is_open(self, at: datetime) -> bool:
        """Whether an upgrade may begin at this time."""
        return self.window.opens <= at < self.window.closes

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
