"""Mutated answers of an authority: python -m tests.fuzz.answers [CASES] [SEED].

Each case is a true CMP answer, OCSP response or revocation list, changed in one to four places. The client may raise an
`AuthorityError`, or come to exactly what the true answer says; anything else is a finding. Prints the counts.
"""

from __future__ import annotations

import resource
import sys
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from sithsup.errors import AuthorityError
from tests.ca import pki
from tests.ca.orders import compose, eligible, issue, signer
from tests.ca.scripted import Script, authority
from tests.ca.test_status import ISSUED, H, crl, respond

if TYPE_CHECKING:
    from collections.abc import Callable

    Mutation = Callable[[Random, bytearray], None]


class Kind(NamedTuple):
    """One kind of answer: `read` gives what the client makes of a change of it, as something to compare."""

    name: str
    read: Callable[[Callable[[bytes], bytes]], object]


def _order(change: Callable[[bytes], bytes]) -> object:
    client = authority(Script(lambda request: change(issue(request))))
    return client.order(compose(client)).certificate  # type: ignore[union-attr]


def _query(change: Callable[[bytes], bytes]) -> object:
    client = authority(Script(lambda request: change(eligible(request))))
    return client.query(pki.CARD_NUMBER, signer()).reason


def _ocsp(change: Callable[[bytes], bytes]) -> object:
    script = Script()
    script.pages = {pki.OCSP_URL: lambda asked: change(respond()(asked)), pki.CRL_URL: lambda _: b""}
    return authority(script).status(ISSUED.der, H.hsa_issuer.der).state


def _crl(change: Callable[[bytes], bytes]) -> object:
    script = Script()
    script.pages = {pki.OCSP_URL: lambda _: b"", pki.CRL_URL: lambda asked: change(crl()(asked))}
    return authority(script).status(ISSUED.der, H.hsa_issuer.der).state


KINDS = (Kind("order", _order), Kind("query", _query), Kind("OCSP", _ocsp), Kind("CRL", _crl))


def _flip(random: Random, der: bytearray) -> None:
    der[random.randrange(len(der))] ^= 1 << random.randrange(8)


def _cut(random: Random, der: bytearray) -> None:
    del der[random.randrange(len(der)) :]


def _drop(random: Random, der: bytearray) -> None:
    start = random.randrange(len(der))
    del der[start : start + random.randrange(1, 9)]


def _grow(random: Random, der: bytearray) -> None:
    der[random.randrange(len(der)) : 0] = random.randbytes(random.randrange(1, 9))


def _repeat(random: Random, der: bytearray) -> None:
    start = random.randrange(len(der))
    der[start:start] = der[start : start + random.randrange(1, 200)]


def _lie_about_a_length(random: Random, der: bytearray) -> None:
    der[random.randrange(len(der))] = random.choice((0x80, 0x81, 0x82, 0x84, 0x88, 0xFF))


MUTATIONS: tuple[Mutation, ...] = (_flip, _cut, _drop, _grow, _repeat, _lie_about_a_length)


def mutate(random: Random, der: bytes) -> bytes:
    """Change in one to four places; something is always left."""
    changed = bytearray(der)
    for _ in range(random.randint(1, 4)):
        random.choice(MUTATIONS)(random, changed)
        changed = changed or bytearray(b"\0")
    return bytes(changed)


def fuzz(cases: int, seed: int) -> Counter[str]:
    """Run the cases; raises what the client should not have raised, with the seed of its case among the notes."""
    counts: Counter[str] = Counter()
    true = {kind: kind.read(lambda der: der) for kind in KINDS}
    for number in range(cases):
        kind = KINDS[number % len(KINDS)]
        random = Random(f"{seed}/{number}")  # noqa: S311  cases, not secrets
        try:
            came = kind.read(lambda der, random=random: mutate(random, der))  # type: ignore[misc]
        except AuthorityError:
            counts[f"{kind.name} refused"] += 1
            continue
        except BaseException as error:
            error.add_note(f"{kind.name}: case {number} of seed {seed}")
            raise
        if came != true[kind]:
            raise AssertionError(f"{kind.name}: case {number} of seed {seed} was believed: {came!r}")
        counts[f"{kind.name} unharmed"] += 1
    return counts


def main(cases: int = 100_000, seed: int = 1) -> None:
    """Run and print."""
    print(dict(fuzz(cases, seed)), f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
