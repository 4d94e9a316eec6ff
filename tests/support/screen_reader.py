"""What a screen reader does, by itself: run by the system's Python, which has `gi`; the tests' own need not.

One question in JSON on each line of standard input, one answer on standard output: [verb, arguments] and
{"value": ...} or {"error": "..."}. The verbs are the methods of `Reader` that have no underscore.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402  its version had to be said first

if TYPE_CHECKING:
    from collections.abc import Iterator

HEARD = (
    "object:announcement",
    "object:text-changed",
    "object:text-caret-moved",
    "object:property-change",
    "object:state-changed:focused",
    "object:value-changed",
    "window:activate",
)
PRESSES = {"press", "click", "toggle"}
WHOLE_TREE = 40
STATES = [name for name in dir(Atspi.StateType) if name.isupper()]


class Reader:
    """Looks at one application, the process of which it is told, and remembers what it hears."""

    def __init__(self) -> None:
        self._process = 0
        self._heard: list[list[str]] = []
        self._keys: list[list[Any]] = []
        self._kept: list[Any] = []

    # ---------------------------------------------------------------------------------------------- hearing

    def watch(self, process: int) -> None:
        """Look at this process."""
        self._process = process

    def listen(self) -> None:
        """Hear events of any kind from now on, and each key that is pressed or let go."""
        listener = Atspi.EventListener.new(self._hear)
        for name in HEARD:
            listener.register(name)
        keys = Atspi.DeviceListener.new(self._hear_key)
        kinds = 1 << Atspi.EventType.KEY_PRESSED_EVENT | 1 << Atspi.EventType.KEY_RELEASED_EVENT
        Atspi.register_keystroke_listener(keys, None, 0, kinds, Atspi.KeyListenerSyncType.SYNCHRONOUS)
        self._kept += [listener, keys]

    def heard(self) -> list[list[str]]:
        """Every event since the start: its type, the role and name of its source, and what it carries."""
        return self._heard

    def keys(self) -> list[list[Any]]:
        """Every key since the start, as it was forwarded: "press" or "release", its text, its number."""
        return self._keys

    def _hear(self, event: Any) -> None:
        try:
            source = (event.source.get_role_name(), event.source.get_name())
        except GLib.Error:
            source = ("", "")
        carried = event.any_data if isinstance(event.any_data, str) else ""
        self._heard.append([event.type, *source, carried])

    def _hear_key(self, event: Any) -> bool:
        kind = "press" if event.type == Atspi.EventType.KEY_PRESSED_EVENT else "release"
        self._keys.append([kind, event.event_string or "", event.id])
        return False

    # ---------------------------------------------------------------------------------------------- looking

    def tree(self) -> list[dict[str, Any]]:
        """Everything that is shown: role, name, states, text and depth of each."""
        return [self._described(node, depth) for node, depth in self._shown()]

    def headings(self) -> list[str]:
        """The names of everything shown that has the role of a heading."""
        return [node.get_name() for node, _ in self._shown() if node.get_role_name() == "heading"]

    def focused(self) -> list[str] | None:
        """What has the focus: role and name."""
        for node, _ in self._shown():
            if node.get_state_set().contains(Atspi.StateType.FOCUSED) and node.get_role_name() != "dialog":
                return [node.get_role_name(), node.get_name()]
        return None

    def child_too_many(self) -> list[str]:
        """The names of everything shown that gives a child by a number for which it has none."""
        return [node.get_name() for node, _ in self._shown() if node.get_child_at_index(node.get_child_count())]

    def press(self, name: str) -> bool:
        """Press the button or the box that is called so, by its accessible action; False while it cannot be."""
        for node, _ in self._shown():
            if node.get_name() != name or not node.get_state_set().contains(Atspi.StateType.SENSITIVE):
                continue
            action = node.get_action_iface()
            for number in range(action.get_n_actions() if action else 0):
                if action.get_action_name(number).lower() in PRESSES:
                    return bool(action.do_action(number))
        return False

    def set_text(self, name: str, text: str) -> bool:
        """Set the text of the field that is called so."""
        for node, _ in self._shown():
            if node.get_name() == name and node.get_editable_text_iface():
                return bool(Atspi.EditableText.set_text_contents(node, text))
        return False

    def _described(self, node: Any, depth: int) -> dict[str, Any]:
        states = node.get_state_set()
        return {
            "role": node.get_role_name(),
            "name": node.get_name(),
            "states": [name for name in STATES if states.contains(getattr(Atspi.StateType, name))],
            "text": Atspi.Text.get_text(node, 0, -1) if node.get_text_iface() else "",
            "depth": depth,
        }

    def _application(self) -> Any:
        desktop = Atspi.get_desktop(0)
        for number in range(desktop.get_child_count()):
            found = desktop.get_child_at_index(number)
            if found and found.get_process_id() == self._process:
                found.set_cache_mask(Atspi.Cache.NONE)
                return found
        return None

    def _shown(self) -> Iterator[tuple[Any, int]]:
        """Walk through what is shown, from the top down."""
        application = self._application()
        windows = range(application.get_child_count()) if application else ()
        waiting = [(application.get_child_at_index(number), 1) for number in reversed(windows)]
        while waiting:
            node, depth = waiting.pop()
            if node is None or not node.get_state_set().contains(Atspi.StateType.SHOWING):
                continue
            yield node, depth
            if depth < WHOLE_TREE:
                below = reversed(range(node.get_child_count()))
                waiting += [(node.get_child_at_index(number), depth + 1) for number in below]


def answer(reader: Reader, line: str) -> bool:
    """Do what a line asks for; whatever goes wrong is an answer too."""
    try:
        verb, arguments = json.loads(line)
        told = {"value": getattr(reader, verb)(*arguments)}
    except (GLib.Error, AttributeError, ValueError, TypeError) as error:
        told = {"error": f"{type(error).__name__}: {error}"}
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()
    return False


def listen_to_the_test(reader: Reader) -> None:
    """Hand each line to the loop; without the test there is nothing left to do."""
    for line in sys.stdin:
        GLib.idle_add(answer, reader, line)
    os._exit(0)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # each version of the library calls other names old
    Atspi.init()
    only = Reader()
    threading.Thread(target=listen_to_the_test, args=(only,), daemon=True).start()
    Atspi.event_main()
