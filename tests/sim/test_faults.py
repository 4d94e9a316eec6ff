"""The script of faults: it counts, strikes where it was told to, and is the same every time."""

from __future__ import annotations

import pytest

from sithsup.sim.faults import (
    AUTHORITY_VERBS,
    CARD_VERBS,
    EVERY_VERB,
    Failure,
    Fault,
    Faults,
    Mishap,
    ProcessKilled,
    Tear,
    When,
    mishaps,
)
from tests.sim.bench import Bench

REFUSED = Mishap(Failure.CARD_REFUSED)


def struck(faults: Faults, *verbs: str) -> list[bool]:
    return [faults.due(verb) is not None for verb in verbs]


def test_every_call_is_recorded_by_name() -> None:
    """So that a test can visit each of them."""
    faults = Faults()
    struck(faults, "tokens", "order", "tokens")
    assert faults.calls == ["tokens", "order", "tokens"]


def test_a_fault_strikes_at_its_number_and_once() -> None:
    """Counted from 1 over every verb."""
    assert struck(Faults(Fault(REFUSED, at=2)), "sign", "sign", "sign") == [False, True, False]


def test_a_lasting_fault_strikes_from_then_on() -> None:
    """As a broken reader does."""
    faults = Faults(Fault(REFUSED, at=2, lasting=True))
    assert struck(faults, "sign", "sign", "sign") == [False, True, True]


def test_a_fault_may_count_some_verbs_only() -> None:
    """The second signature, however much is read in between."""
    faults = Faults(Fault(REFUSED, at=2, verbs=frozenset({"sign"})))
    assert struck(faults, "sign", "objects", "sign", "sign") == [False, False, True, False]


def test_of_two_faults_at_one_call_the_first_strikes() -> None:
    """And the other one has counted all the same."""
    hung = Mishap(Failure.MODULE_HUNG)
    faults = Faults(Fault(REFUSED, at=1), Fault(hung, at=1), Fault(hung, at=2))
    assert [faults.due("sign"), faults.due("sign")] == [REFUSED, hung]


def test_after_a_kill_nothing_runs() -> None:
    """Not even what a `finally` does on the way out."""
    faults = Faults()
    with pytest.raises(ProcessKilled):
        raise faults.kill("sign")
    with pytest.raises(ProcessKilled):
        faults.due("log_out")
    assert faults.calls == []


def test_a_kill_is_no_exception_that_code_may_handle() -> None:
    """`except Exception` must not catch it."""
    assert not issubclass(ProcessKilled, Exception)


def test_what_cannot_happen_is_a_mistake_of_the_script() -> None:
    """A card is not out of reach, and an authority is not pulled."""
    for verb, failure in (("sign", Failure.OUT_OF_REACH), ("order", Failure.CARD_PULLED)):
        with pytest.raises(ValueError, match=verb):
            Faults(Fault(Mishap(failure))).due(verb)


@pytest.mark.parametrize(("when", "tear"), [(When.TORN, None), (When.BEFORE, Tear.PHANTOM)])
def test_a_tear_belongs_to_a_torn_call(when: When, tear: Tear | None) -> None:
    """One without the other says nothing."""
    with pytest.raises(ValueError, match="torn"):
        Mishap(Failure.CARD_PULLED, when, tear)


def test_every_verb_can_go_wrong_before_and_after() -> None:
    """`mishaps` leaves nothing out, and names everything once."""
    for verb in EVERY_VERB:
        listed = mishaps(verb)
        assert len(listed) == len(set(listed))
        assert {m.when for m in listed if m.failure is Failure.PROCESS_KILLED} >= {When.BEFORE, When.AFTER}
    assert {m.failure for verb in CARD_VERBS for m in mishaps(verb)} | {
        m.failure for verb in AUTHORITY_VERBS for m in mishaps(verb)
    } == set(Failure)
    assert {m.tear for verb in CARD_VERBS for m in mishaps(verb)} == {None, *Tear}


def test_a_run_is_the_same_up_to_its_fault() -> None:
    """A loop that kills at the first, second, ... call visits every call of the bare run, and no other."""
    bare = Bench.make()
    bare.upgrade()
    for at in range(1, len(bare.faults.calls) + 1):
        bench = Bench.make()
        bench.script(Faults(Fault(Mishap(Failure.PROCESS_KILLED), at)))
        with pytest.raises(ProcessKilled):
            bench.upgrade()
        assert bench.faults.calls == bare.faults.calls[:at]


def test_the_same_run_makes_the_same_calls() -> None:
    """One counter sees card and authority, and two runs see the same."""
    runs = []
    for _ in range(2):
        bench = Bench.make()
        bench.upgrade()
        runs.append(bench.faults.calls)
    assert runs[0] == runs[1]
    assert set(runs[0]) == EVERY_VERB - {"revoke", "unblock"}
