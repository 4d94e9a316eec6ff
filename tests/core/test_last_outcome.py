"""What is left for tools that look after many computers: after every run, before it, and whatever the disk does."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import __version__, last_outcome
from sithsup.account_registry import of_this_account
from sithsup.card_lock import CardLock
from sithsup.certificate import Certificate
from sithsup.errors import (
    AuthorityBusyError,
    CardFullError,
    CodeIncorrectError,
    JournalUnwritableError,
    NotEligibleError,
    NotSupportedError,
    PointOfNoReturnError,
    SecondInstanceError,
    SithsupError,
    UnusableError,
    UpgradeFinishedError,
)
from sithsup.history import HistoryEntry, append_history
from sithsup.journal import card_key
from sithsup.last_outcome import Ending, LastOutcomes, ending_of
from sithsup.model import CodeState
from sithsup.operation import Operation
from sithsup.recorded_operation import RecordedOperation
from sithsup.sim.case import CardKind
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, ProcessKilled, When
from sithsup.situation import Outcome
from tests.support.lab import START, Lab, acts
from tests.support.schemas import LAST_OUTCOME, require_valid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REFUSED = Mishap(Failure.CARD_REFUSED)
KILLED = Mishap(Failure.PROCESS_KILLED, When.BEFORE)
DONE = {"upgraded": 1, "restored": 0, "unfinished": 0, "done": True}
OPEN = {"upgraded": 0, "restored": 0, "unfinished": 1, "done": False}
UNDONE = {"upgraded": 0, "restored": 1, "unfinished": 0, "done": False}
NOTHING = {"upgraded": 0, "restored": 0, "unfinished": 0, "done": False}


class FakeRegistry:
    """The account's registry in memory; one that is `broken` raises."""

    def __init__(self, broken: Exception | None = None) -> None:
        self.keys: dict[str, dict[str, str | int]] = {}
        self._broken = broken

    def write(self, key: str, values: Mapping[str, str | int]) -> None:
        if self._broken:
            raise self._broken
        self.keys.setdefault(key, {}).update(values)


def recorded(folder: Path, registry: FakeRegistry | None = None, **options: Any) -> Lab:
    """A lab whose operations leave word, as those of the program do."""
    return Lab(folder, make=partial(RecordedOperation, LastOutcomes(folder / "A", registry)), **options)


def left(folder: Path) -> dict[str, Any]:
    """What was left, which is of the published shape."""
    found: dict[str, Any] = json.loads((folder / "A" / last_outcome.FILE).read_bytes())
    require_valid(found, LAST_OUTCOME)
    return found


def last(folder: Path) -> tuple[str, str, str | None]:
    """The command, how it ended, and the code of what stopped it."""
    found = left(folder)["last"]
    return found["act"], found["outcome"], found["error"]


def tally(folder: Path) -> dict[str, Any]:
    """What is told of the one campaign."""
    (found,) = left(folder)["campaigns"]
    return {name: value for name, value in found.items() if name != "id"}


def script(verb: str, mishap: Mishap = REFUSED, number: int = 1) -> Faults:
    return Faults(Fault(mishap, number, frozenset({verb})))


# ------------------------------------------------------------------------------------------------ what is told


def test_an_upgrade_is_told_in_full(tmp_path: Path) -> None:
    """And nothing of whose card it is: the last digits of its number, no name and no number of a person."""
    lab = recorded(tmp_path)
    campaign, person = lab.case.campaign, lab.case.person
    assert lab.run("upgrade") is Outcome.UPGRADED
    found = left(tmp_path)
    assert len(found["last"].pop("case_code")) == 8
    assert found == {
        "format": 1,
        "program": __version__,
        "last": {
            "time": START.isoformat(),
            "act": "upgrade",
            "outcome": "upgraded",
            "error": None,
            "reasons": [],
            "card": f"…{person.card_number[-4:]}",
            "campaign": campaign.id,
            "campaign_version": campaign.version,
        },
        "campaigns": [{"id": campaign.id, **DONE}],
    }
    text = (tmp_path / "A" / last_outcome.FILE).read_text("utf-8")
    assert not [each for each in person.model_dump().values() if each in text]


def test_an_upgrade_that_is_interrupted_and_finished(tmp_path: Path) -> None:
    lab = recorded(tmp_path, faults=script("write_certificate"))
    lab.run("upgrade")
    assert (last(tmp_path), tally(tmp_path)) == (("upgrade", "interrupted", "SU-1010"), OPEN)
    case_code = left(tmp_path)["last"]["case_code"]
    lab.mend()
    lab.run("resume")
    assert (last(tmp_path), tally(tmp_path)) == (("resume", "upgraded", None), DONE)
    assert left(tmp_path)["last"]["case_code"] == case_code


def test_an_upgrade_that_is_interrupted_and_undone(tmp_path: Path) -> None:
    lab = recorded(tmp_path, faults=script("write_certificate"))
    lab.run("upgrade")
    lab.mend()
    lab.run("restore")
    assert (last(tmp_path), tally(tmp_path)) == (("restore", "restored", None), UNDONE)


def test_an_upgrade_that_is_undone_at_once_tells_why(tmp_path: Path) -> None:
    """A full card is as it was before, and the reason is known."""
    lab = recorded(tmp_path, kind=CardKind.TWO_PINS)
    lab.card.room_for_keys = 3
    assert isinstance(lab.run("upgrade"), CardFullError)
    assert (last(tmp_path), tally(tmp_path)) == (("upgrade", "restored", "SU-1012"), UNDONE)


def test_a_card_that_is_refused_tells_the_reasons(tmp_path: Path) -> None:
    """Nothing was begun, so nothing waits."""
    lab = recorded(tmp_path)
    lab.authority.ledger.policy.permission = "NOT_IN_HSA"
    lab.run("upgrade")
    assert (last(tmp_path), tally(tmp_path)) == (("upgrade", "not-eligible", "SU-5001"), NOTHING)
    assert left(tmp_path)["last"]["reasons"] == ["NOT_IN_HSA"]


def test_a_second_upgrade_of_the_same_card_is_no_error_and_costs_nothing(tmp_path: Path) -> None:
    """What was done before is still told."""
    lab = recorded(tmp_path)
    lab.run("upgrade")
    lab.run("upgrade")
    assert (last(tmp_path), tally(tmp_path)) == (("upgrade", "not-eligible", None), DONE)
    assert left(tmp_path)["last"]["reasons"] == ["ALREADY_UPGRADED"]


def test_what_is_to_be_tried_again_later(tmp_path: Path) -> None:
    """A busy authority, and a window that is not open yet."""
    lab = recorded(tmp_path)
    lab.authority.ledger.policy.busy = 120
    lab.run("upgrade")
    assert (last(tmp_path), tally(tmp_path)) == (("upgrade", "try-later", "SU-2002"), NOTHING)
    lab.authority.ledger.policy.busy = None
    lab.wait(days=-2)
    lab.run("upgrade")
    assert last(tmp_path) == ("upgrade", "try-later", "SU-5001")
    assert left(tmp_path)["last"]["reasons"] == ["WINDOW_NOT_OPEN"]


def test_a_card_beyond_help(tmp_path: Path) -> None:
    """On which an upgrade was begun: it waits here until somebody gives it up."""
    lab = recorded(tmp_path, faults=script("write_certificate"))
    lab.run("upgrade")
    old = {Certificate.parse(der).public_key for der in lab.case.old}
    for token in lab.card.tokens:
        names = (b"IdentificationC", b"SignatureC")
        token.objects[:] = [o for o in token.objects if o.value not in old and o.key_id not in names]
    lab.mend()
    assert isinstance(lab.run("resume"), UnusableError)
    assert (last(tmp_path), tally(tmp_path)) == (("resume", "unusable", "SU-5005"), OPEN)


def test_going_back_too_late_leaves_the_upgrade_interrupted(tmp_path: Path) -> None:
    lab = recorded(tmp_path, faults=script("confirm", Mishap(Failure.REQUEST_LOST), 2))
    lab.run("upgrade")
    lab.mend()
    assert isinstance(lab.run("restore"), PointOfNoReturnError)
    assert (last(tmp_path), tally(tmp_path)) == (("restore", "interrupted", "SU-5002"), OPEN)


def test_going_back_when_another_computer_has_finished_tells_that_it_is_upgraded(tmp_path: Path) -> None:
    lab = recorded(tmp_path, faults=script("destroy", KILLED))
    lab.run("upgrade")
    lab.mend()
    lab.computer = "B"
    assert lab.run("resume") is Outcome.UPGRADED
    lab.computer = "A"
    assert isinstance(lab.run("restore"), UpgradeFinishedError)
    assert (last(tmp_path), tally(tmp_path)) == (("restore", "upgraded", "SU-5008"), DONE)


# ------------------------------------------------------------------------------------- before, and in between


@pytest.mark.parametrize("verb", ["generate_key_pair", "write_certificate", "destroy"])
def test_after_a_power_cut_it_says_interrupted(verb: str, tmp_path: Path) -> None:
    """Nobody was left to say it, so it was said before; and so it is when the run before had ended well."""
    registry = FakeRegistry()
    lab = recorded(tmp_path, registry, faults=script(verb, KILLED))
    assert isinstance(lab.run("upgrade"), ProcessKilled)
    assert (last(tmp_path), tally(tmp_path)) == (("upgrade", "interrupted", None), OPEN)
    assert registry.keys[last_outcome.KEY]["LastOutcome"] == "interrupted"


def test_it_says_nothing_before_the_codes_were_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong code begins nothing, and takes back nothing that was said."""
    lab = recorded(tmp_path)

    def wrong(*_: object) -> None:
        assert not (tmp_path / "A" / last_outcome.FILE).exists()
        raise CodeIncorrectError(state=CodeState.COUNT_LOW)

    monkeypatch.setattr(lab.token, "log_in", wrong)
    lab.run("upgrade")
    assert (last(tmp_path), tally(tmp_path)) == (("upgrade", "try-later", "SU-1101"), NOTHING)


@pytest.mark.parametrize(
    ("verb", "expected", "counted"),
    [("query", ("upgrade", "try-later", "SU-5006"), NOTHING), ("order", ("upgrade", "interrupted", "SU-5007"), OPEN)],
)
def test_whoever_stops_a_run_has_not_begun_or_has_interrupted_it(
    verb: str, expected: tuple[str, str, str], counted: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = recorded(tmp_path)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lab.authority, verb, stop)
    with lab.operation() as operation, pytest.raises(KeyboardInterrupt):
        list(acts(operation, "upgrade"))
    assert (last(tmp_path), tally(tmp_path)) == (expected, counted)


def test_a_fault_of_the_program_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = recorded(tmp_path)
    monkeypatch.setattr(lab.authority, "order", lambda *_: 1 / 0)
    with lab.operation() as operation, pytest.raises(ZeroDivisionError):
        list(acts(operation, "upgrade"))
    assert (last(tmp_path), tally(tmp_path)) == (("upgrade", "interrupted", "SU-9001"), OPEN)


def test_a_run_that_begins_nothing_after_all_says_that_the_card_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its journal was kept by a kill between the codes and the first act, and goes."""
    lab = recorded(tmp_path)
    monkeypatch.setattr(lab.authority, "query", _killed)
    assert isinstance(lab.run("upgrade"), ProcessKilled)
    assert (last(tmp_path), tally(tmp_path)) == (("upgrade", "interrupted", None), OPEN)
    monkeypatch.undo()
    assert lab.run("resume") is None
    assert (last(tmp_path), tally(tmp_path)) == (("resume", "restored", None), NOTHING)


def _killed(*_: object) -> None:
    raise ProcessKilled


# ----------------------------------------------------------------------------------------- what leaves nothing


def test_whoever_only_looks_leaves_nothing(tmp_path: Path) -> None:
    lab = recorded(tmp_path)
    with lab.operation() as operation:
        operation.look()
    assert not (tmp_path / "A").exists()


def test_a_run_that_finds_nothing_to_do_leaves_nothing(tmp_path: Path) -> None:
    """On a card that another computer has upgraded, and on one that nothing was begun on."""
    lab = recorded(tmp_path)
    assert lab.run("resume") is None
    lab.computer, lab.make = "B", Operation
    assert lab.run("upgrade") is Outcome.UPGRADED
    lab = recorded(tmp_path)
    assert lab.run("resume") is None
    assert not (tmp_path / "A").exists()


def test_a_run_that_another_process_turns_away_leaves_it_to_that_one(tmp_path: Path) -> None:
    lab = recorded(tmp_path)
    with lab.operation() as operation:
        lock = CardLock(tmp_path / "locks", card_key(operation.world.contents))
        (tmp_path / "locks").mkdir()
        lock.take()
        with pytest.raises(SecondInstanceError):
            list(acts(operation, "upgrade"))
        lock.release()
    assert not (tmp_path / "A").exists()


# --------------------------------------------------------------------------------------------------- many cards


def second(folder: Path, **options: Any) -> Lab:
    """Another card at the same computer."""
    lab = recorded(folder, **options)
    lab.card.serial = "SIM2222222222222"
    return lab


def test_a_computer_is_done_when_no_card_of_its_own_waits(tmp_path: Path) -> None:
    """One card is upgraded, another one interrupted; then that is finished too."""
    assert recorded(tmp_path).run("upgrade") is Outcome.UPGRADED
    other = second(tmp_path, faults=script("write_certificate"))
    other.run("upgrade")
    assert last(tmp_path) == ("upgrade", "interrupted", "SU-1010")
    assert tally(tmp_path) == {"upgraded": 1, "restored": 0, "unfinished": 1, "done": False}
    other.mend()
    other.run("resume")
    assert tally(tmp_path) == {"upgraded": 2, "restored": 0, "unfinished": 0, "done": True}


def test_a_card_that_waits_is_counted_when_another_one_is_upgraded(tmp_path: Path) -> None:
    """The last outcome is a good one, and the computer is not done."""
    second(tmp_path, faults=script("write_certificate")).run("upgrade")
    assert recorded(tmp_path).run("upgrade") is Outcome.UPGRADED
    assert last(tmp_path) == ("upgrade", "upgraded", None)
    assert tally(tmp_path) == {"upgraded": 1, "restored": 0, "unfinished": 1, "done": False}


def test_each_campaign_is_told_by_itself(tmp_path: Path) -> None:
    """What an earlier one has come to says nothing of this one."""
    times = (START - timedelta(days=900)).isoformat()
    append_history(tmp_path / "A", HistoryEntry("…1234", "earlier", "2B426L72", times, times, "upgraded"))
    registry = FakeRegistry()
    lab = recorded(tmp_path, registry, faults=script("write_certificate"))
    lab.run("upgrade")
    campaigns = left(tmp_path)["campaigns"]
    assert campaigns == [{"id": "earlier", **DONE}, {"id": lab.case.campaign.id, **OPEN}]
    assert registry.keys[rf"{last_outcome.KEY}\Campaigns\earlier"]["Done"] == 1
    assert registry.keys[rf"{last_outcome.KEY}\Campaigns\{lab.case.campaign.id}"]["Done"] == 0


# ----------------------------------------------------------------------------------------------- the registry


def test_the_registry_has_the_same(tmp_path: Path) -> None:
    """Every value anew after each run: what does not hold any more is empty, and no old value is left."""
    registry = FakeRegistry()
    lab = recorded(tmp_path, registry)
    lab.authority.ledger.policy.permission = "NOT_IN_HSA"
    lab.run("upgrade")
    refused = registry.keys[last_outcome.KEY].copy()
    assert (refused["LastError"], refused["LastReasons"]) == ("SU-5001", "NOT_IN_HSA")
    lab.authority.ledger.policy.permission = "ELIGIBLE"
    lab.run("upgrade")
    found = left(tmp_path)["last"]
    assert registry.keys == {
        r"Software\Sithsup": {
            "LastOutcome": "upgraded",
            "LastError": "",
            "LastReasons": "",
            "LastCase": found["case_code"],
            "LastCampaign": found["campaign"],
            "LastTime": found["time"],
            "LastProgram": __version__,
        },
        rf"Software\Sithsup\Campaigns\{found['campaign']}": {"Upgraded": 1, "Restored": 0, "Unfinished": 0, "Done": 1},
    }


def test_only_windows_has_one() -> None:
    assert of_this_account() is None


# ------------------------------------------------------------------------------------------- what costs nothing


def test_a_disk_that_is_full_costs_the_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The upgrade has ended well, the registry says so, and the log says what is missing."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(last_outcome, "write_whole", full)
    registry = FakeRegistry()
    assert recorded(tmp_path, registry).run("upgrade") is Outcome.UPGRADED
    assert not (tmp_path / "A" / last_outcome.FILE).exists()
    assert registry.keys[last_outcome.KEY]["LastOutcome"] == "upgraded"
    assert "last outcome: file: [Errno 28]" in caplog.text


def test_a_registry_that_is_closed_costs_itself_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    registry = FakeRegistry(PermissionError(13, "Access is denied"))
    assert recorded(tmp_path, registry).run("upgrade") is Outcome.UPGRADED
    assert last(tmp_path) == ("upgrade", "upgraded", None)
    assert "last outcome: registry: [Errno 13]" in caplog.text


def test_a_history_that_cannot_be_read_costs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unreadable(_: Path) -> None:
        raise JournalUnwritableError(path="x", problem="y")

    monkeypatch.setattr(last_outcome, "history", unreadable)
    assert recorded(tmp_path).run("upgrade") is Outcome.UPGRADED
    assert "SU-4001" in caplog.text


def test_a_fault_in_it_costs_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A bug, told in the log as one."""
    assert recorded(tmp_path, FakeRegistry(ZeroDivisionError())).run("upgrade") is Outcome.UPGRADED
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()


def test_whoever_stops_it_at_the_very_end_has_stopped_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while it is written that all is done."""
    lab, leave = recorded(tmp_path), LastOutcomes.leave

    def impatient(self: LastOutcomes, run: last_outcome.Run, key: str) -> None:
        leave(self, run, key)
        if run.ending is Ending.UPGRADED:
            raise KeyboardInterrupt

    monkeypatch.setattr(LastOutcomes, "leave", impatient)
    assert lab.run("upgrade") is Outcome.UPGRADED


# ---------------------------------------------------------------------------------------------------- the words


@pytest.mark.parametrize(
    ("outcome", "error", "is_begun", "expected"),
    [
        (Outcome.UPGRADED, None, False, Ending.UPGRADED),
        (Outcome.RESTORED, NotEligibleError(), False, Ending.RESTORED),
        (Outcome.INTERRUPTED, SithsupError(), True, Ending.INTERRUPTED),
        (Outcome.INTERRUPTED, UnusableError(), True, Ending.UNUSABLE),
        (None, UpgradeFinishedError(), False, Ending.UPGRADED),
        (None, NotEligibleError(), True, Ending.INTERRUPTED),
        (None, NotEligibleError(), False, Ending.NOT_ELIGIBLE),
        (None, NotEligibleError(exit_code=0), False, Ending.NOT_ELIGIBLE),
        (None, NotEligibleError(exit_code=6), False, Ending.NOT_ELIGIBLE),
        (None, NotEligibleError(exit_code=5), False, Ending.TRY_LATER),
        (None, NotSupportedError(answer="x"), False, Ending.NOT_ELIGIBLE),
        (None, AuthorityBusyError(), False, Ending.TRY_LATER),
        (None, ZeroDivisionError(), False, Ending.TRY_LATER),
        (None, KeyboardInterrupt(), False, Ending.TRY_LATER),
        (None, None, False, Ending.RESTORED),
    ],
)
def test_how_a_run_has_ended_in_one_word(
    outcome: Outcome | None, error: BaseException | None, is_begun: bool, expected: Ending
) -> None:
    assert ending_of(outcome, error, is_begun=is_begun) is expected


def test_every_word_is_published() -> None:
    assert LAST_OUTCOME["$defs"]["last"]["properties"]["outcome"]["enum"] == list(Ending)
