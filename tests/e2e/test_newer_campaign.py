"""What was begun is finished or undone with the campaign that it was begun with, whatever is published meanwhile."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from prove.killed import ARGUMENTS, KILLER
from sithsup.demo.start import Kind
from tests.support import campaigns
from tests.support.demo import NEW, OLD, Demo, Demos

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

ORDERED = 16
"""After so many writes to the journal certificates are ordered, and nothing is confirmed."""


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Demos:
    return Demos(tmp_path_factory.mktemp("demos"))


@pytest.fixture
def demo(demos: Demos) -> Demo:
    """One that was interrupted halfway."""
    found = demos.fresh(Kind.ORDINARY)
    found.run("after", str(ORDERED), *ARGUMENTS, program=KILLER, codes=found.pins)
    assert list(found.data.glob("journal-*"))
    return found


def _newer(demo: Demo, folder: Path) -> Path:
    """Another campaign: over since yesterday, for other cards, with another authority and other targets."""
    text, over = campaigns.content(demo.folder), datetime.now(UTC) - timedelta(days=1)
    text |= {
        "id": "other",
        "version": 9,
        "window": {"opens": (over - timedelta(days=9)).isoformat(), "closes": over.isoformat()},
        "source_issuers": ["Another CA"],
        "targets": text["targets"][:2],
        "authority": {"address": "http://127.0.0.1:1/"},
    }
    return campaigns.signed(demo.folder, text, folder / "newer.p7m")


def _broken(_demo: Demo, folder: Path) -> Path:
    (folder / "broken.p7m").write_bytes(b"0")
    return folder / "broken.p7m"


def _gone(_demo: Demo, folder: Path) -> Path:
    return folder / "gone.p7m"


@pytest.mark.parametrize("publish", [_newer, _broken, _gone])
@pytest.mark.parametrize(("action", "identity"), [("resume", NEW), ("restore", OLD)])
def test_recovery_goes_by_the_campaign_of_the_beginning(
    action: str, identity: str, publish: Callable[[Demo, Path], Path], demo: Demo, tmp_path: Path
) -> None:
    """Its authority, its targets, its names of keys. And check says that the upgrade was interrupted."""
    environ = {"SITHSUP_CAMPAIGN": publish(demo, tmp_path)}
    assert demo.run("check", environ=environ).code == 4
    ended = demo.act(action, environ)
    assert ended.code == 0, ended.err
    assert demo.identity() == identity


def test_another_computer_has_only_the_campaign_in_force(demo: Demo, tmp_path: Path) -> None:
    """Nothing of it is on the card, so a broken one is told there."""
    shutil.rmtree(demo.data)
    ended = demo.act("resume", {"SITHSUP_CAMPAIGN": _broken(demo, tmp_path)})
    assert (ended.code, ended.error_code) == (2, "SU-3003")
    assert demo.act("resume").code == 0
    assert demo.identity() == NEW
