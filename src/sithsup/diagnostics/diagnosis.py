"""One diagnosis from its beginning to its end, for whoever waits for it and for whoever looks on."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from sithsup.contacts import NOBODY_TEXTS, contact_line
from sithsup.diagnostics.document import finish
from sithsup.diagnostics.probe import Result, Round
from sithsup.diagnostics.probes import ALL
from sithsup.diagnostics.scene import Scene
from sithsup.settings import Settings
from sithsup.texts import tr

if TYPE_CHECKING:
    from sithsup.diagnostics.document import Document
    from sithsup.errors import Contact

_log = logging.getLogger(__name__)


class Diagnosis:
    """Asks every probe when it is made. `wait` for all of it, or `look` now and then and never wait."""

    def __init__(self) -> None:
        self.scene = Scene(Settings.resolve(os.environ))
        _log.info("diagnosis, case %s", self.scene.case_code)
        self._results = {probe.name: Result(probe) for probe in ALL}
        self._round = Round(ALL, self.scene)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come."""
        return self._round.is_over

    def look(self) -> bool:
        """Take what has come; whether anything has."""
        came = {result.probe.name: result for result in self._round.take()}
        self._results |= came
        return bool(came)

    def wait(self) -> Document:
        """Wait for everything."""
        while not self.is_over:
            self._results |= {result.probe.name: result for result in self._round.take(self._round.left)}
        return self.document()

    def document(self) -> Document:
        """What has come so far; the rest is told as running."""
        return finish(self._results.values(), self.scene, self._whom)

    def _whom(self, contact: Contact) -> str:
        campaign, settings = self.scene.campaign, self.scene.settings
        return contact_line(contact, campaign, None, settings) or tr(NOBODY_TEXTS[contact])
