"""The demo's card looks like a real old one: seen through OpenSC's and openssl's eyes, not through our own."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sithsup.card.modules import find_module
from sithsup.certificate import HSA_ID, Certificate
from sithsup.demo.card import CONFIGURATION_VARIABLE, Workshop
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.kinds import FILLINGS, Kind, key_for
from sithsup.demo.people import CARD_NUMBER_PREFIX, PEOPLE, new_card_number
from sithsup.demo.profiles import PROFILES
from sithsup.demo.start import SOFTHSM_PLACES
from sithsup.model import KeyRole
from tests.demo.tools import Listed, Pkcs11Tool, certificate_text, verifies

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.demo.issuing import DemoCard
    from sithsup.demo.profiles import Holder

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

NOW = datetime(2030, 6, 1, 12, tzinfo=UTC)
AUTHENTICATION, SIGNATURE, ONE = "TEST SITHS kort (legitimering)", "TEST SITHS kort (underskrift)", "TEST SITHS kort"
INERA, TELIA = "Testa Åkesson-Öberg, Inera AB", "Testa Åkesson-Öberg, TEST Telia"


class Made(NamedTuple):
    """A card, and a tool to look at it."""

    card: DemoCard
    tool: Pkcs11Tool
    folder: Path

    def code(self, token: str) -> str:
        """The code that opens a token; none where none does."""
        is_second = "underskrift" in token
        return "" if is_second and len(self.card.codes) == 1 else self.card.codes[-1 if is_second else 0]


@pytest.fixture(scope="module")
def hierarchy(tmp_path_factory: pytest.TempPathFactory) -> Hierarchy:
    """Give authorities with RSA keys, as the real ones have."""
    return Hierarchy.make(tmp_path_factory.mktemp("ca"), lambda: NOW, "http://127.0.0.1:9999")


@pytest.fixture(scope="module")
def make(hierarchy: Hierarchy, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Kind], Made]:
    """Give a function that makes a card of some kind, the same one each time it is asked."""
    made: dict[Kind, Made] = {}

    def get(kind: Kind) -> Made:
        if kind not in made:
            module, folder = Path(find_module(None, SOFTHSM_PLACES)), tmp_path_factory.mktemp("a card")
            with Workshop(folder / "card", module) as workshop:
                blank = workshop.blank_card(kind)
                card = workshop.personalize(blank, new_card_number(), PEOPLE[0], hierarchy, NOW)
            made[kind] = Made(card, Pkcs11Tool(module, workshop.environment[CONFIGURATION_VARIABLE]), folder)
        return made[kind]

    return get


LISTINGS = {
    # what pkcs11-tool lists: token, class, id, label, how many
    Kind.ORDINARY: """
        legitimering  Certificate  IdentificationC           Inera   1
        legitimering  Certificate  IdentificationC           Telia   1
        legitimering  Certificate  TEST SITHS Type 1 CA v1   itself  1
        legitimering  Private Key  IdentificationC           Legitimering  1
        legitimering  Public Key   IdentificationC           Legitimering  1
        underskrift   Certificate  SignatureC                Inera   1
        underskrift   Certificate  SignatureC                Telia   1
        underskrift   Private Key  SignatureC                Underskrift   1
        underskrift   Public Key   SignatureC                Underskrift   1
    """,
    Kind.ONE_PIN: """
        kort          Certificate  IdentificationC           Inera   1
        kort          Certificate  IdentificationC           Telia   1
        kort          Certificate  SignatureC                Inera   1
        kort          Certificate  SignatureC                Telia   1
        kort          Certificate  TEST SITHS Type 1 CA v1   itself  1
        kort          Private Key  IdentificationC           Legitimering  1
        kort          Private Key  SignatureC                Underskrift   1
        kort          Public Key   IdentificationC           Legitimering  1
        kort          Public Key   SignatureC                Underskrift   1
    """,
    Kind.UPGRADED: """
        legitimering  Certificate  IdentificationC           Telia   1
        legitimering  Certificate  IdentificationC3          Inera   2
        legitimering  Certificate  TEST SITHS Type 1 CA v1   itself  1
        legitimering  Private Key  IdentificationC           Legitimering  1
        legitimering  Private Key  IdentificationC3          Legitimering SITHS e-id  1
        legitimering  Public Key   IdentificationC           Legitimering  1
        legitimering  Public Key   IdentificationC3          Legitimering SITHS e-id  1
        underskrift   Certificate  SignatureC                Telia   1
        underskrift   Certificate  SignatureC3               Inera   2
        underskrift   Private Key  SignatureC                Underskrift   1
        underskrift   Private Key  SignatureC3               Underskrift SITHS e-id   1
        underskrift   Public Key   SignatureC                Underskrift   1
        underskrift   Public Key   SignatureC3               Underskrift SITHS e-id   1
    """,
    Kind.SPARE: """
        legitimering  Certificate  IdentificationC           Inera   1
        legitimering  Certificate  TEST SITHS e-id Person HSA-id 2 CA v1   itself  1
        legitimering  Private Key  IdentificationC           Legitimering  1
        legitimering  Public Key   IdentificationC           Legitimering  1
        underskrift   Certificate  SignatureC                Inera   1
        underskrift   Private Key  SignatureC                Underskrift   1
        underskrift   Public Key   SignatureC                Underskrift   1
    """,
    Kind.FOREIGN: """
        legitimering  Certificate  IdentificationC           Telia   1
        legitimering  Certificate  TEST Telia e-legitimation HW CA v1   itself  1
        legitimering  Private Key  IdentificationC           Legitimering  1
        legitimering  Public Key   IdentificationC           Legitimering  1
        underskrift   Certificate  SignatureC                Telia   1
        underskrift   Private Key  SignatureC                Underskrift   1
        underskrift   Public Key   SignatureC                Underskrift   1
    """,
    Kind.BRIMMING: """
        legitimering  Certificate  IdentificationC           Inera   5
        legitimering  Certificate  IdentificationC           Telia   5
        legitimering  Certificate  TEST SITHS Type 1 CA v1   itself  1
        legitimering  Certificate  TEST SITHS Root CA v1     itself  1
        legitimering  Certificate  TEST Telia e-legitimation HW CA v1     itself  1
        legitimering  Certificate  TEST SITHS e-id Root CA v2     itself  1
        legitimering  Certificate  TEST SITHS e-id Person HSA-id 3 CA v1     itself  1
        legitimering  Certificate  TEST SITHS e-id Person ID 3 CA v1     itself  1
        legitimering  Private Key  IdentificationC           Legitimering  1
        legitimering  Public Key   IdentificationC           Legitimering  1
        underskrift   Certificate  SignatureC                Inera   5
        underskrift   Certificate  SignatureC                Telia   5
        underskrift   Private Key  SignatureC                Underskrift   1
        underskrift   Public Key   SignatureC                Underskrift   1
    """,
}
LISTINGS[Kind.ORDINARY_WITH_TELIA] = """
        legitimering  Certificate  IdentificationC           Inera   1
        legitimering  Certificate  IdentificationT           Telia   1
        legitimering  Certificate  TEST SITHS Type 1 CA v1   itself  1
        legitimering  Certificate  TEST Telia e-legitimation HW CA v1   itself  1
        legitimering  Private Key  IdentificationC           Legitimering  1
        legitimering  Private Key  IdentificationT           Legitimering Telia  1
        legitimering  Public Key   IdentificationC           Legitimering  1
        legitimering  Public Key   IdentificationT           Legitimering Telia  1
        underskrift   Certificate  SignatureC                Inera   1
        underskrift   Certificate  SignatureT                Telia   1
        underskrift   Private Key  SignatureC                Underskrift   1
        underskrift   Private Key  SignatureT                Underskrift Telia   1
        underskrift   Public Key   SignatureC                Underskrift   1
        underskrift   Public Key   SignatureT                Underskrift Telia   1
"""
LISTINGS[Kind.FACTORY_NEW] = """
        legitimering  Certificate  IdentificationC3          Inera   2
        legitimering  Certificate  TEST SITHS e-id Root CA v2   itself  1
        legitimering  Private Key  IdentificationC3          Legitimering SITHS e-id  1
        legitimering  Public Key   IdentificationC3          Legitimering SITHS e-id  1
        underskrift   Certificate  SignatureC3               Inera   2
        underskrift   Private Key  SignatureC3               Underskrift SITHS e-id   1
        underskrift   Public Key   SignatureC3               Underskrift SITHS e-id   1
"""
LISTINGS[Kind.FOREIGN_WITH_SITHS] = """
        legitimering  Certificate  IdentificationC           Inera   1
        underskrift   Certificate  SignatureC                Inera   1
""" + LISTINGS[Kind.FOREIGN].lstrip("\n")
LISTINGS[Kind.EXPIRED] = LISTINGS[Kind.PROTECTED] = LISTINGS[Kind.ORDINARY]
LISTINGS[Kind.NO_SIGN_CODE] = re.sub(r"\n *underskrift +Private Key.*", "", LISTINGS[Kind.ORDINARY])
TOKENS = {"legitimering": AUTHENTICATION, "underskrift": SIGNATURE, "kort": ONE}


def expected(kind: Kind) -> dict[str, Counter[Listed]]:
    """Read a listing above."""
    found: dict[str, Counter[Listed]] = {}
    for line in LISTINGS[kind].strip().splitlines():
        token, what, key_id, label, count = re.split(r"  +", line.strip())
        label = {"Inera": INERA, "Telia": TELIA, "itself": key_id}.get(label, label)
        place = TOKENS[token].replace("TEST SITHS kort", FILLINGS[kind].name)
        found.setdefault(place, Counter())[Listed(what, key_id.encode(), label)] += int(count)
    return found


@pytest.mark.parametrize("kind", Kind)
def test_opensc_lists_what_a_card_of_its_kind_carries(kind: Kind, make: Callable[[Kind], Made]) -> None:
    """Tokens, classes, text ids, labels with Swedish letters, and how many of each: no more and no less."""
    made, listing = make(kind), expected(kind)
    assert made.tool.tokens() == sorted(listing)
    assert {token: made.tool.objects(token, made.code(token)) for token in listing} == listing


def test_keys_were_made_on_the_card_and_never_leave_it(make: Callable[[Kind], Made]) -> None:
    """OpenSC says of each private key: sensitive from the first moment, not extractable, made here."""
    made = make(Kind.ORDINARY)
    for token in (AUTHENTICATION, SIGNATURE):
        access = re.findall(r"Access: +(.*)", made.tool.listing(token, made.code(token)))
        assert "sensitive, always sensitive, never extractable, local" in [words.strip() for words in access]


def test_token_labels_are_filled_up_with_blanks(make: Callable[[Kind], Made]) -> None:
    """A label is 32 bytes with blanks at its end (PKCS #11, CK_TOKEN_INFO), not with NULs."""
    files = list((make(Kind.ORDINARY).folder / "card" / "tokens").glob("*/token.object"))
    labels = {label for file in files for label in re.findall(rb"TEST SITHS kort [^\0]+", file.read_bytes())}
    assert {label[:32] for label in labels} == {AUTHENTICATION.ljust(32).encode(), SIGNATURE.ljust(32).encode()}


def test_tokens_have_different_serial_numbers(make: Callable[[Kind], Made]) -> None:
    """SoftHSM2 aborts when two tokens share the last eight digits."""
    first, second = make(Kind.ORDINARY).tool.serials()
    assert first[-8:] != second[-8:]


@pytest.mark.parametrize("kind", [Kind.ORDINARY, Kind.ONE_PIN, Kind.UPGRADED])
def test_each_key_signs_under_each_of_its_certificates(kind: Kind, make: Callable[[Kind], Made]) -> None:
    """Old and Telia-like certificates are for the same key: one signature verifies under both."""
    made = make(kind)
    message = made.folder / "message"
    message.write_text("Testa Åkesson-Öberg finns inte.")
    for name, der in made.card.certificates:
        role = PROFILES[name].role
        token = ONE if kind is Kind.ONE_PIN else AUTHENTICATION if role is KeyRole.AUTHENTICATION else SIGNATURE
        made.tool.sign(token, made.code(token), key_for(PROFILES[name], kind).key_id, message)
        assert verifies(der, message, made.folder), name


def test_old_and_telia_like_certificates_share_two_keys(make: Callable[[Kind], Made]) -> None:
    """So no old key may be destroyed just because its SITHS certificate went."""
    parsed = {name: Certificate.parse(der) for name, der in make(Kind.ORDINARY).card.certificates}
    for role in ("authentication", "signature"):
        assert parsed[f"old-{role}"].public_key == parsed[f"telia-{role}"].public_key
    assert parsed["old-authentication"].public_key != parsed["old-signature"].public_key


def test_an_upgraded_card_has_its_new_certificates_on_new_keys(make: Callable[[Kind], Made]) -> None:
    """Two for each new key, none of the old issuer, and the Telia-like pair still on the old keys."""
    parsed = [Certificate.parse(der) for _, der in make(Kind.UPGRADED).card.certificates]
    assert Counter(c.issuer_common_name for c in parsed) == {
        "TEST SITHS e-id Person HSA-id 3 CA v1": 2,
        "TEST SITHS e-id Person ID 3 CA v1": 2,
        "TEST Telia e-legitimation HW CA v1": 2,
    }
    assert Counter(Counter(c.public_key for c in parsed).values()) == {2: 2, 1: 2}


def test_an_old_certificate_has_the_shape_of_a_real_one(make: Callable[[Kind], Made]) -> None:
    """By openssl: SHA-1, subject in the real order, usage, card number, about 1.7 kB."""
    made = make(Kind.ORDINARY)
    certificates = dict(made.card.certificates)
    text = certificate_text(certificates["old-signature"])
    for fact in (
        "Signature Algorithm: sha1WithRSAEncryption",
        "Issuer: C=SE, O=Inera AB, CN=TEST SITHS Type 1 CA v1",
        "Subject: C=SE, L=TEST Låtsas län, O=TEST Påhittade regionen, CN=Testa Åkesson-Öberg, SN=Åkesson-Öberg, GN=T",
        "GN=Testa, serialNumber=TSTNMT2321000156-TA01\n",
        "Public-Key: (2048 bit)",
        "Exponent: 65537",
    ):
        assert fact in text
    assert re.search(r"X509v3 Key Usage: critical\s+Non Repudiation\n", text)
    assert re.search(rf"1\.2\.752\.34\.2\.1: \s+\.\.{made.card.number}\n", text)
    assert "Extended Key Usage" not in text
    sizes = [len(der) for name, der in made.card.certificates if name.startswith("old-")]
    assert all(1400 <= size <= 1900 for size in sizes), sizes


def test_an_old_authentication_certificate_is_for_log_in_and_mail(make: Callable[[Kind], Made]) -> None:
    """By openssl: its key signs and enciphers, for web, Windows and e-mail."""
    text = certificate_text(dict(make(Kind.ORDINARY).card.certificates)["old-authentication"])
    assert re.search(r"X509v3 Key Usage: critical\s+Digital Signature, Key Encipherment\n", text)
    assert "TLS Web Client Authentication, Microsoft Smartcard Login, E-mail Protection" in text


def test_a_telia_like_certificate_names_a_person_and_no_employer(make: Callable[[Kind], Made]) -> None:
    """By openssl: the personal identity number, and nothing of SITHS in issuer or subject."""
    text = certificate_text(dict(make(Kind.ORDINARY).card.certificates)["telia-authentication"])
    assert f"serialNumber={PEOPLE[0].personal_number}" in text
    names = re.findall(r"(?:Issuer|Subject): .*", text)
    assert not any("SITHS" in name or PEOPLE[0].organization in name for name in names)


@pytest.mark.parametrize("kind", Kind)
def test_validity_belongs_to_the_kind(kind: Kind, make: Callable[[Kind], Made]) -> None:
    """Only an expired card has nothing that is valid now; a brimming one has expired sets beside the valid one."""
    parsed = [Certificate.parse(der) for _, der in make(kind).card.certificates]
    valid = [c for c in parsed if c.not_before <= NOW < c.not_after]
    filling = FILLINGS[kind]
    assert len(valid) == (0 if kind is Kind.EXPIRED else len(filling.profiles))
    assert len(parsed) == len(filling.profiles) * (filling.renewals + 1)
    assert all(c.not_after < NOW for c in parsed if c not in valid)


@pytest.mark.parametrize("kind", Kind)
def test_all_certificates_of_a_card_carry_its_number(kind: Kind, make: Callable[[Kind], Made]) -> None:
    """Nineteen digits with an invented prefix, the same in every SITHS certificate."""
    card = make(kind).card
    parsed = [Certificate.parse(der) for _, der in card.certificates]
    assert re.fullmatch(rf"{CARD_NUMBER_PREFIX}\d{{12}}", card.number)
    assert {c.card_number for c in parsed if c.issuer_organization == "Inera AB"} <= {card.number}


def test_codes_are_six_digits_and_differ(make: Callable[[Kind], Made]) -> None:
    """One for each token; no code opens the other token."""
    first, second = make(Kind.ORDINARY).card.codes
    assert re.fullmatch(r"\d{6}", first)
    assert re.fullmatch(r"\d{6}", second)
    assert first != second
    assert len(make(Kind.ONE_PIN).card.codes) == 1


def test_several_cards_may_lie_beside_each_other(hierarchy: Hierarchy, tmp_path: Path) -> None:
    """Tokens of the same label are told apart by serial number: each card gets its own keys and certificates."""
    module = Path(find_module(None, SOFTHSM_PLACES))
    with Workshop(tmp_path / "cards", module) as workshop:
        blanks = [workshop.blank_card(Kind.ORDINARY) for _ in PEOPLE]
        cards = [
            workshop.personalize(blank, new_card_number(), person, hierarchy, NOW)
            for blank, person in zip(blanks, PEOPLE, strict=True)
        ]
    tool = Pkcs11Tool(module, workshop.environment[CONFIGURATION_VARIABLE])
    assert tool.tokens() == sorted([AUTHENTICATION, SIGNATURE] * len(PEOPLE))
    assert len(set(tool.serials())) == 2 * len(PEOPLE)
    keys = {Certificate.parse(der).public_key for card in cards for _, der in card.certificates}
    assert len(keys) == 2 * len(PEOPLE)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.surname)
def test_nobody_in_the_demo_exists(person: Holder) -> None:
    """Personal identity numbers have the form kept for tests, with a right check digit; HSA-ids the test prefix."""
    assert HSA_ID.fullmatch(person.hsa_id)
    assert person.hsa_id.startswith("TSTNMT")
    number = person.personal_number
    assert datetime.strptime(number[:8], "%Y%m%d").replace(tzinfo=UTC) < NOW - timedelta(days=120 * 365)
    assert 980 <= int(number[8:11]) <= 999
    digits = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(number[2:])]
    assert sum(sum(divmod(digit, 10)) for digit in digits) % 10 == 0
