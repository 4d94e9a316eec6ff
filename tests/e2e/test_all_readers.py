"""`check --all-readers` on real parts: every kind of card, many readers, one that hangs, and nothing is changed."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sithsup.cli import exit_codes
from sithsup.demo import start as life
from sithsup.demo.people import PEOPLE
from sithsup.demo.start import Kind
from tests.contract.tokens import compile_troubled, virtual_memory
from tests.e2e.test_kinds import FOR_WRITING, TABLE, WRITES
from tests.support.demo import CONSENT, Demo, authority_beside
from tests.support.readers import make_cards, virtual_readers
from tests.support.schemas import CHECK, require_valid
from tests.support.spy import spied
from tests.support.virtual import NEEDED
from tests.support.virtual_lab import first_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.support.demo import Demos, Ended
    from tests.support.readers import Made

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl", "gcc")

ALL = ("check", "--all-readers")
WITH_ORDERS = 92_000
"""Bytes of a journal that has orders in it, so that the new keys are on the card."""
PATIENCE = {"SITHSUP_CARD_TIMEOUT": "5"}
"""Seconds for a card that hangs."""


def look(demo: Demo, environ: Mapping[str, str | Path] | None = None, *more: str) -> Ended:
    """Look at all readers; what is written is of the published shape, and has the program's exit code."""
    ended = demo.run(*ALL, "--json", *more, environ=environ)
    require_valid(ended.result, CHECK)
    assert ended.result["exit_code"] == ended.code
    return ended


def by_card(ended: Ended) -> dict[str, Any]:
    """Every element by the number of its card; without one, by its reader's name."""
    return {(each["card"] or {}).get("number") or each["reader"]: each for each in ended.result["readers"]}


# ------------------------------------------------------------------------------------------------ one card


def by_serial(element: dict[str, Any]) -> dict[str, Any]:
    """The same with its certificates in order: SoftHSM2 lists them as it likes."""
    card = element["card"]
    certificates = sorted(card["certificates"], key=lambda each: str(each["serial_number"]))
    return {**element, "card": {**card, "certificates": certificates}}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_card(kind: Kind, demos: Demos) -> None:
    """What is told of a card alone is told of it here, and nothing is left of the look."""
    demo, told = demos.fresh(kind), TABLE[kind]
    ended = look(demo)
    element, empty = ended.result["readers"]
    assert (ended.code, element["exit_code"]) == (told.check, told.check)
    assert (element["state"], element["reasons"]) == ("card", told.reasons)
    assert (empty["state"], empty["exit_code"], empty["card"]) == ("empty", None, None)
    assert told.words in ended.err
    assert demo.card() == demo.before
    assert [path.name for path in demo.data.glob("*")] == ["campaigns"]


@pytest.mark.parametrize("kind", [Kind.ORDINARY, Kind.UPGRADED])
def test_by_the_calls_themselves_nothing_is_written(kind: Kind, demos: Demos) -> None:
    """No code is sent, no session for writing opened; and every field that `check` has too has the same value."""
    demo = demos.fresh(kind)
    alone = demo.run("check", "--json").result
    seen = spied(demo, *ALL, "--json")
    element = by_serial(seen.ended.result["readers"][0])
    both = element.keys() & alone.keys()
    assert {"situation", "can_log_in", "reasons", "level", "upgrade_arguments"} < both
    assert {name: element[name] for name in both} == {name: by_serial(alone)[name] for name in both}
    assert seen.sessions
    assert not [flags for flags in seen.sessions if flags & FOR_WRITING]
    assert seen.names.isdisjoint({"C_Login", *WRITES})


def test_nobody_s_name_is_told(demos: Demos) -> None:
    """Neither to machines nor to people: whoever looks after computers need not know whose cards they are."""
    demo, holder = demos.fresh(), PEOPLE[0]
    private = {holder.surname, holder.given_name, holder.hsa_id, holder.personal_number, f"{holder.hsa_id}@"}
    assert holder.surname in demo.run("check").err
    everything = look(demo)
    assert not [word for word in private if word in everything.out + everything.err]


def test_an_upgrade_that_was_cut_off(demo: Demo) -> None:
    """4 for the computer; the journal is as the kill has left it, byte for byte, and restores the card afterwards."""
    with authority_beside(demo, delay=1) as environ:
        run = demo.start("upgrade", *CONSENT, "--yes", "--pin-stdin", stdin=subprocess.PIPE, environ=environ)
        assert run.stdin
        run.stdin.write(demo.pins)
        run.stdin.flush()
        while not any(path.stat().st_size >= WITH_ORDERS for path in demo.data.glob("journal-*.sqlite3")):
            time.sleep(0.05)
        busy = look(demo)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in demo.data.glob("journal-*")}
        ended = look(demo)  # with its own authority; meanwhile the slow one has answered
    (element, _) = busy.result["readers"]
    assert (busy.code, element["busy"], element["situation"], element["exit_code"]) == (5, True, None, 5)
    (element, _) = ended.result["readers"]
    assert (ended.code, element["situation"], element["case_open"]) == (4, "interrupted", True)
    assert element["choices"] == ["continue", "restore"]
    assert element["missing"]
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in demo.data.glob("journal-*")} == before
    assert "“sithsup resume” finishes the upgrade." in ended.err
    assert demo.act("restore").code == 0


# ---------------------------------------------------------------------------------------------- many readers


class Hall(NamedTuple):
    """Five cards in five readers of one computer, and a module that can be told to misbehave at one of them."""

    demo: Demo
    cards: tuple[Made, ...]
    environment: dict[str, str | Path]

    def look(self, **trouble: Made) -> Ended:
        """Look at all of them, while these are in trouble, each at its first token."""
        wrong = {f"TROUBLED_{name.upper()}_CARD": made.serials[0] for name, made in trouble.items()}
        return look(self.demo, {**self.environment, **PATIENCE, **wrong})


CODES = {Kind.ONE_PIN: 10, Kind.UPGRADED: 0, Kind.SPARE: 3, Kind.FOREIGN: 3}


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Make the cards once: nothing changes them."""
    folder = tmp_path_factory.mktemp("hall")
    demo = Demo.make(folder / "demo", Kind.ORDINARY)
    kinds = (Kind.ONE_PIN, Kind.ONE_PIN, Kind.UPGRADED, Kind.SPARE, Kind.FOREIGN)
    made = make_cards(demo, folder / "card", kinds)
    environment: dict[str, str | Path] = {
        "SITHSUP_MODULE": compile_troubled(folder),
        "TROUBLED_MODULE": demo.module,
        "SOFTHSM2_CONF": folder / "card" / "softhsm2.conf",
    }
    yield Hall(demo, made, environment)
    life.stop(demo.folder)


def test_five_cards(hall: Hall) -> None:
    """Each with its own code, and for the computer the one of the card that can be upgraded."""
    ended = hall.look()
    told = by_card(ended)
    assert {made.number: told[made.number]["exit_code"] for made in hall.cards} == {
        made.number: CODES[made.kind] for made in hall.cards
    }
    assert ended.code == 10
    assert [each["state"] for each in ended.result["readers"]] == ["card"] * 5 + ["empty"]


def test_one_card_that_hangs_hides_no_other(hall: Hall) -> None:
    """Its reader has an error, the other four are as they ever were, and all is over when it was waited for."""
    whole, hanging = by_card(hall.look()), hall.cards[1]
    ended = hall.look(hanging=hanging)
    told = by_card(ended)
    others = {made.number for made in hall.cards} - {hanging.number}
    assert [by_serial(told[number]) for number in others] == [by_serial(whole[number]) for number in others]
    assert hanging.number not in told
    (error,) = (each for each in ended.result["readers"] if each["state"] == "error")
    assert error["reader"] == whole[hanging.number]["reader"]
    assert (error["exit_code"], error["error"]["code"], error["card"]) == (7, "SU-1007", None)
    assert ended.code == 10
    assert ended.seconds < 30


def test_a_card_that_hangs_is_told_where_all_others_are_done(hall: Hall, tmp_path: Path) -> None:
    """7, not 0: whatever is on it is not known."""
    made = make_cards(hall.demo, tmp_path / "card", (Kind.UPGRADED, Kind.ONE_PIN))
    other = hall._replace(environment={**hall.environment, "SOFTHSM2_CONF": tmp_path / "card" / "softhsm2.conf"})
    ended = other.look(hanging=made[1])
    assert by_card(ended)[made[0].number]["exit_code"] == 0
    assert ended.code == 7


def test_cards_that_cannot_be_read_hide_no_other(hall: Hall) -> None:
    """One that the module does not recognise, and one whose reader it does not even name."""
    first, second, *others = hall.cards
    reader = by_card(hall.look())[first.number]["reader"]
    ended = hall.look(mute=first, nameless=second)
    assert [by_card(ended)[made.number]["exit_code"] for made in others] == [0, 3, 3]
    unread = [
        (each["reader"], each["exit_code"]) for each in ended.result["readers"] if each["state"] == "unrecognized"
    ]
    assert sorted(unread, key=str) == sorted([(reader, 7), (None, 7)], key=str)
    assert ended.code == 7


@pytest.mark.parametrize("language", ["en", "sv"])
def test_people_are_told_too(language: str, hall: Hall) -> None:
    """One heading for each reader, and below it what matters."""
    demo, (first, second, upgraded, *_) = hall.demo, hall.cards
    trouble = {"TROUBLED_HANGING_CARD": first.serials[0], "TROUBLED_MUTE_CARD": second.serials[0]}
    environ = {**hall.environment, **PATIENCE, **trouble, "SITHSUP_LANGUAGE": language}
    told = demo.run(*ALL, environ=environ)
    assert (told.code, told.out) == (7, "")
    for words in WORDS[language]:
        assert words.format(upgraded=upgraded.number) in told.err
    headings = [line for line in told.err.splitlines() if not line.startswith(" ")]
    assert len(headings) == 6


WORDS = {
    "en": (
        ": something is wrong\n  The card does not answer. (SU-1007)\n",
        ": a card that cannot be read\n  It is the wrong way round, does not answer, or is of a kind",
        ": card {upgraded}\n  Your card is upgraded already. Its new certificates are from 20",
        ": no card\n",
    ),
    "sv": (
        ": något är fel\n  Kortet svarar inte. (SU-1007)\n",
        ": ett kort som inte går att läsa\n  Det sitter åt fel håll, svarar inte eller är av ett slag",
        ": kort {upgraded}\n  Kortet är redan uppgraderat. De nya certifikaten är från 20",
        ": inget kort\n",
    ),
}

# ------------------------------------------------------------------------------------------ what stops it all


@pytest.mark.parametrize(
    ("environ", "code", "error"),
    [
        ({"SITHSUP_MODULE": "/nowhere/module.so"}, 7, "SU-1001"),
        ({"SITHSUP_MODULE": __file__}, 7, "SU-1002"),
        ({"SITHSUP_CARD_TIMEOUT": "soon"}, 2, "SU-3002"),
        ({"SITHSUP_CAMPAIGN": "/nowhere/campaign.p7m"}, 2, "SU-3001"),
    ],
)
def test_what_concerns_all_of_it_is_told_in_the_same_shape(
    environ: dict[str, str | Path], code: int, error: str, demos: Demos
) -> None:
    ended = look(demos.fresh(), environ)
    assert (ended.code, ended.error_code, ended.result["readers"]) == (code, error, [])


def test_no_card_in_any_reader(demos: Demos, tmp_path: Path) -> None:
    """The readers are told, and that there is none."""
    (tmp_path / "tokens").mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    ended = look(demos.fresh(), {"SOFTHSM2_CONF": configuration})
    assert (ended.code, ended.error_code) == (7, "SU-1004")
    assert [each["state"] for each in ended.result["readers"]] == ["empty"]


def test_one_card_cannot_be_chosen_among_all(demos: Demos) -> None:
    """Whoever asks for both is told so."""
    for chosen in (("--reader", "x"), ("--card", "1")):
        ended = look(demos.fresh(), None, *chosen)
        assert (ended.code, ended.error_code) == (2, "SU-3006")


def test_a_module_that_hangs_while_it_lists_is_given_up(hall: Hall) -> None:
    """It is nobody's interrupted upgrade."""
    ended = look(hall.demo, {**hall.environment, **PATIENCE, "TROUBLED_HANG": "C_GetSlotList"})
    assert (ended.code, ended.error_code) == (7, "SU-1007")


# ------------------------------------------------------------------------------------------- behind a pcscd


@pytest.mark.needs(*NEEDED)
def test_virtual_cards_behind_opensc(demos: Demos) -> None:
    """Two cards, one that is mute, one of an unknown kind, and readers without any, at one pcscd."""
    card, other = first_day().memory, virtual_memory(serial=bytes(range(10)))
    with virtual_readers({"good": card, "none": None, "unknown": card, "mute": card, "other": other}) as environ:
        ended = look(demos.fresh(), environ)
    told = {each["reader"]: each["state"] for each in ended.result["readers"]}
    assert told.pop(None) == "unrecognized"
    assert told.pop("unknown 00 00") in {"unrecognized", "empty"}  # OpenSC calls such a reader empty now and then
    assert {name: state for name, state in told.items() if state != "empty"} == {
        "good 00 00": "card",
        "other 00 00": "card",
    }
    assert "none 00 00" in told
    assert ended.code in exit_codes.URGENCY


@pytest.mark.needs(*NEEDED)
def test_a_virtual_card_that_hangs_holds_opensc_up_and_is_given_up(demos: Demos) -> None:
    """OpenSC asks every card before it names a reader, so nothing more can be told; it is told within its time."""
    card = first_day().memory
    with virtual_readers({"good": card, "hanging": card}) as environ:
        ended = look(demos.fresh(), {**environ, **PATIENCE})
    assert (ended.code, ended.error_code, ended.result["readers"]) == (7, "SU-1007", [])
    assert ended.seconds < 30
