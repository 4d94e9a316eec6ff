"""Signed campaigns as no honest program makes them: CMS put together by hand, each part to be chosen."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from asn1crypto import cms, core, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.ca import pki

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

    from tests.ca.pki import Extension

NOW, DAY = datetime(2026, 11, 1, 12, tzinfo=UTC), timedelta(days=1)


class Signers(NamedTuple):
    """An anchor, an authority below it, and one who may sign campaigns."""

    anchor: pki.Keyed
    between: pki.Keyed
    signer: pki.Keyed


def valid(
    name: str,
    extensions: list[Extension],
    issuer: pki.Keyed | None = None,
    key: CertificateIssuerPrivateKeyTypes | None = None,
    *,
    now: datetime = NOW,
    days: int = 1,
) -> pki.Keyed:
    """A certificate that is valid so many days before and after a time."""
    ends = now - days * DAY, now + days * DAY
    return pki.make(pki.name(name), extensions, issuer, key=key, not_before=ends[0], not_after=ends[1])


def signer(issuer: pki.Keyed, *extensions: Extension, until: datetime = NOW + DAY) -> pki.Keyed:
    """Somebody certified by an authority."""
    usage = extensions or (pki.usage("digital_signature"),)
    return pki.make(pki.name("TEST signer"), [*usage], issuer, not_before=NOW - DAY, not_after=until)


@cache
def signers() -> Signers:
    """Those that most tests share."""
    anchor = valid("TEST campaign root", pki.authority_extensions(), days=9)
    between = valid("TEST campaign CA", pki.authority_extensions(0), anchor, days=9)
    return Signers(anchor, between, signer(between))


def attributes(content: bytes, digest: str = "sha256", at: datetime = NOW) -> list[dict[str, Any]]:
    """The attributes that are signed, as they should be."""
    return [
        {"type": "content_type", "values": ["data"]},
        {"type": "signing_time", "values": [cms.Time({"utc_time": at})]},
        {"type": "message_digest", "values": [hashlib.new(digest, content).digest()]},
    ]


def forge(  # noqa: PLR0913  each part by its name
    content: bytes,
    who: pki.Keyed | None = None,
    *,
    signed: list[dict[str, Any]] | None = None,
    digest: str = "sha256",
    algorithm: str = "sha256_ecdsa",
    content_type: str = "data",
    certificates: tuple[pki.Keyed, ...] | None = None,
    change: Callable[[Any], None] = lambda _: None,
) -> bytes:
    """Sign; `change` alters the SignedData after that."""
    made = signers()
    who = who or made.signer
    assert isinstance(who.key, ec.EllipticCurvePrivateKey)
    chosen = cms.CMSAttributes(attributes(content, digest) if signed is None else signed)
    to_sign = chosen.dump() if signed != [] else content
    hashed = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384()}[digest]  # noqa: S303
    info: dict[str, Any] = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number",
            {"issuer": _parsed(who).issuer, "serial_number": _parsed(who).serial_number},
        ),
        "digest_algorithm": {"algorithm": digest},
        "signature_algorithm": {"algorithm": algorithm},
        "signature": who.key.sign(to_sign, ec.ECDSA(hashed)),
    }
    if signed != []:
        info["signed_attrs"] = chosen
    found = (who, made.between) if certificates is None else certificates
    data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [{"algorithm": digest}],
            "encap_content_info": {"content_type": content_type, "content": core.OctetString(content)},
            "certificates": [_parsed(keyed) for keyed in found],
            "signer_infos": [info],
        }
    )
    change(data)
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": data}).dump())


def _parsed(keyed: pki.Keyed) -> Any:
    return x509.Certificate.load(keyed.der)
