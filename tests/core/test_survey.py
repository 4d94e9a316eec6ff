"""Every card in every reader: what goes wrong with one is told of that one, and nothing is changed by looking."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import survey
from sithsup.campaign import Middleware
from sithsup.card_lock import CardLock
from sithsup.cli.codes import NoCodes
from sithsup.errors import (
    CampaignMissingError,
    CardRemovedError,
    ModuleHungError,
    ModuleRefusedError,
    NoReaderError,
)
from sithsup.journal import Journal, card_key
from sithsup.report import make_report
from sithsup.settings import Settings
from sithsup.sim.card import Desk, SimulatedCard
from sithsup.sim.case import CardKind, Case, old_card
from sithsup.sim.token import SimulatedToken
from sithsup.situation import Situation
from sithsup.survey import State, Surveyor
from tests.support.lab import START, Lab, acts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.campaign import Campaign
    from sithsup.card.token import Token
    from sithsup.model import CardContents, CardObject, TokenId
    from sithsup.survey import Place, Survey

NOBODY = "http://127.0.0.1:9"
"""Where nobody answers, and says so at once."""


class Lister(SimulatedToken):
    """Names readers, and says which module it is; whoever asks it for more has asked every card at once."""

    def tokens(self) -> Any:
        raise AssertionError

    def objects(self, token: TokenId) -> tuple[CardObject, ...]:
        raise AssertionError

    def unrecognized(self) -> Any:
        raise AssertionError


@dataclass
class Hall:
    """A computer with readers. `wrong` is what happens in some of them, `missing` are cards without a campaign."""

    folder: Path
    cases: list[Case]
    readers: list[str] = field(default_factory=list)
    mute: list[str] = field(default_factory=list)
    wrong: dict[str, Exception] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    campaign: Campaign | None = None
    asked: list[str] = field(default_factory=list)

    def look(self) -> Survey:
        settings = Settings(data=self.folder / "A", locks=self.folder / "locks", proxy=NOBODY)
        campaigns: Any = self
        return Surveyor(settings, campaigns, self._start, NoCodes(), lambda: START).look(self._token(Lister))

    def places(self) -> dict[str, Place]:
        """By the first of their readers."""
        return {place.readers[0]: place for place in self.look().places}

    def of(self, contents: CardContents) -> Campaign:
        """What stands for `Campaigns`."""
        if contents.number in self.missing:
            raise CampaignMissingError(path="x", problem="")
        return self.campaign or self.cases[0].campaign

    def _token(self, kind: type[SimulatedToken], reader: str | None = None) -> SimulatedToken:
        """The module, with an eye for one reader."""
        mute = [SimulatedCard(serial=f"mute {name}", reader=name, tokens=[]) for name in self.mute]
        cards = [card for card in (*(case.card for case in self.cases), *mute) if reader in (None, card.reader)]
        return kind(Desk(cards=cards, readers=self.readers if reader is None else []))

    @contextmanager
    def _start(self, reader: str) -> Iterator[Token]:
        self.asked.append(reader)
        if error := self.wrong.get(reader):
            raise error
        yield self._token(SimulatedToken, reader)


def cases(*numbers: int) -> list[Case]:
    """Old cards of as many people, in a reader each."""
    return [old_card(CardKind.TWO_PINS, START, number=number) for number in numbers]


# ------------------------------------------------------------------------------------------------ what is seen


def test_every_reader_is_told_in_order(tmp_path: Path) -> None:
    """With a card or without, with one that nobody recognises, and one that is not even named."""
    hall = Hall(tmp_path, cases(1, 2), readers=["Empty", ""], mute=["Mute"])
    places = hall.look().places
    assert [(place.readers, place.state) for place in places] == [
        (("SIM Reader 1",), State.CARD),
        (("SIM Reader 2",), State.CARD),
        (("Mute",), State.UNRECOGNIZED),
        (("Empty",), State.EMPTY),
        (("",), State.UNRECOGNIZED),
    ]
    assert sorted(hall.asked) == ["Empty", "Mute", "SIM Reader 1", "SIM Reader 2"]
    for place, case in zip(places, hall.cases, strict=False):
        assert place.contents
        assert place.report
        assert place.contents.number == case.person.card_number
        assert place.report.verdict.situation is Situation.FRESH
        assert place.campaign is hall.cases[0].campaign
        assert not place.report.stops


def test_tokens_of_one_card_in_several_readers_are_one_card(tmp_path: Path) -> None:
    """A software module gives each token a reader of its own."""
    (case,) = cases(1)
    halves = [case.card.model_copy(update={"tokens": [token], "reader": token.label}) for token in case.card.tokens]
    hall = Hall(tmp_path, [Case(case.founded, case.person, half, case.campaign, (), ()) for half in halves])
    (place,) = hall.look().places
    assert place.readers == tuple(half.reader for half in halves)
    assert place.report
    assert not place.report.stops


def test_without_a_reader_there_is_nothing_to_tell(tmp_path: Path) -> None:
    with pytest.raises(NoReaderError):
        Hall(tmp_path, []).look()


def test_readers_are_read_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A card that hangs holds up no other: each waits here until the other is read too."""
    both, read = threading.Barrier(2, timeout=20), survey._read

    def waits(name: str, token: Token) -> Any:
        both.wait()
        return read(name, token)

    monkeypatch.setattr(survey, "_read", waits)
    assert {place.state for place in Hall(tmp_path, cases(1, 2)).look().places} == {State.CARD}


def test_cards_are_judged_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A status service that does not answer for one holds up no other."""
    both = threading.Barrier(2, timeout=20)

    def waits(*arguments: Any) -> Any:
        both.wait()
        return make_report(*arguments)

    monkeypatch.setattr("sithsup.survey.make_report", waits)
    assert all(place.report for place in Hall(tmp_path, cases(1, 2)).look().places)


def test_the_module_is_asked_who_it_is_where_that_matters(tmp_path: Path) -> None:
    """A campaign that wants a newer smart card program finds the one that is there too old."""
    hall = Hall(tmp_path, cases(1))
    wanted = {"middleware": (Middleware(manufacturer="sithsup", version="99.0"),)}
    hall.campaign = hall.cases[0].campaign.model_copy(update=wanted)
    (place,) = hall.look().places
    assert place.report
    assert place.report.reasons == ("MIDDLEWARE_TOO_OLD",)


# --------------------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ModuleHungError(seconds="20"), "SU-1007"),
        (ModuleRefusedError(answer="CKR_GENERAL_ERROR"), "SU-1010"),
        (ZeroDivisionError("of our own"), "SU-9001"),
    ],
)
def test_a_reader_that_goes_wrong_hides_no_other(
    error: Exception, code: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hall = Hall(tmp_path, cases(1, 2, 3), wrong={"SIM Reader 2": error})
    places = hall.places()
    assert [place.state for place in places.values()] == [State.CARD, State.ERROR, State.CARD]
    wrong = places["SIM Reader 2"]
    assert wrong.error
    assert (wrong.error.code, wrong.contents) == (code, None)
    assert places["SIM Reader 1"].report
    assert places["SIM Reader 3"].report
    assert ("ZeroDivisionError" in caplog.text) is (code == "SU-9001")
    caplog.clear()


@pytest.mark.parametrize("is_bug", [False, True])
def test_a_card_that_cannot_be_judged_hides_no_other(
    is_bug: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told which card it is, and what is wrong."""
    hall = Hall(tmp_path, cases(1, 2))
    number = hall.cases[0].person.card_number
    if is_bug:

        def fails(world: Any, *rest: Any) -> Any:
            return 1 / 0 if world.contents.number == number else make_report(world, *rest)

        monkeypatch.setattr("sithsup.survey.make_report", fails)
    else:
        hall.missing = {number}
    first, second = hall.look().places
    assert first.contents
    assert first.error
    assert (first.state, first.contents.number, first.report) == (State.ERROR, number, None)
    assert first.error.code == ("SU-9001" if is_bug else "SU-3001")
    assert second.report
    caplog.clear()


def test_a_card_that_is_pulled_while_it_is_read_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a card would look like another one."""
    objects = SimulatedToken.objects

    def pulled(self: SimulatedToken, token: TokenId) -> tuple[CardObject, ...]:
        if "underskrift" in token.label:
            raise CardRemovedError
        return objects(self, token)

    monkeypatch.setattr(SimulatedToken, "objects", pulled)
    (place,) = Hall(tmp_path, cases(1)).look().places
    assert (place.state, place.contents) == (State.EMPTY, None)


# ------------------------------------------------------------------------------------------ nothing is changed


def interrupted(folder: Path) -> Case:
    """A card whose upgrade was interrupted on this computer."""
    lab = Lab(folder, kind=CardKind.TWO_PINS)
    with lab.operation() as operation:
        for event in acts(operation, "upgrade"):
            if event.step.name == "write-certificates":
                break
    return lab.case


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file and when it was written last."""
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


def test_an_interrupted_upgrade_is_seen_and_its_journal_stays_as_it_is(tmp_path: Path) -> None:
    case = interrupted(tmp_path)
    before = snapshot(tmp_path)
    (place,) = Hall(tmp_path, [case]).look().places
    assert place.report
    assert place.report.verdict.situation is Situation.INTERRUPTED
    assert place.report.case_open
    assert snapshot(tmp_path) == before


def test_a_card_that_somebody_is_at_work_on_is_busy(tmp_path: Path) -> None:
    """Another account, by the lock of the card; or another process of this one, by the journal."""
    hall = Hall(tmp_path, [interrupted(tmp_path), *cases(2)])
    contents = hall.places()["SIM Reader 1"].contents
    assert contents
    key = card_key(contents)
    (tmp_path / "locks").mkdir(exist_ok=True)
    lock = CardLock(tmp_path / "locks", key)
    lock.take()
    places = hall.places()
    lock.release()
    assert [(p.state, p.is_busy, p.report is None) for p in places.values()] == [
        (State.CARD, True, True),
        (State.CARD, False, False),
    ]
    with Journal(tmp_path / "A", key, lambda: START):
        assert hall.places()["SIM Reader 1"].is_busy
    assert not hall.places()["SIM Reader 1"].is_busy


def test_what_waits_is_told_of_cards_that_are_not_here(tmp_path: Path) -> None:
    """The one that is in a reader tells it itself."""
    case = interrupted(tmp_path)
    assert Hall(tmp_path, [case]).look().waiting == ()
    (waiting,) = Hall(tmp_path, cases(2)).look().waiting
    assert waiting.card == f"…{case.person.card_number[-4:]}"
