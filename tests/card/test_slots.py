"""Slots and readers: who is there, who holds what nobody recognises, and a reader that is looked into alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sithsup.card.process import CardProcess
from sithsup.errors import CardRemovedError, ModuleHungError
from tests.contract import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.model import TokenInfo

PATIENCE = 4.0
"""Seconds. The process is there within one."""


@pytest.fixture
def infos(troubled_card: str) -> tuple[TokenInfo, TokenInfo]:
    """Two tokens, each in a reader of its own; a third reader holds one that was never initialised."""
    with CardProcess(troubled_card) as process:
        found = {info.id.label: info for info in process.tokens()}
        assert len(process.readers()) == 3
        assert process.unrecognized() == ()
    return found[tokens.AUTHENTICATION_LABEL], found[tokens.SIGNATURE_LABEL]


@pytest.fixture
def process(infos: tuple[TokenInfo, TokenInfo], troubled_card: str) -> Iterator[CardProcess]:
    """The module, with an eye for the first one's reader alone."""
    with CardProcess(troubled_card, reader=infos[0].reader, time_out=PATIENCE) as process:
        yield process


def test_one_reader_is_looked_into_alone(infos: tuple[TokenInfo, TokenInfo], process: CardProcess) -> None:
    """Its token is as it ever was; the other one is not there."""
    first, second = infos
    assert process.readers() == (first.reader,)
    assert process.tokens() == (first,)
    assert process.objects(first.id) == ()
    with pytest.raises(CardRemovedError):
        process.objects(second.id)


def test_a_card_that_hangs_costs_its_own_reader_alone(
    infos: tuple[TokenInfo, TokenInfo], troubled_card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks at all of them waits for it, and so does whoever looks at it; at the other one, nobody."""
    first, second = infos
    monkeypatch.setenv("TROUBLED_HANGING_CARD", second.id.serial)
    for reader in (None, second.reader):
        with CardProcess(troubled_card, reader=reader, time_out=PATIENCE) as hanging, pytest.raises(ModuleHungError):
            hanging.tokens()
    with CardProcess(troubled_card, reader=first.reader, time_out=PATIENCE) as process:
        assert process.tokens() == (first,)
        assert process.objects(first.id) == ()
        assert process.unrecognized() == ()


@pytest.mark.parametrize("reader_of", [None, 0, 1])
def test_a_card_that_is_not_recognised_is_told_by_its_reader(
    reader_of: int | None, infos: tuple[TokenInfo, TokenInfo], troubled_card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no token, and its reader is not empty; whoever looks into the other one does not hear of it."""
    monkeypatch.setenv("TROUBLED_MUTE_CARD", infos[1].id.serial)
    reader = None if reader_of is None else infos[reader_of].reader
    with CardProcess(troubled_card, reader=reader) as process:
        assert process.tokens() == (() if reader_of == 1 else infos[:1])
        assert process.unrecognized() == (() if reader_of == 0 else (infos[1].reader,))


def test_a_reader_with_one_card_that_is_recognised_in_part_is_not_mute(
    infos: tuple[TokenInfo, TokenInfo], troubled_card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that shows several slots of one reader may fill one of them alone."""
    monkeypatch.setenv("TROUBLED_ONE_CARD", "1")
    monkeypatch.setenv("TROUBLED_MUTE_CARD", infos[1].id.serial)
    with CardProcess(troubled_card) as process:
        assert len(process.tokens()) == 1
        assert process.unrecognized() == ()


def test_a_reader_that_says_that_it_is_empty_is(
    infos: tuple[TokenInfo, TokenInfo], troubled_card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the module answers to whoever asks for its token all the same."""
    monkeypatch.setenv("TROUBLED_ABSENT_CARD", infos[1].id.serial)
    with CardProcess(troubled_card) as process:
        assert infos[1].reader in process.readers()
        assert process.tokens() == infos[:1]
        assert process.unrecognized() == ()


def test_a_reader_that_is_not_even_named_is_one_all_the_same(
    infos: tuple[TokenInfo, TokenInfo], troubled_card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSC does so when the card in it is mute: nobody shall be told that there is no reader."""
    first, second = infos
    monkeypatch.setenv("TROUBLED_NAMELESS_CARD", second.id.serial)
    with CardProcess(troubled_card) as process:
        assert "" in process.readers()
        assert second.reader not in process.readers()
        assert process.unrecognized() == ()
    with CardProcess(troubled_card, reader=first.reader) as process:
        assert process.tokens() == (first,)


def test_a_card_that_has_just_gone_is_not_mute(
    infos: tuple[TokenInfo, TokenInfo], process: CardProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its slot still says that it is there; that nothing can be read of it has another reason."""
    pulled = tmp_path / "pulled"
    pulled.touch()
    monkeypatch.setenv("TROUBLED_PULLED", str(pulled))
    with CardProcess(process.module().path) as after:
        assert after.readers()
        assert after.unrecognized() == ()
