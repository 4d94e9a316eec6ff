"""What is said of an interrupted card must be true: on the computer where it was begun, and on another one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sithsup.certificate import Certificate
from sithsup.errors import AuthorityRefusedError, CardTornError, FinishElsewhereError, StillWaitingError
from sithsup.model import KeyRole
from sithsup.recovery import Choice, Situation
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, When
from sithsup.situation import Outcome
from tests.support.lab import NEW, OLD, Lab

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.report import Report

KILL = Mishap(Failure.PROCESS_KILLED, When.BEFORE)


def killed(folder: Path, verb: str, number: int = 1) -> Lab:
    """A lab whose upgrade was killed before a call, and where everything works again."""
    lab = Lab(folder, faults=Faults(Fault(KILL, number, frozenset({verb}))))
    lab.run("upgrade")
    lab.mend()
    return lab


def confirmed(folder: Path) -> Lab:
    """The same, when all was confirmed and the old certificates were about to be removed."""
    lab = killed(folder, "destroy")
    assert lab.identity_works()
    return lab


def looked_at(lab: Lab) -> Report:
    """What `check` is told."""
    with lab.operation() as operation:
        return operation.look()


def lose_new(lab: Lab) -> None:
    """Let the new certificates go missing, as behind a torn directory."""
    for token in lab.card.tokens:
        token.objects[:] = [o for o in token.objects if o.value not in lab.certificates() - set(all_old(lab))]


def all_old(lab: Lab) -> tuple[bytes, ...]:
    """What was on the card on its first day, DER."""
    return (*lab.case.old, *lab.case.kept)


def test_here_it_is_known_that_the_new_certificates_work(tmp_path: Path) -> None:
    """The acknowledgements are in the journal."""
    verdict = looked_at(confirmed(tmp_path)).verdict
    assert (verdict.old_works, verdict.new_works, verdict.can_log_in) == (False, True, True)


def test_elsewhere_it_is_not_said_that_they_do_not(tmp_path: Path) -> None:
    """They are on the card, and may be confirmed; that the old one is retired tells that the first is."""
    lab = confirmed(tmp_path)
    lab.lose_journal()
    verdict = looked_at(lab).verdict
    assert verdict.situation is Situation.INTERRUPTED
    assert (verdict.old_works, verdict.new_works, verdict.can_log_in) == (False, None, True)
    lab.wait(minutes=11)
    verdict = looked_at(lab).verdict
    assert (verdict.new_works, verdict.can_log_in) == (True, True)


def test_what_is_known_not_to_be_confirmed_is_said_not_to_work(tmp_path: Path) -> None:
    """Here all was written, and nothing was confirmed: on both computers the old works, and the new does not yet."""
    lab = killed(tmp_path, "confirm")
    for _ in range(2):
        verdict = looked_at(lab).verdict
        assert (verdict.old_works, verdict.new_works, verdict.can_log_in) == (True, False, True)
        lab.lose_journal()


@pytest.mark.parametrize("place", ["here", "elsewhere"])
def test_without_the_authority_it_is_said_why_nothing_can_be_said(place: str, tmp_path: Path) -> None:
    """Nobody can tell elsewhere whether the line is passed; the journal can."""
    lab = confirmed(tmp_path)
    if place == "elsewhere":
        lab.lose_journal()
    lab.authority.ledger.policy.unreachable = True
    verdict = looked_at(lab).verdict
    assert (verdict.doubt is None) is (place == "here")
    assert verdict.can_log_in is (True if place == "here" else None)
    assert verdict.choices == (Choice.CONTINUE,)


@pytest.mark.parametrize("permission", ["NO_NEED", "CARD_REVOKED"])
def test_a_refusal_elsewhere_is_no_dead_end_when_all_is_confirmed(permission: str, tmp_path: Path) -> None:
    """The authority has upgraded this card, and need not issue the same again; what is there will prove to be good."""
    lab = confirmed(tmp_path)
    lab.lose_journal()
    lab.authority.ledger.policy.permission = permission
    assert isinstance(lab.run("resume"), StillWaitingError)
    lab.wait(minutes=11)
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW
    assert lab.wrong() == ""


def test_a_refusal_elsewhere_waits_for_news_that_may_be_on_its_way(tmp_path: Path) -> None:
    """The status service may be behind: whether anything was confirmed will be known. Nothing was."""
    lab = Lab(tmp_path, faults=Faults(Fault(KILL, 1, frozenset({"confirm"}))))
    lab.campaign = lab.case.campaign.model_copy(update={"status_lag_max": timedelta(minutes=1)})
    lab.run("upgrade")
    lab.mend()
    lab.lose_journal()
    lab.authority.ledger.policy.permission = "NOT_AUTHORIZED"
    assert isinstance(lab.run("resume"), StillWaitingError)
    lab.wait(minutes=12)
    assert isinstance(lab.run("resume"), AuthorityRefusedError)
    assert lab.end() == OLD


def test_a_refusal_above_the_line_is_told_and_undone(tmp_path: Path) -> None:
    """Nothing was confirmed: there is nothing to wait for."""
    lab = killed(tmp_path, "confirm")
    lab.lose_journal()
    lab.authority.ledger.policy.permission = "NOT_AUTHORIZED"
    assert isinstance(lab.run("resume"), AuthorityRefusedError)
    assert lab.end() == OLD


def test_elsewhere_nothing_is_offered_that_cannot_be_done(tmp_path: Path) -> None:
    """The old certificates are retired and the new ones cannot be found: the first computer may know them."""
    lab = confirmed(tmp_path)
    lose_new(lab)
    lab.lose_journal()
    verdict = looked_at(lab).verdict
    assert (verdict.situation, verdict.choices, verdict.can_log_in) == (Situation.INTERRUPTED, (), False)
    assert isinstance(lab.run("resume"), FinishElsewhereError)


def test_a_card_that_works_for_nothing_and_takes_nothing_is_told_plainly(tmp_path: Path) -> None:
    """Here the module refuses whatever is written; once it does not, the first computer finishes."""
    lab = confirmed(tmp_path)
    lose_new(lab)
    refusing = Fault(Mishap(Failure.CARD_REFUSED), verbs=frozenset({"write_certificate"}), lasting=True)
    lab.mend(Faults(refusing))
    assert isinstance(lab.run("resume"), CardTornError)
    assert looked_at(lab).verdict.can_log_in is False
    lab.mend()
    lab.broken.clear()  # the card was of no use before, which is what this test is about
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW


def test_a_locked_code_is_said_to_be_in_the_way_of_an_interrupted_upgrade_too(tmp_path: Path) -> None:
    """The window, the date and the like are not."""
    lab = killed(tmp_path, "confirm")
    assert looked_at(lab).reasons == ()
    lab.card.tokens[1].tries = 0
    lab.wait(days=4000)
    assert looked_at(lab).reasons == ("PIN_LOCKED",)


def test_what_a_torn_directory_costs_is_counted_by_role(tmp_path: Path) -> None:
    """Nobody can log in with a certificate for signatures."""
    lab = confirmed(tmp_path)
    for token in lab.card.tokens:
        token.objects[:] = [
            o
            for o in token.objects
            if o.value not in lab.certificates() - set(all_old(lab))
            or Certificate.parse(o.value).role is KeyRole.SIGNATURE
        ]
    verdict = looked_at(lab).verdict
    assert (verdict.new_works, verdict.can_log_in) == (False, False)
