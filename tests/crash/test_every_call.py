"""Never neither, on the simulators: every call of an upgrade goes wrong in every way, and again during the recovery.

A case is a kind of card, a call, a mishap at it, a choice (continue or restore), the same computer or another one
without a journal, and for the double faults a second call of the recovery. At the end the card carries exactly its old
identity or exactly its new one, what was not ours is untouched, and at no instant was there no working identity.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sithsup.campaign import RevokeOld
from sithsup.errors import PointOfNoReturnError
from sithsup.model import Outcome
from sithsup.sim.case import CardKind
from sithsup.sim.faults import AUTHORITY_FAILURES, READING_VERBS, Failure, Fault, Faults, Mishap, When, mishaps
from sithsup.sim.ledger import Retire
from tests.support.lab import NEW, OLD, Lab, every_call, numbered, update_campaign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHOICES = ("resume", "restore")
QUIET_VERBS = ("module", "readers", "tokens", "objects", "log_in", "log_out")
PATIENCE = 6
"""How many runs a person tries before a case counts as stuck."""


def as_ever(lab: Lab) -> None:
    """The campaign as it is, and an authority that has everything at once and retires the old by itself."""


def revoking(lab: Lab) -> None:
    """The program polls, and has the old certificates revoked."""
    lab.campaign = lab.case.campaign.model_copy(update={"revoke_old": RevokeOld.CLIENT})
    lab.authority.ledger.policy.retire = Retire.NEVER
    lab.authority.ledger.policy.polls = 2


def updating(lab: Lab) -> None:
    """Each old certificate is updated (kur), and retired when its successor is confirmed."""
    lab.campaign = update_campaign(lab.case.campaign)
    lab.authority.ledger.policy.retire = Retire.EACH


def retiring_first(lab: Lab) -> None:
    """The first confirmation retires everything old."""
    lab.authority.ledger.policy.retire = Retire.FIRST


def believing(lab: Lab) -> None:
    """The status service calls certificates good that nobody confirmed."""
    lab.authority.ledger.policy.unconfirmed_is_good = True


@dataclass(frozen=True)
class Crash:
    """One case; its name is what reproduces it."""

    kind: CardKind
    at: int
    mishap: Mishap
    choice: str
    is_elsewhere: bool = False
    again: tuple[int, Mishap] | None = None
    set_up: Callable[[Lab], None] = as_ever

    def play(self, folder: Path) -> str:
        """Play the case; tells how it ended, or what went wrong."""
        lab = Lab(folder, kind=self.kind, faults=Faults(Fault(self.mishap, self.at)))
        self.set_up(lab)
        lab.run("upgrade")
        if not lab.identity_works():
            return "NEITHER after the first fault"
        if self.is_elsewhere:
            lab.lose_journal()
        script = Faults(Fault(self.again[1], self.again[0])) if self.again else Faults()
        return recover(lab, self.choice, script)


def recover(lab: Lab, choice: str, script: Faults) -> str:
    """Do what a person would: mend what broke, choose, and try again until one of the two endings is there."""
    for _ in range(PATIENCE):
        lab.mend(script)
        script = Faults()
        ended = lab.run(choice)
        if not lab.identity_works():
            return "NEITHER during the recovery"
        if isinstance(ended, PointOfNoReturnError):
            choice = "resume"
        elif isinstance(ended, Outcome) or (ended is None and lab.end() in (OLD, NEW)):
            break
        elif ended is None:
            choice = "upgrade"  # a key half made hides behind its code: only a new upgrade finds it
        else:
            lab.wait(minutes=11)  # whatever the authority waited for is over
    end = lab.end()
    if end == OLD:
        # an upgrade that never began is neither continued nor restored: nothing is left to do
        return OLD if lab.run("restore") in (None, Outcome.RESTORED) and lab.end() == OLD else "restless"
    return end


def play_all(crashes: list[Crash], folder: Path) -> Counter[str]:
    """Play cases, count their endings, and name those that went wrong."""
    ends: Counter[str] = Counter()
    wrong = []
    for number, crash in enumerate(crashes):
        end = crash.play(folder / str(number))
        ends[end] += 1
        if end not in (OLD, NEW):
            wrong.append(f"{end}: {crash}")
    print(f"cases {len(crashes)}, {dict(ends)}")  # noqa: T201  a slow proof says what it tried
    assert not wrong, "\n".join(wrong[:20])
    return ends


def first_faults(
    kind: CardKind, folder: Path, set_up: Callable[[Lab], None] = as_ever
) -> list[tuple[int, str, Mishap]]:
    """Every mishap at every call of a whole upgrade; a call that only reads has no effect to be lost after it."""

    def run(faults: Faults) -> None:
        lab = Lab(folder / "count", kind=kind, faults=faults)
        set_up(lab)
        assert lab.run("upgrade") is Outcome.UPGRADED

    calls = every_call(run)
    return [
        (at, verb, mishap)
        for at, verb in numbered(calls)
        for mishap in mishaps(verb)
        if verb not in READING_VERBS or mishap.when is When.BEFORE
    ]


def is_telling(mishap: Mishap) -> bool:
    """Whether a mishap stands for its kin: the way in which a card's process ends makes no difference to the card."""
    return mishap.failure is Failure.PROCESS_KILLED or mishap.failure in AUTHORITY_FAILURES


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Journals in memory where the system has such a place: no disk is to be proved here."""
    memory = Path("/dev/shm")  # noqa: S108  a folder of one's own is made in it
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name)


def parts(number: int) -> pytest.MarkDecorator:
    """Cut a proof into parts that can run beside each other."""
    return pytest.mark.parametrize("part", [slice(part, None, number) for part in range(number)], ids=str)


@parts(4)
@pytest.mark.parametrize("choice", CHOICES)
def test_every_call_goes_wrong_in_every_way(choice: str, part: slice, folder: Path) -> None:
    """One fault at any call, on the same computer: the old identity or the new one, whole."""
    crashes = [Crash(CardKind.SHARED, at, mishap, choice) for at, _, mishap in first_faults(CardKind.SHARED, folder)]
    ends = play_all(crashes[part], folder)
    assert ends[NEW if choice == "resume" else OLD] > ends[OLD if choice == "resume" else NEW]


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("kind", [CardKind.TWO_PINS, CardKind.ONE_PIN])
def test_every_call_is_killed_on_every_kind_of_card(kind: CardKind, choice: str, folder: Path) -> None:
    """The same for other cards, with the faults that stand for all."""
    faults = [(at, mishap) for at, _, mishap in first_faults(kind, folder) if is_telling(mishap)]
    play_all([Crash(kind, at, mishap, choice) for at, mishap in faults], folder)


@parts(2)
@pytest.mark.parametrize("choice", CHOICES)
def test_every_call_goes_wrong_and_another_computer_recovers(choice: str, part: slice, folder: Path) -> None:
    """The journal is lost: recovery goes by the card and the authority alone."""
    faults = [(at, mishap) for at, _, mishap in first_faults(CardKind.SHARED, folder) if is_telling(mishap)]
    crashes = [Crash(CardKind.SHARED, at, mishap, choice, is_elsewhere=True) for at, mishap in faults]
    play_all(crashes[part], folder)


@pytest.mark.parametrize("is_elsewhere", [False, True])
@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("set_up", [revoking, updating, retiring_first, believing])
def test_every_call_goes_wrong_under_other_authorities(
    set_up: Callable[[Lab], None], choice: str, is_elsewhere: bool, folder: Path
) -> None:
    """The same for other campaigns and customs of the authority: killed, or unheard, wherever anything changes."""
    crashes = [
        Crash(CardKind.TWO_PINS, at, mishap, choice, is_elsewhere, set_up=set_up)
        for at, verb, mishap in first_faults(CardKind.TWO_PINS, folder, set_up)
        if mishap.failure in (Failure.PROCESS_KILLED, Failure.ANSWER_LOST) and verb not in QUIET_VERBS
    ]
    play_all(crashes, folder)


@pytest.mark.parametrize("is_elsewhere", [False, True])
@pytest.mark.parametrize("choice", CHOICES)
def test_the_recovery_is_killed_as_well(choice: str, is_elsewhere: bool, folder: Path) -> None:
    """From every killed call, a recovery that is killed too: every seventh pair of calls that write, sign or send."""
    kind = CardKind.TWO_PINS
    kill = Mishap(Failure.PROCESS_KILLED, When.AFTER)
    pairs = []
    for at, verb, mishap in first_faults(kind, folder):
        if mishap == kill and verb not in QUIET_VERBS:
            recovery = _calls_of_recovery(Crash(kind, at, kill, choice, is_elsewhere), folder / f"recovery {at}")
            pairs += [(at, second) for second, name in numbered(recovery) if name not in QUIET_VERBS]
    whens = itertools.cycle((When.BEFORE, When.AFTER))
    play_all(
        [
            Crash(kind, at, kill, choice, is_elsewhere, (second, Mishap(Failure.PROCESS_KILLED, when)))
            for (at, second), when in zip(pairs[::7], whens, strict=False)
        ],
        folder,
    )


def _calls_of_recovery(crash: Crash, folder: Path) -> list[str]:
    lab = Lab(folder, kind=crash.kind, faults=Faults(Fault(crash.mishap, crash.at)))
    lab.run("upgrade")
    if crash.is_elsewhere:
        lab.lose_journal()
    script = Faults()
    lab.mend(script)
    lab.run(crash.choice)
    return script.calls
