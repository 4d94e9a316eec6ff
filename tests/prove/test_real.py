"""`./dev prove --real`: on cards that stand for a real one, named by their serial behind an ordinary module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prove import __main__ as program
from prove import asked
from prove.asked import KeptCodes
from prove.reading import NotSoError, Reading, RealCard, Told, Verdict
from sithsup.campaign import Campaign
from sithsup.demo.people import PEOPLE
from sithsup.errors import OtherCardError
from sithsup.settings import Settings
from sithsup.sim.case import CODES
from tests.contract.tokens import virtual_memory
from tests.support.held import Held, typed
from tests.support.virtual import NEEDED as NEEDED_BY_VIRTUAL
from tests.support.virtual import VirtualBench, short_folder
from tests.support.virtual_lab import first_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


NEEDED = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")


def campaign() -> Campaign:
    """The one that is shipped."""
    return Campaign.load(Settings().campaign)


# ------------------------------------------------------------------------------------------------- it only reads


@NEEDED
def test_reading_proves_all_that_it_can_and_changes_nothing(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    """With codes; without hands. What is said names nobody."""
    before = held.files()
    with typed(*held.codes):
        assert program.main([*held.named, "--pin", "--pull"]) == 0
    assert held.files() == before
    out = capsys.readouterr().out
    who, contents = PEOPLE[0], held.card.read()
    for private in (*held.codes, who.given_name, who.surname, who.hsa_id, who.personal_number, contents.number or "-"):
        assert private not in out
    said = out.splitlines()
    assert said[-1] == "11 ok, 0 NOT ok, 1 left out"
    assert "left out  the card is pulled and put in again: the same card" in said
    assert "ok        every key signs, and its certificates verify that" in said
    assert "          fresh, FOREIGN_ISSUER, exit code 3" in said


@NEEDED
def test_whoever_gives_no_code_has_less_looked_at_and_is_told(
    held: Held, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Reading, "_kill", lambda _: "")
    with typed():
        assert program.main([*held.named, "--pin"]) == 0
    assert "left out  every key signs, and its certificates verify that" in capsys.readouterr().out


@NEEDED
def test_a_wrong_code_is_sent_once_and_fails(
    held: Held, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Reading, "_kill", lambda _: "")
    with typed("000000", held.codes[1], held.codes[0]):
        assert program.main([*held.named, "--pin"]) == 1
        assert asked.ask("") == held.codes[1]
    assert "NOT ok    every key signs, and its certificates verify that" in capsys.readouterr().out


@NEEDED
def test_another_serial_is_not_taken_for_the_card(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    """The serials that are there are told, and nothing more is looked at."""
    assert program.main([f"--real={held.serial[:-1]}", *held.named[2:]]) == 1
    said = capsys.readouterr().out
    assert held.serial in said
    assert said.endswith("1 ok, 1 NOT ok, 0 left out\n")


@NEEDED
def test_a_module_that_is_not_there_or_is_none_is_told(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--real", held.serial, "--module", "/nowhere/module.so"]) == 2
    assert program.main(["--real", held.serial, "--module", __file__]) == 1
    said = capsys.readouterr()
    assert "/nowhere/module.so" in said.err
    assert "NOT ok    the module can be loaded" in said.out


@NEEDED
def test_a_module_that_goes_while_it_is_looked_at_is_noticed(
    held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each check fails for itself, and the rest is still made."""
    module = tmp_path / "module.so"
    module.symlink_to(held.demo.module)
    reading, told = Reading(RealCard(str(module), held.serial), campaign()), Told()

    def understand(_: object) -> str:
        module.unlink()
        return ""

    monkeypatch.setattr(Reading, "_understand", understand)
    reading.run(told)
    assert told.counts[Verdict.WRONG] == 3
    assert not told.is_well


@NEEDED
@pytest.mark.parametrize("change", ["gone", "come"])
def test_a_card_that_changes_meanwhile_is_noticed(
    change: str, held: Held, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the kill, and at the end."""

    def meddle(_: object) -> str:
        if change == "gone":
            certificate = held.demo.ledger()[0].der
            next(path for path in held.demo.tokens.rglob("*.object") if certificate in path.read_bytes()).unlink()
        else:
            token = held.demo.tool.tokens()[0]
            held.demo.tool.run(
                *("--write-object", __file__, "--type", "data", "--label", "x"),
                *("--token-label", token, "--login", "--pin", held.codes[0]),
            )
        return ""

    monkeypatch.setattr(Reading, "_check", meddle)
    assert program.main(held.named) == 1
    said = capsys.readouterr().out.splitlines()
    assert "left out  every key signs, and its certificates verify that" in said
    wrong = [line for line in said if line.startswith("NOT ok")]
    assert len(wrong) == 2
    assert "byte for byte" in wrong[1]


@pytest.fixture
def bench() -> Iterator[VirtualBench]:
    """A virtual card in its reader."""
    with short_folder() as folder, VirtualBench(folder, first_day().memory) as bench:
        yield bench


@pytest.mark.needs(*NEEDED_BY_VIRTUAL)
def test_a_card_in_a_reader_is_pulled_and_put_in_again(bench: VirtualBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, with codes; the card's memory is what it was."""
    reading, told = held_in(bench, monkeypatch, bench.insert)
    before = bench.memory()
    with typed(*(code.decode() for code in CODES.values())):
        reading.run(told)
    assert (told.sum_up(), bench.memory()) == ("12 ok, 0 NOT ok, 0 left out", before)


@pytest.mark.needs(*NEEDED_BY_VIRTUAL)
def test_another_card_that_is_put_in_instead_is_noticed(bench: VirtualBench, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, _ = held_in(bench, monkeypatch, lambda: bench.lay(virtual_memory(serial=b"0123456789")))
    reading._find()
    with pytest.raises(OtherCardError):
        reading._pull()


@pytest.mark.needs(*NEEDED_BY_VIRTUAL)
def test_a_card_that_is_not_pulled_is_noticed(bench: VirtualBench, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, _ = held_in(bench, monkeypatch, lambda: None)
    reading._hand = lambda _: None
    monkeypatch.setattr("prove.reading.GOES", 0.5)
    reading._find()
    with pytest.raises(NotSoError, match="although it was out"):
        reading._pull()


def held_in(bench: VirtualBench, monkeypatch: pytest.MonkeyPatch, put_in: Callable[[], object]) -> tuple[Reading, Told]:
    """The checks on a card in a virtual reader, with a hand that pulls it first and then puts something in."""
    for name, value in bench.environment.items():
        monkeypatch.setenv(name, value)
    module = bench.environment["SITHSUP_MODULE"]
    with RealCard(module, "").start() as token:
        serial = token.tokens()[0].id.serial
    acts = iter((bench.pull, put_in))

    def hand(_: str) -> None:
        next(acts)()

    return Reading(RealCard(module, serial), campaign(), KeptCodes(), hand), Told()
