"""One run on one card, for the window and the command line alike: look, upgrade, resume, restore.

Ordering rules:

* Everything that can be said without a code is said before a code is asked.
* Nothing is begun without the person's consent to what the campaign asks; what was begun may be finished without.
* The card is ours alone, and the journal writable, before a code is asked; a code is asked before anything is written.
* An error that no new try can help undoes what was begun, as long as the line is not passed.
* The receipt is written when everything is done, before the journal goes; then the new certificates are tested, and it
  is written again. Whatever goes wrong with it costs it alone, and with the test the test alone.
* A journal in which nothing was begun is forgotten; every other one stays hot until one of the two endings is seen.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from sithsup.card.session import Card
from sithsup.card_lock import CardLock
from sithsup.consent import NONE
from sithsup.contacts import NOT_SET_UP, whom
from sithsup.eligibility import NOT_USABLE, SETTLED, Stage, findings, reason_text
from sithsup.errors import (
    AuthorityError,
    CardFullError,
    CardTornError,
    CodeError,
    Contact,
    InterruptedUpgradeError,
    ModuleRefusedError,
    NoRoomHereError,
    NotEligibleError,
    OtherCardMeantError,
    PointOfNoReturnError,
    RestoreElsewhereError,
    SecondInstanceError,
    SithsupError,
    StoppedError,
    StoppedHalfwayError,
    UnusableError,
    UpgradeError,
    UpgradeFinishedError,
    new_case_code,
)
from sithsup.evidence import World, chosen, lost_old, lost_others, may_lift, our_key_pairs, require_settled
from sithsup.journal import Journal, card_key, unfinished
from sithsup.model import Seen
from sithsup.preflight import Surroundings
from sithsup.receipt import FOLDER, make_receipt, save
from sithsup.recovery import Situation, Verdict, assess, look
from sithsup.report import Report, facts_of, make_report
from sithsup.runner import require_way_back, roll_back, roll_forward
from sithsup.self_test import new_certificates, self_test
from sithsup.situation import Outcome
from sithsup.steps import begun
from sithsup.upgrade import TIGHT, rows, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from pathlib import Path

    from sithsup.ca.authority import Authority
    from sithsup.campaign import Campaign
    from sithsup.card.pin import CodeSource
    from sithsup.card.token import Token
    from sithsup.consent import Consent
    from sithsup.contacts import Own
    from sithsup.model import CardContents, Clock, ModuleInfo
    from sithsup.preflight import Preflight
    from sithsup.receipt import Receipt, Saved
    from sithsup.runner import StepEvent

_log = logging.getLogger(__name__)


class Operation:
    """A card that was chosen, with everything that a run needs. Use as a context manager.

    How a run has ended stands in its fields.
    """

    outcome: Outcome | None = None
    began_nothing = False
    """Whether this run ended before anything was begun, and so left nothing behind."""
    can_log_in: bool | None = None
    """Whether somebody can log in with a card whose upgrade an error has stopped; None where that is not known."""
    keys_left = 0
    """How many new keys are still on a card that was restored: a card may refuse to destroy one."""
    old_works = True
    """Whether nothing that is known stands against the old certificates of a card that was restored."""
    receipt: Receipt | None = None
    """Of an upgrade that this run has finished."""
    saved: Saved | None = None
    """Where the receipt lies, or why it could not be written."""
    case_code: str
    """Of the case that was begun on this computer, if any; else of the one that this run begins."""

    def __init__(  # noqa: PLR0913  everything that a run needs, each by name
        self,
        token: Token,
        contents: CardContents,
        *,
        authority: Authority,
        campaign: Campaign,
        folder: Path,
        locks: Path | None,
        codes: CodeSource,
        clock: Clock,
        executor: Executor,
        pause: Callable[[float], None] = time.sleep,
        own: Own = NOT_SET_UP,
        preflight: Preflight | None = None,
    ) -> None:
        """Open the card's journal if there is one. Raises `SecondInstanceError` when another process is at work on it.

        `folder` is where journals are, `locks` where the locks are that all accounts of this computer share, `own`
        the organisation's own contacts. `preflight` looks at what surrounds the card; without it only the card and the
        campaign are looked at.
        """
        self._folder, self._clock, self._own = folder, clock, own
        self._token, self._preflight = token, preflight
        self._module: ModuleInfo | None = None
        self._consent = NONE
        self._is_seen = False
        self._key = card_key(contents)
        self._lock = CardLock(locks, self._key)
        if self._lock.is_taken:
            raise SecondInstanceError("by the lock of the card")
        self._card_name = f"…{(contents.number or contents.serials[0])[-4:]}"
        journal = Journal(folder, self._key, clock, create=False)
        self.case_code = journal.case_code
        card = Card(token, contents, codes, pause=pause)
        self.world = World(card, authority, journal, campaign, clock, executor, pause)

    def __enter__(self) -> Self:
        """Hold the card and its journal for the length of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the journal and the card; the token belongs to the caller."""
        self.world.journal.close()
        self._lock.release()

    def hold(self) -> None:
        """Keep every other process away from the card until the end. Raises `SecondInstanceError`.

        Whoever acts does so anyway; whoever asks a person before that holds the card first. What was read of the card
        before is read again when the codes are asked.
        """
        self._lock.take()

    # ---------------------------------------------------------------------------------------- looking

    def look(self) -> Report:
        """Tell what the card is, without a code."""
        verdict = self._verdict()
        self._is_seen = verdict.situation is Situation.INTERRUPTED
        around = self._preflight.look(self.world.contents) if self._preflight else Surroundings()
        if self.world.campaign.middleware and self._module is None:  # asked only where its version matters
            self._module = self._token.module()
        waiting = unfinished(self._folder, besides={self._key})
        return make_report(self.world, verdict, around, self._module, waiting)

    @property
    def is_begun(self) -> bool:
        """Whether something was begun and not ended, as was seen on the card or as the journal announces."""
        return self._is_seen or self.world.journal.is_announced

    def _verdict(self) -> Verdict:
        rows = table(self.world)
        return assess(rows, look(rows, self.world))

    # ----------------------------------------------------------------------------------------- acting

    def upgrade(self, consent: Consent = NONE) -> Iterator[StepEvent]:
        """Upgrade a card that nothing was begun on. Every row is told as it happens.

        Before a code is asked it raises `NotEligibleError`, `JournalUnwritableError`, `TermsNotAcceptedError` or
        `MailNotUnderstoodError`.
        """
        self.hold()
        report = self.look()
        if report.verdict.situation is Situation.INTERRUPTED:
            raise InterruptedUpgradeError
        _refuse_unusable(report)
        report.refuse_stopped()
        report.asked.require(consent)
        self._consent = consent
        yield from self._forward()

    def resume(self) -> Iterator[StepEvent]:
        """Finish what was begun, on this computer or another. On a card without anything begun, nothing happens."""
        self.hold()
        report = self.look()
        self._refuse(report)
        if report.verdict.situation is Situation.INTERRUPTED:
            yield from self._forward()
        elif report.verdict.situation is Situation.UPGRADED:
            self._end(Outcome.UPGRADED)
        elif self.world.journal.is_kept:
            self._forget()  # it was cut before anything was begun
            self.case_code = ""

    def restore(self) -> Iterator[StepEvent]:
        """Undo what was begun. Raises `PointOfNoReturnError` when it can only be finished, or is finished.

        Where nothing is seen the codes are asked nevertheless: a key that was cut half-made hides behind them.
        """
        self.hold()
        report = self.look()
        self._refuse(report)
        if report.verdict.situation is Situation.UPGRADED:
            self._close(Outcome.UPGRADED)  # where another computer finished it
            raise UpgradeFinishedError
        is_ours = report.verdict.old_works and SETTLED.isdisjoint(report.reasons)
        if report.verdict.situation is Situation.FRESH and not is_ours:
            return  # not a card of this campaign: it is not opened
        require_way_back(self.world)  # said before a code is asked
        with self._leaving_nothing():
            self._begin()
            for event in roll_back(table(self.world), self.world):
                self._is_seen = True
                yield event
        if self.is_begun:
            self._end(Outcome.RESTORED)
        else:
            self._forget()
            self.case_code = ""

    def _refuse(self, report: Report) -> None:
        """Say before a code is asked that a card cannot be saved, or that another one is meant."""
        _refuse_unusable(report)
        is_begun = report.verdict.situation is Situation.INTERRUPTED or self.world.journal.is_kept
        if report.waiting and not is_begun:
            waiting = ", ".join(other.card for other in report.waiting)
            raise OtherCardMeantError(card=self._card_name, waiting=waiting)

    def _forward(self) -> Iterator[StepEvent]:
        with self._leaving_nothing():
            try:
                self._begin()
                yield from self._walk()
            except SithsupError as error:
                yield from self._give_up(error)
                raise
        self._end(Outcome.UPGRADED)

    @contextmanager
    def _leaving_nothing(self) -> Iterator[None]:
        """Whatever ends a run that has begun nothing, no journal is left of it."""
        try:
            yield
        except (SithsupError, KeyboardInterrupt):
            if not self.is_begun:
                self.outcome = None
                self._forget()
            raise

    def _walk(self) -> Iterator[StepEvent]:
        """Walk down the table; once more down the other one where nothing but room is missing and can be made."""
        try:
            yield from roll_forward(table(self.world), self.world)
        except CardFullError:
            if not (all(chosen(self.world, target) for target in self.world.campaign.wanted) and may_lift(self.world)):
                raise
            self.world.journal.remember_full()
            self.world.card.log_in()
            yield from roll_forward(rows(TIGHT, self.world.campaign), self.world)

    def _give_up(self, error: SithsupError) -> Iterator[StepEvent]:
        """Leave the card as the error allows: untouched, restored, or to be recovered."""
        self.outcome = Outcome.INTERRUPTED
        try:
            verdict = self._verdict()
        except SithsupError:
            return  # the card cannot be read now; its own error has been said
        self._is_seen = verdict.situation is not Situation.FRESH
        if isinstance(error, ModuleRefusedError) and verdict.can_log_in is False:
            raise CardTornError(str(error)) from error
        if self._is_seen and error.final:
            yield from self._undo(error)
            if isinstance(error, NotEligibleError):
                raise self._stopped(error) from error
        elif self._is_seen:
            self.can_log_in = verdict.can_log_in

    def _stopped(self, error: NotEligibleError) -> StoppedError:
        """What the authority's no means to an upgrade that was begun."""
        self.old_works = self.old_works and NOT_USABLE.isdisjoint(error.reasons)
        reason = reason_text(error.reasons[0])
        if self.outcome is Outcome.RESTORED:
            return StoppedError(reasons=error.reasons, exit_code=error.exit_code, reason=reason)
        return StoppedHalfwayError(reasons=error.reasons, exit_code=UpgradeError.exit_code, reason=reason)

    def _undo(self, error: SithsupError) -> Iterator[StepEvent]:
        try:
            if isinstance(error, CardFullError):
                self.world.card.log_in()
            yield from roll_back(table(self.world), self.world)
        except RestoreElsewhereError:
            if isinstance(error, CardFullError):
                require_settled(self.world)  # what is on the card may die, and then there is room
                raise NoRoomHereError(str(error)) from error
        except (PointOfNoReturnError, AuthorityError, CodeError):
            pass  # it can only be finished, or that cannot be told now, or nobody gave the codes again
        else:
            self._end(Outcome.RESTORED)

    def _begin(self) -> None:
        """Make the journal, tell it what the card holds, and open the card with its codes."""
        world = self.world
        if not world.journal.is_kept:
            seen, world.journal = world.journal, Journal(self._folder, self._key, self._clock)
            seen.close()
        campaign = world.campaign
        world.journal.begin(self._card_name, campaign.id, new_case_code())
        self.case_code = world.journal.case_code
        world.journal.remember_campaign(campaign.id, campaign.version, campaign.model_dump_json().encode())
        if self._consent.terms and campaign.terms:
            world.journal.remember_terms(self._consent.terms)
        named = (self.case_code, self._card_name, campaign.id, campaign.version)
        _log.info("case %s, card %s, campaign %s %s", *named)
        world.journal.remember_certificates(world.contents.certificates)
        world.card.log_in()
        if begun(world) is Seen.ABSENT and not lost_old(world):
            world.journal.remember_untouched()
            for gone in lost_others(world):  # nothing was under way that could have lost it: somebody has removed it
                world.journal.forget_certificate(gone.certificate)

    def _forget(self) -> None:
        """Leave no journal of what was never begun."""
        self.began_nothing = True
        if self.world.journal.is_kept:
            self.world.journal.discard()
            self.world.journal = Journal(self._folder, self._key, self._clock, create=False)

    def _end(self, outcome: Outcome) -> None:
        if self.world.journal.is_kept:
            self.outcome = outcome
            if outcome is Outcome.RESTORED:
                pairs = (pair for key in self.world.campaign.new_keys for pair in our_key_pairs(self.world, key))
                self.keys_left = sum(pair.private is not None for pair in pairs)
                against = findings(facts_of(self.world, Stage.FRESH, Surroundings(), self._module))
                self.old_works = NOT_USABLE.isdisjoint(finding.name for finding in against)
            else:
                self._make_receipt()
            self._close(outcome)

    def _make_receipt(self) -> None:
        """Write the receipt, test the new certificates, and write it with that. The upgrade has ended well already."""
        with _costing_nothing("no receipt"):
            world, new = self.world, new_certificates(self.world)
            local_it = whom(Contact.LOCAL_IT, world.campaign, world.contents.hsa_id, self._own)
            untested = make_receipt(world, new, self.case_code, local_it)
            self._keep(untested)
            with _costing_nothing("not tested"):
                self._keep(replace(untested, tests=self_test(world, new)))

    def _keep(self, receipt: Receipt) -> None:
        self.receipt = receipt
        self.saved = save(receipt, self._folder / FOLDER)

    def _close(self, outcome: Outcome) -> None:
        """Write how the case ended into the history; its journal goes."""
        if self.world.journal.is_kept:
            self.world.journal.finish(outcome)
            _log.info("case %s ended: %s", self.case_code, outcome)


@contextmanager
def _costing_nothing(lost: str) -> Iterator[None]:
    """Whatever goes wrong costs what is lost and no more: the upgrade is done, and must not seem to have failed."""
    try:
        yield
    except (Exception, KeyboardInterrupt):  # noqa: BLE001  also a bug, and Ctrl-C
        _log.exception(lost)


def _refuse_unusable(report: Report) -> None:
    if report.verdict.situation is Situation.UNUSABLE:
        raise UnusableError(reason=", ".join(report.verdict.missing))
