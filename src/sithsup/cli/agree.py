"""Terms and encrypted e-mail on the command line: what is shown, what is asked, what a script must say itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.consent import Consent, mail_lines
from sithsup.eligibility import SETTLED
from sithsup.errors import NotBegunError, TermsDeclinedError
from sithsup.recovery import Situation
from sithsup.texts import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.campaign import Campaign
    from sithsup.certificate import Certificate
    from sithsup.cli.view import View
    from sithsup.consent import Asked
    from sithsup.report import Report


def show_asked(view: View, report: Report) -> None:
    """Tell, before anything is begun, what must be agreed to, and how a script does that."""
    asked = report.asked
    view.result["terms"] = asked.terms.version if asked.terms and _is_to_be_upgraded(report) else None
    view.result["encrypted_mail"] = [_data(certificate, stays=asked.mail_stays) for certificate in asked.mail]
    view.result["upgrade_arguments"] = upgrade_arguments(report)
    if report.verdict.situation is not Situation.FRESH or report.stops:
        return
    if asked.terms:
        view.say(tr("You will be asked to accept the terms, version “{version}”.", version=asked.terms.version))
    for line in mail_lines(asked):
        view.say(line)


def agree(view: View, asked: Asked, campaign: Campaign, given: Consent, ask: Callable[[str], bool] | None) -> Consent:
    """Ask for what is not given yet; `ask` is None where there is nobody to ask. Raises `NotBegunError` after a no."""
    terms, mail_understood = given.terms, given.mail_understood
    if ask and asked.terms and terms is None:
        view.say(tr("Terms of the upgrade, version “{version}”:", version=asked.terms.version))
        view.say(str(asked.terms.text))
        if not ask(tr("Do you accept the terms?")):
            raise TermsDeclinedError
        terms = asked.terms.version
    for line in mail_lines(asked):
        view.say(line)
    if asked.mail and campaign.words.encrypted_mail:
        view.say(str(campaign.words.encrypted_mail))
    if ask and asked.mail_goes and not mail_understood:
        if not ask(tr("Do you understand that you cannot read old encrypted e-mail afterwards, and want to go on?")):
            raise NotBegunError
        mail_understood = True
    return Consent(terms, mail_understood)


def upgrade_arguments(report: Report) -> list[str]:
    """What `upgrade` needs for a card where there is nobody to ask; nothing for one that is not to be upgraded."""
    return list(script_arguments(report.asked)) if _is_to_be_upgraded(report) else []


def script_arguments(asked: Asked) -> tuple[str, ...]:
    """The arguments that agree to what is asked."""
    terms = ("--accept-terms", asked.terms.version) if asked.terms else ()
    return (*terms, *(("--mail-understood",) if asked.mail_goes else ()))


def _is_to_be_upgraded(report: Report) -> bool:
    return report.verdict.situation is Situation.FRESH and SETTLED.isdisjoint(report.reasons)


def _data(certificate: Certificate, *, stays: bool) -> dict[str, object]:
    return {
        "issuer": certificate.issuer_common_name,
        "address": certificate.mail_address or None,
        "serial_number": f"{certificate.serial_number:x}",
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "stays": stays,
    }
