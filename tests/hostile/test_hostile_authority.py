"""A hostile or broken authority costs nobody a card: every row of the table, end to end, with a spy on the token.

The program runs as a person runs it, on SoftHSM2 behind OpenSC's own spy (pkcs11-spy), which writes down every call.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sithsup.demo import start as life
from sithsup.demo.campaign import CMP_PATH, Wishes
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.start import Kind
from sithsup.model import KeyAlgorithm
from tests.hostile import forging as f
from tests.hostile.certificate_rows import CERTIFICATE_ROWS
from tests.hostile.message_rows import MESSAGE_ROWS
from tests.hostile.row import ORDERS, Row
from tests.hostile.server import hostile_authority
from tests.hostile.status_rows import STATUS_ROWS, impostor
from tests.support import campaigns
from tests.support.demo import NEW, OLD, Demo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hostile.server import Turn

SPIES = (
    "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so",
    "/usr/lib/aarch64-linux-gnu/pkcs11-spy.so",
    "/usr/lib/pkcs11-spy.so",
)
CALL = re.compile(r"^\d+: (C_\w+)$", re.MULTILINE)
ROWS = (*CERTIFICATE_ROWS, *MESSAGE_ROWS, *STATUS_ROWS)
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("hostile") / "demo"
    life.start(folder, Kind.ORDINARY, wishes=Wishes(key=KeyAlgorithm.P_256), key_algorithm=KeyAlgorithm.P_256)
    yield Demo(folder, Kind.ORDINARY)
    life.stop(folder)


@pytest.fixture
def demo(made: Demo) -> Demo:
    made.reset()
    return made


def spy() -> str:
    found = next((place for place in SPIES if Path(place).exists()), None)
    assert found, "pkcs11-spy of OpenSC is not installed"
    return found


def environment(row: Row, demo: Demo, address: str, folder: Path) -> dict[str, str]:
    """The settings by which the program comes upon the row."""
    found = {"SITHSUP_AUTHORITY": f"{address}{CMP_PATH}", **row.settings}
    if row.tamper_status:
        found["SITHSUP_PROXY"] = address
    if row.change_campaign:
        campaign = campaigns.content(demo.folder)
        row.change_campaign(campaign, Hierarchy.load(demo.folder / "authority"))
        found["SITHSUP_CAMPAIGN"] = str(campaigns.signed(demo.folder, campaign, folder / "campaign.p7m"))
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_nothing_reaches_the_card(row: Row, demo: Demo, tmp_path: Path) -> None:
    """The row is refused as documented, nothing is written, the authority is told, the old identity works."""
    log = tmp_path / "spy.log"
    with hostile_authority(demo, row.tamper, row.tamper_status) as (address, authority):
        spied = {"SITHSUP_MODULE": spy(), "PKCS11SPY": demo.module, "PKCS11SPY_OUTPUT": str(log)}
        ended = demo.act("upgrade", {**environment(row, demo, address, tmp_path), **spied})
    assert (ended.error_code, ended.code) == row.says, ended.err
    assert row.text in ended.result["error"]["why"]
    assert not CONTROL.search(ended.err)
    assert ("reject" in authority.heard) is row.is_told
    calls = set(CALL.findall(log.read_text(errors="replace")))
    assert "C_Sign" in calls
    if row.is_past:
        assert "certConf" in authority.heard
        assert demo.before.files.items() <= demo.card().files.items()  # nothing old is gone
        assert demo.act("restore").error_code == "SU-5002"
        assert demo.act("resume").code == 0
        files = demo.card().files.values()
        assert len(demo.upgraded()) == 4
        assert all(any(row.der in file for file in files) for row in demo.upgraded())
        return
    assert "certConf" not in authority.heard
    if not row.is_late:
        assert "C_CreateObject" not in calls
    if demo.card() != demo.before:
        assert demo.act("restore").code == 0
    assert demo.identity() == OLD


def test_certificates_beside_the_right_ones_change_nothing(demo: Demo) -> None:
    """What cannot be read, strangers, an issuer of the right name: nothing of it is protected, nothing of it counts."""

    def tamper(turn: Turn) -> bytes:
        if turn.body not in ORDERS:
            return turn.honest
        more = [b"\x30\x00", impostor(turn.issuer.certificate).der, turn.certificate.public_bytes(f.DER)]
        return f.message_again(
            turn.honest, turn.hierarchy.cmp_signer, certificates=lambda found: [found[0], *more, *found[1:], *more]
        )

    with hostile_authority(demo, tamper) as (address, _):
        assert demo.act("upgrade", {"SITHSUP_AUTHORITY": f"{address}{CMP_PATH}"}).code == 0
    assert demo.identity() == NEW
