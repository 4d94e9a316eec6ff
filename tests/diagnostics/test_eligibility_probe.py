"""What is told of what may be done with a card: every reason, and what works; no network, no lock, nothing written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sithsup.card.session import find_cards
from sithsup.diagnostics.card_side import CardsSeen
from sithsup.diagnostics.probes.eligibility import NAMES, eligibility
from sithsup.errors import CardRemovedError, NoCardError, SecondInstanceError
from sithsup.journal import Journal, card_key
from sithsup.model import ModuleInfo
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, When
from tests.support.eligible import closed_window, eligible, issuer, middleware, token
from tests.support.lab import START, Lab
from tests.support.scenes import scene

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.diagnostics.probe import Found
    from sithsup.eligibility import Facts

MODULE = ModuleInfo("/module", "Net iD, SecMaker", "", "6.8")


def judged(folder: Path, facts: Facts, module: ModuleInfo = MODULE) -> Found:
    seen = CardsSeen("m", module=module, cards=(facts.contents,))
    return eligibility(scene(folder, seen, campaign=facts.campaign))


def reasons(found: Found) -> list[str]:
    return [str(group.title) for group in found.groups if group.name == "reason"]


def works(found: Found) -> dict[str, object]:
    (card,) = [group for group in found.groups if group.name == "card"]
    return {fact.name: fact.value for fact in card.facts}


def test_a_card_that_nothing_stands_against(tmp_path: Path) -> None:
    found = judged(tmp_path, eligible(tmp_path))
    assert found.problems == ()
    said = works(found)
    assert (said["situation"], said["old_works"], said["old_signs"], said["new_works"]) == ("fresh", True, True, False)
    assert (said["can_log_in"], said["case-open"]) == (True, False)


def test_every_reason_is_told_at_once(tmp_path: Path) -> None:
    """The person may see to all of them; each is a problem under its own name."""
    facts = middleware(closed_window(token(eligible(tmp_path), read_only=True)), "7.0")
    found = judged(tmp_path, facts)
    expected = ["WINDOW_CLOSED", "MIDDLEWARE_TOO_OLD", "READ_ONLY"]
    assert [name for name in reasons(found) if name in expected] == expected
    assert [problem.name for problem in found.problems] == expected
    assert {problem.code for problem in found.problems} == {"SU-5001"}


def test_that_all_is_done_is_no_problem(tmp_path: Path) -> None:
    """The reason is told, and nothing is wrong. No status service need be asked once the old certificates are gone."""
    lab = Lab(tmp_path)
    lab.run("upgrade")
    found = judged(tmp_path, replace(eligible(tmp_path / "other"), contents=find_cards(lab.token)[0]))
    assert reasons(found) == ["ALREADY_UPGRADED"]
    assert found.problems == ()
    assert (works(found)["situation"], works(found)["new_works"], works(found)["can_log_in"]) == (
        "upgraded",
        True,
        True,
    )


def test_a_card_of_somebody_else_is_not_judged(tmp_path: Path) -> None:
    found = judged(tmp_path, issuer(eligible(tmp_path), "TEST Another CA"))
    assert [problem.name for problem in found.problems] == ["FOREIGN_ISSUER"]
    assert works(found)["can_log_in"] is None


def test_a_quiet_warning_is_told_and_is_no_problem(tmp_path: Path) -> None:
    facts = token(eligible(tmp_path), free_public_memory=None)
    found = judged(tmp_path, facts)
    assert "ROOM_UNKNOWN" in reasons(found)
    assert found.problems == ()


def test_no_card_is_told_as_what_hides_it(tmp_path: Path) -> None:
    with pytest.raises(NoCardError):
        eligibility(scene(tmp_path, CardsSeen("m", error=NoCardError())))


def test_every_name_is_known() -> None:
    """So that each is a word of ours, and only an authority's own names are text from outside."""
    assert {"ALREADY_UPGRADED", "ROOM_UNKNOWN", "AUTHORITY_UNREACHABLE"} <= NAMES


# ------------------------------------------------------------------------------------------------ interrupted


def halfway(folder: Path) -> Lab:
    """A card that was pulled when its new certificates were to be written, and is back."""
    pulled = Fault(Mishap(Failure.CARD_PULLED, When.BEFORE), 1, frozenset({"write_certificate"}))
    lab = Lab(folder, faults=Faults(pulled))
    assert isinstance(lab.run("upgrade"), CardRemovedError)
    lab.mend()
    return lab


def test_an_interrupted_upgrade_with_its_journal_and_without(tmp_path: Path) -> None:
    lab = halfway(tmp_path)
    contents = find_cards(lab.token)[0]
    for computer, is_open in ((lab.computer, True), ("another", False)):
        made = scene(tmp_path, CardsSeen("m", module=MODULE, cards=(contents,)), campaign=lab.campaign)
        made.settings = replace(made.settings, data=tmp_path / computer)
        said = works(eligibility(made))
        assert (said["situation"], said["case-open"]) == ("interrupted", is_open)
        assert "continue" in str(said["choices"])
        assert (said["missing"] is not None) is is_open


def test_a_card_that_a_run_is_at_work_on_is_left_to_it(tmp_path: Path) -> None:
    """And that is what is told; a look makes no file."""
    lab = halfway(tmp_path)
    contents = find_cards(lab.token)[0]
    made = scene(tmp_path, CardsSeen("m", module=MODULE, cards=(contents,)), campaign=lab.campaign)
    made.settings = replace(made.settings, data=tmp_path / lab.computer)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with Journal(tmp_path / lab.computer, card_key(contents), lambda: START), pytest.raises(SecondInstanceError):
        eligibility(made)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_card_with_a_damaged_journal_is_judged_without_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It lies where it lay: setting it aside is for a run. The probe of the memory names it."""
    facts = eligible(tmp_path)
    made = scene(tmp_path, CardsSeen("m", module=MODULE, cards=(facts.contents,)), campaign=facts.campaign)
    path = made.settings.data / f"journal-{card_key(facts.contents)}.sqlite3"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database at all" * 100)
    assert works(eligibility(made))["situation"] == "fresh"
    assert path.read_bytes().startswith(b"no database")
    assert "damaged" in caplog.text
    caplog.clear()
