"""The card, its reader, its module and its codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sithsup.errors.base import Contact, SithsupError
from sithsup.model import CodeState, KeyRole
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class CardError(SithsupError):
    """The card, its reader or its module."""

    exit_code = 7

    @property
    def logged(self) -> Mapping[str, object]:
        """Without numbers of cards, and without the label of a token, which may be called like its holder."""
        values = self.values.items()
        return {n: v for n, v in values if n != "cards" and (n != "role" or v in ROLE_TEXTS.values())}


class NoModuleError(CardError):
    """No PKCS#11 module was found where this system keeps them."""

    code = "SU-1001"
    what_text = mark("There is no program for smart cards on this computer.")
    why_text = mark("No PKCS#11 module was found in: {places}")
    next_text = mark(
        "Have your local IT support install your organisation's smart card program (such as Net iD), or use another "
        "computer."
    )


class ModuleBrokenError(CardError):
    """The module's file is not a library, cannot be loaded, or cannot be initialised."""

    code = "SU-1002"
    what_text = mark("The smart card program on this computer does not work.")
    why_text = mark("The file {path} is not a working PKCS#11 module.")
    next_text = mark("Have your local IT support install the smart card program again, or use another computer.")


class ModuleCrashesError(ModuleBrokenError):
    """The module takes its process along while it is loaded. Value: `path`."""

    why_text = mark("The file {path} crashes as soon as it is loaded.")


class ModuleOfOtherKindError(ModuleBrokenError):
    """The module is made for another processor or system. Values: `path`, `theirs`, `ours`."""

    code = "SU-1021"
    what_text = mark("The smart card program on this computer is of the wrong kind.")
    why_text = mark("The file {path} is made for {theirs}, but this program needs one for {ours}.")
    next_text = mark("Ask your local IT support for the smart card program for {ours}, or use another computer.")


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
    next_text = mark(
        "Put the card in with the chip up, in the direction of the arrow, and try again. If that does not help, try "
        "another card reader."
    )


class NoSuchReaderError(NoReaderError):
    """No reader with a card has the name that was given. Values: `cards`, those that are there."""

    what_text = mark("There is no card in a reader with that name.")
    why_text = mark("These cards are there: {cards}")
    next_text = "{choose_or_put}"


class NoSuchCardError(NoCardError):
    """No card has the number that was given. Values: `cards`, those that are there."""

    what_text = mark("There is no card with that number.")
    why_text = mark("These cards are there: {cards}")
    next_text = "{choose_or_put}"


class CardChoiceError(CardError):
    """Several cards, and no choice was made. Values: `cards`, a list to choose from."""

    code = "SU-1005"
    exit_code = 2
    what_text = mark("There are several cards: {cards}")
    why_text = mark("The program must know which card is meant.")
    next_text = "{take_out_or_choose}"


class CardRemovedError(CardError):
    """The card is gone, or the reader is."""

    code = "SU-1006"
    exit_code = 4
    what_text = mark("Contact with the card was lost.")
    why_text = mark("The card was taken out or lay loose in the reader, or the reader lost its power.")
    next_text = "{put_back}"


class ModuleHungError(CardError):
    """The module did not answer within its time; its process was ended."""

    code = "SU-1007"
    exit_code = 4
    what_text = mark("The card does not answer.")
    why_text = mark("The smart card program did not answer within {seconds} seconds.")
    next_text = "{put_in_anew}"


class ModuleNotStartingError(ModuleHungError):
    """The module did not come to an end of loading. Values: `path`, `seconds`."""

    what_text = mark("The smart card program on this computer does not start.")
    why_text = mark("The file {path} was not loaded within {seconds} seconds.")
    next_text = mark(
        "Take the card out and try again. If that does not help, restart the computer, or have your local IT support "
        "install the smart card program again."
    )


class ModuleCrashedError(CardError):
    """The process that holds the module ended without an answer."""

    code = "SU-1008"
    exit_code = 4
    what_text = mark("The smart card program on this computer stopped working.")
    why_text = mark("It ended while it was working with the card.")
    next_text = "{put_in_anew}"


class OtherCardError(CardError):
    """The card in the reader is not the one that was begun with."""

    code = "SU-1009"
    what_text = mark("This is another card.")
    why_text = mark("The card in the reader is not the one that the program is working on.")
    next_text = mark("Put back the card that you began with. No code was tried on this one.")


class OtherCardMeantError(OtherCardError):
    """Nothing was begun on this card, and another one waits to be finished or undone. Values: `card`, `waiting`."""

    contact = None
    why_text = mark(
        "An upgrade of another card was begun on this computer and not finished: {waiting}. Nothing was begun on the "
        "card in the reader, {card}."
    )
    next_text = mark("{put_other} No code was tried on this one.")


class ModuleRefusedError(CardError):
    """The module answered a call with an error that has no leaf of its own. The detail names it, with its number."""

    code = "SU-1010"
    exit_code = 4
    what_text = mark("The card could not do what it was asked to.")
    why_text = mark("The smart card program answered: {answer}")
    next_text = "{put_in_anew_and_see}"


class ObjectGoneError(CardError):
    """An object that was seen on the card is not there any more."""

    code = "SU-1011"
    exit_code = 4
    what_text = mark("The card has changed while the program was working.")
    why_text = mark("A key or a certificate that was on the card is not there any more.")
    next_text = "{close_others}"


class CardFullError(CardError):
    """The card has no room for a key or a certificate."""

    code = "SU-1012"
    exit_code = 3
    contact = Contact.DEPUTY_ISSUER
    final = True
    what_text = mark("The card is full.")
    why_text = mark("There is no room on it for the new keys and certificates.")
    next_text = mark("Ask your deputy issuer for a new card. {see}")


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


class CodeError(CardError):
    """A code. Value: `role`, as `role_text` gives it, or the token's label where the role is not known."""

    exit_code = 6
    contact: Contact | None = Contact.DEPUTY_ISSUER
    bare_text: ClassVar[str]
    """Why, where the role is not known."""

    @property
    def shown(self) -> Mapping[str, object]:
        """The role in the person's language."""
        return {**self.values, "role": tr(str(self.values.get("role", "-")))}

    @property
    def why(self) -> str:
        """Why; a token's label is nobody's name of a code."""
        return super().why if self.values.get("role") in ROLE_TEXTS.values() else tr(self.bare_text)


class CodeIncorrectError(CodeError):
    """The code was wrong. `state` is what the card's flags say after the try."""

    code = "SU-1101"
    what_text = mark("The code was wrong.")
    why_text = mark("The card did not accept the code for {role}.")
    bare_text = mark("The card did not accept the code.")
    next_text = mark("Check which code is which and try again. After too many wrong codes the code is locked.")
    few_text = mark("Few tries are left before the code is locked. Check which code is which and try again.")
    last_text = mark(
        "Only one try is left before the code is locked. If you are not sure of the code, do not try again: change it "
        "with your PUK code in the smart card program, or ask your deputy issuer."
    )
    locked_text = mark("The code is locked now. Unlock it with your PUK code, or order a new code. Then try again.")
    other_texts: ClassVar[tuple[str, ...]] = (few_text, last_text, locked_text)

    def __init__(self, detail: str = "", *, state: CodeState, **values: object) -> None:
        """Keep the state of the code after the try."""
        super().__init__(detail, **values)
        self.state = state

    @property
    def next_step(self) -> str:
        """What to do, and how many tries are left as far as the card tells."""
        texts = {
            CodeState.COUNT_LOW: self.few_text,
            CodeState.FINAL_TRY: self.last_text,
            CodeState.LOCKED: self.locked_text,
        }
        return tr(texts.get(self.state, self.next_text))


class CodeLengthError(CodeIncorrectError):
    """What was given is too short or too long to be the right code, and was not sent."""

    why_text = mark("It is too short or too long to be the code for {role}. It was not sent, and no try was used.")
    bare_text = mark("It is too short or too long. It was not sent, and no try was used.")
    next_text = mark("Check which code is which and try again.")
    other_texts = ()

    @property
    def next_step(self) -> str:
        """What to do; no try is gone."""
        return tr(self.next_text)


class CodeLockedError(CodeError):
    """The code is locked."""

    code = "SU-1102"
    what_text = mark("The code is locked.")
    why_text = mark("The code for {role} was entered wrong too many times.")
    bare_text = mark("It was entered wrong too many times.")
    next_text = mark("Unlock it with your PUK code, or order a new code. Then try again.")


class CodeNeededError(CodeError):
    """A code is needed and none was given."""

    code = "SU-1103"
    what_text = mark("A code is needed.")
    why_text = mark("No code was given for {role}.")
    bare_text = mark("No code was given.")
    next_text = "{give_codes}"


class CodeNotReadError(CodeNeededError):
    """The same, said to whoever runs the program from a script: its standard input is no terminal."""

    next_text = "{hand_over_codes}"


class LastTryError(CodeError):
    """One try is left and nobody said that it may be spent."""

    code = "SU-1104"
    what_text = mark("Only one try is left for this code.")
    bare_text = mark("One more wrong code locks it, so the last try is not used without your yes.")
    why_text = mark("One more wrong code for {role} locks it, so the last try is not used without your yes.")
    next_text = mark("{spend_last_try} Otherwise change it with your PUK code.")
