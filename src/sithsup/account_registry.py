"""What the program writes into the registry of Windows, for the account that runs it: under HKEY_CURRENT_USER.

What stands here has been run on a stand-in for the registry, and under Wine; never on Windows.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class AccountRegistry(Protocol):
    """What is asked of it."""

    def write(self, key: str, values: Mapping[str, str | int]) -> None:
        """Write values under a key, which is made where it is not there: texts as REG_SZ, numbers as REG_DWORD.

        Raises OSError.
        """
        ...


if sys.platform == "win32":
    import winreg

    class WindowsAccountRegistry:
        """The real one."""

        def write(self, key: str, values: Mapping[str, str | int]) -> None:
            """Write one value after the other."""
            with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE) as opened:
                for name, value in values.items():
                    kind = winreg.REG_DWORD if isinstance(value, int) else winreg.REG_SZ
                    winreg.SetValueEx(opened, name, 0, kind, value)


def of_this_account() -> AccountRegistry | None:
    """Give the real one, where the system has any."""
    if sys.platform == "win32":
        return WindowsAccountRegistry()
    return None
