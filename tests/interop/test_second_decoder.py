"""Every message of ours is read by code that nobody here wrote, and every message of its by ours, to the last byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sithsup.ca.cmp_asn1 import PKIMessage
from tests.interop import values
from tests.interop.second import MODULES, decode, encode, leaves


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
