"""For a diagnosis: a small authority in this process, a scene whose campaign is that authority's, and a Windows."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from sithsup.certificate import Certificate
from sithsup.demo.campaign import Wishes, demo_campaign
from sithsup.demo.knobs import Knobs
from sithsup.demo.server import DemoServer
from sithsup.demo.start import free_address
from sithsup.diagnostics.card_side import CardsSeen
from sithsup.diagnostics.scene import Once, Scene
from sithsup.model import CardContents
from sithsup.settings import Settings
from tests.demo.conversation import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sithsup.campaign import Campaign
    from sithsup.diagnostics.probe import Found, Group
    from sithsup.diagnostics.windows import Hive, PowerSetting, Service
    from sithsup.model import CardCertificate, Clock


def now() -> datetime:
    return datetime.now(UTC)


class OwnScene(Scene):
    """A scene with a campaign that no file holds, and one card with these certificates (DER); without them with none.

    Nothing is looked for in this computer's readers.
    """

    def __init__(
        self,
        campaign: Campaign | None,
        environ: Mapping[str, str] | None = None,
        clock: Clock = now,
        card: tuple[bytes, ...] = (),
    ) -> None:
        self._own = campaign
        super().__init__(Settings.resolve(environ or {}, ()), clock)
        found = tuple(SimpleNamespace(certificate=Certificate.parse(der)) for der in card)
        contents = CardContents((), (), cast("tuple[CardCertificate, ...]", found))
        self.cards = Once(lambda: CardsSeen("-", cards=(contents,) if card else ()))

    @property
    def campaign(self) -> Campaign | None:
        return self._own


@contextmanager
def site(folder: Path) -> Iterator[World]:
    """Run an authority and its status service; both go by the world's clock."""
    world = World(folder / "authority", free_address(), now())
    port = urlsplit(world.hierarchy.url).port or 0
    with DemoServer(port, world.authority, world.status, world.hierarchy):
        yield world
    world.ledger.close()


def campaign_of(world: World) -> Campaign:
    return demo_campaign(world.hierarchy, now(), Wishes(), Knobs())


def facts(found: Found | Group) -> dict[str, Any]:
    return {fact.name: fact.value for fact in found.facts}


def codes(found: Found) -> list[str]:
    return [problem.name for problem in found.problems]


@dataclass
class FakeWindows:
    """Windows as a test wants it."""

    values: Mapping[str, object] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    store: tuple[bytes, ...] = ()
    protocol: int | None = 0
    powers: Mapping[PowerSetting, tuple[int, int]] = field(default_factory=dict)

    def value(self, hive: Hive, key: str, name: str) -> object:
        return self.values.get(f"{hive}\\{key}\\{name}")

    def service(self, name: str) -> Service | None:
        return self.services.get(name)

    def certificates(self) -> tuple[bytes, ...]:
        return self.store

    def session_protocol(self) -> int | None:
        return self.protocol

    def power(self, setting: PowerSetting) -> tuple[int, int] | None:
        return self.powers.get(setting)
