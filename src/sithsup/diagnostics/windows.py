"""What is asked of Windows, and of no other system. Only reading; what cannot be found out is None.

What stands in `WindowsHere` has not been run on Windows, and is the thinnest part of it all.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import NamedTuple, Protocol


class Hive(StrEnum):
    """The root of a key of the registry."""

    USER = "HKEY_CURRENT_USER"
    MACHINE = "HKEY_LOCAL_MACHINE"


class Service(NamedTuple):
    """A service, in the words of psutil: `running`, `stopped`; `automatic`, `manual`, `disabled`."""

    status: str
    start_type: str


class PowerSetting(NamedTuple):
    """A setting of the power plan in force, by its subgroup and its own GUID (powrprof.h)."""

    group: str
    name: str


class Windows(Protocol):
    """The questions."""

    def value(self, hive: Hive, key: str, name: str) -> object:
        """A value of the registry."""
        ...

    def service(self, name: str) -> Service | None:
        """How a service is."""
        ...

    def certificates(self) -> tuple[bytes, ...]:
        """The certificates in the account's store of its own (“MY”), DER."""
        ...

    def session_protocol(self) -> int | None:
        """How the screen is reached: WTSClientProtocolType."""
        ...

    def power(self, setting: PowerSetting) -> tuple[int, int] | None:
        """A setting's value when the computer is plugged in, and on its battery."""
        ...


if sys.platform == "win32":
    import ctypes
    import ssl
    import uuid
    import winreg
    from contextlib import suppress

    import psutil

    _THIS_SESSION, _CLIENT_PROTOCOL = -1, 16

    class WindowsHere:
        """Windows itself."""

        def value(self, hive: Hive, key: str, name: str) -> object:
            """Read the registry, in the view of 64-bit programs."""
            with (
                suppress(OSError),
                winreg.OpenKey(getattr(winreg, hive), key, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as opened,
            ):
                return winreg.QueryValueEx(opened, name)[0]
            return None

        def service(self, name: str) -> Service | None:
            """Ask the service manager."""
            with suppress(psutil.Error, OSError):
                found = psutil.win_service_get(name)
                return Service(found.status(), found.start_type())
            return None

        def certificates(self) -> tuple[bytes, ...]:
            """Read the store."""
            return tuple(der for der, encoding, _ in ssl.enum_certificates("MY") if encoding == "x509_asn")

        def session_protocol(self) -> int | None:
            """Ask the terminal services."""
            answer, length = ctypes.c_void_p(), ctypes.c_ulong()
            terminal = ctypes.WinDLL("wtsapi32")
            found = terminal.WTSQuerySessionInformationW(
                None, _THIS_SESSION, _CLIENT_PROTOCOL, ctypes.byref(answer), ctypes.byref(length)
            )
            if not found:
                return None
            protocol = int(ctypes.cast(answer, ctypes.POINTER(ctypes.c_ushort))[0])
            terminal.WTSFreeMemory(answer)
            return protocol

        def power(self, setting: PowerSetting) -> tuple[int, int] | None:
            """Ask the plan in force."""
            library, plan = ctypes.WinDLL("powrprof"), ctypes.c_void_p()
            if library.PowerGetActiveScheme(None, ctypes.byref(plan)):
                return None
            group, name = (uuid.UUID(each).bytes_le for each in setting)
            plugged_in, battery = ctypes.c_ulong(), ctypes.c_ulong()
            is_unknown = library.PowerReadACValueIndex(
                None, plan, group, name, ctypes.byref(plugged_in)
            ) or library.PowerReadDCValueIndex(None, plan, group, name, ctypes.byref(battery))
            ctypes.WinDLL("kernel32").LocalFree(plan)
            return None if is_unknown else (plugged_in.value, battery.value)

    def here() -> Windows | None:
        """The real one; None on any other system."""
        return WindowsHere()

else:

    def here() -> Windows | None:
        """The real one; None on any other system."""
        return None
