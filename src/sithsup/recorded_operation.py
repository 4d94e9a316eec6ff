"""An operation that leaves word of how it ended, for tools that look after many computers: what people begin is one.

* Before anything is changed it says that it is interrupted, so that this is true too when the power goes.
* A card that is only looked at leaves nothing, nor does a run that found nothing to do, nor one that another process
  at work on the card has turned away: that one will tell.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sithsup.consent import NONE
from sithsup.errors import (
    CancelledError,
    InterruptedByPersonError,
    NotEligibleError,
    SecondInstanceError,
    SithsupError,
    UpgradeFinishedError,
    bug,
)
from sithsup.last_outcome import Ending, Run, ending_of
from sithsup.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.card.token import Token
    from sithsup.consent import Consent
    from sithsup.last_outcome import LastOutcomes
    from sithsup.model import CardContents
    from sithsup.runner import StepEvent

SETTLED = {Ending.UPGRADED, Ending.RESTORED}


class RecordedOperation(Operation):
    """The same operation; `parts` are what it is made of."""

    _act = ""

    def __init__(self, outcomes: LastOutcomes, token: Token, contents: CardContents, **parts: Any) -> None:
        """Nothing is left before something is done. `outcomes` is where it is left."""
        super().__init__(token, contents, **parts)
        self._outcomes = outcomes

    def upgrade(self, consent: Consent = NONE) -> Iterator[StepEvent]:
        """Upgrade a card that nothing was begun on."""
        return self._recorded("upgrade", super().upgrade(consent))

    def resume(self) -> Iterator[StepEvent]:
        """Finish what was begun."""
        return self._recorded("resume", super().resume())

    def restore(self) -> Iterator[StepEvent]:
        """Undo what was begun."""
        return self._recorded("restore", super().restore())

    def _begin(self) -> None:
        super()._begin()
        self._leave(Ending.INTERRUPTED)

    def _recorded(self, act: str, events: Iterator[StepEvent]) -> Iterator[StepEvent]:
        self._act = act
        try:
            yield from events
        except (Exception, KeyboardInterrupt) as error:
            self._tell(error)
            raise
        with suppress(KeyboardInterrupt):  # what has ended well has, however impatient somebody is
            self._tell(None)

    def _tell(self, error: BaseException | None) -> None:
        is_closed = self.outcome or isinstance(error, UpgradeFinishedError)  # and its journal with it
        is_begun = not is_closed and self.is_begun
        is_idle = error is None and not (is_closed or is_begun or self.began_nothing)
        if not is_idle and not isinstance(error, SecondInstanceError):
            self._leave(ending_of(self.outcome, error, is_begun=is_begun), _shown(error, is_begun=is_begun))

    def _leave(self, ending: Ending, error: SithsupError | None = None) -> None:
        campaign = self.world.campaign
        run = Run(
            at=self._clock(),
            act=self._act,
            ending=ending,
            error=error.code if error and error.exit_code else None,
            reasons=error.reasons if isinstance(error, NotEligibleError) else (),
            case_code=self.case_code or None,
            card=self._card_name,
            campaign=campaign.id,
            campaign_version=campaign.version,
            is_open=self.world.journal.is_kept and ending not in SETTLED,
        )
        self._outcomes.leave(run, self._key)


def _shown(error: BaseException | None, *, is_begun: bool) -> SithsupError | None:
    """What stopped a run, as people are told of it: somebody who stops it has either interrupted or not begun it."""
    if error is None or isinstance(error, SithsupError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return InterruptedByPersonError(works=False, may_restore=False) if is_begun else CancelledError()
    return bug(error)
