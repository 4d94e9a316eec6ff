"""What the authority's "no" means: PKIStatusInfo (RFC 9810, section 5.2.3) -> one of our errors."""

from __future__ import annotations

from typing import Any

from sithsup.errors import AuthorityBusyError, AuthorityError, AuthorityRefusedError, TransactionUnknownError
from sithsup.texts import mark, tr

LATER = frozenset({"systemUnavail", "systemFailure", "duplicateCertReq"})
"""Trouble of its own. The last one is a certificate whose answer was lost: it is in the way until it is revoked for
want of a confirmation."""

IN_USE = frozenset({"transactionIdInUse"})
"""It knows an order by this name and does not repeat its answer: order again, for the same key."""

FORGOTTEN = frozenset({"badRequest", "badCertId", "certRevoked", "transactionIdInUse", "signerNotTrusted"})
"""To a confirmation: no such transaction waits for one (any more). No single name of the RFC says just this; the last
one comes from an authority that retired the certificate that the transaction was begun with."""

LONGEST_REASON = 300
"""Characters of the authority's own words that are shown."""

WORDS = {
    "badAlg": mark("it does not know the kind of key or signature that the card uses"),
    "badMessageCheck": mark("it could not verify the card's signature"),
    "badRequest": mark("it does not allow what the program asked for"),
    "badTime": mark("the computer's clock shows another time than the issuer's"),
    "badCertId": mark("it does not find the certificate that was meant"),
    "badDataFormat": mark("it could not read what the program sent"),
    "wrongAuthority": mark("another issuer is responsible for this card"),
    "incorrectData": mark("something that the program sent does not agree with what it knows"),
    "missingTimeStamp": mark("it wants a time stamp, which the program does not send"),
    "badPOP": mark("it could not verify that the card holds the new key"),
    "certRevoked": mark("the certificate is revoked already"),
    "certConfirmed": mark("the certificate is confirmed already"),
    "wrongIntegrity": mark("it wants messages to be protected in another way"),
    "badRecipientNonce": mark("the program's message did not follow on the issuer's own"),
    "timeNotAvailable": mark("it has no trusted time at the moment"),
    "unacceptedPolicy": mark("it does not issue certificates of this kind"),
    "unacceptedExtension": mark("it does not issue certificates with what was asked for"),
    "addInfoNotAvailable": mark("it could not find further information that it needs"),
    "badSenderNonce": mark("a part of the program's message was missing or too short"),
    "badCertTemplate": mark("it does not issue certificates as they were ordered"),
    "signerNotTrusted": mark("it does not accept the card's present certificate"),
    "transactionIdInUse": mark("it has an unfinished order by the same name"),
    "unsupportedVersion": mark("it speaks another version of the protocol"),
    "notAuthorized": mark("this card or its holder may not get new certificates"),
    "systemUnavail": mark("it is out of service for a while"),
    "systemFailure": mark("something went wrong at the issuer"),
    "duplicateCertReq": mark("an earlier order for the same certificate is not finished"),
}
"""Each PKIFailureInfo in a person's words (RFC 9810, section 5.2.3)."""


def refusal(info: Any) -> AuthorityError:
    """Tell what a PKIStatusInfo of a verified message means, other than success."""
    names: frozenset[str] = frozenset(info["failInfo"].native or ())
    detail = ", ".join(sorted(names)) or "no failInfo"  # the authority's own words may name the holder
    if info["status"].native == "waiting" or names & LATER:
        return AuthorityBusyError(detail)
    if names & IN_USE:
        return TransactionUnknownError(detail)
    return AuthorityRefusedError(detail, fail_info=names, reason=_reason(names, info["statusString"].native))


def forgotten(error: AuthorityRefusedError) -> AuthorityError:
    """Tell what a refusal means as the answer to a confirmation."""
    if error.fail_info & FORGOTTEN:
        return TransactionUnknownError(error.detail)
    return error


def _reason(names: frozenset[str], texts: list[str] | None) -> str:
    """Why, in a person's words, followed by the authority's own."""
    known = "; ".join(tr(WORDS[name]) for name in sorted(names & WORDS.keys()))
    words = _words(texts)
    if known and words:
        return f"{known} (“{words}”)"
    return known or words or "-"


def _words(texts: list[str] | None) -> str:
    """The authority's own words, on one line and without anything that could trouble a terminal."""
    words = " ".join(" ".join(texts or ()).split())
    return "".join(char for char in words if char.isprintable())[:LONGEST_REASON]
