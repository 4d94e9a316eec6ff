"""The harness itself: what the plug-ins of the tests promise, proved by running pytest inside pytest."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def inner(pytester: pytest.Pytester) -> pytest.Pytester:
    """Another pytest, with our settings and plug-ins and without our tests."""
    pytester.makepyprojecttoml(
        f"""
        [tool.pytest]
        strict = true
        pythonpath = [{str(ROOT)!r}]
        addopts = ["--import-mode=importlib", "-p", "no:xdist", "-p", "no:cacheprovider"]
        filterwarnings = ["error"]
        markers = ["needs(*tools): needs"]
        """
    )
    pytester.makeconftest('pytest_plugins = ["tests.plugins.needs", "tests.plugins.stray_logs"]')
    return pytester


def run(inner: pytest.Pytester, source: str) -> pytest.RunResult:
    inner.makepyfile(source)
    return inner.runpytest_subprocess()


@pytest.mark.parametrize("level", ["warning", "error", "critical"])
def test_a_stray_log_record_fails(inner: pytest.Pytester, level: str) -> None:
    result = run(inner, f"import logging\ndef test(): logging.getLogger('x').{level}('cannot do it')")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*{level.upper()} x: cannot do it*"])


def test_a_stray_log_record_of_a_fixture_fails(inner: pytest.Pytester) -> None:
    source = """
        import logging, pytest
        @pytest.fixture
        def noisy():
            logging.warning("before")
            yield
        def test(noisy): pass
    """
    run(inner, source).assert_outcomes(passed=1, errors=1)


def test_an_expected_or_harmless_record_passes(inner: pytest.Pytester) -> None:
    source = """
        import logging
        def test_expected(caplog):
            logging.warning("cannot do it")
            assert "cannot do it" in caplog.text
            caplog.clear()
        def test_harmless(): logging.info("did it")
    """
    run(inner, source).assert_outcomes(passed=2)


def test_a_record_after_the_clearing_fails(inner: pytest.Pytester) -> None:
    source = """
        import logging
        def test(caplog):
            caplog.clear()
            logging.warning("too late")
    """
    run(inner, source).assert_outcomes(passed=1, errors=1)


def test_an_exception_in_a_thread_fails(inner: pytest.Pytester) -> None:
    source = """
        import threading
        def test():
            thread = threading.Thread(target=lambda: 1 / 0)
            thread.start()
            thread.join()
    """
    result = run(inner, source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*ZeroDivisionError*"])


MISSING = {
    "fixture": "def test(needs): needs('no-such-tool')",
    "marker": "import pytest\n@pytest.mark.needs('sh', 'no-such-tool')\ndef test(): pass",
    "plain-skip": "import pytest\ndef test(): pytest.skip('softhsm2 is not installed')",
    "skipif": "import pytest\n@pytest.mark.skipif(True, reason='module not found')\ndef test(): pass",
}


@pytest.mark.parametrize("source", MISSING.values(), ids=MISSING.keys())
def test_a_missing_tool_skips_here_and_fails_in_ci(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.delenv("SITHSUP_CI", raising=False)
    run(inner, source).assert_outcomes(skipped=1)
    monkeypatch.setenv("SITHSUP_CI", "1")
    result = inner.runpytest_subprocess()
    assert result.ret != 0
    assert result.parseoutcomes().get("skipped", 0) == 0


def test_a_missing_module_at_import_fails_in_ci(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITHSUP_CI", "1")
    result = run(inner, "import pytest\npytest.importorskip('no_such_module')\ndef test(): pass")
    result.assert_outcomes(errors=1)


def test_another_reason_still_skips_in_ci(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITHSUP_CI", "1")
    run(inner, "import pytest\ndef test(): pytest.skip('only on Windows')").assert_outcomes(skipped=1)


def test_a_tool_that_is_there_is_given(inner: pytest.Pytester) -> None:
    run(inner, "def test(needs): assert needs('sh').name == 'sh'").assert_outcomes(passed=1)


def test_hypothesis_never_fails_for_being_slow() -> None:
    assert settings().deadline is None
