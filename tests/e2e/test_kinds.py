"""Every kind of card that the demo knows: what is told of it before any code is asked, and what is done to it.

What the program does to a card is told by OpenSC's spy, a module that stands between the program and SoftHSM2 and
writes down every call.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from sithsup.cli.demo_arguments import KINDS
from sithsup.demo.start import Kind
from tests.support.demo import CONSENT, NEW, Demos
from tests.support.spy import spied

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

FOR_WRITING = 0x2  # CKF_RW_SESSION
WRITES = {"C_GenerateKeyPair", "C_CreateObject", "C_SetAttributeValue", "C_DestroyObject", "C_InitPIN", "C_SetPIN"}


class Told(NamedTuple):
    """What `check` says of a card, and what `upgrade` ends with."""

    check: int
    reasons: list[str]
    words: str
    """A part of what a person reads."""
    upgrade: int
    refused: list[str]
    """The reasons for which `upgrade` stops."""


UPGRADED = (0, list[str]())
TABLE = {
    # kind                             check  reasons                 words                            upgrade, refused
    Kind.ORDINARY: Told(10, [], "The card can be upgraded", *UPGRADED),
    Kind.ORDINARY_WITH_TELIA: Told(10, [], "The card can be upgraded", *UPGRADED),
    Kind.ONE_PIN: Told(10, [], "The card can be upgraded", *UPGRADED),
    Kind.BRIMMING: Told(10, [], "The card can be upgraded", *UPGRADED),
    Kind.PROTECTED: Told(10, [], "The card can be upgraded", 3, ["PROTECTED_IDENTITY"]),
    Kind.UPGRADED: Told(0, ["ALREADY_UPGRADED"], "Its new certificates are from 20", 0, ["ALREADY_UPGRADED"]),
    Kind.FACTORY_NEW: Told(0, ["NO_NEED"], "Cards that were ordered on 20", 0, ["NO_NEED"]),
    Kind.SPARE: Told(3, ["SPARE_CARD"], "TEST: This is a spare card.", 3, ["SPARE_CARD"]),
    Kind.FOREIGN: Told(3, ["FOREIGN_ISSUER"], "TEST: This is a card from Telia", 3, ["FOREIGN_ISSUER"]),
    Kind.FOREIGN_WITH_SITHS: Told(3, ["FOREIGN_ISSUER"], "TEST: This is a card from Telia", 3, ["FOREIGN_ISSUER"]),
    Kind.EXPIRED: Told(3, ["CARD_EXPIRED"], "have expired. Order a new card", 3, ["CARD_EXPIRED"]),
    Kind.NO_SIGN_CODE: Told(6, ["PIN_LOCKED"], "The card has no code for signature yet.", 6, ["PIN_LOCKED"]),
}
NEVER_WRITTEN = [kind for kind, told in TABLE.items() if told.reasons]
"""Where something that can be seen without a code stands in the way."""


def test_the_table_has_every_kind() -> None:
    assert set(TABLE) == set(Kind) == set(KINDS)


@pytest.mark.parametrize("kind", TABLE)
def test_what_is_told_before_any_code_is_asked(kind: Kind, demos: Demos) -> None:
    """`check` has no code; its reasons are those that can be seen, in words that the campaign chose where it did."""
    demo, told = demos.fresh(kind), TABLE[kind]
    ended = demo.run("check", "--json")
    assert (ended.code, ended.result["reasons"]) == (told.check, told.reasons)
    assert told.words in ended.err
    assert demo.card() == demo.before


@pytest.mark.parametrize("kind", [kind for kind, told in TABLE.items() if told.refused])
def test_a_card_that_is_refused_stays_as_it_was(kind: Kind, demos: Demos) -> None:
    """With its right codes at hand, also where only the authority knows."""
    demo, told = demos.fresh(kind), TABLE[kind]
    ended = demo.act("upgrade")
    assert (ended.code, ended.error_code, ended.result["reasons"]) == (told.upgrade, "SU-5001", told.refused)
    assert demo.card() == demo.before
    assert not list(demo.data.glob("journal-*"))


@pytest.mark.parametrize("kind", NEVER_WRITTEN)
@pytest.mark.parametrize("action", ["check", "upgrade", "resume", "restore"])
def test_such_a_card_is_never_opened_for_writing(action: str, kind: Kind, demos: Demos) -> None:
    """No session for writing, no code, no write, by the calls themselves."""
    if action == "restore" and kind in (Kind.EXPIRED, Kind.NO_SIGN_CODE):
        pytest.skip("restore looks for half a key, which hides behind the codes, on whatever card is ours")
    options = () if action == "check" else ("--yes", "--pin-stdin")
    seen = spied(demos.fresh(kind), action, "--json", *options)
    assert seen.sessions, "it was read"
    assert not [flags for flags in seen.sessions if flags & FOR_WRITING]
    assert seen.names.isdisjoint({"C_Login", *WRITES})


def test_the_spy_sees_what_is_done_to_a_card_that_is_upgraded(demos: Demos) -> None:
    """The same spy on an ordinary card: codes, sessions for writing, keys, certificates. `check` shows none of it."""
    demo = demos.fresh()
    looked = spied(demo, "check", "--json")
    assert looked.sessions
    assert not [flags for flags in looked.sessions if flags & FOR_WRITING]
    assert looked.names.isdisjoint({"C_Login", *WRITES})
    done = spied(demo, "upgrade", "--json", "--yes", "--pin-stdin", *CONSENT)
    assert done.ended.code == 0
    assert [flags for flags in done.sessions if flags & FOR_WRITING]
    assert done.names >= {"C_Login", "C_GenerateKeyPair", "C_CreateObject", "C_DestroyObject"}
    assert demo.identity() == NEW


def test_an_e_legitimation_with_keys_of_its_own_stays(demos: Demos) -> None:
    """Ordinary, whatever else is on it: upgraded, and what is not ours is as it was."""
    demo = demos.fresh(Kind.ORDINARY_WITH_TELIA)
    assert demo.act("upgrade").code == 0
    assert demo.identity() == NEW
