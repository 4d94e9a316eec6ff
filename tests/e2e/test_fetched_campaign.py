"""A campaign that is fetched while the card is read: everything around the card is looked at for that very campaign."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.demo import start as life
from tests.ca.test_campaign_fetch import Handler, published
from tests.ca.test_tls import ROOT
from tests.e2e.test_before_the_first_code import clock
from tests.support import campaigns
from tests.support.demo import Demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

NOWHERE = {"address": "http://127.0.0.1:1/"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("fetched") / "demo"
    try:
        yield Demo.make(folder, life.Kind.ORDINARY)
    finally:
        life.stop(folder)


@pytest.fixture(autouse=True)
def _first_run(demo: Demo) -> None:
    """Nothing was ever fetched on this computer."""
    demo.reset()


class Site(Handler):
    """Where the campaign is published."""


@contextmanager
def fetching(demo: Demo, folder: Path) -> Iterator[dict[str, str | Path]]:
    """The variables of a computer that fetches its campaign from the site, and trusts the server."""
    (folder / "root.pem").write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    with published(folder, Site) as address:
        yield {
            "SITHSUP_CAMPAIGN": "",
            "SITHSUP_CAMPAIGN_URL": address,
            "SITHSUP_PROXY": "direct",
            "SSL_CERT_FILE": folder / "root.pem",
        }


def publish(demo: Demo, folder: Path, version: int, **changes: Any) -> None:
    """Put another edition of the demo's campaign there; the time has come to ask for it."""
    edition = {**campaigns.content(demo.folder), "version": version, **changes}
    Site.body = campaigns.signed(demo.folder, edition, folder / f"{version}.p7m").read_bytes()
    for tried in (demo.data / "campaigns").glob("*.tried"):
        tried.unlink()


def test_the_first_time_all_of_it_is_looked_at(demo: Demo, tmp_path: Path) -> None:
    """The authority says that the window has closed, although this computer's clock says that it has not."""
    now = datetime.now(UTC)
    window = {"opens": (now - timedelta(days=9)).isoformat(), "closes": (now - timedelta(hours=1)).isoformat()}
    publish(demo, tmp_path, 1, window=window)
    with fetching(demo, tmp_path) as environ:
        ended = demo.run("check", "--json", environ=environ, program=clock(hours=-3))
    assert (ended.code, ended.result["reasons"]) == (3, ["CLOCK_WRONG", "WINDOW_CLOSED"])
    assert "is 3 h behind" in ended.err


def test_a_newer_one_is_the_one_that_is_looked_at(demo: Demo, tmp_path: Path) -> None:
    """Its authority, in place of the one that was tried first because it was the likely one."""
    with fetching(demo, tmp_path) as environ:
        for version, changes, is_out_of_reach in (
            (1, {}, False),
            (2, {"authority": campaigns.content(demo.folder)["authority"] | NOWHERE}, True),
            (3, {}, False),
        ):
            publish(demo, tmp_path, version, **changes)
            ended = demo.run("check", "--json", environ=environ)
            assert (ended.code, ended.result["reasons"]) == (10, []), ended.err
            assert ("AUTHORITY_UNREACHABLE" in ended.result["warnings"]) is is_out_of_reach, version
