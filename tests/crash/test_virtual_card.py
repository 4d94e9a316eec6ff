"""Never neither, on the real stack: a virtual card behind pcscd and OpenSC loses its power at a command.

A sample; every command is another proof's affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sithsup.campaign import Keys, KeySource
from sithsup.demo.virtual.personalize import CERTIFICATES, PRIVATE_KEYS
from sithsup.errors import CardError, CardFullError, SithsupError
from sithsup.situation import Outcome
from tests.support.lab import retarget
from tests.support.virtual import NEEDED, Cut, VirtualBench, When, short_folder
from tests.support.virtual_lab import NEW, OLD, VirtualLab, first_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.virtual import Exchange
    from tests.support.virtual_lab import FirstDay

pytestmark = pytest.mark.needs(*NEEDED)

PATIENCE = 4


@pytest.fixture(scope="module")
def bench() -> Iterator[VirtualBench]:
    """Give one bench for all cases; each begins with the card of the first day."""
    with short_folder() as folder, VirtualBench(folder, first_day().memory) as made:
        yield made


@pytest.fixture(scope="module")
def whole(bench: VirtualBench) -> tuple[Exchange, ...]:
    """Upgrade once without a cut, and list every command of it."""
    lab = begin(bench, "whole")
    assert lab.run("upgrade") is Outcome.UPGRADED
    exchanges = bench.exchanges()
    assert lab.end() == NEW
    print(f"{len(exchanges)} commands, {sum(e.writes for e in exchanges)} write")  # noqa: T201  a proof says its size
    return exchanges


def begin(bench: VirtualBench, name: str, day: FirstDay | None = None) -> VirtualLab:
    """Lay the old card into the reader, and take a computer that knows nothing."""
    day = day or first_day()
    bench.lay(day.memory)
    return VirtualLab(bench.folder / name, bench, day)


def short_of_room(left: int) -> FirstDay:
    """The same card with so many bytes left; the new keys take about 400, each new certificate about 700."""
    taken = sum(file.room for file in first_day().memory.files.values())
    return first_day(room=taken + left)


def recover(lab: VirtualLab, choice: str) -> str:
    """Put the card back and do what a person would, until one of the two endings is there."""
    for _ in range(PATIENCE):
        lab.put_back()
        ended = lab.run(choice)
        assert lab.identity_works()
        if ended is Outcome.UPGRADED or ended is Outcome.RESTORED:
            break
        if ended is None:
            choice = "upgrade"  # nothing was begun
    assert not lab.hidden()
    return lab.end()


PLACES = [0.2, 0.4, 0.6, 0.8, 0.95]


@pytest.mark.parametrize("place", PLACES)
def test_power_goes_before_a_command(place: float, bench: VirtualBench, whole: tuple[Exchange, ...]) -> None:
    """Cut at a share of the way: an error that is told, an identity that works, and `resume` ends at the new one."""
    lab = begin(bench, f"before-{place}")
    bench.arm(Cut(at=round(place * len(whole))))
    assert isinstance(lab.run("upgrade"), CardError)
    assert not bench.is_in
    assert lab.identity_works()
    assert recover(lab, "resume") == NEW


@pytest.mark.parametrize("place", [0.3, 0.7])
@pytest.mark.parametrize("when", [When.TORN, When.AFTER])
def test_power_goes_in_a_write_or_after_it(
    when: When, place: float, bench: VirtualBench, whole: tuple[Exchange, ...]
) -> None:
    """The first half of a write is done, or all of it and nobody knows."""
    lab = begin(bench, f"{when}-{place}")
    writing = [exchange for exchange in whole if exchange.writes]
    cut = writing[round(place * len(writing))]
    bench.arm(Cut(at=cut.number, when=when, step=cut.steps // 2))
    assert isinstance(lab.run("upgrade"), SithsupError)
    assert lab.identity_works()
    assert recover(lab, "resume") == NEW


def test_a_directory_is_torn_between_two_commands(bench: VirtualBench, whole: tuple[Exchange, ...]) -> None:
    """OpenSC writes a directory anew in several commands: cut inside, a new key's entry is lost, and the key with it.

    Another key is made for it, and the certificate of the lost one does not stay.
    """
    lab = begin(bench, "directory")
    torn = [e for e in whole if e.writes and e.path == PRIVATE_KEYS and e.header.endswith("01FE")]
    bench.arm(Cut(at=torn[-1].number))
    assert isinstance(lab.run("upgrade"), CardError)
    assert lab.identity_works()
    assert recover(lab, "resume") == NEW
    assert lab.found().orphans


def test_a_card_that_has_no_room_for_one_certificate_more_is_upgraded(bench: VirtualBench) -> None:
    """An old certificate is lifted off it; OpenSC, refused once, would empty the directory unless started anew."""
    lab = begin(bench, "tight", short_of_room(3000))
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert "lift-old-certificates: done" in lab.events
    assert (lab.settled_end(), lab.wrong(), lab.hidden()) == (NEW, "", 0)


@pytest.mark.parametrize("room", [60, 700, 2200])
def test_a_full_card_is_left_as_it_was(room: int, bench: VirtualBench) -> None:
    """No room for a key; for a certificate; for two, even when one is lifted."""
    lab = begin(bench, f"full-{room}", short_of_room(room))
    assert isinstance(lab.run("upgrade"), CardFullError)
    assert (lab.settled_end(), lab.wrong(), lab.hidden()) == (OLD, "", 0)


def test_what_a_torn_directory_has_hidden_is_written_again(bench: VirtualBench, whole: tuple[Exchange, ...]) -> None:
    """The directory is cut while its first entry, the last old certificate, is taken out: what stood behind is lost.

    The new certificates, and the e-legitimation that is none of ours, are in the journal.
    """
    lab = begin(bench, "hidden")
    removal = [e.number for e in whole if e.name == "DELETE_FILE"][-1]
    update = next(e for e in whole if e.number > removal and e.path == CERTIFICATES and e.writes)
    bench.arm(Cut(at=update.number, when=When.TORN, step=update.steps // 2))
    lab.run("upgrade")
    lab.put_back()
    assert lab.hidden()
    assert recover(lab, "resume") == NEW


def test_what_was_cut_early_can_be_undone(bench: VirtualBench, whole: tuple[Exchange, ...]) -> None:
    """`restore` brings back the old identity, and another computer can do it too."""
    lab = begin(bench, "undone")
    bench.arm(Cut(at=len(whole) // 3))
    assert isinstance(lab.run("upgrade"), CardError)
    lab.lose_journal()
    assert recover(lab, "restore") == OLD


@pytest.mark.parametrize("keys", ["one for each certificate", "the old ones"])
@pytest.mark.parametrize("choice", ["resume", "restore"])
def test_whatever_keys_a_campaign_asks_for(choice: str, keys: str, bench: VirtualBench) -> None:
    """Four new keys; or none, where every id carries two certificates, which OpenSC takes by renaming alone."""
    day = first_day()
    wishes = {
        "one for each certificate": day.campaign.model_copy(update={"keys": Keys.PER_TARGET}),
        "the old ones": retarget(day.campaign, key=KeySource.REUSE),
    }
    lab = begin(bench, f"{choice}-{keys[:3]}", day._replace(campaign=wishes[keys]))
    bench.arm(Cut(at=120))
    assert isinstance(lab.run("upgrade"), CardError)
    assert lab.identity_works()
    assert recover(lab, choice) == (NEW if choice == "resume" else OLD)
    if choice == "restore":
        assert lab.run("upgrade") is Outcome.UPGRADED
    assert (lab.end(), lab.wrong(), lab.hidden()) == (NEW, "", 0)
