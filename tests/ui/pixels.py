"""What is really drawn: colours counted, contrasts measured, pictures compared."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage, QPainter

if TYPE_CHECKING:
    from PySide6.QtCore import QRect

Colour = tuple[int, int, int]
RARE = 0.001
"""The share of the pixels of a text that are at least of its own colour; the others are its smoothed edges."""


@cache
def ratio(one: int, two: int) -> float:
    """The contrast of two colours (0xRRGGBB): WCAG 2.2, "contrast ratio"."""
    lighter, darker = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: int) -> float:
    red, green, blue = (_linear((colour >> shift & 0xFF) / 255) for shift in (16, 8, 0))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)


def colours(image: QImage, part: QRect | None = None) -> Counter[int]:
    """How often each colour occurs in a part of an image."""
    cut = image.copy(part) if part else image
    plain = cut.convertToFormat(QImage.Format.Format_RGB32)
    counted = Counter(memoryview(plain.constBits()).cast("I"))
    return Counter({colour & 0xFFFFFF: count for colour, count in counted.items()})


def contrast(image: QImage, part: QRect) -> float:
    """How much the strongest colour that is no mere speck stands out from the commonest; 1 where there is but one."""
    found = colours(image, part)
    if not found:
        return 1.0
    ground, _ = found.most_common(1)[0]
    enough = max(2, found.total() * RARE)
    return max(ratio(colour, ground) for colour, count in found.items() if count >= enough or colour == ground)


def ink(image: QImage, part: QRect) -> tuple[int, int]:
    """The first and the last column of a part in which something is written; (0, -1) where nothing is."""
    cut = image.copy(part).convertToFormat(QImage.Format.Format_RGB32)
    ground, _ = colours(cut).most_common(1)[0]
    columns = [
        x for x in range(cut.width()) if any(ratio(cut.pixel(x, y) & 0xFFFFFF, ground) > 2 for y in range(cut.height()))
    ]
    return (columns[0], columns[-1]) if columns else (0, -1)


def changed(before: QImage, after: QImage, least: float) -> int:
    """How many pixels stand out from what they were before by at least this ratio."""
    images = [image.convertToFormat(QImage.Format.Format_RGB32) for image in (before, after)]  # they own what is read
    one, two = (memoryview(image.constBits()).cast("I") for image in images)
    pairs = Counter(zip(one, two, strict=True))
    return sum(count for (a, b), count in pairs.items() if a != b and ratio(a & 0xFFFFFF, b & 0xFFFFFF) >= least)


def differences(one: QImage, two: QImage, tolerance: int) -> int:
    """How many channels of how many pixels differ by more than the tolerance; all of them where the sizes differ."""
    if one.size() != two.size():
        return max(one.width() * one.height(), 1)
    difference = one.convertToFormat(QImage.Format.Format_RGB888)
    painter = QPainter(difference)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Difference)
    painter.drawImage(0, 0, two.convertToFormat(QImage.Format.Format_RGB888))
    painter.end()
    width = difference.width() * 3
    rows = bytes(difference.constBits())
    stride = difference.bytesPerLine()
    return sum(
        len(rows[start : start + width].translate(None, bytes(range(tolerance + 1))))
        for start in range(0, stride * difference.height(), stride)
    )
