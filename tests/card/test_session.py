"""A card as the upgrade uses it, on simulated cards."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from sithsup.card.pin import Code
from sithsup.card.session import PRESENCE_LOOKS, Card, choose_card, find_cards
from sithsup.errors import (
    CardChoiceError,
    CardRemovedError,
    CodeIncorrectError,
    CodeLengthError,
    CodeLockedError,
    CodeNeededError,
    ModuleRefusedError,
    NoCardError,
    NoReaderError,
    NotSupportedError,
    ObjectGoneError,
    OtherCardError,
)
from sithsup.model import CardContents, KeyAlgorithm, KeyRole, ObjectKind, TokenInfo
from sithsup.sim.card import Desk, SimulatedCard, StoredObject, StoredToken, code_digest
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, When
from sithsup.sim.keys import derived_key, public_half, verifies
from sithsup.sim.token import SimulatedToken
from tests.contract import tokens

AUTHENTICATION, SIGNATURE = KeyRole.AUTHENTICATION, KeyRole.SIGNATURE
CODES = {AUTHENTICATION: b"111111", SIGNATURE: b"222222"}
LABELS = {AUTHENTICATION: "SIM kort (legitimering)", SIGNATURE: "SIM kort (underskrift)"}
SECRETS = {role: derived_key(KeyAlgorithm.P_256, role) for role in KeyRole}
KEYS = {role: public_half(secret) for role, secret in SECRETS.items()}
NUMBER, OTHER_NUMBER = tokens.CARD_NUMBER, "9752260000000000000"


@dataclass
class Person:
    """Knows the codes, and counts how often each is asked for."""

    codes: dict[KeyRole, bytes | None] = field(default_factory=lambda: dict(CODES))
    asked: list[str] = field(default_factory=list)
    given: list[Code] = field(default_factory=list)

    def code(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        (role,) = roles
        self.asked.append(f"{role} {token.code}")
        digits = self.codes[role]
        if digits is None:
            return None
        self.given.append(Code(bytearray(digits)))
        return self.given[-1]


def stored(role: KeyRole, secret: bytes, number: str, **options: bool) -> StoredToken:
    der = tokens.certificate(public_half(secret), number=number)
    return StoredToken(
        label=LABELS[role],
        code_digest=code_digest(CODES[role]),
        objects=[
            StoredObject(kind=ObjectKind.PRIVATE_KEY, key_id=b"old", label="old", secret=secret),
            StoredObject(kind=ObjectKind.CERTIFICATE, key_id=b"old", label="old", value=der),
        ],
        **options,
    )


def simulated_card(
    number: str = NUMBER, serial: str = "1", reader: str = "SIM reader", name: str = "", **options: bool
) -> SimulatedCard:
    secrets = {role: derived_key(KeyAlgorithm.P_256, name + role) for role in KeyRole}
    card_tokens = [stored(role, secrets[role], number, **options) for role in reversed(KeyRole)]
    return SimulatedCard(serial=serial, reader=reader, tokens=card_tokens)


def begin(*cards: SimulatedCard, script: Faults | None = None) -> tuple[SimulatedToken, Card, Person]:
    """A desk with one card to work on, the session with it, and the person who holds it."""
    module = SimulatedToken(Desk(cards=list(cards or (simulated_card(),))))
    (contents, *_) = find_cards(module)
    person = Person()
    module.restart(script)
    return module, Card(module, contents, person, pause=lambda _: None), person


def fault(verb: str, failure: Failure, when: When = When.BEFORE, at: int = 1) -> Faults:
    return Faults(Fault(Mishap(failure, when), at, frozenset({verb})))


class TestLogIn:
    def test_each_code_is_asked_for_once_in_the_order_of_roles(self) -> None:
        """Authentication first, whatever the order of slots; every code is wiped."""
        _, card, person = begin()
        card.log_in()
        assert person.asked == ["authentication ok", "signature ok"]
        assert all(len(code) == 0 for code in person.given)
        assert {pair.public_key for pair in card.contents.key_pairs if pair.usable} == set(KEYS.values())

    def test_an_open_card_is_not_asked_for_again(self) -> None:
        """A second log-in asks nobody."""
        _, card, person = begin()
        card.log_in()
        card.log_in()
        assert len(person.asked) == 2

    def test_after_a_reinsert_the_codes_are_asked_for_anew(self) -> None:
        """Nothing kept them, and no layer sends them again."""
        module, card, person = begin()
        card.log_in()
        module.pull()
        with pytest.raises(CardRemovedError):
            card.refresh()
        module.insert()
        card.log_in()
        assert len(person.asked) == 4

    def test_a_token_that_another_program_closed_is_not_open(self) -> None:
        """It shows no private key any more; that does not mean that it has none."""
        module, card, _ = begin()
        card.log_in()
        opened = [token.info.id for token in card.contents.tokens]
        assert all(card.is_open(token) for token in opened)
        module.log_out(opened[0])
        card.refresh()
        assert [card.is_open(token) for token in opened] == [False, True]

    def test_a_locked_code_is_told_before_anything_is_asked(self) -> None:
        """Also when it is the second code that is locked."""
        module, card, person = begin()
        module.desk.cards[0].tokens[0].tries = 0
        with pytest.raises(CodeLockedError) as caught:
            card.log_in()
        assert caught.value.values["role"] == "signature"
        assert caught.value.why
        assert person.asked == []

    def test_the_person_sees_the_state_of_the_code(self) -> None:
        """A last try is for the source to refuse, so it must see it."""
        module, card, person = begin()
        module.desk.cards[0].tokens[0].tries = 1
        card.log_in()
        assert person.asked == ["authentication ok", "signature final-try"]

    def test_whoever_does_not_want_to_go_on_is_not_pressed(self) -> None:
        """None from the source is an error that names the role; no code was sent."""
        module, card, person = begin()
        person.codes[AUTHENTICATION] = None
        with pytest.raises(CodeNeededError) as caught:
            card.log_in()
        assert caught.value.values["role"] == "authentication"
        assert "log_in" not in module.faults.calls

    def test_a_key_that_is_made_on_a_closed_token(self) -> None:
        """The module names the token by its label; the error says what the code is for."""
        _, card, _ = begin()
        for role in KeyRole:
            with pytest.raises(CodeNeededError) as caught:
                card.generate_key_pair(role, KeyAlgorithm.P_256, b"new", "new")
            assert caught.value.values["role"] == role.value

    def test_a_wrong_code_is_sent_once(self) -> None:
        """It is told with its role, it costs one try, and the next log-in asks for that one only."""
        module, card, person = begin()
        person.codes[SIGNATURE] = b"000000"
        with pytest.raises(CodeIncorrectError) as caught:
            card.log_in()
        assert caught.value.values["role"] == "signature"
        assert module.faults.calls.count("log_in") == 2
        person.codes[SIGNATURE] = CODES[SIGNATURE]
        card.log_in()
        assert person.asked[2:] == ["signature count-low"]

    @pytest.mark.parametrize("code", [b"12", b"123456789"])
    def test_a_code_of_a_length_that_none_has_costs_no_try(self, code: bytes) -> None:
        """By the token's own word; it is told as a wrong one, is not sent, and is wiped."""
        module, card, person = begin()
        person.codes[AUTHENTICATION] = code
        with pytest.raises(CodeLengthError) as caught:
            card.log_in()
        assert caught.value.code == CodeIncorrectError.code
        assert caught.value.why.startswith("It is too short or too long to be the code for authentication.")
        assert "log_in" not in module.faults.calls
        assert [len(given) for given in person.given] == [0]
        person.codes = dict(CODES)
        card.log_in()
        assert person.asked[1] == "authentication ok"

    def test_a_pin_pad_asks_by_itself(self) -> None:
        """Nobody is asked for a code."""
        _, card, person = begin(simulated_card(pin_pad=True))
        card.log_in()
        assert person.asked == []
        assert card.contents.key_pair(KEYS[SIGNATURE])


class TestSameCard:
    @pytest.mark.parametrize(
        "stranger",
        [
            simulated_card(number=OTHER_NUMBER, name="stranger "),
            simulated_card(number=OTHER_NUMBER),
            simulated_card(name="stranger "),
            simulated_card(serial="2", name="stranger "),
        ],
        ids=["number and keys", "number", "keys", "serial"],
    )
    def test_no_code_goes_to_another_card(self, stranger: SimulatedCard) -> None:
        """Serial, card number and a known public key: whichever is another, nobody is asked and nothing is sent."""
        module, card, person = begin()
        module.desk.cards[0] = stranger
        with pytest.raises(OtherCardError):
            card.log_in()
        assert person.asked == []
        assert "log_in" not in module.faults.calls

    def test_an_empty_reader_is_not_another_card(self) -> None:
        """A card that is gone is a removed one."""
        module, card, person = begin()
        module.pull()
        with pytest.raises(CardRemovedError):
            card.log_in()
        assert person.asked == []

    def test_a_card_changes_and_stays_the_same(self) -> None:
        """New certificates are learned, so that it is still known when the old ones are gone."""
        _, card, _ = begin()
        card.log_in()
        for role in KeyRole:
            card.generate_key_pair(role, KeyAlgorithm.P_256, f"new {role}".encode(), "new")
            key = next(p for p in card.contents.key_pairs if p.key_id == f"new {role}".encode())
            card.write_certificate(role, tokens.certificate(key.public_key), key.key_id, "new")
        for old in card.contents.certificates:
            if old.found.key_id == b"old":
                card.destroy(old.found)
        assert {c.found.label for c in card.refresh().certificates} == {"new"}


class TestReading:
    def test_only_what_was_touched_is_read_again(self) -> None:
        """One token for one act, none for none, all for a refresh."""
        module, card, _ = begin()
        card.log_in()
        before = card.contents
        module.faults = Faults()
        card.rename(before.certificates[0].found, b"old", "renamed")
        assert card.contents.certificates[0].found.label == "renamed"
        assert card.contents is card.contents
        assert module.faults.calls.count("objects") == 1
        card.refresh()
        assert module.faults.calls.count("objects") == 3

    def test_after_an_error_all_is_read_again(self) -> None:
        """The answer of a write may be lost although it was done: the next look sees it."""
        _, card, _ = begin(script=fault("generate_key_pair", Failure.CARD_REFUSED, When.AFTER))
        card.log_in()
        with pytest.raises(ModuleRefusedError):
            card.generate_key_pair(AUTHENTICATION, KeyAlgorithm.P_256, b"new", "new")
        assert any(pair.key_id == b"new" and pair.usable for pair in card.contents.key_pairs)

    def test_after_an_error_no_token_is_believed(self) -> None:
        """Not even after an act that touches nothing: all tokens are read again."""
        module, card, _ = begin(script=fault("sign", Failure.CARD_REFUSED))
        card.log_in()
        assert card.contents is card.contents
        with pytest.raises(ModuleRefusedError):
            card.sign(KEYS[SIGNATURE], b"data")
        before = module.faults.calls.count("objects")
        assert card.contents is card.contents
        assert module.faults.calls.count("objects") == before + 2


class TestActs:
    def test_signing_finds_the_key_by_its_public_key(self) -> None:
        """On whichever token it is; an unknown one is gone."""
        _, card, _ = begin()
        card.log_in()
        for key in KEYS.values():
            assert verifies(key, card.sign(key, b"data"), b"data")
        with pytest.raises(ObjectGoneError):
            card.sign(public_half(derived_key(KeyAlgorithm.P_256, "nobody's")), b"data")

    def test_a_key_that_wants_its_code_each_time_gets_it(self) -> None:
        """Asked for anew for each signature, and never when the card was swapped or the code is locked."""
        module, card, person = begin(simulated_card(always_authenticate=True))
        card.log_in()
        for _ in range(2):
            assert verifies(KEYS[SIGNATURE], card.sign(KEYS[SIGNATURE], b"data"), b"data")
        assert person.asked[2:] == ["signature ok", "signature ok"]
        module.desk.cards[0].tokens[0].tries = 0
        with pytest.raises(CodeLockedError):
            card.sign(KEYS[SIGNATURE], b"data")
        module.desk.cards[0] = simulated_card(number=OTHER_NUMBER, always_authenticate=True)
        with pytest.raises(OtherCardError):
            card.sign(KEYS[SIGNATURE], b"data")
        assert len(person.asked) == 4
        assert all(len(code) == 0 for code in person.given)

    def test_a_key_that_wants_its_code_each_time_is_refused_without(self) -> None:
        """Whoever gives no code gets no signature; a wrong one is told with its role."""
        _, card, person = begin(simulated_card(always_authenticate=True))
        card.log_in()
        person.codes[SIGNATURE] = None
        with pytest.raises(CodeNeededError):
            card.sign(KEYS[SIGNATURE], b"data")
        person.codes[SIGNATURE] = b"000000"
        with pytest.raises(CodeIncorrectError) as caught:
            card.sign(KEYS[SIGNATURE], b"data")
        assert caught.value.values["role"] == "signature"

    def test_a_pin_pad_asks_for_each_signature_by_itself(self) -> None:
        """Nobody else is asked."""
        _, card, person = begin(simulated_card(always_authenticate=True, pin_pad=True))
        card.log_in()
        assert verifies(KEYS[SIGNATURE], card.sign(KEYS[SIGNATURE], b"data"), b"data")
        assert person.asked == []

    def test_a_card_without_a_role_is_told_so(self) -> None:
        """No key is generated on a token of another role."""
        module = SimulatedToken(Desk(cards=[simulated_card()]))
        del module.desk.cards[0].tokens[0]  # the signature's
        (contents,) = find_cards(module)
        with pytest.raises(NotSupportedError):
            Card(module, contents, Person()).generate_key_pair(SIGNATURE, KeyAlgorithm.P_256, b"k", "k")


class TestPull:
    @pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
    def test_a_bare_refusal_of_a_pulled_card_is_a_removal(self, when: When) -> None:
        """The module says CKR_GENERAL_ERROR; the card is gone; so that is what is said, with the first word kept."""
        _, card, _ = begin(script=fault("generate_key_pair", Failure.CARD_PULLED, when))
        card.log_in()
        with pytest.raises(CardRemovedError, match="CKR_GENERAL_ERROR"):
            card.generate_key_pair(AUTHENTICATION, KeyAlgorithm.P_256, b"new", "new")

    def test_a_card_that_is_still_listed_for_a_moment(self) -> None:
        """Readers are looked at every half second, so one look is not enough."""
        module, card, _ = begin(script=fault("sign", Failure.CARD_REFUSED))
        pauses: list[float] = []

        def pull_later(seconds: float) -> None:
            pauses.append(seconds)
            if sum(pauses) > 0.5:
                module.pull()

        card._pause = pull_later
        card.log_in()
        with pytest.raises(CardRemovedError):
            card.sign(KEYS[AUTHENTICATION], b"data")

    def test_a_refusal_of_a_card_that_stays_is_a_refusal(self) -> None:
        """It is looked for during a second, no longer."""
        _, card, _ = begin(script=fault("sign", Failure.CARD_REFUSED))
        pauses: list[float] = []
        card._pause = pauses.append
        card.log_in()
        with pytest.raises(ModuleRefusedError):
            card.sign(KEYS[AUTHENTICATION], b"data")
        assert len(pauses) == PRESENCE_LOOKS - 1
        assert sum(pauses) == pytest.approx(0.9)

    def test_a_module_that_cannot_tell_leaves_the_first_error(self) -> None:
        """What is not known is not claimed."""
        once = Mishap(Failure.CARD_REFUSED)
        script = Faults(Fault(once, 1, frozenset({"sign"})), Fault(once, 3, frozenset({"tokens"})))
        module, card, _ = begin(script=script)
        card.log_in()
        key = card.contents.certificates[0].certificate.public_key
        with pytest.raises(ModuleRefusedError):
            card.sign(key, b"data")
        assert module.faults.calls[-2:] == ["sign", "tokens"]


class TestFinding:
    def test_every_card_in_every_reader(self) -> None:
        """Two tokens are one card; two cards are two."""
        desk = Desk(cards=[simulated_card(), simulated_card(OTHER_NUMBER, "2", "Second", "other ")])
        found = find_cards(SimulatedToken(desk))
        assert [(card.number, card.reader, len(card.tokens)) for card in found] == [
            (NUMBER, "SIM reader", 2),
            (OTHER_NUMBER, "Second", 2),
        ]

    def test_no_reader(self) -> None:
        """Is told apart from an empty one."""
        with pytest.raises(NoReaderError):
            find_cards(SimulatedToken(Desk(cards=[])))
        assert find_cards(SimulatedToken(Desk(cards=[], readers=["Empty"]))) == ()

    def test_a_card_that_goes_meanwhile_does_not_hide_the_others(self) -> None:
        """It is left out."""
        first, second = simulated_card(), simulated_card(OTHER_NUMBER, "2", "Second", "other ")
        module = GoesMeanwhile(Desk(cards=[first, second]))
        assert [card.number for card in find_cards(module)] == [OTHER_NUMBER]


class GoesMeanwhile(SimulatedToken):
    """A desk whose first card is pulled as soon as it was listed."""

    def tokens(self) -> tuple[TokenInfo, ...]:
        listed = super().tokens()
        self.desk.cards[0].present = False
        return listed


class TestChoosing:
    def cards(self, *numbers: str) -> tuple[CardContents, ...]:
        desk = [
            simulated_card(number, str(place), f"ACME Reader {place}", f"{place} ")
            for place, number in enumerate(numbers)
        ]
        return find_cards(SimulatedToken(Desk(cards=desk, readers=["Empty"])))

    def test_the_only_one(self) -> None:
        """Needs no choice."""
        (card,) = cards = self.cards(NUMBER)
        assert choose_card(cards, reader=None, number=None) is card

    def test_none(self) -> None:
        """Says that there is no card."""
        with pytest.raises(NoCardError):
            choose_card((), reader=None, number=None)

    def test_several_want_a_choice(self) -> None:
        """The error lists what there is to choose from."""
        with pytest.raises(CardChoiceError) as caught:
            choose_card(self.cards(NUMBER, OTHER_NUMBER), reader=None, number=None)
        for word in (NUMBER, OTHER_NUMBER, "ACME Reader 0", "ACME Reader 1"):
            assert word in caught.value.what

    @pytest.mark.parametrize(
        ("reader", "number", "chosen"),
        [("acme reader 1", None, 1), ("1", None, 1), (None, NUMBER, 0), ("ACME", OTHER_NUMBER, 1)],
    )
    def test_by_reader_or_number(self, reader: str | None, number: str | None, chosen: int) -> None:
        """Part of the reader's name is enough; the number must be whole."""
        cards = self.cards(NUMBER, OTHER_NUMBER)
        assert choose_card(cards, reader=reader, number=number) is cards[chosen]

    @pytest.mark.parametrize(
        ("reader", "number", "error"),
        [
            ("Empty", None, NoReaderError),
            (None, NUMBER[:-1], NoCardError),
            ("Reader 0", OTHER_NUMBER, NoCardError),
            ("ACME", None, CardChoiceError),
        ],
    )
    def test_what_is_not_there(self, reader: str | None, number: str | None, error: type[Exception]) -> None:
        """No other card is taken instead."""
        with pytest.raises(error):
            choose_card(self.cards(NUMBER, OTHER_NUMBER), reader=reader, number=number)
