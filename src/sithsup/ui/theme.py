"""The look: two palettes and one style sheet; where a person has asked for contrast, the system's colours and lines.

Sizes are relative to the person's font, so that 200 % text is 200 % of everything.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from sithsup.texts import resources

Role = QPalette.ColorRole


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of one scheme; text on its ground has a contrast of 4.5 or more, lines and signs 3 or more."""

    ground: str
    raised: str
    card: str
    text: str
    muted: str
    accent: str
    on_accent: str
    line: str
    edge: str
    """Of a panel: it tells nothing, and so needs no contrast."""
    good: str
    warning_ground: str
    warning_text: str
    error: str


LIGHT = Colours(
    ground="#ffffff",
    raised="#f2f6f9",
    card="#dcebf6",
    text="#16202a",
    muted="#465563",
    accent="#00629b",
    on_accent="#ffffff",
    line="#768492",
    edge="#d5dee6",
    good="#1c6b3c",
    warning_ground="#fff3d6",
    warning_text="#4d3800",
    error="#a4262c",
)
DARK = Colours(
    ground="#171c21",
    raised="#212930",
    card="#1f3a50",
    text="#f1f4f6",
    muted="#c0cad3",
    accent="#86c8ff",
    on_accent="#06121c",
    line="#8795a1",
    edge="#3a4650",
    good="#7fd6a2",
    warning_ground="#3e3216",
    warning_text="#ffe6ab",
    error="#ff9ca5",
)


def wants_contrast() -> bool:
    """Whether the person has asked the system for more contrast: then its colours are used, and none of ours."""
    hints = QGuiApplication.styleHints()
    accessibility = hints.accessibility()
    return bool(accessibility.contrastPreference() == Qt.ContrastPreference.HighContrast)


def is_dark() -> bool:
    """Whether the system is set to dark."""
    return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark


def apply(application: QApplication, colours: Colours | None = None) -> None:
    """Dress the application: in these colours, else as the system is set, now and whenever that is changed."""
    if colours is None:
        _follow(application)
    if colours is None and wants_contrast():
        apply_contrast(application)
        return
    chosen = colours or (DARK if is_dark() else LIGHT)
    application.setStyle("Fusion")
    application.setPalette(_palette(chosen))
    application.setStyleSheet(Template(_sheet("sithsup")).substitute(asdict(chosen)))


def apply_contrast(application: QApplication) -> None:
    """Dress the application in the system's own colours, with lines that are as strong as its text."""
    application.setStyle("Fusion")
    application.setPalette(QPalette())
    palette = application.palette()
    palette.setColor(Role.Mid, palette.color(Role.WindowText))
    application.setPalette(palette)
    application.setStyleSheet(_sheet("contrast"))


def _sheet(name: str) -> str:
    return (resources() / "style" / f"{name}.qss").read_text(encoding="utf-8")


class _Follower(QObject):
    """Dresses the application anew when the person asks the system for more contrast, or for less."""

    @Slot()
    def change(self) -> None:
        application = self.parent()
        assert isinstance(application, QApplication)  # noqa: S101  `_follow` made it so
        apply(application)


def _follow(application: QApplication) -> None:
    if application.findChild(_Follower) is None:
        hints = QGuiApplication.styleHints()
        hints.accessibility().contrastPreferenceChanged.connect(_Follower(application).change)


def _palette(colours: Colours) -> QPalette:
    palette = QPalette()
    for role, colour in {
        Role.Window: colours.ground,
        Role.Base: colours.ground,
        Role.AlternateBase: colours.raised,
        Role.Button: colours.raised,
        Role.WindowText: colours.text,
        Role.Text: colours.text,
        Role.ButtonText: colours.text,
        Role.PlaceholderText: colours.muted,
        Role.Highlight: colours.accent,
        Role.HighlightedText: colours.on_accent,
        Role.Link: colours.accent,
        Role.Mid: colours.line,
        Role.Light: colours.card,
        Role.ToolTipBase: colours.raised,
        Role.ToolTipText: colours.text,
    }.items():
        palette.setColor(role, QColor(colour))
    for role in (Role.WindowText, Role.Text, Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.muted))
    return palette
