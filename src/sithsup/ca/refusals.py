"""What the authority's "no" means: PKIStatusInfo (RFC 9810, section 5.2.3) -> one of our errors."""

from __future__ import annotations

from typing import Any

from sithsup.errors import AuthorityBusyError, AuthorityError, AuthorityRefusedError, TransactionUnknownError

LATER = frozenset({"systemUnavail", "systemFailure", "duplicateCertReq"})
"""Trouble of its own. The last one is a certificate whose answer was lost: it is in the way until it is revoked for
want of a confirmation."""

IN_USE = frozenset({"transactionIdInUse"})
"""It knows an order by this name and does not repeat its answer: order again, for the same key."""

FORGOTTEN = frozenset({"badRequest", "badCertId", "certRevoked", "transactionIdInUse"})
"""To a confirmation: no such transaction waits for one (any more). No single name of the RFC says just this."""

LONGEST_REASON = 300
"""Characters of the authority's own words that are shown."""


def refusal(info: Any) -> AuthorityError:
    """Tell what a PKIStatusInfo of a verified message means, other than success."""
    names: frozenset[str] = frozenset(info["failInfo"].native or ())
    reason = _words(info["statusString"].native) or ", ".join(sorted(names)) or "-"
    if info["status"].native == "waiting" or names & LATER:
        return AuthorityBusyError(reason)
    if names & IN_USE:
        return TransactionUnknownError(reason, fail_info=sorted(names))
    return AuthorityRefusedError(reason, fail_info=names, reason=reason)


def forgotten(error: AuthorityRefusedError) -> AuthorityError:
    """Tell what a refusal means as the answer to a confirmation."""
    if error.fail_info & FORGOTTEN:
        return TransactionUnknownError(error.detail, fail_info=sorted(error.fail_info))
    return error


def _words(texts: list[str] | None) -> str:
    """The authority's own words, on one line and without anything that could trouble a terminal."""
    words = " ".join(" ".join(texts or ()).split())
    return "".join(char for char in words if char.isprintable())[:LONGEST_REASON]
