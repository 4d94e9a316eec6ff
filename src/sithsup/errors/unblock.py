"""What may go wrong when a locked code gets a new value by means of a PUK code."""

from __future__ import annotations

from sithsup.errors.base import Contact
from sithsup.errors.card import CodeError, CodeNeededError
from sithsup.model import CodeState
from sithsup.texts import mark, tr


class PukIncorrectError(CodeError):
    """The PUK code was wrong. `state` is what the card's flags say of it after the try; many never tell."""

    code = "SU-1105"
    what_text = mark("The PUK code was wrong.")
    why_text = mark("The card did not accept the PUK code for {role}. The code is not changed.")
    bare_text = mark("The card did not accept the PUK code. The code is not changed.")
    next_text = mark(
        "Check that it is the PUK code of this card and of this code, and try again. After too many wrong PUK codes "
        "the code can never be unlocked again."
    )
    last_text = mark(
        "Only one try is left. If that is wrong too, the code can never be unlocked again. If you are not sure of the "
        "PUK code, do not try again: ask your deputy issuer."
    )
    other_texts = (last_text,)

    def __init__(self, detail: str = "", *, state: CodeState, **values: object) -> None:
        """Keep the state of the PUK code after the try."""
        super().__init__(detail, **values)
        self.state = state

    @property
    def next_step(self) -> str:
        """What to do, and whether it is the last try, as far as the card tells."""
        return tr(self.last_text if self.state is CodeState.FINAL_TRY else self.next_text)


class PukLockedError(CodeError):
    """The PUK code is locked: nothing unlocks this code any more."""

    code = "SU-1106"
    what_text = mark("The PUK code is locked.")
    why_text = mark("It was entered wrong too many times. The code for {role} can never be unlocked again.")
    bare_text = mark("It was entered wrong too many times. The code can never be unlocked again.")
    next_text = mark("Order a new card from your deputy issuer.")


class PukLastTryError(CodeError):
    """One try of the PUK code is left and nobody said that it may be spent."""

    code = "SU-1107"
    what_text = mark("Only one try is left for the PUK code.")
    why_text = mark(
        "If it is wrong, the code for {role} can never be unlocked again, so the last try is not used without your yes."
    )
    bare_text = mark("If it is wrong, the code can never be unlocked again, so it is not tried without your yes.")
    next_text = mark("{spend_last_puk} Else ask your deputy issuer.")


class UnblockElsewhereError(CodeError):
    """No way is known of this module that costs no try. Values: `program`, as the module introduces itself."""

    code = "SU-1108"
    contact = Contact.LOCAL_IT
    what_text = mark("The code cannot be unlocked here.")
    why_text = mark("How {program} unlocks codes is not known to this program, and no try is risked. Nothing was sent.")
    bare_text = why_text
    next_text = mark(
        "Open your organisation's smart card program ({program}) and choose “Lås upp säkerhetskod”, or what it calls "
        "that. Then try again."
    )


class UnblockOnPadError(UnblockElsewhereError):
    """The same of a reader on which codes are typed: no try was ever made of one that unlocks."""

    why_text = mark(
        "The reader has a keypad of its own. How a code is unlocked on it is not known to this program, and no try is "
        "risked. Nothing was sent."
    )
    bare_text = why_text


class UnblockRefusedError(CodeError):
    """The module did not do it and does not tell why. Values: `answer`."""

    code = "SU-1109"
    what_text = mark("The code could not be unlocked.")
    why_text = mark("The smart card program answered {answer}, and the code for {role} is still locked.")
    bare_text = mark("The smart card program answered {answer}, and the code is still locked.")
    next_text = mark(
        "Either the PUK code is locked too, or the smart card program is not set up to unlock codes. Ask your deputy "
        "issuer before you try again."
    )


class CodeUnsuitableError(CodeError):
    """A new code that no card should get. Values: `shortest`, `longest`. Nothing was sent."""

    code = "SU-1110"
    contact = None
    what_text = mark("The new code cannot be used.")
    why_text = mark("A code has {shortest} to {longest} digits, and nothing but digits. Nothing was sent to the card.")
    bare_text = why_text
    next_text = mark("Choose another one and try again.")


class CodeNotLockedError(CodeError):
    """There is nothing to unlock: all is well."""

    code = "SU-1111"
    exit_code = 0
    contact = None
    what_text = mark("The code is not locked.")
    why_text = mark("The PUK code is tried on a locked code only. Nothing was sent to the card.")
    bare_text = why_text
    next_text = mark("Nothing needs to be unlocked. Whoever has forgotten it changes it in the smart card program.")


class CodeChoiceError(CodeError):
    """Several codes, and no choice was made."""

    code = "SU-1112"
    exit_code = 2
    contact = None
    what_text = mark("It is not said which code is meant.")
    why_text = mark("The card has one code for authentication and one for signature. Nothing was sent to it.")
    bare_text = why_text
    next_text = "{choose_code}"


class PukNeededError(CodeNeededError):
    """A PUK code is needed, or a new code, and none was given."""

    contact = Contact.DEPUTY_ISSUER
    what_text = mark("The PUK code and a new code are needed.")
    why_text = mark("None was given for {role}. Nothing was sent to the card.")
    bare_text = mark("None was given. Nothing was sent to the card.")
    next_text = "{give_puk}"


class PukNotReadError(PukNeededError):
    """The same, said to whoever runs the program from a script: its standard input is no terminal."""

    next_text = "{hand_over_puk}"
