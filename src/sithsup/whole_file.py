"""A file that is whole or not there: written beside its place, synced, and moved there. For its owner only."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from pathlib import Path

_log = logging.getLogger(__name__)

SMALL = bytes(512)
"""What is written to see whether it can be."""


def nearest(folder: Path) -> Path:
    """The folder, or the lowest of those above it that is there. Raises nothing."""
    return next(place for place in (folder, *folder.parents) if os.path.exists(place))  # noqa: PTH110  raises nothing


def try_to_write(folder: Path) -> None:
    """Write a small file in a folder that is there, and remove it. Raises OSError where that cannot be done."""
    with tempfile.NamedTemporaryFile(prefix=".", dir=folder) as file:
        file.write(SMALL)
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, and its folder where it is not there. Raises OSError, and then leaves what was there before.

    A folder that cannot be synced raises nothing: the new content is in its place, and only a power cut undoes it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=".", dir=path.parent)
    draft = Path(beside)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    try:
        _sync_folder(path.parent)
    except OSError as error:
        _log.warning("cannot sync the folder %s: %s", path.parent, error)


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk too; Windows does that by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
