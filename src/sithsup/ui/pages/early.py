"""The pages that may come before the rest of the program is loaded, or without it: they need nothing of it then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.flow import Page
from sithsup.ui.pages.diagnosis import DiagnosisPage
from sithsup.ui.pages.help import HelpPage
from sithsup.ui.pages.support import SupportPage

if TYPE_CHECKING:
    from sithsup.ui.pages.page import WizardPage

PAGES: dict[Page, type[WizardPage]] = {
    Page.HELP: HelpPage,
    Page.SUPPORT: SupportPage,
    Page.DIAGNOSIS: DiagnosisPage,
}
