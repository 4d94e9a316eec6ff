"""`./dev prove`: plays every case on all cores, tells how each kind of fault ended, and fails unless all end well."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

from prove import kept, killed, mutants, real, report, simulated, virtual
from prove.case import Result, count, scratch
from prove.kept import Played

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SEED = 20200407
PROOF = Path(__file__).parents[1] / "docs" / "proof.md"
STACKS = {"simulators": simulated, "processes": killed, "virtual": virtual}


def main(arguments: Sequence[str]) -> int:
    """Play what was asked for; 1 when a case ended neither old nor new."""
    if any(each.partition("=")[0] == "--real" for each in arguments):
        return real.main(arguments)
    options = _parser().parse_args(arguments)
    if options.case:
        return _play_one(options.case)
    if options.mutants:
        return _plant_all()
    played = kept.load(options.keep) if options.keep else {}
    for name in ["simulators"] if options.at else options.only or STACKS:
        begun = time.monotonic()
        results = _play(name, options)
        minutes, is_whole = (time.monotonic() - begun) / 60, not _is_part(options)
        played[name] = Played(results, minutes, options.seed, report.commit(), is_whole)
        if options.keep:
            kept.save(options.keep, played)
    return _tell(played)


def _is_part(options: argparse.Namespace) -> bool:
    """Whether less is played than belongs to a whole run."""
    return bool(options.fast or options.until_wrong or options.at)


def _tell(played: dict[str, Played]) -> int:
    """Print the table and the total, and write the page when everything was played; 1 when anything ended wrong."""
    results = [result for each in played.values() for result in each.results]
    wrong = sum(result.column == "other" for result in results)
    print("\n".join(report.table(count(results))))
    if played.keys() == STACKS.keys() and all(each.is_whole for each in played.values()):
        PROOF.write_text(report.page(played), encoding="utf-8")
    minutes = sum(each.minutes for each in played.values())
    print(f"{len(results)} cases, {wrong} neither old nor new, {minutes:.1f} minutes")
    return 1 if wrong or not results else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev prove", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="a few minutes' worth of every kind of case")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="choose other cases by chance")
    parser.add_argument("--only", action="append", choices=STACKS, help="one stack (again for another one)")
    where = ("KIND", "CUSTOM", "VERB")
    parser.add_argument("--at", nargs=3, metavar=where, help="on the simulators, one fault at the calls of a verb")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep what was played there, and count what is there")
    parser.add_argument("--until-wrong", action="store_true", help="stop at the first case that ends wrong")
    parser.add_argument("--mutants", action="store_true", help="plant faults on purpose, and see each of them caught")
    parser.add_argument("--real", metavar="SERIAL", help="a card in your hand; --real SERIAL --help tells more")
    parser.add_argument("--case", metavar="NAME", help="play one case again, by the name that it was told with")
    return parser


def _play_one(name: str) -> int:
    stack = STACKS[name.split(",", maxsplit=1)[0]]
    with scratch() as folder:
        result = stack.Case.parse(name).play(folder / "case")
    print(result.ending)
    return 1 if result.column == "other" else 0


def _plant_all() -> int:
    """Plant every fault of tests/mutants; 1 unless each was caught."""
    verdicts = []
    for patch in mutants.patches():
        verdicts.append(mutants.try_one(patch))
        name, why, caught_by, ending = verdicts[-1]
        how = f"caught by {caught_by}: {ending}" if caught_by else "NOT CAUGHT"
        print(f"{name}: {why}\n    {how}", flush=True)
    caught = sum(bool(verdict.caught_by) for verdict in verdicts)
    print(f"{caught} of {len(verdicts)} planted faults caught")
    return 0 if verdicts and caught == len(verdicts) else 1


def _play(name: str, options: argparse.Namespace) -> list[Result]:
    """Play all tasks of a stack, as many at once as the cores can bear."""
    stack, at = STACKS[name], options.at
    tasks: Sequence[Callable[[], list[Result]]]
    tasks = stack.tasks_at(*at) if at else stack.tasks(options.seed, fast=options.fast)
    begun, results = time.monotonic(), list[Result]()
    spawn, everything = multiprocessing.get_context("spawn"), logging.CRITICAL  # no log of what goes wrong on purpose
    workers = stack.PER_CORE * (os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, spawn, initializer=logging.disable, initargs=(everything,)) as pool:
        for done, future in enumerate(as_completed([pool.submit(task) for task in tasks]), 1):
            results += _told(future.result())
            if options.until_wrong and any(result.column == "other" for result in results):
                pool.shutdown(wait=False, cancel_futures=True)
                break
            if done % max(1, len(tasks) // 10) == 0:
                seconds = time.monotonic() - begun
                print(f"    {name}: {done} of {len(tasks)} parts, {len(results)} cases, {seconds:.0f} s", flush=True)
    return results


def _told(results: list[Result]) -> list[Result]:
    """Tell at once what ended wrong, and how to play it again."""
    for result in results:
        if result.column == "other":
            print(f"WRONG: {result.ending}\n    ./dev prove --case '{result.name}'", file=sys.stderr, flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
