"""What is known of a card, a campaign, a computer and the time before any code is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from sithsup.model import KeyRole

if TYPE_CHECKING:
    from datetime import datetime

    from sithsup.campaign import Campaign
    from sithsup.certificate import Certificate
    from sithsup.model import CardContents, ModuleInfo


class Stage(Enum):
    """How far an upgrade of the card has come, by all the evidence."""

    FRESH = "nothing was begun"
    BEGUN = "begun, and may be undone"
    TO_FINISH = "begun, and can only be finished, as far as is known"
    DONE = "every new certificate is on the card, and confirmed"


class AuthorityTime(NamedTuple):
    """The authority's time, told and signed by itself, beside what this computer's clock said at that moment."""

    at: datetime
    clock: datetime
    is_exact: bool
    """Whether it was made for this very question. Otherwise it may be older than it looks, and is not younger."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known without a code. What was not asked for, or was not answered, is None and stands in nobody's way."""

    contents: CardContents
    campaign: Campaign
    clock: datetime
    """What this computer takes for the time."""
    stage: Stage = Stage.FRESH
    has_our_keys: bool = False
    """Whether a key on the card was made in an upgrade of this campaign."""
    program: str = ""
    """The version of this program."""
    module: ModuleInfo | None = None
    is_revoked: bool = False
    """Whether the status service calls the old certificate for authentication revoked."""
    time: AuthorityTime | None = None

    @property
    def now(self) -> datetime:
        """The time that the campaign's window is judged by."""
        if self.time is None:
            return self.clock
        ahead = self.time.at - self.time.clock
        return self.clock + (ahead if self.time.is_exact else max(ahead, timedelta()))

    @property
    def is_begun(self) -> bool:
        """Whether something was begun and not ended."""
        return self.stage in {Stage.BEGUN, Stage.TO_FINISH}

    @property
    def issuers(self) -> set[str]:
        """Who issued the certificates on the card, but for those of authorities."""
        return {c.certificate.issuer_common_name for c in self.contents.certificates if not c.certificate.is_ca}

    @property
    def new_issuers(self) -> set[str]:
        """Who issues the new certificates."""
        return {target.issuer for target in self.campaign.targets}

    @property
    def is_known(self) -> bool:
        """Whether the card has a certificate that is replaced, or one that is made."""
        has_old = any(self.campaign.replaces(c.certificate) for c in self.contents.certificates)
        return has_old or not self.issuers.isdisjoint(self.new_issuers)


def level(contents: CardContents, campaign: Campaign) -> int | None:
    """The level of assurance (tillitsnivå) of the best certificate on a card; None where the campaign tells none."""
    issuers = (c.certificate.issuer_common_name for c in contents.certificates)
    return max((campaign.levels[issuer] for issuer in issuers if issuer in campaign.levels), default=None)


def expires(contents: CardContents, campaign: Campaign) -> datetime | None:
    """Until when the old certificate for authentication that lives longest is valid; None where there is none."""
    found = old_authentication(contents, campaign)
    return found.not_after if found else None


def old_authentication(contents: CardContents, campaign: Campaign) -> Certificate | None:
    """The old certificate for authentication that lives longest: with it the authority is spoken to."""
    found = (c.certificate for c in contents.certificates if c.certificate.role is KeyRole.AUTHENTICATION)
    return max(filter(campaign.replaces, found), key=lambda certificate: certificate.not_after, default=None)
