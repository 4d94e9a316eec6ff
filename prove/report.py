"""The table of how every kind of case ended, and docs/proof.md."""

from __future__ import annotations

import platform
import re
import subprocess
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING

from prove.case import ENDINGS, TORN, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prove.kept import Played

COLUMNS = (*ENDINGS, "other")
LIBRARIES = ("cryptography", "asn1crypto", "PyKCS11", "httpx")
PACKAGES = ("softhsm2", "pcscd", "vsmartcard-vpcd", "opensc-pkcs11", "openssl")

TEXT = """\
# The promise, tried

Whenever the upgrade is interrupted, and however often, the card ends with its old identity working or with its new one.
Never neither. `./dev prove` plays every interruption that we can think of and writes this page; a case that ends
otherwise is told with the one line that plays it again, and is a fault.

{summary}

{table}

A *torn directory* is the one physical exception: a card that does not write atomically lost its power while it wrote a
directory that several keys and certificates share. These were the cases:

{torn}

## What is looked at

- **At every instant**: some authentication certificate that the authority holds good is on the card, with a key that
  can sign. On the simulators before each call of the program to the card or the authority; on the virtual card after
  each cut and each run of the recovery; on SoftHSM2 at the end.
- **At the end**: exactly the old identity, or exactly the new one; what the campaign does not target is byte for byte
  as it was; no key or certificate of ours is left over that PKCS#11 shows; no journal is left open. A card that has no
  room for old and new at once ends like any other, or at the old identity where its campaign forbids to make room.
  Old certificates that the campaign keeps are there, and the keys that they carry.
- **After every confirmation wait has passed**: the authority's ledger has no valid certificate of ours that is not on
  the card, and none of the card's is revoked.
- **Always**: no code was sent that its holder was not asked for (on the simulators).
- **Afterwards**: the computer on which the upgrade began goes on too, and changes nothing.

The judges are not the program: on the simulators and the virtual card what is stored on the card, and the ledger; on
SoftHSM2 `pkcs11-tool`, `openssl` and the ledger.

A proof is worth what it catches: `./dev prove --mutants` plants seven faults in copies of the program, one at a time (a
confirmation journalled after it was sent, an old key removed first, ...), plays a part of the simulators' cases against
each, and fails unless every fault is caught by a case that ends well without it.

## The stacks

{stacks}

## What is not proven

- **A real SITHS card with Net iD has not been measured.** Neither has a real authority.
- What power that is cut in the middle of a write leaves on real silicon. The simulators leave what was measured on an
  emulated card: files that no directory lists, keys without their public half, keys that can neither sign nor be
  destroyed.
- A module that lies: one that shows objects which are not on the card.
- A status service further behind than the campaign says.
- Disks that lose what they have said to be synced.

## Versions

{versions}
"""

STACK_TEXTS = {
    "simulators": "**simulators**: a simulated card and a simulated authority with faults that can be switched on; "
    "every call of an upgrade, every way to go wrong, and again at calls of the recovery; four kinds of cards, one of "
    "them full, seventeen customs of campaign, authority, middleware and clock (a key for each certificate, "
    "existing keys certified again, all of them or those of one role, old certificates that stay, those that open "
    "encrypted e-mail stay, nothing new for signatures, each of three old certificates updated), the same computer or "
    "another one without the journal.",
    "virtual": "**virtual card**: pcscd, OpenSC's PKCS#11 module and a card of our own, which has a file system and "
    "loses its power before, after or in the middle of what a command writes; the authority is simulated. One case in "
    "ten is played with RSA keys too, and one on a card that has no room for the last certificate. OpenSC "
    "deletes a certificate's file and then writes its directory anew in several commands: a card whose power goes in "
    "between shows nothing behind the torn entry, and nothing in PKCS#11 repairs it. Those cases are the column *torn "
    "directory*.",
    "processes": "**processes**: the real program on a SoftHSM2 card with the demo's CMP authority, killed (`kill -9`) "
    "around every write of its journal and at random moments; with a disk that is full from each write of its journal "
    "on (the system takes not a byte more for any file of the program), and has room again for the recovery; and "
    "killed, then recovered on a computer whose clock is a day ahead or a day behind. An authority that refuses for "
    "the clock alone is asked again once the clock is right.",
}


def table(counts: Mapping[tuple[str, str], Counter[str]]) -> list[str]:
    """One row for each stack and kind of fault, and the totals; Markdown, and readable as it is."""
    head = ["stack", "fault", "cases", *COLUMNS]
    rows = [[stack, fault, *_cells(counts[stack, fault])] for stack, fault in sorted(counts)]
    rows.append(["all", "", *_cells(sum(counts.values(), Counter()))])
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    lines = [_line(head, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
    return [*lines, *(_line(row, widths) for row in rows)]


def _cells(ends: Counter[str]) -> list[str]:
    return [str(ends.total()), *(str(ends[column]) for column in COLUMNS)]


def _line(row: list[str], widths: list[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"


def page(played: Mapping[str, Played]) -> str:
    """The whole page."""
    results = [result for each in played.values() for result in each.results]
    torn = [f"    ./dev prove --case '{result.name}'" for result in results if result.ending == TORN]
    return TEXT.format(
        summary=f"{len(results)} cases, on two cores. A case that ended *other* would be a fault; there are "
        f"{sum(result.column == 'other' for result in results)}.",
        table="\n".join(table(count(results))),
        torn="\n".join(torn) or "    none",
        stacks="\n".join(_stack(name, each) for name, each in played.items()),
        versions="\n".join(f"- {line}" for line in _versions()),
    )


def _stack(name: str, played: Played) -> str:
    number, minutes = len(played.results), played.minutes
    return f"- {STACK_TEXTS[name]} {number} cases, seed {played.seed}, {minutes:.0f} minutes, commit {played.commit}."


def commit() -> str:
    """The short name of the program's present commit; empty outside a checkout."""
    asked = ["git", "rev-parse", "--short=12", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60).stdout.strip()


def _versions() -> Iterator[str]:
    yield f"Python {platform.python_version()}"
    for name in LIBRARIES:
        yield f"{name} {version(name)}"
    for name in PACKAGES:
        if found := _package(name):
            yield f"{name} {found} (Debian)"


def _package(name: str) -> str:
    """The version of an installed Debian package; empty where there is none, or no Debian."""
    try:
        asked = ["dpkg-query", "-W", "-f=${Version}", name]
        said = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60).stdout
    except OSError:
        return ""
    return said if re.fullmatch(r"[\w.+:~-]+", said) else ""
