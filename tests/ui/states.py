"""Every page in each of its important states, as values: for the audit, for the pictures, and to look at.

The people are invented, and say so; the cards are simulated ones, read as real ones are.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sithsup.campaign import Codes, ContactData, Directory, Price, Terms, Text, Words
from sithsup.card.session import find_cards
from sithsup.consent import Asked
from sithsup.eligibility import Finding, Reason, Severity, reason_text, said_by_authority
from sithsup.errors import (
    AuthorityUnreachableError,
    CardChoiceError,
    CardRemovedError,
    CodeIncorrectError,
    CodeLockedError,
    Contact,
    NoCardError,
    NoModuleError,
    NoReaderError,
    NotEligibleError,
    SithsupError,
    role_text,
)
from sithsup.flow import Act, Facts, Flow, Page
from sithsup.journal import Unfinished
from sithsup.model import CertificateState, CodeState, KeyRole
from sithsup.receipt import Receipt, Saved
from sithsup.receipt.receipt import entry
from sithsup.recovery import Choice, Situation, Verdict
from sithsup.report import Report
from sithsup.runner import Mark
from sithsup.self_test import Tested
from sithsup.sim import pki
from sithsup.sim.card import Desk
from sithsup.sim.case import CardKind, campaign, old_card
from sithsup.sim.faults import Faults
from sithsup.sim.token import SimulatedToken
from sithsup.situation import Outcome
from sithsup.steps import nothing
from sithsup.ui.pages.help import HelpPage
from sithsup.ui.pages.upgrading import UpgradingPage
from sithsup.ui.seen import Ending, Progress, RowSeen, Sight, Wanted
from sithsup.ui.shown import Shown
from sithsup.upgrade import UPGRADE
from tests.ui import diagnosis_states, unblock_states

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.campaign import Campaign
    from sithsup.model import CardContents
    from sithsup.ui.pages.page import WizardPage

AT = datetime(2030, 1, 1, 12, tzinfo=UTC)
CASE = "TEST-2345-6789"
ORGANIZATION = "TEST Påhittade regionen"
PEOPLE = (
    pki.Person(
        given_name="Testa",
        surname="Åkesson-Öberg",
        organization=ORGANIZATION,
        hsa_id="TSTNMT2321000156-TA01",
        personal_number="189211039822",
        card_number="9752000275103948612",
    ),
    pki.Person(
        given_name="Prov",
        surname="Övningsson",
        organization=ORGANIZATION,
        hsa_id="TSTNMT2321000156-PO02",
        personal_number="189604279811",
        card_number="9752000518204437196",
    ),
)


@cache
def sim_campaign() -> Campaign:
    """The simulated campaign, in words that a person might read."""
    return campaign(AT).model_copy(
        update={
            "levels": {pki.OLD_PERSONS: 2, pki.NEW_HSA_ID: 3, pki.NEW_PERSON_ID: 3},
            "words": Words(
                why=Text(
                    sv="TEST: Säkerhetskraven har höjts. Kortet behöver nya certifikat.",
                    en="TEST: The security rules are stricter now. The card needs new certificates.",
                )
            ),
            "codes": Codes(
                price=Price(amount=150, currency="SEK"),
                order=Text(
                    sv="TEST: Beställ nya hos din utgivare.",
                    en="TEST: Order new ones from your issuer.",
                ),
            ),
            "contacts": Directory(
                deputy_issuer=ContactData(name="TEST Utfärda Påhittad", phone="000-00 00 00"),
                local_it=ContactData(name="TEST Hjälpa Låtsasson", phone="000-00 00 01"),
            ),
        }
    )


@cache
def card(kind: CardKind = CardKind.TWO_PINS, person: int = 0) -> CardContents:
    """A card as it is read."""
    found = old_card(kind, AT, number=person + 1, person=PEOPLE[person])
    return find_cards(SimulatedToken(Desk(cards=[found.card]), Faults()))[0]


def with_codes(contents: CardContents, *states: CodeState, pin_pad: bool = False) -> CardContents:
    """The same card, with codes in these states."""
    tokens = (
        replace(token, info=replace(token.info, code=state, pin_pad=pin_pad))
        for token, state in zip(contents.tokens, states, strict=True)
    )
    return replace(contents, tokens=tuple(tokens))


def verdict(situation: Situation, *choices: Choice, can_log_in: bool | None = True) -> Verdict:
    return Verdict(
        situation,
        old_works=True,
        old_signs=True,
        new_works=False,
        can_log_in=can_log_in,
        doubt=None,
        missing=tuple(step.name for step in UPGRADE[4:]),
        choices=choices,
        seconds=sum(step.seconds for step in UPGRADE[4:]),
    )


def sight(
    contents: CardContents | None = None,
    judged: Verdict | None = None,
    *reasons: Reason,
    warnings: tuple[Finding, ...] = (),
    asked: Asked | None = None,
    error: SithsupError | None = None,
) -> Sight:
    judged = judged or verdict(Situation.FRESH)
    found = (*(said_by_authority(reason) for reason in reasons), *warnings)
    agreed = asked or Asked(None, (), mail_stays=False)
    report = Report(contents, judged, found, agreed, (), case_open=False, now=AT) if contents else None
    cards = (contents,) if contents else ()
    return Sight(sim_campaign(), None, ("TEST reader",), cards, contents, report, error)


# ------------------------------------------------------------------------------------------------- the pages


def insert(seen: Sight, *, may_begin: bool = False) -> Shown:
    return Shown(Flow(Page.INSERT, Facts(may_begin=may_begin)), seen)


def to_close(contents: CardContents) -> Shown:
    """A card that was upgraded, with a case on this computer that nobody closed."""
    shown = insert(sight(contents, verdict(Situation.UPGRADED), Reason.ALREADY_UPGRADED))
    assert shown.sight.report
    report = replace(shown.sight.report, case_open=True)
    facts = Facts(Situation.UPGRADED, may_close=True)
    return replace(shown, flow=Flow(Page.INSERT, facts), sight=replace(shown.sight, report=report))


def prepare(contents: CardContents, warnings: tuple[Finding, ...] = (), asked: Asked | None = None) -> Shown:
    seen = sight(contents, warnings=warnings, asked=asked)
    return Shown(Flow(Page.PREPARE, Facts(Situation.FRESH, may_begin=True), (Page.INSERT,)), seen)


TERMS = Terms(
    version="TEST 1",
    text=Text(
        sv="TEST: Kortet är personligt. Du lämnar aldrig ut dina koder, och du spärrar kortet om du tappar det.",
        en="TEST: The card is personal. You never give away your codes, and you block the card if you lose it.",
    ),
)
OUT_OF_REACH = Finding("AUTHORITY_UNREACHABLE", Severity.WARNS, "TEST", contact=Contact.LOCAL_IT)
WARNING = Finding("TEST", Severity.WARNS, Text(sv="TEST: Datorn går på batteri.", en="TEST: On battery."))


def agreed_to(contents: CardContents, *, mail_stays: bool = False) -> Asked:
    """Terms, and encrypted e-mail."""
    return Asked(TERMS, (contents.certificates[0].certificate,), mail_stays)


def codes(contents: CardContents, act: Act = Act.UPGRADE, wanted: Wanted | None = None) -> Shown:
    stack = () if wanted else (Page.INSERT, Page.PREPARE)
    return Shown(Flow(Page.CODES, Facts(Situation.FRESH, act=act), stack), sight(contents), wanted=wanted)


def upgrading(done: int, act: Act = Act.UPGRADE, seen: int = 0) -> Shown:
    """So many rows done, of which so many were done before this run, and the next one under way."""
    marks = [*[Mark.SEEN] * seen, *[Mark.DONE] * (done - seen), Mark.STARTED]
    rows = tuple(
        RowSeen(step.name, step.text, step.seconds, marks[place] if place < len(marks) else None)
        for place, step in enumerate(UPGRADE)
    )
    return Shown(Flow(Page.UPGRADING, Facts(act=act)), sight(card()), Progress(act, rows))


def restoring() -> Shown:
    """Up the table: what was undone is told from below."""
    marks = {"write-certificates": Mark.UNDONE, "order-certificates": Mark.UNDOING}
    steps = [step for step in reversed(UPGRADE) if step.undo not in {None, nothing}]
    rows = tuple(RowSeen(step.name, step.text, step.seconds, marks.get(step.name)) for step in steps)
    return Shown(Flow(Page.UPGRADING, Facts(act=Act.RESTORE)), sight(card()), Progress(Act.RESTORE, rows))


def done(outcome: Outcome, **more: Any) -> Shown:
    act = Act.RESTORE if outcome is Outcome.RESTORED else Act.UPGRADE
    return Shown(Flow(Page.DONE, Facts(outcome=outcome)), sight(card()), ending=Ending(act, outcome, CASE, **more))


def receipt() -> Receipt:
    """Of an upgrade that went well."""
    old = [entry(each.certificate) for each in card().certificates if each.certificate.role]
    new = tuple(replace(each, issuer=pki.NEW_HSA_ID) for each in old)
    campaign = sim_campaign()
    return Receipt(
        case_code=CASE,
        at=AT,
        card_number=PEOPLE[0].card_number,
        campaign=campaign.id,
        campaign_version=campaign.version,
        title=campaign.title,
        level_before=2,
        level_after=3,
        written=new,
        removed=tuple(old),
        removed_is_known=True,
        kept=(),
        mail_kept=(),
        has_terms=False,
        terms=None,
        terms_text=None,
        log_in_with=new[0],
        tests=tuple(Tested(signs=True, is_trusted=True, status=CertificateState.GOOD) for _ in new),
        mappings=(),
        old_keys_left=2,
        given_up=(),
        afterwards=None,
        local_it="TEST Hjälpa Låtsasson, 000-00 00 01",
    )


def interrupted(judged: Verdict | None = None, error: SithsupError | None = None) -> Shown:
    ending = Ending(Act.UPGRADE, Outcome.INTERRUPTED, CASE, error) if error else None
    return Shown(Flow(Page.INTERRUPTED), sight(card() if judged else None, judged), ending=ending)


LOGS = Path("/TEST/sithsup/log")
"""A folder that is not there."""


def trouble(error: SithsupError, outcome: Outcome | None = None) -> Shown:
    return Shown(Flow(Page.HELP), sight(card()), ending=Ending(Act.UPGRADE, outcome, CASE, error), logs=LOGS)


OK, LOW, LAST = CodeState.OK, CodeState.COUNT_LOW, CodeState.FINAL_TRY
BOTH = (Choice.CONTINUE, Choice.RESTORE)


def states() -> dict[str, Shown]:
    """By a name that says what it is; files of pictures are called so too. In the language in use."""
    fresh, other, one = card(), card(person=1), card(CardKind.ONE_PIN)
    half = verdict(Situation.INTERRUPTED, *BOTH)
    first = fresh.tokens[0]
    return {
        "insert-looking": insert(sight()),
        "insert-no-reader": insert(sight(error=NoReaderError())),
        "insert-no-card": insert(sight(error=NoCardError())),
        "insert-several-cards": insert(
            replace(sight(error=CardChoiceError(cards="-")), cards=(fresh, other)),
        ),
        "insert-reading": insert(replace(sight(fresh), report=None)),
        "insert-fresh": insert(sight(fresh), may_begin=True),
        "insert-spare-card": insert(sight(other, None, Reason.SPARE_CARD)),
        "insert-window-closed": insert(sight(fresh, None, Reason.WINDOW_CLOSED)),
        "insert-upgraded": insert(sight(fresh, verdict(Situation.UPGRADED), Reason.ALREADY_UPGRADED)),
        "insert-to-close": to_close(fresh),
        "insert-no-need": insert(sight(fresh, verdict(Situation.UPGRADED), Reason.NO_NEED)),
        "insert-no-network": insert(sight(fresh, warnings=(OUT_OF_REACH,)), may_begin=True),
        "insert-no-module": insert(sight(error=NoModuleError())),
        "prepare-two-codes": prepare(fresh),
        "prepare-not-ticked": prepare(fresh),
        "prepare-one-code": prepare(one),
        "prepare-consent": prepare(fresh, (WARNING,), agreed_to(fresh)),
        "prepare-mail-stays": prepare(fresh, (), agreed_to(fresh, mail_stays=True)),
        "codes-two": codes(fresh),
        "codes-one": codes(one),
        "codes-missing": codes(fresh),
        "codes-few-tries": codes(with_codes(fresh, LOW, OK)),
        "codes-last-try": codes(with_codes(fresh, OK, LAST)),
        "codes-pin-pad": codes(with_codes(fresh, OK, OK, pin_pad=True)),
        "codes-finish": codes(fresh, Act.RESUME),
        "codes-go-back": codes(fresh, Act.RESTORE),
        "codes-asked-again": codes(fresh, wanted=Wanted(first.info, first.roles)),
        "upgrading-begun": upgrading(0),
        "upgrading-long-key": upgrading(1),
        "upgrading-nearly": upgrading(8),
        "upgrading-finish": upgrading(5, Act.RESUME, seen=4),
        "upgrading-go-back": restoring(),
        "done-upgraded": done(Outcome.UPGRADED, receipt=receipt(), saved=Saved(Path("TEST.html"))),
        "done-not-saved": done(Outcome.UPGRADED, receipt=receipt(), saved=Saved(None, "TEST")),
        "done-elsewhere": done(Outcome.UPGRADED),
        "done-restored": done(Outcome.RESTORED),
        "done-keys-left": done(Outcome.RESTORED, keys_left=2),
        "interrupted-card-out": interrupted(error=CardRemovedError()),
        "interrupted-at-start": replace(interrupted(), sight=replace(sight(error=NoCardError()), waiting=("…8612",))),
        "interrupted-card-in": interrupted(half, CardRemovedError()),
        "interrupted-only-on": interrupted(verdict(Situation.INTERRUPTED, Choice.CONTINUE)),
        "interrupted-no-log-in": interrupted(verdict(Situation.INTERRUPTED, Choice.CONTINUE, can_log_in=False)),
        "interrupted-not-known": interrupted(
            verdict(Situation.INTERRUPTED, Choice.CONTINUE, can_log_in=None), AuthorityUnreachableError(seconds=30)
        ),
        "interrupted-elsewhere": interrupted(verdict(Situation.INTERRUPTED, can_log_in=False)),
        "interrupted-in-doubt": interrupted(
            replace(
                verdict(Situation.INTERRUPTED, Choice.CONTINUE),
                old_signs=False,
                doubt=AuthorityUnreachableError(seconds=30),
            )
        ),
        "help-wrong-code": trouble(CodeIncorrectError(state=LAST, role=_role(KeyRole.SIGNATURE))),
        "help-locked-code": trouble(CodeLockedError(role=_role(KeyRole.AUTHENTICATION))),
        "help-not-eligible": trouble(NotEligibleError(reasons=("NOT_IN_HSA",), reason=reason_text("NOT_IN_HSA"))),
        "help-no-answer": trouble(AuthorityUnreachableError(seconds=30)),
        "help-bug": trouble(SithsupError()),
        **unblock_states.states(),
        "support": replace(
            trouble(AuthorityUnreachableError(seconds=30)), flow=Flow(Page.SUPPORT, Facts(), (Page.HELP,))
        ),
        **diagnosis_states.states(),
    }


def mishaps() -> dict[str, Shown]:
    """States that soon pass, after something went wrong: audited, and in no picture."""
    fresh, other = card(), card(person=1)
    gone, swapped = sight(error=NoCardError()), insert(sight(other), may_begin=True)
    report = swapped.sight.report
    assert report
    waits = replace(report, waiting=(Unfinished("…8612", "TEST", CASE, AT.isoformat()),))
    return {
        "insert-card-gone": replace(insert(gone), meant=fresh.serials),
        "insert-other-card": replace(swapped, meant=fresh.serials),
        "insert-one-of-several": replace(
            swapped, sight=replace(swapped.sight, cards=(fresh, other), readers=("TEST reader", "TEST reader 2"))
        ),
        "insert-other-waits": replace(swapped, sight=replace(swapped.sight, report=waits)),
        "upgrading-not-closed": replace(upgrading(3), is_refused=True),
        "help-no-log-folder": trouble(SithsupError()),
        "interrupted-no-reader": replace(interrupted(), sight=sight(error=NoReaderError())),
        "interrupted-reading": replace(interrupted(), sight=replace(sight(fresh), report=None)),
    }


def _role(role: KeyRole) -> str:
    return role_text(frozenset({role}))


def _seek_log(page: WizardPage) -> None:
    """Where there is no folder to open."""
    assert isinstance(page, HelpPage)
    page.logs.button.click()


def _wait(page: WizardPage) -> None:
    """Half a minute later."""
    assert isinstance(page, UpgradingPage)
    page._timer.stop()
    page._since = time.monotonic() - 34.5
    page._tell_time()


AFTER: dict[str, Callable[[WizardPage], object]] = {
    "prepare-not-ticked": lambda page: page.go_on(),
    "codes-missing": lambda page: page.go_on(),
    "upgrading-long-key": _wait,
    **diagnosis_states.AFTER,
    "help-no-log-folder": _seek_log,
}
"""What happens on a page before it is looked at."""
