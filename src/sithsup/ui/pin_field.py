"""A field for a code, in which Qt never holds a digit (law 11).

A plain password field leaks. Measured with Qt 6.12 on Linux: every digit goes to the accessibility bus as inserted
text, stays in the field's undo history and in freed memory; and Qt's bridge forwards each key press to whoever
listens for keys, before any widget sees it. Here:

* Digits go from the key press into one buffer of our own, which is overwritten when it is taken or wiped. The line
  edit below only ever holds bullets.
* While the field has the focus it filters the application's events, ahead of Qt's bridge, and takes the digits there.
  The filter that was installed last is asked first, and the bridge installs its own anew whenever a screen reader
  begins to listen for anything: so this one does too, before Qt makes an event of what the system sends (X11), and
  wherever Qt first asks whether a key is a shortcut, which the bridge does not forward.
* An assistive tool may still change the text: its digits are taken, and masked at once; what a bullet stands for goes
  when the bullet does. So what is shown is always as long as what is kept.
* Nothing is copied, dragged, pasted, undone, or shown to an input method.
"""

from __future__ import annotations

from itertools import islice, takewhile
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractNativeEventFilter, QCoreApplication, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MASK = "\N{BLACK CIRCLE}"
SHORTEST = 4
"""No card takes a shorter code: it is not sent, so that no try is lost on it."""
LONGEST = 16
"""No code is longer; PKCS#11 tokens tell their own limit (ulMaxPinLen), which is not less on any known card."""
_DIGITS = range(Qt.Key.Key_0, Qt.Key.Key_9 + 1)
_PLAIN = Qt.KeyboardModifier.NoModifier | Qt.KeyboardModifier.KeypadModifier
_LEAVES = {Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Return, Qt.Key.Key_Enter}


class PinField(QLineEdit):
    """A password field that holds no password. Take the digits with `take`."""

    length_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buffer = bytearray(LONGEST)
        self._length = 0
        self._early = _Early(self._come_first)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setDragEnabled(False)
        self.setAcceptDrops(False)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, on=False)
        self.textChanged.connect(self._take_foreign)

    @property
    def length(self) -> int:
        """How many digits were given."""
        return self._length

    def is_same(self, other: PinField) -> bool:
        """Whether both were given the same digits; nothing is taken, and nothing copied."""
        return self._length == other._length and self._buffer == other._buffer

    def take(self) -> bytearray:
        """The digits (ASCII), in a buffer that the caller wipes; the field is empty afterwards."""
        taken = self._buffer[: self._length]
        self.wipe()
        return taken

    def wipe(self) -> None:
        """Overwrite the digits."""
        self._buffer[:] = bytes(LONGEST)
        self._length = 0
        self._show(0)

    # ------------------------------------------------------------------------------------------------- keys

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802  Qt's name
        """Come before every other filter of the application, and stay there."""
        super().focusInEvent(event)
        self._come_first()
        _application().installNativeEventFilter(self._early)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802  Qt's name
        super().focusOutEvent(event)
        _application().removeNativeEventFilter(self._early)
        _application().removeEventFilter(self)

    def _come_first(self) -> None:
        application = _application()
        application.removeEventFilter(self)
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: ARG002, N802  Qt's name
        """Take what is typed, whichever object Qt shows it to first; digits go no further, pressed or let go."""
        if event.type() not in {QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.ShortcutOverride}:
            return False
        assert isinstance(event, QKeyEvent)  # noqa: S101  by its type
        if not self._is_ours(event):
            return False
        if event.type() is QEvent.Type.ShortcutOverride:
            self._come_first()
        elif event.type() is QEvent.Type.KeyPress:
            self.keyPressEvent(event)
        event.accept()
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        """Digits and deletion are ours; what leaves the field is Qt's; nothing else happens."""
        key, (start, stop) = event.key(), self._selected
        if _is_digit(event):
            self._replace(start, stop, [ord("0") + key - Qt.Key.Key_0])
        elif key == Qt.Key.Key_Delete and start == stop:
            self.wipe()
        elif key in {Qt.Key.Key_Backspace, Qt.Key.Key_Delete}:
            self._replace(max(0, start - 1) if start == stop else start, stop)
        elif key in _LEAVES:
            super().keyPressEvent(event)
        else:
            event.ignore()

    @staticmethod
    def _is_ours(event: QKeyEvent) -> bool:
        return _is_digit(event) or event.key() in {Qt.Key.Key_Backspace, Qt.Key.Key_Delete}

    @property
    def _selected(self) -> tuple[int, int]:
        """The places between which something is selected; where nothing is, that of the cursor twice."""
        if self.hasSelectedText():
            return self.selectionStart(), self.selectionEnd()
        return self.cursorPosition(), self.cursorPosition()

    def _replace(self, start: int, stop: int, digits: Iterable[int] = ()) -> None:
        """Put digits, as far as there is room, in the place of others; no copy of any is left."""
        old, after = self._buffer, range(stop, self._length)
        self._buffer, self._length = bytearray(LONGEST), 0
        self._add(old[place] for place in range(start))
        self._add(islice(digits, LONGEST - start - len(after)))
        cursor = self._length
        self._add(old[place] for place in after)
        old[:] = bytes(LONGEST)
        self._show(cursor)

    def _add(self, digits: Iterable[int]) -> None:
        for digit in digits:
            self._buffer[self._length] = digit
            self._length += 1

    # ------------------------------------------------------------------------------------- what is shown, and what not

    def _show(self, cursor: int) -> None:
        self.blockSignals(True)  # noqa: FBT003  Qt's own
        super().setText(MASK * self._length)
        self.setCursorPosition(cursor)
        self.blockSignals(False)  # noqa: FBT003  Qt's own
        self.length_changed.emit(self._length)

    def _take_foreign(self, text: str) -> None:
        """Text that an assistive tool has changed: its first and its last bullets stand for what they stood for.

        Bullets are all alike: where some are missing, and no digit tells where, it was the last ones.
        """
        before = min(_bullets(text), self._length)
        after = min(_bullets(reversed(text)), len(text) - before, self._length - before)
        self._replace(before, self._length - after, (ord(char) for char in text if char in "0123456789"))

    def copy(self) -> None:
        """Copy nothing: it would only be bullets, and nobody should think otherwise."""

    def cut(self) -> None:
        """Cut nothing."""

    def paste(self) -> None:
        """Take nothing: a code that is on the clipboard is known to every program."""


class _Early(QAbstractNativeEventFilter):
    """Sees what the system sends before Qt makes an event of it."""

    def __init__(self, seen: Callable[[], None]) -> None:
        super().__init__()
        self._seen = seen

    def nativeEventFilter(self, kind: object, message: int) -> tuple[bool, int]:  # noqa: ARG002, N802  Qt's name
        """Tell that something comes, and let it pass."""
        self._seen()
        return False, 0


def _application() -> QCoreApplication:
    application = QCoreApplication.instance()
    assert application  # noqa: S101  a widget has one
    return application


def _is_digit(event: QKeyEvent) -> bool:
    return event.key() in _DIGITS and not event.modifiers() & ~_PLAIN


def _bullets(text: Iterable[str]) -> int:
    """How many bullets it begins with."""
    return sum(1 for _ in takewhile(MASK.__eq__, text))
