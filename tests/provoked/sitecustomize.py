"""Notes which errors the program itself raises while the tests run, so that none is left that nobody has provoked.

Python imports this file at the start of every process that has its folder on PYTHONPATH: `./dev test` puts it there. So
pytest, its workers, the program wherever a test starts it, and its card processes are all watched, and the program
knows nothing of it. `tools/provoked_gate.py` reads the notes.

* An error counts when it was raised by the program: the innermost frame of its traceback that is no library's, which is
  looked at when the error is let go, is the program's. One that a test makes to look at its words counts for nothing;
  nor does one that a test, a simulator or the demo raises, which stand for the world outside.
* What the diagnosis finds wrong counts too: an error that it makes and raises to nobody.
* An error is noted by its kind, a refusal also by the names of its reasons; a warning, which nobody raises, by its name
  when the program finds it.
* A process that may not write here (another account, a full disk) notes nothing.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib.machinery import PathFinder, SourceFileLoader
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType, TracebackType

FILE = os.path.join(os.path.dirname(__file__), "..", "..", ".provoked")  # noqa: PTH118, PTH120  every process pays
OURS = ("sithsup.", "tests.")
STAND_INS = ("sithsup.sim.", "sithsup.demo.", "tests.")

_noted: set[str] = set()
_makers: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
"""Which module has made an error."""


def note(names: Iterable[str]) -> None:
    """Write names down, each once for each process, and on a line of its own whoever else writes."""
    for name in set(names) - _noted:
        _noted.add(name)
        with suppress(OSError), open(FILE, "a", encoding="utf-8") as notes:  # noqa: PTH123  see above
            notes.write(f"{name}\n")


def raiser(raised: TracebackType | None) -> str:
    """The module that has raised an error, as its traceback tells; empty where nobody has."""
    found = ""
    while raised:
        name = str(raised.tb_frame.f_globals.get("__name__"))
        found = name if name.startswith(OURS) else found
        raised = raised.tb_next
    return found


def maker(frame: FrameType | None) -> str:
    """The module that makes an error: up its own constructors."""
    while frame and str(frame.f_globals.get("__name__")).startswith("sithsup.errors."):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")) if frame else ""


def note_error(error: Any, who: str) -> None:
    """Write an error down, if this module is the program."""
    if who.startswith(OURS) and not who.startswith(STAND_INS):
        note((type(error).__name__, *map(str, getattr(error, "reasons", ()))))


def watch_errors(module: ModuleType) -> None:
    """Note every error that the program has raised, when it is let go; remember who has made it."""
    made = module.SithsupError.__init__

    def making(error: Any, *arguments: object, **values: object) -> None:
        made(error, *arguments, **values)
        _makers[error] = maker(sys._getframe(1))

    def let_go(error: Any) -> None:
        try:  # noqa: SIM105  the process ends, and half of Python is gone
            note_error(error, raiser(error.__traceback__))
        except Exception:  # noqa: BLE001, S110  see above
            pass

    module.SithsupError.__init__ = making
    module.SithsupError.__del__ = let_go


def watch_problems(module: ModuleType) -> None:
    """Note every error that the diagnosis tells and has not raised."""
    made = module.Problem.__init__

    def making(problem: Any, source: Any) -> None:
        made(problem, source)
        if source in _makers:
            note_error(source, _makers[source])

    module.Problem.__init__ = making


def watch_warnings(module: ModuleType) -> None:
    """Note every warning that the program finds."""
    found: Callable[..., Iterable[Any]] = module.warnings

    def noting(*arguments: object) -> Iterable[Any]:
        told = found(*arguments)
        note(finding.name for finding in told)
        return told

    module.warnings = noting  # type: ignore[attr-defined]


WATCHED = {
    "sithsup.errors.base": watch_errors,
    "sithsup.preflight": watch_warnings,
    "sithsup.diagnostics.problem": watch_problems,
}


class WatchingLoader(SourceFileLoader):
    """Loads a module as ever, and then has it watched."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        WATCHED[module.__name__](module)


class Finder:
    """Finds the watched modules where they are; everything else is for others to find."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, _target: ModuleType | None = None) -> ModuleSpec | None:
        """The usual spec, with a loader that watches."""
        spec = PathFinder.find_spec(name, path) if name in WATCHED else None
        if spec is not None and spec.origin is not None:
            spec.loader = WatchingLoader(name, spec.origin)
        return spec


sys.meta_path.insert(0, Finder)
