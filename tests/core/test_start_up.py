"""What is loaded when: half a second that a person waits is mostly imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"PyKCS11", "PySide6", "asn1crypto", "cryptography", "httpx", "pydantic", "sqlite3", "truststore"}


def loaded(module: str) -> set[str]:
    """Everything that a fresh interpreter has loaded after importing a module."""
    code = f"import sys, {module}; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    return set(ended.stdout.split())


def test_the_card_process_imports_the_main_module_and_nothing_with_it() -> None:
    """`multiprocessing` imports it again in every process that it spawns."""
    assert {name for name in loaded("sithsup.__main__") if name.startswith("sithsup.")} == {"sithsup.__main__"}


def test_a_library_s_warning_is_nothing_for_a_person() -> None:
    """Unless Python itself was asked for them (`python -W`)."""
    code = (
        "import sys, warnings; from sithsup.__main__ import main; sys.argv = ['sithsup', 'errors']\n"
        "try: main()\n"
        "except SystemExit: warnings.warn('odd')"
    )
    for options, is_told in (([], False), (["-W", "always"], True)):
        command = [sys.executable, *options, "-c", code]
        ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        assert ("odd" in ended.stderr) is is_told


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        pytest.param("sithsup.cli", set[str](), id="before the card process is started"),
        pytest.param("sithsup.card.process", set[str](), id="before the card process says anything"),
        pytest.param("sithsup.card.pkcs11", {"PyKCS11", "asn1crypto"}, id="the card process"),
        pytest.param(
            "sithsup.cli.commands", {"asn1crypto", "cryptography", "httpx", "pydantic", "sqlite3"}, id="the rest"
        ),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(module: str, allowed: set[str]) -> None:
    assert not loaded(module) & (HEAVY - allowed)
    assert not {name for name in loaded(module) if name.startswith(("sithsup.demo", "sithsup.sim"))}
