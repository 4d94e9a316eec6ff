"""No code comes to rest, and no personal identity number goes where it does not belong (law 11).

The codes are long and not of digits, so that nothing can look like them by chance. A control plants one in each kind
of place and shows that the search finds it.
"""

from __future__ import annotations

import base64
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Self

import pytest

from tests.support.demo import CONSENT, NEW, Demo, Ended, authority_beside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

CODES = ("Legit-Kod-kvast-4711", "Under-Kod-mossa-1742")
PLACES_ALLOWED = {"pins", "puks"}
"""The demo writes the codes of its own throw-away card there; nothing else does."""
CHOSEN = "59284716"
"""A new code; it must be of digits, so it is as long as one may be."""


@pytest.fixture
def demo(demo: Demo) -> Iterator[Demo]:
    """Give the ordinary demo with unmistakable codes."""
    ordinary = demo.codes
    for (token, code), new in zip(demo.opened(), CODES, strict=True):
        demo.tool.run("--login", "--pin", code, "--change-pin", "--new-pin", new, "--token-label", token)
    demo.codes = CODES
    (demo.folder / "pins").write_text(demo.pins)
    yield demo
    demo.codes = ordinary
    (demo.folder / "pins").write_text(demo.pins)


def forms(secret: str) -> list[bytes]:
    """The ways in which a text may lie somewhere."""
    plain = secret.encode()
    wide = secret.encode("utf-16-le")
    return [plain, wide, plain.hex().encode(), plain.hex().upper().encode(), base64.b64encode(plain)]


def in_files(demo: Demo, secrets: tuple[str, ...]) -> set[str]:
    """Every file of the demo that holds one of them, but the one that may."""
    found = set()
    for path in demo.folder.rglob("*"):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:
            continue  # it was there a moment ago
        if path.name not in PLACES_ALLOWED and any(form in content for each in secrets for form in forms(each)):
            found.add(str(path.relative_to(demo.folder)))
    return found


def in_processes(processes: list[Path], secrets: tuple[str, ...]) -> set[str]:
    """Every command line and environment among these processes that holds one of them."""
    found = set()
    for process in processes:
        for name in ("cmdline", "environ"):
            try:
                content = (process / name).read_bytes()
            except OSError:
                continue  # it has ended
            if any(form in content for each in secrets for form in forms(each)):
                found.add(name)
    return found


class Watch(threading.Thread):
    """Looks everywhere, again and again, for as long as a run goes on."""

    def __init__(self, demo: Demo, secrets: tuple[str, ...]) -> None:
        super().__init__(daemon=True)
        self.found: set[str] = set()
        self.looks = 0
        self.most_processes = 0
        self._demo, self._secrets, self._ended = demo, secrets, threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.02):
            processes = self._demo.processes()
            self.most_processes = max(self.most_processes, len(processes))
            self.found |= in_processes(processes, self._secrets) | in_files(self._demo, self._secrets)
            self.looks += 1

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


def watched(demo: Demo, *actions: str, environ: dict[str, str]) -> tuple[Watch, list[Ended]]:
    """Run commands and look meanwhile."""
    with Watch(demo, CODES) as watch:
        ended = [demo.act(action, environ) for action in actions]
    return watch, ended


def test_no_code_comes_to_rest(demo: Demo) -> None:
    """During and after an upgrade at the fullest log level: in no file, command line, environment or output."""
    with authority_beside(demo, delay=0.1) as environ:
        watch, (ended,) = watched(demo, "upgrade", environ={**environ, "SITHSUP_LOG_LEVEL": "TRAFFIC"})
    assert ended.code == 0
    assert demo.identity() == NEW
    assert watch.looks > 10
    assert watch.most_processes >= 2  # the program and its card process were both looked at
    assert watch.found == set()
    assert in_files(demo, CODES) == set()
    assert not any(code in ended.out + ended.err for code in CODES)


def test_no_code_comes_to_rest_when_it_is_wrong(demo: Demo) -> None:
    """Nor a code that the card refuses, nor one that is given in vain."""
    typed = ("Legit-Kod-fel", CODES[1])
    with Watch(demo, typed) as watch:
        ended = demo.run(
            "upgrade",
            "--json",
            *CONSENT,
            "--pin-stdin",
            codes="".join(f"{code}\n" for code in typed),
            environ={"SITHSUP_LOG_LEVEL": "TRAFFIC"},
        )
    assert ended.code == 6
    assert watch.looks > 3
    assert watch.found | in_files(demo, typed) == set()
    assert not any(code in ended.out + ended.err for code in typed)


@pytest.mark.parametrize("is_right", [True, False])
def test_no_puk_and_no_new_code_comes_to_rest(demo: Demo, is_right: bool) -> None:
    """During and after `unblock`, whether the PUK code is right or wrong."""
    known = (demo.folder / "puks").read_text().split()[1]
    typed = (known if is_right else "Puk-Kod-timjan-91", CHOSEN)
    with Watch(demo, typed) as watch:
        ended = demo.run(
            *("unblock", "--role", "signature", "--pin-stdin", "--json"),
            codes="".join(f"{code}\n" for code in typed),
            environ={"SITHSUP_LOG_LEVEL": "TRAFFIC"},
        )
    assert (ended.code, ended.result["changed"]) == ((0, True) if is_right else (6, False))
    assert watch.looks > 3
    assert watch.most_processes >= 2
    assert watch.found | in_files(demo, typed) == set()
    assert not any(code in ended.out + ended.err for code in typed)


def test_no_personal_identity_number_leaves(demo: Demo) -> None:
    """Not in what `--json` writes, the history, the receipt or the log, and not in what is left of the journal."""
    ended = [demo.act("upgrade", {"SITHSUP_LOG_LEVEL": "TRAFFIC"})]
    ended += [demo.run("check", "--json"), demo.run("history", "--json")]
    assert [each.code for each in ended] == [0, 0, 0]
    number = personal_number(demo)
    numbers = (number, number[2:], f"{number[:8]}-{number[8:]}", f"{number[2:8]}-{number[8:]}")
    said = "".join(each.out for each in ended)
    assert not any(each in said for each in numbers)
    kept = [path for folder in (demo.data, demo.logs) for path in folder.rglob("*") if path.is_file()]
    case = ended[0].result["case_code"]
    assert {path.name for path in kept if path.suffix != ".address"} == {
        *("history.sqlite3", "last-outcome.json", "sithsup.log", "demo-1.p7m"),
        *(f"{case}.html", f"{case}.json"),
    }
    assert in_files(demo, numbers) & {str(path.relative_to(demo.folder)) for path in kept} == set()


def personal_number(demo: Demo) -> str:
    """The holder's, as the authority knows it. It is on the card, or there is nothing to look for."""
    with closing(sqlite3.connect(demo.folder / "authority" / "ledger.sqlite3")) as ledger:
        known = [str(number) for (number,) in ledger.execute("SELECT personal_number FROM card").fetchall()]
    files = demo.card().files.values()
    (number,) = [number for number in known if any(number.encode() in content for content in files)]
    return number


def test_the_search_finds_what_is_planted(demo: Demo) -> None:
    """The control: a code in a log, in a journal in another form, in an argument, in the environment."""
    demo.logs.mkdir(exist_ok=True)
    demo.data.mkdir(exist_ok=True)
    (demo.logs / "planted.log").write_text(f"the code is {CODES[0]}")
    (demo.data / "planted").write_bytes(b"\0" + CODES[1].encode("utf-16-le"))
    waiting = [sys.executable, "-c", "input()"]
    argued = subprocess.Popen([*waiting, CODES[0]], env=demo.variables(), stdin=subprocess.PIPE)
    environ = demo.variables({"PLANTED": CODES[1]})
    informed = subprocess.Popen(waiting, env=environ, stdin=subprocess.PIPE)
    with argued, informed:
        with Watch(demo, CODES) as watch:
            demo.run("check")
        argued.kill()
        informed.kill()
    assert watch.found == {"logs/planted.log", "data/planted", "cmdline", "environ"}
