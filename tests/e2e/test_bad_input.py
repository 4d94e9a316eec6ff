"""Whatever is wrong: the documented exit code, an error with its code and the next step, and a card as it was.

One row, one test. A locked code is not here, since SoftHSM2 cannot lock one: the contract tests have it.
"""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sithsup.demo import profiles, signing
from sithsup.demo.entity import Entity
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.start import Kind
from tests.support import campaigns
from tests.support.demo import CONSENT, NEW, OLD, Demo, Demos, Ended, authority_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

DEADLINE = 60
CMP = "application/pkixcmp"


def assert_refused(ended: Ended, exit_code: int, error_code: str) -> None:
    """The exit code, also in JSON; the error's code with its reasons and the next step, also in words; no traceback."""
    error = ended.result.get("error")
    assert error, ended
    assert (ended.code, ended.result["exit_code"], error["code"]) == (exit_code, exit_code, error_code), ended
    names = ", ".join((error_code, *ended.result.get("reasons", ())))
    for text in (error["what"], f"({names})", error["next"]):
        assert text
        assert text in ended.err
    assert "Traceback" not in ended.err + ended.out
    assert not re.search(r"\{\w+\}", ended.err)  # a value that was not filled in


def assert_untouched(demo: Demo) -> None:
    """Every object and every file of the card is as it was, and no journal waits for anything."""
    assert demo.card() == demo.before
    assert not list(demo.data.glob("journal-*"))


def write(path: Path, content: str) -> Path:
    """Write a file and give its path."""
    path.write_text(content, encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------------------- codes


def wrong(code: str) -> str:
    """A code that is not this one."""
    return "".join(str(9 - int(digit)) for digit in code)


@pytest.mark.parametrize("at", [0, 1])
def test_a_wrong_code(at: int, demo: Demo) -> None:
    """6, which code it was, and one try spent on that token alone: SoftHSM2's flags say so."""
    codes = [wrong(code) if at == number else code for number, code in enumerate(demo.codes)]
    ended = demo.run(
        "upgrade", "--json", *CONSENT, "--yes", "--pin-stdin", codes="".join(f"{code}\n" for code in codes)
    )
    assert_refused(ended, 6, "SU-1101")
    assert ("authentication", "signature")[at] in ended.result["error"]["why"]
    lines = demo.tool.run("--list-slots").splitlines()  # before anybody logs in with the right code
    labels, flags = ([line for line in lines if f"token {name}" in line] for name in ("label", "flags"))
    assert ["count low" in flag for flag in flags] == [("legitimering", "underskrift")[at] in name for name in labels]
    assert_untouched(demo)
    assert demo.act("upgrade").code == 0
    assert "count low" not in demo.tool.run("--list-slots")


@pytest.mark.parametrize("arguments", [["--pin-stdin"], []], ids=["empty-stdin", "not-announced"])
def test_no_code(arguments: list[str], demo: Demo) -> None:
    """6: a standard input without a code, and one that nobody announced to hold codes."""
    ended = demo.run("upgrade", "--json", *CONSENT, "--yes", *arguments, codes=None if arguments else demo.pins)
    assert_refused(ended, 6, "SU-1103")
    assert "count low" not in demo.tool.run("--list-slots")
    assert_untouched(demo)


# --------------------------------------------------------------------------------------- module and card


def test_no_module(demo: Demo, tmp_path: Path) -> None:
    """7: the module that the settings name is not there."""
    ended = demo.act("upgrade", {"SITHSUP_MODULE": tmp_path / "none.so"})
    assert_refused(ended, 7, "SU-1001")
    assert "none.so" in ended.err
    assert_untouched(demo)


def a_text(folder: Path) -> Path:
    """A file that is not a library."""
    return write(folder / "module.so", "not a library\n")


def a_torn_library(folder: Path) -> Path:
    """The first half of a real module."""
    whole = Path(sysconfig.get_paths()["stdlib"], "lib-dynload")
    first = min(whole.glob("*.so")).read_bytes()
    (folder / "module.so").write_bytes(first[: len(first) // 2])
    return folder / "module.so"


def another_library(folder: Path) -> Path:
    """A library that has nothing to do with PKCS#11."""
    return next(Path(sysconfig.get_paths()["stdlib"], "lib-dynload").glob("_csv*.so"))


def an_executable(folder: Path) -> Path:
    """A program."""
    return Path(sys.executable).resolve()


@pytest.mark.parametrize("made", [a_text, a_torn_library, another_library, an_executable])
def test_a_module_that_is_none(made: Callable[[Path], Path], demo: Demo, tmp_path: Path) -> None:
    """7: text, half a library, some library, a program."""
    path = made(tmp_path)
    ended = demo.act("upgrade", {"SITHSUP_MODULE": path})
    assert_refused(ended, 7, "SU-1002")
    assert str(path) in ended.err
    assert_untouched(demo)


def test_no_card(demo: Demo, tmp_path: Path) -> None:
    """7: a reader, and nothing in it that is set up."""
    (tmp_path / "tokens").mkdir()
    empty = write(tmp_path / "softhsm2.conf", f"directories.tokendir = {tmp_path / 'tokens'}\n")
    for action in ("check", "upgrade"):
        ended = demo.run(action, "--json", environ={"SOFTHSM2_CONF": empty})
        assert_refused(ended, 7, "SU-1004")


@pytest.fixture
def two_cards(demos: Demos, tmp_path: Path) -> tuple[Demo, dict[str, str | Path]]:
    """Give the ordinary demo with the one-PIN demo's card beside its own."""
    demo, other = demos.fresh(), demos.fresh(Kind.ONE_PIN)
    for tokens in (demo.tokens, other.tokens):
        shutil.copytree(tokens, tmp_path / "tokens", dirs_exist_ok=True)
    both = write(tmp_path / "softhsm2.conf", f"directories.tokendir = {tmp_path / 'tokens'}\nslots.removable = true\n")
    return demo, {"SOFTHSM2_CONF": both}


def test_two_cards_and_no_choice(two_cards: tuple[Demo, dict[str, str | Path]]) -> None:
    """2, and both cards are named to choose from."""
    demo, environ = two_cards
    ended = demo.act("upgrade", environ)
    assert_refused(ended, 2, "SU-1005")
    assert ended.err.count("9752000") == 2


def test_two_cards_and_a_choice(two_cards: tuple[Demo, dict[str, str | Path]]) -> None:
    """--card and --reader each find the card that they name, and what is begun is done to that card alone."""
    demo, environ = two_cards
    number = demo.run("check", "--json").result["card"]["number"]
    found = demo.run("check", "--json", "--card", number, environ=environ)
    assert (found.code, found.result["card"]["number"]) == (10, number)
    reader = found.result["card"]["reader"]
    assert demo.run("check", "--json", "--reader", reader, environ=environ).result["card"]["number"] == number
    args = ("upgrade", "--json", *CONSENT, "--yes", "--pin-stdin", "--card", number)
    assert demo.run(*args, codes=demo.pins, environ=environ).code == 0
    left = demo.run("upgrade", "--json", "--card", "9752000", environ=environ)  # a part of a number is no number
    assert_refused(left, 7, "SU-1004")


@pytest.mark.parametrize(
    ("option", "code"), [(("--card", "9752000000000000000"), "SU-1004"), (("--reader", "None Such"), "SU-1003")]
)
def test_a_card_or_reader_that_is_not_there(option: tuple[str, str], code: str, demo: Demo) -> None:
    """7: the choice names nothing."""
    ended = demo.run("upgrade", "--json", *CONSENT, "--yes", "--pin-stdin", *option, codes=demo.pins)
    assert_refused(ended, 7, code)
    number = demo.run("check", "--json").result["card"]["number"]
    assert f"These cards are there: {number} (" in ended.err
    assert_untouched(demo)


def test_a_foreign_card(demos: Demos) -> None:
    """3: a card of other people is left alone."""
    demo = demos.fresh(Kind.FOREIGN)
    assert_refused(demo.act("upgrade"), 3, "SU-5001")
    assert_untouched(demo)


# ------------------------------------------------------------------------------------------ the authority


@contextmanager
def web_server(answer: Callable[[str, bytes], tuple[int, str, bytes]]) -> Iterator[dict[str, str]]:
    """Serve whatever `answer(path, body)` says; gives the variable that leads there."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, content_type, content = answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Retry-After", "120")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815  the name is the library's

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the library's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield {"SITHSUP_AUTHORITY": f"http://127.0.0.1:{server.server_port}/.well-known/cmp"}
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def forward(demo: Demo, body: bytes) -> bytes:
    """Ask the demo's real authority."""
    address = json.loads((demo.folder / "campaign.json").read_text())["authority"]["address"]
    request = urllib.request.Request(address, body, {"Content-Type": CMP})  # noqa: S310  our own
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=DEADLINE) as answer:
        return bytes(answer.read())


def test_the_authority_is_down(demo: Demo) -> None:
    """8 after a few tries: nothing listens there. The keys were not even made."""
    with web_server(lambda _path, _body: (200, "text/plain", b"")) as environ:
        pass  # its port is free again
    assert_refused(demo.act("upgrade", environ), 8, "SU-2001")
    assert_untouched(demo)


@pytest.mark.parametrize(
    ("status", "content_type", "body", "exit_code", "error_code"),
    [
        (200, "text/html", b"<html><body>Guest network: please log in</body></html>", 8, "SU-2010"),
        (502, "text/html", b"<html>Bad gateway</html>", 8, "SU-2013"),
        (503, "text/html", b"<html>Closed for maintenance</html>", 5, "SU-2002"),
        (200, CMP, b"<html>with a wrong type</html>", 8, "SU-2004"),
        (200, CMP, b"", 8, "SU-2004"),
        (200, CMP, bytes(2 << 20), 8, "SU-2004"),
    ],
    ids=["html", "bad-gateway", "busy", "html-as-cmp", "empty", "endless"],
)
def test_an_answer_that_is_none(
    status: int, content_type: str, body: bytes, exit_code: int, error_code: str, demo: Demo
) -> None:
    """8 for a web page and for rubbish, 5 for an authority that is busy."""
    with web_server(lambda _path, _body: (status, content_type, body)) as environ:
        assert_refused(demo.act("upgrade", environ), exit_code, error_code)
    assert_untouched(demo)


def test_answers_to_other_questions(demo: Demo) -> None:
    """8: every order gets the answer to the first one. What was begun can be undone, and is not undone by itself."""
    first: list[bytes] = []
    lock = threading.Lock()

    def swap(_path: str, body: bytes) -> tuple[int, str, bytes]:
        answer = forward(demo, body)
        with lock:
            if b"hsa-id-" in body or b"personal-number-" in body:
                first.append(answer)
                answer = first[0]
        return 200, CMP, answer

    with web_server(swap) as environ:
        ended = demo.act("upgrade", environ)
    assert len(first) > 1
    assert_refused(ended, 8, "SU-2004")
    assert ended.result["outcome"] == "interrupted"
    assert demo.act("restore").code == 0
    assert demo.identity() == OLD


class _OtherKey(Hierarchy):
    """Certifies a key of its own in the place of the one that was asked for."""

    def issue(
        self,
        profile: profiles.Profile,
        public_key: bytes,
        holder: profiles.Holder,
        card_number: str | None,
        validity: tuple[datetime, datetime],
    ) -> bytes:
        key = rsa.generate_private_key(65537, 2048).public_key()
        own = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return super().issue(profile, own, holder, card_number, validity)


def with_other_keys(hierarchy: Hierarchy) -> Hierarchy:
    """The same authorities, which certify keys of their own."""
    return _OtherKey(**{each.name: getattr(hierarchy, each.name) for each in fields(hierarchy)})


def test_certificates_for_another_key(demo: Demo) -> None:
    """8: they are refused to the authority, the new keys are destroyed, the old card is whole again."""
    with authority_beside(demo, change=with_other_keys) as environ:
        ended = demo.act("upgrade", environ)
    assert_refused(ended, 8, "SU-2005")
    assert "another key" in ended.err
    assert_untouched(demo)
    assert demo.identity() == OLD
    assert {row.state for row in demo.ledger() if row.profile.endswith("-authentication")} == {"confirmed", "revoked"}


def expired(hierarchy: Hierarchy, name: str) -> x509.Certificate:
    """The certificate of an authority as it was before it was renewed: the same key, and over since yesterday."""
    now, old = datetime.now(UTC).replace(microsecond=0), hierarchy.authorities[name].certificate
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.issuer)
        .public_key(old.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3000))
        .not_valid_after(now - timedelta(days=1))
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    issuer = next(e for e in hierarchy.authorities.values() if e.certificate.subject == old.issuer)
    return builder.sign(issuer.key, hashes.SHA512())


def campaign_of(demo: Demo, folder: Path, **changes: Any) -> dict[str, str | Path]:
    """The demo's campaign with other values; gives the variable that leads to it."""
    campaign = {**campaigns.content(demo.folder), **changes}
    return {"SITHSUP_CAMPAIGN": campaigns.signed(demo.folder, campaign, folder / "campaign.p7m")}


def test_an_expired_anchor(demo: Demo, tmp_path: Path) -> None:
    """8: whoever signs the authority's messages is certified by a root that is over."""
    root = expired(Hierarchy.load(demo.folder / "authority"), profiles.ROOT_2)
    environ = campaign_of(demo, tmp_path, trust_anchors=[root.public_bytes(Encoding.PEM).decode()])
    ended = demo.act("upgrade", environ)
    assert_refused(ended, 8, "SU-2004")
    assert_untouched(demo)


def test_an_expired_authority(demo: Demo) -> None:
    """8: the certificates were issued by an authority whose own certificate is over; the card is put back."""

    def change(hierarchy: Hierarchy) -> Hierarchy:
        over = {
            name: Entity(expired(hierarchy, name), hierarchy.authorities[name].key)
            for name in (profiles.HSA_ID_3, profiles.PERSON_ID_3)
        }
        values = {each.name: getattr(hierarchy, each.name) for each in fields(hierarchy)}
        return Hierarchy(**{**values, "authorities": {**hierarchy.authorities, **over}})

    with authority_beside(demo, change=change) as environ:
        ended = demo.act("upgrade", environ)
    assert_refused(ended, 8, "SU-2005")
    assert "not valid at this time" in ended.err
    assert_untouched(demo)
    assert demo.identity() == OLD


# ------------------------------------------------------------------------------------------ this computer


def test_a_second_instance(demo: Demo) -> None:
    """5 for whatever else is tried on this card meanwhile; the first goes on to its end."""
    with authority_beside(demo, delay=2.5) as environ:
        first = demo.start(
            "upgrade", "--json", *CONSENT, "--yes", "--pin-stdin", environ=environ, stdin=subprocess.PIPE
        )
        assert first.stdin
        first.stdin.write(demo.pins)
        first.stdin.flush()
        deadline = time.monotonic() + DEADLINE
        while not list(demo.data.glob("journal-*")) and time.monotonic() < deadline:
            time.sleep(0.02)
        others = {action: demo.start(action, "--json") for action in ("upgrade", "check", "resume", "restore")}
        for action, other in others.items():
            out, err = other.communicate(timeout=DEADLINE)
            if action == "check":
                assert (other.returncode, json.loads(out)["busy"]) == (5, True)
            else:
                assert_refused(Ended(other.returncode, out, err, 0), 5, "SU-4002")
        assert first.poll() is None
        out, _ = first.communicate(timeout=DEADLINE)
    assert (first.returncode, json.loads(out)["outcome"]) == (0, "upgraded")
    assert demo.identity() == NEW


def test_a_journal_folder_that_cannot_be_written(demo: Demo, tmp_path: Path) -> None:
    """5 before any code is read: a file lies in the way (modes do not stop root)."""
    environ = {"SITHSUP_DATA": write(tmp_path / "file", "") / "data"}
    with (demo.folder / "pins").open("rb", buffering=0) as pins:
        running = demo.start("upgrade", "--json", *CONSENT, "--yes", "--pin-stdin", environ=environ, stdin=pins)
        out, err = running.communicate(timeout=DEADLINE)
        assert pins.tell() == 0
    assert_refused(Ended(running.returncode, out, err, 0), 5, "SU-4001")
    checked = demo.run("check", "--json", environ=environ)
    assert (checked.code, checked.result["reasons"]) == (5, [])
    assert "JOURNAL_UNWRITABLE" in [finding["name"] for finding in checked.result["findings"]]
    for asked_in_vain in ("You will be asked", "encrypted e-mail"):
        assert asked_in_vain not in checked.err + err
    assert_untouched(demo)


@pytest.mark.parametrize("room", [0, 4096, 30_000, 45_000, 60_000])
def test_a_full_disk(room: int, demo: Demo) -> None:
    """5, whether the journal cannot be begun or runs out of room on the way; then `restore` needs no more than room."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))  # noqa: E731  run in the child
    ended = demo.act("upgrade", before=limit)
    assert_refused(ended, 5, "SU-4001")
    assert demo.act("restore").code == 0
    assert_untouched(demo)
    assert demo.identity() == OLD


# ------------------------------------------------------------------------------------------ configuration

REVERSED = {"opens": "2030-02-01T00:00:00Z", "closes": "2030-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "changes",
    [
        {"window": REVERSED},
        {"trust_anchors": ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]},
        {"trust_anchors": []},
        {"confirm_wait_max": "PT30S"},
        {"targets": []},
        {"format": 2},
        {"colour": "blue"},
    ],
    ids=["reversed-window", "torn-anchor", "no-anchor", "short-wait", "no-target", "later-format", "unknown-field"],
)
def test_a_broken_campaign(changes: dict[str, Any], demo: Demo, tmp_path: Path) -> None:
    """2, with the place in the file."""
    ended = demo.act("upgrade", campaign_of(demo, tmp_path, **changes))
    assert_refused(ended, 2, "SU-3001")
    assert next(iter(changes)) in ended.result["error"]["why"]
    assert_untouched(demo)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "<html>", '{"format": 1}'],
    ids=["empty", "torn", "a-list", "html", "too-little"],
)
def test_a_text_that_is_no_campaign(content: str, demo: Demo, tmp_path: Path) -> None:
    """2: empty, torn, something else, far too little; SU-3001 where it is signed, SU-3003 where it is not."""
    path = campaigns.signed(demo.folder, content.encode(), tmp_path / "campaign.p7m")
    assert_refused(demo.act("upgrade", {"SITHSUP_CAMPAIGN": path}), 2, "SU-3001")
    assert_refused(demo.act("upgrade", {"SITHSUP_CAMPAIGN": write(path, content)}), 2, "SU-3003")
    assert_untouched(demo)


def test_a_campaign_that_is_not_there(demo: Demo, tmp_path: Path) -> None:
    """2."""
    assert_refused(demo.act("upgrade", {"SITHSUP_CAMPAIGN": tmp_path / "campaign.p7m"}), 2, "SU-3001")
    assert_untouched(demo)


def test_a_campaign_that_nobody_trusted_has_signed(demo: Demo, tmp_path: Path) -> None:
    """2: the text alone; another signer; a byte that was changed afterwards; and where no anchor is pinned."""
    right = (demo.folder / "campaign.p7m").read_bytes()
    signing.make_signer(tmp_path, datetime.now(UTC))
    other = campaigns.signed(tmp_path, campaigns.content(demo.folder), tmp_path / "other.p7m")
    changed = tmp_path / "changed.p7m"
    changed.write_bytes(right.replace(b"TEST: the demo's", b"TEST: the devil's"[:16]))
    for environ in (
        {"SITHSUP_CAMPAIGN": demo.folder / "campaign.json"},
        {"SITHSUP_CAMPAIGN": other},
        {"SITHSUP_CAMPAIGN": changed},
        {"SITHSUP_CAMPAIGN_ANCHOR": ""},
        {"SITHSUP_CAMPAIGN_ANCHOR": tmp_path / "signing" / "anchor.pem"},
    ):
        assert_refused(demo.act("upgrade", environ), 2, "SU-3003")
    assert_untouched(demo)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITHSUP_MODULE", "relative/module.so"),
        ("SITHSUP_AUTHORITY", "ftp://example.org"),
        ("SITHSUP_CARD_TIMEOUT", "soon"),
        ("SITHSUP_LANGUAGE", "klingon"),
        ("all_proxy", "socks5h://127.0.0.1:1"),
        ("http_proxy", "garbage::::"),
        ("no_proxy", "[::1"),
    ],
)
def test_a_wrong_setting(name: str, value: str, demo: Demo) -> None:
    """2, with the name of the variable."""
    ended = demo.act("upgrade", {name: value})
    assert_refused(ended, 2, "SU-3002")
    assert name in ended.result["error"]["why"]
    assert_untouched(demo)


def test_a_proxy_of_our_own_goes_before_one_that_cannot_be_used(demo: Demo) -> None:
    """Whoever follows the advice gets on; and an authority's password is neither shown nor logged."""
    unusable = {"all_proxy": "socks5h://127.0.0.1:1", "no_proxy": "[::1"}
    assert demo.run("check", environ=unusable).code == 2
    assert demo.run("check", environ={**unusable, "SITHSUP_PROXY": "direct"}).code == 10
    ended = demo.act("upgrade", {"SITHSUP_AUTHORITY": "http://someone:hemligt@127.0.0.1:1/cmp"})
    assert_refused(ended, 2, "SU-3002")
    assert "hemligt" not in ended.out + ended.err + "".join(p.read_text() for p in demo.logs.glob("*.log"))


@pytest.mark.parametrize(
    "arguments",
    [[], ["updgrade"], ["upgrade", "--pin", "0000"], ["upgrade", "--card"], ["check", "--yes"], ["demo", "start"]],
    ids=lambda arguments: " ".join(arguments) or "none",
)
def test_garbage_arguments(arguments: list[str], demo: Demo) -> None:
    """2, and on stderr how it is meant."""
    ended = demo.run(*arguments)
    assert ended.code == 2
    assert "sithsup" in ended.err
    assert "Traceback" not in ended.err
    assert_untouched(demo)
