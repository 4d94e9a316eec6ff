"""Mutated campaigns: python -m tests.fuzz.campaigns [CASES] [SEED].

Of three sorts, in turn:

* *raw*: a signed campaign, changed in one to four places. It may be refused, or be the very text that was signed.
* *tree*: a signed campaign whose elements are changed, with every length around them mended. The same holds.
* *text*: the JSON text, changed and signed again, as a careless issuer would. It may be refused, by a place that can be
  shown, or be a campaign; then it comes back the same from what the journal keeps of it.

Any other error than a `CampaignInvalidError`, or a case that takes longer than five seconds, is a finding. Prints the
counts.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

from sithsup.campaign import Campaign, read_signed
from sithsup.errors import CampaignInvalidError, CampaignUntrustedError
from sithsup.texts import resources
from tests.fuzz import trees
from tests.fuzz.answers import mutate
from tests.support.cms import forge, signers

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = (resources() / "campaigns" / "siths-2020.json").read_bytes()
TRUE = Campaign.parse(TEXT, "x")
DOCUMENT, ANCHORS = forge(TEXT), (signers().anchor.der,)
SLOWEST = 5.0
"""Seconds; a thousand times what most cases take."""
STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 1e300, "", "x", "\ud800", "\x9b2J", "a" * 5000, [], {}, [[]], {"sv": 1, "en": []},
    "2019-11-04", "PT-1S", "P9999999999D", "9999-12-31T23:59:59.999999999Z", "https://x@y", "../../etc", "1.2.3" * 99,
)  # fmt: skip


def _raw(random: Random) -> Campaign:
    return read_signed(mutate(random, DOCUMENT), ANCHORS, "x")[0]


def _tree(random: Random) -> Campaign:
    return read_signed(trees.change(random, DOCUMENT), ANCHORS, "x")[0]


def _text(random: Random) -> Campaign:
    changed = mutate(random, TEXT) if random.random() < 0.3 else json.dumps(_strange(random)).encode()
    return read_signed(forge(changed), ANCHORS, "x")[0]


def _strange(random: Random) -> Any:
    """The campaign with one to three values replaced, taken away, repeated or misspelt."""
    data: dict[str, Any] = json.loads(TEXT)
    for _ in range(random.randint(1, 3)):
        part, key = _place(random, data)
        random.choice(CHANGES)(random, part, key)
    return data


def _place(random: Random, part: Any) -> tuple[Any, Any]:
    """A container and one of its keys, as likely high up as deep down."""
    while True:
        key = random.choice(list(part) or [None]) if isinstance(part, dict) else random.randrange(len(part) or 1)
        below = part[key] if part else None
        if not (isinstance(below, dict | list) and below) or random.random() < 0.3:
            return part, key
        part = below


def _replace(random: Random, part: Any, key: Any) -> None:
    if part:
        part[key] = random.choice(STRANGE)


def _drop(_: Random, part: Any, key: Any) -> None:
    if part:
        del part[key]


def _repeat(random: Random, part: Any, key: Any) -> None:
    if isinstance(part, list) and part:
        part[key:key] = [part[key]] * random.choice((1, 50))


def _misspell(random: Random, part: Any, key: Any) -> None:
    if isinstance(part, dict) and part:
        part[f"{key}{random.choice(('s', chr(27), 'é'))}"] = part[key]


CHANGES: tuple[Callable[[Random, Any, Any], None], ...] = (_replace, _replace, _drop, _repeat, _misspell)
SORTS: dict[str, Callable[[Random], Campaign]] = {"raw": _raw, "tree": _tree, "text": _text}


def _refused(error: CampaignInvalidError) -> str:
    """See that a refusal can be shown."""
    place = str(error.values["place"])
    assert place.isprintable()
    assert len(error.why.encode()) < 1500
    if isinstance(error, CampaignUntrustedError):
        return "not believed"
    return "refused with a line" if error.values["line"] else "refused"


def _outcome(sort: str, random: Random) -> str:
    try:
        campaign = SORTS[sort](random)
    except CampaignInvalidError as error:
        return _refused(error)
    assert sort == "text" or campaign == TRUE, "another text was believed"
    assert Campaign.parse(campaign.model_dump_json().encode(), "x") == campaign
    return "taken"


def fuzz(cases: int, seed: int) -> Counter[str]:
    """Run the cases; raises a finding, with the seed of its case among the notes."""
    counts: Counter[str] = Counter()
    for number in range(cases):
        sort = list(SORTS)[number % len(SORTS)]
        begun = time.monotonic()
        try:
            counts[f"{sort}: {_outcome(sort, Random(f'{seed}/{number}'))}"] += 1  # noqa: S311  cases, not secrets
            assert time.monotonic() - begun < SLOWEST, "it took too long"
        except BaseException as error:
            error.add_note(f"{sort}: case {number} of seed {seed}")
            raise
    return counts


def main(cases: int = 100_000, seed: int = 1) -> None:
    """Run and print."""
    print(dict(fuzz(cases, seed)), f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
