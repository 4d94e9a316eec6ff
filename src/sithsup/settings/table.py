"""Every setting of the program, as one table: the fields of `Settings`. What is not here is no setting.

Each has its default here, what reads it, and one sentence about it. Its names in the layers follow from the name of the
field: `card_timeout` in a TOML file, SITHSUP_CARD_TIMEOUT in the environment, CardTimeout in the registry and in a
property list.
"""

from __future__ import annotations

import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_type_hints

import platformdirs

from sithsup.logs import FORMATS, LEVELS, TEXT
from sithsup.settings import sources
from sithsup.settings.layers import environment_layer
from sithsup.settings.readers import OneOf, absolute_path, address, https_address, plain_text, proxy_address, seconds
from sithsup.settings.resolution import Resolution
from sithsup.settings.setting import Setting
from sithsup.texts import ENGLISH, PSEUDO, SWEDISH, mark, resources

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sithsup.settings.sources import Source

_FOR_ALL = ("/run/lock", "/var/lock", "/tmp")  # noqa: S108  no file of ours there has a content, or follows a link
_SHARED = stat.S_ISVTX | stat.S_IWOTH


def _shipped_campaign() -> Path:
    return resources() / "campaigns" / "siths-2020.json"


def _data_folder() -> Path:
    return platformdirs.user_data_path(sources.PROGRAM, appauthor=False)


def _log_folder() -> Path:
    """Where each system has its logs; on none of them is it the folder of the journal, which nobody should pass on."""
    return platformdirs.user_log_path(sources.PROGRAM, appauthor=False)


def _lock_folder() -> Path | None:
    """The first folder where every account may make a file and nobody may remove another's; the same for all of them.

    An account's own variables, such as TMPDIR, have no say in it.
    """
    for folder in map(Path, _FOR_ALL):
        with suppress(OSError):
            if folder.stat().st_mode & _SHARED == _SHARED:
                return folder
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force. `Settings.load` is the way in."""

    module: Annotated[
        Path | None,
        Setting(
            absolute_path,
            mark(
                "The PKCS#11 module of the smart card program; without it the program looks where this system has them."
            ),
        ),
    ] = None
    campaign: Annotated[
        Path,
        Setting(
            absolute_path,
            mark(
                "The campaign file; without it, the one that is shipped. An address in a higher layer goes before it."
            ),
        ),
    ] = field(default_factory=_shipped_campaign)
    campaign_url: Annotated[
        str | None,
        Setting(
            https_address,
            mark(
                "The https address that the campaign is fetched from; a file in the same layer or a higher one goes "
                "before it."
            ),
        ),
    ] = None
    campaign_anchor: Annotated[
        Path | None,
        Setting(absolute_path, mark("The PEM file of the certificates that a campaign's signature must lead to.")),
    ] = None
    authority: Annotated[
        str | None, Setting(address, mark("The certificate issuer's address, in place of the campaign's."))
    ] = None
    proxy: Annotated[
        str | None,
        Setting(
            proxy_address,
            mark("A proxy for every address, or “direct” for none; without it, what the system says."),
            may_be_secret=True,
        ),
    ] = field(default=None, repr=False)
    deputy_issuer: Annotated[
        str | None,
        Setting(
            plain_text, mark("How this organisation's deputy issuers are reached, in place of the campaign's text.")
        ),
    ] = None
    local_it: Annotated[
        str | None,
        Setting(
            plain_text, mark("How this organisation's local IT support is reached, in place of the campaign's text.")
        ),
    ] = None
    data: Annotated[
        Path,
        Setting(absolute_path, mark("The folder of the history, and of what an unfinished upgrade needs.")),
    ] = field(default_factory=_data_folder)
    logs: Annotated[Path, Setting(absolute_path, mark("The folder of the log; nothing else is in it."))] = field(
        default_factory=_log_folder
    )
    locks: Annotated[
        Path | None,
        Setting(
            absolute_path,
            mark("The folder of the locks that keep two accounts from one card; not used on Windows."),
        ),
    ] = field(default_factory=_lock_folder)
    language: Annotated[
        str | None,
        Setting(OneOf((SWEDISH, ENGLISH, PSEUDO)), mark("The language; without it, the system's.")),
    ] = None
    log_level: Annotated[
        str,
        Setting(
            OneOf((*LEVELS, "INFO", "WARNING", "ERROR")),
            mark(
                "TRAFFIC logs each call to the card and each message to the certificate issuer, without codes and "
                "contents; it and DEBUG show more on the terminal too. The others give the same log."
            ),
        ),
    ] = "INFO"
    log_format: Annotated[
        str,
        Setting(OneOf(FORMATS), mark("How the log is written: as text, or as one JSON object on each line.")),
    ] = TEXT
    card_timeout: Annotated[
        float,
        Setting(seconds, mark("Seconds until a call to the smart card program counts as hung."), is_number=True),
    ] = 60.0
    key_timeout: Annotated[
        float,
        Setting(
            seconds, mark("Seconds until the making of a key counts as hung; slow cards need minutes."), is_number=True
        ),
    ] = 360.0
    answer_timeout: Annotated[
        float,
        Setting(
            seconds,
            mark("Seconds until an answer of the certificate issuer counts as lost, and is asked for again."),
            is_number=True,
        ),
    ] = 60.0

    @classmethod
    def table(cls) -> dict[str, Setting]:
        """The table, by the settings' names and in their order."""
        hints = get_type_hints(cls, include_extras=True)
        return {name: hint.__metadata__[0] for name, hint in hints.items()}

    @classmethod
    def resolve(cls, environ: Mapping[str, str], places: Iterable[Source] | None = None) -> Resolution:
        """Read every layer, and say of each setting where it comes from; a broken one stands there as broken.

        `places` are those of the layers besides the environment; without them, this computer's own.
        """
        table = cls.table()
        places = sources.of_this_computer() if places is None else places
        layers = (environment_layer(environ, table), *(place.read(table) for place in places))
        shipped = cls()
        return Resolution.of(table, {name: getattr(shipped, name) for name in table}, layers)

    @classmethod
    def load(cls, environ: Mapping[str, str], places: Iterable[Source] | None = None) -> Settings:
        """Take the settings in force. Raises `SettingsInvalidError` naming layer, place and setting."""
        return cls.of(cls.resolve(environ, places))

    @classmethod
    def of(cls, resolution: Resolution) -> Settings:
        """The same, of layers that have been read.

        The campaign comes from one place: without a `campaign_url` from the file. Which of the two decides is judged by
        the layers that they come from, so that nobody gets round a policy by means of the other one.
        """
        values = resolution.values()
        if not resolution.goes_before("campaign_url", "campaign"):
            values["campaign_url"] = None
        return cls(**values)

    @classmethod
    def usable(cls, resolution: Resolution) -> Settings:
        """What can be taken where something is broken: to tell that, in the right language, and whom to ask."""
        return cls(**resolution.usable())
