"""The report: one file with a whole diagnosis, as data and as a page, that may be sent to whoever helps."""

from __future__ import annotations

import errno
import io
import json
import zipfile
from typing import TYPE_CHECKING

from sithsup import os_words
from sithsup.diagnostics.page import page
from sithsup.errors import ReportUnsavedError
from sithsup.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.diagnostics.document import Document

DATA, PAGE = "diagnosis.json", "index.html"
"""What is in it."""
FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""How a system says that there is no room."""


def save(document: Document, place: Path, *, may_replace: bool = False) -> Path:
    """Write the report to a file that is not there yet, or into a folder under a name of its own; where it lies.

    With `may_replace` a file that is there goes. Raises `ReportUnsavedError`; then nothing is left of it.
    """
    path = place
    try:
        path = place / file_name(document) if place.is_dir() else place
        if path.exists() and not may_replace:
            raise FileExistsError(errno.EEXIST, "there already")
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder")
        write_whole(path, packed(document))
    except OSError as error:
        is_full, problem = error.errno in FULL, os_words.reason(error)
        raise ReportUnsavedError(str(error), is_full=is_full, path=str(path), problem=problem) from error
    return path


def file_name(document: Document) -> str:
    """What a report is called where nobody names it."""
    return f"sithsup-{document.case_code}.zip"


def packed(document: Document) -> bytes:
    """The bytes of the file."""
    made = io.BytesIO()
    at = document.at.astimezone().timetuple()[:6]
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in ((DATA, _data(document)), (PAGE, page(document))):
            file.writestr(zipfile.ZipInfo(name, at), text, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _data(document: Document) -> str:
    return json.dumps(document.data(), ensure_ascii=False, indent=2) + "\n"
