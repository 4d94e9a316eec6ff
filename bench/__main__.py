"""`./dev bench`: measures, tells it as a table, and fails when a bound is broken."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench import slow
from bench.rounds import compare
from bench.stage import KEY_TYPES, staged
from bench.virtual import PACE, compare_on_card, virtual_stage
from bench.window import OfTheWindow, measure_window
from sithsup.model import KeyAlgorithm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.rounds import Measured
    from bench.slow import Idle
    from bench.virtual import OnTheCard

BOUNDS = {"checked": 1.5}
"""How many times as long as this the program may take with P-256. RSA keys are found by luck: told, not bounded."""
LARGEST_IDLE = 0.10
LARGEST_IDLE_ON_CARD = 0.05
ROUNDS = 9
ROUNDS_ON_CARD = 3


def main(arguments: Sequence[str]) -> int:
    """Measure what was asked for; 1 when a bound is broken."""
    options = _parser().parse_args(arguments)
    result: dict[str, Any] = {"machine": _machine()}
    broken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="sithsup-bench-") as name:
        for part, measure in PARTS.items():
            if options.only in (None, part):
                broken += measure(Path(name), options.rounds, result)
    if options.json:
        options.json.write_text(json.dumps({**result, "broken": broken}, indent=2) + "\n", encoding="utf-8")
    for bound in broken:
        print(f"BROKEN: {bound}", file=sys.stderr)
    return 1 if broken else 0


def _measure_rounds(folder: Path, count: int | None, result: dict[str, Any]) -> list[str]:
    broken = []
    for algorithm in KEY_TYPES:
        measured = _compare(folder, algorithm, count or ROUNDS)
        result[algorithm.value] = {name: each.as_data() for name, each in measured.items()}
        broken += _broken(measured) if algorithm is KeyAlgorithm.P_256 else []
    return broken


def _measure_slow(folder: Path, _: int | None, result: dict[str, Any]) -> list[str]:
    idle = _idle(folder)
    result["slow_card"] = idle.as_data()
    share = idle.share(idle.opened)
    return [f"the slow card stands idle for {share:.1%}"] if share > LARGEST_IDLE else []


def _measure_virtual(folder: Path, count: int | None, result: dict[str, Any]) -> list[str]:
    measured = _on_card(folder, count or ROUNDS_ON_CARD)
    result["virtual_card"] = {name: each.as_data() for name, each in measured.items()}
    ours, typed = measured["sithsup"], measured["typed"]
    bounds = {
        f"{ours.wall:.1f} s on the virtual card, typed {typed.wall:.1f} s": ours.wall <= typed.wall,
        f"{ours.commands:g} commands for the virtual card, typed {typed.commands:g}": ours.commands < typed.commands,
        f"the virtual card stands idle for {ours.share:.1%}": ours.share <= LARGEST_IDLE_ON_CARD,
    }
    return [bound for bound, holds in bounds.items() if not holds]


def _measure_window(folder: Path, count: int | None, result: dict[str, Any]) -> list[str]:
    measured = _on_screen(folder, count or ROUNDS)
    result["window"] = measured.as_data()
    return measured.broken()


PARTS = {"rounds": _measure_rounds, "slow": _measure_slow, "virtual": _measure_virtual, "window": _measure_window}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="one of the measurements")
    usual = f"how many; if not said {ROUNDS}, and {ROUNDS_ON_CARD} on the virtual card"
    parser.add_argument("--rounds", type=int, metavar="N", help=usual)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    return parser


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}


def _broken(measured: dict[str, Measured]) -> list[str]:
    ratios = {name: median(measured["sithsup"].ratios(measured[name])) for name in BOUNDS}
    return [
        f"{ratio:.2f} times as long as {name}, more than {BOUNDS[name]}"
        for name, ratio in ratios.items()
        if ratio > BOUNDS[name]
    ]


def _tell(line: str) -> None:
    print(line, flush=True)


def _compare(folder: Path, algorithm: KeyAlgorithm, count: int) -> dict[str, Measured]:
    _tell(f"\n{algorithm.value}: sithsup upgrade against pkcs11-tool and openssl cmp, {count} rounds")
    with staged(folder / algorithm.value, algorithm) as stage:
        measured = compare(stage, count, lambda line: _tell(f"    {line}"))
    _tell(f"{'':8}{'wall (from to)':>23}{'processor':>13}{'memory':>12}   sithsup is so many times as long")
    for name, each in measured.items():
        walls = sorted(run.wall for run in each.runs)
        spread = f"({walls[0]:.2f} to {walls[-1]:.2f})"
        ratios = measured["sithsup"].ratios(each)
        ratio = f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})" if name != "sithsup" else ""
        _tell(f"{name:8}{each.wall:>7.2f} s {spread:>14}{each.cpu:>11.2f} s{each.memory:>8.0f} MiB   {ratio}")
    return measured


def _idle(folder: Path) -> Idle:
    speeds = ", ".join(f"{name.removeprefix('SLOW_').lower()} {value} ms" for name, value in slow.SPEEDS.items())
    _tell(f"\na slow card ({speeds}; the authority {slow.CA_DELAY} s a message)")
    with staged(folder / "slow", KeyAlgorithm.P_256, ca_delay=slow.CA_DELAY) as stage:
        idle = slow.measure_idle(stage, folder)
    for name, since in (("since the first code", idle.opened), ("since the start", idle.begun)):
        _tell(f"{name:22}{idle.ended - since:>8.2f} s, idle for {idle.share(since):.1%}")
    for gap in idle.gaps()[: slow.GAPS_TOLD]:
        _tell(f"    {gap.seconds:.2f} s between {gap.after} and {gap.before}")
    return idle


def _on_card(folder: Path, count: int) -> dict[str, OnTheCard]:
    speeds = (
        f"{PACE.command * 1000:g} ms a command, {PACE.generation:g} s a key; the authority {slow.CA_DELAY} s a message"
    )
    _tell(f"\nthe virtual card ({speeds}), {count} rounds")
    with virtual_stage(folder / "virtual", ca_delay=slow.CA_DELAY) as stage:
        measured = compare_on_card(stage, count, lambda line: _tell(f"    {line}"))
    _tell(f"{'':8}{'wall (from to)':>25}{'commands':>10}   the card is idle from the first code on")
    for name, each in measured.items():
        walls, shares = (sorted(found) for found in zip(*((a.wall, a.share) for a in each.attempts), strict=True))
        spread = f"({walls[0]:.1f} to {walls[-1]:.1f})"
        idle = f"{each.share:.1%} ({shares[0]:.1%} to {shares[-1]:.1%})"
        _tell(f"{name:8}{each.wall:>7.1f} s {spread:>16}{each.commands:>10g}   {idle}")
    for gap in measured["sithsup"].attempts[-1].idle.gaps()[: slow.GAPS_TOLD]:
        _tell(f"    {gap.seconds:.2f} s between {gap.after} and {gap.before}")
    return measured


def _on_screen(folder: Path, count: int) -> OfTheWindow:
    _tell(f"\nthe window against a bare QWizard ({count} rounds), a key in 20 s, and a module that hangs")
    with staged(folder / "window", KeyAlgorithm.P_256, ca_delay=slow.CA_DELAY) as stage:
        measured = measure_window(stage, folder, count)
    for name, runs in (("bare", measured.bare), ("sithsup", measured.ours)):
        firsts, memory = sorted(each.first for each in runs), median(each.at_first for each in runs)
        spread = f"({firsts[0]:.2f} to {firsts[-1]:.2f})"
        _tell(f"{name:8} there after {median(firsts):.2f} s {spread}, {memory:.0f} MiB")
    _tell(f"sithsup is there after {measured.ratio:.2f} times as long, with {measured.memory:.2f} times as much memory")
    _tell(f"an upgrade takes {measured.slow.memory:.0f} MiB, {measured.peak:.2f} times as much as bare")
    for card, run in (("slow", measured.slow), ("hangs", measured.hung)):
        for phase, gaps in run.gaps.items():
            figures = f"p99 {run.p99(phase) * 1000:6.1f} ms, at most {max(gaps) * 1000:6.1f} ms of {sum(gaps):6.2f} s"
            _tell(f"{card:6} {phase:26} {figures}")
    return measured


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
