"""What a person must agree to before an upgrade begins: the campaign's terms, and the loss of encrypted e-mail.

* Consent is a value that comes in with `Operation.upgrade`; whoever shows the question makes it.
* It is judged before a code is asked and before anything is written. What was begun may be finished without (law 6).
* Terms are accepted by their version: whoever accepted other terms has not accepted these.
* A certificate that opens encrypted e-mail and goes away needs a yes of its own; one that stays on the card does not,
  nor does one whose key is certified again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sithsup.campaign import OldKeys
from sithsup.errors import MailNotUnderstoodError, TermsNotAcceptedError
from sithsup.evidence import is_kept, old_on_card, target_key
from sithsup.texts import mark, tr

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
MAIL_TEXTS = {
    (True, False): mark("The old key and certificate stay on the card, so that you can still read old e-mail."),
    (True, True): mark("The old key stays on the card and gets a new certificate. You can still read old e-mail."),
    (False, True): mark(
        "After the upgrade your e-mail program may not be able to read e-mail that was encrypted for you before: the "
        "old certificate goes, and only its key stays on the card."
    ),
    (False, False): mark("After the upgrade you cannot read e-mail that was encrypted for you before."),
}
"""By `Asked.mail_stays` and `Asked.mail_keys_alone`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be agreed to for a card."""

    terms: Terms | None
    mail: tuple[Certificate, ...]
    """The certificates on the card that open encrypted e-mail and are replaced, or kept."""
    mail_stays: bool
    """Whether they stay on the card, or their keys are certified again, so that nobody need agree."""
    mail_keys_alone: bool = False
    """Whether their keys stay on the card without them."""

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
    kept = {each for each in mail if is_kept(world, each)}
    lasting = {each for each in mail if each in kept or _is_certified_again(world, each)}
    keys_stay = world.campaign.old_keys is OldKeys.KEEP or len(lasting) == len(mail)
    return Asked(
        world.campaign.terms,
        mail,
        mail_stays=bool(mail) and len(lasting) == len(mail),
        mail_keys_alone=keys_stay and len(kept) < len(mail),
    )


def _is_certified_again(world: World, certificate: Certificate) -> bool:
    """Whether a new certificate is made for the very key of an old one."""
    reusing = (target for target in world.campaign.wanted if target.reuses_key and target.role is certificate.role)
    keys = (target_key(world, target) for target in reusing)
    return any(pair is not None and pair.public_key == certificate.public_key for pair in keys)


def mail_lines(asked: Asked) -> tuple[str, ...]:
    """Which certificates open encrypted e-mail, and what becomes of it, for a person; nothing where none does."""
    if not asked.mail:
        return ()
    certificates = (f"  {_named(each)}" for each in asked.mail)
    becomes = tr(MAIL_TEXTS[asked.mail_stays, asked.mail_keys_alone])
    return (tr("This card can open encrypted e-mail, with:"), *certificates, becomes)


def _named(certificate: Certificate) -> str:
    until = tr("valid until {date}", date=certificate.not_after.date().isoformat())
    return ", ".join(filter(None, (certificate.issuer_common_name, certificate.mail_address, until)))
