"""What modules do that SoftHSM2 does not, seen through `Pkcs11Token`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from sithsup.card import native
from sithsup.card.contents import group_cards
from sithsup.card.pin import Code
from sithsup.card.pkcs11 import Pkcs11Token
from sithsup.card.session import find_cards
from sithsup.errors import CardFullError, CardRemovedError, CodeNeededError, ModuleRefusedError
from sithsup.model import KeyAlgorithm, ObjectKind, TokenId
from sithsup.sim.keys import verifies
from tests.contract import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.model import CardObject

DATA = b"data"


@pytest.fixture
def token(troubled_card: str) -> Iterator[Pkcs11Token]:
    token = Pkcs11Token(troubled_card)
    yield token
    token.close()


def opened(token: Pkcs11Token, label: str = tokens.AUTHENTICATION_LABEL) -> TokenId:
    found = next(info.id for info in token.tokens() if info.id.label == label)
    token.log_in(found, Code(bytearray(tokens.CODES[label], "ascii")))
    return found


class TestCodes:
    def test_an_open_token_is_not_sent_a_code(self, token: Pkcs11Token, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not every module refuses a second log-in before it tries the code."""
        card = opened(token)
        monkeypatch.setattr(native, "log_in", lambda *_: pytest.fail("a code was sent"))
        assert opened(token) == card


class TestPull:
    def test_a_reinserted_card_wants_its_code_anew(
        self, token: Pkcs11Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The old session is dead; the new one opens by itself, and is not logged in by itself."""
        card = opened(token)
        pulled = tmp_path / "pulled"
        monkeypatch.setenv("TROUBLED_PULLED", str(pulled))
        pulled.touch()
        assert token.tokens() == ()
        with pytest.raises(CardRemovedError):
            token.objects(card)
        pulled.unlink()
        assert token.objects(card) == ()
        with pytest.raises(CodeNeededError):
            token.generate_key_pair(card, KeyAlgorithm.P_256, b"k", "k")
        opened(token)
        token.generate_key_pair(card, KeyAlgorithm.P_256, b"k", "k")

    def test_a_card_that_is_pulled_in_a_call_is_a_bare_refusal(
        self, token: Pkcs11Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All that the module says is CKR_GENERAL_ERROR, and that is what is told: name and number."""
        card = opened(token)
        session = token._open(card)
        (tmp_path / "pulled").touch()
        monkeypatch.setenv("TROUBLED_PULLED", str(tmp_path / "pulled"))
        monkeypatch.setattr(token, "_open", lambda *_, **__: session)
        with pytest.raises(ModuleRefusedError) as caught:
            token.generate_key_pair(card, KeyAlgorithm.P_256, b"k", "k")
        assert caught.value.detail == "CKR_GENERAL_ERROR (0x5)"
        assert caught.value.why

    def test_a_listing_of_a_card_that_is_gone_is_not_believed(
        self, token: Pkcs11Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Modules list a pulled card from memory: what they cannot read then must not look absent."""
        card = opened(token)
        token.generate_key_pair(card, KeyAlgorithm.P_256, b"k", "k")
        monkeypatch.setenv("TROUBLED_PULLED", str(tmp_path / "pulled"))

        def read_too_late(*_: object) -> dict[object, bytes]:
            (tmp_path / "pulled").touch()
            return {}

        monkeypatch.setattr(token, "_attributes", read_too_late)
        with pytest.raises(CardRemovedError):
            token.objects(card)


class TestRsa:
    def test_a_private_key_without_its_exponent_is_still_told(
        self, token: Pkcs11Token, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The exponent is found on the public key object, or in a certificate of the same key; and it signs."""
        monkeypatch.setenv("TROUBLED_NO_EXPONENT", "1")
        card = opened(token)
        token.generate_key_pair(card, KeyAlgorithm.RSA_2048, b"r", "r")
        public = self.find(token, card, ObjectKind.PUBLIC_KEY)
        private = self.find(token, card, ObjectKind.PRIVATE_KEY)
        assert private.value == public.value
        token.write_certificate(card, tokens.certificate(public.value), b"r", "r")
        token.destroy(public)
        assert self.find(token, card, ObjectKind.PRIVATE_KEY) == private
        assert verifies(public.value, token.sign(private, DATA), DATA)

    def test_a_module_without_a_hashing_mechanism_gets_the_digest(
        self, token: Pkcs11Token, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """CKM_RSA_PKCS with a DigestInfo of ours makes the same signature."""
        card = opened(token)
        token.generate_key_pair(card, KeyAlgorithm.RSA_2048, b"r", "r")
        private = self.find(token, card, ObjectKind.PRIVATE_KEY)
        hashed_there = token.sign(private, DATA)
        monkeypatch.setenv("TROUBLED_NO_SHA256", "1")
        assert token.sign(private, DATA) == hashed_there

    def find(self, token: Pkcs11Token, card: TokenId, kind: ObjectKind) -> CardObject:
        return next(o for o in token.objects(card) if o.kind is kind)


class TestCards:
    def test_a_full_card_says_so(self, token: Pkcs11Token, monkeypatch: pytest.MonkeyPatch) -> None:
        """CKR_DEVICE_MEMORY is a full card, and final."""
        card = opened(token)
        monkeypatch.setenv("TROUBLED_FULL", "1")
        with pytest.raises(CardFullError) as caught:
            token.generate_key_pair(card, KeyAlgorithm.P_256, b"k", "k")
        assert caught.value.detail == "CKR_DEVICE_MEMORY (0x31)"

    def test_a_card_with_one_serial_is_one_card(self, token: Pkcs11Token, monkeypatch: pytest.MonkeyPatch) -> None:
        """As on a real card, two tokens share reader and serial; each is still found by its label."""
        monkeypatch.setenv("TROUBLED_ONE_CARD", "1")
        assert token.readers() == ("Troubled reader",)
        (card,) = find_cards(token)
        assert [t.info.id.label for t in card.tokens] == [tokens.AUTHENTICATION_LABEL, tokens.SIGNATURE_LABEL]
        opened(token, tokens.SIGNATURE_LABEL)

    def test_softhsm2_gives_each_token_its_own_serial(self, token: Pkcs11Token) -> None:
        """So they are one card by card number and label, once there are certificates."""
        assert len(find_cards(token)) == 2
        for label in tokens.CODES:
            card = opened(token, label)
            token.generate_key_pair(card, KeyAlgorithm.P_256, b"k", "k")
            public = next(o for o in token.objects(card) if o.kind is ObjectKind.PUBLIC_KEY)
            token.write_certificate(card, tokens.certificate(public.value), b"k", "k")
        (found,) = group_cards((info, token.objects(info.id)) for info in token.tokens())
        assert found.number == tokens.CARD_NUMBER
        assert len(found.key_pairs) == 2

    def test_nothing_is_logged(self, token: Pkcs11Token, caplog: pytest.LogCaptureFixture) -> None:
        """No record at all, at any level: what a card holds is for the caller to log."""
        with caplog.at_level(logging.DEBUG):
            card = opened(token)
            token.objects(card)
        assert not caplog.records
