"""`sithsup campaign`: for those who write and sign a campaign, and for those who wonder which one is in force."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sithsup import os_words
from sithsup.campaign import (
    Campaign,
    CardKind,
    Document,
    Finder,
    Origin,
    is_shipped,
    load_anchors,
    read_file,
    read_signed,
)
from sithsup.campaign.signature import NO_ANCHOR, PrivateKey, SignatureRefusedError, sign, unverified, verify
from sithsup.campaign.store import Store
from sithsup.cli.codes import read_hidden
from sithsup.errors import (
    ArgumentInvalidError,
    CampaignInvalidError,
    CampaignOldError,
    CampaignUntrustedError,
    SettingsInvalidError,
)
from sithsup.texts import mark, tr
from sithsup.whole_file import write_whole

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.campaign.signature import Signature
    from sithsup.cli.view import View
    from sithsup.errors import SithsupError
    from sithsup.settings import Settings

LONGEST_PASSPHRASE = 1024
NOT_SIGNED_TEXT = mark("It is not signed. The program does not use it before it is.")
NOT_CHECKED_TEXT = mark("It is signed, but the signature was not checked: that takes --anchor.")
IS_OVER_TEXT = mark("The window has closed for everybody: no upgrade can begin.")
KIND_TEXTS = {
    CardKind.ORDINARY: mark("An ordinary card shows: {signs}"),
    CardKind.SPARE: mark("A spare card shows: {signs}"),
    CardKind.FOREIGN: mark("A card of another issuer shows: {signs}"),
    CardKind.TRANSPORT: mark("A card that is not handed out yet shows: {signs}"),
}
ORIGIN_TEXTS = {
    Origin.SHIPPED: mark("It is part of the program: {place}"),
    Origin.FILE: mark("It comes from the file {place}"),
    Origin.ADDRESS: mark("It was fetched now from {place}"),
    Origin.CACHE: mark("It was kept from {place}, and is the last good one from there"),
}


def run(arguments: argparse.Namespace, settings: Settings, view: View) -> int:
    """Show, verify or sign."""
    if not arguments.file:
        if arguments.anchor:
            _refuse("--anchor", arguments.anchor, tr("it goes with a file that is named"))
        return view.finish(0, _show(settings, view))
    try:
        if arguments.action == "sign":
            return _sign(arguments, view)
        if arguments.action == "verify":
            return _verify(arguments, settings, view)
        return view.finish(0, _show_file(arguments, settings, view))
    except CampaignInvalidError as error:
        error.to_author(_author_step(error))
        raise


def _author_step(error: CampaignInvalidError) -> str:
    """Whoever names a file here writes it, and signs it: what they do next."""
    if isinstance(error, CampaignOldError):
        return tr("Raise “version”, sign the file anew, and run the same command again.")
    if error.values["problem"] == tr(NO_ANCHOR):
        return tr("Give --anchor, a PEM file, and run the same command again.")
    if isinstance(error, CampaignUntrustedError):
        return tr(
            "Sign it with a certificate that is right, or give the right --anchor, and run the same command again."
        )
    if error.values["line"]:
        return tr("Correct the line and run the same command again.")
    return tr("Correct the file, or its path, and run the same command again.")


# ----------------------------------------------------------------------------------------------------- show


def _show(settings: Settings, view: View) -> Iterator[str]:
    finder = Finder(settings)
    finder.start()
    return _shown(finder.document(), view, failure=finder.failure)


def _show_file(arguments: argparse.Namespace, settings: Settings, view: View) -> Iterator[str]:
    """A text that is not signed yet, or not checked, is shown too: whoever writes one wants to see it."""
    path = arguments.file
    if is_shipped(path):
        return _shown(Document(Campaign.load(path), Origin.SHIPPED, str(path), None), view)
    document = read_file(path)
    if _is_text(document):
        return _shown(Document(Campaign.parse(document, str(path)), Origin.FILE, str(path), None), view)
    if anchors := _anchors(arguments, settings):
        campaign, signature = read_signed(document, anchors, str(path))
        return _shown(Document(campaign, Origin.FILE, str(path), signature), view)
    try:
        campaign = Campaign.parse(unverified(document), str(path))
    except SignatureRefusedError as error:
        raise CampaignUntrustedError(path=str(path), problem=str(error)) from error
    return _shown(Document(campaign, Origin.FILE, str(path), None), view, unsigned=NOT_CHECKED_TEXT)


def _shown(
    found: Document, view: View, *, unsigned: str = NOT_SIGNED_TEXT, failure: SithsupError | None = None
) -> Iterator[str]:
    signature = found.signature
    view.result["campaign"] = campaign_data(found.campaign)
    view.result["origin"], view.result["place"] = found.origin.value, found.place
    view.result["signature"] = signature_data(signature) if signature else None
    view.result["failure"] = {"code": failure.code, "what": failure.what, "why": failure.why} if failure else None
    lines = [*campaign_lines(found.campaign), *_origin_lines(found, unsigned, failure)]
    return (printable(line) for line in lines)  # nobody trusted may have signed it


def printable(line: str) -> str:
    """Nothing that a terminal would obey; the lines of a longer text become one."""
    return "".join(char for char in line.replace("\n", " ") if char.isprintable())


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
    yield tr("{title} ({id}, version {version})", title=campaign.title, id=campaign.id, version=campaign.version)
    yield from _window_lines(campaign)
    yield from _card_lines(campaign)
    yield tr("Replaces certificates from {issuers}", issuers=", ".join(campaign.source_issuers))
    for target in campaign.targets:
        yield tr(
            "Makes {name}: {issuer}, {algorithm}", name=target.name, issuer=target.issuer, algorithm=target.algorithm
        )
    for issuer, level in campaign.levels.items():
        yield tr("Level of assurance {level}: {issuer}", level=level, issuer=issuer)
    yield tr("Certificate issuer: {address}", address=campaign.authority.address)
    yield from _people_lines(campaign)


def _window_lines(campaign: Campaign) -> Iterator[str]:
    window = campaign.window
    yield tr("Open from {opens} until {closes}", opens=_time(window.opens), closes=_time(window.closes))
    for later in window.extensions:
        whom = ", ".join(later.organizations) or tr("everybody")
        yield tr("Open until {closes} for {whom}", closes=_time(later.closes), whom=whom)
    for slot in campaign.rollout:
        yield tr("{share} % of all cards from {opens}", share=slot.share, opens=_time(slot.opens))
    if campaign.is_over(datetime.now(UTC)):
        yield tr(IS_OVER_TEXT)
    if campaign.paused:
        yield tr("Paused: no upgrade may begin now.")
    if campaign.program_min:
        yield tr("Needs version {version} of the program, or a later one", version=campaign.program_min)


def _card_lines(campaign: Campaign) -> Iterator[str]:
    if campaign.ordered_before:
        yield tr("Cards that were ordered on {day} or later need no upgrade", day=campaign.ordered_before)
    for row in campaign.cards:
        signs = dict.fromkeys((*row.numbers, *row.manufacturers, *row.labels, *row.issuers))
        yield tr(KIND_TEXTS[row.kind], signs=", ".join(signs))
        if row.reason:
            yield tr("What the holder of such a card reads: {text}", text=row.reason)


def _people_lines(campaign: Campaign) -> Iterator[str]:
    contacts, codes = campaign.contacts, campaign.codes
    yield tr("Deputy issuer: {contact}", contact=contacts.deputy_issuer)
    yield tr("Local IT support: {contact}", contact=contacts.local_it)
    if contacts.organizations:
        yield tr("Other contacts for {count} organisations", count=len(contacts.organizations))
    if campaign.terms:
        yield tr("Terms: version {version}", version=campaign.terms.version)
    if codes and codes.price:
        yield tr("A new code costs {price}", price=codes.price)
    if codes:
        yield tr("How new codes are ordered: {text}", text=codes.order)


def _origin_lines(found: Document, unsigned: str, failure: SithsupError | None) -> Iterator[str]:
    yield tr(ORIGIN_TEXTS[found.origin], place=found.place)
    if found.signature:
        yield signature_line(found.signature)
    elif found.origin is not Origin.SHIPPED:
        yield tr(unsigned)
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
    """In this computer's zone, which is named: a campaign's author may have written another."""
    return at.astimezone().isoformat(" ", "minutes")


# --------------------------------------------------------------------------------------------------- verify


def _verify(arguments: argparse.Namespace, settings: Settings, view: View) -> int:
    """A text that is not signed is refused, but its own faults are told first: they are what its author looks for."""
    path = arguments.file
    document = read_file(path)
    if _is_text(document):
        Store(settings.data).refuse_older(Campaign.parse(document, str(path)), str(path))
        unsigned = CampaignUntrustedError(path=str(path), problem=tr("the text is right, but it is not signed"))
        raise unsigned.to_author(tr("Sign it (“sithsup campaign sign”), and verify what comes out."))
    campaign, signature = read_signed(document, _anchors(arguments, settings), str(path))
    Store(settings.data).refuse_older(campaign, str(path))
    view.result |= {"campaign": campaign_data(campaign), "signature": signature_data(signature)}
    view.say(tr("The campaign is right: {id}, version {version}.", id=campaign.id, version=campaign.version))
    view.say(signature_line(signature))
    _note_end(campaign, view)
    return view.finish(0)


def _anchors(arguments: argparse.Namespace, settings: Settings) -> tuple[bytes, ...]:
    """Those that are named, else those of the settings; a wrong one is told as what it is."""
    if arguments.anchor:
        return _pems("--anchor", arguments.anchor)
    return load_anchors(settings.campaign_anchor) if settings.campaign_anchor else ()


def _note_end(campaign: Campaign, view: View) -> None:
    """It is right nevertheless, and may be meant: holders read that it is over."""
    if campaign.is_over(datetime.now(UTC)):
        view.say(tr(IS_OVER_TEXT))


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
    certificates = _pems("--certificate", arguments.certificate)
    chain = _pems("--chain", arguments.chain) if arguments.chain else ()
    anchors = _pems("--anchor", arguments.anchor) if arguments.anchor else certificates[:1]
    key = _key(arguments.key)
    signer, *others = map(x509.load_der_x509_certificate, (*certificates, *chain))
    try:
        document = sign(text, key, signer, tuple(others))
    except ValueError as error:
        _refuse("--key", arguments.key, str(error), error)
    try:
        verify(document, anchors)
        write_whole(arguments.out, document)
    except SignatureRefusedError as error:
        _refuse("--certificate", arguments.certificate, str(error), error)
    except OSError as error:
        _refuse("--out", arguments.out, os_words.reason(error), error)
    view.result |= {"campaign": campaign_data(campaign), "out": str(arguments.out)}
    view.say(
        tr("Signed: {path}, {id}, version {version}.", path=arguments.out, id=campaign.id, version=campaign.version)
    )
    _note_end(campaign, view)
    return view.finish(0)


def _refuse_input(arguments: argparse.Namespace) -> None:
    """What is written must not take the place of anything that is read, a key least of all."""
    out = arguments.out
    inputs = (arguments.file, arguments.key, arguments.certificate, arguments.chain, arguments.anchor)
    try:
        is_read = out.exists() and any(path.exists() and path.samefile(out) for path in inputs if path)
    except OSError as error:
        _refuse("--out", out, os_words.reason(error), error)
    if is_read:
        _refuse("--out", out, tr("it is one of the files that are read"))


def _pems(option: str, path: Path) -> tuple[bytes, ...]:
    try:
        return load_anchors(path, str(path))
    except SettingsInvalidError as error:
        _refuse(option, path, str(error.values["problem"]), error)


def _key(path: Path) -> PrivateKey:
    try:
        pem = path.read_bytes()
        try:
            key = load_pem_private_key(pem, None)
        except TypeError:  # it is encrypted
            key = load_pem_private_key(pem, _passphrase(path))
    except (OSError, ValueError, TypeError) as error:
        problem = os_words.reason(error) if isinstance(error, OSError) else tr("the key cannot be read")
        _refuse("--key", path, problem, error)
    if not isinstance(key, PrivateKey):
        _refuse("--key", path, tr("the key is neither RSA nor elliptic"))
    return key


def _passphrase(path: Path) -> bytes:
    """Ask for it; somebody must be there to answer."""
    if not sys.stdin.isatty():
        _refuse("--key", path, tr("the key is encrypted, and there is no terminal to ask for its passphrase"))
    passphrase = read_hidden(tr("Passphrase of {path}: ", path=path), LONGEST_PASSPHRASE)
    print(file=sys.stderr)
    return bytes(passphrase)


def _refuse(option: str, path: Path, problem: str, cause: Exception | None = None) -> NoReturn:
    raise ArgumentInvalidError(name=f"{option} {path}", problem=problem) from cause
