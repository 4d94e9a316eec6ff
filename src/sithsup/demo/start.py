"""The demo's life: `start` makes a card and its world in one folder and leaves the authority running, `stop` ends it.

`start_again` starts the authority of a stopped demo, with the same card and the same memory.

DIR/card/        the card and what leads to it             DIR/campaign.p7m    the demo's own campaign, signed
DIR/signing/     who signs it, and the anchor              DIR/campaign.json   the same, to be read
DIR/authority/   keys, ledger and log of the authority     DIR/env             for a shell: `. DIR/env`
DIR/data/        what the program remembers                DIR/pins            the codes, as --pin-stdin reads them
DIR/logs/        the program's logs                        DIR/puks            the PUK code of each
                                                           DIR/reference, DIR/secret  for a client without a card
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import socket
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sithsup import os_words
from sithsup.card.modules import find_module
from sithsup.certificate import Certificate
from sithsup.demo import background, signing
from sithsup.demo.campaign import Wishes, demo_campaign
from sithsup.demo.card import Workshop
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.kinds import Kind
from sithsup.demo.knobs import KNOBS_FILE, Knobs
from sithsup.demo.ledger import Card, Ledger
from sithsup.demo.people import PEOPLE, new_card_number
from sithsup.demo.scheme import SITHS, Scheme
from sithsup.demo.server import HOST, LEDGER_FILE
from sithsup.demo.shared_secret import SharedSecret
from sithsup.demo.virtual import service
from sithsup.demo.virtual.workshop import VirtualWorkshop
from sithsup.errors import SettingsInvalidError
from sithsup.model import KeyAlgorithm
from sithsup.texts import tr

if TYPE_CHECKING:
    from sithsup.demo.issuing import DemoCard
    from sithsup.demo.virtual.door import Door

__all__ = [
    "CardType",
    "Kind",
    "Knobs",
    "Wishes",
    "card_door",
    "environment",
    "free_address",
    "made_knobs",
    "make",
    "start",
    "start_again",
    "stop",
]


class CardType(StrEnum):
    """What the card is made of."""

    SOFTHSM2 = "softhsm2"
    VIRTUAL = "virtual"  # behind pcscd and OpenSC; it can be pulled


ORDINARY, USUAL = Knobs(), Wishes()

SOFTHSM_PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
_REASONS = {
    Kind.SPARE: "SPARE_CARD",
    Kind.FOREIGN: "FOREIGN_ISSUER",
    Kind.FOREIGN_WITH_SITHS: "FOREIGN_ISSUER",
    Kind.UPGRADED: "ALREADY_UPGRADED",
    Kind.FACTORY_NEW: "NO_NEED",
    Kind.PROTECTED: "PROTECTED_IDENTITY",
}
"""What the authority answers about cards of a kind; about all others ELIGIBLE."""


def start(
    folder: Path,
    kind: Kind = Kind.ORDINARY,
    *,
    knobs: Knobs = ORDINARY,
    wishes: Wishes = USUAL,
    key_algorithm: KeyAlgorithm = KeyAlgorithm.RSA_3072,
    card: CardType = CardType.SOFTHSM2,
) -> None:
    """Make everything in a folder that is empty or does not exist yet, and start the authority.

    `knobs` are how it behaves, `wishes` what its campaign asks for; `key_algorithm` P_256 gives the authorities
    elliptic keys, which are made in no time (the old card's own are RSA in any case).
    Raises `SettingsInvalidError` for a folder that cannot be used, `NoModuleError` or `NoReaderError` where what the
    card needs is not installed.
    """
    module = _require(card)
    folder = _empty_folder(folder)
    try:
        workshop = Workshop(folder / "card", module) if module else VirtualWorkshop(folder / "card")
        hierarchy, now = make(folder, kind, workshop, key_algorithm)
        campaign = demo_campaign(hierarchy, now, wishes, knobs)
        signing.make_signer(folder, now)
        signing.sign_campaign(folder, campaign.model_dump_json(indent=2).encode())
        knobs.keep(folder / "authority")
        background.serve(folder / "authority", knobs)
        if card is CardType.VIRTUAL:
            service.start(folder / "card")
    except BaseException:
        stop(folder)
        shutil.rmtree(folder)
        raise


def made_knobs(folder: Path) -> Knobs | None:
    """How the authority of the demo that was made in a folder behaves; None where no demo was made."""
    needed = (signing.SIGNED, "env", "pins", f"authority/{KNOBS_FILE}")
    if not all((folder / name).is_file() for name in needed):
        return None
    return Knobs.kept(folder / "authority")


def start_again(folder: Path, knobs: Knobs) -> None:
    """Start the authority of a demo that was made, and its virtual card: the same card, the same memory.

    Raises `SettingsInvalidError` while the demo runs.
    """
    folder = folder.absolute()
    if background.is_running(folder / "authority"):
        raise SettingsInvalidError(name=str(folder), problem=tr("the demo in this folder runs already"))
    knobs.keep(folder / "authority")
    background.serve(folder / "authority", knobs)
    card = folder / "card"
    if (card / service.CARD_FILE).exists() and not service.is_running(card):
        service.start(card)


def stop(folder: Path) -> bool:
    """End the authority and the card of this folder, if they run, and nothing else; tell whether any did.

    What is in the folder stays.
    """
    authority, card = folder.absolute() / "authority", folder.absolute() / "card"
    has_run = background.is_running(authority) or service.is_running(card)
    background.end(authority)
    service.stop(card)
    return has_run


def card_door(folder: Path) -> Door:
    """Lead a hand to the virtual card of a demo. Raises `NoCardError` where there is none."""
    return service.find_door(folder.absolute() / "card")


def environment(folder: Path) -> dict[str, str]:
    """Give the variables that point the program, and SoftHSM2, at a demo that was started."""
    lines = (folder / "env").read_text(encoding="utf-8").splitlines()
    return dict(shlex.split(line)[1].split("=", 1) for line in lines)


def _require(card: CardType) -> Path | None:
    """See that what the card needs is installed; SoftHSM2's module, None for a virtual card."""
    if card is CardType.SOFTHSM2:
        return Path(find_module(None, SOFTHSM_PLACES))
    service.require_tools()
    return None


def _empty_folder(folder: Path) -> Path:
    folder = folder.absolute()
    if "#" in str(folder) or "\n" in str(folder):
        raise SettingsInvalidError(name=str(folder), problem=tr("SoftHSM2 cannot read a path with # or a line break"))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        if any(folder.iterdir()):
            raise SettingsInvalidError(name=str(folder), problem=tr("the folder is not empty"))
    except OSError as error:
        raise SettingsInvalidError(name=str(folder), problem=os_words.reason(error)) from error
    return folder


def make(
    folder: Path,
    kind: Kind,
    workshop: Workshop | VirtualWorkshop,
    key_algorithm: KeyAlgorithm,
    scheme: Scheme = SITHS,
) -> tuple[Hierarchy, datetime]:
    """Make the card, the authority's keys and its ledger; no campaign, and nothing is started."""
    now, authority = datetime.now(UTC), folder / "authority"
    with workshop:
        blank = workshop.blank_card(kind)
        hierarchy = Hierarchy.make(authority, lambda: now, free_address(), key_algorithm, scheme)
        number = new_card_number(scheme.fillings[kind].number_prefix)
        card = workshop.personalize(blank, number, PEOPLE[0], hierarchy, now)
    shared = _fill_ledger(Ledger(authority / LEDGER_FILE, scheme.profiles), card, _REASONS.get(kind, "ELIGIBLE"))
    _write_privately(folder / "reference", f"{shared.reference.decode()}\n")
    _write_privately(folder / "secret", f"{shared.secret.decode()}\n")
    _write_privately(folder / "pins", "".join(f"{code}\n" for code in card.codes))
    _write_privately(folder / "puks", "".join(f"{puk}\n" for puk in card.puks))
    _write_privately(folder / "env", _shell(folder, workshop.environment))
    return hierarchy, now


def free_address() -> str:
    """Ask the system for a port that nobody has: certificates name it, so it must be known before the server starts."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return f"http://{HOST}:{listener.getsockname()[1]}"


def _fill_ledger(ledger: Ledger, card: DemoCard, reason: str) -> SharedSecret:
    """Enter the card; and a second holder, whose card has nothing yet but a secret to order its certificates with."""
    number = new_card_number()
    shared = SharedSecret(secrets.token_hex(4).encode(), secrets.token_urlsafe(16).encode(), number)
    parsed = [(name, Certificate.parse(der)) for name, der in card.certificates]
    expires = max(certificate.not_after for _, certificate in parsed)
    with ledger.transaction():
        ledger.add_card(Card(card.number, card.holder, expires, reason))
        for name, certificate in parsed:
            ledger.add_certificate(certificate.der, name, card.number, certificate.not_before)
        ledger.add_card(Card(number, PEOPLE[1], expires))
        ledger.add_secret(shared)
    ledger.close()
    return shared


def _shell(folder: Path, to_the_card: dict[str, str]) -> str:
    values = {
        **to_the_card,
        "SITHSUP_CAMPAIGN": folder / signing.SIGNED,
        "SITHSUP_CAMPAIGN_ANCHOR": signing.anchor_file(folder),
        "SITHSUP_DATA": folder / "data",
        "SITHSUP_LOGS": folder / "logs",
        "SITHSUP_LOCKS": folder / "locks",
    }
    return "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in values.items())


def _write_privately(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
