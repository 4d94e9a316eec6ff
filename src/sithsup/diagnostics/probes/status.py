"""The status services: who tells whether certificates are revoked, and how old what they tell is."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from sithsup.diagnostics.probe import Found, Group
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.values import Fact, Term, Word, foreign, host
from sithsup.errors import AnswerOfAnotherTimeError, AnswerUntrustedError, NoNetworkError, StatusSilentError
from sithsup.model import CertificateState, KeyRole
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.certificate import Certificate
    from sithsup.diagnostics.scene import Scene
    from sithsup.diagnostics.statuses import Told


STATE_TEXTS = {
    CertificateState.GOOD: mark("good"),
    CertificateState.REVOKED: mark("revoked"),
    # Translators: of a certificate, as a status service tells it
    CertificateState.UNKNOWN: mark("unknown"),
}
USE_TEXTS = {
    # Translators: stands after “Asked about a certificate for”
    None: mark("an issuer"),
    # Translators: stands after “Asked about a certificate for”
    KeyRole.AUTHENTICATION: mark("authentication"),
    # Translators: stands after “Asked about a certificate for”
    KeyRole.SIGNATURE: mark("signatures"),
}


def status(scene: Scene) -> Found:
    """Every place that was asked, and the issuers of whose certificates nobody tells anything."""
    answers = scene.statuses()
    groups = tuple(
        Group(f"place-{number}", host(told.question.passage.address), tuple(_facts(told)))
        for number, told in enumerate(answers, 1)
    )
    about_card = any(not told.question.certificate.is_ca for told in answers)
    facts = (Fact("about-card", mark("The card's own certificates were asked about"), about_card),)
    by_issuer = groupby(sorted(answers, key=_issuer), _issuer)
    problems = (problem for issuer, told in by_issuer for problem in _problems(issuer, tuple(told)))
    return Found(facts, groups, tuple(problems))


def _issuer(told: Told) -> str:
    return told.question.place.issuer


def _use(certificate: Certificate) -> Term:
    return Term(certificate.role.value if certificate.role else "issuer", USE_TEXTS[certificate.role])


def _facts(told: Told) -> Iterator[Fact]:
    place, passage, found = told.question.place, told.question.passage, told.status
    yield Fact("service", mark("Service"), Word(place.service))
    yield Fact("issuer", mark("For certificates from"), foreign(place.issuer))
    yield Fact("about", mark("Asked about a certificate for"), _use(told.question.certificate))
    yield Fact("answers", mark("Answers"), found is not None or told.is_long)
    yield Fact("http-status", mark("HTTP status"), passage.status)
    if told.error:
        yield Fact("error", mark("Error code"), Word(told.error.code))
    if found:
        yield Fact("state", mark("Status of the certificate"), Term(found.state.value, STATE_TEXTS[found.state]))
        yield Fact("told-at", mark("Told at"), found.at)
        yield Fact("age", mark("Age (s)"), round((told.clock - found.at).total_seconds()))
        yield Fact("is-fresh", mark("Made for this question"), found.is_fresh)


def _problems(issuer: str, answers: tuple[Told, ...]) -> Iterator[Problem]:
    """What is wrong where nobody tells anything of an issuer's certificates; one who answers is enough."""
    errors = [told.error for told in answers if told.error]
    if len(errors) < len(answers) or any(told.is_long for told in answers):
        return
    if any(isinstance(error, AnswerOfAnotherTimeError) for error in errors):
        return  # the clock's probe tells of it
    untrusted = next((error for error in errors if isinstance(error, AnswerUntrustedError | NoNetworkError)), None)
    if untrusted:
        yield Problem(untrusted)
        return
    where = answers[0].question.passage.target.host
    yield Problem(StatusSilentError(str(errors[0]), host=where, issuer=foreign(issuer), problem=errors[0].what))
