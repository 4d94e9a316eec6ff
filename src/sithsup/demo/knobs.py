"""How the demo authority behaves: what a test, or a person at the command line, may choose."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

KNOBS_FILE = "knobs.json"
CONFIRM_WAIT = timedelta(minutes=10)

QUERY_OID = "1.3.6.1.4.1.32473.2.1"
"""The infoType of the question whether a card may be upgraded, under the arc for examples (RFC 5612)."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """The behaviour of one authority. As it stands here it issues at once and retires the old certificates itself."""

    delay: float = 0.0
    """How many seconds every message takes."""
    confirm_wait: timedelta = CONFIRM_WAIT
    revoke_old: bool = True
    """Whether an upgraded card loses its old certificates. What a kur updates is retired in any case."""
    revoke_early: bool = False
    """Whether that happens as soon as the first new certificate is confirmed, not the last."""
    poll: float = 0.0
    """For how many seconds a client must poll for what it ordered."""
    check_after: int = 1
    """The longest time, in seconds, after which a client is asked to poll again."""
    implicit_confirm: bool = False
    """Whether implicit confirmation is granted, unasked too. A certConf is still heard, and retires what it should."""
    refuse: str | None = None
    """The reason for which every card is refused, whatever the ledger says of it."""
    query_oid: str = QUERY_OID

    @property
    def options(self) -> tuple[str, ...]:
        """The same as arguments of the server; `from_arguments` reads them."""
        return (
            f"--delay={self.delay}",
            f"--confirm-wait={self.confirm_wait.total_seconds()}",
            f"--poll={self.poll}",
            f"--check-after={self.check_after}",
            *(() if self.revoke_old else ("--keep-old",)),
            *(("--revoke-early",) if self.revoke_early else ()),
            *(("--implicit-confirm",) if self.implicit_confirm else ()),
            *((f"--refuse={self.refuse}",) if self.refuse else ()),
        )

    def keep(self, folder: Path) -> None:
        """Write them into the authority's folder, for when it is started again."""
        (folder / KNOBS_FILE).write_text(json.dumps(self.options), encoding="utf-8")

    @classmethod
    def kept(cls, folder: Path) -> Self:
        """Read what `keep` wrote."""
        parser = argparse.ArgumentParser()
        cls.add_arguments(parser)
        return cls.from_arguments(parser.parse_args(json.loads((folder / KNOBS_FILE).read_bytes())))

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Declare the options of the server."""
        parser.add_argument("--delay", type=float, default=0.0, help="seconds that every CMP message takes")
        wait = CONFIRM_WAIT.total_seconds()
        parser.add_argument("--confirm-wait", type=float, default=wait, help="seconds to wait for a confirmation")
        parser.add_argument("--poll", type=float, default=0.0, help="seconds for which an order must be polled for")
        parser.add_argument("--check-after", type=int, default=1, help="the longest checkAfter, in seconds")
        parser.add_argument("--keep-old", action="store_true", help="leave the old certificates of an upgraded card")
        parser.add_argument("--revoke-early", action="store_true", help="retire them at the first confirmation")
        parser.add_argument("--implicit-confirm", action="store_true", help="grant implicit confirmation, unasked too")
        parser.add_argument("--refuse", metavar="REASON", help="refuse every card for this reason")

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> Self:
        """Read the options of the server."""
        return cls(
            delay=arguments.delay,
            confirm_wait=timedelta(seconds=arguments.confirm_wait),
            revoke_old=not arguments.keep_old,
            poll=arguments.poll,
            check_after=arguments.check_after,
            revoke_early=arguments.revoke_early,
            implicit_confirm=arguments.implicit_confirm,
            refuse=arguments.refuse,
        )
