"""Beside the pages: the steps, the other language, and what program this is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtTest import QTest

from sithsup.texts import ENGLISH, PSEUDO, SWEDISH, language, resources
from sithsup.ui import theme
from sithsup.ui.about import About
from sithsup.ui.frame import NEXT
from sithsup.ui.pages.codes import CodesPage
from sithsup.ui.signs import COLOURS, _renderer, icon
from tests.ui.audit import LINE, Scene, audit, text_of, unmarked
from tests.ui.pixels import changed
from tests.ui.window import CONTRAST, THEMES, Setting, application, opened, settle, show

if TYPE_CHECKING:
    from PySide6.QtSvg import QSvgRenderer
    from PySide6.QtWidgets import QPushButton

DRAWINGS = sorted(path.stem for path in (resources() / "icons").glob("*.svg"))


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_a_drawing_can_be_drawn(drawing: str) -> None:
    application()
    renderer: QSvgRenderer = _renderer(drawing, QPalette())
    assert renderer.isValid()
    assert not renderer.viewBoxF().isEmpty()
    assert {"ground", "accent"} < COLOURS.keys()


def test_the_window_has_the_programs_icon() -> None:
    with opened(Setting()) as window:
        assert not window.windowIcon().isNull()
        assert len(icon().availableSizes()) > 1


STEPS = {
    # on this page     the steps are said to be
    "codes-two": ("1. Insert the card, done", "2. Prepare, done", "3. Codes, now", "4. Upgrade", "5. Done"),
    "done-upgraded": (
        "1. Insert the card, done",
        "2. Prepare, done",
        "3. Codes, done",
        "4. Upgrade, done",
        "5. Done",
    ),
    "done-restored": ("1. Insert the card", "2. Prepare", "3. Codes", "4. Upgrade", "5. Done"),
}


@pytest.mark.parametrize("name", STEPS)
def test_how_far_one_has_come_is_told(name: str) -> None:
    """And where the way led back, nothing is said to be done."""
    with opened(Setting(ENGLISH)) as window:
        show(window, name)
        assert tuple(step.label.accessibleName() for step in window._side.steps) == STEPS[name]


def test_the_language_is_changed_while_it_runs() -> None:
    """Back and forth, on whatever page one is; what was typed stays."""
    with opened(Setting(SWEDISH)) as window:
        page = show(window, "codes-two")
        swedish = page.heading.text()
        assert isinstance(page, CodesPage)
        for code in "123456":
            QTest.keyClick(page.rows[0].field, Qt.Key(ord(code)))
        window._side.language.click()
        assert language() == ENGLISH
        assert page.heading.text() == "Give your codes"
        assert window._side.language.text() == "Svenska"
        window._side.language.click()
        assert language() == SWEDISH
        assert page.heading.text() == swedish
        assert sorted(len(code) for code in page.take().values()) == [0, 6]


@pytest.mark.parametrize(
    "setting", [Setting(), Setting(theme="dark", scale=2), Setting(language=PSEUDO), Setting(theme=CONTRAST)], ids=str
)
def test_what_program_this_is(setting: Setting) -> None:
    """It says that nothing is collected; Esc closes it; and there is nothing to stumble over in it.

    Nor when it has told where the log is.
    """
    with opened(setting) as window:
        show(window, "help-no-log-folder")
        QTest.mouseClick(window._side.about, Qt.MouseButton.LeftButton)
        settle()
        box = window.findChild(About)
        assert box
        box.logs.button.click()
        settle()
        scene = Scene(box, box.area, setting.scale)
        assert not audit(scene)
        if setting.language == PSEUDO:
            assert not list(unmarked(scene, frozenset({"sithsup"})))
        if setting.language == SWEDISH:
            assert any("Ingen statistik" in text_of(widget) for widget in scene.widgets)
        QTest.keyClick(box, Qt.Key.Key_Escape)
        settle()
        assert window.findChild(About) is None


@pytest.mark.parametrize("look", [*THEMES, CONTRAST])
def test_the_main_button_is_told_apart(look: str) -> None:
    """From the same one when it is not the main button; with the system's own colours by its line."""
    with opened(Setting(theme=look)) as window:
        show(window, "codes-two")
        button = cast("QPushButton", window.button(NEXT))
        assert button.isDefault()
        assert not button.hasFocus()
        main = button.grab().toImage()
        button.setDefault(False)
        settle()
        around = 2 * (button.width() + button.height())
        assert changed(main, button.grab().toImage(), LINE) > around / 2


def test_whoever_wants_contrast_gets_the_systems_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """No colour of ours is left, and the system's come and go with the person's wish."""
    app, ours = application(), re.compile("#[0-9a-f]{6}")
    wanted = QGuiApplication.styleHints().accessibility().contrastPreferenceChanged
    theme.apply(app, THEMES["light"])
    theme.apply(app)
    assert re.search(ours, app.styleSheet())
    monkeypatch.setattr(theme, "wants_contrast", lambda: True)
    wanted.emit(Qt.ContrastPreference.HighContrast)
    assert not re.search(ours, app.styleSheet())
    assert app.palette().color(QPalette.ColorRole.Window).name() not in {theme.DARK.ground, theme.LIGHT.ground}
    assert app.palette().color(QPalette.ColorRole.Highlight).name() != theme.LIGHT.accent
    theme.apply(app)
    assert len(app.findChildren(theme._Follower)) == 1
    monkeypatch.setattr(theme, "wants_contrast", lambda: False)
    wanted.emit(Qt.ContrastPreference.NoPreference)
    assert app.palette().color(QPalette.ColorRole.Highlight).name() in {theme.LIGHT.accent, theme.DARK.accent}
