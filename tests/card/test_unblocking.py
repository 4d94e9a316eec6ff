"""How a code is unlocked: by what a module says of itself, and never by a try."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sithsup.card import native
from sithsup.card.pin import Code
from sithsup.card.pkcs11 import Pkcs11Token
from sithsup.card.process import CardProcess
from sithsup.card.unblocking import USUAL_LENGTHS, Way, error_for_puk, is_suitable, lengths, way_of
from sithsup.errors import (
    CardRemovedError,
    CodeIncorrectError,
    ModuleCrashedError,
    ModuleHungError,
    ModuleRefusedError,
    PukIncorrectError,
    PukLockedError,
    SithsupError,
    UnblockElsewhereError,
    UnblockRefusedError,
)
from sithsup.model import CodeState, ModuleInfo, TokenId, TokenInfo
from tests.contract import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEW = b"246813"


def signature(token: Pkcs11Token | CardProcess) -> TokenInfo:
    """The token as it is now."""
    return next(info for info in token.tokens() if info.id.label == tokens.SIGNATURE_LABEL)


def unblock(token: Pkcs11Token | CardProcess, puk: bytes = tokens.SECURITY_OFFICER.encode()) -> None:
    token.unblock(signature(token).id, Code(bytearray(puk)), Code(bytearray(NEW)))


@pytest.mark.parametrize(
    ("manufacturer", "description", "way"),
    [
        ("SoftHSM", "Implementation of PKCS11", Way.SECURITY_OFFICER),
        ("OpenSC Project", "OpenSC smartcard framework", Way.SET_PIN),
        ("OpenSC Project", "something else", None),
        ("SecMaker AB", "Net iD Enterprise", None),
        ("SafeNet, Inc.", "SafeNet eToken PKCS#11", None),
        ("", "", None),
    ],
)
def test_a_module_is_known_by_its_own_words(manufacturer: str, description: str, way: Way | None) -> None:
    """By all of them: another product of the same maker is another module."""
    assert way_of(ModuleInfo("/somewhere.so", manufacturer, description, "1.0")) is way


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        (range(4, 9), range(6, 9)),
        (range(4, 256), range(6, 9)),
        (range(7, 13), range(7, 9)),
        (range(4, 6), range(4, 6)),
        (range(1), range(1)),
        (range(1, 0), USUAL_LENGTHS),
    ],
)
def test_a_code_is_as_long_as_the_token_takes_it(said: range, allowed: range) -> None:
    """Six to eight digits, as far as the token agrees; what it says where it does not."""
    info = TokenInfo(
        TokenId("1", "x"), "r", "m", "m", CodeState.LOCKED, False, False, frozenset(), None, code_lengths=said
    )
    assert lengths(info) == allowed


@pytest.mark.parametrize(
    ("code", "is_right"),
    [(b"123456", True), (b"12345678", True), (b"12345", False), (b"123456789", False), (b"12345\xb2", False)],
)
def test_a_code_is_made_of_digits(code: bytes, is_right: bool) -> None:
    assert is_suitable(bytearray(code), range(6, 9)) is is_right


@pytest.mark.parametrize(
    ("name", "state", "kind"),
    [
        ("CKR_PIN_INCORRECT", CodeState.OK, PukIncorrectError),
        ("CKR_PIN_LEN_RANGE", CodeState.OK, PukIncorrectError),
        ("CKR_PIN_INCORRECT", CodeState.LOCKED, PukLockedError),
        ("CKR_PIN_LOCKED", CodeState.LOCKED, PukLockedError),
        ("CKR_PIN_LOCKED", CodeState.OK, UnblockRefusedError),
        ("CKR_FUNCTION_NOT_SUPPORTED", CodeState.OK, UnblockRefusedError),
        ("CKR_GENERAL_ERROR", CodeState.OK, ModuleRefusedError),
        ("CKR_TOKEN_NOT_PRESENT", CodeState.OK, CardRemovedError),
    ],
)
def test_what_an_answer_means(name: str, state: CodeState, kind: type[SithsupError]) -> None:
    """What is locked is said to be only where the flags say so."""
    assert type(error_for_puk(name, 0xA4, state, "label")) is kind


@pytest.fixture
def token(troubled_card: str) -> Iterator[Pkcs11Token]:
    token = Pkcs11Token(troubled_card)
    yield token
    token.close()


def test_an_unknown_module_is_sent_nothing(token: Pkcs11Token, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named as it names itself; neither code is sent to it, and both are wiped."""
    monkeypatch.setenv("TROUBLED_MAKER", "Somebody")
    for name in ("log_in", "set_pin", "init_pin"):
        monkeypatch.setattr(native, name, lambda *_: pytest.fail("a code was sent"))
    puk, code = Code(bytearray(b"12345678")), Code(bytearray(NEW))
    with pytest.raises(UnblockElsewhereError) as caught:
        token.unblock(signature(token).id, puk, code)
    assert caught.value.values["program"] == "Implementation of PKCS11"
    assert len(puk) == len(code) == 0


def test_the_flags_of_the_puk_are_read(token: Pkcs11Token, monkeypatch: pytest.MonkeyPatch) -> None:
    """CKF_SO_PIN_*: each wrong PUK code is told with what they say after it; a locked one is not sent any more."""
    monkeypatch.setenv("TROUBLED_PUK_TRIES", "3")
    states = []
    for _ in range(2):
        with pytest.raises(PukIncorrectError) as caught:
            unblock(token, b"00000000")
        states.append(caught.value.state)
    assert states == [CodeState.COUNT_LOW, CodeState.FINAL_TRY]
    for _ in range(2):
        with pytest.raises(PukLockedError):
            unblock(token, b"00000000")
    monkeypatch.setattr(native, "init_pin", lambda *_: pytest.fail("a PUK code was sent"))
    with pytest.raises(PukLockedError):
        unblock(token)
    assert signature(token).code is CodeState.OK


def test_the_officer_is_logged_out_again(token: Pkcs11Token) -> None:
    """Whether the code was changed or not: the holder opens the token next."""
    for puk in (b"00000000", tokens.SECURITY_OFFICER.encode()):
        try:
            unblock(token, puk)
        except PukIncorrectError:
            token.log_in(signature(token).id, Code(bytearray(tokens.CODES[tokens.SIGNATURE_LABEL], "ascii")))
    token.log_in(signature(token).id, Code(bytearray(NEW)))


def test_a_module_that_hangs_or_crashes_is_told_as_in_every_verb(
    troubled_card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is gone; a new one finds the code as it was."""
    for name, kind in (("TROUBLED_HANG", ModuleHungError), ("TROUBLED_CRASH", ModuleCrashedError)):
        with monkeypatch.context() as troubles, CardProcess(troubled_card, time_out=1.0) as process:
            process.wait()
            process.tokens()
            troubles.setenv(name, "C_InitPIN")
            process.renew()
            with pytest.raises(kind):
                unblock(process)
            troubles.delenv(name)
            process.renew()
            with pytest.raises(CodeIncorrectError):
                process.log_in(signature(process).id, Code(bytearray(NEW)))


def test_a_pulled_card_is_a_bare_error(token: Pkcs11Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in every verb: whoever asks looks afterwards whether the card is there."""
    known = signature(token).id
    pulled = tmp_path / "pulled"
    monkeypatch.setenv("TROUBLED_PULLED", str(pulled))
    pulled.touch()
    with pytest.raises((CardRemovedError, ModuleRefusedError)):
        token.unblock(known, Code(bytearray(b"12345678")), Code(bytearray(NEW)))
