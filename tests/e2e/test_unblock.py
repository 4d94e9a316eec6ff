"""`sithsup unblock` from outside, on a virtual card behind pcscd and OpenSC.

What is on the card, and how many tries are left, is read from the card's own memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sithsup.demo import start as life
from sithsup.demo.virtual.codes import padded
from sithsup.demo.virtual.power import Cut, When
from sithsup.model import KeyAlgorithm
from tests.demo.tools import Pkcs11Tool
from tests.support.demo import CONSENT
from tests.support.virtual import NEEDED, short_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.demo.virtual.door import Door
    from sithsup.demo.virtual.memory import StoredCode

pytestmark = pytest.mark.needs(*NEEDED)

TOKENS = ["TEST SITHS kort (legitimering)", "TEST SITHS kort (underskrift)"]
NEW = "246813"
AUTHENTICATION, SIGNATURE = 1, 2
"""References of the codes on the card."""


class Ended(NamedTuple):
    """How the program ended."""

    code: int
    result: dict[str, Any]
    said: str

    @property
    def error(self) -> str | None:
        """SU-nnnn."""
        found: str | None = (self.result.get("error") or {}).get("code")
        return found


class Card:
    """A demo with a virtual card, and the program as a person runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pins = (folder / "pins").read_text().split()
        self.puks = (folder / "puks").read_text().split()
        self.environ = {**os.environ, **life.environment(folder), "SITHSUP_LANGUAGE": "en"}

    @property
    def door(self) -> Door:
        return life.card_door(self.folder)

    def run(self, *arguments: str, codes: tuple[str, ...] = ()) -> Ended:
        ended = subprocess.run(
            [sys.executable, "-m", "sithsup", *arguments, "--json"],
            env=self.environ,
            input="".join(f"{code}\n" for code in codes),
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=60,
        )
        return Ended(ended.returncode, json.loads(ended.stdout or "{}"), ended.stderr)

    def act(self, action: str) -> Ended:
        consent = CONSENT if action == "upgrade" else ()
        return self.run(action, "--yes", "--pin-stdin", *consent, codes=tuple(self.pins))

    def unblock(self, *arguments: str, puk: str, new: str = NEW) -> Ended:
        return self.run("unblock", "--pin-stdin", *arguments, codes=(puk, new))

    def lock(self, place: int) -> None:
        """Another program sends wrong codes until the card has locked this one."""
        tool = Pkcs11Tool(self.environ["SITHSUP_MODULE"], self.environ)
        while self.stored(place).tries_left:
            with pytest.raises((subprocess.CalledProcessError, AssertionError)):
                tool.run("--login", "--pin", "000000", "--token-label", TOKENS[place - 1], "--list-objects")

    def stored(self, place: int) -> StoredCode:
        """A code as the card keeps it."""
        return self.door.memory().codes[place]


@pytest.fixture
def card() -> Iterator[Card]:
    """Give a running demo whose card a test may do anything to."""
    with short_folder() as folder:
        try:
            life.start(folder / "demo", key_algorithm=KeyAlgorithm.P_256, card=life.CardType.VIRTUAL)
            yield Card(folder / "demo")
        finally:
            life.stop(folder / "demo")


def test_an_interrupted_upgrade_goes_on_after_its_code_was_unlocked(card: Card) -> None:
    """Cut, locked, hindered, unlocked, resumed; `check` leads there."""
    card.door.arm(Cut(at=200))
    assert card.act("upgrade").code == 4
    assert card.door.insert()
    card.lock(SIGNATURE)
    checked = card.run("check")
    assert (checked.code, checked.result["reasons"]) == (4, ["PIN_LOCKED"])
    assert "“sithsup unblock” gives the locked code a new value" in checked.said
    hindered = card.act("resume")
    assert (hindered.code, hindered.error) == (6, "SU-1102")
    assert "“sithsup unblock” gives the locked code a new value" in hindered.said
    unblocked = card.unblock(puk=card.puks[1])
    assert (unblocked.code, unblocked.result["code"], unblocked.result["changed"]) == (0, ["signature"], True)
    assert "The code for signature has its new value, and is not locked." in unblocked.said
    card.pins[1] = NEW
    ended = card.act("resume")
    assert (ended.code, ended.result["outcome"]) == (0, "upgraded")
    assert card.run("check").result["situation"] == "upgraded"


def test_a_wrong_puk_costs_one_try_and_is_told(card: Card) -> None:
    """The card stays as it is; a new code that cannot be used, and a code that is not locked, cost nothing at all."""
    assert card.unblock(puk="00000000").result["error"]["kind"] == "CodeNotLockedError"
    card.lock(AUTHENTICATION)
    wrong = card.unblock(puk="00000000")
    assert (wrong.code, wrong.error, wrong.result["changed"]) == (6, "SU-1105", False)
    assert card.stored(AUTHENTICATION).unblocking_tries_left == 9
    unsuitable = card.unblock(puk="00000000", new="12345")
    assert (unsuitable.code, unsuitable.error, unsuitable.result["sent"]) == (6, "SU-1110", False)
    not_locked = card.unblock("--role", "signature", puk="00000000")
    assert (not_locked.code, not_locked.error, not_locked.result.get("sent")) == (0, "SU-1111", None)
    assert [card.stored(place).unblocking_tries_left for place in (AUTHENTICATION, SIGNATURE)] == [9, 10]
    assert card.stored(SIGNATURE).tries_left == 3


def test_two_locked_codes_are_named(card: Card) -> None:
    """A script that does not say which one sends nothing."""
    for place in (AUTHENTICATION, SIGNATURE):
        card.lock(place)
    unnamed = card.unblock(puk=card.puks[0])
    assert (unnamed.code, unnamed.error) == (2, "SU-1112")
    assert card.unblock("--role", "authentication", puk=card.puks[0]).result["code"] == ["authentication"]
    assert card.unblock(puk=card.puks[1], new="135790").result["code"] == ["signature"]
    card.pins = [NEW, "135790"]
    assert card.act("upgrade").code == 0


@pytest.mark.parametrize(("step", "is_changed"), [(0, False), (3, True)])
def test_a_card_that_is_pulled_meanwhile_tells_when_it_is_back(step: int, is_changed: bool, card: Card) -> None:
    """Nothing is claimed while it is out; then its flags say whether the code has its new value."""
    card.lock(SIGNATURE)
    card.door.arm(Cut(at=at_reset(card), when=When.TORN if step else When.BEFORE, step=step))
    ended = card.unblock(puk=card.puks[1])
    assert (ended.code, ended.error, ended.result["changed"]) == (7, "SU-1006", None)
    assert "is not known now" in ended.said
    assert (card.stored(SIGNATURE).value == padded(NEW)) is is_changed
    assert card.door.insert()
    states = [code["state"] for code in card.run("unblock").result["codes"]]
    assert states == ["ok", "ok" if is_changed else "locked"]


def at_reset(card: Card) -> int:
    """Which command unlocks the code: the card is used up for it, and laid anew."""
    memory = card.door.memory()
    card.door.arm()
    assert card.unblock(puk=card.puks[1]).code == 0
    names = [exchange.name for exchange in card.door.exchanges()]
    card.door.pull()
    card.door.replace(memory)
    assert card.door.insert()
    return names.index("RESET_RETRY_COUNTER") + 1


def test_opensc_that_is_not_set_up_for_it_costs_no_try(card: Card) -> None:
    """It takes the PUK code for a wrong old code; on a locked code that costs nothing. It is said what may be so."""
    configuration = card.folder / "card" / "opensc.conf"
    text = configuration.read_text()
    style = "user_pin_unblock_style = set_pin_in_unlogged_session;"
    assert style in text
    configuration.write_text(text.replace(style, ""))
    card.lock(SIGNATURE)
    before = card.door.memory().codes
    ended = card.unblock(puk=card.puks[1])
    assert (ended.code, ended.error, ended.result["changed"]) == (6, "SU-1109", False)
    assert "not set up to unlock codes" in ended.said
    assert card.door.memory().codes == before
