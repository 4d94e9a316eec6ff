"""The page that unlocks a code and the pages around it, as values. The people are invented, the cards simulated."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sithsup.campaign import Codes, ContactData, Directory, Price, Text
from sithsup.card.session import find_cards
from sithsup.consent import Asked
from sithsup.contacts import NOT_SET_UP
from sithsup.eligibility import Finding, Severity
from sithsup.errors import CodeLockedError, Contact, PukIncorrectError, SithsupError, role_text
from sithsup.flow import Act, Facts, Flow, Page
from sithsup.model import CodeState, KeyRole, ModuleInfo
from sithsup.recovery import Choice, Situation, Verdict
from sithsup.report import Report
from sithsup.sim import pki
from sithsup.sim.card import Desk
from sithsup.sim.case import CardKind, campaign, old_card
from sithsup.sim.faults import Faults
from sithsup.sim.token import MODULE, SimulatedToken
from sithsup.texts import tr
from sithsup.ui.seen import Ending, Sight, Unblocked
from sithsup.ui.shown import Shown

if TYPE_CHECKING:
    from sithsup.model import CardContents

AT = datetime(2030, 1, 1, 12, tzinfo=UTC)
OTHER_MODULE = ModuleInfo("other.so", "TEST Påhittad AB", "TEST Kortprogrammet", "6.8")
PERSON = pki.Person(
    given_name="Testa",
    surname="Åkesson-Öberg",
    organization="TEST Påhittade regionen",
    hsa_id="TSTNMT2321000156-TA01",
    personal_number="189211039822",
    card_number="9752000275103948612",
)
AUTHENTICATION, SIGNATURE = frozenset({KeyRole.AUTHENTICATION}), frozenset({KeyRole.SIGNATURE})
OK, LOW, LAST, LOCKED = CodeState.OK, CodeState.COUNT_LOW, CodeState.FINAL_TRY, CodeState.LOCKED
CAMPAIGN = campaign(AT).model_copy(
    update={
        "codes": Codes(
            price=Price(amount=150, currency="SEK"),
            order=Text(sv="TEST: Beställ nya hos din utgivare.", en="TEST: Order new ones from your issuer."),
        ),
        "contacts": Directory(
            deputy_issuer=ContactData(name="TEST Utfärda Påhittad", phone="000-00 00 00"),
            local_it=ContactData(name="TEST Hjälpa Låtsasson", phone="000-00 00 01"),
        ),
    }
)
FRESH = Verdict(
    Situation.FRESH,
    old_works=True,
    old_signs=True,
    new_works=False,
    can_log_in=True,
    doubt=None,
    missing=(),
    choices=(),
    seconds=60,
)
CARD = find_cards(SimulatedToken(Desk(cards=[old_card(CardKind.TWO_PINS, AT, person=PERSON).card]), Faults()))[0]


def card(*codes: CodeState, puk: CodeState = OK, pin_pad: bool = False) -> CardContents:
    """The card, with codes in these states: for authentication, for signatures."""
    tokens = (
        replace(token, info=replace(token.info, code=state, puk=puk if state is LOCKED else OK, pin_pad=pin_pad))
        for token, state in zip(CARD.tokens, codes, strict=True)
    )
    return replace(CARD, tokens=tuple(tokens))


def sight(contents: CardContents, module: ModuleInfo = MODULE) -> Sight:
    """What is seen of it."""
    text = "The code for {role} is locked. Unlock it with your PUK code."
    stops = tuple(
        Finding("PIN_LOCKED", Severity.STOPS, text, {"role": tr(role_text(code.roles))}, Contact.DEPUTY_ISSUER, 6)
        for code in contents.locked[:1]
    )
    report = Report(contents, FRESH, stops, Asked(None, (), mail_stays=False), (), case_open=False, now=AT)
    return Sight(CAMPAIGN, NOT_SET_UP, ("TEST reader",), (contents,), contents, report, None, module)


def page(contents: CardContents, module: ModuleInfo = MODULE, *, busy: bool = False) -> Shown:
    """The page itself."""
    return Shown(Flow(Page.UNBLOCK, Facts(is_locked=True), (Page.INSERT,)), sight(contents, module), is_unblocking=busy)


def insert(contents: CardContents, told: Unblocked | None = None) -> Shown:
    """The first page."""
    return Shown(Flow(Page.INSERT, Facts(may_begin=not contents.locked)), sight(contents), unblocked=told)


def interrupted(contents: CardContents) -> Shown:
    """A card that was left half-done, as it is found when the program starts."""
    seen = sight(contents)
    assert seen.report
    half = replace(FRESH, situation=Situation.INTERRUPTED, choices=(Choice.CONTINUE, Choice.RESTORE))
    return Shown(
        Flow(Page.INTERRUPTED, Facts(is_locked=True)), replace(seen, report=replace(seen.report, verdict=half))
    )


def trouble(error: SithsupError, told: Unblocked | None = None) -> Shown:
    """The page of an error: of a run, or of what came of a new code."""
    ending = None if told else Ending(Act.UPGRADE, error=error)
    seen = sight(card(OK, LOCKED))
    return Shown(Flow(Page.HELP), seen, ending=ending, unblocked=replace(told, error=error) if told else None)


def states() -> dict[str, Shown]:
    """By a name that says what it is. In the language in use."""
    wrong = PukIncorrectError(state=LOW, role=role_text(SIGNATURE))
    return {
        "unblock": page(card(OK, LOCKED)),
        "unblock-which": page(card(LOCKED, LOCKED)),
        "unblock-few-tries": page(card(OK, LOCKED, puk=LOW)),
        "unblock-last-try": page(card(LOCKED, OK, puk=LAST)),
        "unblock-elsewhere": page(card(OK, LOCKED), OTHER_MODULE),
        "unblock-pin-pad": page(card(OK, LOCKED, pin_pad=True)),
        "unblock-puk-locked": page(card(OK, LOCKED, puk=LOCKED)),
        "unblock-busy": page(card(OK, LOCKED), busy=True),
        "insert-locked": insert(card(OK, LOCKED)),
        "insert-unlocked": insert(card(OK, OK), Unblocked(SIGNATURE, is_sent=True, is_changed=True)),
        "interrupted-locked": interrupted(card(LOCKED, OK)),
        "help-locked": trouble(CodeLockedError(role=role_text(SIGNATURE))),
        "help-wrong-puk": trouble(wrong, Unblocked(SIGNATURE, is_sent=True)),
    }
