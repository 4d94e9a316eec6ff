"""Why each reason and each warning comes about, and what to do: for whoever helps, beside the words of its row."""

from __future__ import annotations

from typing import NamedTuple

from sithsup.texts import mark


class Explained(NamedTuple):
    """Message ids."""

    cause: str
    remedy: str


NOTHING = mark("Nothing needs to be done.")
NEW_CARD = mark("Order a new card from your deputy issuer.")

REASONS = {
    "SPARE_CARD": Explained(
        mark("The card's number or its certificates tell that it is a spare card."),
        mark("Use your ordinary card. If you have none, ask your deputy issuer."),
    ),
    "FOREIGN_ISSUER": Explained(
        mark("The card is from another issuer, or of a kind that the campaign does not know."),
        mark("Put in your SITHS card. If you have no other card than this one, ask your deputy issuer."),
    ),
    "NOT_HANDED_OUT": Explained(
        mark("The card has nobody's certificates yet, or the certificate issuer has not been told that you have it."),
        mark("Ask your deputy issuer to register that the card was handed out, and try again."),
    ),
    "ALREADY_UPGRADED": Explained(mark("The new certificates are on the card, which had others before."), NOTHING),
    "NO_NEED": Explained(
        mark("The card was made with the new certificates, or shows no more that it had others before."), NOTHING
    ),
    "CARD_NUMBERS_DISAGREE": Explained(
        mark("At least one of the certificates was made for another card."),
        mark("Contact your deputy issuer, who can see which of them belong to the card."),
    ),
    "CARD_REVOKED": Explained(
        mark("The certificate issuer says that the old certificate for authentication is revoked."), NEW_CARD
    ),
    "CLOCK_WRONG": Explained(
        mark("It differs by more than a few minutes from the certificate issuer's time, which is the one that counts."),
        mark("Have your local IT support set date, time and time zone right, and try again."),
    ),
    "WINDOW_NOT_OPEN": Explained(
        mark("The time for the upgrade has not begun yet, for everybody or for just this card."),
        mark("Wait until the day that the message tells, and try again."),
    ),
    "WINDOW_CLOSED": Explained(
        mark("The last day for beginning an upgrade is past. What was begun before can be finished all the same."),
        NEW_CARD,
    ),
    "CARD_EXPIRED": Explained(
        mark("The old certificate for authentication has expired, and without it nothing can be ordered."), NEW_CARD
    ),
    "PAUSED": Explained(
        mark("Whoever is in charge of the upgrade lets nobody begin for a while. What was begun can be finished."),
        mark("Try again later. Your deputy issuer knows when."),
    ),
    "PROGRAM_TOO_OLD": Explained(
        mark("Whoever is in charge of the upgrade asks for a newer version of this program."),
        mark("Have your local IT support update the program, or use another computer."),
    ),
    "MIDDLEWARE_TOO_OLD": Explained(
        mark("Whoever is in charge of the upgrade asks for a newer version of the smart card program."),
        mark("Have your local IT support update the smart card program, or use another computer."),
    ),
    "PIN_LOCKED": Explained(
        mark("The code was entered wrong too many times, or it was never chosen."),
        mark(
            "Unlock it with your PUK code. If you have no PUK code, or the code was never chosen, ask your deputy "
            "issuer."
        ),
    ),
    "READ_ONLY": Explained(
        mark("The card or the smart card program is write-protected, or does not let go of the old certificates."),
        mark(
            "Use another computer, one with your organisation's smart card program. If that does not help, order a new "
            "card from your deputy issuer."
        ),
    ),
    "MECHANISM_MISSING": Explained(
        mark("The new keys are of a kind that the card, or the smart card program on this computer, cannot make."),
        mark(
            "Use another computer, one with your organisation's smart card program. If that does not help, order a new "
            "card from your deputy issuer."
        ),
    ),
    "CARD_FULL": Explained(mark("The card itself tells how much room it has, and that is too little."), NEW_CARD),
    "NOT_IN_HSA": Explained(
        mark("The certificate issuer says so. Only it can tell."),
        mark("Ask your deputy issuer to see to it that you are in the HSA directory, and try again."),
    ),
    "PROTECTED_IDENTITY": Explained(
        mark("The certificate issuer does not let this card be upgraded anywhere else."),
        mark("Make an appointment with your deputy issuer, and take the card with you."),
    ),
    "NOT_AUTHORIZED": Explained(
        mark("The certificate issuer says so. Only it can tell why."),
        mark("Contact your deputy issuer, who can ask the certificate issuer."),
    ),
}
WARNINGS = {
    "JOURNAL_UNWRITABLE": Explained(
        mark("The disk is full, or this account may not write in the folder."),
        mark("Free some disk space, or have your local IT support correct the folder's permissions. Then try again."),
    ),
    "AUTHORITY_UNREACHABLE": Explained(
        mark("The computer's network does not reach it, or its server does not answer."),
        mark("Check the network connection, try another network, or try again later."),
    ),
    "LOCKS_UNUSABLE": Explained(
        mark("The folder in which the accounts of this computer see one another is missing, or cannot be used."),
        mark("You may go on. Have your local IT support correct the folder."),
    ),
    "CLOCK_DOUBTFUL": Explained(
        mark("A server told another time than the computer's. Nobody has signed that, so it stops nothing."),
        mark("You may go on. Have your local IT support look at date, time and time zone."),
    ),
    "BATTERY_LOW": Explained(
        mark("The computer is not plugged in, and might go out in the middle of the upgrade."),
        mark("Plug the computer in, and go on."),
    ),
    "CARD_EXPIRES_SOON": Explained(
        mark("The old certificates expire within a few weeks."),
        mark("You may go on. Ask your deputy issuer whether you are to have a new card instead."),
    ),
    "OLD_EXPIRED": Explained(
        mark("They expired after the upgrade was begun."),
        mark("Go on. If the card is put back, order a new one from your deputy issuer."),
    ),
    "ROOT_NOT_TRUSTED": Explained(
        mark("The new issuer's root certificate is not among those that the computer trusts."),
        mark("You may go on. Have your local IT support install the root certificate."),
    ),
    "AD_MAPPING_NOT_READY": Explained(
        mark("Whoever is in charge of the upgrade says that Active Directory does not know the new certificates yet."),
        mark("Ask your local IT support before you begin how you will log in afterwards."),
    ),
    "ROOM_UNKNOWN": Explained(mark("Most cards do not tell. It is found out when the card is written to."), NOTHING),
    "OLD_NOT_MODIFIABLE": Explained(
        mark("The smart card program shows them as such."),
        mark("You may go on. If they cannot be removed you are told so, and the new ones work all the same."),
    ),
}
EXPLAINED = {**REASONS, **WARNINGS}
"""By the name of the reason or of the warning."""
