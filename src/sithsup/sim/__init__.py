"""Honest simulators of a card and an authority, with faults that can be switched on. For tests and practice."""
