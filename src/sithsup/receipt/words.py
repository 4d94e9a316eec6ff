"""What a receipt says, section by section, in the language in use: the same for the screen and for paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.errors import role_text
from sithsup.model import CertificateState, SubjectKind
from sithsup.sheet import Section, Table
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from datetime import datetime

    from sithsup.campaign import Text
    from sithsup.receipt.receipt import Entry, Receipt
    from sithsup.self_test import Tested

KINDS = {
    # Translators: stands in a table, under the heading “Names you by”
    SubjectKind.HSA_ID: mark("HSA-id"),
    # Translators: stands in a table, under the heading “Names you by”
    SubjectKind.PERSONAL_NUMBER: mark("personal identity number"),
}
SIGNS = {True: mark("works"), False: mark("does not work"), None: mark("not tested")}
"""By `Tested.signs`."""
STATES = {
    CertificateState.GOOD: mark("valid"),
    CertificateState.REVOKED: mark("revoked"),
    CertificateState.UNKNOWN: mark("not known yet"),
}
TEST_TEXTS = {
    True: mark("The test of log-in and signature went well."),
    False: mark("The test of log-in and signature went wrong. Contact your local IT support."),
    None: mark("Not everything of log-in and signature could be tested. The receipt's table shows what is known."),
}
"""By `Receipt.works`."""
NO_RECEIPT = mark("No receipt could be made. The upgrade is finished all the same.")
NOT_TESTED = mark("Log-in and signature were not tested.")
CODES_UNCHANGED = mark("Your codes are unchanged.")
TAKE_OUT = mark("Take the card out of the reader and put it in again. Then close every window of your web browser.")


def heading() -> str:
    """What the whole is called."""
    return tr("Receipt: your SITHS card is upgraded")


def sections(receipt: Receipt) -> tuple[Section, ...]:
    """Everything, the most useful first."""
    return (
        _what_now(receipt),
        _case(receipt),
        _tests(receipt),
        _written(receipt),
        _removed(receipt),
        *((_kept(receipt),) if receipt.kept else ()),
        *((_for_it(receipt),) if receipt.mappings else ()),
        *((_wording(receipt.terms_text),) if receipt.terms_text else ()),
    )


def matters_now(receipt: Receipt) -> tuple[str, ...]:
    """What matters when an upgrade has just ended, line by line."""
    return _said(
        level_line(receipt),
        test_line(receipt),
        tr(CODES_UNCHANGED),
        tr(TAKE_OUT),
        choose_at_log_in(receipt),
        *left_lines(receipt)[:1],
        ask_local_it(receipt),
    )


def test_line(receipt: Receipt) -> str:
    """How the test of the new certificates went."""
    return tr(TEST_TEXTS[receipt.works] if receipt.tests else NOT_TESTED)


def choose_at_log_in(receipt: Receipt) -> str:
    """Which certificate to choose, in plain words; empty where there is none."""
    if receipt.log_in_with is None:
        return ""
    return tr("When you log in at work, choose the certificate from “{issuer}”.", issuer=receipt.log_in_with.issuer)


def ask_local_it(receipt: Receipt) -> str:
    """Whom to ask from now on; empty where that is not known."""
    if not receipt.local_it:
        return ""
    return tr("If you cannot get into your systems, contact your local IT support: {contact}", contact=receipt.local_it)


def level_line(receipt: Receipt) -> str:
    """The level of assurance before and after, as far as it is known."""
    if receipt.level_after is None:
        return ""
    if receipt.level_before is None:
        return tr("The card has level of assurance {after} now.", after=receipt.level_after)
    return tr(
        "The card has level of assurance {after} now. Before, it was {before}.",
        after=receipt.level_after,
        before=receipt.level_before,
    )


def left_lines(receipt: Receipt) -> tuple[str, ...]:
    """Old keys that are still on the card, and what could not be put back."""
    return _said(keys_line(receipt), *lost_lines(receipt.given_up))


def keys_line(receipt: Receipt) -> str:
    """How many old keys are still on the card; empty where none is. Most campaigns leave them."""
    left = receipt.old_keys_left
    return tr("Old keys that are still on the card: {count}. They do no harm.", count=left) if left else ""


def lost_lines(issuers: tuple[str, ...]) -> tuple[str, ...]:
    """What the card has lost, and could not be put back."""
    return tuple(
        tr("The card has lost a certificate from {issuer}, and has no room for it now.", issuer=issuer)
        for issuer in issuers
    )


def _said(*sentences: str) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences if sentence)


def _what_now(receipt: Receipt) -> Section:
    return Section(
        tr("What to do now"),
        _said(
            tr(TAKE_OUT),
            choose_at_log_in(receipt),
            tr(CODES_UNCHANGED),
            str(receipt.afterwards or ""),
            ask_local_it(receipt),
        ),
    )


def _case(receipt: Receipt) -> Section:
    return Section(
        tr("The upgrade"),
        _said(
            tr("Case code: {code}", code=receipt.case_code),
            tr("Finished: {time}", time=_time(receipt.at)),
            tr("Card number: {number}", number=receipt.card_number or "-"),
            tr(
                "Campaign: {title} ({name}, version {version})",
                title=receipt.title,
                name=receipt.campaign,
                version=receipt.campaign_version,
            ),
            level_line(receipt),
            _terms(receipt),
        ),
    )


def _terms(receipt: Receipt) -> str:
    if receipt.terms:
        version, at = receipt.terms
        return tr("Terms accepted: version {version}, {time}", version=version, time=_time(at))
    if receipt.has_terms:
        return tr("When the terms were accepted is not known on this computer: the upgrade was begun on another one.")
    return tr("The campaign had no terms to accept.")


def _tests(receipt: Receipt) -> Section:
    heads = (tr("Use"), tr("Names you by"), tr("Key"), tr("Issuer"), tr("Status"))
    rows = tuple(_test_row(each, test) for each, test in receipt.tested)
    return Section(tr("Test of the new certificates"), (test_line(receipt),), Table(heads, rows) if rows else None)


def _test_row(each: Entry, test: Tested) -> tuple[str, ...]:
    trusted = tr("from the right issuer") if test.is_trusted else tr("not from the right issuer")
    return (_use(each), _kind(each), tr(SIGNS[test.signs]), trusted, tr(STATES[test.status]))


def _written(receipt: Receipt) -> Section:
    return Section(tr("New certificates on the card"), _said(_how_long(receipt)), _table(receipt.written))


def _how_long(receipt: Receipt) -> str:
    """How long the new certificates are valid beside the ones that they replace; empty where they last longer."""
    if receipt.is_as_long:
        return tr("They are valid as long as the ones that they replace: your card does not last longer than before.")
    if receipt.is_shorter:
        return tr(
            "They are valid until {date}: not as long as the ones that they replace, which were valid until {before}.",
            date=receipt.last_day,
            before=receipt.last_day_before,
        )
    return ""


def _removed(receipt: Receipt) -> Section:
    unknown = tr(
        "The upgrade was begun on another computer. Whether more was removed there is not known on this computer."
    )
    nothing = tr("No certificate was removed.") if not receipt.removed and receipt.removed_is_known else ""
    return Section(
        tr("Certificates that were removed"),
        _said(nothing, "" if receipt.removed_is_known else unknown, *left_lines(receipt)),
        _table(receipt.removed) if receipt.removed else None,
    )


def _kept(receipt: Receipt) -> Section:
    mail = tuple(
        tr(
            "The old certificate from {issuer} and its key stay, so that you can read old encrypted e-mail.",
            issuer=each.issuer,
        )
        for each in receipt.mail_kept
    )
    return Section(tr("Other certificates on the card"), mail, _table(receipt.kept))


def _for_it(receipt: Receipt) -> Section:
    return Section(
        tr("For IT support"),
        (tr("For altSecurityIdentities in Active Directory, one value for each new certificate for authentication:"),),
        copied=tuple(mapping.value for mapping in receipt.mappings),
    )


def _wording(terms: Text) -> Section:
    return Section(tr("The terms that were accepted"), (str(terms),))


def _table(entries: tuple[Entry, ...]) -> Table:
    heads = (tr("Use"), tr("Names you by"), tr("Issuer"), tr("Serial number"), tr("Valid until"))
    return Table(heads, tuple(_row(each) for each in entries))


def _row(each: Entry) -> tuple[str, ...]:
    return (_use(each), _kind(each), each.issuer, each.serial_number, each.last_day.isoformat())


def _use(each: Entry) -> str:
    return tr(role_text({each.role})) if each.role else tr("other")


def _kind(each: Entry) -> str:
    return tr(KINDS[each.subject]) if each.subject else "-"


def _time(at: datetime) -> str:
    """In this computer's own zone."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}"
