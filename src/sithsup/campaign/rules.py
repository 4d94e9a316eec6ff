"""The rules across the fields of a campaign: each names the field to mend, what is wrong with it, and when it is."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from sithsup.campaign.parts import ALL, Keys, KeySource, der_of
from sithsup.certificate import Certificate
from sithsup.model import KeyRole, RequestBody
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.campaign.campaign import Campaign

SHORTEST_CONFIRM_WAIT = timedelta(seconds=60)
"""A slow card needs longer than this between the order and the confirmation."""


class Rule(NamedTuple):
    """A row of the table."""

    field: str
    problem: str
    is_broken: Callable[[Campaign], bool]


def broken(campaign: Campaign) -> Rule | None:
    """The first rule that a campaign breaks."""
    return next((rule for rule in RULES if rule.is_broken(campaign)), None)


def _same_names(campaign: Campaign) -> bool:
    return len({target.name for target in campaign.targets}) != len(campaign.targets)


def _same_kinds(campaign: Campaign) -> bool:
    return len({(target.role, target.subject) for target in campaign.targets}) != len(campaign.targets)


def _replaces_itself(campaign: Campaign) -> bool:
    return any(target.issuer in campaign.source_issuers for target in campaign.targets)


def _nobody_logs_in(campaign: Campaign) -> bool:
    return all(target.role is not KeyRole.AUTHENTICATION for target in campaign.targets)


def _several_algorithms(campaign: Campaign) -> bool:
    is_shared = campaign.keys is Keys.PER_ROLE
    return is_shared and _differ_in_a_role({(target.role, target.algorithm) for target in campaign.targets})


def _several_sources(campaign: Campaign) -> bool:
    return _differ_in_a_role({(target.role, target.key) for target in campaign.targets})


def _differ_in_a_role(kinds: set[tuple[KeyRole, object]]) -> bool:
    return len(kinds) != len({role for role, _ in kinds})


def _shares_old_keys(campaign: Campaign) -> bool:
    """There are no more old keys than roles."""
    return campaign.keys is Keys.PER_TARGET and any(target.key is KeySource.REUSE for target in campaign.targets)


def _leaves_cards_out(campaign: Campaign) -> bool:
    slots = [(slot.opens, slot.share) for slot in campaign.rollout]
    grows = all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(slots))
    return bool(slots) and not (grows and slots[-1][1] == ALL)


def _updates_some(campaign: Campaign) -> bool:
    updates = [target for target in campaign.targets if target.body is RequestBody.KUR]
    return 0 < len(updates) < len(campaign.targets)


def _issuer_is_missing(campaign: Campaign) -> bool:
    known = {Certificate.parse(der_of(pem)).common_name for pem in (*campaign.intermediates, *campaign.trust_anchors)}
    return not {target.issuer for target in campaign.targets} <= known


def _waits_too_short(campaign: Campaign) -> bool:
    return campaign.confirm_wait_max < SHORTEST_CONFIRM_WAIT


RULES = (
    Rule("targets", mark("two targets have the same name"), _same_names),
    Rule("targets", mark("two targets have the same role and subject"), _same_kinds),
    Rule("targets", mark("a target's issuer is a source issuer too"), _replaces_itself),
    Rule("targets", mark("no target is for authentication"), _nobody_logs_in),
    Rule("targets", mark("one key has several algorithms"), _several_algorithms),
    Rule("targets", mark("one role has keys that are made and keys that are reused"), _several_sources),
    Rule("keys", mark("a key that is reused cannot be one for each target"), _shares_old_keys),
    Rule(
        "rollout",
        mark("the slots of the rollout do not let more and more cards begin, and in the end all"),
        _leaves_cards_out,
    ),
    Rule("targets", mark("some targets are ordered with kur and some are not"), _updates_some),
    Rule("intermediates", mark("the certificate of a target's issuer is missing"), _issuer_is_missing),
    Rule("confirm_wait_max", mark("confirm_wait_max is under 60 seconds"), _waits_too_short),
)
