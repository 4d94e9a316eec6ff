"""The demo authority as a process of its own that outlives the command which started it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.demo.detached import Detached
from sithsup.demo.server import READY_FILE
from sithsup.errors import AuthorityUnreachableError

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.demo.knobs import Knobs

SERVER = "sithsup.demo.server"


def serve(folder: Path, knobs: Knobs) -> None:
    """Start the authority that lives in `folder`, and wait until it answers.

    Raises `AuthorityUnreachableError` with the end of what it said when it does not.
    """
    authority = _authority(folder)
    if not authority.start(*knobs.options):
        raise AuthorityUnreachableError(authority.said, address=str(folder))


def is_running(folder: Path) -> bool:
    """Tell whether the authority that was started in `folder` runs."""
    return _authority(folder).is_running


def end(folder: Path) -> None:
    """End the authority that was started in `folder`: that process and no other, or none when it has ended already."""
    _authority(folder).end()


def _authority(folder: Path) -> Detached:
    return Detached(SERVER, folder, folder / READY_FILE, folder / "server.log")
