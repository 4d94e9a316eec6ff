"""`sithsup campaign`: for those who write and sign a campaign, and for those who wonder which one is in force."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sithsup import os_words
from sithsup.campaign import Campaign, Finder, Origin, is_shipped, load_anchors, read_file, read_signed
from sithsup.campaign.signature import PrivateKey, SignatureRefusedError, sign, verify
from sithsup.cli.codes import read_hidden
from sithsup.errors import CampaignUntrustedError, SettingsInvalidError
from sithsup.texts import mark, tr
from sithsup.whole_file import write_whole

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sithsup.campaign.signature import Signature
    from sithsup.cli.view import View
    from sithsup.errors import SithsupError
    from sithsup.settings import Settings

LONGEST_PASSPHRASE = 1024
ORIGIN_TEXTS = {
    Origin.SHIPPED: mark("It is part of the program: {place}"),
    Origin.FILE: mark("It comes from the file {place}"),
    Origin.ADDRESS: mark("It was fetched now from {place}"),
    Origin.CACHE: mark("It was fetched earlier from {place}"),
}


def run(arguments: argparse.Namespace, settings: Settings, view: View) -> int:
    """Show, verify or sign."""
    if arguments.action == "sign":
        return _sign(arguments, view)
    if arguments.action == "verify":
        return _verify(arguments, settings, view)
    return view.finish(0, _show_file(arguments.file, settings, view) if arguments.file else _show(settings, view))


# ----------------------------------------------------------------------------------------------------- show


def _show(settings: Settings, view: View) -> Iterator[str]:
    finder = Finder(settings)
    finder.start()
    found = finder.document()
    return _shown(found.campaign, found.signature, found.origin, found.place, view, finder.failure)


def _show_file(path: Path, settings: Settings, view: View) -> Iterator[str]:
    """A text that is not signed yet is shown too: whoever writes one wants to see it."""
    if is_shipped(path):
        return _shown(Campaign.load(path), None, Origin.SHIPPED, str(path), view)
    document = read_file(path)
    if _is_text(document):
        return _shown(Campaign.parse(document, str(path)), None, Origin.FILE, str(path), view)
    anchors = load_anchors(settings.campaign_anchor) if settings.campaign_anchor else ()
    return _shown(*read_signed(document, anchors, str(path)), Origin.FILE, str(path), view)


def _shown(
    campaign: Campaign,
    signature: Signature | None,
    origin: Origin,
    place: str,
    view: View,
    failure: SithsupError | None = None,
) -> Iterator[str]:
    view.result["campaign"] = campaign_data(campaign)
    view.result["origin"], view.result["place"] = origin.value, place
    view.result["signature"] = signature_data(signature) if signature else None
    view.result["failure"] = {"code": failure.code, "what": failure.what, "why": failure.why} if failure else None
    lines = [*campaign_lines(campaign), *_origin_lines(signature, origin, place, failure)]
    return ("".join(char for char in line if char.isprintable()) for line in lines)  # nobody trusted may have signed it


def campaign_data(campaign: Campaign) -> dict[str, Any]:
    """What a campaign says, for machines: as the file has it."""
    return campaign.model_dump(mode="json", exclude={"trust_anchors", "intermediates"})


def signature_data(signature: Signature) -> dict[str, Any]:
    """Who has signed, for machines."""
    return {
        "signer": signature.signer.common_name,
        "signer_fingerprint": signature.signer.fingerprint,
        "anchor": signature.anchor.common_name,
        "anchor_fingerprint": signature.anchor.fingerprint,
        "at": signature.at.isoformat(),
    }


def campaign_lines(campaign: Campaign) -> Iterator[str]:
    """What a campaign says, for people."""
    window, contacts = campaign.window, campaign.contacts
    yield tr("{title} ({id}, version {version})", title=campaign.title, id=campaign.id, version=campaign.version)
    yield tr("Open from {opens} until {closes}", opens=_time(window.opens), closes=_time(window.closes))
    for later in window.extensions:
        whom = ", ".join(later.organizations) or tr("everybody")
        yield tr("Open until {closes} for {whom}", closes=_time(later.closes), whom=whom)
    if campaign.paused:
        yield tr("Paused: no upgrade may begin now.")
    yield tr("Replaces certificates from {issuers}", issuers=", ".join(campaign.source_issuers))
    for target in campaign.targets:
        yield tr(
            "Makes {name}: {issuer}, {algorithm}", name=target.name, issuer=target.issuer, algorithm=target.algorithm
        )
    yield tr("Certificate issuer: {address}", address=campaign.authority.address)
    yield tr("Deputy issuer: {contact}", contact=contacts.deputy_issuer)
    yield tr("Local IT support: {contact}", contact=contacts.local_it)
    if contacts.organizations:
        yield tr("Other contacts for {count} organisations", count=len(contacts.organizations))
    if campaign.terms:
        yield tr("Terms: version {version}", version=campaign.terms.version)


def _origin_lines(
    signature: Signature | None, origin: Origin, place: str, failure: SithsupError | None
) -> Iterator[str]:
    yield tr(ORIGIN_TEXTS[origin], place=place)
    if signature:
        yield signature_line(signature)
    elif origin is not Origin.SHIPPED:
        yield tr("It is not signed. The program does not use it before it is.")
    if failure:
        yield tr("Nothing newer is used: {what} {why}", what=failure.what, why=failure.why)


def signature_line(signature: Signature) -> str:
    """Who has signed, for people."""
    return tr(
        "Signed by {signer} at {time}, under {anchor}",
        signer=signature.signer.common_name,
        time=_time(signature.at),
        anchor=signature.anchor.common_name,
    )


def _time(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


# --------------------------------------------------------------------------------------------------- verify


def _verify(arguments: argparse.Namespace, settings: Settings, view: View) -> int:
    """A text that is not signed is refused, but its own faults are told first: they are what its author looks for."""
    path, anchor = arguments.file, arguments.anchor or settings.campaign_anchor
    document = read_file(path)
    if _is_text(document):
        Campaign.parse(document, str(path))
        raise CampaignUntrustedError(path=str(path), problem=tr("the text is right, but it is not signed"))
    campaign, signature = read_signed(document, load_anchors(anchor) if anchor else (), str(path))
    view.result |= {"campaign": campaign_data(campaign), "signature": signature_data(signature)}
    view.say(tr("The campaign is right: {id}, version {version}.", id=campaign.id, version=campaign.version))
    view.say(signature_line(signature))
    return view.finish(0)


def _is_text(document: bytes) -> bool:
    """Whether this was meant as JSON, not as something signed: DER begins with a SEQUENCE."""
    return document[:1] != b"\x30"


# ----------------------------------------------------------------------------------------------------- sign


def _sign(arguments: argparse.Namespace, view: View) -> int:
    """What comes out is verified before it is written: under the anchor, where one is named, as the program will do it.

    Without one the signature and the signer's own certificate are verified, but not who has issued that.
    """
    _refuse_input(arguments)
    text = read_file(arguments.file)
    campaign = Campaign.parse(text, str(arguments.file))
    certificates = _certificates(arguments.certificate)
    chain = _certificates(arguments.chain) if arguments.chain else ()
    key = _key(arguments.key)
    try:
        document = sign(text, key, certificates[0], (*certificates[1:], *chain))
        anchor = arguments.anchor
        verify(document, load_anchors(anchor, str(anchor)) if anchor else load_anchors(arguments.certificate)[:1])
    except (SignatureRefusedError, ValueError) as error:
        _refuse(arguments.certificate, str(error), error)
    try:
        write_whole(arguments.out, document)
    except OSError as error:
        _refuse(arguments.out, os_words.reason(error), error)
    view.result |= {"campaign": campaign_data(campaign), "out": str(arguments.out)}
    view.say(
        tr("Signed: {path}, {id}, version {version}.", path=arguments.out, id=campaign.id, version=campaign.version)
    )
    return view.finish(0)


def _refuse_input(arguments: argparse.Namespace) -> None:
    """What is written must not take the place of anything that is read, a key least of all."""
    out = arguments.out
    inputs = (arguments.file, arguments.key, arguments.certificate, arguments.chain, arguments.anchor)
    try:
        is_read = out.exists() and any(path.exists() and path.samefile(out) for path in inputs if path)
    except OSError as error:
        _refuse(out, os_words.reason(error), error)
    if is_read:
        _refuse(out, tr("it is one of the files that are read"))


def _certificates(path: Path) -> tuple[x509.Certificate, ...]:
    return tuple(map(x509.load_der_x509_certificate, load_anchors(path, str(path))))


def _key(path: Path) -> PrivateKey:
    try:
        pem = path.read_bytes()
        try:
            key = load_pem_private_key(pem, None)
        except TypeError:  # it is encrypted
            key = load_pem_private_key(pem, _passphrase(path))
    except (OSError, ValueError, TypeError) as error:
        problem = os_words.reason(error) if isinstance(error, OSError) else tr("the key cannot be read")
        _refuse(path, problem, error)
    if not isinstance(key, PrivateKey):
        _refuse(path, tr("the key is neither RSA nor elliptic"))
    return key


def _passphrase(path: Path) -> bytes:
    """Ask for it; somebody must be there to answer."""
    if not sys.stdin.isatty():
        _refuse(path, tr("the key is encrypted, and there is no terminal to ask for its passphrase"))
    passphrase = read_hidden(tr("Passphrase of {path}: ", path=path), LONGEST_PASSPHRASE)
    print(file=sys.stderr)
    return bytes(passphrase)


def _refuse(path: Path, problem: str, cause: Exception | None = None) -> NoReturn:
    raise SettingsInvalidError(name=str(path), problem=problem) from cause
