"""What can be said of a card without a code: the evidence's verdict, what stands in the way, what must be agreed to.

What `eligibility` and `preflight` judge is put together here, out of the world that an operation works on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sithsup import __version__
from sithsup.consent import asked
from sithsup.eligibility import NOT_USABLE, SETTLED, Facts, Finding, Reason, Severity, Stage, findings, refusal
from sithsup.errors import JournalUnwritableError
from sithsup.evidence import key_ids
from sithsup.model import CodeState, KeyRole
from sithsup.preflight import warnings
from sithsup.recovery import Choice, Situation
from sithsup.texts import readable, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sithsup.campaign import Campaign
    from sithsup.consent import Asked
    from sithsup.errors import Contact
    from sithsup.evidence import World
    from sithsup.journal import Unfinished
    from sithsup.model import CardContents, ModuleInfo
    from sithsup.preflight import Surroundings
    from sithsup.recovery import Verdict

SHUT = {CodeState.LOCKED, CodeState.UNSET}
"""States of a code in which nothing can be done with its keys."""
STAGES = {Situation.FRESH: Stage.FRESH, Situation.UPGRADED: Stage.DONE}


SHUT = {CodeState.LOCKED, CodeState.UNSET}
"""States of a code in which nothing can be done with its keys."""


@dataclass(frozen=True, slots=True)
class Works:
    """What of a card works now; None where that was not judged, or cannot be told."""

    old_works: bool | None = None
    old_signs: bool | None = None
    new_works: bool | None = None
    can_log_in: bool | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A card, as far as it can be judged without a code."""

    contents: CardContents
    verdict: Verdict
    findings: tuple[Finding, ...]
    """What speaks against beginning an upgrade, or, where one was begun, against finishing or undoing it; and what a
    person is warned of. The first to tell comes first."""
    asked: Asked
    """What a person must agree to before an upgrade of this card begins."""
    waiting: tuple[Unfinished, ...]
    """Upgrades of other cards that were begun on this computer."""
    case_open: bool
    """Whether this computer has a journal of the card, which a run is to close."""
    now: datetime
    """The time that the campaign's window is judged by: the authority's where it is known."""

    @property
    def stops(self) -> tuple[Finding, ...]:
        """What stands in the way."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.STOPS)

    @property
    def against(self) -> tuple[Finding, ...]:
        """What of that is a reason of the card, the campaign or the authority."""
        return tuple(finding for finding in self.stops if finding.name in set(Reason))

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The names of these."""
        return tuple(Reason(finding.name) for finding in self.against)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What may stand in the way."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.WARNS)

    @property
    def lacks_authority(self) -> bool:
        """Whether the authority cannot be reached from here now."""
        return any(finding.name == "AUTHORITY_UNREACHABLE" for finding in self.warnings)

    @property
    def works(self) -> Works:
        """What works as the card is now.

        A card that this program has nothing to do with is not judged. A code that is locked, or was never chosen, opens
        nothing; a card that is revoked or has expired does nothing.
        """
        verdict, reasons = self.verdict, set(self.reasons)
        if verdict.situation is Situation.FRESH and not reasons.isdisjoint(SETTLED):
            return Works()
        shut = {role for token in self.contents.tokens if token.info.code in SHUT for role in token.roles}
        is_spent = not reasons.isdisjoint(NOT_USABLE - {Reason.PIN_LOCKED})
        authenticates = not is_spent and KeyRole.AUTHENTICATION not in shut
        signs = not is_spent and KeyRole.SIGNATURE not in shut
        return Works(
            old_works=verdict.old_works and authenticates,
            old_signs=verdict.old_signs and signs,
            new_works=verdict.new_works,
            can_log_in=verdict.can_log_in and authenticates,
        )

    def refuse_stopped(self) -> None:
        """Raise for the first that stands in an upgrade's way: `NotEligibleError` or `JournalUnwritableError`."""
        if self.against:
            raise refusal(*self.against)
        for finding in self.stops:
            raise JournalUnwritableError(finding.name, **finding.values)


def warning_lines(report: Report, whom: Callable[[Contact], str]) -> Iterator[str]:
    """What a person should know before they begin, and whom to ask about it."""
    told = tuple(finding for finding in report.warnings if not finding.is_quiet)
    yield from (finding.text() for finding in told)
    yield from contact_lines(told, whom)


def contact_lines(found: tuple[Finding, ...], whom: Callable[[Contact], str]) -> Iterator[str]:
    """Whom to ask about what was found, each once, where `whom` says so."""
    for who in dict.fromkeys(finding.contact for finding in found):
        if who and (line := whom(who)):
            yield line


def deadline_line(report: Report, campaign: Campaign) -> str:
    """Until when the upgrade of this card must be begun, for its holder."""
    closes = campaign.closes(report.contents.hsa_id)
    left = readable(closes - report.now)
    return tr("The upgrade must be begun before {time}: {span} are left.", time=readable(closes), span=left)


def make_report(
    world: World,
    verdict: Verdict,
    around: Surroundings,
    module: ModuleInfo | None,
    waiting: tuple[Unfinished, ...],
) -> Report:
    """Judge a card. `around` is what surrounds it, `module` is asked for only where its version matters."""
    facts = facts_of(world, _stage(verdict), around, module)
    told = (*findings(facts), *warnings(facts, around))
    return Report(world.contents, verdict, told, asked(world), waiting, world.journal.is_kept, facts.now)


def facts_of(world: World, stage: Stage, around: Surroundings, module: ModuleInfo | None) -> Facts:
    """Card, campaign, computer and time, as they are now."""
    ours = {key_id for key in world.campaign.new_keys for key_id in key_ids(world, key)}
    return Facts(
        world.contents,
        world.campaign,
        world.clock(),
        stage=stage,
        has_our_keys=world.journal.is_kept or any(pair.key_id in ours for pair in world.contents.key_pairs),
        program=__version__,
        module=module,
        is_revoked=around.is_revoked,
        time=around.time,
    )


def _stage(verdict: Verdict) -> Stage:
    """How far an upgrade has come, for those that ask what stands in its way."""
    return STAGES.get(verdict.situation, Stage.BEGUN if Choice.RESTORE in verdict.choices else Stage.TO_FINISH)
