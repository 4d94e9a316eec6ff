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
