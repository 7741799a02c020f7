"""Colors of diagrams: dark text on a light page, and accents whose hues the seed determines."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from soundstage_server.media.canvas import contrast

if TYPE_CHECKING:
    from soundstage_server.media.canvas import Color

PAGE_COLOR: Color = (255, 255, 255)
TEXT_COLOR: Color = (31, 36, 48)
MUTED_COLOR: Color = (98, 105, 120)
LINE_COLOR: Color = (222, 226, 233)
BAND_COLOR: Color = (246, 248, 251)
MIN_CONTRAST = 4.5
"""Contrast that WCAG 2 requires between small text and its background."""
ACCENT_COUNT = 6


@dataclass(frozen=True, slots=True)
class Accent:
    """One hue: *strong* is a background for white text, *soft* one for dark text."""

    strong: Color
    soft: Color


def accents(seed: int) -> tuple[Accent, ...]:
    """Return six accents with different hues, at equal steps around the color wheel."""
    random = Random(seed)
    hue, turn = random.random(), random.choice((-1, 1))
    return tuple(_accent(hue + turn * step * 0.19) for step in range(ACCENT_COUNT))


def _accent(hue: float) -> Accent:
    light = 0.46
    while contrast(strong := _color(hue, light, 0.62), PAGE_COLOR) < MIN_CONTRAST:
        light -= 0.02
    return Accent(strong, _color(hue, 0.93, 0.7))


def _color(hue: float, light: float, saturation: float) -> Color:
    red, green, blue = colorsys.hls_to_rgb(hue % 1, light, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
