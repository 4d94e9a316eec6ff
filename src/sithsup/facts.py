"""What is known of a card without a code, put together for those who judge it (`eligibility`, `preflight`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup import __version__
from sithsup.eligibility import Facts, Stage
from sithsup.evidence import key_ids
from sithsup.recovery import Choice, Situation

if TYPE_CHECKING:
    from sithsup.evidence import World
    from sithsup.model import ModuleInfo
    from sithsup.preflight import Surroundings
    from sithsup.recovery import Verdict

STAGES = {Situation.FRESH: Stage.FRESH, Situation.UPGRADED: Stage.DONE}


def stage_of(verdict: Verdict) -> Stage:
    """How far an upgrade has come, for those that ask what stands in its way."""
    return STAGES.get(verdict.situation, Stage.BEGUN if Choice.RESTORE in verdict.choices else Stage.TO_FINISH)


def facts_of(world: World, stage: Stage, around: Surroundings, module: ModuleInfo | None) -> Facts:
    """Card, campaign, computer and time, as they are now."""
    ours = {key_id for key in world.campaign.new_keys for key_id in key_ids(world, key)}
    return Facts(
        world.contents,
        world.campaign,
        world.clock(),
        stage=stage,
        has_our_keys=world.journal.is_kept or any(pair.key_id in ours for pair in world.contents.key_pairs),
        program=__version__,
        module=module,
        is_revoked=around.is_revoked,
        time=around.time,
    )
