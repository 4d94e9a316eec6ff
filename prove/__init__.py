"""The promise, tried: every interruption that can be thought of, and what the card was in the end. `./dev prove`."""
