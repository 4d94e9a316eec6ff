"""Felsökning in its important states: begun, with things that are wrong, and with nothing wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sithsup.diagnostics.document import Document
from sithsup.diagnostics.probe import Found, Group, Probe, Result, Status
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.values import Blotter, Fact, Word, foreign
from sithsup.errors import AuthorityUnreachableError, NoReaderError
from sithsup.flow import Facts, Flow, Page
from sithsup.texts import mark, tr
from sithsup.ui.came import Section
from sithsup.ui.pages.diagnosis import DiagnosisPage
from sithsup.ui.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.ui.pages.page import WizardPage

AT = datetime(2030, 1, 1, 12, tzinfo=UTC)
CASE = "TEST2345"
FOLDER = "TEST/data"
PROGRAM = Probe("program", mark("The program and this computer"), lambda _: Found())
SETTINGS = Probe("settings", mark("Settings"), lambda _: Found())
CAMPAIGN = Probe("campaign", mark("The upgrade campaign"), lambda _: Found())
OF_PROGRAM = Found(
    (
        Fact("version", mark("Version of the program"), Word("0.0.0")),
        Fact("system", mark("Operating system"), Word("Linux")),
        Fact("release", mark("Version of the operating system"), foreign("TEST/Linux 12 (påhittad)")),
        Fact("installed", mark("Runs from an installation package"), value=True),
    )
)
OF_SETTINGS = Found(
    groups=(Group("data", foreign(FOLDER), (Fact("layer", mark("Comes from"), Word("policy")),)),),
)
WRONG = (Problem(NoReaderError()), Problem(AuthorityUnreachableError(seconds=30)))


class Came:
    """A diagnosis of which so much has come."""

    def __init__(self, *results: Result) -> None:
        self._results = results
        self.is_over = all(result.status is not Status.RUNNING for result in results)

    def document(self) -> Document:
        return Document(
            CASE,
            AT,
            self._results,
            Blotter(),
            lambda _: tr("Your local IT support: {contact}", contact="TEST Hjälpa Låtsasson, 000-00 00 01"),
        )

    def look(self) -> bool:
        return False


RUNNING = Came(Result(PROGRAM, Status.GOOD, OF_PROGRAM), Result(SETTINGS), Result(CAMPAIGN))
WELL = Came(
    Result(PROGRAM, Status.GOOD, OF_PROGRAM),
    Result(SETTINGS, Status.GOOD, OF_SETTINGS),
    Result(CAMPAIGN, Status.GOOD),
)
ILL = Came(
    Result(PROGRAM, Status.GOOD, OF_PROGRAM),
    Result(SETTINGS, Status.UNKNOWN, is_late=True),
    Result(CAMPAIGN, Status.PROBLEM, Found(problems=WRONG)),
)


def states() -> dict[str, Shown]:
    """What the page is told is the same; what came of the diagnosis follows in `AFTER`."""
    shown = Shown(Flow(Page.DIAGNOSIS, Facts(), (Page.INSERT, Page.SUPPORT)))
    return dict.fromkeys(("diagnosis-running", "diagnosis-well", "diagnosis-ill", "diagnosis-opened"), shown)


def _show(came: Came, *, opens: bool = False) -> Callable[[WizardPage], None]:
    def shows(page: WizardPage) -> None:
        assert isinstance(page, DiagnosisPage)
        page._diagnosis = came  # type: ignore[assignment]
        page._show_all()
        for section in page.findChildren(Section):
            section.button.setChecked(opens)

    return shows


AFTER = {
    "diagnosis-running": _show(RUNNING),
    "diagnosis-well": _show(WELL),
    "diagnosis-ill": _show(ILL),
    "diagnosis-opened": _show(WELL, opens=True),
}
