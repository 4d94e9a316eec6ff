"""The virtual card behind the real stack: what pcscd and OpenSC make of its troubles, seen through the card process."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from sithsup.card.pin import Code
from sithsup.demo.virtual.holder import Pace
from sithsup.errors import CardError, CardFullError, CardRemovedError, ModuleRefusedError, ObjectGoneError
from sithsup.model import CodeState, KeyAlgorithm, ObjectKind
from tests.contract import tokens
from tests.support.virtual import NEEDED, Cut, VirtualBench, When, short_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.card.process import CardProcess
    from sithsup.model import CardObject, TokenId

pytestmark = pytest.mark.needs(*NEEDED)

DATA = b"Jag provar mitt kort."


@pytest.fixture(scope="module")
def bench() -> Iterator[VirtualBench]:
    """Give one card for all tests here; each lays an empty one into the reader first."""
    with short_folder() as folder, VirtualBench(folder, tokens.virtual_memory()) as made:
        yield made


@contextmanager
def opened(bench: VirtualBench, room: int | None = None) -> Iterator[tuple[CardProcess, TokenId]]:
    """The first token of an empty card, logged in."""
    bench.lay(tokens.virtual_memory().but(room=room))
    bench.set_pace(Pace())
    with bench.card_process() as token:
        yield token, log_in(token, tokens.AUTHENTICATION_LABEL)


def log_in(token: CardProcess, label: str) -> TokenId:
    found = next(info.id for info in token.tokens() if info.id.label == label)
    token.log_in(found, Code(bytearray(tokens.CODES[label], "ascii")))
    return found


def made_key(token: CardProcess, card: TokenId, algorithm: KeyAlgorithm = KeyAlgorithm.P_256) -> CardObject:
    """A new key's private half."""
    token.generate_key_pair(card, algorithm, b"k", "k")
    return next(o for o in token.objects(card) if o.kind is ObjectKind.PRIVATE_KEY)


def until_gone(token: CardProcess) -> None:
    """Wait until pcscd has seen that the card is out; the module lists it from memory until then."""
    deadline = time.monotonic() + 5
    while token.tokens() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert token.tokens() == ()


def until_there(token: CardProcess, card: TokenId) -> None:
    """Wait until pcscd has told the module, too, that the card is in: it powers the card some moments before."""
    deadline = time.monotonic() + 5
    while card not in {info.id for info in token.tokens()} and time.monotonic() < deadline:
        time.sleep(0.05)


def codes_sent(bench: VirtualBench) -> int:
    """How many codes the card was given since `arm` (VERIFY without one only asks)."""
    return sum(exchange.name == "VERIFY" and exchange.writes for exchange in bench.exchanges())


def test_two_cards_do_not_see_each_other(bench: VirtualBench) -> None:
    """A second reader beside this one, with its own pcscd, holds its own card."""
    other = tokens.virtual_memory(serial=bytes(9) + b"\x01")
    with short_folder() as folder, VirtualBench(folder, other) as second, opened(bench) as (first_token, card):
        with second.card_process() as second_token:
            assert {info.id.serial for info in second_token.tokens()} == {"0000000000000001"}
        assert card in {info.id for info in first_token.tokens()}


def test_a_card_that_is_pulled_and_put_back_wants_its_code_anew(bench: VirtualBench) -> None:
    """Out: no token. In again: the same tokens, nothing logged in, and the log-in works in the same process."""
    with opened(bench) as (token, card):
        key = made_key(token, card)
        bench.pull()
        with pytest.raises(CardError):
            token.sign(key, DATA)
        until_gone(token)
        with pytest.raises(CardRemovedError):
            token.objects(card)
        bench.insert()
        until_there(token, card)
        assert all(o.kind is not ObjectKind.PRIVATE_KEY for o in token.objects(card))
        log_in(token, card.label)
        assert token.sign(key, DATA)


def test_a_card_that_was_swapped_while_nobody_looked_is_not_mistaken(bench: VirtualBench) -> None:
    """The same tokens, another serial number: neither is the old one listed from memory, nor gets the other a code."""
    with opened(bench) as (token, card):
        key = made_key(token, card)
        bench.lay(tokens.virtual_memory(serial=bytes(9) + b"\x07"))
        bench.arm()
        for act in (lambda: token.objects(card), lambda: token.sign(key, DATA), lambda: log_in_again(token, card)):
            with pytest.raises(CardRemovedError):
                act()
        assert codes_sent(bench) == 0


def test_a_card_that_was_changed_elsewhere_is_read_anew(bench: VirtualBench) -> None:
    """Out and in again between two calls, with something else on it: what it holds now is told, not what it held."""
    with opened(bench) as (token, card):
        empty = bench.memory()
        made_key(token, card)
        bench.lay(empty)
        assert token.objects(card) == ()


def log_in_again(token: CardProcess, card: TokenId) -> None:
    token.log_in(card, Code(bytearray(tokens.CODES[card.label], "ascii")))


OTHERS = {"resets": ("opensc-tool", "--reset"), "logs in and out": ("pkcs11-tool", "--list-objects", "--login")}


@pytest.mark.parametrize("what", OTHERS)
def test_another_application_ends_our_log_in(what: str, bench: VirtualBench) -> None:
    """OpenSC sees that the card has forgotten the code and closes our session. Nobody sends the code anew by itself."""
    with opened(bench) as (token, card):
        key = made_key(token, card)
        bench.arm()
        module, code = bench.environment["SITHSUP_MODULE"], tokens.CODES[card.label]
        command = [*OTHERS[what], *(("--module", module, "--pin", code) if "--login" in OTHERS[what] else ())]
        environment = {**os.environ, **bench.environment}
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=30)
        theirs = codes_sent(bench)
        with pytest.raises(ObjectGoneError):
            token.sign(key, DATA)
        assert codes_sent(bench) == theirs
        log_in(token, card.label)
        assert token.sign(key, DATA)


def test_a_reset_in_the_middle_of_a_call_is_hidden_by_the_middleware(bench: VirtualBench) -> None:
    """OpenSC keeps the code and gives it to the card again: the card counts one more code than we sent."""
    with opened(bench) as (token, card):
        key = made_key(token, card)
        bench.arm()
        token.sign(key, DATA)
        selecting = next(e.number for e in bench.exchanges() if e.name == "SELECT")
        bench.arm(Cut(at=selecting, when=When.RESET))
        assert token.sign(key, DATA)
        assert codes_sent(bench) == 1


def test_a_full_card_is_told_as_full(bench: VirtualBench) -> None:
    """There is no room for the key file: CKR_DEVICE_MEMORY, and nothing is seen of it."""
    taken = sum(file.room for file in tokens.virtual_memory().files.values())
    with opened(bench, room=taken + 40) as (token, card):
        with pytest.raises(CardFullError):
            token.generate_key_pair(card, KeyAlgorithm.RSA_2048, b"k", "k")
        assert token.objects(card) == ()


def test_a_card_that_is_pulled_in_a_slow_generation(bench: VirtualBench) -> None:
    """The call ends when the card is gone, with an error that proves nothing; the key was not made."""
    with opened(bench) as (token, card):
        bench.set_pace(Pace(generation=3.0))
        threading.Timer(0.5, bench.pull).start()
        begun = time.monotonic()
        with pytest.raises((ModuleRefusedError, CardRemovedError)):
            token.generate_key_pair(card, KeyAlgorithm.P_256, b"k", "k")
        assert 0.4 < time.monotonic() - begun < 5.0
        bench.set_pace(Pace())
        bench.insert()
        log_in(token, card.label)
        assert token.objects(card) == ()


def test_a_code_whose_try_was_lost_with_the_power_counts(bench: VirtualBench) -> None:
    """Two right codes are lost with the power while they are compared: the last try, and the flags say so."""
    with opened(bench) as (token, card):
        code = bench.memory().codes[1]
        bench.lay(bench.memory().with_code(1, code.but(tries_left=1)))
        (info,) = (info for info in token.tokens() if info.id == card)
        assert info.code is CodeState.FINAL_TRY
        log_in(token, card.label)
        assert bench.memory().codes[1].tries_left == 3


def test_a_certificate_whose_file_is_gone_hides_those_behind_it(bench: VirtualBench) -> None:
    """OpenSC 0.23 deletes the file first and its entry afterwards. Cut in between, it shows nothing behind the entry.

    Nothing that PKCS#11 can do takes that entry away. So an old certificate is the last thing to be removed, and even
    then a cut in these two commands hides the new ones from OpenSC, although they are on the card.
    """
    with opened(bench) as (token, card):
        token.generate_key_pair(card, KeyAlgorithm.P_256, b"k", "k")
        public = next(o for o in token.objects(card) if o.kind is ObjectKind.PUBLIC_KEY)
        for name in ("first", "second", "third"):
            token.write_certificate(card, tokens.certificate(public.value, name), b"k", name)
        memory = bench.memory()

        def destroy_second(*cuts: Cut) -> None:
            bench.lay(memory)
            log_in(token, card.label)
            (doomed,) = (o for o in certificates(token, card) if o.label == "second")
            bench.arm(*cuts)
            token.destroy(doomed)

        destroy_second()
        deleting = next(e.number for e in bench.exchanges() if e.name == "DELETE_FILE")
        assert {o.label for o in certificates(token, card)} == {"first", "third"}
        with pytest.raises(CardError):
            destroy_second(Cut(at=deleting, when=When.AFTER))
        bench.insert()
        assert {o.label for o in certificates(token, card)} == {"first"}


def certificates(token: CardProcess, card: TokenId) -> list[CardObject]:
    return [o for o in token.objects(card) if o.kind is ObjectKind.CERTIFICATE]


def test_many_cards_lie_side_by_side() -> None:
    """Six at once, each with a pcscd of its own; all are there in a few seconds, and all are gone again."""
    with ExitStack() as stack, ThreadPoolExecutor(6) as threads:
        folders = [stack.enter_context(short_folder()) for _ in range(6)]
        serials = [bytes(9) + bytes([number]) for number in range(6)]
        made = list(threads.map(VirtualBench, folders, [tokens.virtual_memory(serial=serial) for serial in serials]))
        assert [bench.memory().serial for bench in made] == serials
        assert all(bench.is_in for bench in made)
        list(threads.map(VirtualBench.close, made))
        assert not any((folder / "door").exists() for folder in folders)


def test_power_is_cut_where_it_was_asked_for(bench: VirtualBench) -> None:
    """The n-th command from `arm` on; the card is out then, its line has no status, and only half is done."""
    with opened(bench) as (token, card):
        made_key(token, card)
        bench.lay(bench.memory())
        log_in(token, card.label)
        public = next(o for o in token.objects(card) if o.kind is ObjectKind.PUBLIC_KEY)
        bench.arm()
        token.rename(public, b"k", "another name")
        number, name, steps = next((e.number, e.name, e.steps) for e in bench.exchanges() if e.writes)
        assert name == "UPDATE_BINARY"
        bench.lay(bench.memory())
        log_in(token, card.label)
        renamed = next(o for o in token.objects(card) if o.kind is ObjectKind.PUBLIC_KEY)
        before = bench.memory()
        bench.arm(Cut(at=number, when=When.TORN, step=steps // 2))
        with pytest.raises(CardError):
            token.rename(renamed, b"k", "a third name")
        assert not bench.is_in
        assert [e.status for e in bench.exchanges()].index(0) == number - 1
        assert bench.memory() != before
        bench.insert()
        assert token.tokens()
