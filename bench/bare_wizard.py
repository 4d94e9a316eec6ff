"""The least that a wizard can be: five empty pages of Qt's own. Tells when it was painted first, and its memory."""

import sys

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QWizard, QWizardPage

from bench.told import tell_first, tell_memory

PAGES = ("Insert", "Prepare", "Codes", "Upgrade", "Done")


class Bare(QWizard):
    """Closes when it was painted."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        super().paintEvent(event)
        tell_first()
        QTimer.singleShot(0, self.close)


if __name__ == "__main__":
    application = QApplication(sys.argv)
    wizard = Bare()
    for title in PAGES:
        page = QWizardPage()
        page.setTitle(title)
        wizard.addPage(page)
    wizard.show()
    application.exec()
    tell_memory()
