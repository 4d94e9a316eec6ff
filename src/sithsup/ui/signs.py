"""Signs, drawn: no font has to have them, and they take the colours of whatever they stand on."""

from __future__ import annotations

from functools import lru_cache
from string import Template
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QLabel

from sithsup.texts import resources

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

Role = QPalette.ColorRole
COLOURS = {
    "ground": Role.Window,
    "raised": Role.AlternateBase,
    "card": Role.Light,
    "line": Role.Mid,
    "accent": Role.Highlight,
}
"""The words with a dollar in resources/icons, and what they are in the palette; `$text` is the sign's own colour."""
ICON_SIZES = (16, 24, 32, 48, 64, 128, 256)


class Sign(QLabel):
    """A drawing as high as `size` lines of text. It says nothing that is not written beside it."""

    def __init__(self, name: str = "", size: float = 1.0) -> None:
        super().__init__()
        self._name, self._size = name, size

    def draw(self, name: str) -> None:
        """Show another drawing; an empty name shows none, and keeps the room."""
        if name != self._name:
            self._name = name
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        height = round(self.fontMetrics().height() * self._size)
        box = _renderer(self._name, self.palette()).viewBoxF() if self._name else QRectF(0, 0, 1, 1)
        return QSize(round(height * box.width() / box.height()), height)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        super().paintEvent(event)
        if self._name:
            size = self.sizeHint()
            painter = QPainter(self)
            _renderer(self._name, self.palette()).render(painter, QRectF(0, 0, size.width(), size.height()))
            painter.end()


def icon() -> QIcon:
    """The program's own icon, in every size that a desktop may ask for."""
    found, renderer = QIcon(), _renderer("sithsup", QPalette())
    for size in ICON_SIZES:
        picture = QPixmap(size, size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        renderer.render(painter)
        painter.end()
        found.addPixmap(picture)
    return found


def _renderer(name: str, palette: QPalette) -> QSvgRenderer:
    around = QApplication.palette()
    colours = {word: around.color(role).name() for word, role in COLOURS.items()}
    colours["text"] = palette.color(Role.WindowText).name()
    return QSvgRenderer(_drawing(name).substitute(colours).encode())


@lru_cache
def _drawing(name: str) -> Template:
    return Template((resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8"))
