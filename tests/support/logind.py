"""logind, as far as it lets programs inhibit: run by the system's Python, which has `gi`; the tests' own need not.

The argument is how many milliseconds it takes to answer. It writes a line whenever something happens: "ready", "asked"
with what it was asked for, "given", and "released" when nobody holds any more what it has given.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from gi.repository import Gio, GLib

NAME, PATH = "org.freedesktop.login1", "/org/freedesktop/login1"
INTERFACE = """
<node><interface name="org.freedesktop.login1.Manager"><method name="Inhibit">
<arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
<arg type="h" direction="out"/></method></interface></node>
"""


def say(*words: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{' '.join(words)}\n")
    sys.stdout.flush()


def called(*call: Any) -> None:
    """Take a question, and answer it later."""
    *_, arguments, invocation = call
    say("asked", *arguments.unpack())
    GLib.timeout_add(int(sys.argv[1]), give, invocation)


def give(invocation: Any) -> bool:
    """Give one end of a pipe away, and see from the other one when it is closed."""
    ours, theirs = os.pipe()
    held = Gio.UnixFDList.new()
    held.append(theirs)
    os.close(theirs)
    say("given")
    invocation.return_value_with_unix_fd_list(GLib.Variant("(h)", (0,)), held)
    GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, ours, GLib.IOCondition.HUP, released)
    return False


def released(*_: object) -> bool:
    """Say so, once."""
    say("released")
    return False


if __name__ == "__main__":
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    bus.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0], called, None, None)
    Gio.bus_own_name_on_connection(bus, NAME, Gio.BusNameOwnerFlags.NONE, lambda *_: say("ready"), None)
    GLib.MainLoop().run()
