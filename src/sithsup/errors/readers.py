"""Readers, the system's service for them, and how a card sits in one; a card that is not as it should be."""

from __future__ import annotations

from sithsup.errors.base import Contact
from sithsup.errors.card import CardError, NoReaderError
from sithsup.texts import mark, tr


class CardServiceStoppedError(CardError):
    """The system's smart card service (PC/SC) does not run. Value: `answer`, the system's own."""

    code = "SU-1015"
    what_text = mark("The smart card service of this computer is not running.")
    why_text = mark("Without it no card reader can be used. The system answered: {answer}")
    next_text = mark(
        "Connect the card reader and restart the computer. If that does not help, ask your local IT support to start "
        "the smart card service."
    )


class CardServiceMissingError(CardServiceStoppedError):
    """There is no such service. Value: `library`, what is missing."""

    what_text = mark("The smart card service is not installed on this computer.")
    why_text = mark("Without it no card reader can be used. The library {library} is missing.")
    next_text = mark("Ask your local IT support to install it, or use another computer.")


class CardServiceHungError(CardError):
    """The service did not answer within its time. Value: `seconds`."""

    code = "SU-1016"
    what_text = mark("The smart card service of this computer does not answer.")
    why_text = mark("It gave no answer in {seconds} seconds. A card reader or its driver may have stopped working.")
    next_text = mark("Unplug the card reader and plug it in again. If that does not help, restart the computer.")


class CardServiceDeniedError(CardError):
    """The service lets this account use no reader. Value: `answer`."""

    code = "SU-1017"
    what_text = mark("You are not allowed to use the card readers of this computer.")
    why_text = mark("The system answered: {answer}. It often refuses whoever works from another computer.")
    next_text = mark("Log in at the computer itself, or ask your local IT support.")


class ReaderHiddenError(NoReaderError):
    """In a remote session no reader is seen."""

    what_text = mark("No card reader is seen in this remote session.")
    why_text = mark("You are working on another computer, and the connection to it does not pass on your card reader.")
    next_text = mark(
        "Run the program on the computer that the card reader is connected to, or ask your local IT support to let the "
        "connection pass on smart cards."
    )


class CardMuteError(CardError):
    """A card is in a reader and does not answer. Value: `reader`."""

    code = "SU-1018"
    contact = Contact.DEPUTY_ISSUER
    what_text = mark("The card in the reader does not answer.")
    why_text = mark(
        "There is a card in {reader}, but it is the wrong way round or not all the way in, or its chip is dirty or "
        "broken."
    )
    next_text = mark(
        "Take the card out and wipe its chip with a soft cloth. Put it in with the chip up, in the direction of the "
        "arrow, all the way in. If that does not help in another card reader either, ask your deputy issuer for a new "
        "card."
    )


class CardHeldError(CardError):
    """Another program keeps the card to itself. Values: `reader`; `programs`, empty where nobody can tell."""

    code = "SU-1019"
    what_text = mark("Another program is using the card.")
    why_text = mark("A program keeps the card in {reader} to itself. These programs use smart cards now: {programs}")
    bare_text = mark("A program keeps the card in {reader} to itself. The computer does not tell which one.")
    next_text = "{close_others}"

    @property
    def why(self) -> str:
        """Which programs may be meant, where that is known."""
        return tr(self.why_text if self.values.get("programs") else self.bare_text, **self.shown)


class CardUnknownError(CardError):
    """A card answers in its reader, and the module shows no token. Value: `reader`."""

    code = "SU-1020"
    what_text = mark("The smart card program does not know the card.")
    why_text = mark(
        "There is a card in {reader}, but it is of another kind, or the smart card program is too old for it."
    )
    next_text = mark(
        "Check that it is the right card. If it is, ask your local IT support for a newer smart card program."
    )


class KeyMissingError(CardError):
    """A certificate on the card whose key is not there. Values: `issuer`, `role`."""

    code = "SU-1022"
    contact = Contact.DEPUTY_ISSUER
    what_text = mark("A certificate on the card lacks its key.")
    why_text = mark("The card has a certificate for {role} from {issuer}, and does not show its key.")
    next_text = mark("{see} If you cannot log in with the card, contact your deputy issuer.")


class PairIncompleteError(CardError):
    """Of the two certificates that an issuer gives, the card has one. Values: `issuer`, `role`, `missing`."""

    code = "SU-1023"
    contact = Contact.DEPUTY_ISSUER
    what_text = mark("A pair of certificates on the card is not complete.")
    why_text = mark("The card has a certificate for {role} from {issuer}, and none for {missing}.")
    next_text = mark("{see_and_go_on} If that does not help, contact your deputy issuer.")
