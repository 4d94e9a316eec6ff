"""The settings: shipped defaults, the environment over them, and wrong values named by their variable."""

from __future__ import annotations

import dataclasses
import traceback
from pathlib import Path

import pytest

from sithsup.campaign import Campaign
from sithsup.errors import ProxyUnusableError, SettingsInvalidError
from sithsup.settings import Settings, refuse_unusable_proxies, variable_name

WRONG = {
    "SITHSUP_MODULE": "libmodule.so",
    "SITHSUP_CAMPAIGN": "./campaign.json",
    "SITHSUP_CAMPAIGN_URL": "http://ca.example/campaign",
    "SITHSUP_CAMPAIGN_ANCHOR": "anchor.pem",
    "SITHSUP_DEPUTY_ISSUER": "a window\nthat is broken",
    "SITHSUP_LOCAL_IT": "\t",
    "SITHSUP_AUTHORITY": "ftp://ca.example",
    "SITHSUP_PROXY": "socks5://someone:secret@proxy.example:1080",
    "SITHSUP_DATA": "data",
    "SITHSUP_LOGS": "~/logs",
    "SITHSUP_LOCKS": "locks",
    "SITHSUP_LANGUAGE": "klingon",
    "SITHSUP_LOG_LEVEL": "LOUD",
    "SITHSUP_LOG_FORMAT": "xml",
    "SITHSUP_CARD_TIMEOUT": "soon",
    "SITHSUP_KEY_TIMEOUT": "inf",
    "SITHSUP_ANSWER_TIMEOUT": "0",
}
NOT_SHOWN = {"SITHSUP_PROXY", "SITHSUP_DEPUTY_ISSUER", "SITHSUP_LOCAL_IT"}
"""One may hold a password, the others may be long or not printable."""


def test_an_empty_environment_gives_the_shipped_defaults() -> None:
    """Nobody has to set anything: the campaign is the shipped one, and it loads; folders are absolute."""
    settings = Settings.load({})
    assert Campaign.load(settings.campaign).id == "siths-2020"
    assert settings.module is None
    assert settings.authority is None
    assert settings.data.is_absolute()
    assert settings.logs.is_absolute()


def test_the_environment_goes_over_the_defaults() -> None:
    """Every variable of the table reaches its field, with its type; of file and address the file counts."""
    settings = Settings.load(
        {
            "SITHSUP_MODULE": "/lib/module.so",
            "SITHSUP_CAMPAIGN": "/etc/a campaign.json",
            "SITHSUP_CAMPAIGN_URL": "https://ca.example/campaign",
            "SITHSUP_CAMPAIGN_ANCHOR": "/etc/anchor.pem",
            "SITHSUP_DEPUTY_ISSUER": "Kortexpeditionen, 08-123 00 00",
            "SITHSUP_LOCAL_IT": "it@example.org",
            "SITHSUP_AUTHORITY": "http://127.0.0.1:8080/.well-known/cmp",
            "SITHSUP_PROXY": "http://someone:s%40cret@proxy.example:3128",
            "SITHSUP_DATA": "/data",
            "SITHSUP_LOGS": "/logs",
            "SITHSUP_LOCKS": "/locks",
            "SITHSUP_LANGUAGE": "sv",
            "SITHSUP_LOG_LEVEL": "TRAFFIC",
            "SITHSUP_LOG_FORMAT": "json",
            "SITHSUP_CARD_TIMEOUT": "2.5",
            "SITHSUP_KEY_TIMEOUT": "30",
            "SITHSUP_ANSWER_TIMEOUT": "15",
        }
    )
    assert settings == Settings(
        module=Path("/lib/module.so"),
        campaign=Path("/etc/a campaign.json"),
        campaign_url=None,
        campaign_anchor=Path("/etc/anchor.pem"),
        deputy_issuer="Kortexpeditionen, 08-123 00 00",
        local_it="it@example.org",
        authority="http://127.0.0.1:8080/.well-known/cmp",
        proxy="http://someone:s%40cret@proxy.example:3128",
        data=Path("/data"),
        logs=Path("/logs"),
        locks=Path("/locks"),
        language="sv",
        log_level="TRAFFIC",
        log_format="json",
        card_timeout=2.5,
        key_timeout=30.0,
        answer_timeout=15.0,
    )
    address = "https://ca.example/campaign"
    assert Settings.load({"SITHSUP_CAMPAIGN_URL": address}).campaign_url == address


def test_an_empty_variable_counts_as_one_that_is_not_set() -> None:
    """`export SITHSUP_MODULE=` is how a shell takes a setting back."""
    assert Settings.load(dict.fromkeys(WRONG, "")) == Settings.load({})


@pytest.mark.parametrize("variable", WRONG)
def test_a_wrong_value_names_its_variable(variable: str) -> None:
    """Whoever set it must find it: the error says which variable and shows the value, but never a password."""
    with pytest.raises(SettingsInvalidError) as caught:
        Settings.load({variable: WRONG[variable]})
    assert caught.value.values["place"] == variable
    assert (WRONG[variable] in str(caught.value.values["problem"])) is (variable not in NOT_SHOWN)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("proxy", ["direct", "http://proxy", "http://proxy.example:8080/", "http://a:b@[::1]:65535"])
def test_a_proxy_is_an_address_or_none(proxy: str) -> None:
    """And a password in it is not printed with the settings."""
    settings = Settings.load({"SITHSUP_PROXY": proxy})
    assert settings.proxy == proxy
    assert proxy not in repr(settings)


@pytest.mark.parametrize(
    "proxy",
    [
        "Direct",
        "proxy:8080",
        "https://proxy",
        "http://",
        "http://:8080",
        "http://proxy:0",
        "http://proxy:65536",
        "http://proxy/pac",
        "http://a@b@proxy",
        "http://a:b:c@proxy",
        "http://a b@proxy",
    ],
)
def test_a_strange_proxy_is_refused(proxy: str) -> None:
    """At the start, rather than as an authority that cannot be reached."""
    with pytest.raises(SettingsInvalidError):
        Settings.load({"SITHSUP_PROXY": proxy})


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:99999/cmp",
        "http://127.0.0.1:0/cmp",
        "http://127.0.0.1:x/cmp",
        "http://[::1/cmp",
        "http:///cmp",
        "http://a b/cmp",
        "http://a\n/cmp",
    ],
)
def test_an_address_that_leads_nowhere_is_refused(address: str) -> None:
    """At the start, rather than as an authority that cannot be reached."""
    with pytest.raises(SettingsInvalidError) as caught:
        Settings.load({"SITHSUP_AUTHORITY": address})
    assert caught.value.values["place"] == "SITHSUP_AUTHORITY"


@pytest.mark.parametrize("address", ["http://someone:secret@ca.example/cmp", "ftp://someone:secret@ca.example"])
def test_an_address_with_a_password_is_refused_and_never_shown(address: str) -> None:
    """The address of the authority is shown to everybody and stands in the log."""
    with pytest.raises(SettingsInvalidError) as caught:
        Settings.load({"SITHSUP_AUTHORITY": address})
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("address", ["https://ca.example:443/cmp", "http://[::1]:8080/cmp", "HTTP://ca.example"])
def test_an_address_leads_somewhere(address: str) -> None:
    assert Settings.load({"SITHSUP_AUTHORITY": address}).authority == address


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"http": "proxy:3128", "https": "https://someone:s@cret@proxy.example", "all": ""},
        {"http": "http://[::1]:8080/", "ftp": "garbage::::", "no": "*"},
        {"no": "localhost, 127.0.0.1,10.0.0.0/8,::1,.example.org,*.example.com,a.example:8080,http://b.example,"},
    ],
)
def test_what_the_system_says_of_proxies_is_used_where_it_can_be(found: dict[str, str]) -> None:
    """Whatever httpx reads is let through."""
    refuse_unusable_proxies(found)


@pytest.mark.parametrize(
    ("scheme", "value", "words"),
    [
        ("all", "socks5h://127.0.0.1:1", "of a kind (SOCKS)"),
        ("http", "socks5://someone:secret@proxy.example", "of a kind (SOCKS)"),
        ("https", "SOCKS://proxy", "of a kind (SOCKS)"),
        ("http", "garbage::::", "not an http address"),
        ("http", "ftp://someone:secret@proxy", "not an http address"),
        ("https", "http://someone:secret@proxy:99999", "not an http address"),
        ("all", "http://", "not an http address"),
        ("no", "[::1", "“[::1”"),
        ("no", "a.example,[::1]", "“[::1]”"),
        ("no", "a:b", "“a:b”"),
        ("no", "åäö.example", "“åäö.example”"),
    ],
)
def test_what_cannot_be_used_of_it_is_named(scheme: str, value: str, words: str) -> None:
    """A setting like any other: the variable, what is wrong with it, what to set instead; no password."""
    with pytest.raises(ProxyUnusableError) as caught:
        refuse_unusable_proxies({scheme: value})
    error = caught.value
    assert (error.code, error.exit_code, error.values["name"]) == ("SU-3002", 2, f"{scheme}_proxy")
    assert f"{scheme}_proxy" in error.why
    assert words in error.why
    assert "Ask your local IT support" in error.next_step
    assert "(SITHSUP_PROXY) to an http proxy or to “direct”." in error.next_step
    assert "secret" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1s"])
def test_a_time_out_is_a_positive_finite_number(seconds: str) -> None:
    """A time-out of nothing, or none at all, would end every call or none."""
    with pytest.raises(SettingsInvalidError):
        Settings.load({"SITHSUP_CARD_TIMEOUT": seconds})


def test_every_setting_has_its_own_variable() -> None:
    """Two fields never read the same variable, and no variable is left without a wrong value above."""
    table = Settings.table()
    assert list(table) == [setting.name for setting in dataclasses.fields(Settings)]
    assert sorted(map(variable_name, table)) == sorted(WRONG)


@pytest.mark.parametrize("text", ["x" * 300, "Växeln, 08\N{NON-BREAKING HYPHEN}123\N{EN DASH}456", "it@example.org"])
def test_a_contact_is_one_line(text: str) -> None:
    assert Settings.load({"SITHSUP_LOCAL_IT": text}).local_it == text


@pytest.mark.parametrize("text", ["x" * 301, "a\tb", "\N{RIGHT-TO-LEFT OVERRIDE}", "a\x1b[2J", "\N{LINE SEPARATOR}"])
def test_what_is_no_line_is_no_contact(text: str) -> None:
    """It stands in a window and on a terminal: it cannot steer them."""
    with pytest.raises(SettingsInvalidError):
        Settings.load({"SITHSUP_DEPUTY_ISSUER": text})


@pytest.mark.parametrize("address", ["https://", "https://someone:secret@ca.example", "HTTP://ca.example", "/campaign"])
def test_a_campaign_is_fetched_from_https_alone(address: str) -> None:
    with pytest.raises(SettingsInvalidError) as caught:
        Settings.load({"SITHSUP_CAMPAIGN_URL": address})
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_settings_cannot_be_changed() -> None:
    """They are taken once, at the start, and are the same for every room."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings.load({}).log_level = "DEBUG"  # type: ignore[misc]
