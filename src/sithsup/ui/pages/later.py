"""The pages after the `early` ones. They come when the rest of the program is loaded, and may need any part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.ui.pages.codes import CodesPage
from sithsup.ui.pages.done import DonePage
from sithsup.ui.pages.interrupted import InterruptedPage
from sithsup.ui.pages.prepare import PreparePage
from sithsup.ui.pages.unblock import UnblockPage
from sithsup.ui.pages.upgrading import UpgradingPage

if TYPE_CHECKING:
    from sithsup.flow import Page
    from sithsup.ui.pages.page import WizardPage

PAGES: dict[Page, type[WizardPage]] = {
    made.page: made
    for made in (
        PreparePage,
        CodesPage,
        UpgradingPage,
        DonePage,
        InterruptedPage,
        UnblockPage,
    )
}
