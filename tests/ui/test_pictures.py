"""Every page looks as it did when somebody last looked at it and was content. `./dev pictures` takes them anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QImage

from tests.ui.pictures import FOLDER, USUAL, Picture, taken, wanted
from tests.ui.pixels import differences
from tests.ui.window import Setting, opened, settle, show

if TYPE_CHECKING:
    from pathlib import Path

TOLERANCE = 8
"""Of a channel, from 0 to 255: no eye sees it. Not one pixel may differ by more: a wrong letter is but a few."""


@pytest.mark.parametrize("setting", wanted(), ids=str)
def test_it_looks_as_it_did(setting: Setting, tmp_path: Path) -> None:
    differing = []
    for picture, image in taken(setting, wanted()[setting]):
        kept = QImage(str(picture.path))
        if kept.isNull() or differences(image, kept, TOLERANCE):
            image.save(str(tmp_path / f"{picture.name}.png"))
            differing.append(picture.name)
    assert not differing, f"look at them in {tmp_path}; if they are as they should be: ./dev pictures"


def test_no_picture_is_kept_that_nobody_looks_at() -> None:
    known = {Picture(name, setting).path for setting, names in wanted().items() for name in names}
    assert set(FOLDER.rglob("*.png")) == known


def test_one_letter_more_is_seen() -> None:
    """The control: a full stop too many."""
    with opened(USUAL) as window:
        page = show(window, "codes-two")
        kept = QImage(str(Picture("codes-two", USUAL).path))
        assert differences(window.grab().toImage(), kept, TOLERANCE) == 0
        page.lead.setText(page.lead.text() + ".")
        settle()
        assert differences(window.grab().toImage(), kept, TOLERANCE) > 0
