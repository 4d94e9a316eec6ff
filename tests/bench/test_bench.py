"""The bench itself: every way ends at the same card, the judge sees when one does not, and a broken bound is told."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from bench import __main__ as program
from bench.measure import Run, peak_memory, run
from bench.rounds import Measured, WrongEndError, compare
from bench.slow import Call, Idle, measure_idle
from bench.stage import Stage, staged
from bench.virtual import Attempt, OnTheCard, VirtualStage, attempt, virtual_stage
from sithsup.demo.virtual.holder import Pace
from sithsup.model import KeyAlgorithm
from tests.support.virtual import NEEDED, short_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl", "gcc")

QUICK = {"SLOW_GENERATE": "300", "SLOW_SIGN": "20", "SLOW_WRITE": "50"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("bench") / "demo", KeyAlgorithm.P_256) as stage:
        yield stage


@pytest.fixture(scope="module")
def virtual() -> Iterator[VirtualStage]:
    with short_folder() as folder, virtual_stage(folder / "demo") as stage:
        yield stage


@pytest.mark.parametrize("way", ["sithsup", "typed", "checked"])
def test_every_way_ends_at_an_upgraded_card(stage: Stage, way: str) -> None:
    stage.reset()
    assert len(stage.wrong()) == 8  # four certificates to be confirmed, two to be revoked and removed
    measured = run(getattr(stage, way))
    assert stage.wrong() == []
    assert measured.cpu > 0
    assert measured.wall > 0


def test_a_card_that_is_not_upgraded_is_seen(stage: Stage, tmp_path: Path) -> None:
    """An authority that confirmed everything is not enough: the card itself is looked at, and its keys sign."""
    stage.reset()
    run(stage.sithsup)
    tokens = stage.demo.tokens
    upgraded = tmp_path / "tokens"
    shutil.copytree(tokens, upgraded)
    for path in {*stage.demo.card().files} - {*stage.demo.before.files}:
        (tokens / path).unlink()
        assert stage.wrong()
        shutil.copy(upgraded / path, tokens / path)
    assert stage.wrong() == []
    shutil.rmtree(tokens)
    shutil.copytree(stage.demo.folder / "first-day", tokens)
    assert stage.wrong()


def test_a_run_that_ends_elsewhere_counts_for_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stage, "typed", property(lambda self: self.sithsup._replace(name="typed", arguments=("true",))))
    with pytest.raises(WrongEndError, match="typed: "):
        compare(stage, 1, lambda _: None)


def test_memory_is_that_of_all_processes_together(stage: Stage) -> None:
    """The program and its card process are two interpreters; pkcs11-tool and a shell are small."""
    stage.reset()
    program = peak_memory(stage.sithsup)
    stage.reset()
    assert 5 < peak_memory(stage.typed) < 30 < program < 200


def test_the_slow_card_takes_its_time_and_tells_when(stage: Stage, tmp_path: Path) -> None:
    idle = measure_idle(stage, tmp_path, QUICK)
    for name, count, seconds in (("generate", 2, 0.3), ("sign", 17, 0.02), ("create", 4, 0.05), ("destroy", 2, 0.05)):
        taken = [call.end - call.begin for call in idle.calls if call.name == name]
        assert len(taken) == count
        assert min(taken) >= seconds
    assert idle.begun < idle.opened < idle.calls[-1].end < idle.ended


def test_idle_is_what_is_not_work() -> None:
    calls = (Call("find", 1, 2), Call("login", 4, 5), Call("sign", 5, 8), Call("destroy", 9, 12))
    idle = Idle(calls, 0, 14)
    assert idle.share(idle.opened) == pytest.approx(3 / 10)
    assert idle.share(idle.begun) == pytest.approx(6 / 14)
    assert [(gap.seconds, gap.after, gap.before) for gap in idle.gaps()] == [
        (2, "destroy", "end"),
        (1, "sign", "destroy"),
        (0, "login", "sign"),
    ]


@pytest.mark.parametrize(("wall", "exit_code"), [(1.4, 0), (1.6, 1)])
def test_a_broken_bound_fails(wall: float, exit_code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours, theirs = Measured([Run(wall, 1)] * 3), Measured([Run(1, 1)] * 3)
    monkeypatch.setattr(program, "_compare", lambda *_: {"sithsup": ours, "typed": theirs, "checked": theirs})
    assert program.main(["--only", "rounds", "--json", str(tmp_path / "figures")]) == exit_code
    assert (tmp_path / "figures").exists()


@pytest.mark.parametrize(("busy", "exit_code"), [(9.5, 0), (8.5, 1)])
def test_an_idle_card_fails(busy: float, exit_code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_idle", lambda _: Idle((Call("login", 0, busy),), 0, 10))
    assert program.main(["--only", "slow"]) == exit_code


# ------------------------------------------------------------------------------------------ the virtual card


@pytest.mark.needs(*NEEDED)
@pytest.mark.parametrize("way", ["sithsup", "typed", "checked"])
def test_every_way_upgrades_the_virtual_card(virtual: VirtualStage, way: str) -> None:
    """What the card was told is counted, from the first code on its time is its own, and its pace is kept."""
    pace = Pace(command=0.001, generation=0.3)
    measured = attempt(virtual, getattr(virtual, way), pace)
    taken = [call.end - call.begin for call in measured.idle.calls]
    assert min(taken) >= pace.command
    assert sum(seconds >= pace.generation for seconds in taken) == 2
    assert measured.commands == len(taken)
    assert measured.idle.begun < measured.idle.opened < measured.idle.ended
    assert 0 < measured.share < 1
    assert virtual.wrong() == []


@pytest.mark.needs(*NEEDED)
def test_the_program_asks_a_card_no_more_than_it_must(virtual: VirtualStage) -> None:
    """A whole upgrade was 485 commands before the card was asked for its session once in each act.

    Since then each new key signs once more at the end, for the receipt.
    """
    assert attempt(virtual, virtual.sithsup, Pace()).commands <= 420


@pytest.mark.needs(*NEEDED)
def test_a_virtual_card_that_is_not_upgraded_is_seen(virtual: VirtualStage) -> None:
    """By what other programs list, and by what is stored without being listed."""
    with pytest.raises(WrongEndError, match=r"nothing: .*not confirmed"):
        attempt(virtual, virtual.sithsup._replace(name="nothing", arguments=("true",)), Pace())
    attempt(virtual, virtual.sithsup, Pace())
    door = virtual.demo.door
    upgraded = door.memory()
    for path in {*upgraded.files} - {*virtual.demo.first_day.files}:
        door.pull()
        door.replace(upgraded.without(path))
        door.insert()
        assert virtual.wrong(), path


def _on_card(wall: float, commands: int, busy: float) -> OnTheCard:
    return OnTheCard([Attempt(wall, commands, Idle((Call("login", 0, busy),), 0, 100))] * 3)


@pytest.mark.parametrize(
    ("wall", "commands", "busy", "broken"),
    [
        (40, 400, 96, ()),
        (61, 400, 96, ("61.0 s on the virtual card, typed 60.0 s",)),
        (40, 900, 96, ("900 commands for the virtual card, typed 900",)),
        (40, 400, 94, ("the virtual card stands idle for 6.0%",)),
    ],
)
def test_a_broken_bound_on_the_virtual_card_is_told(
    wall: float,
    commands: int,
    busy: float,
    broken: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    measured = {"sithsup": _on_card(wall, commands, busy), "typed": _on_card(60, 900, 50)}
    monkeypatch.setattr(program, "_on_card", lambda *_: measured)
    figures = tmp_path / "figures"
    assert program.main(["--only", "virtual", "--json", str(figures)]) == bool(broken)
    assert capsys.readouterr().err == "".join(f"BROKEN: {line}\n" for line in broken)
    assert json.loads(figures.read_text())["virtual_card"]["typed"]["median"]["commands"] == 900
