"""The certification authority and the way to it."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from sithsup.errors.base import Contact, SithsupError
from sithsup.texts import mark, tr
from sithsup.ways import advise

if TYPE_CHECKING:
    from collections.abc import Mapping

HOUR, DAY, YEAR = 60, 24 * 60, 365 * 24 * 60
"""Minutes."""


def span(seconds: float) -> str:
    """A length of time as people say it, rounded up to what is worth saying."""
    minutes = max(1, ceil(seconds / 60))
    if minutes > YEAR:
        return tr("more than a year")
    if minutes > 2 * DAY:
        return tr("{count} days", count=ceil(minutes / DAY))
    if minutes > HOUR:
        return tr("{count} hours", count=ceil(minutes / HOUR))
    return tr("{count} minutes", count=minutes) if minutes > 1 else tr("a minute")


class AuthorityError(SithsupError):
    """The certification authority, or the way to it."""

    exit_code = 8


class AuthorityUnreachableError(AuthorityError):
    """No connection, no answer, or an answer that is not this protocol's (a web page). `address` is for the log."""

    code = "SU-2001"
    what_text = mark("The certificate issuer cannot be reached.")
    why_text = mark("The computer's network does not reach it, or its server does not answer.")
    next_text = "{reach}"


class AuthorityBusyError(AuthorityError):
    """The authority asks to come back later. `retry_after` is in seconds, None when it did not say."""

    code = "SU-2002"
    exit_code = 5
    what_text = mark("The certificate issuer is busy.")
    why_text = mark("It asks the program to come back later.")
    next_text = mark("Try again in a while. {see}")
    later_text = mark("Try again in {wait}. {see}")
    other_texts = (later_text,)

    def __init__(self, detail: str = "", *, retry_after: float | None = None, **values: object) -> None:
        """Keep when to come back."""
        super().__init__(detail, **values)
        self.retry_after = retry_after

    @property
    def next_step(self) -> str:
        """When to come back, where it said so."""
        return super().next_step if self.retry_after is None else advise(self.later_text, wait=span(self.retry_after))


class AuthorityRefusedError(AuthorityError):
    """The authority refused, in a signed message. `fail_info`: its PKIFailureInfo names (RFC 9810, section 5.2.3)."""

    code = "SU-2003"
    exit_code = 3
    contact = Contact.DEPUTY_ISSUER
    final = True
    what_text = mark("The certificate issuer refuses.")
    why_text = mark("Its reason: {reason}")
    next_text = mark("Tell your deputy issuer the reason. {see}")

    def __init__(self, detail: str = "", *, fail_info: frozenset[str] = frozenset(), **values: object) -> None:
        """Keep the authority's reasons.

        That the signer is revoked ends nothing: it may be the old certificate, retired by a confirmation.
        """
        super().__init__(detail, **values)
        self.fail_info = fail_info
        self.final = "certRevoked" not in fail_info

    @property
    def logged(self) -> Mapping[str, object]:
        """Without the authority's own words, which may name the holder."""
        return {name: value for name, value in self.values.items() if name != "reason"}


class AnswerUntrustedError(AuthorityError):
    """An answer that is not protected as it must be, or does not belong to the question."""

    code = "SU-2004"
    what_text = mark("The answer from the certificate issuer cannot be trusted.")
    why_text = mark("The answer failed a check: {check}")
    next_text = mark("Tell your local IT support, and try again on another network. {see}")


class AnswerOfAnotherTimeError(AnswerUntrustedError):
    """The same, because it is told for another time than this computer's: one of the two clocks is wrong."""

    next_text = mark(
        "See that date, time and time zone of this computer are right, and try again. If they are, tell your local IT "
        "support. {see}"
    )


class CertificateUnsuitableError(AuthorityError):
    """The authority issued a certificate that does not belong on this card. `mismatches` says why."""

    code = "SU-2005"
    final = True
    contact = Contact.DEPUTY_ISSUER
    what_text = mark("The certificate issuer sent a certificate that does not belong on this card.")
    why_text = mark("The certificate failed a check: {check}")
    next_text = mark("Contact your deputy issuer. The certificate is not used. {see}")

    def __init__(self, detail: str = "", *, mismatches: tuple[str, ...] = (), **values: object) -> None:
        """Keep every reason."""
        super().__init__(detail, **values)
        self.mismatches = mismatches


class StillWaitingError(AuthorityError):
    """The old certificates are retired; whether the new ones were confirmed is not certain yet. Value: `minutes`."""

    code = "SU-2007"
    exit_code = 5
    what_text = mark("It cannot be told yet whether the new certificates are in use.")
    why_text = mark("They were ordered on another computer, or this computer has lost its journal.")
    next_text = mark("Leave the card as it is and try again in {wait}.")

    def __init__(self, *, minutes: int) -> None:
        """Keep for how long."""
        super().__init__(minutes=minutes)
        self.minutes = minutes

    @property
    def shown(self) -> Mapping[str, object]:
        """The time as people say it."""
        return {"wait": span(60 * self.minutes)}


class StatusNotOfferedError(AuthorityUnreachableError):
    """A certificate names nobody who could be asked for its status."""

    code = "SU-2008"
    what_text = mark("The status of a certificate cannot be asked for.")
    why_text = mark("A certificate does not say where its status can be asked for.")
    next_text = mark("Tell your local IT support. {see}")


class IssuerUnknownError(AuthorityError):
    """The certificate of an issuer is not at hand, and without it nothing of a status can be verified."""

    code = "SU-2012"
    what_text = mark("The status of a certificate cannot be asked for.")
    why_text = mark("The campaign file lacks the certificate of an issuer: {issuer}")
    next_text = mark("Tell your local IT support, who can add it. {see}")


class ServerUntrustedError(AuthorityUnreachableError):
    """Whoever answers over https is not who was asked. Values: `address`, `problem`."""

    code = "SU-2009"
    what_text = mark("The connection to the certificate issuer is not safe.")
    why_text = mark("{address}: {problem}")
    next_text = mark("Try another network. If it happens there too, tell your local IT support.")


class PortalError(AuthorityUnreachableError):
    """A web page or a redirect instead of an answer: most likely a guest network that wants a log-in."""

    code = "SU-2010"
    what_text = mark("The network shows a web page instead of letting the program through.")
    why_text = mark("Guest networks do this until somebody has logged in or accepted their terms.")
    next_text = mark("Open a web browser and log in to the network, or choose another network. Then try again.")


class ProxyRefusedError(AuthorityUnreachableError):
    """The organisation's proxy wants to know who asks (407)."""

    code = "SU-2011"
    what_text = mark("The network's proxy does not let the program through.")
    why_text = mark("It asks for a user name and a password, and the program has none or not the right ones.")
    next_text = mark(
        "Ask your local IT support to correct the log-in in the program's proxy setting, "
        "or to let the program reach {address} without one."
    )


class ServerFailedError(AuthorityUnreachableError):
    """Somebody answers, with an error of HTTP and no message. Values: `address`, `status` (such as 404)."""

    code = "SU-2013"
    what_text = mark("The server of the certificate issuer does not do what it is asked to.")
    why_text = mark("{address} answers with the error {status}. Its address may be wrong, or the server out of order.")
    next_text = mark(
        "Try again in a while. If that does not help, tell your local IT support the error and the address."
    )


class TransactionUnknownError(AuthorityError):
    """The authority knows no such transaction (any more): it must be ordered again, for the same key."""

    code = "SU-2006"
    exit_code = 4
    what_text = mark("The certificate issuer no longer knows of the order.")
    why_text = mark("The order was not completed in time.")
    next_text = "{order_again}"
