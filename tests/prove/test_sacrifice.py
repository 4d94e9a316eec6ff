"""`./dev prove --real SERIAL --sacrificial`: nothing without the typed serial, and everything with it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prove import __main__ as program
from prove import foreign, sacrifice
from prove.asked import KeptCodes
from prove.foreign import Site, refusal
from prove.reading import NotSoError, Reading, RealCard, everything, is_spent
from sithsup.ca.cmp import CmpAuthority
from sithsup.ca.transport import HttpTransport
from sithsup.certificate import Certificate
from sithsup.model import CertificateState, CodeState, KeyAlgorithm
from tests.support.demo import Ended
from tests.support.held import Held, typed

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.model import CardCertificate, CardContents

NEEDED = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what other tests look at."""
    for look in ("_kill", "_check", "_load", "_read_again"):
        monkeypatch.setattr(Reading, look, lambda _: "")
    monkeypatch.setattr(foreign, "NEW_KEYS", (KeyAlgorithm.P_256,))


def whole(held: Held, folder: Path, *typed_lines: str, every: int = 8) -> int:
    """Run the whole proof with what is typed."""
    with typed(*typed_lines):
        return program.main([*held.named, "--sacrificial", "--every", str(every), "--folder", str(folder)])


@NEEDED
@pytest.mark.parametrize("answer", [(), ("",), ("yes",), ("{serial}0",)], ids=["nobody", "nothing", "yes", "another"])
def test_nothing_is_done_unless_the_serial_is_typed(
    answer: tuple[str, ...], held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the module is loaded."""
    monkeypatch.setattr(RealCard, "start", lambda _: pytest.fail("the card was looked at"))
    before = held.files()
    assert whole(held, tmp_path / "site", *(each.format(serial=held.serial) for each in answer), *held.codes) == 2
    assert held.files() == before
    assert not (tmp_path / "site").exists()


@NEEDED
@pytest.mark.usefixtures("hasty")
def test_a_card_is_interrupted_until_it_has_its_new_identity(
    held: Held, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judged once more from outside; and no code stands in what is said, in an argument or in the environment."""
    runs: list[str] = []
    run = subprocess.run

    def spied(*arguments: Any, **options: Any) -> Any:
        runs.append(f"{arguments} {options}")
        return run(*arguments, **options)

    monkeypatch.setattr(subprocess, "run", spied)
    assert whole(held, tmp_path / "site", held.serial, *held.codes) == 0
    assert not (tmp_path / "site").exists()
    said = capsys.readouterr()
    ends = [line.strip() for line in said.out.splitlines() if line.strip().endswith((", old", ", new"))]
    assert ends == [*["restored, old"] * (len(ends) - 1), "too late to restore, resumed, new"]
    assert len(ends) > 1
    assert len(runs) >= 2 * len(ends)
    everywhere = "".join((said.out, said.err, *runs))
    assert not any(code in everywhere for code in held.codes)
    issuers = [c.certificate.issuer_common_name for c in held.card.read().certificates if c.certificate.role]
    new = ["TEST SITHS e-id Person HSA-id 3 CA v1", "TEST SITHS e-id Person ID 3 CA v1"]
    assert sorted(issuers) == sorted([*new * 2, *["TEST Telia e-legitimation HW CA v1"] * 2])


@NEEDED
@pytest.mark.usefixtures("hasty")
def test_what_is_said_is_not_believed_and_what_was_begun_is_taken_up_again(
    held: Held, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that only says that it has restored the card is found out; the next run ends what it left."""
    site, before = tmp_path / "site", held.card.read()
    with monkeypatch.context() as lying:
        lying.setattr(sacrifice.Sacrifice, "_act", lambda *_: Ended(0, '{"outcome": "restored"}', "", 0.0))
        assert whole(held, site, held.serial, *held.codes, every=11) == 1
    wrong = capsys.readouterr().out
    assert "neither old nor new, though old was said" in wrong
    assert "a private-key is left over" in wrong
    assert "the journal is left open" in wrong
    assert site.exists()
    shutil.move(site / "data", site / "data-aside")  # as if it had been cut while it played another computer
    monkeypatch.setattr(sacrifice.Sacrifice, "_round", stop)
    assert whole(held, site, held.serial, *held.codes) == 1
    ended = capsys.readouterr().out.partition("what an earlier run has left is ended")[2]
    assert ended.splitlines()[1].strip() == "restored, old"
    assert "every key signs" in ended
    assert everything(held.card.read()) == everything(before)


def stop(*_: object) -> str:
    raise NotSoError("enough")


@NEEDED
@pytest.mark.usefixtures("hasty")
def test_a_wrong_code_or_another_card_or_folder_keeps_everything_as_it_is(
    held: Held, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does whatever else is not well."""
    before = held.files()
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "letter").touch()
    with monkeypatch.context() as unwell:
        unwell.setattr(Reading, "_tries", stop)
        assert whole(held, tmp_path / "site", held.serial, *held.codes) == 1
    assert whole(held, tmp_path / "site", held.serial, "000000", held.codes[1]) == 1
    assert whole(held, tmp_path / "site", held.serial) == 1
    assert whole(held, tmp_path / "else", held.serial, *held.codes) == 1
    assert (tmp_path / "else" / "letter").exists()
    assert "holds something else" in capsys.readouterr().out
    assert held.files() == before
    command = ["softhsm2-util", "--init-token", "--free", "--label", "strange", "--so-pin", "12345678", "--pin", "1234"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert whole(held, tmp_path / "site", held.serial, *held.codes) == 1
    assert "take them out first: strange" in capsys.readouterr().out
    assert not (tmp_path / "site").exists()


@NEEDED
@pytest.mark.usefixtures("hasty")
def test_the_stand_in_tells_the_status_of_old_certificates_and_nothing_leaves_this_computer(
    held: Held, tmp_path: Path
) -> None:
    """By whatever server's name it is asked: it is the program's proxy."""
    read = held.card.read()
    contents = replace(read, certificates=tuple(map(elsewhere, read.certificates)))
    site = Site.at(tmp_path / "site")
    site.make(contents)
    proxy = site.environment("/module")["SITHSUP_PROXY"]
    old = foreign.old_certificates(contents)
    assert len(old) == 2
    assert all(b"http://a.example" in certificate.der for certificate in old)
    with site.running(contents), HttpTransport("http://ca.example/cmp", (), proxy=proxy, seconds=5) as transport:
        authority = CmpAuthority(transport, site.campaign.anchors, None, now)
        for certificate in old:
            issuer = next(i for i in site.campaign.issuers if Certificate.parse(i).subject == certificate.issuer)
            assert authority.status(certificate.der, issuer).state is CertificateState.GOOD


def elsewhere(found: CardCertificate) -> CardCertificate:
    """The same certificate, its status to be asked for at another server."""
    der = found.certificate.der
    for here, there in ((b"127.0.0.1", b"a.example"), (b"/ocsp", b"/away"), (b"/crl/", b"/off/")):
        der = der.replace(here, there)
    return replace(found, certificate=Certificate.parse(der))


def now() -> datetime:
    return datetime.now(UTC)


def changed(contents: CardContents, **values: Any) -> CardContents:
    """The same card, its personal certificates saying something else."""
    new = tuple(replace(c, certificate=replace(c.certificate, **values)) for c in contents.certificates)
    return replace(contents, certificates=new)


def with_tokens(contents: CardContents, **values: Any) -> CardContents:
    """The same card, its tokens saying something else."""
    new = tuple(replace(token, info=replace(token.info, **values)) for token in contents.tokens)
    return replace(contents, tokens=new)


@NEEDED
def test_cards_that_cannot_be_used_up_are_refused(held: Held) -> None:
    """Each for its reason; the usual one is not."""
    contents = held.card.read()
    assert refusal(contents) == ""
    refused = {
        "has no certificate for authentication": changed(contents, key_usage=frozenset({"non_repudiation"})),
        "are not valid now": changed(contents, not_after=now() - timedelta(days=1)),
        "was upgraded here before": changed(contents, issuer_common_name="TEST SITHS e-id Person HSA-id 3 CA v1"),
        "cannot make keys": with_tokens(contents, algorithms=frozenset()),
    }
    assert {reason: reason in refusal(each) for reason, each in refused.items()} == dict.fromkeys(refused, True)
    assert is_spent(with_tokens(contents, code=CodeState.FINAL_TRY))
    assert not is_spent(contents)


def test_codes_are_asked_for_once_and_wiped(held: Held) -> None:
    token = held.card.read().tokens[0]
    codes = KeptCodes()
    with typed("123456"):
        given = [codes.code(token.info, token.roles) for _ in range(2)]
    assert [bytes(code._buffer) for code in given if code] == [b"123456"] * 2
    kept = codes._kept[token.info.id]
    with os.fdopen(codes.pipe([token.info.id]), "rb") as pipe:
        assert pipe.read() == b"123456\n"
    codes.wipe()
    assert not kept
    with typed(""):
        assert codes.code(token.info, token.roles) is None
