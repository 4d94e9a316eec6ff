"""Every message of ours is read by code that nobody here wrote, and every message of its by ours, to the last byte."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sithsup.ca.cmp_asn1 import PKIBody, PKIMessage
from sithsup.model import RequestBody, Waiting
from tests.ca import orders, pki
from tests.ca.orders import KEY, TARGET, answered, eligible, issue, ordered, prove
from tests.ca.scripted import Script, authority
from tests.interop import values
from tests.interop.second import MODULES, decode, encode, leaves


def composed() -> dict[str, bytes]:
    """Every message that our client composes, by its body and what is special about it."""
    client = authority(Script(answered(PKIBody("pollRep", [{"certReqId": 0, "checkAfter": 1}]))))
    old, sender = pki.hierarchy().old_authentication.parsed, orders.signer()
    made = {
        body.value: client.compose_order(replace(TARGET, body=body), old, pki.spki(KEY), prove, sender)
        for body in RequestBody
    }
    waiting = client.order(made["cr"])
    assert isinstance(waiting, Waiting)
    made["pollReq"] = client.compose_poll(waiting.answer, sender)
    client = authority(Script(issue))
    order, issued = ordered(client)
    made["certConf"] = client.compose_confirmation(order, issued, sender, accept=True)
    made["certConf that rejects"] = client.compose_confirmation(order, issued, sender, accept=False)
    strange = replace(issued, certificate=b"\x30\x03\x02\x01\x00")
    made["certConf that says nothing"] = client.compose_confirmation(order, strange, sender, accept=False)
    made["rr"] = client.compose_revocation(old, sender)
    asked = Script(eligible)
    authority(asked).query(pki.CARD_NUMBER, sender)
    return {name: message.der for name, message in made.items()} | {"genm": asked.sent[0]}


COMPOSED = composed()


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("name", COMPOSED)
def test_what_the_client_says_is_read_there(name: str, module: str) -> None:
    """To the last byte, and so that it means the same."""
    der = COMPOSED[name]
    theirs: Any = decode(der, MODULES[module].PKIMessage())
    assert theirs["body"].getName() == name.split(maxsplit=1)[0]
    assert [each for each in leaves(PKIMessage.load(der, strict=True), theirs) if each[1] != each[2]] == []
    assert encode(theirs) == der


def test_nothing_that_the_client_says_is_left_out() -> None:
    """What an end entity sends, and no error: it lets a transaction end by itself."""
    assert {name.split()[0] for name in COMPOSED} == {"ir", "cr", "kur", "p10cr", "certConf", "pollReq", "rr", "genm"}


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("body", values.BODIES)
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_what_it_writes_is_read_here(module: str, body: str, data: st.DataObject) -> None:
    """The same values at the same places, and encoding them anew gives the same bytes."""
    der = encode(data.draw(values.messages(MODULES[module], body)))
    theirs: Any = decode(der, MODULES[module].PKIMessage())
    ours = PKIMessage.load(der, strict=True)
    assert [each for each in leaves(ours, theirs) if each[1] != each[2]] == []
    assert ours.dump(force=True) == der
