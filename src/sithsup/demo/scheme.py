"""Who issues what to whom, as one value: nothing else of the demo knows an issuer or a profile by its name.

`SITHS` is the demo's own. Another one makes another world of the same machinery: other authorities, other certificates
on the card, and other ones to order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sithsup.demo import profiles
from sithsup.demo.authorities import PLANS
from sithsup.demo.kinds import FILLINGS
from sithsup.demo.profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sithsup.demo.authorities import Plan
    from sithsup.demo.kinds import Filling, Kind
    from sithsup.demo.profiles import Profile


@dataclass(frozen=True, slots=True)
class Scheme:
    """The authorities, the certificates that they issue, and which of these the cards carry."""

    plans: Mapping[str, Plan]
    """Every authority by its common name; an issuer stands before those whom it certifies."""
    profiles: Mapping[str, Profile]
    anchor: str
    """The authority that is trusted for the new certificates, and that certifies whoever signs the messages."""
    fillings: Mapping[Kind, Filling]

    @property
    def new_profiles(self) -> frozenset[str]:
        """The names of what an upgraded card carries, so that it can be ordered."""
        return frozenset(profile.name for profile in self.profiles.values() if profile.upgrades)


SITHS = Scheme(PLANS, PROFILES, profiles.ROOT_2, FILLINGS)
