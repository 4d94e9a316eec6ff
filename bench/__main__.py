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
from sithsup.model import KeyAlgorithm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.rounds import Measured
    from bench.slow import Idle

BOUNDS = {"checked": 1.5}
"""How many times as long as this the program may take with P-256. RSA keys are found by luck: told, not bounded."""
LARGEST_IDLE = 0.10
ROUNDS = 9


def main(arguments: Sequence[str]) -> int:
    """Measure what was asked for; 1 when a bound is broken."""
    options = _parser().parse_args(arguments)
    result: dict[str, Any] = {"machine": _machine()}
    broken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="sithsup-bench-") as name:
        for algorithm in KEY_TYPES if options.only != "slow" else ():
            measured = _compare(Path(name), algorithm, options.rounds)
            result[algorithm.value] = {name: each.as_data() for name, each in measured.items()}
            broken += _broken(measured) if algorithm is KeyAlgorithm.P_256 else []
        if options.only != "rounds":
            idle = _idle(Path(name))
            result["slow_card"] = idle.as_data()
            share = idle.share(idle.opened)
            broken += [f"the slow card stands idle for {share:.1%}"] if share > LARGEST_IDLE else []
    if options.json:
        options.json.write_text(json.dumps({**result, "broken": broken}, indent=2) + "\n", encoding="utf-8")
    for bound in broken:
        print(f"BROKEN: {bound}", file=sys.stderr)
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--only", choices=["rounds", "slow"], help="one of the two measurements")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"how many, {ROUNDS} if not said")
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
