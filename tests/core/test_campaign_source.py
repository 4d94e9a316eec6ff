"""Which campaign is in force: files, addresses, what is remembered, and what happens when something of it is broken."""

from __future__ import annotations

import json
import os
import resource
import threading
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.campaign import Campaign, Finder, Origin, source
from sithsup.campaign.store import Store
from sithsup.demo import signing
from sithsup.errors import (
    CampaignInvalidError,
    CampaignMissingError,
    CampaignOldError,
    CampaignUnreachableError,
    CampaignUntrustedError,
    PortalError,
    SettingsInvalidError,
    SithsupError,
)
from sithsup.settings import Level, Settings
from sithsup.settings.sources import TomlFile
from sithsup.texts import resources
from tests.support import campaigns, cms

if TYPE_CHECKING:
    from collections.abc import Callable

SHIPPED = resources() / "campaigns" / "siths-2020.json"
ADDRESS = "https://campaign.invalid/siths.p7m"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with who signs campaigns, and the anchor."""
    folder = tmp_path_factory.mktemp("issuer")
    signing.make_signer(folder, NOW)
    return folder


class Site:
    """A computer with these settings, and an issuer who publishes."""

    def __init__(self, issuer: Path, folder: Path) -> None:
        self.issuer, self.folder = issuer, folder
        self.published: bytes | Exception = ConnectionRefusedError("nobody is there")
        self.asked = 0

    def settings(self, **changes: Any) -> Settings:
        anchor = signing.anchor_file(self.issuer)
        return Settings(**{"data": self.folder / "data", "campaign_anchor": anchor, **changes})

    def text(self, version: int) -> dict[str, Any]:
        return {**json.loads(SHIPPED.read_bytes()), "id": "test", "version": version}

    def sign(self, version: int = 1, **changes: Any) -> bytes:
        text = {**self.text(version), **changes}
        return campaigns.signed(self.issuer, text, self.folder / f"{version}.p7m").read_bytes()

    def file(self, version: int = 1, **changes: Any) -> Path:
        self.sign(version, **changes)
        return self.folder / f"{version}.p7m"

    def finder(self, *, at: datetime = NOW, may_fetch: bool = True, **changes: Any) -> Finder:
        """A finder that has started, as a command has it."""

        def download(address: str) -> bytes:
            assert address == ADDRESS
            self.asked += 1
            if isinstance(self.published, Exception):
                raise self.published
            return self.published

        settings = self.settings(**{"campaign_url": ADDRESS, **changes})
        finder = Finder(settings, lambda: at, may_fetch=may_fetch, download=download)
        finder.start()
        return finder

    def found(self, **options: Any) -> tuple[int, Origin]:
        """Version and origin of what is in force, after the last try is long ago."""
        document = self.finder(**{"at": self.later(), **options}).document()
        return document.campaign.version, document.origin

    def later(self) -> datetime:
        return datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def site(issuer: Path, tmp_path: Path) -> Site:
    return Site(issuer, tmp_path)


def of_file(site: Site, path: Path, **changes: Any) -> Finder:
    return site.finder(campaign=path, campaign_url=None, **changes)


# ---------------------------------------------------------------------------------------------------- files


def test_the_shipped_one_is_trusted_as_the_program_is(site: Site) -> None:
    """Without a signature, an anchor, or anything that is remembered."""
    finder = site.finder(campaign_url=None, campaign_anchor=None)
    finder.check()
    found = finder.document()
    assert (found.campaign.id, found.origin, found.signature) == ("siths-2020", Origin.SHIPPED, None)
    assert (found.place, list(site.folder.iterdir())) == (str(SHIPPED), [])


def test_a_copy_of_the_shipped_one_is_not(site: Site) -> None:
    """Nor is a file that is reached through the shipped folder."""
    copy = site.folder / "siths-2020.json"
    copy.write_bytes(SHIPPED.read_bytes())
    around = SHIPPED.parent / ".." / "campaigns" / "siths-2020.json"
    for path in (copy, around):
        with pytest.raises(CampaignUntrustedError):
            of_file(site, path).check()


def test_a_file_is_signed_under_the_anchor(site: Site) -> None:
    found = of_file(site, site.file()).document()
    assert (found.campaign.id, found.origin, found.place) == ("test", Origin.FILE, str(site.folder / "1.p7m"))
    assert found.signature
    assert found.signature.anchor.common_name == "TEST campaign CA v1"


def test_an_address_in_force_goes_before_a_file(site: Site) -> None:
    """Which of the two is in force is the layers' business."""
    site.published = site.sign(3)
    assert site.finder(campaign=site.file(9)).document().campaign.version == 3


def test_nobody_gets_round_a_policy_by_the_other_setting(site: Site) -> None:
    """A user's address does not go before a policy's file, be it the shipped one, nor a file before its address."""
    site.published = site.sign(9)
    policy, own = (TomlFile(level, site.folder / level) for level in (Level.POLICY, Level.USER))
    always = f"campaign_anchor = '{signing.anchor_file(site.issuer)}'\ndata = '{site.folder / 'data'}'\n"
    file, address = f"campaign = '{SHIPPED}'\n", f"campaign_url = '{ADDRESS}'\n"
    for managed, other, origin in ((file, address, Origin.SHIPPED), (address, file, Origin.ADDRESS)):
        policy.path.write_text(managed)
        own.path.write_text(always + other)
        settings = Settings.load({}, (policy, own))
        assert site.finder(campaign=settings.campaign, campaign_url=settings.campaign_url).document().origin is origin


@pytest.mark.parametrize(
    ("break_it", "kind"),
    [
        (lambda _site: {"campaign_anchor": None}, CampaignUntrustedError),
        (lambda site: {"campaign_anchor": site.folder / "nothing.pem"}, SettingsInvalidError),
        (lambda _site: {"campaign_anchor": SHIPPED}, SettingsInvalidError),
        (lambda site: {"campaign": site.folder / "nothing.p7m"}, CampaignMissingError),
        (lambda site: {"campaign": site.file(2, colour="red")}, CampaignInvalidError),
    ],
    ids=["no anchor", "an anchor that is not there", "an anchor that is none", "no file", "a wrong file"],
)
def test_what_is_wrong_with_a_file_is_told(
    break_it: Callable[[Site], dict[str, Any]], kind: type[SithsupError], site: Site
) -> None:
    """At once, and again by whoever needs the campaign nevertheless."""
    changes = {"campaign": site.file(), **break_it(site)}
    finder = site.finder(campaign_url=None, **changes)
    for ask in (finder.check, finder.document):
        with pytest.raises(kind) as caught:
            ask()
        assert type(caught.value) is kind


@pytest.mark.parametrize("broken", ["torn", "older", "gone"])
def test_the_last_good_one_of_a_file_stays_in_use(broken: str, site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Where the file is not to be used any more, as of an address."""
    path = site.folder / "campaign.p7m"
    path.write_bytes(site.sign(5))
    assert of_file(site, path).document().origin is Origin.FILE
    content = {"torn": site.sign(6)[:-9], "older": site.sign(4), "gone": b""}[broken]
    path.write_bytes(content)
    if broken == "gone":
        path.unlink()
    finder = of_file(site, path)
    finder.check()
    found = finder.document()
    assert (found.campaign.version, found.origin, found.place) == (5, Origin.CACHE, str(path))
    assert finder.failure is not None
    assert "the last good campaign stays in use" in caplog.text
    caplog.clear()
    path.write_bytes(site.sign(7))
    assert of_file(site, path).document().campaign.version == 7


# ------------------------------------------------------------------------------------------------- versions


def test_an_older_version_is_refused_for_ever(site: Site) -> None:
    """Of the same campaign; and the text says which was used before."""
    assert of_file(site, site.file(2)).document().campaign.version == 2
    with pytest.raises(CampaignOldError) as caught:
        of_file(site, site.file(1)).check()
    assert "version 1" in caught.value.why
    assert "version 2" in caught.value.why
    assert of_file(site, site.file(2)).document().campaign.version == 2
    assert of_file(site, site.file(10)).document().campaign.version == 10
    with pytest.raises(CampaignOldError):
        of_file(site, site.file(9)).check()


def test_the_shipped_one_does_not_bring_back_what_a_newer_one_has_stopped(site: Site) -> None:
    """An address gave a newer version of it, and is taken out of the settings."""
    site.published = site.sign(9, id="siths-2020", paused=True)
    assert site.found() == (9, Origin.ADDRESS)
    with pytest.raises(CampaignOldError):
        site.finder(campaign_url=None).check()


def test_another_campaign_has_versions_of_its_own(site: Site) -> None:
    """Also one whose id begins with that of the other."""
    of_file(site, site.file(7, id="test-2")).document()
    assert of_file(site, site.file(3)).document().campaign.version == 3
    assert of_file(site, site.file(7, id="test-2")).document().campaign.version == 7


def test_only_the_newest_is_remembered(site: Site) -> None:
    """One small file for each campaign, that its owner alone may change; what lies there by accident is no version."""
    for version in (1, 2, 5):
        of_file(site, site.file(version))
    folder = site.folder / "data" / "campaigns"
    assert [path.name for path in folder.glob("*.p7m")] == ["test-5.p7m"]
    assert folder.stat().st_mode & 0o077 == 0
    for name in ("test-x.p7m", "test-².p7m", "test-9.p7m.tmp", "test-99.accepted"):
        (folder / name).touch()
    assert of_file(site, site.file(6)).document().campaign.version == 6


def test_two_versions_that_were_left_behind_count_as_the_higher(site: Site) -> None:
    """As when two processes have accepted them at once; what comes next clears up."""
    site.published = site.sign(3)
    site.found()
    folder = site.folder / "data" / "campaigns"
    (folder / "test-7.p7m").write_bytes(site.sign(7))
    (folder / "test-5.p7m").write_bytes(site.sign(5))
    with pytest.raises(CampaignOldError):
        of_file(site, site.file(6)).check()
    assert site.found(at=datetime.now(UTC)) == (7, Origin.CACHE)
    assert [path.name for path in folder.glob("*.p7m")] == ["test-7.p7m"]


def test_the_same_version_may_be_signed_anew(site: Site) -> None:
    """What came last is kept."""
    for title in ("one", "two"):
        site.published = site.sign(1, title={"sv": title, "en": title})
        site.found()
    assert site.finder().document().campaign.title.en == "two"


def test_what_cannot_be_remembered_keeps_nobody_from_a_card(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """A data folder that cannot be made is told in the log; beginning an upgrade says it for itself."""
    (site.folder / "data").touch()
    assert of_file(site, site.file(2)).document().campaign.version == 2
    assert "cannot remember" in caplog.text
    caplog.clear()


def test_what_cannot_be_looked_into_keeps_nobody_from_a_card_either(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A data folder of another account: nothing is remembered there, as in a new one."""
    (site.folder / "data").touch()

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = site.file(2)
    monkeypatch.setattr(Path, "glob", refused)
    assert of_file(site, path).document().campaign.version == 2
    caplog.clear()


def test_a_full_disk_leaves_nothing_half_written(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """No room for a byte: told in the log, and no file of it is left."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    site.published = site.sign(2)
    (site.folder / "data").mkdir()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        assert site.found() == (2, Origin.ADDRESS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "cannot remember" in caplog.text
    assert not [
        path for path in (site.folder / "data" / "campaigns").iterdir() if path.stat().st_size or path.name[0] == "."
    ]
    caplog.clear()


def test_a_full_disk_does_not_cost_the_last_good_one(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """A newer one that cannot be kept is used now; afterwards, out of reach, there is still the one before it."""
    site.published = site.sign(1)
    site.found()
    site.published = site.sign(2)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        assert site.found() == (2, Origin.ADDRESS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    site.published = ConnectionRefusedError("nobody is there")
    assert site.found() == (1, Origin.CACHE)
    caplog.clear()


def _accept(data: Path, versions: range) -> None:
    campaign = Campaign.load(SHIPPED)
    for version in versions:
        try:
            Store(data).accept(campaign.model_copy(update={"version": version}), b"%d" % version, "x")
        except CampaignOldError:
            continue


def test_two_processes_at_once_leave_the_newest(tmp_path: Path) -> None:
    """Each accepts fifty versions, by turns older and newer than the other's."""
    spawn = get_context("spawn")
    both = [spawn.Process(target=_accept, args=(tmp_path, range(first, 101, 2))) for first in (1, 2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    with pytest.raises(CampaignOldError):
        _require(tmp_path, 99)
    _require(tmp_path, 100)
    assert (tmp_path / "campaigns" / "siths-2020-100.p7m").read_bytes() == b"100"
    assert not list((tmp_path / "campaigns").glob(".*"))


def _require(data: Path, version: int) -> None:
    Store(data).accept(Campaign.load(SHIPPED).model_copy(update={"version": version}), b"%d" % version, "x")


# ------------------------------------------------------------------------------------------------ addresses


def test_it_is_fetched_and_then_used_without_asking(site: Site) -> None:
    """The first time now, then from the cache; after a while it is asked whether there is a newer one."""
    site.published = site.sign(1)
    assert site.found(at=datetime.now(UTC)) == (1, Origin.ADDRESS)
    assert site.found(at=datetime.now(UTC)) == (1, Origin.CACHE)
    assert site.found(at=datetime.now(UTC) + source.FETCH_EVERY - timedelta(seconds=9)) == (1, Origin.CACHE)
    assert site.asked == 1
    site.published = site.sign(2)
    assert site.found() == (2, Origin.ADDRESS)
    assert site.asked == 2


def test_a_clock_that_was_wrong_does_not_stop_the_asking(site: Site) -> None:
    """The last try lies a year ahead."""
    site.published = site.sign(1)
    site.found()
    (tried,) = (site.folder / "data" / "campaigns").glob("*.tried")
    os.utime(tried, (time.time() + 365 * 86400,) * 2)
    site.published = site.sign(2)
    assert site.found(at=datetime.now(UTC)) == (2, Origin.ADDRESS)


BROKEN: dict[str, Callable[[Site], bytes | Exception]] = {
    "out of reach": lambda _site: ConnectionRefusedError("nobody is there"),
    "too slow": lambda _site: TimeoutError("no whole answer"),
    "a web page": lambda _site: PortalError("", address=ADDRESS),
    "not signed": lambda _site: SHIPPED.read_bytes(),
    "garbage": lambda _site: b"\x30\x03\2\1\0",
    "empty": lambda _site: b"",
    "changed": lambda site: site.sign(3).replace(b"distansupp", b"distansopp"),
    "older": lambda site: site.sign(1),
    "wrong": lambda site: site.sign(3, targets=[]),
    "too long": lambda _site: MemoryError("not really"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_last_good_one_stays_in_use(case: str, site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is published instead of a better one: no error for the person, a line in the log, and `failure`."""
    site.published = site.sign(2)
    site.found()
    site.published = BROKEN[case](site)
    if isinstance(site.published, MemoryError):
        site.published = CampaignInvalidError(path=ADDRESS, problem="too long")
    finder = site.finder(at=site.later())
    finder.check()
    found = finder.document()
    assert (found.campaign.version, found.origin) == (2, Origin.CACHE)
    assert isinstance(finder.failure, SithsupError)
    assert "stays in use: SU-300" in caplog.text
    assert site.found(at=datetime.now(UTC)) == (2, Origin.CACHE)
    caplog.clear()


def test_nothing_was_ever_fetched(site: Site) -> None:
    """8, and what to do; the next command tries again at once."""
    for asked in (1, 2):
        finder = site.finder()
        finder.check()  # it may still come
        with pytest.raises(CampaignUnreachableError) as caught:
            finder.document()
        assert (caught.value.exit_code, caught.value.values["address"]) == (8, ADDRESS)
        assert site.asked == asked


def test_what_was_fetched_first_and_is_wrong_is_told_as_it_is(site: Site) -> None:
    """There is nothing else to go by."""
    site.published = site.sign(1, targets=[])
    with pytest.raises(CampaignInvalidError, match="targets"):
        site.finder().document()


def test_another_campaign_must_be_signed_later(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """At one address; of one campaign the versions count alone, and the clock has no say in any of it."""
    anchor = site.folder / "anchor.pem"
    anchor.write_bytes(cms.signers().anchor.certificate.public_bytes(Encoding.PEM))

    def publish(campaign: str, version: int, minute: int) -> tuple[str, int]:
        text = json.dumps({**site.text(version), "id": campaign}).encode()
        signed = cms.attributes(text, at=cms.NOW + timedelta(minutes=minute))
        site.published = cms.forge(text, signed=signed)
        finder = site.finder(campaign_anchor=anchor, at=site.later())
        found = finder.document().campaign
        assert isinstance(finder.failure, CampaignOldError) is (found.id != campaign)
        return found.id, found.version

    assert publish("pilot", 1, minute=5) == ("pilot", 1)
    assert publish("test", 7, minute=4) == ("pilot", 1)
    assert publish("test", 7, minute=5) == ("pilot", 1)
    assert "signed no later than pilot" in caplog.text
    assert publish("test", 7, minute=6) == ("test", 7)
    assert publish("pilot", 1, minute=5) == ("test", 7)
    assert publish("test", 8, minute=0) == ("test", 8)
    caplog.clear()


def test_a_cached_one_is_verified_again(site: Site, tmp_path: Path) -> None:
    """With another anchor in the settings it counts no more, and it is asked at once."""
    site.published = site.sign(1)
    site.found()
    (tmp_path / "other").mkdir()
    signing.make_signer(tmp_path / "other", NOW)
    other = signing.anchor_file(tmp_path / "other")
    finder = site.finder(campaign_anchor=other)
    assert finder.known is None
    with pytest.raises(CampaignUntrustedError):
        finder.document()
    site.published = campaigns.signed(tmp_path / "other", site.text(3), tmp_path / "3.p7m").read_bytes()
    finder = site.finder(campaign_anchor=other)
    assert finder.document().campaign.version == 3
    assert finder.failure is None


def test_nobody_who_recovers_a_card_waits_for_a_newer_one(site: Site) -> None:
    """Where there is one it is used; where there is none it is asked for."""
    site.published = site.sign(1)
    assert site.found(may_fetch=False) == (1, Origin.ADDRESS)
    site.published = site.sign(2)
    assert site.found(may_fetch=False) == (1, Origin.CACHE)
    assert site.asked == 1


def test_a_newer_one_is_not_waited_for_too_long(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What comes late is there the next time."""
    monkeypatch.setattr(source, "WAIT_SECONDS", 0.05)
    site.published = site.sign(1)
    site.found()
    goes_on, newer = threading.Event(), site.sign(2)

    def slow(_address: str) -> bytes:
        assert goes_on.wait(20)
        return newer

    finder = Finder(site.settings(campaign_url=ADDRESS), site.later, download=slow)
    finder.start()
    begun = time.monotonic()
    assert finder.document().campaign.version == 1
    assert time.monotonic() - begun < 5
    assert isinstance(finder.failure, CampaignUnreachableError)
    goes_on.set()
    deadline = time.monotonic() + 20
    while site.found(at=datetime.now(UTC)) != (2, Origin.CACHE) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert site.found(at=datetime.now(UTC)) == (2, Origin.CACHE)
    caplog.clear()
