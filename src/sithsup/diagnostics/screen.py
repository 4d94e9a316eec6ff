"""How the screen is reached that the program is shown on: at this computer, or from another one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sithsup.diagnostics import windows
from sithsup.diagnostics.values import Term
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sithsup.diagnostics.windows import Windows

LOCAL = Term("local", mark("at the computer itself"))
CITRIX = Term("citrix", mark("through Citrix"))
RDP = Term("rdp", mark("through Remote Desktop"))
SSH = Term("ssh", mark("through SSH"))
PROTOCOLS = {0: LOCAL, 1: CITRIX, 2: RDP}
"""WTSClientProtocolType."""


def kind(environ: Mapping[str, str], system: Windows | None) -> Term | None:
    """By which protocol, None by another one; `system` is Windows, where it is."""
    if environ.get("SESSIONNAME", "").upper().startswith("ICA"):
        return CITRIX
    if system:
        return PROTOCOLS.get(system.session_protocol() or 0)
    if environ.get("XRDP_SESSION"):
        return RDP
    return SSH if environ.get("SSH_CONNECTION") else LOCAL


def is_remote() -> bool:
    """Whether the person sits at another computer, as far as the system tells."""
    return kind(os.environ, windows.here()) is not LOCAL
