"""The upgrade itself, what the organisation set up for it, and this computer's memory of it."""

from __future__ import annotations

from typing import Self

from sithsup.errors.base import Contact, SithsupError
from sithsup.texts import mark, tr
from sithsup.ways import advise


class ConfigurationError(SithsupError):
    """What the organisation set up."""

    exit_code = 2


class CampaignInvalidError(ConfigurationError):
    """The campaign file cannot be read or breaks a rule. Values: `path`, `line`, `place`, `problem`.

    `place` is the field, by its path from the top, and `line` is where it stands, or where it is missing.
    """

    code = "SU-3001"
    what_text = mark("The campaign file cannot be used.")
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
        if self.values["line"] and self.values["place"]:
            return super().why
        if self.values["line"]:
            return tr("The file {path}, line {line}: {problem}", **self.shown)
        return tr("The file {path}: {problem}", **self.shown)


class CampaignMissingError(CampaignInvalidError):
    """There is no campaign file where it should be."""

    @property
    def why(self) -> str:
        """The file."""
        return tr("The file {path} does not exist.", **self.shown)


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
    next_text = mark("Check that the computer is connected to the network, and try again.")


class SettingsInvalidError(ConfigurationError):
    """A setting is missing or wrong. Values: `name`, `problem`; of a layer also `layer`, `place`, `setting`."""

    code = "SU-3002"
    what_text = mark("A setting is missing or wrong.")
    why_text = mark("{name}: {problem}")
    next_text = "{correct}"
    managed_text = mark("Ask your local IT support to correct the setting. Nothing on the card was changed.")

    @property
    def next_step(self) -> str:
        """What to do: a person can correct what is their own, and nothing that holds for all of the computer."""
        is_managed = self.values.get("layer") in {"policy", "machine"}
        return tr(self.managed_text) if is_managed else super().next_step


class ProxyUnusableError(SettingsInvalidError):
    """What the system says of its proxies cannot be used. Values: `name`, `problem`."""

    why_text = mark("{problem}")
    next_text = mark("Set SITHSUP_PROXY to an http proxy or to “direct”.")


class ArgumentInvalidError(ConfigurationError):
    """An argument of a command leads to nothing that will do. Values: `name`, `problem`."""

    code = "SU-3006"
    contact = None
    what_text = mark("An argument of the command is wrong.")
    why_text = mark("{name}: {problem}")
    next_text = mark("Correct it and run the same command again.")


class JournalError(SithsupError):
    """This computer's memory of an unfinished upgrade."""

    exit_code = 5


class JournalUnwritableError(JournalError):
    """The journal cannot be written: no permission, a full disk. Nothing is begun without it."""

    code = "SU-4001"
    what_text = mark("The program cannot save what it needs to recover from an interruption.")
    why_text = mark("{path}: {problem}")
    next_text = mark("Free some disk space or correct the folder's permissions. {then_see}")


class SecondInstanceError(JournalError):
    """Another process is at work on this card."""

    code = "SU-4002"
    what_text = mark("The program is already working on this card.")
    why_text = mark("Another window or command is busy with it, perhaps under another account on this computer.")
    next_text = mark("Wait until it is done, or close it, and try again.")


class JournalUnreadableError(JournalError):
    """The journal cannot be read, or is of another version: it is neither used nor destroyed."""

    code = "SU-4003"
    what_text = mark("What the program saved about the upgrade cannot be read.")
    why_text = mark("{path}: {problem}")
    next_text = "{move_away}"


class UpgradeError(SithsupError):
    """The upgrade itself."""

    exit_code = 4


class NotEligibleError(UpgradeError):
    """This card is not to be upgraded (now). `reasons` are names of the eligibility list (design section 7)."""

    code = "SU-5001"
    exit_code = 3
    contact: Contact | None = Contact.DEPUTY_ISSUER
    final = True
    what_text = mark("No upgrade was begun.")
    why_text = mark("{reason}")
    next_text = mark("Nothing on the card was changed. Contact your deputy issuer if you think that this is wrong.")

    def __init__(
        self,
        detail: str = "",
        *,
        reasons: tuple[str, ...] = (),
        exit_code: int = 3,
        contact: Contact | None = Contact.DEPUTY_ISSUER,
        **values: object,
    ) -> None:
        """Keep the names of the reasons; a few end with another exit code, or are for somebody else to solve."""
        super().__init__(detail, **values)
        self.reasons = reasons
        self.exit_code = exit_code
        self.contact = contact

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong: the reason is that nothing needs to be done."""
        return self.exit_code == 0

    @property
    def what(self) -> str:
        """What happened; where nothing is wrong, the reason alone."""
        return str(self.values.get("reason", "")) if self.is_well else super().what

    @property
    def why(self) -> str:
        """The reason."""
        return "" if self.is_well else super().why

    @property
    def next_step(self) -> str:
        """What to do."""
        if self.is_well:
            return tr("Nothing needs to be done.")
        if self.contact is Contact.LOCAL_IT:
            return tr("Nothing on the card was changed. Contact your local IT support.")
        return super().next_step


class StoppedError(NotEligibleError):
    """The authority allows no more that an upgrade goes on which was begun; it was undone."""

    what_text = mark("The upgrade was stopped, and what was begun was undone.")
    next_text = mark("Contact your deputy issuer if you think that this is wrong.")


class StoppedHalfwayError(StoppedError):
    """The same, and it could not be undone."""

    what_text = mark("The upgrade cannot go on now.")
    next_text = "{ask_halfway}"


class PointOfNoReturnError(UpgradeError):
    """The upgrade can only be finished: the authority may already have retired the old certificates."""

    code = "SU-5002"
    what_text = mark("The upgrade can no longer be undone.")
    why_text = mark("The certificate issuer has, or may have, been told that the new certificates are in use.")
    next_text = "{finish}"


class UpgradeFinishedError(PointOfNoReturnError):
    """The upgrade is finished, and nothing of it is left to do: it is never undone."""

    code = "SU-5008"
    exit_code = 3
    contact = None
    what_text = mark("The card is upgraded and everything is done.")
    why_text = mark("The old certificates cannot be brought back.")
    next_text = mark("Nothing needs to be done.")


class RestoreElsewhereError(PointOfNoReturnError):
    """Old certificates were lifted off a full card, and only the journal of another computer holds them."""

    code = "SU-5011"
    what_text = mark("On this computer the upgrade can only be finished, not undone.")
    why_text = mark(
        "To make room on the card, an old certificate for signatures may have been moved to the computer where the "
        "upgrade began."
    )
    next_text = "{finish_here}"


class StepNotSeenError(UpgradeError):
    """A step was done, yet its effect is not seen. Values: `step`."""

    code = "SU-5003"
    what_text = mark("A step of the upgrade did not have the result that it should.")
    why_text = mark("Its result cannot be seen on the card or at the certificate issuer. Name of the step: {step}")
    next_text = "{see}"


class ProofFailedError(UpgradeError):
    """A signature by a new key does not verify under the certificate that was read back. Values: `certificate`."""

    code = "SU-5004"
    what_text = mark("A new certificate on the card does not work.")
    why_text = mark("The test signature was wrong. Name of the certificate: {certificate}")
    next_text = "{see_and_go_on}"


class UnusableError(UpgradeError):
    """Neither the old identity nor the new one can be made to work. It is said plainly."""

    code = "SU-5005"
    exit_code = 3
    contact = Contact.DEPUTY_ISSUER
    what_text = mark("This card cannot be saved.")
    why_text = mark("Neither the old nor the new certificates can be made to work. Technical reason: {reason}")
    next_text = mark("Contact your deputy issuer and ask for a new card.")


class CancelledError(UpgradeError):
    """The person does not want to go on."""

    code = "SU-5006"
    exit_code = 130
    contact = None
    what_text = mark("The upgrade was cancelled.")
    why_text = mark("You chose not to go on.")
    next_text = "{see_at_leisure}"


class NotBegunError(CancelledError):
    """The same, before anything was begun."""

    what_text = mark("No upgrade was begun.")
    next_text = mark("Nothing on the card was changed. {begin_again}")


class TermsDeclinedError(NotBegunError):
    """The person does not accept the terms."""

    why_text = mark("You did not accept the terms, and without them there is no upgrade.")


class InterruptedUpgradeError(UpgradeError):
    """An upgrade of this card was begun and not finished, here or on another computer."""

    code = "SU-5007"
    contact = None
    what_text = mark("An upgrade of this card was interrupted.")
    why_text = mark("It was begun, on this computer or another, and not finished.")
    next_text = "{finish_or_go_back}"


class FinishElsewhereError(UpgradeError):
    """The old certificates are retired, the new ones cannot be found on the card, and no journal here knows them."""

    code = "SU-5010"
    contact = Contact.DEPUTY_ISSUER
    what_text = mark("The upgrade of this card can only be finished on the computer where it was begun.")
    why_text = mark("The old certificates are no longer valid, and the new ones cannot be found on the card.")
    next_text = mark("{finish_there} If that is not possible, ask your deputy issuer for a new card.")


class NoRoomHereError(FinishElsewhereError):
    """A full card whose old certificates for signatures only the journal of another computer holds."""

    code = "SU-5012"
    what_text = mark("The upgrade of this card can only be finished or undone on the computer where it was begun.")
    why_text = mark("The card is full, and its old certificate for signatures was moved to that computer to make room.")
    next_text = mark(
        "You can log in with the card. {finish_there} If that is not possible, ask your deputy issuer for a new card."
    )


class CardTornError(UpgradeError):
    """Nothing on the card can be found to log in with, and the card takes nothing: a directory of it was torn."""

    code = "SU-5014"
    contact = Contact.DEPUTY_ISSUER
    what_text = mark("The card does not work now, and the new certificates cannot be written to it.")
    why_text = mark("The card lost its power at a bad moment. What is on it can no longer be found.")
    next_text = mark("{finish_once_more} If that does not help, ask your deputy issuer for a new card.")


class TermsNotAcceptedError(UpgradeError):
    """The campaign has terms, and this version of them was not accepted. Values: `version`."""

    code = "SU-5015"
    exit_code = 2
    contact = Contact.DEPUTY_ISSUER
    what_text = mark("The terms of the upgrade have not been accepted.")
    why_text = mark("The terms that must be accepted have version “{version}”.")
    next_text = "{accept}"


class MailNotUnderstoodError(UpgradeError):
    """A certificate that opens encrypted e-mail is replaced, and nobody has said that they know what that means."""

    code = "SU-5016"
    exit_code = 2
    contact = Contact.DEPUTY_ISSUER
    what_text = mark("Nobody has said yes to the loss of old encrypted e-mail.")
    why_text = mark("A certificate on the card that opens encrypted e-mail is replaced by the upgrade.")
    next_text = mark("Take care of the old e-mail first. {accept_loss}")


class InterruptedByPersonError(InterruptedUpgradeError):
    """Somebody pressed Ctrl-C in the middle of it. Says of the card only what is known of it."""

    what_text = mark("You interrupted the upgrade.")

    def __init__(self, *, works: bool, may_restore: bool) -> None:
        """Choose the words: whether an identity on the card works, and whether going back is possible."""
        super().__init__()
        self.works, self.may_restore = works, may_restore

    @property
    def why(self) -> str:
        """What is known of the card."""
        return tr("The card still works.") if self.works else ""

    @property
    def next_step(self) -> str:
        """How to go on."""
        if self.may_restore:
            return advise("{go_on_or_back}")
        return advise("{go_on}")


class InterruptedWayBackError(InterruptedByPersonError):
    """Somebody pressed Ctrl-C in the middle of going back."""

    what_text = mark("You interrupted the way back to the old certificates.")

    @property
    def next_step(self) -> str:
        """How to go on."""
        if self.may_restore:
            return advise("{go_back_again}")
        return advise("{see_and_go_on}")
