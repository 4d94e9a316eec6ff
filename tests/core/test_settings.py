"""The settings: shipped defaults, the environment over them, and wrong values named by their variable."""

from __future__ import annotations

import dataclasses
import traceback
from pathlib import Path

import pytest

from sithsup.campaign import Campaign
from sithsup.errors import SettingsInvalidError
from sithsup.settings import Settings

WRONG = {
    "SITHSUP_MODULE": "libmodule.so",
    "SITHSUP_CAMPAIGN": "./campaign.json",
    "SITHSUP_AUTHORITY": "ftp://ca.example",
    "SITHSUP_PROXY": "socks5://someone:secret@proxy.example:1080",
    "SITHSUP_DATA": "data",
    "SITHSUP_STATE": "~/state",
    "SITHSUP_LANGUAGE": "klingon",
    "SITHSUP_LOG_LEVEL": "LOUD",
    "SITHSUP_CARD_TIMEOUT": "soon",
    "SITHSUP_KEY_TIMEOUT": "inf",
    "SITHSUP_ANSWER_TIMEOUT": "0",
}


def test_an_empty_environment_gives_the_shipped_defaults() -> None:
    """Nobody has to set anything: the campaign is the shipped one, and it loads; folders are absolute."""
    settings = Settings.load({})
    assert Campaign.load(settings.campaign).id == "siths-2020"
    assert settings.module is None
    assert settings.authority is None
    assert settings.data.is_absolute()
    assert settings.state.is_absolute()


def test_the_environment_goes_over_the_defaults() -> None:
    """Every variable of the table reaches its field, with its type."""
    settings = Settings.load(
        {
            "SITHSUP_MODULE": "/lib/module.so",
            "SITHSUP_CAMPAIGN": "/etc/a campaign.json",
            "SITHSUP_AUTHORITY": "http://127.0.0.1:8080/.well-known/cmp",
            "SITHSUP_PROXY": "http://someone:s%40cret@proxy.example:3128",
            "SITHSUP_DATA": "/data",
            "SITHSUP_STATE": "/state",
            "SITHSUP_LANGUAGE": "sv",
            "SITHSUP_LOG_LEVEL": "DEBUG",
            "SITHSUP_CARD_TIMEOUT": "2.5",
            "SITHSUP_KEY_TIMEOUT": "30",
            "SITHSUP_ANSWER_TIMEOUT": "15",
        }
    )
    assert settings == Settings(
        module=Path("/lib/module.so"),
        campaign=Path("/etc/a campaign.json"),
        authority="http://127.0.0.1:8080/.well-known/cmp",
        proxy="http://someone:s%40cret@proxy.example:3128",
        data=Path("/data"),
        state=Path("/state"),
        language="sv",
        log_level="DEBUG",
        card_timeout=2.5,
        key_timeout=30.0,
        answer_timeout=15.0,
    )


def test_an_empty_variable_counts_as_one_that_is_not_set() -> None:
    """`export SITHSUP_MODULE=` is how a shell takes a setting back."""
    assert Settings.load(dict.fromkeys(WRONG, "")) == Settings.load({})


@pytest.mark.parametrize("variable", WRONG)
def test_a_wrong_value_names_its_variable(variable: str) -> None:
    """Whoever set it must find it: the error says which variable and shows the value, but never a password."""
    with pytest.raises(SettingsInvalidError) as caught:
        Settings.load({variable: WRONG[variable]})
    assert caught.value.values["name"] == variable
    assert (WRONG[variable] in str(caught.value.values["problem"])) is (variable != "SITHSUP_PROXY")
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


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1s"])
def test_a_time_out_is_a_positive_finite_number(seconds: str) -> None:
    """A time-out of nothing, or none at all, would end every call or none."""
    with pytest.raises(SettingsInvalidError):
        Settings.load({"SITHSUP_CARD_TIMEOUT": seconds})


def test_every_setting_has_its_own_variable() -> None:
    """Two fields never read the same variable, and no variable is left without a wrong value above."""
    variables = Settings.variables()
    assert list(variables) == [setting.name for setting in dataclasses.fields(Settings)]
    assert sorted(variable.name for variable in variables.values()) == sorted(WRONG)


def test_settings_cannot_be_changed() -> None:
    """They are taken once, at the start, and are the same for every room."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings.load({}).log_level = "DEBUG"  # type: ignore[misc]
