"""Everything that the window knows: one frozen value, which pages show and the way depends on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sithsup.contacts import NOT_SET_UP, contact_line
from sithsup.errors import CodeIncorrectError, NoCardError, role_text
from sithsup.flow import Facts, Flow, Page
from sithsup.situation import Outcome, Situation
from sithsup.texts import tr
from sithsup.ui.seen import Ending, Progress, Sight, Unblocked, Wanted

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.consent import Consent
    from sithsup.errors import Contact, SithsupError
    from sithsup.model import CardContents, TokenContents


SETTING_OUT = {(Page.INSERT, Page.PREPARE), (Page.INTERRUPTED, Page.CODES), (Page.HELP, Page.CODES)}
"""The steps at which it is decided which card is meant."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that a page may show."""

    flow: Flow = field(default_factory=Flow)
    sight: Sight = field(default_factory=Sight)
    progress: Progress | None = None
    ending: Ending | None = None
    wanted: Wanted | None = None

    consent: Consent | None = None
    """What was agreed to on the way here."""
    is_unblocking: bool = False
    """Whether the card is being given a new code."""
    unblocked: Unblocked | None = None
    """What came of it, until something else is done."""
    meant: tuple[str, ...] = ()
    """The serial numbers of the card that one went on with, as long as nothing is begun on it."""
    is_refused: bool = False
    """Whether somebody wanted to close the window while the card is written."""
    is_stopping: bool = False
    """Whether the run is to stop before its next step."""
    is_final: bool = False
    """Whether there is nothing to try again."""
    is_practice: bool = False
    """Whether card and authority are simulated."""
    logs: Path | None = None
    """The folder of the log, where there is one."""

    @property
    def card(self) -> CardContents | None:
        """The card that is meant."""
        return self.sight.card

    @property
    def step(self) -> Page | None:
        """The page as a step of an upgrade; None where what was begun is undone."""
        is_undone = self.ending is not None and self.ending.outcome is Outcome.RESTORED
        return None if self.flow.page is Page.DONE and is_undone else self.flow.page

    @property
    def locked(self) -> tuple[TokenContents, ...]:
        """The codes of the card that are locked."""
        return self.card.locked if self.card else ()

    @property
    def has_two_codes(self) -> bool:
        """Whether the card has one code for each role."""
        return self.card is not None and sum(bool(token.roles) for token in self.card.tokens) > 1

    @property
    def error(self) -> SithsupError | None:
        """What went wrong last."""
        last = self.unblocked or self.ending
        return last.error if last else None

    @property
    def new_code(self) -> str:
        """That a locked code has got its new value; empty where none has."""
        told = self.unblocked
        if told is None or not told.is_changed:
            return ""
        return tr("The code for {role} has its new value, and is not locked.", role=tr(role_text(told.roles)))

    def contact(self, contact: Contact | None) -> str:
        """Whom to ask, on one line; empty where nobody need be asked, and where nobody is known."""
        sight = self.sight
        if contact is None:
            return ""
        return contact_line(contact, sight.campaign, self.card.hsa_id if self.card else None, sight.own or NOT_SET_UP)

    @property
    def facts(self) -> Facts:
        """What is known now, as far as the way depends on it."""
        card, report, ending = self.card, self.sight.report, self.ending
        return Facts(
            situation=report.verdict.situation if report else None,
            is_locked=bool(self.locked),
            may_begin=report is not None and not report.stops and report.verdict.situation is Situation.FRESH,
            may_close=report is not None and report.case_open and report.verdict.situation is Situation.UPGRADED,
            outcome=ending.outcome if ending else None,
            may_retry=self._is_mistyped,
            has_failed=self.error is not None,
            is_there=card is not None and card.serials == self.meant,
            is_waited_for=bool(self.sight.waiting) and isinstance(self.sight.error, NoCardError),
            act=self.flow.facts.act,
        )

    @property
    def _is_mistyped(self) -> bool:
        """Whether a wrong code ended the last run, and its card is there."""
        card, ending = self.card, self.ending
        if card is None or ending is None:
            return False
        return isinstance(ending.error, CodeIncorrectError) and ending.serials == card.serials

    def at(self, flow: Flow) -> Shown:
        """The same, gone on to where `flow` is."""
        if (self.flow.page, flow.page) in SETTING_OUT:
            return replace(self, flow=flow, meant=self.card.serials if self.card else ())
        return replace(self, flow=flow, meant=() if flow.page is Page.INTERRUPTED else self.meant)

    def seeing(self, sight: Sight) -> Shown:
        """The same, with what is in the readers now.

        A new code is spoken of as long as its card is there; an error until something else is done. How a run on
        another card ended is no longer of interest, unless it is what the page tells.
        """
        told, card, ending = self.unblocked, self.card, self.ending
        if (
            ending
            and sight.card
            and sight.card.serials != ending.serials
            and self.flow.page not in {Page.DONE, Page.HELP}
        ):
            ending = None
        is_there = card is not None and sight.card is not None and card.serials == sight.card.serials
        still = told if is_there or (told and told.error) else None
        return replace(self, sight=sight, ending=ending, unblocked=still)
