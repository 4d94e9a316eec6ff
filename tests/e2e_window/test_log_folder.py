"""The folder of the log, from About: opened by the system's file manager, or told where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.desktop import NEEDED
from tests.support.window import Window

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.demo import Demo
    from tests.support.desktop import Desktop

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl", *NEEDED)

ABOUT, OPEN = "Om programmet", "Öppna loggmappen"
FILE_MANAGER = '#!/bin/sh\nprintf "%s\\n" "$@" >> "{}"\n'


def test_the_file_manager_gets_the_folder_of_the_log(desktop: Desktop, demo: Demo, tmp_path: Path) -> None:
    """The log is there by then, and says what the program has done."""
    opened, program = tmp_path / "opened", tmp_path / "xdg-open"
    program.write_text(FILE_MANAGER.format(opened))
    program.chmod(0o700)
    with Window.open(desktop, demo, environ={"PATH": f"{tmp_path}:/usr/bin:/bin"}) as window:
        window.press(ABOUT)
        window.press(OPEN)
        window.wait(lambda: opened.exists() and opened.read_text(), "the file manager")
        assert opened.read_text().split() == [demo.logs.as_uri()]
        assert (demo.logs / "sithsup.log").is_file()
        assert "Loggen ligger i mappen" not in window.texts


def test_without_a_file_manager_the_place_is_told(desktop: Desktop, demo: Demo, tmp_path: Path) -> None:
    """It is shown and announced."""
    with Window.open(desktop, demo, environ={"PATH": str(tmp_path)}) as window:
        window.press(ABOUT)
        window.press(OPEN)
        told = f"Loggen ligger i mappen {demo.logs}"
        window.wait_for_text(told)
        window.wait_for_announcement(told)
