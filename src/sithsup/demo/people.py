"""Nobody in the demo exists: their names say so, and their numbers cannot be anybody's.

Personal identity numbers have the form that the Swedish Tax Agency keeps for tests: a birth number from 980 to 999,
here on a day in the 1890s. HSA-ids begin with TSTNMT, the prefix of test organisations.
"""

from __future__ import annotations

import secrets

from sithsup.demo.profiles import Holder

CARD_NUMBER_PREFIX = "9752000"
"""9752 stands for Sweden (ISO/IEC 7812); the series 000 is invented, and so are the two below."""
TELIA_NUMBER_PREFIX = "9752001"
SPARE_NUMBER_PREFIX = "9752002"
_CARD_NUMBER_LENGTH = 19

PEOPLE = (
    Holder(
        given_name="Testa",
        surname="Åkesson-Öberg",
        hsa_id="TSTNMT2321000156-TA01",
        personal_number="189211039822",
        organization="TEST Påhittade regionen",
        locality="TEST Låtsas län",
        title="Läkare",
    ),
    Holder(
        given_name="Prov",
        surname="Övningsson",
        hsa_id="TSTNMT2321000156-PO02",
        personal_number="189604279811",
        organization="TEST Påhittade regionen",
        locality="TEST Låtsas län",
        title="Sjuksköterska",
    ),
)


def new_card_number(prefix: str = CARD_NUMBER_PREFIX) -> str:
    """A number that no real card has: an invented prefix and random digits."""
    free = _CARD_NUMBER_LENGTH - len(prefix)
    return prefix + "".join(secrets.choice("0123456789") for _ in range(free))
