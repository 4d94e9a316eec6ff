"""The network: the way to the authority and to the campaign, step by step, and which proxy is taken."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib import request

from sithsup.ca.passage import Step, has_route
from sithsup.diagnostics import windows
from sithsup.diagnostics.passages import AUTHORITY
from sithsup.diagnostics.probe import Found, Group
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.values import Fact, Term, Word, foreign, host, one_of
from sithsup.errors import ProxyScriptError, ProxyUnusableError, ServerUntrustedError
from sithsup.settings import DIRECT
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sithsup.ca.passage import Passage
    from sithsup.diagnostics.passages import Reached
    from sithsup.diagnostics.scene import Scene

INTERNET_SETTINGS = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings"
TLS_VERSIONS = {"TLSv1.2", "TLSv1.3"}
MOST_CERTIFICATES = 5
"""Of a chain that is told."""
SOURCE_TEXTS = {
    # Translators: stands after “The proxy comes from”
    "setting": mark("the program's settings"),
    # Translators: stands after “The proxy comes from”
    "environment": mark("the environment"),
    # Translators: stands after “The proxy comes from”
    "system": mark("the system"),
    # Translators: stands after “The proxy comes from”
    "none": mark("nowhere: none is used"),
}
VOUCHER_TEXTS = {
    # Translators: stands after “The server is vouched for by”
    "campaign": mark("the campaign's own roots"),
    # Translators: stands after “The server is vouched for by”
    "system": mark("a root that this computer trusts"),
    # Translators: stands after “The server is vouched for by”
    "nobody": mark("nobody who is trusted"),
}
STEPS = (
    (Step.NAMED, "name-ms", mark("The name was found after (ms)")),
    (Step.CONNECTED, "connection-ms", mark("Connected after (ms)")),
    (Step.SECURED, "tls-ms", mark("Secured by TLS after (ms)")),
    (Step.ANSWERED, "answer-ms", mark("Answered after (ms)")),
)
INSECURE_STEPS = tuple(step for step in STEPS if step[0] is not Step.SECURED)


def network(scene: Scene) -> Found:
    """Which proxy is taken, and how far each way leads."""
    source, proxy = _proxy(scene.settings.proxy)
    has_script = _has_script()
    facts = [
        Fact("has-route", mark("Any way leads out of the computer"), has_route()),
        Fact("proxy-source", mark("The proxy comes from"), Term(source, SOURCE_TEXTS[source])),
    ]
    if proxy:
        facts.append(Fact("proxy", mark("Proxy"), host(proxy)))
    if has_script is not None:
        facts.append(Fact("proxy-script", mark("The system finds its proxy by a script (PAC)"), has_script))
    try:
        passages = scene.passages()
    except ProxyUnusableError as error:
        return Found(tuple(facts), problems=(Problem(error),))
    groups = tuple(Group(each.name, host(each.passage.address), tuple(_facts(each))) for each in passages)
    problems = [Problem(each.error) for each in passages if each.error]
    if has_script and source == "none" and any(each.name == AUTHORITY and each.passage.fault for each in passages):
        problems.append(Problem(ProxyScriptError()))
    return Found(tuple(facts), groups, tuple(problems))


def _facts(reached: Reached) -> Iterator[Fact]:
    passage = reached.passage
    yield Fact("addresses", mark("Addresses by the name service"), foreign(", ".join(passage.addresses)) or None)
    yield Fact("through-proxy", mark("Goes through a proxy"), passage.proxy is not None if passage.peer else None)
    for step, name, label in STEPS if passage.is_secure else INSECURE_STEPS:
        yield Fact(name, label, round(passage.took[step] * 1000) if step in passage.took else None)
    yield Fact("http-status", mark("HTTP status"), passage.status)
    if reached.error:
        yield Fact("error", mark("Error code"), Word(reached.error.code))
    if reached.shown:
        yield from _tls_facts(reached, passage)


def _tls_facts(reached: Reached, passage: Passage) -> Iterator[Fact]:
    nobody = isinstance(reached.error, ServerUntrustedError)
    vouches = "nobody" if nobody else "campaign" if reached.is_anchored else "system"
    yield Fact("vouched-by", mark("The server is vouched for by"), Term(vouches, VOUCHER_TEXTS[vouches]))
    yield Fact(
        "tls", mark("Version of TLS"), one_of(passage.tls_version, TLS_VERSIONS) if passage.tls_version else None
    )
    for number, shown in enumerate(reached.shown[:MOST_CERTIFICATES], 1):
        name = shown.common_name or shown.organization
        issuer = shown.issuer_common_name or shown.issuer_organization
        yield Fact(f"certificate-{number}", mark("Shows the certificate"), foreign(name))
        yield Fact(f"issuer-{number}", mark("Issued by"), foreign(issuer))
        yield Fact(f"valid-to-{number}", mark("Valid until"), shown.not_after)
        yield Fact(f"fingerprint-{number}", mark("Fingerprint (SHA-256)"), Word(shown.fingerprint))


def _proxy(setting: str | None) -> tuple[str, str]:
    """Where the proxy comes from, and its address; empty where there is none."""
    if setting is not None:
        return "setting", "" if setting == DIRECT else setting
    own, any_ = _first(request.getproxies_environment()), _first(request.getproxies())
    return "environment" if own else "system" if any_ else "none", own or any_


def _first(found: Mapping[str, str]) -> str:
    address = next((found[scheme] for scheme in ("https", "http", "all") if found.get(scheme)), "")
    return address if not address or "://" in address else f"http://{address}"


def _has_script() -> bool | None:
    """Whether the system is set up with one; None where it is not known where that stands."""
    if system := windows.here():
        return bool(system.value(windows.Hive.USER, INTERNET_SETTINGS, "AutoConfigURL"))
    if sys.platform == "darwin":
        with suppress(OSError, subprocess.SubprocessError):
            told = subprocess.run(["/usr/sbin/scutil", "--proxy"], check=True, capture_output=True, timeout=2)
            return b"ProxyAutoConfigEnable : 1" in told.stdout
    return None
