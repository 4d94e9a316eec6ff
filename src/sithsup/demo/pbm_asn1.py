"""The ASN.1 of a message's protection by a shared secret (PasswordBasedMac, RFC 9810, section 5.1.3.1).

The program itself signs everything. The demo authority takes this from others, who have no certificate yet.
"""

from __future__ import annotations

from typing import Any

from asn1crypto import algos, core


class MacAlgorithmId(core.ObjectIdentifier):
    """HMACs (RFC 9481, section 6.2.1), the first one by its older name."""

    _map = {
        "1.3.6.1.5.5.8.1.2": "hmac_sha1",
        "1.2.840.113549.2.7": "sha1",
        "1.2.840.113549.2.9": "sha256",
        "1.2.840.113549.2.10": "sha384",
        "1.2.840.113549.2.11": "sha512",
    }


class MacAlgorithm(core.Sequence):
    """AlgorithmIdentifier of a MAC."""

    _fields = [("algorithm", MacAlgorithmId), ("parameters", core.Any, {"optional": True})]


class PBMParameter(core.Sequence):
    """RFC 9810, section 5.1.3.1."""

    _fields = [
        ("salt", core.OctetString),
        ("owf", algos.DigestAlgorithm),
        ("iterationCount", core.Integer),
        ("mac", MacAlgorithm),
    ]


PBM = "1.2.840.113533.7.66.13"
"""id-PasswordBasedMac, which asn1crypto has no name for."""


def pbm_parameter(algorithm: Any) -> PBMParameter | None:
    """Read the parameters of a protectionAlg that is a password-based MAC; None for every other."""
    if algorithm.native is None or algorithm["algorithm"].dotted != PBM:
        return None
    parameter: PBMParameter = PBMParameter.load(algorithm["parameters"].dump(), strict=True)
    return parameter


for _kind in (MacAlgorithmId, MacAlgorithm, PBMParameter):
    _kind()  # finished here and not on first use, which two threads must not do at once
