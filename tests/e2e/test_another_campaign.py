"""Another, invented campaign with no change in the code: only a campaign file, and somebody else's authority.

Other issuers, P-384, one code for both roles, each of three old certificates updated (kur) to one on a key of its own.
What is on the card is told by pkcs11-tool, what became of certificates by the authority's ledger.
"""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from prove.killed import ARGUMENTS, KILLER
from sithsup.card.modules import find_module
from sithsup.demo import signing
from sithsup.demo import start as life
from sithsup.demo.authorities import Plan
from sithsup.demo.authority import DemoAuthority
from sithsup.demo.card import Workshop
from sithsup.demo.kinds import Filling, Kind
from sithsup.demo.ledger import Ledger
from sithsup.demo.profiles import Profile, Style
from sithsup.demo.scheme import Scheme
from sithsup.demo.server import LEDGER_FILE, DemoServer
from sithsup.demo.status import DemoStatus
from sithsup.model import KeyAlgorithm, KeyRole, SubjectKind
from tests.support.demo import Demo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.demo.hierarchy import Hierarchy

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

FOREST_ROOT, FOREST = "INVENTED Forest Root", "INVENTED Forest Badger CA"
MOON_ROOT, MOON, MOON_PEOPLE = "INVENTED Moon Root", "INVENTED Moon Otter CA", "INVENTED Moon Heron CA"
AUTH, SIGN = KeyRole.AUTHENTICATION, KeyRole.SIGNATURE
HSA_ID, NUMBER = SubjectKind.HSA_ID, SubjectKind.PERSONAL_NUMBER
KINDS = {
    "otter-door": (AUTH, HSA_ID, MOON),
    "otter-pen": (SIGN, HSA_ID, MOON),
    "heron-door": (AUTH, NUMBER, MOON_PEOPLE),
}
"""What is ordered: role, subject and issuer."""
OLD, NEW = {f"badger-{name}" for name in KINDS}, set(KINDS)
CURVE = "secp384r1"


def _plan(name: str, issuer: str) -> Plan:
    return Plan(name, issuer, 2048, hashes.SHA256(), 5, 15, "INVENTED Woods and Sky")


SCHEME = Scheme(
    plans={
        name: _plan(name, issuer)
        for name, issuer in [
            *((FOREST_ROOT, FOREST_ROOT), (FOREST, FOREST_ROOT)),
            *((MOON_ROOT, MOON_ROOT), (MOON, MOON_ROOT), (MOON_PEOPLE, MOON_ROOT)),
        ]
    },
    profiles={
        profile.name: profile
        for name, (role, subject, issuer) in KINDS.items()
        for profile in (
            Profile(f"badger-{name}", FOREST, role, subject, Style.OLD, "2.999.1"),
            Profile(name, issuer, role, subject, Style.NEW, "2.999.2", upgrades=True),
        )
    },
    anchor=MOON_ROOT,
    fillings={Kind.ONE_PIN: Filling(tuple(f"badger-{name}" for name in KINDS), (FOREST,))},
)


def campaign(hierarchy: Hierarchy, now: datetime) -> dict[str, Any]:
    """The campaign file, word for word but for its times, its address and its certificates."""

    def pem(name: str) -> str:
        return hierarchy.authorities[name].certificate.public_bytes(Encoding.PEM).decode()

    both = {"sv": "PÅHITTAT: från skogen till månen", "en": "INVENTED: from the forest to the moon"}
    return {
        "format": 1,
        "id": "forest-to-moon",
        "version": 7,
        "title": both,
        "window": {"opens": _text(now - timedelta(days=1)), "closes": _text(now + timedelta(days=9))},
        "source_issuers": [FOREST],
        "source_policies": ["2.999.1"],
        "keys": "per-target",
        "targets": [
            {
                "name": name,
                "role": role,
                "subject": subject,
                "issuer": issuer,
                "profile": name,
                "body": "kur",
                "algorithm": "p-384",
            }
            for name, (role, subject, issuer) in KINDS.items()
        ],
        "authority": {"address": f"{hierarchy.url}/.well-known/cmp", "query_oid": life.ORDINARY.query_oid},
        "confirm_wait_max": "PT15M",
        "status_lag_max": "PT0S",
        "trust_anchors": [pem(MOON_ROOT)],
        "intermediates": [pem(MOON), pem(MOON_PEOPLE), pem(FOREST)],
        "words": {"why": both},
        "contacts": {"deputy_issuer": {"name": "INVENTED Owl"}, "local_it": {"name": "INVENTED Fox"}},
    }


def _text(time: datetime) -> str:
    return time.isoformat()


@contextmanager
def invented(folder: Path) -> Iterator[Demo]:
    """The card, the authority that runs in this process, and the campaign file."""
    with Workshop(folder / "card", Path(find_module(None, life.SOFTHSM_PLACES))) as workshop:
        hierarchy, now = life.make(folder, Kind.ONE_PIN, workshop, KeyAlgorithm.P_256, SCHEME)
    signing.make_signer(folder, now)
    signing.sign_campaign(folder, json.dumps(campaign(hierarchy, now)).encode())

    def clock() -> datetime:
        return datetime.now(UTC)

    with closing(Ledger(folder / "authority" / LEDGER_FILE, SCHEME.profiles)) as ledger:
        authority = DemoAuthority(hierarchy, ledger, clock, life.ORDINARY)
        port = int(hierarchy.url.rpartition(":")[2])
        with DemoServer(port, authority, DemoStatus(hierarchy, ledger, clock), hierarchy):
            yield Demo(folder, Kind.ONE_PIN)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """Give the invented world on its first day."""
    with invented(tmp_path / "invented") as made:
        yield made


def valid(demo: Demo) -> set[str]:
    """The profiles of the certificates that the authority holds good."""
    return {row.profile for row in demo.ledger() if row.state == "confirmed"}


def on_card(demo: Demo) -> set[str]:
    """The profiles of the holder's certificates on the card, each with a private key of its id."""
    objects = demo.card().objects
    ids = {each.key_id for each in objects if each.kind == "Private Key"}
    serials = {each.serial for each in objects if each.kind == "Certificate" and each.key_id in ids}
    return {row.profile for row in demo.ledger() if row.serial in serials}


def test_an_invented_campaign_is_upgraded(demo: Demo) -> None:
    """Each certificate on a key of its own, elliptic and of the greater kind; `check` says so before and after."""
    assert demo.run("check", "--json").code == 10
    assert on_card(demo) == valid(demo) == OLD
    ended = demo.act("upgrade")
    assert (ended.code, ended.result["outcome"], ended.error_code) == (0, "upgraded", None)
    assert on_card(demo) == valid(demo) == NEW
    new = [x509.Certificate.load(row.der).public_key for row in demo.ledger() if row.profile in NEW]
    assert [key.curve for key in new] == [("named", CURVE)] * 3
    assert len({key.sha256 for key in new}) == 3
    after = demo.run("check", "--json")
    assert (after.code, after.result["situation"]) == (0, "upgraded")


@pytest.mark.parametrize("choice", ["resume", "restore"])
def test_an_interrupted_one_is_finished_or_undone(choice: str, demo: Demo) -> None:
    """Killed once two of its keys are made, by a write of its journal."""
    killed = demo.run("after", "9", *ARGUMENTS, program=KILLER, codes=demo.pins)
    assert killed.code < 0
    assert demo.run("check", "--json").code == 4
    ended = demo.act(choice)
    assert (ended.code, ended.error_code) == (0, None)
    assert on_card(demo) == valid(demo) == (NEW if choice == "resume" else OLD)
    if choice == "restore":
        assert demo.card() == demo.before


def test_past_the_line_it_can_only_be_finished(demo: Demo) -> None:
    """Killed once a confirmation was announced, two of three or all: going back is refused, and going on ends well."""
    killed = demo.run("after", "24", *ARGUMENTS, program=KILLER, codes=demo.pins)
    assert killed.code < 0
    assert demo.act("restore").error_code == "SU-5002"
    assert demo.act("resume").code == 0
    assert on_card(demo) == valid(demo) == NEW
