"""What this computer trusts: the roots of the new certificates ought to be among it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.certificate import Certificate
from sithsup.diagnostics.probe import Found, Group
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.values import Fact, Word, foreign
from sithsup.preflight import system_roots, warning
from sithsup.texts import mark

if TYPE_CHECKING:
    from sithsup.diagnostics.scene import Scene


def trust(scene: Scene) -> Found:
    """Each of the campaign's roots, and whether the computer has it."""
    trusted = set(system_roots())
    roots = tuple(map(Certificate.parse, scene.campaign.anchors if scene.campaign else ()))
    groups = tuple(
        Group(
            f"root-{number}",
            foreign(root.common_name or root.organization),
            (
                Fact("is-trusted", mark("This computer trusts it"), root.der in trusted if trusted else None),
                Fact("valid-to", mark("Valid until"), root.not_after),
                Fact("fingerprint", mark("Fingerprint (SHA-256)"), Word(root.fingerprint)),
            ),
        )
        for number, root in enumerate(roots, 1)
    )
    is_missing = trusted and any(root.der not in trusted for root in roots)
    facts = (Fact("roots", mark("Roots that this computer trusts"), len(trusted)),)
    return Found(facts, groups, (Problem(warning("ROOT_NOT_TRUSTED")),) if is_missing else ())
