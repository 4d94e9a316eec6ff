"""One lock for each card on a computer: whoever is at work on a card is alone at it, whatever account runs the program.

The journal is an account's own and keeps nobody else away. Ordering rules:

* The lock is taken before the first code is asked, and held until the run ends. Looking at a card takes none.
* It is the kernel's: it goes when its process does, however that ends. Nothing stands in it, and its name is the
  journal's name of the card, which tells nobody whose it is.
* Where a computer has no place for it the run goes on with the journal's lock alone, and the log says so.

On POSIX it is `flock` on an empty file in a folder that all accounts share. The file may be everybody's: it is opened
for reading only, through no link, and never removed, because somebody else may hold it. On Windows it is a name.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
import time
from typing import TYPE_CHECKING

from sithsup.errors import SecondInstanceError
from sithsup.whole_file import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_log = logging.getLogger(__name__)

_NAME = "sithsup-{}.lock"
LOOKS, PAUSE = 20, 0.01
"""How often, and seconds in between: whoever only looks whether it is taken holds it for a moment."""


class CardLock:
    """The lock of one card. `folder` is one that all accounts share, None where there is none; Windows needs none."""

    def __init__(self, folder: Path | None, card: str) -> None:
        """Nothing is taken yet. `card` is the journal's name of the card."""
        self._folder, self._name = folder, _NAME.format(card)
        self._held: int | None = None

    def take(self) -> None:
        """Take the lock and keep it. Raises `SecondInstanceError` when another process has it. Safe to call twice."""
        if self._held is not None:
            return
        reason: OSError = FileNotFoundError("no folder that all accounts share")
        for _ in range(LOOKS):
            try:
                self._held = _acquire(self._folder, self._name, make=True)
            except (BlockingIOError, FileExistsError, PermissionError) as error:
                reason = error  # somebody looks at it, or is just making it
                time.sleep(PAUSE)
            except OSError as error:
                reason = error
                break
            else:
                return
        if isinstance(reason, BlockingIOError):
            raise SecondInstanceError(f"{self._name} is taken")
        _log.warning("no lock against other accounts: %s", reason)

    @property
    def is_taken(self) -> bool:
        """Whether another process has it. Nothing is made for that."""
        if self._held is not None:
            return False
        try:
            _release(_acquire(self._folder, self._name, make=False))
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def release(self) -> None:
        """Let go of it. Safe to call twice."""
        if self._held is not None:
            _release(self._held)
            self._held = None


def at_work(folder: Path | None, cards: Iterable[str]) -> bool:
    """Whether a process is at work on one of these cards, or, where locks can be listed, on any card. Takes none."""
    return any(CardLock(folder, card).is_taken for card in {*cards, *_listed(folder)})


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateMutexW.argtypes = (wintypes.LPVOID, wintypes.BOOL, wintypes.LPCWSTR)
    _kernel.CreateMutexW.restype = wintypes.HANDLE
    _kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    _ACCESS_DENIED, _ALREADY_EXISTS = 5, 183

    def _acquire(folder: Path | None, name: str, *, make: bool) -> int:  # noqa: ARG001  a name needs neither
        """Make a mutex for all sessions; it is there as long as a process holds it, and nobody waits for it.

        One of another account may not even be opened.
        """
        handle = _kernel.CreateMutexW(None, False, rf"Global\{name}")  # noqa: FBT003  Windows has no names for it
        error = ctypes.get_last_error()
        if handle and error != _ALREADY_EXISTS:
            return int(handle)
        if handle:
            _kernel.CloseHandle(handle)
        if error in {_ACCESS_DENIED, _ALREADY_EXISTS}:
            raise BlockingIOError(error, "another process has it")
        raise ctypes.WinError(error)

    def _release(held: int) -> None:
        _kernel.CloseHandle(held)

    def _listed(folder: Path | None) -> Iterator[str]:  # noqa: ARG001  names cannot be listed
        """No card."""
        yield from ()

    def unusable(folder: Path | None) -> str | None:  # noqa: ARG001  a name needs none
        """Nothing stands in the way of a name."""
        return None

else:
    import fcntl

    _READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    _FOR_ALL = 0o444

    def _acquire(folder: Path | None, name: str, *, make: bool) -> int:
        """Lock the file; make it where there is none. Raises `BlockingIOError` when another process has it."""
        if folder is None:
            raise FileNotFoundError("no folder that all accounts share")
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        descriptor = _open(folder / name, make=make)
        try:
            _lock(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _lock(descriptor: int) -> None:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("something else than a file is in the way")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _open(path: Path, *, make: bool) -> int:
        """Open what is there first: a kernel may refuse to make a file that another account has in a shared folder."""
        try:
            return os.open(path, _READ)
        except FileNotFoundError:
            if not make:
                raise
        descriptor = os.open(path, _READ | os.O_CREAT | os.O_EXCL, _FOR_ALL)
        os.fchmod(descriptor, _FOR_ALL)  # whatever this account's umask says
        return descriptor

    def _release(held: int) -> None:
        os.close(held)

    def _listed(folder: Path | None) -> Iterator[str]:
        """Every card that has ever been locked here since the folder was emptied."""
        for path in folder.glob(_NAME.format("*")) if folder else ():
            yield path.name.removeprefix(_NAME.partition("{")[0]).removesuffix(_NAME.partition("}")[2])

    def unusable(folder: Path | None) -> str | None:
        """The folder, where no lock can be made in it, or there is none; None where one can. Nothing is made."""
        if folder is None:
            return "-"
        there = nearest(folder)
        return None if there.is_dir() and os.access(there, os.W_OK | os.X_OK) else str(folder)
