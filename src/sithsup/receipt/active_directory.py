"""What Active Directory calls a certificate: `X509:<I>issuer<SR>serial` in a user's altSecurityIdentities.

The issuer's name runs as it is encoded (C, O, CN); the bytes of the serial number run backwards, in small hex. A new
certificate has another serial number, so log-in to Windows fails until IT has put in the new string.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asn1crypto import x509

if TYPE_CHECKING:
    from sithsup.certificate import Certificate

SHORT = {
    "country_name": "C",
    "state_or_province_name": "S",
    "locality_name": "L",
    "organization_name": "O",
    "organizational_unit_name": "OU",
    "common_name": "CN",
    "serial_number": "SERIALNUMBER",
    "domain_component": "DC",
}
"""What Windows calls the attributes of a name."""
QUOTED = frozenset(',+="<>;#\n')
"""What a value is put into quotation marks for."""


def alt_security_identity(certificate: Certificate) -> str:
    """The string for a user's altSecurityIdentities."""
    issuer = ",".join(_relative(relative) for relative in x509.Name.load(certificate.issuer).chosen)
    return f"X509:<I>{issuer}<SR>{reversed_serial(certificate.serial_number)}"


def reversed_serial(number: int) -> str:
    """The bytes of a serial number backwards, as many as DER has: one more where the first bit is set."""
    return number.to_bytes(number.bit_length() // 8 + 1, "little").hex()


def _relative(relative: Any) -> str:
    return "+".join(f"{_short(pair['type'])}={_value(str(pair['value'].native))}" for pair in relative)


def _short(kind: Any) -> str:
    return SHORT.get(kind.native, f"OID.{kind.dotted}")


def _value(text: str) -> str:
    if QUOTED.isdisjoint(text) and text == text.strip():
        return text
    return '"' + text.replace('"', '""') + '"'
