"""Writing for somebody who may have stopped reading (`sithsup errors | head -1`)."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

NOBODY_READS = {errno.EPIPE, errno.EINVAL}
"""How a pipe says that its other end is closed; the second is Windows'."""


@contextmanager
def written(stream: TextIO | None) -> Iterator[None]:
    """A block that writes to a stream, all of which is then on its way.

    That nobody reads it any more stops nothing: what comes later goes nowhere. Raises OSError for any other reason.
    """
    try:
        yield
        if stream:  # a program without a console has none
            stream.flush()
    except OSError as error:
        if error.errno not in NOBODY_READS or not stream:
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
