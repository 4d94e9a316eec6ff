"""The control: a window with an ordinary password field, as one would make it without further thought.

Return takes what was typed and clears the field, as the program's own pages do.
"""

import gc
import sys

from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QVBoxLayout, QWidget

NAME = "Vanligt fält"
TAKEN = "taget"

if __name__ == "__main__":
    application = QApplication(sys.argv)
    window = QWidget()
    column = QVBoxLayout(window)
    field, label = QLineEdit(), QLabel()
    field.setEchoMode(QLineEdit.EchoMode.Password)
    field.setAccessibleName(NAME)

    def take() -> None:
        """Use the code and forget it, as well as such a field can."""
        code = bytearray(field.text().encode())
        code[:] = bytes(len(code))
        field.clear()
        gc.collect()
        label.setText(TAKEN)

    field.returnPressed.connect(take)
    for widget in (field, label):
        column.addWidget(widget)
    window.show()
    field.setFocus()
    sys.exit(application.exec())
