"""Upgrades the certificates of Swedish SITHS smart cards.

The promise: whenever the upgrade is interrupted, and however often, the card ends with its old identity
working or with its new identity working. Never neither.

Read `sithsup.upgrade` first.
"""

__version__ = "0.1.0"
