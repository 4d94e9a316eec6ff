"""The layers of settings: which goes over which, what a broken one says, and where each system keeps them."""

from __future__ import annotations

import plistlib
import subprocess
import sys
import traceback
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import texts
from sithsup.errors import SettingsInvalidError
from sithsup.settings import Level, Settings, value_name
from sithsup.settings.registry import REG_DWORD, REG_EXPAND_SZ, REG_SZ, RegistryKey, Value
from sithsup.settings.sources import POLICY_KEY, PropertyList, TomlFile, of_system
from tests.support.registry import FakeRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.settings.sources import Source

LAYERS = (Level.POLICY, Level.ENVIRONMENT, Level.MACHINE, Level.USER)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


def toml(folder: Path, **contents: str) -> tuple[Source, ...]:
    """Give the places of TOML files, those without a content not being there."""
    for level, content in contents.items():
        (folder / f"{level}.toml").write_text(content, encoding="utf-8")
    return tuple(TomlFile(level, folder / f"{level}.toml") for level in LAYERS if level is not Level.ENVIRONMENT)


# -------------------------------------------------------------------------------------------- the order


@pytest.mark.parametrize(("higher", "lower"), list(pairwise(LAYERS)))
def test_each_layer_goes_over_the_next(higher: Level, lower: Level, tmp_path: Path) -> None:
    """And the one below it is told as well, in the order of the layers."""
    said = {level: f"{level} says so" for level in (higher, lower)}
    files = {level.value: f'local_it = "{text}"' for level, text in said.items() if level is not Level.ENVIRONMENT}
    environ = {"SITHSUP_LOCAL_IT": said[Level.ENVIRONMENT]} if Level.ENVIRONMENT in said else {}
    row = Settings.resolve(environ, toml(tmp_path, **files))["local_it"]
    assert Settings.load(environ, toml(tmp_path)).local_it == said[higher]
    assert [(offer.level, offer.value) for offer in row.offers] == [
        (higher, said[higher]),
        (lower, said[lower]),
        (Level.SHIPPED, None),
    ]
    assert row.is_managed is (higher is Level.POLICY)


def test_nothing_goes_before_a_policy(tmp_path: Path) -> None:
    """Neither every layer at once, nor the order in which they are given."""
    places = toml(tmp_path, policy="key_timeout = 10", machine="key_timeout = 20", user="key_timeout = 30.5")
    for given in (places, places[::-1]):
        row = Settings.resolve({"SITHSUP_KEY_TIMEOUT": "40"}, given)["key_timeout"]
        assert [offer.value for offer in row.offers] == [10.0, 40.0, 20.0, 30.5, 360.0]
        assert row.is_managed


def test_each_setting_has_a_layer_of_its_own(tmp_path: Path) -> None:
    """What a layer does not say is said by the next one."""
    places = toml(tmp_path, policy='language = "sv"', machine="card_timeout = 1", user='local_it = "here"')
    settings = Settings.load({"SITHSUP_KEY_TIMEOUT": "2"}, places)
    assert (settings.language, settings.card_timeout, settings.local_it, settings.key_timeout) == ("sv", 1, "here", 2)
    assert settings.answer_timeout == Settings().answer_timeout


@pytest.mark.parametrize("file", [Path("/own/campaign.p7m"), Settings().campaign], ids=["a file", "the shipped one"])
@pytest.mark.parametrize(
    ("of_file", "of_address", "decides"),
    [
        ("policy", "user", "file"),
        ("user", "policy", "address"),
        ("machine", "user", "file"),
        ("user", "machine", "address"),
        ("policy", "policy", "file"),
        ("user", "user", "file"),
        ("user", "", "file"),
        ("", "user", "address"),
    ],
)
def test_the_campaign_comes_from_the_higher_layer(
    of_file: str, of_address: str, decides: str, file: Path, tmp_path: Path
) -> None:
    """File or address: whatever the file's path is, and in one layer the file."""
    said: dict[str, list[str]] = {}
    for level, line in ((of_file, f"campaign = '{file}'"), (of_address, "campaign_url = 'https://ca.example'")):
        said.setdefault(level, []).append(line)
    files = {level: "\n".join(lines) for level, lines in said.items() if level}
    settings = Settings.load({}, toml(tmp_path, **files))
    assert settings.campaign_url == ("https://ca.example" if decides == "address" else None)
    assert settings.campaign == (file if of_file else Settings().campaign)


def test_an_empty_text_is_not_set_in_any_layer(tmp_path: Path) -> None:
    """A policy without a text in its field leaves the setting to the others."""
    places = toml(tmp_path, policy='local_it = ""', user='local_it = "here"')
    assert Settings.load({"SITHSUP_LOCAL_IT": ""}, places).local_it == "here"


def test_every_setting_can_be_set_in_every_kind_of_layer(tmp_path: Path) -> None:
    """By the name that follows from its field, and of every text that a variable may have."""
    right: dict[str, str] = dict.fromkeys(("module", "campaign", "campaign_anchor", "data"), "/somewhere")
    right |= {"logs": "/somewhere", "locks": "/somewhere", "language": "sv", "proxy": "direct"}
    right |= {"log_level": "TRAFFIC", "log_format": "json"}
    right |= {"authority": "http://ca.example", "campaign_url": "https://ca.example", "card_timeout": "5"}
    right |= {"deputy_issuer": "a", "local_it": "b", "key_timeout": "5", "answer_timeout": "5"}
    assert set(right) == set(Settings.table())
    (tmp_path / "a.toml").write_text("\n".join(f'{name} = "{text}"' for name, text in right.items()))
    (tmp_path / "a.plist").write_bytes(plistlib.dumps({value_name(name): text for name, text in right.items()}))
    values = [Value(value_name(name), text, REG_SZ) for name, text in right.items()]
    for place in (
        TomlFile(Level.USER, tmp_path / "a.toml"),
        PropertyList(Level.USER, tmp_path / "a.plist"),
        RegistryKey(Level.USER, POLICY_KEY, FakeRegistry(policy=values)),
    ):
        found = Settings.resolve({}, [place])
        assert {row.name for row in found.rows if row.in_force.level is Level.USER} == set(right)
        assert Settings.of(found).card_timeout == 5


def test_a_password_is_in_no_repr(tmp_path: Path) -> None:
    """What is logged or told of the layers as a whole does not tell it."""
    places = toml(tmp_path, user='proxy = "http://someone:hemligt@proxy"')
    assert "hemligt" not in repr(Settings.resolve({"SITHSUP_PROXY": "http://someone:hemligt@other"}, places))


def test_names_follow_from_the_field() -> None:
    assert value_name("module") == "Module"
    assert value_name("campaign_url") == "CampaignUrl"
    assert value_name("local_it") == "LocalIt"


# ---------------------------------------------------------------------------------------- what is broken


@pytest.mark.parametrize("level", [Level.POLICY, Level.MACHINE, Level.USER])
def test_a_broken_value_names_layer_place_and_setting(level: Level, tmp_path: Path) -> None:
    """Whoever wrote it must find it, wherever it stands."""
    places = toml(tmp_path, **{level.value: 'module = "libmodule.so"'})
    with pytest.raises(SettingsInvalidError) as caught:
        Settings.load({}, places)
    file = tmp_path / f"{level}.toml"
    assert caught.value.values["layer"] == level
    assert caught.value.values["place"] == f"{file}: module"
    assert caught.value.values["setting"] == "module"
    assert "libmodule.so" in caught.value.why
    assert str(file) in caught.value.why
    assert (caught.value.code, caught.value.exit_code) == ("SU-3002", 2)


def test_a_layer_above_repairs_what_is_broken_below(tmp_path: Path) -> None:
    """A policy must help everybody whose own file is wrong; what is wrong is listed all the same."""
    found = Settings.resolve({}, toml(tmp_path, policy="key_timeout = 10", user='key_timeout = "soon"'))
    assert Settings.of(found).key_timeout == 10
    assert [problem.values["layer"] for problem in found.problems] == ["user"]


def test_a_broken_policy_is_not_stepped_over(tmp_path: Path) -> None:
    """No lower layer comes into force because the one above cannot be read."""
    for policy in ('authority = "ca.example"', "authority = "):
        found = Settings.resolve({"SITHSUP_AUTHORITY": "http://other.example"}, toml(tmp_path, policy=policy))
        with pytest.raises(SettingsInvalidError) as caught:
            Settings.of(found)
        assert caught.value.values["layer"] == "policy"


@pytest.mark.parametrize("value", ["5", "1.5", "true", "[]", "{}", "2026-01-01", '["http://a:secret@b"]'])
def test_a_text_is_a_text(value: str, tmp_path: Path) -> None:
    """Whatever else TOML can say; and what was said there is not shown."""
    with pytest.raises(SettingsInvalidError) as caught:
        Settings.load({}, toml(tmp_path, user=f"proxy = {value}"))
    assert caught.value.values["problem"] == "it must be a text"
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("value", ["true", "[1]", "2026-01-01", "nan", "inf", "-1", "0", "'1 s'"])
def test_a_number_is_a_number(value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalidError):
        Settings.load({}, toml(tmp_path, user=f"card_timeout = {value}"))


@pytest.mark.parametrize(
    "content",
    [b"module", b"\xff\xfe", b'module = "/a"\nmodule = "/b"', b'proxy = "http://a:secret@b', b"a = " + b"[" * 100_000],
    ids=["no value", "not UTF-8", "twice", "torn", "deep"],
)
def test_a_file_that_is_no_toml_names_its_layer_and_itself(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "machine.toml").write_bytes(content)
    with pytest.raises(SettingsInvalidError) as caught:
        Settings.load({}, toml(tmp_path))
    assert (caught.value.values["layer"], caught.value.values["setting"]) == ("machine", "")
    assert caught.value.values["place"] == str(tmp_path / "machine.toml")
    assert "secret" not in caught.value.why


def plist(inner: str) -> bytes:
    return f'<?xml version="1.0"?>\n<plist version="1.0"><dict><key>Proxy</key>\n{inner}</dict></plist>'.encode()


BROKEN: dict[str, tuple[type[TomlFile | PropertyList], bytes, str]] = {
    # what stands there: (where, the content, what is told of it)
    "a text for a real": (PropertyList, plist("<real>http://a:secret@b</real>"), "ValueError"),
    "an unclosed element": (PropertyList, plist("<string>http://a:secret@b"), "ExpatError, line 3"),
    "an element of the password": (PropertyList, plist("<secret/>"), "ValueError"),
    "TOML without quotation marks": (
        TomlFile,
        b"language = 'sv'\nproxy = http://a:secret@b",
        "TOMLDecodeError, line 2",
    ),
    "TOML with a torn text": (TomlFile, b'proxy = "http://a:secret@b\n', "TOMLDecodeError, line 1"),
    "TOML with the password as a table": (TomlFile, b"[secret]\n[secret]\n", "TOMLDecodeError, line 2"),
    "TOML in Latin-1": (
        TomlFile,
        "language = 'sv'\nproxy = 'http://å:secret@b'".encode("latin-1"),
        "UnicodeDecodeError, line 2",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_parser_s_words_are_told_to_nobody(case: str, tmp_path: Path) -> None:
    """They may hold a value; the kind of the fault and its line are enough to find it."""
    source, content, told = BROKEN[case]
    (tmp_path / "policy").write_bytes(content)
    (layer,) = (each for each in Settings.resolve({}, [source(Level.POLICY, tmp_path / "policy")]).layers if each.place)
    assert layer.problem.endswith(f": {told}")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """It is there: whatever it says must not be stepped over."""
    (tmp_path / "policy.toml").mkdir()
    with pytest.raises(SettingsInvalidError) as caught:
        Settings.load({}, toml(tmp_path))
    assert caught.value.values["problem"] == "it is a folder, not a file"


def test_an_editor_s_mark_and_its_line_ends_do_no_harm(tmp_path: Path) -> None:
    """Windows' Notepad may put one in front."""
    (tmp_path / "user.toml").write_bytes(b'\xef\xbb\xbflanguage = "sv"\r\nlocal_it = "V\xc3\xa4xeln"\r\n')
    settings = Settings.load({}, toml(tmp_path))
    assert (settings.language, settings.local_it) == ("sv", "Växeln")


def test_an_unknown_name_stops_nobody(tmp_path: Path) -> None:
    """An older program may read what was written for a newer one; it tells which names it does not know."""
    places = toml(tmp_path, policy='colour = "blue"\nlanguage = "sv"', user='Module = "/a"\n[window]\nwidth = 1')
    found = Settings.resolve({"SITHSUP_COLOUR": "blue"}, places)
    assert Settings.of(found).language == "sv"
    assert [(each.level, each.place) for each in found.unknown] == [
        (Level.POLICY, f"{tmp_path / 'policy.toml'}: colour"),
        (Level.USER, f"{tmp_path / 'user.toml'}: Module"),
        (Level.USER, f"{tmp_path / 'user.toml'}: window"),
    ]


# ------------------------------------------------------------------------------------------ the registry


def test_the_registry_s_types(tmp_path: Path) -> None:
    """REG_SZ as it is, REG_EXPAND_SZ expanded, REG_DWORD for numbers; names in any capitals."""
    policy = [
        Value("MODULE", r"%ProgramFiles%/net id/x.dll", REG_EXPAND_SZ),
        Value("LocalIt", "%ProgramFiles%", REG_SZ),
        Value("KeyTimeout", 600, REG_DWORD),
        Value("CardTimeout", "2.5", REG_SZ),
    ]
    found = Settings.resolve({}, of_system("win32", tmp_path, FakeRegistry(policy=policy)))
    settings = Settings.of(found)
    assert settings.module == Path("/Program Files/net id/x.dll")
    assert (settings.local_it, settings.key_timeout, settings.card_timeout) == ("%ProgramFiles%", 600.0, 2.5)
    assert found["module"].in_force.place == r"HKLM\SOFTWARE\Policies\Sithsup\MODULE"
    assert found["module"].is_managed


@pytest.mark.parametrize(
    "value",
    [
        Value("Module", 1, REG_DWORD),
        Value("Module", ["/a"], 7),
        Value("Module", b"/a", 3),
        Value("Module", "/a", 6),
        Value("KeyTimeout", 600, 11),
        Value("KeyTimeout", 0, REG_DWORD),
        Value("Module", None, REG_EXPAND_SZ),
    ],
    ids=["number", "list", "binary", "link", "long number", "zero", "nothing"],
)
def test_another_type_is_broken(value: Value, tmp_path: Path) -> None:
    """A value that nobody can have meant is told, with its key."""
    with pytest.raises(SettingsInvalidError) as caught:
        Settings.load({}, of_system("win32", tmp_path, FakeRegistry(machine=[value])))
    assert caught.value.values["layer"] == "machine"
    assert caught.value.values["place"] == rf"HKLM\SOFTWARE\Sithsup\{value.name}"


def test_a_key_is_not_there_or_closed(tmp_path: Path) -> None:
    """Without a key nothing is set; one that nobody may read must not be stepped over."""
    assert Settings.load({}, of_system("win32", tmp_path, FakeRegistry())) == Settings()
    closed = FakeRegistry(policy=PermissionError(13, "Access is denied"))
    with pytest.raises(SettingsInvalidError) as caught:
        Settings.load({}, of_system("win32", tmp_path, closed))
    assert caught.value.why == r"HKLM\SOFTWARE\Policies\Sithsup (policy): access to it is refused"


def test_a_policy_of_the_registry_goes_over_the_machine_s_and_the_account_s_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('local_it = "own"\nlanguage = "sv"\nlog_level = "DEBUG"')
    machine = [Value("LocalIt", "machine", REG_SZ), Value("Language", "en", REG_SZ)]
    registry = FakeRegistry(policy=[Value("LocalIt", "policy", REG_SZ)], machine=machine)
    settings = Settings.load({}, of_system("win32", tmp_path, registry))
    assert (settings.local_it, settings.language, settings.log_level) == ("policy", "en", "DEBUG")


# -------------------------------------------------------------------------------------------- the places


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_a_property_list_is_read(form: Any, tmp_path: Path) -> None:
    """A profile's numbers are numbers."""
    path = tmp_path / "se.sithsup.plist"
    path.write_bytes(plistlib.dumps({"CardTimeout": 5, "LocalIt": "here", "PayloadUUID": "x"}, fmt=form))
    found = Settings.resolve({}, [PropertyList(Level.POLICY, path)])
    assert (Settings.of(found).card_timeout, Settings.of(found).local_it) == (5.0, "here")
    assert [each.place for each in found.unknown] == [f"{path}: PayloadUUID"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<plist>",
        b"bplist00" + bytes(40),
        plistlib.dumps(["a"]),
        b'<plist version="1.0"><dict><key>a</key><date>soon</date></dict></plist>',
    ],
    ids=["empty", "torn", "torn-binary", "a-list", "odd-date"],
)
def test_a_file_that_is_no_property_list(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "se.sithsup.plist"
    path.write_bytes(content)
    with pytest.raises(SettingsInvalidError) as caught:
        Settings.load({}, [PropertyList(Level.POLICY, path)])
    assert caught.value.values["place"] == str(path)


def test_where_each_system_keeps_them() -> None:
    """What the documents for IT say."""
    own = "/home/someone/.config/sithsup"
    places = {
        system: [layer.place for layer in (each.read(()) for each in of_system(system, Path(own), registry))]
        for system, registry in (("linux", None), ("darwin", None), ("win32", FakeRegistry()))
    }
    assert places == {
        "linux": ["/etc/sithsup/policy.toml", "/etc/sithsup/settings.toml", f"{own}/settings.toml"],
        "darwin": [
            "/Library/Managed Preferences/se.sithsup.plist",
            "/Library/Preferences/se.sithsup.plist",
            f"{own}/settings.toml",
        ],
        "win32": [r"HKLM\SOFTWARE\Policies\Sithsup", r"HKLM\SOFTWARE\Sithsup", f"{own}/settings.toml"],
    }


def test_an_account_without_a_home_has_no_layer() -> None:
    """Nothing is looked for in whatever folder the program happens to be started from."""
    assert [place.read(()).level for place in of_system("linux", Path("~/.config"), None)] == ["policy", "machine"]


def test_a_parser_is_loaded_only_where_there_is_a_file(tmp_path: Path) -> None:
    """The card process waits for the settings."""
    code = (
        "import os, sys; from sithsup.settings import Settings; Settings.load(os.environ);"
        "print(*({'tomllib', 'plistlib', 'pydantic', 'xml'} & set(sys.modules)))"
    )
    own = tmp_path / "sithsup" / "settings.toml"
    for loaded in ("", "tomllib"):
        ended = subprocess.run(
            [sys.executable, "-c", code],
            env={"XDG_CONFIG_HOME": str(tmp_path)},
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ended.stdout.strip() == loaded
        own.parent.mkdir(exist_ok=True)
        own.write_text("")
