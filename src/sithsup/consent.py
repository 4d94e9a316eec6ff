"""What a person must agree to before an upgrade begins: the campaign's terms, and the loss of encrypted e-mail.

* Consent is a value that comes in with `Operation.upgrade`; whoever shows the question makes it.
* It is judged before a code is asked and before anything is written. What was begun may be finished without (law 6).
* Terms are accepted by their version: whoever accepted other terms has not accepted these.
* A certificate that opens encrypted e-mail and goes away needs a yes of its own; one that stays on the card does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sithsup.errors import MailNotUnderstoodError, TermsNotAcceptedError
from sithsup.evidence import is_kept, old_on_card
from sithsup.texts import tr

if TYPE_CHECKING:
    from sithsup.campaign import Terms
    from sithsup.certificate import Certificate
    from sithsup.evidence import World


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person has agreed to."""

    terms: str | None = None
    """The version of the terms that were accepted."""
    mail_understood: bool = False
    """Whether the person knows that old encrypted e-mail cannot be read any more."""


NONE = Consent()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be agreed to for a card."""

    terms: Terms | None
    mail: tuple[Certificate, ...]
    """The certificates on the card that open encrypted e-mail and are replaced, or kept."""
    mail_stays: bool
    """Whether they stay on the card, so that nobody need agree."""

    @property
    def mail_goes(self) -> bool:
        """Whether old encrypted e-mail cannot be read any more afterwards."""
        return bool(self.mail) and not self.mail_stays

    def require(self, consent: Consent) -> None:
        """Raise `TermsNotAcceptedError` or `MailNotUnderstoodError` where something was not agreed to."""
        if self.terms and consent.terms != self.terms.version:
            raise TermsNotAcceptedError(version=self.terms.version)
        if self.mail_goes and not consent.mail_understood:
            raise MailNotUnderstoodError


def asked(world: World) -> Asked:
    """What is to be agreed to before this card is upgraded."""
    mail = tuple(c.certificate for c in old_on_card(world) if c.certificate.opens_mail)
    return Asked(world.campaign.terms, mail, bool(mail) and all(is_kept(world, each) for each in mail))


def mail_lines(asked: Asked) -> tuple[str, ...]:
    """Which certificates open encrypted e-mail, and what becomes of it, for a person; nothing where none does."""
    if not asked.mail:
        return ()
    stays = tr("The old key and certificate stay on the card, so that you can still read old e-mail.")
    goes = tr("After the upgrade you cannot read e-mail that was encrypted for you before.")
    certificates = (f"  {_named(each)}" for each in asked.mail)
    return (tr("This card can open encrypted e-mail, with:"), *certificates, stays if asked.mail_stays else goes)


def _named(certificate: Certificate) -> str:
    until = tr("valid until {date}", date=certificate.not_after.date().isoformat())
    return ", ".join(filter(None, (certificate.issuer_common_name, certificate.mail_address, until)))
