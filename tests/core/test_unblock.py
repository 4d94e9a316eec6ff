"""A locked code gets a new value: what is told is what the card shows afterwards, and no try is spent unasked."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from sithsup.card.pin import Code
from sithsup.card.session import choose_card, find_cards
from sithsup.card_lock import CardLock
from sithsup.errors import (
    CardError,
    CardRemovedError,
    CodeChoiceError,
    CodeNotLockedError,
    CodeUnsuitableError,
    ModuleCrashedError,
    ModuleHungError,
    ModuleRefusedError,
    OtherCardError,
    PukIncorrectError,
    PukLockedError,
    PukNeededError,
    SecondInstanceError,
    UnblockRefusedError,
)
from sithsup.journal import card_key
from sithsup.model import CodeState, KeyAlgorithm, KeyRole, TokenInfo
from sithsup.sim.card import PUK_TRIES, Desk, code_digest
from sithsup.sim.case import PUK, CardKind, old_card
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, When
from sithsup.sim.token import SimulatedToken
from sithsup.unblock import Unblock
from tests.support.lab import START, Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sithsup.sim.card import StoredToken

AUTHENTICATION, SIGNATURE = KeyRole.AUTHENTICATION, KeyRole.SIGNATURE
NEW = b"246813"


@dataclass
class Person:
    """Knows the PUK code, chooses a code, and may do something before it is typed."""

    puk_code: bytes | None = PUK
    chosen: bytes | None = NEW
    meanwhile: Callable[[], None] = lambda: None
    given: list[Code] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def puk(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        self.asked.append(f"puk {'+'.join(sorted(roles))} {token.puk}")
        return self._given(self.puk_code)

    def new_code(self, token: TokenInfo, roles: frozenset[KeyRole], allowed: range) -> Code | None:
        self.asked.append(f"new {allowed.start}-{allowed.stop - 1}")
        self.meanwhile()
        return self._given(self.chosen)

    def _given(self, digits: bytes | None) -> Code | None:
        if digits is None:
            return None
        self.given.append(Code(bytearray(digits)))
        return self.given[-1]


class Bench:
    """A simulated card, some of whose codes are locked."""

    def __init__(self, folder: Path, *locked: KeyRole, kind: CardKind = CardKind.SHARED) -> None:
        self.card = old_card(kind, START, KeyAlgorithm.P_256).card.model_copy(deep=True)
        for role in locked:
            self.stored(role).tries = 0
        self.token = SimulatedToken(Desk(cards=[self.card]))
        self.folder = folder

    def stored(self, role: KeyRole) -> StoredToken:
        """The token of a role; the only one where there is one."""
        return self.card.tokens[min(list(KeyRole).index(role), len(self.card.tokens) - 1)]

    def has(self, role: KeyRole, code: bytes) -> bool:
        """Whether this is the code now."""
        return self.stored(role).code_digest == code_digest(code)

    def script(self, failure: Failure, when: When) -> None:
        self.token.faults = Faults(Fault(Mishap(failure, when), verbs=frozenset({"unblock"})))

    def opened(self) -> Unblock:
        contents = choose_card(find_cards(self.token), reader=None, number=None)
        return Unblock(
            self.token,
            contents,
            folder=self.folder / "data",
            locks=self.folder / "locks",
            clock=Clock(),
            pause=lambda _: None,
        )

    def run(self, person: Person, role: KeyRole | None = None) -> tuple[CardError | None, bool | None]:
        """Unblock; what was raised, and what is known of the code."""
        with self.opened() as unblock:
            try:
                unblock.unblock(unblock.choose(role), person)
            except CardError as error:
                return error, unblock.is_changed
            return None, unblock.is_changed


class TestChoice:
    @pytest.mark.parametrize("role", KeyRole)
    @pytest.mark.parametrize("is_named", [False, True])
    def test_the_locked_code_is_meant(self, role: KeyRole, is_named: bool, tmp_path: Path) -> None:
        """Named or not; the other code is as it was."""
        bench = Bench(tmp_path, role)
        assert bench.run(Person(), role if is_named else None) == (None, True)
        assert [bench.has(each, NEW) for each in KeyRole] == [each is role for each in KeyRole]
        assert bench.stored(role).code is CodeState.OK

    def test_two_locked_codes_want_a_choice(self, tmp_path: Path) -> None:
        """Nothing is asked before it is made."""
        bench, person = Bench(tmp_path, *KeyRole), Person()
        error, is_changed = bench.run(person)
        assert (type(error), is_changed, person.asked) == (CodeChoiceError, False, [])
        assert bench.run(person, SIGNATURE) == (None, True)
        assert bench.run(person) == (None, True), "the other one is the only one left"

    def test_a_card_with_one_code_has_no_choice(self, tmp_path: Path) -> None:
        bench, person = Bench(tmp_path, AUTHENTICATION, kind=CardKind.ONE_PIN), Person()
        assert bench.run(person) == (None, True)
        assert person.asked == ["puk authentication+signature ok", "new 6-8"]

    @pytest.mark.parametrize("role", [None, AUTHENTICATION])
    def test_what_is_not_locked_is_left_alone(self, role: KeyRole | None, tmp_path: Path) -> None:
        """Nobody is asked for anything."""
        locked = [SIGNATURE] if role else []
        bench, person = Bench(tmp_path, *locked), Person()
        error, is_changed = bench.run(person, role)
        assert (type(error), is_changed, person.asked, bench.token.codes_sent) == (CodeNotLockedError, False, [], 0)


class TestPuk:
    def test_a_locked_puk_is_told_before_anything_is_asked(self, tmp_path: Path) -> None:
        bench, person = Bench(tmp_path, SIGNATURE), Person()
        bench.stored(SIGNATURE).puk_tries = 0
        error, _ = bench.run(person)
        assert isinstance(error, PukLockedError)
        assert "signature" in error.why
        assert (person.asked, bench.token.codes_sent) == ([], 0)

    def test_a_wrong_puk_is_sent_once(self, tmp_path: Path) -> None:
        """It costs one try, and the error says how it stands."""
        bench, person = Bench(tmp_path, SIGNATURE), Person(b"00000000")
        bench.stored(SIGNATURE).puk_tries = 2
        error, is_changed = bench.run(person)
        assert isinstance(error, PukIncorrectError)
        assert (error.state, is_changed) == (CodeState.FINAL_TRY, False)
        assert "Only one try" in error.next_step
        assert "signature" in error.why
        assert (bench.stored(SIGNATURE).puk_tries, bench.token.codes_sent) == (1, 1)

    def test_the_source_sees_how_many_tries_are_left(self, tmp_path: Path) -> None:
        bench, person = Bench(tmp_path, SIGNATURE), Person()
        bench.stored(SIGNATURE).puk_tries = 1
        assert bench.run(person) == (None, True)
        assert person.asked[0] == "puk signature final-try"

    @pytest.mark.parametrize("missing", ["puk_code", "chosen"])
    def test_who_gives_nothing_spends_nothing(self, missing: str, tmp_path: Path) -> None:
        bench, person = Bench(tmp_path, SIGNATURE), Person()
        setattr(person, missing, None)
        error, is_changed = bench.run(person)
        assert (type(error), is_changed, bench.token.codes_sent) == (PukNeededError, False, 0)
        assert all(len(code) == 0 for code in person.given)

    @pytest.mark.parametrize("chosen", [b"24681", b"246813579", b"24681x"])
    def test_a_code_that_cannot_be_used_costs_nothing(self, chosen: bytes, tmp_path: Path) -> None:
        bench, person = Bench(tmp_path, SIGNATURE), Person(chosen=chosen)
        error, is_changed = bench.run(person)
        assert (type(error), is_changed, bench.token.codes_sent) == (CodeUnsuitableError, False, 0)
        assert all(len(code) == 0 for code in person.given)

    def test_another_card_is_not_sent_anything(self, tmp_path: Path) -> None:
        """Swapped while the codes were typed."""
        bench = Bench(tmp_path, SIGNATURE)

        def swap() -> None:
            bench.card.serial = "another"

        error, is_changed = bench.run(Person(meanwhile=swap))
        assert (type(error), is_changed, bench.token.codes_sent) == (OtherCardError, False, 0)


KINDS = {Failure.MODULE_HUNG: ModuleHungError, Failure.MODULE_CRASHED: ModuleCrashedError}


class TestLostAnswers:
    @pytest.mark.parametrize("failure", [Failure.CARD_REFUSED, *KINDS])
    def test_a_code_that_is_changed_is_told_to_be(self, failure: Failure, tmp_path: Path) -> None:
        """Whatever the module answered, or did not: the flags say that it is not locked."""
        bench = Bench(tmp_path, SIGNATURE)
        bench.script(failure, When.AFTER)
        assert bench.run(Person()) == (None, True)
        assert bench.has(SIGNATURE, NEW)

    @pytest.mark.parametrize("failure", [Failure.CARD_REFUSED, *KINDS])
    def test_a_code_that_is_not_changed_is_told_not_to_be(self, failure: Failure, tmp_path: Path) -> None:
        """Nothing is sent a second time; no upgrade was interrupted by it."""
        bench = Bench(tmp_path, SIGNATURE)
        bench.script(failure, When.BEFORE)
        error, is_changed = bench.run(Person())
        assert error is not None
        assert (type(error), is_changed) == (KINDS.get(failure, ModuleRefusedError), False)
        assert error.exit_code == 7
        assert bench.token.codes_sent == 1
        assert bench.stored(SIGNATURE).puk_tries == PUK_TRIES

    @pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
    def test_a_pulled_card_leaves_a_doubt(self, when: When, tmp_path: Path) -> None:
        """Neither is claimed; back in the reader the card tells."""
        bench = Bench(tmp_path, SIGNATURE)
        bench.script(Failure.CARD_PULLED, when)
        error, is_changed = bench.run(Person())
        assert (type(error), is_changed) == (CardRemovedError, None)
        bench.token.insert()
        with bench.opened() as unblock:
            locked = [token.info.code is CodeState.LOCKED for token in unblock.codes]
        assert locked == [False, when is When.BEFORE]

    def test_a_success_that_the_flags_deny_is_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """CKR_OK proves nothing."""
        bench = Bench(tmp_path, SIGNATURE)
        monkeypatch.setattr(bench.token, "unblock", lambda *_: None)
        error, is_changed = bench.run(Person())
        assert (type(error), is_changed) == (UnblockRefusedError, False)

    def test_an_error_about_an_unlocked_code_leaves_a_doubt(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where a module changes a code that is not locked, its flags do not tell whether it did."""
        bench = Bench(tmp_path)
        monkeypatch.setattr("sithsup.card.unblocking.needs_locked", lambda _: False)
        bench.script(Failure.CARD_REFUSED, When.AFTER)
        error, is_changed = bench.run(Person(), SIGNATURE)
        assert (type(error), is_changed) == (ModuleRefusedError, None)


class TestAlone:
    @pytest.fixture
    def taken(self, tmp_path: Path) -> Iterator[Bench]:
        """A card at which another process is at work."""
        bench = Bench(tmp_path, SIGNATURE)
        contents = choose_card(find_cards(bench.token), reader=None, number=None)
        with ExitStack() as stack:
            lock = CardLock(tmp_path / "locks", card_key(contents))
            lock.take()
            stack.callback(lock.release)
            yield bench

    def test_a_card_that_is_taken_is_left_alone(self, taken: Bench) -> None:
        with pytest.raises(SecondInstanceError):
            taken.opened()

    def test_the_card_is_ours_meanwhile_and_no_longer(self, tmp_path: Path) -> None:
        bench = Bench(tmp_path, SIGNATURE)
        contents = choose_card(find_cards(bench.token), reader=None, number=None)
        lock = CardLock(tmp_path / "locks", card_key(contents))
        seen: list[bool] = []
        assert bench.run(Person(meanwhile=lambda: seen.append(lock.is_taken))) == (None, True)
        assert (seen, lock.is_taken) == ([True], False)
