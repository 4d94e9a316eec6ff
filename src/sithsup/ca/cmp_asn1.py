"""The ASN.1 of CMP (RFC 9810, appendix F), declared for asn1crypto; what is asked for is in `ca.crmf_asn1`.

Names are the RFCs' own, so that a line here can be found there; what asn1crypto brings along (Name,
Extensions, Certificate ...) keeps its names. Both ends speak through this module: the client in `ca.cmp`, the
authority in `demo`.

Three traps of asn1crypto, each met for real:

* A value taken out of an explicitly tagged field dumps *with* that tag: `certificate_der` takes it off.
* An optional tagged `Any` swallows the field after it, so every optional field has its real type here.
* Classes finish themselves on first use, which two threads must not do at once: the last lines do it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asn1crypto import algos, core, crl, csr, x509

from sithsup.ca.crmf_asn1 import CertIds, CertReqMessages, CertTemplate, EncryptedKey, PKIPublicationInfo

if TYPE_CHECKING:
    from collections.abc import Iterator


CONSTRUCTED, LONG_FORM = 0x20, 0x80
"""Bits of an identifier and of a length (X.690, section 8.1)."""


class PKIFreeText(core.SequenceOf):
    """RFC 9810, section 5.1.1."""

    _child_spec = core.UTF8String


class Certificates(core.SequenceOf):
    """SEQUENCE SIZE (1..MAX) OF CMPCertificate."""

    _child_spec = x509.Certificate


class CertificateLists(core.SequenceOf):
    """SEQUENCE SIZE (1..MAX) OF CertificateList."""

    _child_spec = crl.CertificateList


# -------------------------------------------------------------------------------------- status and failures


class PKIStatus(core.Integer):
    """RFC 9810, section 5.2.3."""

    _map = {
        0: "accepted",
        1: "grantedWithMods",
        2: "rejection",
        3: "waiting",
        4: "revocationWarning",
        5: "revocationNotification",
        6: "keyUpdateWarning",
    }


class PKIFailureInfo(core.BitString):
    """RFC 9810, section 5.2.3. Its `native` is a set of these names."""

    _map = {
        0: "badAlg",
        1: "badMessageCheck",
        2: "badRequest",
        3: "badTime",
        4: "badCertId",
        5: "badDataFormat",
        6: "wrongAuthority",
        7: "incorrectData",
        8: "missingTimeStamp",
        9: "badPOP",
        10: "certRevoked",
        11: "certConfirmed",
        12: "wrongIntegrity",
        13: "badRecipientNonce",
        14: "timeNotAvailable",
        15: "unacceptedPolicy",
        16: "unacceptedExtension",
        17: "addInfoNotAvailable",
        18: "badSenderNonce",
        19: "badCertTemplate",
        20: "signerNotTrusted",
        21: "transactionIdInUse",
        22: "unsupportedVersion",
        23: "notAuthorized",
        24: "systemUnavail",
        25: "systemFailure",
        26: "duplicateCertReq",
    }


class PKIStatusInfo(core.Sequence):
    """RFC 9810, section 5.2.3."""

    _fields = [
        ("status", PKIStatus),
        ("statusString", PKIFreeText, {"optional": True}),
        ("failInfo", PKIFailureInfo, {"optional": True}),
    ]


class PKIStatusInfos(core.SequenceOf):
    """SEQUENCE SIZE (1..MAX) OF PKIStatusInfo."""

    _child_spec = PKIStatusInfo


# --------------------------------------------------------------------------------------- what is answered


class CertOrEncCert(core.Choice):
    """RFC 9810, section 5.3.4. Read it with `certificate_der`."""

    _alternatives = [
        ("certificate", x509.Certificate, {"explicit": 0}),
        ("encryptedCert", EncryptedKey, {"explicit": 1}),
    ]


class CertifiedKeyPair(core.Sequence):
    """RFC 9810, section 5.3.4."""

    _fields = [
        ("certOrEncCert", CertOrEncCert),
        ("privateKey", EncryptedKey, {"explicit": 0, "optional": True}),
        ("publicationInfo", PKIPublicationInfo, {"explicit": 1, "optional": True}),
    ]


class CertResponse(core.Sequence):
    """RFC 9810, section 5.3.4."""

    _fields = [
        ("certReqId", core.Integer),
        ("status", PKIStatusInfo),
        ("certifiedKeyPair", CertifiedKeyPair, {"optional": True}),
        ("rspInfo", core.OctetString, {"optional": True}),
    ]


class CertResponses(core.SequenceOf):
    """SEQUENCE OF CertResponse."""

    _child_spec = CertResponse


class CertRepMessage(core.Sequence):
    """RFC 9810, section 5.3.4."""

    _fields = [("caPubs", Certificates, {"explicit": 1, "optional": True}), ("response", CertResponses)]


# ------------------------------------------------------- confirming, revoking, polling, asking, complaining


class CertStatus(core.Sequence):
    """RFC 9810, section 5.3.18. `hashAlg` needs pvno 3."""

    _fields = [
        ("certHash", core.OctetString),
        ("certReqId", core.Integer),
        ("statusInfo", PKIStatusInfo, {"optional": True}),
        ("hashAlg", algos.DigestAlgorithm, {"explicit": 0, "optional": True}),
    ]


class CertConfirmContent(core.SequenceOf):
    """RFC 9810, section 5.3.18. Empty means that every certificate is rejected."""

    _child_spec = CertStatus


class RevDetails(core.Sequence):
    """RFC 9810, section 5.3.9."""

    _fields = [("certDetails", CertTemplate), ("crlEntryDetails", crl.CRLEntryExtensions, {"optional": True})]


class RevReqContent(core.SequenceOf):
    """RFC 9810, section 5.3.9."""

    _child_spec = RevDetails


class RevRepContent(core.Sequence):
    """RFC 9810, section 5.3.10."""

    _fields = [
        ("status", PKIStatusInfos),
        ("revCerts", CertIds, {"explicit": 0, "optional": True}),
        ("crls", CertificateLists, {"explicit": 1, "optional": True}),
    ]


class PollReq(core.Sequence):
    """One element of PollReqContent; certReqId -1 means the whole answer."""

    _fields = [("certReqId", core.Integer)]


class PollReqContent(core.SequenceOf):
    """RFC 9810, section 5.3.22."""

    _child_spec = PollReq


class PollRep(core.Sequence):
    """One element of PollRepContent; `checkAfter` is in seconds."""

    _fields = [
        ("certReqId", core.Integer),
        ("checkAfter", core.Integer),
        ("reason", PKIFreeText, {"optional": True}),
    ]


class PollRepContent(core.SequenceOf):
    """RFC 9810, section 5.3.22."""

    _child_spec = PollRep


class ErrorMsgContent(core.Sequence):
    """RFC 9810, section 5.3.21."""

    _fields = [
        ("pKIStatusInfo", PKIStatusInfo),
        ("errorCode", core.Integer, {"optional": True}),
        ("errorDetails", PKIFreeText, {"optional": True}),
    ]


class InfoType(core.ObjectIdentifier):
    """id-it (RFC 9810, section 5.3.19); a campaign's own are dotted numbers."""

    _map = {
        "1.3.6.1.5.5.7.4.13": "implicitConfirm",
        "1.3.6.1.5.5.7.4.14": "confirmWaitTime",
        "1.3.6.1.5.5.7.4.17": "caCerts",
        "1.3.6.1.5.5.7.4.21": "certProfile",
    }


class InfoTypeAndValue(core.Sequence):
    """RFC 9810, section 5.3.19. A value of an unmapped type is given, and read, as any asn1crypto value."""

    _fields = [("infoType", InfoType), ("infoValue", core.Any, {"optional": True})]
    _oid_pair = ("infoType", "infoValue")
    _oid_specs = {
        "implicitConfirm": core.Null,
        "confirmWaitTime": core.GeneralizedTime,
        "caCerts": Certificates,
        "certProfile": PKIFreeText,
    }


class InfoTypesAndValues(core.SequenceOf):
    """GenMsgContent, GenRepContent and generalInfo alike."""

    _child_spec = InfoTypeAndValue


# ------------------------------------------------------------------------------------------- the message


class PKIHeader(core.Sequence):
    """RFC 9810, section 5.1.1."""

    _fields = [
        ("pvno", core.Integer),
        ("sender", x509.GeneralName),
        ("recipient", x509.GeneralName),
        ("messageTime", core.GeneralizedTime, {"explicit": 0, "optional": True}),
        ("protectionAlg", algos.SignedDigestAlgorithm, {"explicit": 1, "optional": True}),
        ("senderKID", core.OctetString, {"explicit": 2, "optional": True}),
        ("recipKID", core.OctetString, {"explicit": 3, "optional": True}),
        ("transactionID", core.OctetString, {"explicit": 4, "optional": True}),
        ("senderNonce", core.OctetString, {"explicit": 5, "optional": True}),
        ("recipNonce", core.OctetString, {"explicit": 6, "optional": True}),
        ("freeText", PKIFreeText, {"explicit": 7, "optional": True}),
        ("generalInfo", InfoTypesAndValues, {"explicit": 8, "optional": True}),
    ]


class PKIBody(core.Choice):
    """RFC 9810, section 5.1.2, as far as an end entity and its authority need it. `name` tells which."""

    _alternatives = [
        ("ir", CertReqMessages, {"explicit": 0}),
        ("ip", CertRepMessage, {"explicit": 1}),
        ("cr", CertReqMessages, {"explicit": 2}),
        ("cp", CertRepMessage, {"explicit": 3}),
        ("p10cr", csr.CertificationRequest, {"explicit": 4}),
        ("kur", CertReqMessages, {"explicit": 7}),
        ("kup", CertRepMessage, {"explicit": 8}),
        ("rr", RevReqContent, {"explicit": 11}),
        ("rp", RevRepContent, {"explicit": 12}),
        ("pkiconf", core.Null, {"explicit": 19}),
        ("genm", InfoTypesAndValues, {"explicit": 21}),
        ("genp", InfoTypesAndValues, {"explicit": 22}),
        ("error", ErrorMsgContent, {"explicit": 23}),
        ("certConf", CertConfirmContent, {"explicit": 24}),
        ("pollReq", PollReqContent, {"explicit": 25}),
        ("pollRep", PollRepContent, {"explicit": 26}),
    ]


class ProtectedPart(core.Sequence):
    """RFC 9810, section 5.1.3. Its DER is what the protection signs."""

    _fields = [("header", PKIHeader), ("body", PKIBody)]


class PKIMessage(core.Sequence):
    """RFC 9810, section 5.1."""

    _fields = [
        ("header", PKIHeader),
        ("body", PKIBody),
        ("protection", core.OctetBitString, {"explicit": 0, "optional": True}),
        ("extraCerts", Certificates, {"explicit": 1, "optional": True}),
    ]


def is_der(der: bytes) -> bool:
    """Whether every length is definite and as short as can be (X.690, section 10.1), as a PKIMessage's must be."""
    spans = [(0, len(der))]
    while spans:
        at, end = spans.pop()
        while at < end:
            begin, after = _content(der, at, end)
            if after > end or begin > after:
                return False
            if der[at] & CONSTRUCTED:
                spans.append((begin, after))
            at = after
    return True


def _content(der: bytes, at: int, end: int) -> tuple[int, int]:
    """Where the content of an element begins and ends; it ends before it begins when its length is not DER."""
    if at + 2 > end:
        return end, -1
    length, begin = der[at + 1], at + 2
    if length < LONG_FORM:
        return begin, begin + length
    size = length - LONG_FORM
    length = int.from_bytes(der[begin : begin + size], "big")
    is_shortest = bool(size) and length >= max(LONG_FORM, 1 << 8 * (size - 1))
    return (begin + size, begin + size + length) if is_shortest else (end, -1)


def protected_part(message: PKIMessage) -> bytes:
    """Return the bytes that the protection of a message signs: as it was received, or as it will be sent."""
    return bytes(ProtectedPart({"header": message["header"], "body": message["body"]}).dump())


def certificate_der(pair: CertifiedKeyPair) -> bytes:
    """Take the certificate out of an answer, without the [0] that it travels in. ValueError if there is none."""
    choice = pair["certOrEncCert"]
    if choice.name != "certificate":
        message = "the answer holds no plain certificate"
        raise ValueError(message)
    return bytes(choice.chosen.untag().dump())


def _family(parent: Any) -> Iterator[Any]:
    yield parent
    for child in parent.__subclasses__():
        yield from _family(child)


for _kind in _family(core.Asn1Value):
    if _kind is not core.Choice:  # which has no alternatives of its own to complete
        _kind()
