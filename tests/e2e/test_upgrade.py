"""One command turns an old card into a new one; told by pkcs11-tool and openssl, not by the program itself."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from sithsup.demo.start import Kind
from tests.demo.tools import openssl
from tests.support import campaigns
from tests.support.demo import CONSENT, NEW, NEW_ISSUERS, OLD, OLD_ISSUER, PROGRAM, TELIA, Demo, Demos

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

ROWS = [
    "ask-authority",
    "generate-auth-key",
    "generate-signature-key",
    "order-certificates",
    "write-certificates",
    "prove-new-identity",
    "confirm-certificates",
    "remove-old-certificates",
]


def issuers(result: dict[str, object]) -> Counter[tuple[str, str]]:
    """The holder's certificates in what `--json` wrote: issuer and role."""
    card = result["card"]
    assert isinstance(card, dict)
    return Counter((c["issuer"], c["role"]) for c in card["certificates"] if c["role"])


EXPECTED_OLD = Counter((issuer, role) for issuer in (OLD_ISSUER, TELIA) for role in ("authentication", "signature"))
EXPECTED_NEW = Counter((issuer, role) for issuer in (*NEW_ISSUERS, TELIA) for role in ("authentication", "signature"))


def test_from_old_to_new_in_json(demo: Demo) -> None:
    """`check` says 10; `upgrade` does every row and ends 0; `check` says 0; the history has one line."""
    before = demo.run("check", "--json")
    assert (before.code, before.result["situation"], before.result["reasons"]) == (10, "fresh", [])
    assert issuers(before.result) == EXPECTED_OLD
    assert demo.identity() == OLD

    ended = demo.act("upgrade")
    assert (ended.code, ended.result["outcome"], ended.error_code) == (0, "upgraded", None)
    assert [step["name"] for step in ended.result["steps"]] == ROWS
    assert issuers(ended.result) == EXPECTED_NEW
    assert demo.identity() == NEW

    after = demo.run("check", "--json")
    assert (after.code, after.result["situation"]) == (0, "upgraded")
    assert after.result["reasons"] == ["ALREADY_UPGRADED"]
    assert (after.result["old_works"], after.result["new_works"]) == (False, True)

    (entry,) = demo.run("history", "--json").result["history"]
    assert (entry["outcome"], entry["case_code"]) == ("upgraded", ended.result["case_code"])
    assert entry["begun"] < entry["ended"]
    kept = ["campaigns", "history.sqlite3", "last-outcome.json", "receipts"]
    assert sorted(path.name for path in demo.data.iterdir()) == kept


def test_from_old_to_new_in_words(demo: Demo) -> None:
    """Without --json nothing but the result is on stdout, and stderr tells a person of each row and of the end."""
    ended = demo.run("upgrade", *CONSENT, "--pin-stdin", codes=demo.pins)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.count("✓") == len(ROWS)
    assert "Your card is upgraded." in ended.err
    assert "\x1b" not in ended.err
    assert demo.identity() == NEW
    listed = demo.run("history")
    assert listed.code == 0
    assert "upgraded" in listed.out


def test_why_until_when_and_what_without_codes(demo: Demo) -> None:
    """Before anything begins: why, the level of the card, the time that is left, codes, and whom to ask."""
    said = demo.run("check", environ={"SITHSUP_LANGUAGE": "sv"}).err
    campaign = campaigns.content(demo.folder)
    assert campaign["words"]["why"]["sv"] in said
    assert "Certifikaten på kortet har tillitsnivå 2." in said
    closes = datetime.fromisoformat(campaign["window"]["closes"]).astimezone()
    assert f"Uppgraderingen måste påbörjas före {closes:%Y-%m-%d %H:%M}. Det är 90 dagar kvar." in said
    assert "Om du inte har dina koder: TEST: fråga Utfärda Påhittad." in said
    assert "Varje ny kod kostar 7 kr." in said
    assert f"Din biträdande utgivare: {campaign['contacts']['deputy_issuer']['name']}" in said


def test_a_second_upgrade_has_nothing_to_do(demo: Demo) -> None:
    """An upgraded card stays as it is, byte for byte, and no code is read; so does it with `resume` and `restore`."""
    assert demo.act("upgrade").code == 0
    upgraded = demo.card()
    again = demo.run("upgrade", "--json", *CONSENT, "--yes", "--pin-stdin")
    assert (again.code, again.result["error"]["kind"]) == (0, "NotEligibleError")
    assert demo.run("resume", "--json").code == 0
    back = demo.run("restore", "--json")
    assert (back.code, back.error_code) == (3, "SU-5008")
    assert demo.card() == upgraded


@pytest.mark.parametrize("actions", [(), ("upgrade",)], ids=["before", "after"])
def test_pkcs11_tool_lists_what_check_lists(actions: tuple[str, ...], demo: Demo) -> None:
    """The same certificates, whose bytes lie once in SoftHSM2's files, and the keys that `check` says they have."""
    assert all(demo.act(action).code == 0 for action in actions)
    checked = demo.run("check", "--json").result["card"]["certificates"]
    card = demo.card()
    listed = Counter(each.serial for each in card.objects.elements() if each.kind == "Certificate")
    assert listed == Counter(int(c["serial_number"], 16) for c in checked)
    known = {hashlib.sha256(der).hexdigest(): der for der in demo.known()}
    assert all(sum(known[c["fingerprint"]] in each for each in card.files.values()) == 1 for c in checked)
    keys = {each.key_id for each in card.objects if each.kind == "Private Key"}
    with_key = {each.serial for each in card.objects if each.kind == "Certificate" and each.key_id in keys}
    assert with_key == {int(c["serial_number"], 16) for c in checked if c["has_public_key"]}


def test_every_new_key_signs_and_every_path_leads_to_the_anchor(demo: Demo, tmp_path: Path) -> None:
    """pkcs11-tool signs with each new key, `openssl dgst` verifies it, `openssl verify` finds the campaign's anchor."""
    demo.act("upgrade")
    codes, new = dict(demo.opened()), {row.serial: row for row in demo.upgraded()}
    found = [each for each in demo.card().objects if each.serial in new]
    assert len(found) == len(new) == 4
    campaign = json.loads((demo.folder / "campaign.json").read_text())
    (tmp_path / "anchors.pem").write_text("".join(campaign["trust_anchors"]))
    (tmp_path / "between.pem").write_text("".join(campaign["intermediates"]))
    for each in found:
        der = new[each.serial or 0].der
        assert demo.signs(each.token, codes[each.token], each.key_id, der)
        (tmp_path / "leaf.pem").write_text(openssl("x509", "-inform", "DER", stdin=der))
        names = {name: str(tmp_path / f"{name}.pem") for name in ("anchors", "between", "leaf")}
        path = openssl("verify", "-CAfile", names["anchors"], "-untrusted", names["between"], names["leaf"])
        assert path.endswith(": OK\n")


def test_what_is_not_ours_stays_byte_for_byte(demo: Demo) -> None:
    """The Telia pair, its two keys and the authority's certificate are in the very files that they were in."""
    theirs = {name for name, content in demo.before.files.items() if not _is_old(demo, content)}
    assert len(theirs) == len(demo.before.files) - 2
    assert demo.act("upgrade").code == 0
    after = demo.card().files
    assert {name: after.get(name) for name in theirs} == {name: demo.before.files[name] for name in theirs}
    codes = dict(demo.opened())
    telia = {row.serial: row.der for row in demo.ledger() if row.issuer == TELIA}
    kept = [each for each in demo.card().objects if each.serial in telia]
    assert len(kept) == 2
    assert all(demo.signs(each.token, codes[each.token], each.key_id, telia[each.serial or 0]) for each in kept)


def _is_old(demo: Demo, content: bytes) -> bool:
    return any(row.der in content for row in demo.ledger() if row.issuer == OLD_ISSUER)


@pytest.mark.parametrize("kind", [Kind.ONE_PIN, Kind.BRIMMING])
def test_other_kinds_are_upgraded_too(kind: Kind, demos: Demos) -> None:
    """A card with one code, and one that was renewed again and again."""
    demo = demos.fresh(kind)
    ended = demo.act("upgrade")
    assert (ended.code, ended.result["outcome"]) == (0, "upgraded")
    assert demo.identity() == NEW


@pytest.mark.parametrize(
    ("kind", "reason", "code"),
    [
        (Kind.SPARE, "SPARE_CARD", 3),
        (Kind.FOREIGN, "FOREIGN_ISSUER", 3),
        (Kind.EXPIRED, "CARD_EXPIRED", 3),
        (Kind.UPGRADED, "ALREADY_UPGRADED", 0),
    ],
)
def test_what_is_not_to_be_upgraded_is_said_before_a_code_is_asked(
    kind: Kind, reason: str, code: int, demos: Demos
) -> None:
    """Exit code and reason; not one byte of standard input is read; every file of the card is as it was."""
    demo = demos.fresh(kind)
    before = {path: path.read_bytes() for path in demo.tokens.rglob("*") if path.is_file()}
    checked = demo.run("check", "--json")
    assert (checked.code, checked.result["reasons"]) == (code, [reason])
    with (demo.folder / "pins").open("rb", buffering=0) as pins:
        refused = subprocess.run(
            [*PROGRAM, "upgrade", "--json", *CONSENT, "--yes", "--pin-stdin"],
            env=demo.variables(),
            stdin=pins,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=60,
        )
        assert pins.tell() == 0
    assert refused.returncode == code
    assert json.loads(refused.stdout)["error"]["code"] == "SU-5001"
    assert {path: path.read_bytes() for path in demo.tokens.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in demo.data.iterdir()) == ["campaigns", "last-outcome.json"]
