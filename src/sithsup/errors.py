"""Every error that the program knows, as one tree. Whatever is not in it is a bug and says so.

    SithsupError
    ├── CardError                       the card, its reader, its module
    │   ├── NoModuleError               SU-1001    ├── CardRemovedError      SU-1006
    │   ├── ModuleBrokenError           SU-1002    ├── ModuleHungError       SU-1007
    │   ├── NoReaderError               SU-1003    ├── ModuleCrashedError    SU-1008
    │   ├── NoCardError                 SU-1004    ├── OtherCardError        SU-1009
    │   ├── CardChoiceError             SU-1005    ├── ModuleRefusedError    SU-1010
    │   ├── ObjectGoneError             SU-1011    ├── CardFullError         SU-1012
    │   ├── NotSupportedError           SU-1013    ├── CardReadOnlyError     SU-1014
    │   └── CodeError
    │       ├── CodeIncorrectError      SU-1101    ├── CodeNeededError       SU-1103
    │       ├── CodeLockedError         SU-1102    └── LastTryError          SU-1104
    ├── AuthorityError                  the certification authority and the way to it
    │   ├── AuthorityUnreachableError   SU-2001    ├── AnswerUntrustedError        SU-2004
    │   ├── AuthorityBusyError          SU-2002    ├── CertificateUnsuitableError  SU-2005
    │   ├── AuthorityRefusedError       SU-2003    └── TransactionUnknownError     SU-2006
    ├── ConfigurationError              what the organisation set up
    │   ├── CampaignInvalidError        SU-3001    └── SettingsInvalidError        SU-3002
    ├── JournalError                    this computer's memory
    │   ├── JournalUnwritableError      SU-4001    ├── SecondInstanceError         SU-4002
    │   └── JournalUnreadableError      SU-4003
    └── UpgradeError                    the upgrade itself
        ├── NotEligibleError            SU-5001    ├── ProofFailedError            SU-5004
        ├── PointOfNoReturnError        SU-5002    ├── UnusableError               SU-5005
        ├── StepNotSeenError            SU-5003    ├── CancelledError              SU-5006
        └── InterruptedUpgradeError     SU-5007

A code is one kind of error, stable for ever. Each leaf holds data (tries left, when to come back, the module's own
return code) and four texts: what happened, why, what to do, whom to ask. `exit_code` is the table of design section 8.
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from sithsup.model import KeyRole
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sithsup.model import CodeState


class Contact(StrEnum):
    """Whom to ask. The names and numbers come from the campaign."""

    DEPUTY_ISSUER = "deputy-issuer"
    LOCAL_IT = "local-it"


ROLE_TEXTS = {
    # Translators: what a code or a certificate is for; stands in “code for {role}” and in lists
    frozenset({KeyRole.AUTHENTICATION}): mark("authentication"),
    # Translators: what a code or a certificate is for; stands in “code for {role}” and in lists
    frozenset({KeyRole.SIGNATURE}): mark("signature"),
    # Translators: what a code is for, on a card with one code; stands in “code for {role}”
    frozenset(KeyRole): mark("authentication and signature"),
}


def role_text(roles: Iterable[KeyRole]) -> str:
    """What people call these roles (a message id)."""
    return ROLE_TEXTS.get(frozenset(roles), "-")


class SithsupError(Exception):
    """The root. `str()` is for the log; people get `what`, `why` and `next_step` in their own language."""

    code: ClassVar[str] = "SU-9001"
    exit_code: int = 1
    contact: ClassVar[Contact] = Contact.LOCAL_IT
    final: ClassVar[bool] = False
    """Whether trying again cannot help: what was begun before the point of no return is then undone at once."""
    what_text: ClassVar[str] = mark("Something happened that the program did not expect.")
    why_text: ClassVar[str] = mark("This is a fault in the program, not in your card.")
    next_text: ClassVar[str] = mark(
        "Run “sithsup check” to see what works now, and report the fault to your local IT support."
    )

    def __init__(self, detail: str = "", **values: object) -> None:
        """Keep a technical detail for the log and the values that the texts need."""
        super().__init__(detail)
        self.detail = detail
        self.values = values

    def __str__(self) -> str:
        """For the log: code, kind, detail and values on one line."""
        values = "".join(f" {name}={value!r}" for name, value in self.values.items())
        return f"{self.code} {type(self).__name__}: {self.detail}{values}"

    @property
    def shown(self) -> Mapping[str, object]:
        """The values as people read them."""
        return self.values

    @property
    def what(self) -> str:
        """What happened."""
        return tr(self.what_text, **self.shown)

    @property
    def why(self) -> str:
        """Why it happened, as far as is known."""
        return tr(self.why_text, **self.shown)

    @property
    def next_step(self) -> str:
        """What to do."""
        return tr(self.next_text, **self.shown)


# ---------------------------------------------------------------------------------------------- the card


class CardError(SithsupError):
    """The card, its reader or its module."""

    exit_code = 7


class NoModuleError(CardError):
    """No PKCS#11 module was found where this system keeps them."""

    code = "SU-1001"
    what_text = mark("There is no program for smart cards on this computer.")
    why_text = mark("No PKCS#11 module was found in: {places}")
    next_text = mark("Install your organisation's smart card program (such as Net iD), or use another computer.")


class ModuleBrokenError(CardError):
    """The module's file is not a library, cannot be loaded, or cannot be initialised."""

    code = "SU-1002"
    what_text = mark("The smart card program on this computer does not work.")
    why_text = mark("The file {path} is not a working PKCS#11 module.")
    next_text = mark("Install the smart card program again, or use another computer.")


class NoReaderError(CardError):
    """The module lists no reader (or not the one that was named)."""

    code = "SU-1003"
    what_text = mark("No card reader was found.")
    why_text = mark("The reader is not connected, or its driver is missing.")
    next_text = mark("Connect the card reader, try another USB port, and try again.")


class NoCardError(CardError):
    """No reader holds a card that can be read (or not the one that was named)."""

    code = "SU-1004"
    what_text = mark("No card was found in the reader.")
    why_text = mark("There is no card, it is the wrong way round, or it does not answer.")
    next_text = mark("Put the card in with the chip up, in the direction of the arrow, and try again.")


class CardChoiceError(CardError):
    """Several cards, and no choice was made. Values: `cards`, a list to choose from."""

    code = "SU-1005"
    exit_code = 2
    what_text = mark("There are several cards: {cards}")
    why_text = mark("The program must know which card is meant.")
    next_text = mark("Take out the other cards, or choose with --card or --reader.")


class CardRemovedError(CardError):
    """The card is gone, or the reader is."""

    code = "SU-1006"
    exit_code = 4
    what_text = mark("Contact with the card was lost.")
    why_text = mark("The card was taken out or lay loose in the reader, or the reader lost its power.")
    next_text = mark("Put the same card back and run “sithsup check”: it tells what works now and how to go on.")


class ModuleHungError(CardError):
    """The module did not answer within its time; its process was ended."""

    code = "SU-1007"
    exit_code = 4
    what_text = mark("The card does not answer.")
    why_text = mark("The smart card program did not answer within {seconds} seconds.")
    next_text = mark("Take the card out and put it back, then run “sithsup check” to see how to go on.")


class ModuleCrashedError(CardError):
    """The process that holds the module ended without an answer."""

    code = "SU-1008"
    exit_code = 4
    what_text = mark("The smart card program on this computer stopped working.")
    why_text = mark("It ended while it was working with the card.")
    next_text = mark("Take the card out and put it back, then run “sithsup check” to see how to go on.")


class OtherCardError(CardError):
    """The card in the reader is not the one that was begun with."""

    code = "SU-1009"
    what_text = mark("This is another card.")
    why_text = mark("The card in the reader is not the one that the program is working on.")
    next_text = mark("Put back the card that you began with. No code was tried on this one.")


class ModuleRefusedError(CardError):
    """The module answered a call with an error that has no leaf of its own. The detail names it, with its number."""

    code = "SU-1010"
    exit_code = 4
    what_text = mark("The card could not do what it was asked to.")
    why_text = mark("The smart card program answered: {answer}")
    next_text = mark("Take the card out and put it back, then run “sithsup check” to see what works now.")


class ObjectGoneError(CardError):
    """An object that was seen on the card is not there any more."""

    code = "SU-1011"
    exit_code = 4
    what_text = mark("The card has changed while the program was working.")
    why_text = mark("A key or a certificate that was on the card is not there any more.")
    next_text = mark("Close other programs that use the card, then run “sithsup check” to see what works now.")


class CardFullError(CardError):
    """The card has no room for a key or a certificate."""

    code = "SU-1012"
    exit_code = 3
    contact = Contact.DEPUTY_ISSUER
    final = True
    what_text = mark("The card is full.")
    why_text = mark("There is no room on it for the new keys and certificates.")
    next_text = mark("Ask your deputy issuer for a new card. Run “sithsup check” to see what works now.")


class NotSupportedError(CardError):
    """The module or the card cannot do this at all (no such function or mechanism)."""

    code = "SU-1013"
    exit_code = 3
    final = True
    what_text = mark("The card cannot be upgraded on this computer.")
    why_text = mark("The smart card program or the card lacks a function that is needed: {answer}")
    next_text = mark("Use another computer, one with your organisation's smart card program.")


class CardReadOnlyError(CardError):
    """The card or the module lets nothing be written."""

    code = "SU-1014"
    exit_code = 3
    final = True
    what_text = mark("Nothing can be written to this card.")
    why_text = mark("The card or the smart card program is write-protected.")
    next_text = mark("Use another computer, one with your organisation's smart card program.")


class CodeError(CardError):
    """A code. Value: `role`, as `role_text` gives it, or the token's label where the role is not known."""

    exit_code = 6
    contact = Contact.DEPUTY_ISSUER

    @property
    def shown(self) -> Mapping[str, object]:
        """The role in the person's language."""
        role = str(self.values.get("role", "-"))
        return {**self.values, "role": tr(role) if role in ROLE_TEXTS.values() else role}


class CodeIncorrectError(CodeError):
    """The code was wrong. `state` is what the card's flags say after the try."""

    code = "SU-1101"
    what_text = mark("The code was wrong.")
    why_text = mark("The card did not accept the code for {role}.")
    next_text = mark("Check which code is which and try again. After too many wrong codes the code is locked.")

    def __init__(self, detail: str = "", *, state: CodeState, **values: object) -> None:
        """Keep the state of the code after the try."""
        super().__init__(detail, **values)
        self.state = state


class CodeLockedError(CodeError):
    """The code is locked."""

    code = "SU-1102"
    what_text = mark("The code is locked.")
    why_text = mark("The code for {role} was entered wrong too many times.")
    next_text = mark("Unlock it with your PUK code in the smart card program, or order a new code. Then try again.")


class CodeNeededError(CodeError):
    """A code is needed and none was given."""

    code = "SU-1103"
    what_text = mark("A code is needed.")
    why_text = mark("No code was given for {role}.")
    next_text = mark("Have your codes at hand and begin again in a terminal, or hand the codes over with --pin-stdin.")


class LastTryError(CodeError):
    """One try is left and nobody said that it may be spent."""

    code = "SU-1104"
    what_text = mark("Only one try is left for this code.")
    why_text = mark("One more wrong code for {role} locks it, so the last try is not used without your yes.")
    next_text = mark(
        "If you are sure of the code, begin again in a terminal and answer yes. Otherwise change it with your PUK code."
    )


# ----------------------------------------------------------------------------------------- the authority


class AuthorityError(SithsupError):
    """The certification authority, or the way to it."""

    exit_code = 8


class AuthorityUnreachableError(AuthorityError):
    """No connection, no answer, or an answer that is not this protocol's (a web page)."""

    code = "SU-2001"
    what_text = mark("The certificate issuer cannot be reached.")
    why_text = mark("There is no contact with {address}.")
    next_text = mark("Check the network connection and try again. Run “sithsup check” to see what works now.")


class AuthorityBusyError(AuthorityError):
    """The authority asks to come back later. `retry_after` is in seconds, None when it did not say."""

    code = "SU-2002"
    exit_code = 5
    what_text = mark("The certificate issuer is busy.")
    why_text = mark("It asks the program to come back later.")
    next_text = mark("Try again in a while. Run “sithsup check” to see what works now.")

    def __init__(self, detail: str = "", *, retry_after: float | None = None, **values: object) -> None:
        """Keep when to come back."""
        super().__init__(detail, **values)
        self.retry_after = retry_after


class AuthorityRefusedError(AuthorityError):
    """The authority refused, in a signed message. `fail_info`: its PKIFailureInfo names (RFC 9810, section 5.2.3)."""

    code = "SU-2003"
    exit_code = 3
    contact = Contact.DEPUTY_ISSUER
    final = True
    what_text = mark("The certificate issuer refuses.")
    why_text = mark("Its reason: {reason}")
    next_text = mark("Tell your deputy issuer the reason. Run “sithsup check” to see what works now.")

    def __init__(self, detail: str = "", *, fail_info: frozenset[str] = frozenset(), **values: object) -> None:
        """Keep the authority's reasons."""
        super().__init__(detail, **values)
        self.fail_info = fail_info


class AnswerUntrustedError(AuthorityError):
    """An answer that is not protected as it must be, or does not belong to the question."""

    code = "SU-2004"
    what_text = mark("The answer from the certificate issuer cannot be trusted.")
    why_text = mark("The answer failed a check: {check}")
    next_text = mark(
        "Tell your local IT support, and try again on another network. Run “sithsup check” to see what works now."
    )


class CertificateUnsuitableError(AuthorityError):
    """The authority issued a certificate that does not belong on this card. `mismatches` says why."""

    code = "SU-2005"
    final = True
    contact = Contact.DEPUTY_ISSUER
    what_text = mark("The certificate issuer sent a certificate that does not belong on this card.")
    why_text = mark("The certificate failed a check: {check}")
    next_text = mark(
        "Contact your deputy issuer. The certificate is not used. Run “sithsup check” to see what works now."
    )

    def __init__(self, detail: str = "", *, mismatches: tuple[str, ...] = (), **values: object) -> None:
        """Keep every reason."""
        super().__init__(detail, **values)
        self.mismatches = mismatches


class TransactionUnknownError(AuthorityError):
    """The authority knows no such transaction (any more): it must be ordered again, for the same key."""

    code = "SU-2006"
    exit_code = 4
    what_text = mark("The certificate issuer no longer knows of the order.")
    why_text = mark("The order was not completed in time.")
    next_text = mark("Run “sithsup resume”: the certificates are then ordered again.")


# --------------------------------------------------------------------------------------- configuration


class ConfigurationError(SithsupError):
    """What the organisation set up."""

    exit_code = 2


class CampaignInvalidError(ConfigurationError):
    """The campaign file cannot be read or breaks a rule. Values: `path`, `place`, `problem`."""

    code = "SU-3001"
    what_text = mark("The campaign file cannot be used.")
    why_text = mark("The file {path}, at {place}: {problem}")
    next_text = mark("Ask your local IT support for a correct campaign file.")


class SettingsInvalidError(ConfigurationError):
    """A setting is missing or wrong. Values: `name`, `problem`."""

    code = "SU-3002"
    what_text = mark("A setting is missing or wrong.")
    why_text = mark("{name}: {problem}")
    next_text = mark("Correct the setting and try again.")


# --------------------------------------------------------------------------------------------- journal


class JournalError(SithsupError):
    """This computer's memory of an unfinished upgrade."""

    exit_code = 5


class JournalUnwritableError(JournalError):
    """The journal cannot be written: no permission, a full disk. Nothing is begun without it."""

    code = "SU-4001"
    what_text = mark("The program cannot save what it needs to recover from an interruption.")
    why_text = mark("{path}: {problem}")
    next_text = mark(
        "Free some disk space or correct the folder's permissions. Then run “sithsup check” to see what works now."
    )


class SecondInstanceError(JournalError):
    """Another process is at work on this card."""

    code = "SU-4002"
    what_text = mark("The program is already working on this card.")
    why_text = mark("Another window or command is busy with it.")
    next_text = mark("Wait until it is done, or close it, and try again.")


class JournalUnreadableError(JournalError):
    """The journal is damaged or of another version. It is set aside: recovery goes by the card alone."""

    code = "SU-4003"
    what_text = mark("What the program saved about the upgrade cannot be read.")
    why_text = mark("{path}: {problem}")
    next_text = mark("Move the file away and run “sithsup check”: the card itself shows how far the upgrade came.")


# --------------------------------------------------------------------------------------------- upgrade


class UpgradeError(SithsupError):
    """The upgrade itself."""

    exit_code = 4


class NotEligibleError(UpgradeError):
    """This card is not to be upgraded (now). `reasons` are names of the eligibility list (design section 7)."""

    code = "SU-5001"
    exit_code = 3
    contact = Contact.DEPUTY_ISSUER
    final = True
    what_text = mark("No upgrade was begun.")
    why_text = mark("{reason}")
    next_text = mark("Nothing on the card was changed. Contact your deputy issuer if you think that this is wrong.")

    def __init__(
        self, detail: str = "", *, reasons: tuple[str, ...] = (), exit_code: int = 3, **values: object
    ) -> None:
        """Keep the names of the reasons; a few of them end with another exit code."""
        super().__init__(detail, **values)
        self.reasons = reasons
        self.exit_code = exit_code


class PointOfNoReturnError(UpgradeError):
    """The upgrade can only be finished: the authority may already have retired the old certificates."""

    code = "SU-5002"
    what_text = mark("The upgrade can no longer be undone.")
    why_text = mark("The certificate issuer has, or may have, been told that the new certificates are in use.")
    next_text = mark("The new certificates are on the card already. If it is not finished, run “sithsup resume”.")


class StepNotSeenError(UpgradeError):
    """A step was done, yet its effect is not seen. Values: `step`."""

    code = "SU-5003"
    what_text = mark("A step of the upgrade did not have the result that it should.")
    why_text = mark("Its result cannot be seen on the card or at the certificate issuer. Name of the step: {step}")
    next_text = mark("Run “sithsup check” to see what works now.")


class ProofFailedError(UpgradeError):
    """A signature by a new key does not verify under the certificate that was read back. Values: `certificate`."""

    code = "SU-5004"
    what_text = mark("A new certificate on the card does not work.")
    why_text = mark("The test signature was wrong. Name of the certificate: {certificate}")
    next_text = mark("Run “sithsup check” to see what works now and how to go on.")


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
    what_text = mark("The upgrade was cancelled.")
    why_text = mark("You chose not to go on.")
    next_text = mark("Run “sithsup check” to see what works now, and go on when it suits you.")


class InterruptedUpgradeError(UpgradeError):
    """An upgrade of this card was begun and not finished, here or on another computer."""

    code = "SU-5007"
    what_text = mark("An upgrade of this card was interrupted.")
    why_text = mark("It was begun, on this computer or another, and not finished.")
    next_text = mark(
        "Run “sithsup resume” to finish it. Or run “sithsup restore” to go back, as long as that is possible."
    )


def leaves() -> tuple[type[SithsupError], ...]:
    """Every error that has a code of its own, and the root, whose code says that it is a bug."""
    found: list[type[SithsupError]] = [SithsupError]
    branches: list[type[SithsupError]] = [SithsupError]
    while branches:
        for kind in branches.pop().__subclasses__():
            branches.append(kind)
            if "code" in vars(kind):
                found.append(kind)
    return tuple(found)


# ------------------------------------------------------------------------------------------- case codes

CASE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
"""No character that sounds or looks like another (0 O, 1 I, U V); 31 is prime, so the check finds every slip."""


def new_case_code() -> str:
    """A fresh case code: seven random characters and a check character, to be read out over the phone."""
    body = "".join(secrets.choice(CASE_ALPHABET) for _ in range(7))
    return body + _check_character(body)


def is_case_code(text: str) -> bool:
    """Whether a code that somebody read out is a real one: finds any wrong character and any swapped neighbours."""
    text = text.strip().upper()
    known = len(text) == 8 and set(text) <= set(CASE_ALPHABET)  # noqa: PLR2004  seven and the check
    return known and _check_character(text[:7]) == text[7]


def _check_character(body: str) -> str:
    """Weights 8 to 2 for the body and 1 for the check make the whole sum 0 (mod 31)."""
    total = sum((8 - position) * CASE_ALPHABET.index(char) for position, char in enumerate(body))
    return CASE_ALPHABET[-total % 31]
