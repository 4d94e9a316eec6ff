"""What the operating system complains of, in the person's language: it tells the usual things in its own alone."""

from __future__ import annotations

import errno

from sithsup.texts import mark, tr

TEXTS = {
    errno.ENOENT: mark("there is no such file or folder"),
    errno.EISDIR: mark("it is a folder, not a file"),
    errno.ENOTDIR: mark("part of the path is a file, not a folder"),
    errno.EEXIST: mark("there is something else by this name already"),
    errno.EACCES: mark("access to it is refused"),
    errno.EPERM: mark("the system does not allow it"),
    errno.EROFS: mark("nothing can be written on this disk: it can only be read"),
    errno.ENOSPC: mark("the disk is full"),
}
DISK_FULL = OSError(errno.ENOSPC, "")
"""For whoever sees it coming."""


def reason(error: OSError) -> str:
    """Why the system refused something; in the system's words where there are none here."""
    text = TEXTS.get(error.errno or 0)
    return tr(text) if text else error.strerror or str(error)
