"""What a person with other eyes, other hands or another language would stumble over, found from what is really drawn.

Every rule is a function from what is shown to findings. The numbers are those of WCAG 2.2 (AA), as EN 301 549
chapter 11 asks for: contrast 1.4.3 and 1.4.11, text that is enlarged 1.4.4, keyboard 2.1.1 and 2.1.2, order 2.4.3,
focus 2.4.7, size of targets 2.5.8, names 2.5.3 and 4.1.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QAccessible, QFont, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QWidget,
)

from sithsup.ui.signs import Sign
from sithsup.ui.tick import Tick
from tests.ui.pixels import changed, contrast, ink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QImage

    from sithsup.ui.column import Column

TEXT, LARGE_TEXT, LINE = 4.5, 3.0, 3.0
LARGE, LARGE_BOLD = 18, 14
"""Points, at 100 %."""
TARGET = 24
AROUND = 0.8
"""How much of a widget's circumference must be seen to change when it gets the focus."""
FIRST_WORDS = 40


@dataclass(frozen=True, slots=True)
class Scene:
    """A window, the page in it, and how much larger the person's text is."""

    window: QWidget
    column: Column
    scale: int = 1

    @property
    def widgets(self) -> list[QWidget]:
        """What can be seen, if need be after scrolling."""
        return [widget for widget in self.window.findChildren(QWidget) if widget.isVisible() and not _is_qts(widget)]


def _is_qts(widget: QWidget) -> bool:
    return widget.objectName().startswith("qt_scrollarea") or widget.size().isEmpty()


def name(widget: QWidget) -> str:
    """What a finding calls it."""
    words = text_of(widget)[:FIRST_WORDS]
    return f"{type(widget).__name__} {widget.objectName()} “{words}”"


def text_of(widget: QWidget) -> str:
    """What is written on it, without the mark of its letter."""
    text = widget.text() if isinstance(widget, QLabel | QAbstractButton) else ""
    return re.sub(r"&(.)", r"\1", text) if isinstance(widget, QAbstractButton) else text


def place(scene: Scene, widget: QWidget) -> QRect:
    """Where it is in the window."""
    return QRect(widget.mapTo(scene.window, QPoint(0, 0)), widget.size())


def audit(scene: Scene, *, by_eye: bool = True) -> list[str]:
    """Everything that is wrong with what is shown; without `by_eye` what another language may change."""
    found = [*clipped(scene), *cut_by_ink(scene), *too_small(scene), *nameless(scene), *shared_keys(scene)]
    found += unreached(scene)
    return [*found, *pale(scene), *without_focus(scene)] if by_eye else found


# ------------------------------------------------------------------------------------------------------- contrast


def pale(scene: Scene) -> Iterator[str]:
    """Text and signs that do not stand out, each looked at where the page is scrolled to it."""
    seen: set[QWidget] = set()
    for image, view in views(scene):
        for widget in scene.widgets:
            part = place(scene, widget)
            if widget in seen or (scene.column.isAncestorOf(widget) and not view.contains(part)):
                continue
            seen.add(widget)
            for what, where, needed in parts_to_see(widget, part, scene.scale):
                if (is_so := contrast(image, where)) < needed:
                    yield f"contrast of the {what} {is_so:.2f} < {needed}: {name(widget)}"


def views(scene: Scene) -> Iterator[tuple[QImage, QRect]]:
    """The window at each place that the page can be scrolled to, and the part of it that is the page."""
    bar, view = scene.column.verticalScrollBar(), scene.column.viewport()
    places = [*range(0, bar.maximum(), max(1, view.height() // 2)), bar.maximum()]
    for at in dict.fromkeys(places):
        bar.setValue(at)
        yield scene.window.grab().toImage(), place(scene, view)
    bar.setValue(0)


def parts_to_see(widget: QWidget, part: QRect, scale: int) -> Iterator[tuple[str, QRect, float]]:
    """What of a widget must stand out, where that is, and by how much."""
    if isinstance(widget, Sign):
        yield "sign", part, LINE
    elif text_of(widget):
        yield "text", part.adjusted(4, 4, -4, -4), LARGE_TEXT if is_large(widget.font(), scale) else TEXT
    if isinstance(widget, QLineEdit | QProgressBar):
        height = part.height()
        yield "edge", QRect(part.right() - height, part.bottom() - 7, height // 2, 8), LINE  # left of its round corner
    if isinstance(widget, Tick):
        side = widget._box + 4
        yield "box", QRect(part.left() + widget._pad - 2, part.top() + widget._pad - 2, side, side), LINE


def is_large(font: QFont, scale: int) -> bool:
    """Whether a text is so large that less contrast will do."""
    return font.pointSizeF() / scale >= (LARGE_BOLD if font.bold() else LARGE)


# -------------------------------------------------------------------------------------------------------- clipping


def clipped(scene: Scene) -> Iterator[str]:
    """Text that needs more room than it has, and widgets that are not wholly in the window or on the page."""
    whole = scene.window.rect()
    inside = scene.column.widget()
    assert inside
    if (least := scene.column.column.minimumSize().width()) > scene.column.viewport().width():
        yield f"the page is wider than the window: {least}"
    for widget in scene.widgets:
        needed = needs(widget)
        if needed.width() > widget.width() + 1 or needed.height() > widget.height() + 1:
            yield f"clipped, {widget.size().toTuple()} for {needed.toTuple()}: {name(widget)}"
        bounds = inside.rect() if inside.isAncestorOf(widget) else whole
        at = QRect(widget.mapTo(inside if inside.isAncestorOf(widget) else scene.window, QPoint(0, 0)), widget.size())
        if text_of(widget) and not bounds.contains(at):
            yield f"outside, {at.getRect()} in {bounds.getRect()}: {name(widget)}"


def needs(widget: QWidget) -> QSize:
    """The room that its text takes, as wide as it is."""
    if isinstance(widget, Tick):
        return QSize(0, widget.heightForWidth(widget.width()))
    if isinstance(widget, QLabel) and widget.wordWrap():
        longest = max(re.split("[ \n]", widget.text()), key=len)
        return QSize(widget.fontMetrics().horizontalAdvance(longest), widget.heightForWidth(widget.width()))
    if isinstance(widget, QLabel):
        return widget.sizeHint()
    if isinstance(widget, QPushButton):
        return QSize(widget.sizeHint().width() - 2, widget.fontMetrics().height())
    return QSize()


def cut_by_ink(scene: Scene) -> Iterator[str]:
    """Buttons on which less is written than should be."""
    for widget in scene.widgets:
        if isinstance(widget, QPushButton) and widget.isEnabled():
            option = QStyleOptionButton()
            widget.initStyleOption(option)
            room = widget.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, widget)
            first, last = ink(widget.grab().toImage(), room)
            expected = QFontMetrics(widget.font()).tightBoundingRect(text_of(widget)).width()
            if last - first + 1 < expected - 3:
                yield f"cut, {last - first + 1} of {expected} columns of ink: {name(widget)}"


# ------------------------------------------------------------------------------------------------- hands and names


def stops(scene: Scene) -> list[QWidget]:
    """Everything that the keyboard must reach."""
    return [
        w
        for w in scene.widgets
        if w.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus and w.isEnabled()
    ]


def too_small(scene: Scene) -> Iterator[str]:
    """Targets that are hard to hit; text that can be selected is none."""
    for widget in stops(scene):
        if not isinstance(widget, QLabel) and min(widget.width(), widget.height()) < TARGET:
            yield f"target of {widget.size().toTuple()}: {name(widget)}"


def nameless(scene: Scene) -> Iterator[str]:
    """What a screen reader has no name for, or another than what is written on it."""
    for widget in (*stops(scene), *(w for w in scene.widgets if isinstance(w, QProgressBar))):
        interface = QAccessible.queryAccessibleInterface(widget)
        spoken = interface.text(QAccessible.Text.Name)
        if not spoken.strip():
            yield f"no name: {name(widget)}"
        elif isinstance(widget, QAbstractButton) and text_of(widget) not in spoken:
            yield f"its name “{spoken}” is not what is written on it: {name(widget)}"


def shared_keys(scene: Scene) -> Iterator[str]:
    """A key with Alt that two things on the page answer to: then it presses neither."""
    keyed: dict[str, str] = {}
    for button in scene.widgets:
        if isinstance(button, QAbstractButton) and (found := re.search("&([^& ])", button.text())):
            key = found[1].lower()
            if key in keyed:
                yield f"the key {key} is that of “{keyed[key]}” too: {name(button)}"
            keyed[key] = button.text()


def tour(scene: Scene, key: Qt.Key = Qt.Key.Key_Tab) -> list[QWidget]:
    """What has the focus, one key press after the other, until it comes back or has had time to."""
    been: list[QWidget] = []
    for _ in range(len(stops(scene)) + 2):
        QTest.keyClick(QApplication.focusWidget() or scene.window, key)
        now = QApplication.focusWidget()
        if now is None or now in been:
            break
        been.append(now)
    return been


def unreached(scene: Scene) -> Iterator[str]:
    """What Tab does not reach, or reaches in another order than it is read in."""
    been, wanted = tour(scene), stops(scene)
    yield from (f"not reached by Tab: {name(widget)}" for widget in wanted if widget not in been)
    yield from (f"reached, though nobody should: {name(widget)}" for widget in been if widget not in wanted)
    parts = [each for each in been if each is not scene.column]  # which holds them, and stays put
    inside = (each for each in parts if scene.column.isAncestorOf(each))
    from_top = sorted(inside, key=lambda widget: place(scene, widget).top())
    start = parts.index(from_top[0]) if from_top else 0
    if from_top != [*parts[start:], *parts[:start]][: len(from_top)]:
        yield f"the order of the page: {', '.join(name(widget) for widget in been)}"
    back = tour(scene, Qt.Key.Key_Backtab)
    if set(back) != set(been):
        yield f"not reached by Shift+Tab: {', '.join(name(widget) for widget in been if widget not in back)}"


def without_focus(scene: Scene) -> Iterator[str]:
    """Where one does not see that one is there. Only a real Tab shows the focus."""
    order = tour(scene)
    for widget in order:
        before_it = order[order.index(widget) - 1]
        scene.column.ensureWidgetVisible(widget)
        before_it.setFocus(Qt.FocusReason.TabFocusReason)
        scene.column.ensureWidgetVisible(widget)
        if len(order) == 1:
            widget.clearFocus()
        part = place(scene, widget).adjusted(-2, -2, 2, 2).intersected(scene.window.rect())
        before = scene.window.grab(part).toImage()
        QTest.keyClick(QApplication.focusWidget() or scene.window, Qt.Key.Key_Tab)
        if QApplication.focusWidget() is not widget:
            yield f"another had the focus: {name(widget)}"
            continue
        after = scene.window.grab(part).toImage()
        around = 2 * (widget.width() + widget.height())
        if (seen := changed(before, after, LINE)) < around * AROUND:
            yield f"focus is not seen, {seen} pixels of {around}: {name(widget)}"


# ------------------------------------------------------------------------------------------------------- language


def unmarked(scene: Scene, data: frozenset[str]) -> Iterator[str]:
    """Text in the pseudo-language that did not go through the catalogue, and is not data either."""
    for widget in scene.widgets:
        lines = [text_of(widget), widget.accessibleName(), widget.toolTip(), widget.accessibleDescription()]
        for line in filter(None, lines):
            rest = outside_marks(line)
            for known in sorted(data, key=len, reverse=True):
                rest = rest.replace(known, "")
            if re.search(r"[^\W\d_]", rest):
                yield f"not translated, “{rest.strip()}”: {name(widget)}"
    if outside_marks(scene.window.windowTitle()):
        yield f"not translated: the title of the window, “{scene.window.windowTitle()}”"


def outside_marks(text: str) -> str:
    """What stands outside all ⟦ ⟧."""
    depth, rest = 0, []
    for char in text:
        depth += (char == "⟦") - (char == "⟧")
        if depth == 0 and char != "⟧":
            rest.append(char)
    return "".join(rest)
