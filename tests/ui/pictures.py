"""The pictures of the window: which there are, how one is taken, and `python -m tests.ui.pictures`, which takes all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from tests.ui.pixels import colours
from tests.ui.states import states
from tests.ui.window import Setting, opened, prepare_process, show

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).with_name("pictures")
SHOWN = Path(__file__).parents[2] / "docs" / "pictures"
"""Those that the documents show."""
BEST = 0
"""Qt's quality of a PNG that is packed as small as can be."""
PALETTE = 256
USUAL = Setting()
OTHERS = {
    Setting(theme="dark"): ("insert-fresh", "codes-last-try", "upgrading-long-key", "interrupted-card-in"),
    Setting(scale=2): ("insert-no-card", "prepare-two-codes", "codes-go-back", "upgrading-nearly", "help-wrong-code"),
    Setting(language="en"): ("insert-fresh", "prepare-two-codes", "codes-two", "done-upgraded"),
}
"""A few, where something else than the text may differ."""
IN_DOCUMENTS = {
    "insert-fresh": "card",
    "codes-two": "codes",
    "diagnosis-ill": "diagnosis",
    "upgrading-long-key": "upgrading",
    "interrupted-card-in": "interrupted",
    "done-upgraded": "done",
}
"""What the README shows, and what it calls it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A state in a setting."""

    name: str
    setting: Setting

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return FOLDER / str(self.setting) / f"{self.name}.png"


def wanted() -> dict[Setting, tuple[str, ...]]:
    """Every state as most people see it, and a few in other settings."""
    return {USUAL: tuple(states()), **OTHERS}


def taken(setting: Setting, names: tuple[str, ...]) -> Iterator[tuple[Picture, QImage]]:
    """Take pictures in one setting."""
    with opened(setting) as window:
        for name in names:
            show(window, name)
            yield Picture(name, setting), window.grab().toImage()


def main() -> None:
    """Take them all anew, and remove those that nobody wants any more."""
    prepare_process()
    paths = set()
    for setting, names in wanted().items():
        for picture, image in taken(setting, names):
            _save(image, picture.path)
            paths.add(picture.path)
            if setting == USUAL and picture.name in IN_DOCUMENTS:
                _save(image, SHOWN / f"{IN_DOCUMENTS[picture.name]}.png")
    for path in set(FOLDER.rglob("*.png")) - paths:
        path.unlink()


def _save(image: QImage, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not small(image).save(str(path), quality=BEST):
        raise OSError(path)


def small(image: QImage) -> QImage:
    """The same picture to the eye, in fewer colours: every channel rounded to a multiple of five, which packs well."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rounded = bytes(plain.constBits()).translate(bytes(round(value / 5) * 5 for value in range(256)))
    same = QImage(rounded, plain.width(), plain.height(), plain.bytesPerLine(), QImage.Format.Format_RGB888).copy()
    found = colours(same)
    if len(found) > PALETTE:
        return same
    table = [0xFF000000 | colour for colour in found]
    return same.convertToFormat(QImage.Format.Format_Indexed8, table, Qt.ImageConversionFlag.ThresholdDither)


if __name__ == "__main__":
    main()
