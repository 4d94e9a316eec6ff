"""What holds for every test: see the plug-ins, each of which says what it does."""

from __future__ import annotations

import os

from hypothesis import settings

pytest_plugins = ["pytester", "tests.plugins.needs", "tests.plugins.no_settings", "tests.plugins.stray_logs"]

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("SITHSUP_CI") == "1" else "here")
