"""The control: a window with an ordinary password field, as one would make it without further thought.

A field for ordinary text is there too, and F2 tells what is on the clipboard, the selection of X11 included.
"""

import sys

from PySide6.QtGui import QClipboard, QShortcut
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QVBoxLayout, QWidget

NAME = "Vanligt fält"
TEXT = "Vanlig text"
CLIPBOARD = "Urklipp: "

if __name__ == "__main__":
    application = QApplication(sys.argv)
    window = QWidget()
    column = QVBoxLayout(window)
    field, text, label = QLineEdit(), QLineEdit(), QLabel()
    field.setEchoMode(QLineEdit.EchoMode.Password)
    field.setAccessibleName(NAME)
    text.setAccessibleName(TEXT)

    def tell() -> None:
        """Show what can be pasted."""
        clipboard = application.clipboard()
        texts = (clipboard.text(mode) for mode in (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection))
        label.setText(CLIPBOARD + "|".join(texts))

    QShortcut("F2", window).activated.connect(tell)
    for widget in (field, text, label):
        column.addWidget(widget)
    window.show()
    field.setFocus()
    sys.exit(application.exec())
