"""The cards that the contract of `Token` is run on, and the markers that say where a card differs."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.contract import tokens
from tests.support.virtual import NEEDED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CARDS = ("softhsm2", "card-process", "simulated", "virtual")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "card(**options): the test wants a card with these `CardOptions`")
    config.addinivalue_line("markers", "not_on(card, reason): this card differs here, and why")


@pytest.fixture(scope="session")
def softhsm_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SoftHSM2 card, made once, to be copied."""
    folder = tmp_path_factory.mktemp("softhsm") / "template"
    tokens.make_tokens(folder)
    return folder


@pytest.fixture(scope="session")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module that misbehaves on demand."""
    return tokens.compile_troubled(tmp_path_factory.mktemp("troubled"))


@pytest.fixture(params=CARDS)
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tokens.Bench]:
    """A card of each kind, with the options that the test's marker asks for."""
    for marker in request.node.iter_markers("not_on"):
        if request.param == marker.args[0]:
            pytest.skip(marker.kwargs["reason"])
    wanted = request.node.get_closest_marker("card")
    options = tokens.CardOptions(**wanted.kwargs) if wanted else tokens.CardOptions()
    with ExitStack() as stack:
        if request.param == "virtual":
            for tool in NEEDED:
                request.getfixturevalue("needs")(tool)
            yield stack.enter_context(tokens.virtual(options, monkeypatch))
            return
        if request.param == "simulated":
            yield stack.enter_context(tokens.simulated(options))
            return
        tokens.use_tokens(request.getfixturevalue("softhsm_template"), tmp_path / "card", monkeypatch)
        tokens.use_options(options, monkeypatch)
        is_plain = options == tokens.CardOptions()
        module = tokens.softhsm_module() if is_plain else str(request.getfixturevalue("troubled"))
        make = tokens.softhsm2 if request.param == "softhsm2" else tokens.card_process
        yield stack.enter_context(make(module))
