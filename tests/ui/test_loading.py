"""The window comes up before the heart is loaded, and says so where that cannot be loaded."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLabel

from sithsup.flow import Page
from sithsup.settings import Settings
from sithsup.texts import ENGLISH
from sithsup.ui.app import Loader
from sithsup.ui.frame import NEXT
from tests.ui.window import Setting, opened, settle

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

EARLY = """
import sys
import sithsup.ui.wizard
before = set(sys.modules)
import sithsup.ui.pages.early
print(*(name for name in set(sys.modules) - before if name.startswith(("cryptography", "pydantic", "sithsup."))))
"""


def test_a_heart_that_cannot_be_loaded_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Instead of looking for a card for ever."""
    loader = Loader(Settings(data=tmp_path, logs=tmp_path))
    made: list[object] = []
    with opened(Setting(ENGLISH)) as window:
        loader.loaded.connect(made.append)
        loader.failed.connect(window.failed)
        window.look_wanted.connect(loader.load)
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "sithsup.ui.worker", None)
            loader.load()
        settle()
        page = window._page
        assert page.page is Page.HELP
        text = "\n".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())
        assert "Something happened that the program did not expect" in text
        assert "Nothing was begun" in text
        assert "Error code: SU-9001" in text
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        caplog.clear()
        window.button(NEXT).click()
        assert window._page.page is Page.INSERT
        assert made == [loader.worker] != [None]
        window.look_wanted.emit()
        assert len(made) == 1


def test_the_page_that_says_so_needs_nothing_of_the_heart() -> None:
    told = subprocess.run([sys.executable, "-c", EARLY], check=True, capture_output=True, text=True)
    early = {f"sithsup.ui.pages.{name}" for name in ("diagnosis", "early", "help", "support")}
    assert set(told.stdout.split()) == {"sithsup.ui.came", *early}
