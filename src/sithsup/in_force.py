"""Which campaign goes for a card: the one that its upgrade was begun with (law 6), else the one in force."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sithsup.campaign import Campaign, Finder
from sithsup.errors import CampaignInvalidError
from sithsup.journal import begun_campaign, card_key, unfinished

if TYPE_CHECKING:
    from sithsup.model import CardContents
    from sithsup.settings import Settings

_log = logging.getLogger(__name__)


class Campaigns:
    """The campaigns of one run: `likely` before the card is known, then the campaign `of` the card."""

    def __init__(self, settings: Settings, *, recovers: bool = False) -> None:
        """Begin to look for the campaign in force. Raises a `ConfigurationError` where no card can have one.

        Where upgrades wait here to be finished nothing is raised before the card is known: theirs are in the journal.
        Whoever `recovers` a card does not wait for a newer campaign either.
        """
        self._folder = settings.data
        self.finder = Finder(settings, may_fetch=not recovers)
        self.finder.start()
        self.likely = self.finder.known.campaign if self.finder.known else None
        """As far as is known: it can name whom to ask."""
        if not unfinished(self._folder):
            self.finder.check()

    def of(self, contents: CardContents) -> Campaign:
        """The campaign of a card. What its journal holds is believed as the rest of the journal is."""
        self.likely = self._begun(contents) or self.finder.document().campaign
        return self.likely

    def _begun(self, contents: CardContents) -> Campaign | None:
        content = begun_campaign(self._folder, card_key(contents))
        try:
            return Campaign.parse(content, "the journal") if content else None
        except CampaignInvalidError as error:
            _log.warning("cannot go by the campaign in the journal: %s", error)
            return None
