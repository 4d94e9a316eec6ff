"""The composition root: a command runs the command line, none opens the window.

The card process imports this module too, so it imports nothing of ours by itself.
"""

from __future__ import annotations

import io
import os
import sys
import warnings


def main() -> None:
    """Run the program and end the process with its exit code (design section 8).

    A frozen card process comes here like everybody, and goes no further than the first lines.
    """
    if getattr(sys, "frozen", False):
        import multiprocessing

        multiprocessing.freeze_support()
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # they are looked for in every package that is installed
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # a library's word to developers about an authority's odd certificate, say
    if sys.platform == "win32":
        _write_utf8()
    if len(sys.argv) > 1 or not _has_screen():
        from sithsup.cli import run

        sys.exit(run(sys.argv[1:]))
    sys.exit(_open_window())


def _has_screen() -> bool:
    """Whether a window can be shown; where it cannot, the command line says how it is meant."""
    return sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")))


def _open_window() -> int:
    from sithsup.errors import SithsupError
    from sithsup.start import prepare, read
    from sithsup.ui import app

    try:
        return app.run(prepare(read()))
    except SithsupError as error:
        return app.refuse(error)


def _write_utf8() -> None:
    """Into a pipe or file too, where Windows would take its old code page, which has not every character of ours."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a program without a console has none
            stream.reconfigure(encoding="utf-8")


if __name__ == "__main__":
    main()
