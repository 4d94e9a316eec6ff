"""The fast run of the proof, part by part; and that the proof itself sees, counts and tells what goes wrong."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from prove import __main__ as program
from prove import killed, killer, mutants, report, simulated, virtual
from prove.case import ENDINGS, Place, Result, count
from prove.customs import CUSTOMS, PLAIN
from sithsup.evidence import World, old_on_card
from sithsup.history import history
from sithsup.journal import unfinished
from sithsup.sim.case import CardKind
from sithsup.sim.faults import EVERY_VERB, Failure, Mishap, When
from sithsup.steps import write_certificates
from sithsup.upgrade import UPGRADE
from tests.support.demo import Ended
from tests.support.lab import NEW, OLD, Lab
from tests.support.virtual import NEEDED as NEEDED_BY_CARD

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from prove.killed import AtMoments, AtWrites
    from prove.simulated import Doubles, Singles
    from prove.virtual import Part

NEEDING = ("revoking", "clearing", "reusing", "keeping", "keeping-mail")
"""Customs under which nothing may be lifted off a full card."""
NEEDED = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of cases go wrong on purpose, and each writes it into its log."""
    caplog.set_level("CRITICAL")


def played(task: Singles | Doubles | AtWrites | AtMoments | Part) -> list[Result]:
    """Play a task, count the endings, and tell how to play again what ended wrong."""
    results = task()
    ends = Counter(result.column for result in results)
    print(f"{task}: {ends.total()} cases, {dict(ends)}")  # noqa: T201  a slow proof says what it tried
    wrong = [f"{result.ending}: {result.name}" for result in results if result.ending not in ENDINGS]
    assert not wrong, "\n".join(wrong[:20])
    assert results
    return results


# ----------------------------------------------------------------------------------------------- the fast run


@pytest.mark.parametrize("kind", CardKind)
@pytest.mark.parametrize("custom", CUSTOMS)
def test_an_interrupted_upgrade_on_the_simulators_ends_old_or_new(custom: str, kind: CardKind) -> None:
    """A part of the cases with one fault and some with two; `./dev prove` plays them all."""
    tasks = [t for t in simulated.tasks(program.SEED, fast=True) if (t.kind, t.custom) == (kind, custom)]
    found = [result.ending for task in tasks for result in played(task)]
    assert OLD in found
    assert NEW in found or (kind is CardKind.BRIMMING and custom in NEEDING)


@NEEDED
@pytest.mark.parametrize("number", range(len(killed.tasks(program.SEED, fast=True))))
def test_a_killed_upgrade_on_a_real_card_ends_old_or_new(number: int) -> None:
    """Around every third write of the journal and at random moments; with a full disk, and by a wrong clock."""
    found = {result.ending for result in played(killed.tasks(program.SEED, fast=True)[number])}
    assert found <= {OLD, NEW}


@pytest.mark.needs(*NEEDED_BY_CARD)
@pytest.mark.parametrize("number", range(4))
def test_a_virtual_card_that_loses_its_power_ends_old_or_new(number: int) -> None:
    """A few of all cuts, and a few by chance: two cuts, one again and again, a reset by another application."""
    played(virtual.tasks(program.SEED, fast=True)[number])


# ------------------------------------------------------------------------------------------------ the whole run


@pytest.mark.parametrize("kind", CardKind)
@pytest.mark.parametrize("custom", CUSTOMS)
def test_where_nothing_goes_wrong_the_end_is_new(custom: str, kind: CardKind, tmp_path: Path) -> None:
    """So every call of an upgrade is struck; but old where a full card's certificates must stay to be revoked."""
    lab = Lab(tmp_path, kind=kind)
    CUSTOMS[custom](lab)
    lab.run("upgrade")
    if custom == "lagging":  # the status service knows the new certificates later
        lab.wait(minutes=2)
        lab.run("resume")
    assert lab.end() == (OLD if kind is CardKind.BRIMMING and custom in NEEDING else NEW), lab.events
    assert lab.wrong() == ""


def test_a_whole_run_plays_every_plain_case_and_enough_of_all() -> None:
    """No part is left out, and none played twice."""
    tasks = simulated.tasks(1, fast=False)
    for kind in CardKind:
        plain = [t for t in tasks if isinstance(t, simulated.Singles) and (t.kind, t.custom) == (kind, PLAIN)]
        assert sorted(task.part for task in plain) == list(range(simulated.PARTS))
    assert len(set(tasks)) == len(tasks)
    assert {(task.kind, task.custom) for task in tasks} == {(kind, custom) for kind in CardKind for custom in CUSTOMS}


def test_another_seed_chooses_other_cases() -> None:
    """And the same seed the same."""
    assert simulated.tasks(1, fast=True) == simulated.tasks(1, fast=True) != simulated.tasks(2, fast=True)
    assert {task.seed for task in killed.tasks(1, fast=False) if isinstance(task, killed.AtMoments)}.isdisjoint(
        task.seed for task in killed.tasks(2, fast=False) if isinstance(task, killed.AtMoments)
    )


EVERY_WAY = {(choice, place) for choice in ("resume", "restore") for place in Place}


def cases_at_writes(end: int) -> list[killed.Case]:
    """What a whole run plays at the writes before this one."""
    writes = [task for task in killed.tasks(1, fast=False) if isinstance(task, killed.AtWrites)]
    return [
        case
        for at in range(1, end)
        for task in writes
        if at >= task.first and (at - task.first) % task.every == 0
        for case in task.cases(at)
    ]


def test_every_write_of_the_journal_is_killed_at_before_and_after() -> None:
    """In two ways to recover each, of which over all there are four."""
    cases = [case for case in cases_at_writes(60) if case.when != "full" and not case.clock]
    assert len(set(cases)) == len(cases) == 59 * 2 * 2
    assert {(case.choice, case.place) for case in cases} == EVERY_WAY


def test_the_disk_is_full_from_every_write_of_the_journal_on() -> None:
    """Recovered in all four ways; over a run of some forty writes, each more than once."""
    cases = [case for case in cases_at_writes(36) if case.when == "full"]
    assert sorted(case.at for case in cases) == list(range(1, 36))
    assert Counter((case.choice, case.place) for case in cases).keys() == EVERY_WAY
    assert {case.fault for case in cases} == {"disk full at a journal write"}


def test_the_clock_is_moved_both_ways_at_every_second_write() -> None:
    """Each of the four ways to recover by either clock, early in a run and late."""
    cases = [case for case in cases_at_writes(32) if case.clock]
    ways = {(choice, place, clock) for choice, place in EVERY_WAY for clock in ("ahead", "behind")}
    assert Counter((case.choice, case.place, case.clock) for case in cases) == dict.fromkeys(ways, 2)
    assert len({case.at for case in cases}) == len(cases)
    assert {case.fault for case in cases} == {"killed, and the clock moved by a day"}


@NEEDED
@pytest.mark.parametrize(("clock", "days"), [("ahead", 1), ("behind", -1)])
def test_the_computer_that_recovers_is_a_day_wrong(clock: str, days: int, tmp_path: Path) -> None:
    """By its own history: begun by the right clock, ended by the other."""
    with killed.running(tmp_path / "demo") as demo:
        demo.run("after", "10", *killed.ARGUMENTS, program=killed.KILLER, codes=demo.pins)
        killed.act(demo, "restore", clock)
        begun, ended = (datetime.fromisoformat(at) for at in (history(demo.data)[0].begun, history(demo.data)[0].ended))
    assert round((ended - begun) / timedelta(days=1)) == days


@NEEDED
def test_nothing_can_be_written_once_the_disk_is_full(tmp_path: Path) -> None:
    """Neither the journal nor the log; what was there before stays."""
    with killed.running(tmp_path / "demo") as demo:
        ended = demo.run("full", "12", *killed.ARGUMENTS, program=killed.KILLER, codes=demo.pins)
        assert (ended.code, ended.error_code) == killed.DISK_FULL
        assert len(unfinished(demo.data)) == 1
        log = (demo.logs / "sithsup.log").read_text()
        assert log.splitlines()[-1].endswith("do generate-signature-key")  # how it ended is not in it


def test_who_does_not_notice_the_full_disk_has_not_ended_well(tmp_path: Path) -> None:
    """A run that ends well is taken for one with fewer writes, and ends its task."""
    ended = subprocess.run(
        [*killed.KILLER, "full", "1", "errors", "--json"],
        env={**os.environ, "SITHSUP_DATA": str(tmp_path), "SITHSUP_LOGS": str(tmp_path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)),
        capture_output=True,
        check=False,
    )
    assert ended.returncode == killer.UNNOTICED


def test_only_a_refusal_for_the_clock_is_answered_by_setting_it_right() -> None:
    """Every other refusal is how the case ended."""
    other, clock = "the issuer's clock", "the computer's clock shows another time than the issuer's"
    said = [("SU-2003", other), ("SU-2003", clock), ("SU-2001", clock)]
    runs = [Ended(3, json.dumps({"error": {"code": code, "why": why}}), "", 0) for code, why in said]
    assert [killed.is_refused_for_its_clock(ended) for ended in runs] == [False, True, False]


# ------------------------------------------------------------------------------------- it sees what goes wrong


@pytest.mark.parametrize(
    "name",
    [
        "simulators,two-pins,as-ever,generate_key_pair:2:card-pulled/torn/phantom,restore,here",
        "simulators,shared,updating,confirm:1:answer-lost/before,resume,elsewhere,status:3:garbage/before",
        (  # a full card, and a key that was made and not heard of: it was taken for another computer's
            "simulators,brimming,updating-three,generate_key_pair:1:module-hung/torn/unseen,resume,here,"
            "generate_key_pair:1:module-hung/after"
        ),
    ],
)
def test_a_case_is_played_again_by_its_name(name: str, tmp_path: Path) -> None:
    assert simulated.Case.parse(name).name == name
    result = simulated.Case.parse(name).play(tmp_path)
    assert result.name == name
    assert result.ending in (OLD, NEW)


@pytest.mark.parametrize(
    ("stack", "name"),
    [
        (killed, "processes,before,17,resume,here"),
        (killed, "processes,moment,0.4131,restore,elsewhere"),
        (killed, "processes,full,9,restore,here"),
        (killed, "processes,after,27,resume,elsewhere,behind"),
        (virtual, "virtual,p-256,120:before,resume,here"),
        (virtual, "virtual,rsa-2048,438:torn.17,restore,elsewhere,30:after"),
        (virtual, "virtual,p-256,99:afterx7,restore,here"),
        (virtual, "virtual,full,322:before,restore,elsewhere"),
    ],
)
def test_a_case_is_known_by_its_name(stack: ModuleType, name: str) -> None:
    assert stack.Case.parse(name).name == name


@pytest.mark.parametrize("patch", mutants.patches(), ids=lambda patch: patch.stem)
def test_every_planted_fault_can_be_planted(patch: Path, tmp_path: Path) -> None:
    """`./dev prove --mutants` sees whether it is caught; a patch that does not apply any more would catch nothing."""
    mutants.plant(patch, tmp_path)
    copies = ((path, mutants.ROOT / path.relative_to(tmp_path)) for path in (tmp_path / "src").rglob("*.py"))
    assert any(copy.read_bytes() != original.read_bytes() for copy, original in copies)


def test_seven_faults_are_planted_and_one_that_is_harmless_is_not_caught(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert len(mutants.patches()) == 7
    verdicts = iter([mutants.Verdict("a", "harmful", "some,case", "NEITHER"), mutants.Verdict("b", "harmless", "", "")])
    monkeypatch.setattr(mutants, "patches", lambda: [tmp_path, tmp_path])
    monkeypatch.setattr(mutants, "try_one", lambda _: next(verdicts))
    assert program.main(["--mutants"]) == 1


@pytest.mark.parametrize("patch", mutants.patches(), ids=lambda patch: patch.stem)
def test_every_planted_fault_says_what_is_played_against_it(patch: Path) -> None:
    """A part of the matrix that is there."""
    kind, custom, verb = mutants.played(patch)
    assert (CardKind(kind), custom in CUSTOMS, verb in EVERY_VERB) == (kind, True, True)


def test_all_cases_at_a_verb_are_played_once(tmp_path: Path) -> None:
    """Nothing of what a planted fault is played against is left out."""
    tasks = simulated.tasks_at("one-pin", PLAIN, "log_in")
    names = [result.name for task in tasks for result in task()]
    every = simulated.singles(CardKind.ONE_PIN, PLAIN, tmp_path)
    assert sorted(names) == sorted(case.name for case in every if case.first.verb == "log_in")
    assert len(names) == 20


def test_a_planted_fault_is_caught_by_a_case_that_ends_well_without_it() -> None:
    """By a real run: the copy goes wrong where the program does not."""
    verdict = mutants.try_one(mutants.FOLDER / "code-sent-again.patch")
    assert verdict.caught_by.startswith("simulators,two-pins,as-ever,log_in:")
    assert "codes sent" in verdict.ending


def test_a_change_that_does_no_harm_is_not_caught(tmp_path: Path) -> None:
    """Nor is it taken for caught that the run failed otherwise."""
    readme = "Nothing is changed.\nPlayed: one-pin as-ever {}\n\n--- a/new\n+++ b/new\n@@ -0,0 +1 @@\n+new\n"
    patch = tmp_path / "harmless.patch"
    patch.write_text(readme.format("log_in"))
    assert mutants.try_one(patch) == mutants.Verdict("harmless", "Nothing is changed.", "", "")
    patch.write_text(readme.format("no_such_verb"))
    with pytest.raises(RuntimeError, match=r"harmless\.patch"):
        mutants.try_one(patch)


def test_a_case_that_goes_wrong_without_the_fault_too_catches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is the program, or the proof, that is broken."""
    wrong = subprocess.CompletedProcess([], 1, "", "WRONG: TORN\n    ./dev prove --case 'some,case'\n")
    monkeypatch.setattr(mutants, "_prove", lambda *_: wrong)
    with pytest.raises(RuntimeError, match="some,case ends wrong without the fault too"):
        mutants.try_one(mutants.patches()[0])


def test_a_program_that_destroys_the_old_too_early_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof is worth what it catches: here the old certificates go before the new ones are written."""

    def careless(world: World) -> None:
        for seen in old_on_card(world):
            world.card.destroy(seen.found)
        write_certificates(world)

    table = tuple(replace(step, do=careless) if step.name == "write-certificates" else step for step in UPGRADE)
    monkeypatch.setattr("sithsup.upgrade.UPGRADE", table)
    strike = simulated.Strike("write_certificate", 2, Mishap(Failure.CARD_PULLED, When.AFTER))
    case = simulated.Case(CardKind.TWO_PINS, PLAIN, strike, "resume", Place.HERE)
    assert case.play(tmp_path).column == "other"


def test_what_must_never_be_so_is_seen(tmp_path: Path) -> None:
    """A certificate that nobody has, a code that nobody gave, a journal that is left open."""
    lab = Lab(tmp_path)
    lab.run("upgrade")
    assert lab.wrong() == ""
    (tmp_path / "A" / "journal-x.sqlite3").touch()
    assert lab.wrong() == "the journal is left open"
    (tmp_path / "A" / "journal-x.sqlite3").unlink()
    lab.token.codes_sent += 1
    assert "codes sent" in lab.wrong()
    lab.token.codes_sent -= 1
    for token in lab.card.tokens:
        token.objects[:] = [o for o in token.objects if o.value not in lab.certificates() - set(lab.case.kept)]
    assert lab.wrong() == "a valid certificate that is not on the card"


# ------------------------------------------------------------------------------------------------- it tells it


class Wrong(NamedTuple):
    """A task whose cases end old, new and neither."""

    def __call__(self) -> list[Result]:
        return [Result("simulators", "killed", f"simulators,{end}", end) for end in (OLD, NEW, "NEITHER")]


@pytest.mark.parametrize("arguments", [[], ["--until-wrong"]])
def test_a_case_that_ended_wrong_fails_the_run_and_says_how_to_play_it_again(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(simulated, "tasks", lambda *_, **__: [Wrong()])
    assert program.main(["--only", "simulators", *arguments]) == 1
    said = capsys.readouterr()
    assert "./dev prove --case 'simulators,NEITHER'" in said.err
    assert said.out.splitlines()[-1].startswith("3 cases, 1 neither old nor new")


def test_the_parts_are_played_in_processes_and_the_total_is_told_last(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    part = simulated.Singles(CardKind.ONE_PIN, PLAIN, 0, 700)
    monkeypatch.setattr(simulated, "tasks", lambda *_, **__: [part])
    assert program.main(["--only", "simulators"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("4 cases, 0 neither old nor new")


def test_stacks_are_kept_and_make_a_page_once_all_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was played earlier is counted again; a part of the stacks makes no page."""
    page = tmp_path / "proof.md"
    monkeypatch.setattr(program, "PROOF", page)
    monkeypatch.setattr(program, "_play", lambda name, _: [Result(name, "killed", f"{name},1", OLD)])
    keep = ["--keep", str(tmp_path / "kept.json")]
    assert program.main([*keep, "--only", "simulators"]) == 0
    assert program.main([*keep, "--only", "processes"]) == 0
    assert not page.exists()
    assert program.main([*keep, "--only", "virtual", "--seed", "7"]) == 0
    assert "3 cases, on two cores" in page.read_text()
    assert "1 cases, seed 7" in page.read_text()


def test_a_run_in_which_nothing_was_played_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_play", lambda *_, **__: [])
    assert program.main(["--fast"]) == 1


def test_the_table_counts_every_case_once() -> None:
    results = [
        Result("a", "pulled", "1", OLD),
        Result("a", "pulled", "2", "torn directory"),
        Result("b", "hung", "3", "?"),
    ]
    lines = report.table(count(results))
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == ["a", "pulled", "2", "1", "0", "1", "0"]
    assert [cell.strip() for cell in lines[3].split("|")[1:-1]] == ["b", "hung", "1", "0", "0", "0", "1"]
    assert [cell.strip() for cell in lines[-1].split("|")[1:-1]] == ["all", "", "3", "1", "0", "1", "1"]
