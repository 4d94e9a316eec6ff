"""Names of what a card is, what may be chosen, what happened to a row, how it ended: the window needs them at once."""

from __future__ import annotations

from enum import StrEnum

from sithsup.texts import mark


class Situation(StrEnum):
    """What a card is, for a campaign."""

    FRESH = "fresh"
    UPGRADED = "upgraded"
    INTERRUPTED = "interrupted"
    UNUSABLE = "unusable"


class Choice(StrEnum):
    """What a person may choose for an interrupted upgrade."""

    CONTINUE = "continue"
    RESTORE = "restore"


class Mark(StrEnum):
    """What happened to a row of the table."""

    STARTED = "started"
    DONE = "done"
    SEEN = "seen"  # it was done already
    UNDOING = "undoing"
    UNDONE = "undone"

    @property
    def is_under_way(self) -> bool:
        """Whether it is worked on now."""
        return self in {Mark.STARTED, Mark.UNDOING}


class Outcome(StrEnum):
    """How a run ended."""

    UPGRADED = "upgraded"
    RESTORED = "restored"
    INTERRUPTED = "interrupted"


ENDINGS = {
    # Translators: how an upgrade ended; stands in a list of cards
    Outcome.UPGRADED: mark("upgraded"),
    # Translators: how an upgrade ended; stands in a list of cards
    Outcome.RESTORED: mark("restored"),
}
