"""The upgrade itself, and this computer's memory of it."""

from __future__ import annotations

from typing import ClassVar

from sithsup.errors.base import Contact, SithsupError
from sithsup.texts import mark, tr
from sithsup.ways import advise


class JournalError(SithsupError):
    """This computer's memory of an unfinished upgrade."""

    exit_code = 5


class JournalUnwritableError(JournalError):
    """The journal cannot be written: no permission, a full disk. Nothing is begun without it."""

    code = "SU-4001"
    what_text = mark("The program cannot save what it needs to recover from an interruption.")
    why_text = mark("{path}: {problem}")
    next_text = mark("Free some disk space or correct the folder's permissions. {then_see}")


class DiskFullError(JournalUnwritableError):
    """The same, because the disk is full."""

    what_text = mark("The disk is full, so the program cannot save what it needs.")
    why_text = mark("No room is left for {path}")
    next_text = mark("Free some disk space. {then_see}")


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


class HistoryUnreadableError(JournalError):
    """The list of finished cases cannot be read. As long as that is so no case can be closed."""

    code = "SU-4004"
    what_text = mark("The list of what was finished on this computer cannot be read.")
    why_text = mark("{path}: {problem}")
    next_text = mark("Correct the permissions of the file, or move it away: a new list is then begun.")


class LogUnwritableError(JournalError):
    """The log cannot be written. Nothing is stopped by that. Values: `path`, `problem`."""

    code = "SU-4005"
    what_text = mark("The program cannot write its log.")
    why_text = mark("{path}: {problem}")
    next_text = mark("Cards can be upgraded without it. Ask your local IT support to correct the folder.")


class ReportUnsavedError(JournalError):
    """The report of a diagnosis cannot be written where somebody wants it. Values: `path`, `problem`."""

    code = "SU-4006"
    exit_code = 2
    contact = None
    what_text = mark("The report could not be saved.")
    why_text = mark("{path}: {problem}")
    next_text = "{save_elsewhere}"

    def __init__(self, detail: str = "", *, is_full: bool = False, **values: object) -> None:
        """A full disk is nobody's wrong argument: try later."""
        super().__init__(detail, **values)
        self.exit_code = JournalError.exit_code if is_full else self.exit_code


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
    of_it_text = mark("Nothing on the card was changed. Contact your local IT support.")
    well_text = mark("Nothing needs to be done.")
    other_texts: ClassVar[tuple[str, ...]] = (of_it_text, well_text)

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
    def reference(self) -> str:
        """The code alone says too little: so many things may stand in the way."""
        return f"{self.code} ({', '.join(self.reasons)})" if self.reasons else self.code

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
            return tr(self.well_text)
        if self.contact is Contact.LOCAL_IT:
            return tr(self.of_it_text)
        return super().next_step


class StoppedError(NotEligibleError):
    """The authority allows no more that an upgrade goes on which was begun; it was undone."""

    what_text = mark("The upgrade was stopped, and what was begun was undone.")
    next_text = mark("Contact your deputy issuer if you think that this is wrong.")
    other_texts: ClassVar[tuple[str, ...]] = (NotEligibleError.well_text,)


class StoppedHalfwayError(StoppedError):
    """The same, and it could not be undone."""

    what_text = mark("The upgrade cannot go on now.")
    next_text = "{ask_halfway}"
    other_texts = ()


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
    next_text = "{see_and_go_on}"


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


class UpgradeWaitsError(InterruptedUpgradeError):
    """One of a card that need not be in the reader now. Values: `card` (masked), `case`, `date` (readable)."""

    what_text = mark("An upgrade of the card {card} was begun on this computer and not finished.")
    why_text = mark("Case code {case}, begun {date}")
    next_text = mark("Put that card in. {finish_or_go_back}")


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
    why_text = mark("The card still works.")
    next_text = "{go_on_or_back}"
    only_on_text = "{go_on}"
    other_texts: ClassVar[tuple[str, ...]] = (only_on_text,)

    def __init__(self, *, works: bool, may_restore: bool) -> None:
        """Choose the words: whether an identity on the card works, and whether going back is possible."""
        super().__init__()
        self.works, self.may_restore = works, may_restore

    @property
    def why(self) -> str:
        """What is known of the card."""
        return super().why if self.works else ""

    @property
    def next_step(self) -> str:
        """How to go on."""
        return super().next_step if self.may_restore else advise(self.only_on_text)


class InterruptedWayBackError(InterruptedByPersonError):
    """Somebody pressed Ctrl-C in the middle of going back."""

    what_text = mark("You interrupted the way back to the old certificates.")
    next_text = "{go_back_again}"
    only_on_text = "{see_and_go_on}"
    other_texts = (only_on_text,)
