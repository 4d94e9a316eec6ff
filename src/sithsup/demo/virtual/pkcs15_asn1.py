"""PKCS #15 v1.1 (ISO/IEC 7816-15): the directories that say what is on a card. As much of it as this card has.

Names are those of the standard. An object is written as CHOICE of its kind; where the standard tags a parameter, the
tag is explicit.
"""

from __future__ import annotations

from asn1crypto import core, x509


class Path(core.Sequence):
    """Where a file is: identifiers from the master file on."""

    _fields = [("path", core.OctetString)]


class ObjectFlags(core.BitString):
    """CommonObjectFlags."""

    _map = {0: "private", 1: "modifiable"}


class CommonObjectAttributes(core.Sequence):
    """What every object has. `auth_id` names the code that opens it."""

    _fields = [
        ("label", core.UTF8String, {"optional": True}),
        ("flags", ObjectFlags, {"optional": True}),
        ("auth_id", core.OctetString, {"optional": True}),
        ("user_consent", core.Integer, {"optional": True}),
    ]


class KeyUsage(core.BitString):
    """KeyUsageFlags."""

    _map = {
        0: "encrypt",
        1: "decrypt",
        2: "sign",
        3: "sign_recover",
        4: "wrap",
        5: "unwrap",
        6: "verify",
        7: "verify_recover",
        8: "derive",
        9: "non_repudiation",
    }


class KeyAccess(core.BitString):
    """KeyAccessFlags."""

    _map = {0: "sensitive", 1: "extractable", 2: "always_sensitive", 3: "never_extractable", 4: "local"}


class CommonKeyAttributes(core.Sequence):
    """What every key has."""

    _fields = [
        ("id", core.OctetString),
        ("usage", KeyUsage),
        ("native", core.Boolean, {"default": True}),
        ("access_flags", KeyAccess, {"optional": True}),
        ("key_reference", core.Integer, {"optional": True}),
    ]


class CommonPrivateKeyAttributes(core.Sequence):
    """What every private key has."""

    _fields = [("subject_name", x509.Name, {"optional": True})]


class RsaKeyAttributes(core.Sequence):
    """Where an RSA key is."""

    _fields = [("value", Path), ("modulus_length", core.Integer)]


class RsaKeyType(core.Sequence):
    """The explicit tag around a key's own attributes."""

    _fields = [
        ("common", CommonObjectAttributes),
        ("key", CommonKeyAttributes),
        ("private", CommonPrivateKeyAttributes, {"explicit": 0, "optional": True}),
        ("type", RsaKeyAttributes, {"explicit": 1}),
    ]


class CommonCertificateAttributes(core.Sequence):
    """What every certificate has."""

    _fields = [("id", core.OctetString), ("authority", core.Boolean, {"default": False})]


class CertificateValue(core.Sequence):
    """Where a certificate is."""

    _fields = [("value", Path)]


class CertificateObject(core.Sequence):
    """An entry of the certificate directory: an X.509 certificate."""

    _fields = [
        ("common", CommonObjectAttributes),
        ("certificate", CommonCertificateAttributes),
        ("type", CertificateValue, {"explicit": 1}),
    ]


class CommonAuthenticationAttributes(core.Sequence):
    """By which number other objects name a code."""

    _fields = [("auth_id", core.OctetString)]


class PinFlags(core.BitString):
    """PinFlags."""

    _map = {
        0: "case_sensitive",
        1: "local",
        2: "change_disabled",
        3: "unblock_disabled",
        4: "initialized",
        5: "needs_padding",
        6: "unblocking_pin",
        7: "so_pin",
    }


class PinType(core.Enumerated):
    """PinType."""

    _map = {0: "bcd", 1: "ascii_numeric", 2: "utf8"}


class PinAttributes(core.Sequence):
    """How a code is given to the card."""

    _fields = [
        ("flags", PinFlags),
        ("type", PinType),
        ("min_length", core.Integer),
        ("stored_length", core.Integer),
        ("max_length", core.Integer, {"optional": True}),
        ("reference", core.Integer, {"implicit": 0, "default": 0}),
        ("pad_char", core.OctetString, {"optional": True}),
    ]


class PinObject(core.Sequence):
    """An entry of the directory of codes."""

    _fields = [
        ("common", CommonObjectAttributes),
        ("authentication", CommonAuthenticationAttributes),
        ("type", PinAttributes, {"explicit": 1}),
    ]


class DirectoryPath(core.Choice):
    """An entry of EF(ODF): where the directory of one kind of object is."""

    _alternatives = [
        ("private_keys", Path, {"explicit": 0}),
        ("public_keys", Path, {"explicit": 1}),
        ("certificates", Path, {"explicit": 4}),
        ("codes", Path, {"explicit": 8}),
    ]


class TokenFlags(core.BitString):
    """TokenFlags."""

    _map = {0: "readonly", 1: "login_required", 2: "prn_generation", 3: "eid_compliant"}


class TokenInfo(core.Sequence):
    """EF(TokenInfo): the card about itself."""

    _fields = [
        ("version", core.Integer),
        ("serial_number", core.OctetString),
        ("manufacturer_id", core.UTF8String, {"optional": True}),
        ("label", core.UTF8String, {"implicit": 0, "optional": True}),
        ("flags", TokenFlags),
    ]


class ApplicationTemplate(core.Sequence):
    """An entry of EF(DIR): an application and where it is (section 6.1; tags of the application class)."""

    class_ = 1
    tag = 1
    _fields = [
        ("application_id", core.OctetString, {"implicit": ("application", 15)}),
        ("label", core.UTF8String, {"implicit": ("application", 16), "optional": True}),
        ("path", core.OctetString, {"implicit": ("application", 17), "optional": True}),
    ]
