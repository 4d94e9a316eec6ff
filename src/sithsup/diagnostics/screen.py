"""How the screen is reached that the program is shown on: at this computer, or from another one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sithsup.diagnostics import windows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sithsup.diagnostics.windows import Windows

LOCAL = "local"
PROTOCOLS = {0: LOCAL, 1: "citrix", 2: "rdp"}
"""WTSClientProtocolType."""


def kind(environ: Mapping[str, str], system: Windows | None) -> str:
    """By which protocol; `system` is Windows, where it is."""
    if environ.get("SESSIONNAME", "").upper().startswith("ICA"):
        return "citrix"
    if system:
        return PROTOCOLS.get(system.session_protocol() or 0, "other")
    if environ.get("XRDP_SESSION"):
        return "rdp"
    return "ssh" if environ.get("SSH_CONNECTION") else LOCAL


def is_remote() -> bool:
    """Whether the person sits at another computer, as far as the system tells."""
    return kind(os.environ, windows.here()) != LOCAL
