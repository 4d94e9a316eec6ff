"""Stands between this program and the binding, and tells of every call what may be told. In the card process alone.

What may be told is a list by the names of the binding's own parameters. What is not on it, such as `pin`, `OldPin`,
`NewPin` or the label of a token, is handed through untouched: not its length, not its kind is looked at. Of data and
signatures the length is told, of an object's attributes the names and lengths, and of four that name neither a person
nor a key's value (class, kind of key, bits, and the id by its hash) what they are.
"""

from __future__ import annotations

import sys
from functools import partial
from inspect import signature
from time import perf_counter
from typing import TYPE_CHECKING, Any

from sithsup.card.call import Call
from sithsup.card.native import name_of
from sithsup.model import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Tell = Callable[[Call], None]
    Look = Callable[[Any], str | int]

LOADING = {"Load": "C_Initialize", "Unload": "C_Finalize"}
"""What the binding does besides, by names of its own."""
NOT_KNOWN = "not known"
"""The return code of C_Finalize: the binding keeps it to itself."""


class Traffic:
    """The binding's library with somebody who listens."""

    def __init__(self, library: Any, tell: Tell) -> None:
        """Tell of each call twice: when it begins, for it may never end, and when it has ended."""
        self._library, self._tell = library, tell

    def __getattr__(self, name: str) -> Any:
        """A function of the library, which is told of; whatever else the binding asks for, as it is."""
        found = getattr(self._library, name)
        called = LOADING.get(name, name)
        return partial(self._call, called, found) if called.startswith("C_") else found

    def _call(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        named = dict(zip(signature(function).parameters, arguments, strict=False))
        facts = _seen(named, GIVEN)
        self._tell(Call(name, facts))
        began = perf_counter()
        answer = function(*arguments)
        seconds = perf_counter() - began
        code = NOT_KNOWN if isinstance(answer, bool) else name_of(answer)
        self._tell(Call(name, {**facts, **_seen(named, RETURNED)}, code, seconds))
        return answer


def _seen(named: Mapping[str, Any], may_be_told: Mapping[str, tuple[str, Look]]) -> dict[str, str | int]:
    return {name: look(named[each]) for each, (name, look) in may_be_told.items() if each in named}


# ----------------------------------------------------------------------------------------- what may be told


def _handle(handle: Any) -> int:
    return int(handle.value())


def _name(prefix: str, value: int) -> str:
    """Of a constant; a vendor's own is told by its number."""
    name = name_of(value, prefix)
    return f"{prefix}_0x{value:X}" if name == "unknown" else name


def _mechanism(mechanism: Any) -> str:
    return _name("CKM", mechanism.mechanism)


def _flags(info: Any) -> str:
    return hex(info.flags)


def _attributes(template: Any) -> str:
    return ",".join(_attribute(template[place]) for place in range(len(template)))  # to iterate is to copy each


def _attribute(attribute: Any) -> str:
    name = _name("CKA", attribute.GetType())
    size, show = attribute.GetLen(), SHOWN.get(name)
    return f"{name}={show(bytes(attribute.GetBin()))}" if size and show else f"{name}({size})"


def _number(content: bytes) -> int:
    return int.from_bytes(content, sys.byteorder)


SHOWN: Mapping[str, Callable[[bytes], str]] = {
    "CKA_CLASS": lambda content: _name("CKO", _number(content)),
    "CKA_KEY_TYPE": lambda content: _name("CKK", _number(content)),
    "CKA_MODULUS_BITS": lambda content: str(_number(content)),
    "CKA_ID": lambda content: f"#{digest(content)}",
}
"""The attributes that are shown. Of all others the length is: 0 where the object does not have it."""

GIVEN: Mapping[str, tuple[str, Look]] = {
    "slotID": ("slot", int),
    "hSession": ("session", _handle),
    "hObject": ("object", _handle),
    "hKey": ("key", _handle),
    "userType": ("user", partial(_name, "CKU")),
    "flags": ("flags", hex),
    "pMechanism": ("mechanism", _mechanism),
    "type": ("mechanism", partial(_name, "CKM")),
    "inData": ("data_bytes", len),
}
RETURNED: Mapping[str, tuple[str, Look]] = {
    "outhSession": ("session", _handle),
    "outhObject": ("object", _handle),
    "outhPublicKey": ("public_key", _handle),
    "outhPrivateKey": ("private_key", _handle),
    "slotList": ("slots", len),
    "objectsList": ("objects", len),
    "mechanismList": ("mechanisms", len),
    "outSignature": ("signature_bytes", len),
    "pInfo": ("flags", _flags),
    "Template": ("attributes", _attributes),
    "PublicKeyTemplate": ("public_attributes", _attributes),
    "PrivateKeyTemplate": ("private_attributes", _attributes),
}
"""By the binding's parameter: what it is called in the log, and how it is looked at."""
