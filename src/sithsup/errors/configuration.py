"""What the organisation has set up for the upgrade: the campaign, the settings, the arguments."""

from __future__ import annotations

from typing import ClassVar, Self

from sithsup.errors.base import SithsupError
from sithsup.texts import mark, tr


class ConfigurationError(SithsupError):
    """What the organisation set up."""

    exit_code = 2


class CampaignInvalidError(ConfigurationError):
    """The campaign file cannot be read or breaks a rule. Values: `path`, `line`, `place`, `problem`.

    `place` is the field, by its path from the top, and `line` is where it stands, or where it is missing.
    """

    code = "SU-3001"
    what_text = mark("The campaign file cannot be used.")
    file_text = mark("The file {path}: {problem}")
    line_text = mark("The file {path}, line {line}: {problem}")
    why_text = mark("The file {path}, line {line}, at {place}: {problem}")
    next_text = mark("Ask your local IT support for a correct campaign file.")

    def __init__(self, detail: str = "", *, path: str, problem: str, place: str = "", line: int = 0) -> None:
        """Keep what is known of the place; an empty one, and line 0, are none."""
        super().__init__(detail, path=path, line=line, place=place, problem=problem)
        self._author_step = ""

    def to_author(self, step: str) -> Self:
        """The same, told to whoever writes the file: the next step is their own, and nobody need be asked."""
        self._author_step, self.contact = self._author_step or step, None
        return self

    @property
    def next_step(self) -> str:
        """The author's, where the author reads it."""
        return self._author_step or super().next_step

    @property
    def why(self) -> str:
        """The file, the place in it as far as there is one, and the problem."""
        text = self.file_text
        if self.values["line"]:
            text = self.why_text if self.values["place"] else self.line_text
        return tr(text, **self.shown)


class CampaignMissingError(CampaignInvalidError):
    """There is no campaign file where it should be."""

    why_text = file_text = mark("The file {path} does not exist.")


class CampaignUntrustedError(CampaignInvalidError):
    """A campaign that is no part of the program is not signed as the settings ask. Values: `path`, `problem`."""

    code = "SU-3003"
    what_text = mark("The campaign file is not signed by anybody whom the program may believe.")
    why_text = mark("The file {path}: {problem}")
    next_text = mark("Do not use it. Ask your local IT support for the right campaign file.")


class CampaignOldError(CampaignInvalidError):
    """A newer version of the same campaign was accepted on this computer before. Values: `path`, `problem`."""

    code = "SU-3004"
    what_text = mark("The campaign file is older than the one that was used before.")
    why_text = mark("The file {path}: {problem}")
    next_text = mark("Ask your local IT support for the newest campaign file.")


class CampaignUnreachableError(ConfigurationError):
    """The campaign was never fetched on this computer, and cannot be now. Values: `address`, `problem`."""

    code = "SU-3005"
    exit_code = 8
    what_text = mark("The program could not fetch the campaign: what is to be upgraded, and when.")
    why_text = mark("{address}: {problem}")
    next_text = mark(
        "Check that the computer is connected to the network, and try again. If that does not help, tell your local IT "
        "support."
    )


class SettingsInvalidError(ConfigurationError):
    """A setting is missing or wrong. Values: `name`, `problem`; of a layer also `layer`, `place`, `setting`."""

    code = "SU-3002"
    what_text = mark("A setting is missing or wrong.")
    why_text = mark("{name}: {problem}")
    next_text = "{correct}"
    managed_text = mark("Ask your local IT support to correct the setting. Nothing on the card was changed.")
    other_texts: ClassVar[tuple[str, ...]] = (managed_text,)

    @property
    def next_step(self) -> str:
        """What to do: a person can correct what is their own, and nothing that holds for all of the computer."""
        is_managed = self.values.get("layer") in {"policy", "machine"}
        return tr(self.managed_text) if is_managed else super().next_step


class ProxyUnusableError(SettingsInvalidError):
    """What the system says of its proxies cannot be used. Values: `name`, `problem`."""

    why_text = mark("{problem}")
    next_text = mark(
        "Ask your local IT support to set the program's proxy (SITHSUP_PROXY) to an http proxy or to “direct”."
    )
    other_texts = ()


class ArgumentInvalidError(ConfigurationError):
    """An argument of a command leads to nothing that will do. Values: `name`, `problem`."""

    code = "SU-3006"
    contact = None
    what_text = mark("An argument is wrong.")
    why_text = mark("{name}: {problem}")
    next_text = mark("Correct it and try again.")
