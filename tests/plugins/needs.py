"""Tests that need a program: skipped on a developer's computer without it, failed where SITHSUP_CI=1.

    @pytest.mark.needs("softhsm2-util", "pkcs11-tool")
    def test_it(): ...

    def test_it(needs):
        tool = needs("openssl")

In CI *any* skip whose reason says that something is missing fails, importorskip included.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Needs = Callable[[str], Path]

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

_MISSING = re.compile(r"missing|not (?:installed|found|available)|could not import|no module named", re.IGNORECASE)


def in_ci() -> bool:
    """Whether a missing tool is a failure."""
    return os.environ.get("SITHSUP_CI") == "1"


@pytest.fixture
def needs() -> Needs:
    """Give the path of a program, or skip the test."""
    return _find


@pytest.fixture(autouse=True)
def _needs_marker(request: pytest.FixtureRequest) -> None:
    for marker in request.node.iter_markers("needs"):
        for tool in marker.args:
            _find(tool)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _strict((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _strict((yield))


def _find(tool: str) -> Path:
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"missing tool: {tool}")
    return Path(found)


def _strict(report: Report) -> Report:
    if (
        in_ci()
        and report.skipped
        and not hasattr(report, "wasxfail")
        and _MISSING.search(reason := str(report.longrepr))
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped, but nothing may be missing in CI: {reason}"
    return report
