"""What a campaign and its authority may choose: each choice upgrades a card, told by other programs and the ledger."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sithsup.campaign import RevokeOld, RevokeSignedBy
from sithsup.demo import start as life
from sithsup.demo.ledger import Ledger
from sithsup.demo.server import LEDGER_FILE
from sithsup.model import KeyAlgorithm, RequestBody
from tests.support.demo import NEW, OLD, OLD_ISSUER, PROGRAM, Demo

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

P_256 = KeyAlgorithm.P_256
KINDS = {"rsa-2048": 2048, "rsa-3072": 3072, "p-256": "secp256r1", "p-384": "secp384r1"}
LONG = 1000.0


@contextmanager
def started(folder: Path, wishes: life.Wishes, knobs: life.Knobs = life.ORDINARY) -> Iterator[Demo]:
    """Run a demo of its own for one test."""
    try:
        yield Demo.make(folder / "demo", life.Kind.ORDINARY, wishes, knobs)
    finally:
        life.stop(folder / "demo")


def old_states(demo: Demo) -> set[str]:
    return {row.state for row in demo.ledger() if row.issuer == OLD_ISSUER}


def said(demo: Demo, body: str) -> int:
    """How many messages of a kind the authority has answered."""
    with closing(sqlite3.connect(demo.folder / "authority" / LEDGER_FILE)) as ledger:
        (count,) = ledger.execute("SELECT count(*) FROM exchange WHERE body = ?", (body,)).fetchone()
    return int(count)


def kind_of(der: bytes) -> int | str:
    key = x509.load_der_x509_certificate(der).public_key()
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    return key.key_size if isinstance(key, rsa.RSAPublicKey) else key.curve.name


def test_an_authority_that_retires_the_old_at_the_first_confirmation(tmp_path: Path) -> None:
    """It knows the old signer no more: what is left is ordered again in the new one's name, in the same run."""
    with started(tmp_path, life.USUAL, life.Knobs(revoke_early=True)) as demo:
        assert demo.act("upgrade").code == 0
        assert demo.identity() == NEW


@pytest.mark.parametrize("algorithm", KeyAlgorithm)
def test_every_kind_of_key(tmp_path: Path, algorithm: KeyAlgorithm) -> None:
    """All four certificates have keys of that kind, which were made on the card and sign there."""
    with started(tmp_path, life.Wishes(algorithm)) as demo:
        assert demo.act("upgrade").code == 0
        assert demo.identity() == NEW
        assert {kind_of(row.der) for row in demo.upgraded()} == {KINDS[algorithm]}


@pytest.mark.parametrize("body", RequestBody)
def test_every_body(tmp_path: Path, body: RequestBody) -> None:
    """The orders are of that kind, and no other; a kur makes one of each old certificate."""
    with started(tmp_path, life.Wishes(P_256, body)) as demo:
        assert demo.act("upgrade").code == 0
        assert demo.identity() == NEW
        assert {other: said(demo, other) for other in RequestBody if said(demo, other)} == {
            body: 2 if body is RequestBody.KUR else 4
        }
        assert old_states(demo) == {"revoked"}


@pytest.mark.parametrize("by", RevokeSignedBy)
def test_the_program_revokes(tmp_path: Path, by: RevokeSignedBy) -> None:
    """Two rr, each signed as the campaign says; the authority would not have done it."""
    wishes, knobs = life.Wishes(P_256, RequestBody.CR, RevokeOld.CLIENT, by), life.Knobs(revoke_old=False)
    with started(tmp_path, wishes, knobs) as demo:
        assert demo.act("upgrade").code == 0
        assert demo.identity() == NEW
        assert (old_states(demo), said(demo, "rr")) == ({"revoked"}, 2)


def test_nobody_revokes(tmp_path: Path) -> None:
    """The old certificates leave the card and stay valid."""
    with started(tmp_path, life.Wishes(P_256, revoke_old=RevokeOld.NEVER), life.Knobs(revoke_old=False)) as demo:
        assert demo.act("upgrade").code == 0
        assert demo.identity() == NEW
        assert (old_states(demo), said(demo, "rr")) == ({"confirmed"}, 0)


def test_what_the_authority_has_revoked_already_is_well(tmp_path: Path) -> None:
    """A kur retires what it updates; the program, told to see to it, has nothing left to do."""
    with started(tmp_path, life.Wishes(P_256, RequestBody.KUR, RevokeOld.CLIENT)) as demo:
        assert demo.act("upgrade").code == 0
        assert demo.identity() == NEW
        assert old_states(demo) == {"revoked"}


def test_it_polls_for_what_is_soon_ready(tmp_path: Path) -> None:
    """Four orders wait for a moment, and one run gets them all."""
    with started(tmp_path, life.Wishes(P_256), life.Knobs(poll=1.5)) as demo:
        assert demo.act("upgrade").code == 0
        assert demo.identity() == NEW
        assert said(demo, "pollReq") >= 4


def test_it_comes_back_for_what_is_not(tmp_path: Path) -> None:
    """When the authority says to come back much later, the program does: exit 5, then the same transactions go on."""
    with started(tmp_path, life.Wishes(P_256), life.Knobs(poll=LONG, check_after=int(LONG))) as demo:
        ended = demo.act("upgrade")
        assert ended.code == 5
        assert (said(demo, "cr"), len(demo.upgraded()), old_states(demo)) == (4, 0, {"confirmed"})
        with closing(sqlite3.connect(demo.folder / "authority" / LEDGER_FILE)) as ledger, ledger:
            ledger.execute("UPDATE waiting SET ready_at = '2000-01-01T00:00:00.000000+00:00'")
        assert demo.act("resume").code == 0
        assert demo.identity() == NEW
        assert said(demo, "cr") == 4


def test_implicit_confirmation_is_not_believed(tmp_path: Path) -> None:
    """Whatever the authority grants, every certificate is confirmed, and the old identity stands until then."""
    with started(tmp_path, life.Wishes(P_256), life.Knobs(implicit_confirm=True)) as demo:
        assert demo.act("upgrade").code == 0
        assert demo.identity() == NEW
        assert (said(demo, "certConf"), old_states(demo)) == (4, {"revoked"})


def test_no_confirmation_under_an_issuer_that_was_revoked(tmp_path: Path) -> None:
    """The issuers' own status is asked before the first confirmation: nothing is confirmed, and the old one works."""
    with started(tmp_path, life.Wishes(P_256)) as demo:
        with closing(Ledger(demo.folder / "authority" / LEDGER_FILE)) as ledger:
            ledger.revoke_authority("TEST SITHS e-id Person ID 3 CA v1", datetime.now(UTC))
        assert demo.act("upgrade").code not in {0, 1}
        assert (demo.upgraded(), old_states(demo)) == ([], {"confirmed"})
        assert demo.act("restore").code in {0, 3}
        assert demo.identity() == OLD


def test_the_command_line_chooses_all_of_it(tmp_path: Path) -> None:
    """`demo start` puts the campaign's choices into the file, and the authority's into its process."""
    folder = tmp_path / "demo"
    chosen = ("--key", "p-384", "--body", "kur", "--revoke-old", "client", "--revoke-signed-by", "same")
    behaves = ("--ca-delay", "0.5", "--poll", "3.5", "--check-after", "2", "--implicit-confirm", "--confirm-wait", "90")
    try:
        subprocess.run([*PROGRAM, "demo", "start", str(folder), *chosen, *behaves], check=True, timeout=120)
        campaign = json.loads((folder / "campaign.json").read_bytes())
        pid = json.loads((folder / "authority" / "server.json").read_bytes())["pid"]
        command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    finally:
        life.stop(folder)
    assert {target["algorithm"] for target in campaign["targets"]} == {"p-384"}
    assert {target["body"] for target in campaign["targets"]} == {"kur"}
    assert (campaign["revoke_old"], campaign["revoke_signed_by"]) == ("client", "same")
    options = {"--delay=0.5", "--poll=3.5", "--check-after=2", "--keep-old", "--implicit-confirm"}
    assert options | {"--confirm-wait=90.0"} <= set(command)
    assert campaign["confirm_wait_max"] == "PT3M30S"
