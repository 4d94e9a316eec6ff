"""The campaign file: the shipped one says what was public, and every rule that a file can break is named."""

from __future__ import annotations

import json
import tracemalloc
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sithsup import texts
from sithsup.campaign import Campaign, OldKeys, read_file, rules
from sithsup.errors import CampaignInvalidError
from sithsup.model import KeyAlgorithm, KeyRole, SubjectKind
from sithsup.texts import resources

SHIPPED = resources() / "campaigns" / "siths-2020.json"
Data = dict[str, Any]


@pytest.fixture(scope="module")
def shipped() -> Campaign:
    return Campaign.load(SHIPPED)


@pytest.fixture
def data() -> Data:
    """Give the shipped file's content, to be broken."""
    content: Data = json.loads(SHIPPED.read_bytes())
    return content


def load(folder: Path, content: bytes | str | Data) -> Campaign:
    """Write the content to a file and load it."""
    if isinstance(content, dict):
        content = json.dumps(content)
    path = folder / "campaign.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Campaign.load(path)


def problem(folder: Path, content: bytes | str | Data) -> tuple[str, str]:
    """Load what must not load; where it is broken and what is wrong there."""
    with pytest.raises(CampaignInvalidError) as caught:
        load(folder, content)
    assert caught.value.values["path"] == str(folder / "campaign.json")
    return str(caught.value.values["place"]), str(caught.value.values["problem"])


# ------------------------------------------------------------------------------------- the shipped file


def test_the_2020_case_is_shipped_as_data(shipped: Campaign) -> None:
    """Four certificates by the two level 3 issuers replace those of the old issuer: names as they were public."""
    assert shipped.source_issuers == ("SITHS Type 1 CA v1",)
    assert {(t.role, t.subject, t.issuer) for t in shipped.wanted} == {
        (role, subject, issuer)
        for role in KeyRole
        for subject, issuer in (
            (SubjectKind.HSA_ID, "SITHS e-id Person HSA-id 3 CA v1"),
            (SubjectKind.PERSONAL_NUMBER, "SITHS e-id Person ID 3 CA v1"),
        )
    }
    assert shipped.roles == (KeyRole.AUTHENTICATION, KeyRole.SIGNATURE)
    assert [(key.name, key.role) for key in shipped.new_keys] == [(role.value, role) for role in shipped.roles]
    assert {key.algorithm for key in shipped.new_keys} == {KeyAlgorithm.RSA_2048}
    assert shipped.old_keys is OldKeys.KEEP


def test_the_2020_window_is_whole_swedish_days(shipped: Campaign) -> None:
    """It opened on 4 November 2019 and was open through 9 December 2021, by the clock in Sweden."""
    first, last = datetime(2019, 11, 3, 23, tzinfo=UTC), datetime(2021, 12, 9, 22, 59, 59, tzinfo=UTC)
    second = timedelta(seconds=1)
    assert (shipped.opens(None), shipped.closes(None)) == (first, last + second)


def test_the_shipped_file_leads_nowhere(shipped: Campaign) -> None:
    """What was never public is visibly invented: an address that cannot exist, an anchor that certified nothing."""
    assert shipped.authority.address.startswith("https://siths-2020.invalid/")
    (anchor,) = (x509.load_der_x509_certificate(der) for der in shipped.anchors)
    assert anchor.subject.rfc4514_string() == "CN=sithsup 2020 campaign: no anchor published"
    issuers = [x509.load_pem_x509_certificate(pem.encode()) for pem in shipped.intermediates]
    assert all("no certificate published" in issuer.subject.rfc4514_string() for issuer in issuers)


# ------------------------------------------------------------------------------------------- every rule


MISSING = object()
TARGETS = json.loads(SHIPPED.read_bytes())["targets"]
ANCHOR = json.loads(SHIPPED.read_bytes())["trust_anchors"][0]
NOT_ONE = "it is not exactly one certificate"
NO_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
SAME_KIND_TWICE = [*TARGETS, {**TARGETS[0], "name": "again"}]
SIGNATURE_ALONE = [target for target in TARGETS if target["role"] == "signature"]

RULE_OF_TWO = "a key that is reused cannot be one for each target"

RULES: dict[str, tuple[str, object, str]] = {
    # what is wrong: (field, its value, how the error begins)
    "another format": ("format", 2, "format: "),
    "an unknown field": ("surprise", 1, "surprise: "),
    "a missing field": ("window", MISSING, "window: "),
    "an id that is no file name": ("id", "../etc", "id: "),
    "a version of nothing": ("version", 0, "version: "),
    "a title that is a number": ("title", 7, "title: "),
    "a window the wrong way round": ("window.closes", "2019-01-01T00:00:00Z", "window: the window closes"),
    "a time without a zone": ("window.opens", "2019-11-04T00:00:00", "window.opens: "),
    "a time that is a number": ("window.opens", 1572822000, "window.opens: it is not written like"),
    "a time that is a number in a text": ("window.closes", "1639090800", "window.closes: it is not written like"),
    "a time with a blank": ("window.opens", "2019-11-04 00:00:00Z", "window.opens: it is not written like"),
    "a time that there is not": ("window.opens", "2019-02-30T00:00:00Z", "window.opens: "),
    "a day that is a number": ("ordered_before", 1581379200, "ordered_before: it is not written like"),
    "a day that is a number in a text": ("ordered_before", "1581379200", "ordered_before: it is not written like"),
    "a day that is a time": ("ordered_before", "2020-02-11T00:00:00Z", "ordered_before: it is not written like"),
    "a wait that is a number": ("confirm_wait_max", 3600, "confirm_wait_max: it is not written like"),
    "a wait that is a number in a text": ("confirm_wait_max", "3600", "confirm_wait_max: it is not written like"),
    "a wait that is written as a clock": ("confirm_wait_max", "01:00:00", "confirm_wait_max: it is not written like"),
    "a wait of nothing": ("confirm_wait_max", "PT", "confirm_wait_max: it is not written like"),
    "a lag below zero": ("status_lag_max", "-PT1H", "status_lag_max: it is not written like"),
    "a format that is a text": ("format", "1", "format: "),
    "a format that is true": ("format", True, "format: it is not a whole number"),
    "a format with a point": ("format", 1.0, "format: it is not a whole number"),
    "a version that is a text": ("version", "7", "version: "),
    "a version with a point": ("version", 2.0, "version: "),
    "a pause that is a word": ("paused", "no", "paused: "),
    "a pause that is a number": ("paused", 1, "paused: "),
    "a level that is a text": ("levels", {"SITHS Type 1 CA v1": "2"}, "levels.SITHS Type 1 CA v1: "),
    "an issuer that is no list": ("source_issuers", "SITHS Type 1 CA v1", "source_issuers: "),
    "digits of another script": ("program_min", "\u0661.0", "program_min: "),
    "no source issuer": ("source_issuers", [], "source_issuers: "),
    "no target": ("targets", [], "targets: "),
    "an unknown role": ("targets.1.role", "encryption", "targets.1.role: "),
    "an unknown algorithm": ("targets.2.algorithm", "rsa-1024", "targets.2.algorithm: "),
    "an unknown field in a target": ("targets.0.colour", "red", "targets.0.colour: "),
    "a target's name with blanks": ("targets.0.name", "a b", "targets.0.name: "),
    "two targets of one name": ("targets.1.name", TARGETS[0]["name"], "targets: two targets have the same name"),
    "two targets of one kind": ("targets", SAME_KIND_TWICE, "targets: two targets have the same role"),
    "a target by a source issuer": ("targets.0.issuer", "SITHS Type 1 CA v1", "targets: a target's issuer"),
    "no authentication": ("targets", SIGNATURE_ALONE, "targets: no target is for authentication"),
    "two algorithms for one key": ("targets.0.algorithm", "p-256", "targets: one key has several algorithms"),
    "a confirmation within 59 s": ("confirm_wait_max", "PT59S", "confirm_wait_max: confirm_wait_max is under 60"),
    "a wait that is no length of time": ("confirm_wait_max", "soon", "confirm_wait_max: "),
    "an address that is no web address": ("authority.address", "file:///etc", "authority.address: "),
    "an address that is cut": ("authority.address", "https://[", "authority.address: "),
    "an address without a server": ("authority.address", "https:///cmp", "authority.address: "),
    "an address with a port that there is not": ("authority.address", "http://host:99999/x", "authority.address: "),
    "a query without an OID": ("authority.query_oid", "eligible?", "authority.query_oid: "),
    "no trust anchor": ("trust_anchors", [], "trust_anchors: "),
    "an anchor that is no certificate": ("trust_anchors", [NO_CERTIFICATE], "trust_anchors: "),
    "two anchors in one text": ("trust_anchors", [ANCHOR + ANCHOR], f"trust_anchors: {NOT_ONE}"),
    "an anchor with something behind it": ("trust_anchors", [f"{ANCHOR}more"], f"trust_anchors: {NOT_ONE}"),
    "an anchor with something before it": ("trust_anchors", [f"more\n{ANCHOR}"], f"trust_anchors: {NOT_ONE}"),
    "two issuers in one text": ("intermediates", [ANCHOR + ANCHOR], f"intermediates: {NOT_ONE}"),
    "an anchor with Swedish letters": ("trust_anchors", ["åäö"], "trust_anchors: "),
    "an issuer that is no certificate": ("intermediates", [NO_CERTIFICATE], "intermediates: "),
    "no certificate of a target's issuer": (
        "intermediates",
        [],
        "intermediates: the certificate of",
    ),
    "an issuer of another name": (
        "targets.3.issuer",
        "SITHS e-id Person ID 4 CA",
        "intermediates: the certificate of",
    ),
    "an extension that ends earlier": (
        "window.extensions.0.closes",
        "2020-01-01T00:00:00Z",
        "window: an extension closes before",
    ),
    "a rollout that leaves some out": (
        "rollout",
        [{"opens": "2019-11-05T00:00:00Z", "share": 50}],
        "rollout: the slots of the rollout",
    ),
    "a rollout that takes cards back": (
        "rollout",
        [{"opens": f"2019-11-0{day}T00:00:00Z", "share": share} for day, share in ((5, 60), (6, 50), (7, 100))],
        "rollout: the slots of the rollout",
    ),
    "a key that is made and reused": (
        "targets.0.key",
        "reuse",
        "targets: one role has keys that are made and keys that are reused",
    ),
    "a part that is updated": ("targets.0.body", "kur", "targets: some targets are ordered with kur and some are not"),
    "a text in one language": ("words.why", {"sv": "Varför"}, "words.why.en: "),
    "nobody to ask": ("contacts.deputy_issuer", MISSING, "contacts.deputy_issuer: "),
    "old keys neither kept nor destroyed": ("old_keys", "sell", "old_keys: "),
}


def put(data: Data, path: str, value: object) -> None:
    """Set a field, by its path from the top; MISSING takes it away."""
    *way, last = path.split(".")
    part: Any = data
    for name in way:
        part = part[int(name)] if isinstance(part, list) else part[name]
    part[last] = value
    if value is MISSING:
        del part[last]


@pytest.mark.parametrize("rule", RULES)
def test_a_broken_rule_names_its_place(rule: str, data: Data, tmp_path: Path) -> None:
    """Whoever wrote the file must find the fault: the error names the field, by its path from the top."""
    field, value, beginning = RULES[rule]
    put(data, field, value)
    place, reason = problem(tmp_path, data)
    assert f"{place}: {reason}".startswith(beginning)


def test_every_rule_across_fields_is_broken_above() -> None:
    """Or below: a reused key for each target takes two fields."""
    told = {beginning for _, _, beginning in RULES.values()} | {f"keys: {RULE_OF_TWO}"}
    for rule in rules.RULES:
        assert any(f"{rule.field}: {rule.problem}".startswith(each) for each in told if not each.endswith(": ")), rule


def test_a_certificate_of_a_version_that_there_is_not(data: Data, tmp_path: Path) -> None:
    """What `cryptography` raises then is no ValueError."""
    der = bytearray(x509.load_pem_x509_certificate(data["trust_anchors"][0].encode()).public_bytes(Encoding.DER))
    der[der.index(b"\xa0\x03\x02\x01\x02") + 4] = 18
    body = b64encode(der).decode()
    data["trust_anchors"] = [f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"]
    place, reason = problem(tmp_path, data)
    assert (place, reason) == ("trust_anchors", "the certificate cannot be read")


def test_one_key_for_each_target_is_made(data: Data, tmp_path: Path) -> None:
    """There are no more old keys than roles."""
    data |= {"keys": "per-target", "targets": [{**target, "key": "reuse"} for target in TARGETS]}
    assert problem(tmp_path, data) == ("keys", RULE_OF_TWO)


def test_the_shortest_wait_passes(data: Data, tmp_path: Path) -> None:
    """Sixty seconds are enough; only less is refused."""
    data["confirm_wait_max"] = "PT60S"
    assert load(tmp_path, data).confirm_wait_max == timedelta(seconds=60)


# ------------------------------------------------------------------------------------- the line of a fault


LINES: dict[str, tuple[str, str, int, str]] = {
    # what is done to the text: (from, to, the line, the place)
    "a wrong value": ('"version": 1', '"version": -1', 4, "version"),
    "a wrong value deep down": ('"role": "signature"', '"role": "nobody"', 71, "targets.1.role"),
    "a field too many": ('"version": 1', '"version": 1,\n"colour": 1', 5, "colour"),
    "a missing field": ('"version": 1,', "", 1, "version"),
    "a missing field deep down": ('"role": "signature",', "", 69, "targets.1.role"),
    "a field twice": ('"version": 1', '"version": 1,\n"version": 2', 5, "version"),
    "a field twice, written otherwise": ('"version": 1', '"version": 1,\n"vers\\u0069on": 2', 5, "version"),
    "a rule across fields": ('"confirm_wait_max": "PT1H"', '"confirm_wait_max": "PT1S"', 100, "confirm_wait_max"),
    "a comma too many": ('"version": 1,', '"version": 1,,', 4, ""),
    "a comma too few": ('"version": 1,', '"version": 1', 5, "version"),
    "a comment": ('"version": 1', "// 1", 4, ""),
    "a single quotation mark": ('"version"', "'version'", 4, ""),
    "a control character": ('"siths-2020"', '"siths\t2020"', 3, "id"),
    "no colon": ('"version": 1', '"version" 1', 4, "version"),
    "not a number": ('"version": 1', '"version": NaN', 4, "version"),
    "another one": ('"version": 1', '"version": 01', 4, "version"),
    "an endless number": ('"version": 1', '"version": 1e999', 4, "version"),
}


@pytest.mark.parametrize("case", LINES)
def test_a_fault_names_its_line(case: str) -> None:
    """Where it stands; of what is missing, where the object begins that lacks it."""
    before, after, line, place = LINES[case]
    text = SHIPPED.read_text("utf-8")
    assert before in text
    with pytest.raises(CampaignInvalidError) as caught:
        Campaign.parse(text.replace(before, after, 1).encode(), "x")
    assert (caught.value.values["line"], caught.value.values["place"]) == (line, place)
    assert f"line {line}" in caught.value.why


def test_a_hostile_name_does_not_steer_a_terminal() -> None:
    """What is shown of a place is printable and not endless, and can be encoded."""
    for name in ("\\u001b[2J", "\\ud800", "\\u202e", "x" * 5000):
        with pytest.raises(CampaignInvalidError) as caught:
            Campaign.parse(f'{{"{name}": 1, "{name}": 2}}'.encode(), "x")
        place = str(caught.value.values["place"])
        assert place.isprintable()
        assert len(place.encode()) < 300


# ------------------------------------------------------------------------------- what is not even a file


NOT_JSON: dict[str, bytes] = {
    "empty": b"",
    "cut in the middle": SHIPPED.read_bytes()[:700],
    "not UTF-8": SHIPPED.read_bytes().decode().encode("latin-1").replace(b"Din", b"D\xefn"),
    "UTF-16": SHIPPED.read_bytes().decode().encode("utf-16"),
    "a mark before it": b"\xef\xbb\xbf" + SHIPPED.read_bytes(),
    "something behind it": SHIPPED.read_bytes() + b"{}",
    "deep": b"[" * 100_000,
    "deep and closed": b'{"targets": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "huge": b'{"title": "' + b"x" * 20_000_000 + b'"}',
    "a huge number": b'{"version": ' + b"1" * 500_000 + b"}",
    "half a letter": b'{"title": "\\ud800"}',
    "a list": b"[]",
    "null": b"null",
    "a number": b"1",
    "a web page": b"<!doctype html><title>Login</title>",
    "all bytes": bytes(range(256)),
}


@pytest.mark.parametrize("content", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_no_campaign_is_refused(content: bytes, tmp_path: Path) -> None:
    """Whatever lies at the path, there is one error and no traceback."""
    _, reason = problem(tmp_path, content)
    assert reason


@pytest.mark.parametrize("size", [(1 << 20) + 1, 100 << 20])
def test_a_file_that_is_too_long_is_not_read(size: int, tmp_path: Path) -> None:
    """A byte more than is allowed, or a hundred megabytes: no more than the limit comes into memory."""
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.truncate(size)
    tracemalloc.start()
    try:
        with pytest.raises(CampaignInvalidError, match="longer than"):
            read_file(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


def test_the_longest_file_is_read(tmp_path: Path) -> None:
    """Exactly as much as is allowed."""
    text = SHIPPED.read_bytes()
    path = tmp_path / "full"
    path.write_bytes(text + b" " * ((1 << 20) - len(text)))
    assert Campaign.load(path) == Campaign.load(SHIPPED)


def test_a_file_without_an_end_is_refused() -> None:
    """Such as a device."""
    with pytest.raises(CampaignInvalidError, match="longer than"):
        read_file(Path("/dev/zero"))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    """A path that cannot be read is a wrong campaign too, with the system's own words."""
    for path in (tmp_path / "nowhere.json", tmp_path):
        with pytest.raises(CampaignInvalidError) as caught:
            Campaign.load(path)
        assert caught.value.values["path"] == str(path)
        assert caught.value.values["problem"]


def test_a_campaign_that_is_over_is_read(shipped: Campaign) -> None:
    """It is not refused as a file: that its window is closed is told by the reasons."""
    assert shipped.window.closes < datetime.now(UTC)


# --------------------------------------------------------------------------------- for whom, when, whom to ask


def test_the_window_is_longer_where_it_was_extended(data: Data, tmp_path: Path) -> None:
    """For one organisation by the number in its HSA-ids, for one by a prefix, and for everybody."""
    data["window"] |= {
        "closes": "2020-12-10T00:00:00Z",
        "extensions": [
            {"closes": "2021-01-01T00:00:00Z", "organizations": ["2321000131"]},
            {"closes": "2021-02-01T00:00:00Z", "organizations": ["SE2321000131-S"]},
        ],
    }
    known = load(tmp_path, data)
    ids = (None, "SE9999999999-A", "SE2321000131-A", "SE2321000131-S1", "SE2321000131", "a card number")
    assert [known.closes(hsa_id).date().isoformat() for hsa_id in ids] == [
        "2020-12-10",
        "2020-12-10",
        "2021-01-01",
        "2021-02-01",
        "2020-12-10",
        "2020-12-10",
    ]


def test_a_rollout_lets_more_and_more_cards_begin(data: Data, tmp_path: Path) -> None:
    """Each card has its place, the same on every computer; a card without a number is among the last."""
    data["rollout"] = [
        {"opens": f"{month}-01T00:00:00Z", "share": share}
        for month, share in (("2019-11", 10), ("2019-12", 50), ("2020-01", 100))
    ]
    known = load(tmp_path, data)
    numbers = [f"9752{n:015}" for n in range(2000)]
    first, second = (slot.opens for slot in known.rollout[1:])
    shares = [sum(known.opens(number) <= at for number in numbers) / len(numbers) for at in (first, second)]
    assert abs(shares[0] - 0.5) < 0.05
    assert shares[1] == 1
    assert known.opens(None) == second
    assert min(map(known.opens, numbers)) == known.window.opens


def test_whom_to_ask_is_told_by_organisation(data: Data, tmp_path: Path) -> None:
    """The longest fitting prefix wins; whoever fits none has the contacts of everybody."""

    def contacts(name: str) -> Data:
        return {"deputy_issuer": {"name": name, "phone": "000-1"}, "local_it": {"name": f"{name} IT"}}

    data["contacts"] |= {
        "organizations": [
            {**contacts("Regionen"), "organizations": ["2321000131"]},
            {**contacts("Sjukhuset"), "organizations": ["SE2321000131-S"]},
        ]
    }
    directory = load(tmp_path, data).contacts
    ids = (None, "SE9999999999-A", "SE2321000131-A", "SE2321000131-S1")
    assert [str(directory.of(hsa_id).deputy_issuer) for hsa_id in ids] == [
        "-",
        "-",
        "Regionen, 000-1",
        "Sjukhuset, 000-1",
    ]


def test_a_campaign_speaks_the_language_in_use(shipped: Campaign) -> None:
    """Its texts come in both."""
    texts.set_language("sv")
    assert "Säkerhetskraven" in str(shipped.words.why)
    texts.set_language("en")
    assert "security requirements" in str(shipped.words.why)
    assert shipped.codes
    assert str(shipped.codes.price) == "150 kr"
