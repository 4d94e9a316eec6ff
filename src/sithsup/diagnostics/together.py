"""Several questions at once, none of them waited for longer than it may."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

Key = TypeVar("Key", bound="Hashable")
Answer = TypeVar("Answer")


def together(asks: Mapping[Key, Callable[[], Answer]], seconds: float) -> dict[Key, Answer]:
    """The answers that came in time, in the order of the questions. What one of them raises is raised here.

    Whoever is late is left behind, and holds up nobody's end: no pool of threads would do that.
    """
    futures: dict[Key, Future[Answer]] = {key: Future() for key in asks}
    for key, ask in asks.items():
        threading.Thread(target=_answer, args=(ask, futures[key]), name=f"ask-{key}", daemon=True).start()
    done, _ = wait(futures.values(), seconds)
    return {key: future.result() for key, future in futures.items() if future in done}


def _answer(ask: Callable[[], Answer], future: Future[Answer]) -> None:
    try:
        future.set_result(ask())
    except BaseException as error:  # noqa: BLE001  raised where it is waited for
        future.set_exception(error)
