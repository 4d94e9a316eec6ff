"""`sithsup campaign`: what issuers see, and what each thing that goes wrong says."""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from sithsup import cli
from sithsup.campaign import LARGEST, load_anchors, read_signed
from sithsup.cli import campaign as command
from sithsup.demo import signing
from sithsup.demo.entity import load_key
from sithsup.texts import resources
from tests.ca import pki
from tests.support import campaigns
from tests.support.cms import valid

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = resources() / "campaigns" / "siths-2020.json"
LANGUAGES = ("en", "sv")


class Desk:
    """An issuer's desk: a folder with a text, keys and certificates, and the program."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.place = folder / signing.FOLDER
        self.text = folder / "campaign.json"
        self.signed = folder / "signed.p7m"

    def run(self, *arguments: object, json_too: bool = False) -> tuple[int, str, str]:
        """The exit code, standard output, standard error."""
        code = cli.run(["campaign", *map(str, arguments), *(["--json"] if json_too else [])])
        out, err = self._capsys.readouterr()
        return code, out, err

    def sign(self, **files: Path) -> tuple[int, str]:
        """Sign with what is on the desk, or with these."""
        named = {
            "key": self.place / "key.pem",
            "certificate": self.place / "certificate.pem",
            "out": self.signed,
        } | files
        code, _, err = self.run("sign", self.text, *[word for name in named for word in (f"--{name}", named[name])])
        return code, err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    signing.make_signer(tmp_path, datetime.now(UTC))
    for variable in ("DATA", "LOGS"):
        monkeypatch.setenv(f"SITHSUP_{variable}", str(tmp_path / variable.lower()))
    monkeypatch.setenv("SITHSUP_CAMPAIGN_ANCHOR", str(signing.anchor_file(tmp_path)))
    monkeypatch.setenv("SITHSUP_LANGUAGE", "en")
    monkeypatch.setenv("TZ", "UTC")
    made = Desk(tmp_path, capsys)
    made.text.write_bytes(SHIPPED.read_bytes())
    return made


# ------------------------------------------------------------------------------------------------------ show


@pytest.mark.parametrize("arguments", [(), ("show",), ("show", SHIPPED)], ids=["no action", "show", "show FILE"])
def test_the_campaign_in_force_is_shown(arguments: tuple[object, ...], desk: Desk) -> None:
    """Id, version, window, issuers, targets, contacts, and where it comes from."""
    code, out, err = desk.run(*arguments)
    assert (code, err) == (0, "")
    for said in (
        "(siths-2020, version 1)",
        "Replaces certificates from SITHS Type 1 CA v1",
        "Makes hsa-id-signature: SITHS e-id Person HSA-id 3 CA v1, rsa-2048",
        "Open from 2019-11-03 23:00+00:00 until 2020-12-09 23:00+00:00",
        "Open until 2021-12-09 23:00+00:00 for everybody",
        "Cards that were ordered on 2020-02-11 or later need no upgrade",
        "A spare card shows: SITHS e-id Person HSA-id 2 CA v1, SITHS e-id Person ID 2 CA v1",
        "A card of another issuer shows: Skatteverket, Telia\n",
        "What the holder of such a card reads: Spare cards are not upgraded. Use your ordinary card.",
        "Level of assurance 3: SITHS e-id Person ID 3 CA v1",
        "Deputy issuer: -",
        f"It is part of the program: {SHIPPED}",
    ):
        assert said in out
    assert "signed" not in out


def test_a_signed_file_tells_who_has_signed_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named, or in force; for machines too, with fingerprints."""
    campaigns.signed(
        desk.folder,
        {
            **json.loads(SHIPPED.read_bytes()),
            "paused": True,
            "terms": {"version": "2027-1", "text": {"sv": "Villkor", "en": "Terms"}},
            "contacts": {
                **json.loads(SHIPPED.read_bytes())["contacts"],
                "organizations": [
                    {"organizations": ["SE1"], "deputy_issuer": {"name": "A"}, "local_it": {"name": "B"}},
                ],
            },
        },
        desk.signed,
    )
    _, named, _ = desk.run("show", desk.signed)
    monkeypatch.setenv("SITHSUP_CAMPAIGN", str(desk.signed))
    code, in_force, _ = desk.run()
    assert (code, in_force) == (0, named)
    assert "Signed by TEST campaign signer v1" in named
    assert "under TEST campaign CA v1" in named
    assert f"It comes from the file {desk.signed}" in named
    assert "Terms: version 2027-1" in named
    assert "Paused" in named
    assert "Other contacts for 1 organisations" in named
    _, out, _ = desk.run("show", desk.signed, json_too=True)
    result = json.loads(out)
    assert result["signature"]["signer"] == "TEST campaign signer v1"
    assert len(result["signature"]["anchor_fingerprint"]) == 64
    assert (result["origin"], result["campaign"]["version"], result["failure"]) == ("file", 1, None)


def test_a_text_that_is_not_signed_is_shown_as_such(desk: Desk) -> None:
    """Whoever writes it wants to see it; nobody is to take it for one that is used."""
    code, out, _ = desk.run("show", desk.text)
    assert code == 0
    assert "It is not signed. The program does not use it before it is." in out


def test_a_text_does_not_steer_the_terminal(desk: Desk) -> None:
    """What is shown is printable, whatever its author has put into it."""
    desk.text.write_bytes(desk.text.read_bytes().replace(b'"name": "-', b'"name": "\\u009b2J\\u202e-'))
    code, out, _ = desk.run("show", desk.text)
    assert code == 0
    assert "Deputy issuer: 2J-" in out
    assert all(line.isprintable() for line in out.splitlines())


def test_all_that_decides_who_may_begin_and_when_is_shown(desk: Desk) -> None:
    """An author sees what was meant, each text on one line."""
    data = json.loads(desk.text.read_bytes())
    data |= {
        "rollout": [{"opens": "2019-11-05T00:00:00+01:00", "share": 100}],
        "program_min": "1.2",
        "codes": {"price": {"amount": 50, "currency": "SEK"}, "order": {"sv": "Ring.", "en": "Call.\nWait."}},
    }
    desk.text.write_text(json.dumps(data))
    lines = desk.run("show", desk.text)[1].splitlines()
    for said in (
        "100 % of all cards from 2019-11-04 23:00+00:00",
        "Needs version 1.2 of the program, or a later one",
        "A new code costs 50 kr",
        "How new codes are ordered: Call. Wait.",
    ):
        assert said in lines


def test_a_signed_file_is_shown_without_an_anchor(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a text that is not signed is; nobody is to take the signature for one that counts."""
    campaigns.signed(desk.folder, desk.text.read_bytes(), desk.signed)
    monkeypatch.delenv("SITHSUP_CAMPAIGN_ANCHOR")
    code, out, _ = desk.run("show", desk.signed)
    assert (code, "(siths-2020, version 1)" in out, "Signed by" in out) == (0, True, False)
    assert "the signature was not checked" in out
    assert json.loads(desk.run("show", desk.signed, json_too=True)[1])["signature"] is None
    code, out, _ = desk.run("show", desk.signed, "--anchor", signing.anchor_file(desk.folder))
    assert (code, "Signed by TEST campaign signer v1" in out) == (0, True)
    desk.signed.write_bytes(b"0\0")
    code, out, err = desk.run("show", desk.signed)
    assert (code, out, "SU-3003" in err) == (2, "", True)


def test_what_an_unknown_anchor_has_signed_is_not_shown_under_one(desk: Desk) -> None:
    """Whoever names an anchor asks for it; one without a file has nothing to be used for."""
    other = valid("TEST other", [pki.usage("digital_signature")], now=datetime.now(UTC))
    (desk.folder / "other.pem").write_bytes(other.certificate.public_bytes(Encoding.PEM))
    campaigns.signed(desk.folder, desk.text.read_bytes(), desk.signed)
    code, out, err = desk.run("show", desk.signed, "--anchor", desk.folder / "other.pem")
    assert (code, out, "SU-3003" in err) == (2, "", True)
    code, out, err = desk.run("show", "--anchor", desk.folder / "other.pem")
    assert (code, out, "SU-3006" in err) == (2, "", True)


def test_why_nothing_newer_is_used_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that cannot be reached, while there is something to go on with."""
    from sithsup.campaign import Campaign, Document, Origin  # noqa: PLC0415
    from sithsup.errors import CampaignUnreachableError  # noqa: PLC0415

    class Cached:
        failure = CampaignUnreachableError(address="https://x.invalid", problem="no answer")

        def __init__(self, _settings: object) -> None:
            pass

        def start(self) -> None:
            pass

        def document(self) -> Document:
            return Document(Campaign.load(SHIPPED), Origin.CACHE, "https://x.invalid", None)

    monkeypatch.setattr(command, "Finder", Cached)
    _, out, _ = desk.run("show")
    assert "It was kept from https://x.invalid, and is the last good one from there" in out
    assert "Nothing newer is used" in out
    _, out, _ = desk.run("show", json_too=True)
    assert json.loads(out)["failure"]["code"] == "SU-3005"


# ---------------------------------------------------------------------------------------------------- verify


def test_a_right_file_is_verified(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the anchor of the settings, or under one that is named."""
    campaigns.signed(desk.folder, desk.text.read_bytes(), desk.signed)
    code, _, err = desk.run("verify", desk.signed)
    assert code == 0
    assert "The campaign is right: siths-2020, version 1." in err
    monkeypatch.delenv("SITHSUP_CAMPAIGN_ANCHOR")
    code, _, err = desk.run("verify", desk.signed)
    assert (code, "Give --anchor, a PEM file" in err) == (2, True)
    assert desk.run("verify", desk.signed, "--anchor", signing.anchor_file(desk.folder))[0] == 0
    code, _, err = desk.run("verify", desk.signed, "--anchor", SHIPPED)
    assert (code, f"--anchor {SHIPPED}: it holds no certificates" in err) == (2, True)


@pytest.mark.parametrize("is_signed", [False, True])
def test_a_wrong_file_names_field_and_line(is_signed: bool, desk: Desk) -> None:
    """Signed or not yet."""
    text = desk.text.read_bytes().replace(b'"version": 1', b'"version": 0')
    desk.text.write_bytes(text)
    path = campaigns.signed(desk.folder, text, desk.signed) if is_signed else desk.text
    code, _, err = desk.run("verify", path)
    assert code == 2
    assert "SU-3001" in err
    assert "line 4, at version: " in err
    assert "Correct the line and run the same command again." in err


@pytest.mark.parametrize("action", ["verify", "sign"])
def test_the_author_of_a_file_is_told_what_the_author_can_do(action: str, desk: Desk) -> None:
    """Nobody else has another file, and nobody else need be asked."""
    other = valid("TEST other", [pki.usage("digital_signature")], now=datetime.now(UTC))
    (desk.folder / "other.pem").write_bytes(other.certificate.public_bytes(Encoding.PEM))
    campaigns.signed(desk.folder, desk.text.read_bytes(), desk.signed)
    told = [desk.run("verify", desk.signed, "--anchor", desk.folder / "other.pem")[2]] if action == "verify" else []
    for content in (b"{", b" " * (LARGEST + 1)):
        desk.text.write_bytes(content)
        told.append(desk.sign()[1] if action == "sign" else desk.run("verify", desk.text)[2])
    desk.text.unlink()
    told.append(desk.sign()[1] if action == "sign" else desk.run("verify", desk.text)[2])
    for err in told:
        assert "run the same command again." in err
        assert not re.search("local IT|Do not use it|SU-3002", err), err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b"\xef\xbb\xbf" + SHIPPED.read_bytes(), "byte order mark (BOM): save it as UTF-8 without one"),
        (SHIPPED.read_text("utf-8").encode("utf-16"), "it is UTF-16"),
        (b"-----BEGIN CMS-----\nMIIB\n-----END CMS-----\n", "it is PEM: sign the campaign in DER"),
        (b"MIME-Version: 1.0\nContent-Type: x\n\nMIIB", "it is S/MIME: sign the campaign in DER"),
    ],
)
def test_what_is_another_sort_of_file_is_named(
    content: bytes, said: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not what a reader of JSON, or of DER, stumbles over in it; also where it is in force."""
    desk.text.write_bytes(content)
    monkeypatch.setenv("SITHSUP_CAMPAIGN", str(desk.text))
    for arguments in (("verify", desk.text), ("show", desk.text), ("show",)):
        if arguments == ("show",) and content[:1] == b"\xef":
            continue  # a text there is one that is not signed
        code, _, err = desk.run(*arguments)
        assert (code, said in err) == (2, True), err


def test_a_right_text_that_is_not_signed_is_refused(desk: Desk) -> None:
    """Its author hears that only the signature is missing."""
    code, _, err = desk.run("verify", desk.text)
    assert code == 2
    assert "SU-3003" in err
    assert "the text is right, but it is not signed" in err
    assert "Sign it (“sithsup campaign sign”)" in err


def test_what_the_program_refuses_as_older_is_not_verified(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed or not yet: a computer that has used a newer version goes by what it knows."""
    data = json.loads(desk.text.read_bytes())
    monkeypatch.setenv("SITHSUP_CAMPAIGN", str(campaigns.signed(desk.folder, {**data, "version": 7}, desk.signed)))
    assert desk.run("show")[0] == 0
    older = campaigns.signed(desk.folder, {**data, "version": 6}, desk.folder / "older.p7m")
    for path, version in ((older, 6), (desk.text, 1)):
        code, _, err = desk.run("verify", path)
        assert (code, "SU-3004" in err) == (2, True)
        assert f"it has version {version}, and version 7 was used before" in err
        assert "Raise “version”" in err
    assert desk.run("verify", desk.signed)[0] == 0


@pytest.mark.parametrize(("extension", "is_over"), [("2021-12-10T00:00:00Z", True), ("2221-12-10T00:00:00Z", False)])
def test_a_window_that_has_closed_for_all_is_noted(extension: str, is_over: bool, desk: Desk) -> None:
    """Of what is shown, verified and signed; nothing is refused, since such a campaign may be meant."""
    data = json.loads(desk.text.read_bytes())
    data["window"]["extensions"].append({"closes": extension, "organizations": ["SE2321000131"]})
    desk.text.write_text(json.dumps(data))
    for code, said in (desk.sign(), desk.run("verify", desk.signed)[::2], desk.run("show", desk.signed)[:2]):
        assert (code, "The window has closed for everybody" in said) == (0, is_over), said


# ------------------------------------------------------------------------------------------------------ sign


def test_what_is_signed_is_accepted(desk: Desk) -> None:
    """The very bytes, under the anchor; the certificates of the chain come along."""
    code, err = desk.sign(chain=signing.anchor_file(desk.folder))
    assert (code, "Signed:" in err) == (0, True)
    anchors = load_anchors(signing.anchor_file(desk.folder))
    assert read_signed(desk.signed.read_bytes(), anchors, "x")[0].id == "siths-2020"
    assert desk.text.read_bytes() in desk.signed.read_bytes()
    assert desk.run("verify", desk.signed)[0] == 0


def test_a_wrong_text_is_not_signed(desk: Desk) -> None:
    """Nothing is written."""
    desk.text.write_bytes(b"{}")
    code, err = desk.sign()
    assert code == 2
    assert "SU-3001" in err
    assert not desk.signed.exists()


def pem(key: Any, encryption: Any = None) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()))


def test_an_encrypted_key_asks_for_its_passphrase(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal alone; a wrong one signs nothing, and a long one is taken whole."""
    secret, key = "å" * 100, desk.place / "locked.pem"
    key.write_bytes(pem(load_key(desk.place / "key.pem"), BestAvailableEncryption(secret.encode())))
    code, err = desk.sign(key=key)
    assert code == 2
    assert "there is no terminal to ask for its passphrase" in err
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    for typed, exit_code in (("wrong", 2), ("", 2), (secret, 0)):
        monkeypatch.setattr(command, "read_hidden", lambda _prompt, _longest, typed=typed: bytearray(typed.encode()))
        code, err = desk.sign(key=key)
        assert code == exit_code
        assert secret not in err
    assert desk.signed.exists()


def test_what_cannot_sign_is_told(desk: Desk) -> None:
    """Another key, no key, no certificate, a kind of key nobody verifies, a place that is not there."""
    other, odd, nothing = (desk.folder / name for name in ("other.pem", "odd.pem", "nothing.pem"))
    other.write_bytes(pem(pki.new_key()))
    odd.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    for files, said in (
        ({"key": other}, f"--key {other}: the key is not that of the certificate"),
        ({"key": odd}, "the key is neither RSA nor elliptic"),
        ({"key": nothing}, "there is no such file or folder"),
        ({"key": SHIPPED}, "the key cannot be read"),
        ({"certificate": nothing}, "there is no such file or folder"),
        ({"certificate": SHIPPED}, "it holds no certificates"),
        ({"anchor": nothing}, "there is no such file or folder"),
        ({"anchor": SHIPPED}, "it holds no certificates"),
        ({"out": desk.text / "x"}, "there is something else by this name already"),
    ):
        code, err = desk.sign(**files)
        assert (code, "SU-3006" in err, said in err) == (2, True, True), err
        assert "Correct it and try again." in err
    assert not desk.signed.exists()


def test_a_certificate_that_nobody_would_accept_signs_nothing(desk: Desk) -> None:
    """Found out here, not on ten thousand computers: one for other signatures, and one that is over."""
    now = datetime.now(UTC).replace(microsecond=0)
    wrong = (
        valid("TEST", [pki.usage("content_commitment")], now=now),
        pki.make(pki.name("TEST"), [pki.usage("digital_signature")]),
    )
    for keyed, said in zip(wrong, ("not for signing documents", "not valid when it was signed"), strict=True):
        (desk.folder / "k").write_bytes(pem(keyed.key))
        (desk.folder / "c").write_bytes(keyed.certificate.public_bytes(Encoding.PEM))
        code, err = desk.sign(key=desk.folder / "k", certificate=desk.folder / "c")
        assert code == 2
        assert said in err
    assert not desk.signed.exists()


def test_what_is_signed_can_be_verified_under_the_anchor(desk: Desk) -> None:
    """As the computers will do it: a certificate in between that was forgotten is found out here."""
    root = valid("TEST root", pki.authority_extensions(), now=datetime.now(UTC))
    between = valid("TEST between", pki.authority_extensions(0), root, now=datetime.now(UTC))
    signer = valid("TEST signer", [pki.usage("digital_signature")], between, now=datetime.now(UTC))
    files = {name: desk.folder / f"{name}.pem" for name in ("anchor", "chain", "certificate", "key")}
    files["key"].write_bytes(pem(signer.key))
    for name, keyed in (("anchor", root), ("chain", between), ("certificate", signer)):
        files[name].write_bytes(keyed.certificate.public_bytes(Encoding.PEM))
    chain = files.pop("chain")
    code, err = desk.sign(**files)
    assert (code, "does not come from a trusted issuer" in err, desk.signed.exists()) == (2, True, False)
    assert desk.sign(**files, chain=chain)[0] == 0


@pytest.mark.parametrize("read", ["text", "key", "certificate", "chain", "anchor"])
def test_no_file_that_is_read_is_written_over(read: str, desk: Desk) -> None:
    """Not by another name either: a signer's key is lost in an instant."""
    anchor = desk.folder / "anchor.pem"
    anchor.write_bytes(signing.anchor_file(desk.folder).read_bytes())
    files = {"key": desk.place / "key.pem", "certificate": desk.place / "certificate.pem", "anchor": anchor}
    files["chain"] = signing.anchor_file(desk.folder)
    path = {**files, "text": desk.text}[read]
    before, link = path.read_bytes(), desk.folder / "link"
    link.symlink_to(path)
    for out in (path, link):
        code, err = desk.sign(**files, out=out)
        assert (code, "it is one of the files that are read" in err) == (2, True)
    assert path.read_bytes() == before


def test_a_signed_campaign_is_whole_or_as_it_was(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A web server may be reading it."""
    desk.signed.write_bytes(b"the one before")
    monkeypatch.setattr(os, "fsync", lambda _descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    code, err = desk.sign()
    assert (code, "the disk is full" in err) == (2, True)
    assert desk.signed.read_bytes() == b"the one before"


@pytest.mark.parametrize("action", ["show", "verify", "sign"])
def test_a_file_that_is_too_long_is_refused(action: str, desk: Desk) -> None:
    desk.text.write_bytes(b"{" + b" " * LARGEST)
    code = desk.sign()[0] if action == "sign" else desk.run(action, desk.text)[0]
    assert code == 2
