"""This computer, as far as it is in an upgrade's way: what its own system is set up to do."""

from __future__ import annotations

from sithsup.errors.base import SithsupError
from sithsup.texts import mark


class ComputerError(SithsupError):
    """This computer's system."""

    exit_code = 7


class ServiceDisabledError(ComputerError):
    """A service of Windows that cards need may not start. Values: `service`, its short name."""

    code = "SU-6001"
    what_text = mark("The Windows service for smart cards is turned off.")
    why_text = mark("Without it no program can reach a reader. What Windows calls it: {service}")
    next_text = mark("Ask your local IT support to let the service start.")


class CertificatesLeftError(ComputerError):
    """Windows has kept certificates whose card is in no reader. Values: `count`."""

    code = "SU-6002"
    what_text = mark("Windows has kept certificates of other cards, or from before an upgrade.")
    why_text = mark("So many belong to no card in a reader: {count}. Windows may offer them when somebody logs in.")
    next_text = mark(
        "When you log in, choose the certificate of the card that you use. Your local IT support can remove the others."
    )
