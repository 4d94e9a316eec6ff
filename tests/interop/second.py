"""A second reader and writer of CMP, which nobody here wrote: pyasn1 with the modules of RFC 9480 and RFC 9810."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asn1crypto import core
from pyasn1.codec.der import decoder, encoder
from pyasn1.type import char, univ, useful
from pyasn1_alt_modules import rfc9480, rfc9810

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = {"rfc9480": rfc9480, "rfc9810": rfc9810}
OURS = ("sithsup.ca.cmp_asn1", "sithsup.ca.crmf_asn1")


def decode(der: bytes, spec: Any) -> Any:
    """Read DER as `spec`, down to what an OID tells the type of; nothing may be left over."""
    value, rest = decoder.decode(der, asn1Spec=spec, decodeOpenTypes=True)
    assert rest == b""
    return value


def encode(value: Any) -> bytes:
    return bytes(encoder.encode(value))


def leaves(ours: Any, theirs: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Walk two readings of one message side by side, by the names of the fields; gives what each holds at each place.

    Only structures that are declared here are walked; below them (names, certificates, keys) bytes are compared.
    """
    if type(ours).__module__ not in OURS or isinstance(ours, core.Primitive | core.ObjectIdentifier):
        yield path, *_leaf(ours, theirs)
    elif isinstance(ours, core.Choice):
        yield f"{path} CHOICE", ours.name, theirs.getName()
        yield from leaves(ours.chosen, theirs.getComponent(), f"{path}.{ours.name}")
    elif isinstance(ours, core.SequenceOf):
        yield f"{path} SIZE", len(ours), len(theirs)
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from leaves(one, other, f"{path}[{number}]")
    else:
        mine = {name for name, *_ in type(ours)._fields if not isinstance(ours[name], core.Void)}
        yield f"{path} FIELDS", mine, {name for name in theirs if _is_present(theirs, name)}
        for name in mine:
            yield from leaves(ours[name], theirs[name], f"{path}.{name}")


def _is_present(theirs: Any, name: str) -> bool:
    value = theirs.getComponentByName(name, default=None, instantiate=False)
    return value is not None and bool(value.isValue)


def _leaf(ours: Any, theirs: Any) -> tuple[Any, Any]:
    """What both read at one place, as Python values where both have one, else as bytes."""
    if isinstance(ours, core.ObjectIdentifier):
        return ours.dotted, str(theirs)
    if isinstance(theirs, univ.Integer):
        return ours.native, int(theirs) if isinstance(ours.native, int) else theirs.prettyPrint()
    if isinstance(theirs, univ.BitString) and theirs.namedValues:
        return ours.native, {name for name, bit in theirs.namedValues.items() if bit < len(theirs) and theirs[bit]}
    if isinstance(theirs, useful.GeneralizedTime):
        return ours.native, theirs.asDateTime
    if isinstance(theirs, char.UTF8String):
        return ours.native, str(theirs)
    return ours.dump(), encode(theirs)
