"""Every setting of the program, as one table, and the layers that they come from.

`table` is the truth: the fields of `Settings`, each with its default, what reads it, and one sentence about it.
`layers` says which layer goes over which, `sources` where each of them is kept on this system, `resolution` what is in
force and why.
"""

from sithsup.settings.layers import LEVEL_TEXTS, Layer, Level, environment_layer
from sithsup.settings.proxies import refuse_unusable_proxies
from sithsup.settings.readers import DIRECT, LONGEST_TEXT, OneOf
from sithsup.settings.resolution import Offer, Resolution, Row
from sithsup.settings.setting import Setting, value_name, variable_name
from sithsup.settings.table import Settings

__all__ = [
    "DIRECT",
    "LEVEL_TEXTS",
    "LONGEST_TEXT",
    "Layer",
    "Level",
    "Offer",
    "OneOf",
    "Resolution",
    "Row",
    "Setting",
    "Settings",
    "environment_layer",
    "refuse_unusable_proxies",
    "value_name",
    "variable_name",
]
