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
    why_text = mark("The service {service} is disabled, and without it no program can reach a reader.")
    next_text = mark("Ask your local IT support to let the service start.")
