"""An order and its answers: what the tests of the CMP client begin with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from asn1crypto import core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from sithsup.ca.cmp_asn1 import PKIBody
from tests.ca import pki
from tests.ca.scripted import QUERY_OID, cp, granted, reply
from tests.support.orders import issued_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.ca.cmp import CmpAuthority
    from sithsup.model import Issued, Message

KEY = pki.new_key()
TARGET = pki.target()
CONFIRM_BY = pki.NOW + timedelta(minutes=10)


ISSUED = pki.hierarchy().issue(TARGET, KEY)


def certificate() -> bytes:
    return ISSUED.der


def signer() -> Any:
    h = pki.hierarchy()
    return h.old_authentication.signer(h.old_root.der)


def prove(data: bytes) -> bytes:
    return KEY.sign(data, ec.ECDSA(hashes.SHA256()))


def compose(client: CmpAuthority) -> Message:
    old = pki.hierarchy().old_authentication.parsed
    return client.compose_order(TARGET, old, pki.spki(KEY), prove, signer())


def issue(request: bytes, **options: Any) -> bytes:
    info = [{"infoType": "confirmWaitTime", "infoValue": core.GeneralizedTime(CONFIRM_BY)}]
    h = pki.hierarchy()
    extra = (h.cmp_signer.der, h.hsa_issuer.der)
    options = {"extra": extra, "generalInfo": info, "body": cp(granted(certificate())), **options}
    return reply(request, **options)


def ordered(client: CmpAuthority) -> tuple[Message, Issued]:
    order = compose(client)
    return order, issued_by(client, order)


def answered(body: PKIBody, **options: Any) -> Callable[[bytes], bytes]:
    return lambda request: reply(request, body, **options)


def eligible(request: bytes, **options: Any) -> bytes:
    value = {"infoType": QUERY_OID, "infoValue": core.UTF8String("ELIGIBLE")}
    return reply(request, PKIBody("genp", [value]), **options)
