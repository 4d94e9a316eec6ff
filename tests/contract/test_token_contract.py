"""The contract of `card.token.Token`: one suite, unchanged, on every implementation."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from sithsup.card.pin import Code
from sithsup.errors import (
    CardError,
    CardReadOnlyError,
    CardRemovedError,
    CodeError,
    CodeIncorrectError,
    CodeLockedError,
    CodeNeededError,
    CodeNotLockedError,
    CodeUnsuitableError,
    ModuleCrashedError,
    ObjectGoneError,
    PukIncorrectError,
    UnblockElsewhereError,
)
from sithsup.model import CodeState, KeyAlgorithm, ObjectKind, TokenId
from sithsup.sim.keys import verifies
from tests.contract import tokens

if TYPE_CHECKING:
    from tests.contract.tokens import Bench

DATA = "Jag provar mitt kort. Åäö.".encode()
ALGORITHMS = tuple(KeyAlgorithm)


def wrong() -> Code:
    return Code(bytearray(b"000000"))


def puk() -> Code:
    return Code(bytearray(tokens.SECURITY_OFFICER, "ascii"))


def wrong_puk() -> Code:
    return Code(bytearray(b"00000000"))


def new() -> Code:
    return Code(bytearray(b"246813"))


def lock(bench: Bench) -> None:
    """Lock the signature code, where three wrong tries do."""
    for _ in range(tokens.TRIES):
        with pytest.raises(CodeIncorrectError):
            bench.token.log_in(bench.signature, wrong())
    assert state(bench) is CodeState.LOCKED


def state(bench: Bench) -> CodeState:
    """What the flags say of the signature code."""
    return next(info.code for info in bench.token.tokens() if info.id == bench.signature)


class TestReading:
    def test_the_module_introduces_itself(self, bench: Bench) -> None:
        """A module tells who made it and where it was found."""
        module = bench.token.module()
        assert module.path
        assert module.manufacturer
        assert module.version

    def test_tokens_are_described_without_a_code(self, bench: Bench) -> None:
        """Both tokens, by whole labels with Swedish letters, with what they can do."""
        infos = {info.id: info for info in bench.token.tokens()}
        assert set(infos) == {bench.authentication, bench.signature}
        for info in infos.values():
            assert info.reader in bench.token.readers()
            assert info.code is CodeState.OK
            assert not info.pin_pad
            assert not info.read_only
            assert info.algorithms == frozenset(KeyAlgorithm)

    def test_a_card_that_shows_its_tokens_is_recognised(self, bench: Bench) -> None:
        """Every reader that is named holds tokens, or nothing."""
        assert bench.token.unrecognized() == ()

    def test_an_empty_token_holds_nothing(self, bench: Bench) -> None:
        """No object is made up."""
        assert bench.token.objects(bench.authentication) == ()

    def test_an_unknown_token_is_a_removed_one(self, bench: Bench) -> None:
        """A token that no slot holds cannot be read, and says so."""
        with pytest.raises(CardRemovedError):
            bench.token.objects(TokenId("none", "such"))


class TestCodes:
    def test_private_keys_are_seen_after_the_log_in_only(self, bench: Bench) -> None:
        """Before the log-in, and after the log-out, private keys are hidden."""
        token = bench.authentication
        bench.log_in(token)
        bench.token.generate_key_pair(token, KeyAlgorithm.P_256, b"k", "k")
        bench.token.log_out(token)
        assert {o.kind for o in bench.token.objects(token)} == {ObjectKind.PUBLIC_KEY}
        bench.log_in(token)
        assert {o.kind for o in bench.token.objects(token)} == {ObjectKind.PUBLIC_KEY, ObjectKind.PRIVATE_KEY}

    def test_a_code_is_wiped(self, bench: Bench) -> None:
        """Whether right or wrong, the code is gone from the caller's buffer afterwards."""
        buffer = bytearray(tokens.CODES[bench.authentication.label], "ascii")
        right = Code(buffer)
        bench.token.log_in(bench.authentication, right)
        bad = wrong()
        with pytest.raises(CodeIncorrectError):
            bench.token.log_in(bench.signature, bad)
        assert len(right) == len(bad) == 0
        assert not buffer

    @pytest.mark.not_on("virtual", reason="OpenSC never shows COUNT_LOW: it does not know how many tries there were")
    def test_a_wrong_code_is_told_with_the_state_after_it(self, bench: Bench) -> None:
        """A wrong code is an error that says what the flags say now; the right one still works."""
        with pytest.raises(CodeIncorrectError) as caught:
            bench.token.log_in(bench.signature, wrong())
        assert caught.value.state is CodeState.COUNT_LOW
        assert caught.value.detail == "CKR_PIN_INCORRECT (0xA0)"
        (info,) = (info for info in bench.token.tokens() if info.id == bench.signature)
        assert info.code is CodeState.COUNT_LOW
        bench.log_in(bench.signature)

    def test_an_open_token_does_not_try_a_code(self, bench: Bench) -> None:
        """A second log-in sends nothing: even a wrong code does no harm. It is wiped all the same."""
        bench.log_in(bench.authentication)
        code = wrong()
        bench.token.log_in(bench.authentication, code)
        assert len(code) == 0
        assert all(info.code is CodeState.OK for info in bench.token.tokens())

    @pytest.mark.card(tries=3)
    def test_the_third_wrong_code_locks(self, bench: Bench) -> None:
        """The flags count down to LOCKED; then even the right code is refused, as locked."""
        states = []
        for _ in range(3):
            with pytest.raises(CodeIncorrectError) as caught:
                bench.token.log_in(bench.signature, wrong())
            states.append(caught.value.state)
        assert states == [CodeState.COUNT_LOW, CodeState.FINAL_TRY, CodeState.LOCKED]
        with pytest.raises(CodeLockedError):
            bench.log_in(bench.signature)

    def test_a_new_start_is_not_logged_in(self, bench: Bench) -> None:
        """A log-in belongs to one start of the program."""
        bench.log_in(bench.authentication)
        bench.token.close()
        again = bench.start()
        with pytest.raises(CodeNeededError):
            again.generate_key_pair(bench.authentication, KeyAlgorithm.P_256, b"k", "k")

    def test_logging_out_twice_is_no_error(self, bench: Bench) -> None:
        """A token that is not open is left alone."""
        bench.token.log_out(bench.signature)
        bench.log_in(bench.signature)
        bench.token.log_out(bench.signature)
        bench.token.log_out(bench.signature)

    @pytest.mark.card(pin_pad=True)
    @pytest.mark.not_on("virtual", reason="its reader has no PIN pad")
    def test_a_pin_pad_asks_by_itself(self, bench: Bench) -> None:
        """On a reader with its own PIN pad no code is sent, and the token opens."""
        assert all(info.pin_pad for info in bench.token.tokens())
        bench.token.log_in(bench.authentication, None)
        bench.token.generate_key_pair(bench.authentication, KeyAlgorithm.P_256, b"k", "k")


class TestUnblocking:
    @pytest.mark.card(tries=3)
    def test_a_locked_code_gets_a_new_value(self, bench: Bench) -> None:
        """The PUK code opens the way; the new code works, the old one does not, the other code is as it was."""
        token = bench.signature
        lock(bench)
        bench.token.unblock(token, puk(), new())
        states = {info.id: info.code for info in bench.token.tokens()}
        assert states == dict.fromkeys((bench.authentication, token), CodeState.OK)
        with pytest.raises(CodeIncorrectError):
            bench.log_in(token)
        bench.token.log_in(token, new())
        bench.log_in(bench.authentication)

    @pytest.mark.card(tries=3)
    def test_both_codes_are_wiped(self, bench: Bench) -> None:
        """Whether the PUK code is right or wrong, and where nothing is sent too."""
        buffers = []
        lock(bench)
        for given, chosen in ((wrong_puk(), new()), (puk(), Code(bytearray(b"12345"))), (puk(), new())):
            buffers += [given, chosen]
            with suppress(CodeError):
                bench.token.unblock(bench.signature, given, chosen)
        assert [len(code) for code in buffers] == [0] * 6

    @pytest.mark.card(tries=3)
    def test_a_wrong_puk_changes_nothing(self, bench: Bench) -> None:
        """It says so; the code stays locked, and the right PUK code still works."""
        lock(bench)
        with pytest.raises(PukIncorrectError, match=r"CKR_PIN_INCORRECT \(0xA0\)"):
            bench.token.unblock(bench.signature, wrong_puk(), new())
        assert state(bench) is CodeState.LOCKED
        with pytest.raises(CodeLockedError):
            bench.token.log_in(bench.signature, new())
        bench.token.unblock(bench.signature, puk(), new())
        bench.token.log_in(bench.signature, new())

    @pytest.mark.card(tries=3)
    @pytest.mark.parametrize("chosen", [b"12345", b"123456789", b"12345a", b""])
    def test_a_code_that_no_card_should_get_is_not_sent(self, bench: Bench, chosen: bytes) -> None:
        """Six to eight digits and nothing else; a wrong PUK code beside it costs nothing."""
        lock(bench)
        with pytest.raises(CodeUnsuitableError) as caught:
            bench.token.unblock(bench.signature, wrong_puk(), Code(bytearray(chosen)))
        assert (caught.value.values["shortest"], caught.value.values["longest"]) == (6, 8)
        assert state(bench) is CodeState.LOCKED

    @pytest.mark.not_on(
        "softhsm2", reason="C_InitPIN by the security officer costs no try of the code, whatever its state"
    )
    @pytest.mark.not_on("card-process", reason="the same")
    def test_a_code_that_is_not_locked_is_left_alone(self, bench: Bench) -> None:
        """Some modules would take the PUK code for a wrong old code: nothing is sent, no try of the code is lost."""
        with pytest.raises(CodeNotLockedError):
            bench.token.unblock(bench.signature, wrong_puk(), new())
        for _ in range(2):
            with pytest.raises(CodeIncorrectError):
                bench.token.log_in(bench.signature, wrong())
        bench.log_in(bench.signature)

    def test_a_token_that_was_open_is_closed(self, bench: Bench) -> None:
        """A session that is logged in would take the PUK code for something else."""
        bench.log_in(bench.signature)
        with suppress(CodeNotLockedError):
            bench.token.unblock(bench.signature, puk(), bench.code(bench.signature))
            with pytest.raises(CodeNeededError):
                bench.token.generate_key_pair(bench.signature, KeyAlgorithm.P_256, b"k", "k")

    @pytest.mark.card(pin_pad=True)
    @pytest.mark.not_on("virtual", reason="its reader has no PIN pad")
    def test_a_pin_pad_is_not_sent_anything(self, bench: Bench) -> None:
        """Nobody knows what its reader would ask for."""
        with pytest.raises(UnblockElsewhereError):
            bench.token.unblock(bench.signature, puk(), new())


class TestKeys:
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_a_new_key_signs(self, bench: Bench, algorithm: KeyAlgorithm) -> None:
        """A pair has one id and label; its public key is whole; a signature verifies elsewhere."""
        token = bench.authentication
        bench.log_in(token)
        bench.token.generate_key_pair(token, algorithm, b"\x00ny\xff", "ny nyckel åäö")
        private = bench.only(token, ObjectKind.PRIVATE_KEY, b"\x00ny\xff")
        public = bench.only(token, ObjectKind.PUBLIC_KEY, b"\x00ny\xff")
        assert private.label == public.label == "ny nyckel åäö"
        assert private.value in {public.value, b""}
        assert verifies(public.value, bench.token.sign(private, DATA), DATA)

    def test_an_rsa_private_key_tells_its_public_half(self, bench: Bench) -> None:
        """So that a key whose public object was lost in an interruption can be used again."""
        token = bench.authentication
        bench.log_in(token)
        bench.token.generate_key_pair(token, KeyAlgorithm.RSA_2048, b"r", "r")
        public = bench.only(token, ObjectKind.PUBLIC_KEY, b"r")
        assert bench.only(token, ObjectKind.PRIVATE_KEY, b"r").value == public.value

    def test_each_token_has_its_own_keys(self, bench: Bench) -> None:
        """A key is made on the token that was named, and nowhere else."""
        for token in (bench.authentication, bench.signature):
            bench.log_in(token)
        bench.token.generate_key_pair(bench.signature, KeyAlgorithm.P_256, b"s", "s")
        assert bench.token.objects(bench.authentication) == ()
        assert {o.token for o in bench.token.objects(bench.signature)} == {bench.signature}

    def test_without_a_log_in_nothing_is_generated(self, bench: Bench) -> None:
        """A generation needs the code first, and leaves nothing behind."""
        with pytest.raises(CodeNeededError):
            bench.token.generate_key_pair(bench.signature, KeyAlgorithm.P_256, b"s", "s")
        bench.log_in(bench.signature)
        assert bench.token.objects(bench.signature) == ()

    @pytest.mark.card(read_only=True)
    def test_a_write_protected_card_can_be_read_and_opened(self, bench: Bench) -> None:
        """It says beforehand that nothing can be written, and says so again when it is tried."""
        assert all(info.read_only for info in bench.token.tokens())
        bench.log_in(bench.signature)
        with pytest.raises(CardReadOnlyError):
            bench.token.generate_key_pair(bench.signature, KeyAlgorithm.P_256, b"s", "s")
        assert bench.token.objects(bench.signature) == ()

    @pytest.mark.card(always_authenticate=True)
    @pytest.mark.not_on("virtual", reason="OpenSC makes such keys only where it is asked to")
    def test_a_key_may_want_its_code_for_each_signature(self, bench: Bench) -> None:
        """CKA_ALWAYS_AUTHENTICATE: no code, no signature; a wrong one is told; a right one signs, once."""
        token = bench.signature
        bench.log_in(token)
        bench.token.generate_key_pair(token, KeyAlgorithm.P_256, b"s", "s")
        private = bench.only(token, ObjectKind.PRIVATE_KEY, b"s")
        public = bench.only(token, ObjectKind.PUBLIC_KEY, b"s")
        assert private.always_authenticate
        with pytest.raises(CodeNeededError):
            bench.token.sign(private, DATA)
        bad = wrong()
        with pytest.raises(CodeIncorrectError):
            bench.token.sign(private, DATA, bad)
        right = bench.code(token)
        assert verifies(public.value, bench.token.sign(private, DATA, right), DATA)
        assert len(bad) == len(right) == 0
        with pytest.raises(CodeNeededError):
            bench.token.sign(private, DATA)


class TestCertificates:
    def test_a_certificate_is_read_back_as_it_was_written(self, bench: Bench) -> None:
        """1.7 kB and Swedish letters, also for a new start without a code."""
        token = bench.authentication
        key = self.key(bench, b"k")
        der = tokens.certificate(key, size=1400)
        assert len(der) > 1700
        bench.token.write_certificate(token, der, b"k", "Testa Åkesson, Öbergs län")
        bench.token.close()
        bench.token = bench.start()
        found = bench.only(token, ObjectKind.CERTIFICATE, b"k")
        assert (found.value, found.label) == (der, "Testa Åkesson, Öbergs län")

    def test_a_second_certificate_goes_under_the_same_id(self, bench: Bench) -> None:
        """Two certificates of one key: what the real SITHS card has."""
        self.check_second_certificate(bench)

    @pytest.mark.card(one_certificate_per_id=True)
    @pytest.mark.not_on("simulated", reason="it refuses plainly, as the card does below a module that helps")
    def test_also_where_the_module_takes_one_certificate_per_id(self, bench: Bench) -> None:
        """OpenSC refuses the second one: it is written under a passing id and renamed."""
        self.check_second_certificate(bench)

    def check_second_certificate(self, bench: Bench) -> None:
        token = bench.authentication
        key = self.key(bench, b"k")
        written = {tokens.certificate(key, name) for name in ("Testa Ett", "Testa Två")}
        for der in written:
            bench.token.write_certificate(token, der, b"k", "cert")
        certificates = [o for o in bench.token.objects(token) if o.kind is ObjectKind.CERTIFICATE]
        assert {o.value for o in certificates} == written
        assert {o.key_id for o in certificates} == {b"k"}

    def test_an_object_is_renamed(self, bench: Bench) -> None:
        """Another id and label, the same value; what it was before is not found any more."""
        token = bench.authentication
        der = tokens.certificate(self.key(bench, b"k"))
        bench.token.write_certificate(token, der, b"k", "gammal")
        before = bench.only(token, ObjectKind.CERTIFICATE, b"k")
        bench.token.rename(before, b"another", "ny åäö")
        after = bench.only(token, ObjectKind.CERTIFICATE, b"another")
        assert (after.value, after.label) == (der, "ny åäö")
        with pytest.raises(ObjectGoneError):
            bench.token.rename(before, b"k", "gammal")

    def test_only_the_object_that_was_seen_is_destroyed(self, bench: Bench) -> None:
        """Of two certificates under one id and label, the one with these bytes; a second time it is gone."""
        token = bench.authentication
        key = self.key(bench, b"k")
        first, second = tokens.certificate(key, "Testa Ett"), tokens.certificate(key, "Testa Två")
        for der in (first, second):
            bench.token.write_certificate(token, der, b"k", "cert")
        (doomed,) = (o for o in bench.token.objects(token) if o.value == second)
        bench.token.destroy(doomed)
        assert bench.only(token, ObjectKind.CERTIFICATE, b"k").value == first
        with pytest.raises(ObjectGoneError):
            bench.token.destroy(doomed)

    def test_keys_are_destroyed_one_by_one(self, bench: Bench) -> None:
        """The private key goes and the public one stays, until it is named itself."""
        token = bench.authentication
        self.key(bench, b"k")
        bench.token.destroy(bench.only(token, ObjectKind.PRIVATE_KEY, b"k"))
        assert [o.kind for o in bench.token.objects(token)] == [ObjectKind.PUBLIC_KEY]
        bench.token.destroy(bench.only(token, ObjectKind.PUBLIC_KEY, b"k"))
        assert bench.token.objects(token) == ()

    def key(self, bench: Bench, key_id: bytes) -> bytes:
        bench.log_in(bench.authentication)
        bench.token.generate_key_pair(bench.authentication, KeyAlgorithm.P_256, key_id, "key")
        return bench.only(bench.authentication, ObjectKind.PUBLIC_KEY, key_id).value


class TestRenewal:
    def test_a_module_that_was_started_anew_finds_the_card_as_it_is_and_closed(self, bench: Bench) -> None:
        """Every token is closed, everything on it is there, and it can be opened again."""
        token = bench.authentication
        bench.log_in(token)
        bench.token.generate_key_pair(token, KeyAlgorithm.P_256, b"k", "k")
        before = set(bench.token.objects(token))
        bench.token.renew()
        assert {o.kind for o in bench.token.objects(token)} == {ObjectKind.PUBLIC_KEY}
        bench.log_in(token)
        assert set(bench.token.objects(token)) == before


class TestEnd:
    def test_closing_twice_is_no_error(self, bench: Bench) -> None:
        """A second close does nothing."""
        bench.token.close()
        bench.token.close()

    @pytest.mark.not_on("softhsm2", reason="a library is not a process: what follows a close is a fault of ours")
    @pytest.mark.not_on("simulated", reason="the same")
    def test_a_closed_process_says_so(self, bench: Bench) -> None:
        """Nothing is asked of a process that has ended."""
        bench.token.close()
        with pytest.raises(ModuleCrashedError):
            bench.token.tokens()

    def test_every_error_of_a_card_is_a_card_error(self, bench: Bench) -> None:
        """Whoever calls a verb catches one kind."""
        with pytest.raises(CardError):
            bench.token.log_in(TokenId("none", "such"), wrong())
