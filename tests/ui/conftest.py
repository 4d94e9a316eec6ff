"""Qt without a screen, and with one font."""

from __future__ import annotations

from tests.ui.window import prepare_process

prepare_process()
