"""The ASN.1 of CRMF (RFC 4211, appendix B), declared for asn1crypto as `ca.cmp_asn1` is, with the same traps.

Its module has implicit tags, that of CMP explicit ones.
"""

from __future__ import annotations

from asn1crypto import algos, cms, core, keys, x509


class AlgorithmIdentifier(core.Sequence):
    """RFC 5280, section 4.1.1.2, for any algorithm; asn1crypto's own for this cannot be encoded anew."""

    _fields = [("algorithm", core.ObjectIdentifier), ("parameters", core.Any, {"optional": True})]


class OptionalValidity(core.Sequence):
    """RFC 4211, section 5. `Time` is a CHOICE, so its tags are explicit."""

    _fields = [
        ("notBefore", x509.Time, {"explicit": 0, "optional": True}),
        ("notAfter", x509.Time, {"explicit": 1, "optional": True}),
    ]


class CertTemplate(core.Sequence):
    """RFC 4211, section 5. `Name` is a CHOICE, so its tags are explicit."""

    _fields = [
        ("version", core.Integer, {"implicit": 0, "optional": True}),
        ("serialNumber", core.Integer, {"implicit": 1, "optional": True}),
        ("signingAlg", algos.SignedDigestAlgorithm, {"implicit": 2, "optional": True}),
        ("issuer", x509.Name, {"explicit": 3, "optional": True}),
        ("validity", OptionalValidity, {"implicit": 4, "optional": True}),
        ("subject", x509.Name, {"explicit": 5, "optional": True}),
        ("publicKey", keys.PublicKeyInfo, {"implicit": 6, "optional": True}),
        ("issuerUID", core.BitString, {"implicit": 7, "optional": True}),
        ("subjectUID", core.BitString, {"implicit": 8, "optional": True}),
        ("extensions", x509.Extensions, {"implicit": 9, "optional": True}),
    ]


class CertId(core.Sequence):
    """RFC 4211, section 6.5."""

    _fields = [("issuer", x509.GeneralName), ("serialNumber", core.Integer)]


class CertIds(core.SequenceOf):
    """SEQUENCE SIZE (1..MAX) OF CertId."""

    _child_spec = CertId


class ControlType(core.ObjectIdentifier):
    """Registration controls and information (RFC 4211, sections 6 and 7)."""

    _map = {
        "1.3.6.1.5.5.7.5.1.1": "regToken",
        "1.3.6.1.5.5.7.5.1.2": "authenticator",
        "1.3.6.1.5.5.7.5.1.5": "oldCertID",
        "1.3.6.1.5.5.7.5.2.1": "utf8Pairs",
    }


class AttributeTypeAndValue(core.Sequence):
    """RFC 4211, section 5."""

    _fields = [("type", ControlType), ("value", core.Any)]
    _oid_pair = ("type", "value")
    _oid_specs = {
        "regToken": core.UTF8String,
        "authenticator": core.UTF8String,
        "oldCertID": CertId,
        "utf8Pairs": core.UTF8String,
    }


class Controls(core.SequenceOf):
    """RFC 4211, section 5."""

    _child_spec = AttributeTypeAndValue


class CertRequest(core.Sequence):
    """RFC 4211, section 5. A proof of possession signs the DER of this (RFC 9810, section 5.2.8.2)."""

    _fields = [
        ("certReqId", core.Integer),
        ("certTemplate", CertTemplate),
        ("controls", Controls, {"optional": True}),
    ]


class PKMACValue(core.Sequence):
    """RFC 4211, section 4.4."""

    _fields = [("algId", AlgorithmIdentifier), ("value", core.OctetBitString)]


class AuthInfo(core.Choice):
    """The choice within POPOSigningKeyInput (RFC 4211, section 4.1)."""

    _alternatives = [("sender", x509.GeneralName, {"explicit": 0}), ("publicKeyMAC", PKMACValue)]


class POPOSigningKeyInput(core.Sequence):
    """RFC 4211, section 4.1."""

    _fields = [("authInfo", AuthInfo), ("publicKey", keys.PublicKeyInfo)]


class POPOSigningKey(core.Sequence):
    """RFC 4211, section 4.1. `poposkInput` is absent where the template has both subject and publicKey."""

    _fields = [
        ("poposkInput", POPOSigningKeyInput, {"implicit": 0, "optional": True}),
        ("algorithmIdentifier", algos.SignedDigestAlgorithm),
        ("signature", core.OctetBitString),
    ]


class POPOPrivKey(core.Choice):
    """RFC 4211, section 4.2: for keys that cannot sign."""

    _alternatives = [
        ("thisMessage", core.BitString, {"implicit": 0}),
        ("subsequentMessage", core.Integer, {"implicit": 1}),
        ("dhMAC", core.BitString, {"implicit": 2}),
        ("agreeMAC", PKMACValue, {"implicit": 3}),
        ("encryptedKey", cms.EnvelopedData, {"implicit": 4}),
    ]


class ProofOfPossession(core.Choice):
    """RFC 4211, section 4."""

    _alternatives = [
        ("raVerified", core.Null, {"implicit": 0}),
        ("signature", POPOSigningKey, {"implicit": 1}),
        ("keyEncipherment", POPOPrivKey, {"explicit": 2}),
        ("keyAgreement", POPOPrivKey, {"explicit": 3}),
    ]


class CertReqMsg(core.Sequence):
    """RFC 4211, section 3."""

    _fields = [
        ("certReq", CertRequest),
        ("popo", ProofOfPossession, {"optional": True}),
        ("regInfo", Controls, {"optional": True}),
    ]


class CertReqMessages(core.SequenceOf):
    """RFC 4211, section 3."""

    _child_spec = CertReqMsg


# ---------------------------------------------------------- keys under cover, and where certificates are published


class EncryptedValue(core.Sequence):
    """RFC 4211, section 2.1 (deprecated there)."""

    _fields = [
        ("intendedAlg", AlgorithmIdentifier, {"implicit": 0, "optional": True}),
        ("symmAlg", AlgorithmIdentifier, {"implicit": 1, "optional": True}),
        ("encSymmKey", core.OctetBitString, {"implicit": 2, "optional": True}),
        ("keyAlg", AlgorithmIdentifier, {"implicit": 3, "optional": True}),
        ("valueHint", core.OctetString, {"implicit": 4, "optional": True}),
        ("encValue", core.OctetBitString),
    ]


class EncryptedKey(core.Choice):
    """RFC 4211, section 6.4."""

    _alternatives = [
        ("encryptedValue", EncryptedValue),
        ("envelopedData", cms.EnvelopedData, {"implicit": 0}),
    ]


class SinglePubInfo(core.Sequence):
    """RFC 4211, section 6.3."""

    _fields = [("pubMethod", core.Integer), ("pubLocation", x509.GeneralName, {"optional": True})]


class SinglePubInfos(core.SequenceOf):
    """SEQUENCE SIZE (1..MAX) OF SinglePubInfo."""

    _child_spec = SinglePubInfo


class PKIPublicationInfo(core.Sequence):
    """RFC 4211, section 6.3."""

    _fields = [("action", core.Integer), ("pubInfos", SinglePubInfos, {"optional": True})]
