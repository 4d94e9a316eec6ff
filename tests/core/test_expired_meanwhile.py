"""What becomes of an upgrade that was cut, when the window closes, a pause begins, or the old certificates expire.

The authority takes no message that is signed with an expired certificate. Above the line the card can be put back
then; below it the new certificate, once confirmed, says what is left to say.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sithsup.certificate import Certificate
from sithsup.errors import AuthorityRefusedError, PointOfNoReturnError
from sithsup.recovery import Choice, Situation
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, When
from sithsup.situation import Outcome
from tests.support.lab import NEW, OLD, Lab

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ABOVE = (
    *(("generate_key_pair", number) for number in (1, 2)),
    *(("order", number) for number in (1, 2, 3, 4)),
    *(("write_certificate", number) for number in (1, 2, 3, 4)),
)
"""The calls after each of which the upgrade is cut, and may be undone."""
BELOW = (*(("confirm", number) for number in (1, 2, 3, 4)), ("destroy", 1))


def expiry(lab: Lab) -> timedelta:
    """How far from now the first of the old certificates expires."""
    return min(Certificate.parse(der).not_after for der in lab.case.old) - lab.clock.now


def cut(folder: Path, verb: str, number: int) -> Lab:
    """A lab whose upgrade was begun just before the old certificates expire, cut after a call, and left."""
    killed = Fault(Mishap(Failure.PROCESS_KILLED, When.AFTER), number, frozenset({verb}))
    lab = Lab(folder, faults=Faults(killed))
    lab.clock.now += expiry(lab) - timedelta(hours=1)
    window = lab.case.campaign.window.model_copy(update={"closes": lab.clock.now + timedelta(days=9)})
    lab.campaign = lab.case.campaign.model_copy(update={"window": window})
    lab.run("upgrade")
    lab.clock.now += timedelta(days=1)
    lab.mend()
    return lab


@pytest.mark.parametrize(("verb", "number"), ABOVE)
def test_above_the_line_the_card_is_put_back(verb: str, number: int, tmp_path: Path) -> None:
    """It is offered, and works; that the old certificates have expired is told, and not that they work."""
    lab = cut(tmp_path, verb, number)
    with lab.operation() as operation:
        report = operation.look()
    verdict = report.verdict
    assert (verdict.situation, verdict.old_works, verdict.can_log_in) == (Situation.INTERRUPTED, False, False)
    assert verdict.choices == (Choice.CONTINUE, Choice.RESTORE)
    assert [finding.name for finding in report.findings] == ["OLD_EXPIRED"]
    assert lab.run("restore") is Outcome.RESTORED
    assert lab.end() == OLD


@pytest.mark.parametrize(("verb", "number"), ABOVE)
def test_above_the_line_a_resume_is_refused_and_leaves_nothing(verb: str, number: int, tmp_path: Path) -> None:
    """The authority's no puts the card back by itself: nobody is left half-way."""
    lab = cut(tmp_path, verb, number)
    with lab.operation() as operation:
        with pytest.raises(AuthorityRefusedError, match="expired"):
            list(operation.resume())
        assert (operation.outcome, operation.old_works) == (Outcome.RESTORED, False)
    assert lab.end() == OLD


@pytest.mark.parametrize(("verb", "number"), BELOW)
def test_below_the_line_the_new_certificate_finishes(verb: str, number: int, tmp_path: Path) -> None:
    """Each confirmation was heard, its answer was not; what was given up meanwhile is ordered again."""
    lab = cut(tmp_path, verb, number)
    assert isinstance(lab.run("restore"), PointOfNoReturnError)
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


LATER: dict[str, Callable[[Lab], None]] = {
    "the window has closed": lambda lab: alter(
        lab, window=lab.case.campaign.window.model_copy(update={"closes": lab.clock.now - timedelta(hours=1)})
    ),
    "there is a pause": lambda lab: alter(lab, paused=True),
    "the program is too old": lambda lab: alter(lab, program_min="999"),
}


def alter(lab: Lab, **changes: object) -> None:
    lab.campaign = lab.case.campaign.model_copy(update=changes)


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize(("verb", "number"), [*ABOVE, *BELOW])
def test_what_was_begun_may_be_finished_or_undone_whatever_the_campaign_says_now(
    verb: str, number: int, later: str, tmp_path: Path
) -> None:
    """Law 6: no reason is told against it, and both ways lead to one of the two endings."""
    for action, ending in (("resume", NEW), ("restore", OLD)):
        killed = Fault(Mishap(Failure.PROCESS_KILLED, When.AFTER), number, frozenset({verb}))
        lab = Lab(tmp_path / action, faults=Faults(killed))
        lab.run("upgrade")
        lab.mend()
        LATER[later](lab)
        with lab.operation() as operation:
            assert operation.look().reasons == ()
        if ending == OLD and (verb, number) in BELOW:
            continue  # past the line
        assert isinstance(lab.run(action), Outcome)
        assert lab.end() == ending
