"""The program, the system that it runs on, and the language that it speaks."""

from __future__ import annotations

import locale
import platform
import sys
from typing import TYPE_CHECKING

from sithsup import __version__
from sithsup.diagnostics.probe import Found
from sithsup.diagnostics.values import Fact, Word, foreign, one_of, version
from sithsup.texts import language, mark

if TYPE_CHECKING:
    from sithsup.diagnostics.scene import Scene
    from sithsup.diagnostics.values import Value

SYSTEMS = {"Linux", "Windows", "Darwin"}
MACHINES = {"x86_64", "AMD64", "aarch64", "arm64"}


def program(scene: Scene) -> Found:  # noqa: ARG001  as every probe
    """Which program this is, and on what it runs."""
    return Found(
        facts=(
            Fact("version", mark("Version of the program"), version(__version__)),
            Fact("installed", mark("Runs from an installation package"), bool(getattr(sys, "frozen", False))),
            Fact("python", mark("Version of Python"), version(platform.python_version())),
            Fact("system", mark("Operating system"), one_of(platform.system(), SYSTEMS)),
            Fact("release", mark("Version of the operating system"), _release()),
            Fact("machine", mark("Kind of processor"), one_of(platform.machine(), MACHINES)),
            Fact("language", mark("Language of the program"), Word(language())),
            Fact("locale", mark("Language of the system"), foreign(locale.getlocale()[0] or "C")),
        )
    )


def _release() -> Value:
    """A build of Windows has five digits, which are not to be taken for a code."""
    if sys.platform == "win32":
        return version(platform.version())
    if sys.platform == "darwin":
        return version(platform.mac_ver()[0])
    try:
        return foreign(platform.freedesktop_os_release()["PRETTY_NAME"])
    except (OSError, KeyError):
        return version(platform.release())
