"""Two computers, one card, one authority, in any order: at no instant is there neither identity.

The card is in one computer at a time. A message of one may still be on its way when the card is in the other.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from prove.customs import CUSTOMS
from prove.simulated import recover
from sithsup.sim.case import CardKind
from sithsup.sim.faults import AUTHORITY_VERBS, TEARS, Failure, Fault, Faults, Mishap, When, mishaps
from sithsup.situation import Outcome
from tests.support.lab import NEW, OLD, Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANGING = sorted({*AUTHORITY_VERBS, *TEARS, "sign"})
KEYS = ["a-key-each", "reusing", "reusing-one"]
"""Customs that come more often than the others: which keys are ours is told otherwise there."""
STRIKES = st.sampled_from([(verb, mishap) for verb in CHANGING for mishap in mishaps(verb)])


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Everything goes wrong on purpose."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class Interleavings(RuleBasedStateMachine):
    """Anything that two people at two computers may do to one card."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="sithsup-")
        self.lab: Lab

    @initialize(kind=st.sampled_from(CardKind), custom=st.sampled_from(sorted(CUSTOMS)) | st.sampled_from(KEYS))
    def begin(self, kind: CardKind, custom: str) -> None:
        self.lab = Lab(Path(self.folder.name), kind=kind)
        CUSTOMS[custom](self.lab)

    @rule(
        computer=st.sampled_from("AB"),
        action=st.sampled_from(["upgrade", "resume", "restore"]),
        strike=st.none() | STRIKES,
        at=st.integers(1, 4),
    )
    def run(self, computer: str, action: str, strike: tuple[str, Mishap] | None, at: int) -> None:
        self.lab.computer = computer
        self.lab.mend(Faults(Fault(strike[1], at, frozenset({strike[0]}))) if strike else Faults())
        self.lab.run(action)

    @rule(minutes=st.sampled_from([1, 5, 9, 11, 30]))
    def wait(self, minutes: int) -> None:
        self.lab.wait(minutes=minutes)

    @invariant()
    def an_identity_works(self) -> None:
        if hasattr(self, "lab"):
            assert not self.lab.broken, self.lab.broken
            assert self.lab.identity_works()
            assert self.lab.token.codes_sent <= self.lab.holder.given

    def teardown(self) -> None:
        try:
            if hasattr(self, "lab"):
                end = recover(self.lab, "resume", Faults())
                assert self.lab.wrong() == ""
                assert end in (OLD, NEW)
        finally:
            self.folder.cleanup()


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(
    max_examples=120, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("is_good", [False, True])
def test_the_second_computer_does_not_remove_the_old_while_the_new_is_not_confirmed(
    is_good: bool, tmp_path: Path
) -> None:
    """A's certificates are issued, written, and called good or not; nobody has confirmed them. B goes on."""
    lab = Lab(tmp_path, faults=Faults(Fault(Mishap(Failure.CARD_PULLED, When.BEFORE), 13, frozenset({"sign"}))))
    lab.authority.ledger.policy.unconfirmed_is_good = is_good
    lab.run("upgrade")
    assert len([r for r in lab.authority.ledger.certificates.values() if r.profile]) == 4
    lab.lose_journal()
    lab.mend(Faults(Fault(Mishap(Failure.OUT_OF_REACH), 1, frozenset({"confirm"}))))
    lab.run("resume")
    assert set(lab.case.old) <= lab.certificates()
    assert lab.identity_works()
    lab.mend()
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW
