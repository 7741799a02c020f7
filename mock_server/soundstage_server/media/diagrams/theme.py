"""Colors of diagrams: dark ink on light paper, and accents that the seed turns around the circle of hues."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from soundstage_server.media.canvas import contrast

if TYPE_CHECKING:
    from soundstage_server.media.canvas import Color

PAPER: Color = (255, 255, 255)
INK: Color = (31, 36, 48)
QUIET: Color = (98, 105, 120)
RULE: Color = (222, 226, 233)
BAND: Color = (246, 248, 251)
READABLE = 4.5
"""The contrast that WCAG 2 asks between small text and what it stands on."""
ACCENTS = 6


@dataclass(frozen=True, slots=True)
class Accent:
    """One hue: *strong* carries white text, *soft* carries ink."""

    strong: Color
    soft: Color


def accents(seed: int) -> tuple[Accent, ...]:
    """Return six accents, each some way around the circle from the one before."""
    random = Random(seed)
    hue, turn = random.random(), random.choice((-1, 1))
    return tuple(_accent(hue + turn * step * 0.19) for step in range(ACCENTS))


def _accent(hue: float) -> Accent:
    light = 0.46
    while contrast(strong := _color(hue, light, 0.62), PAPER) < READABLE:
        light -= 0.02
    return Accent(strong, _color(hue, 0.93, 0.7))


def _color(hue: float, light: float, saturation: float) -> Color:
    red, green, blue = colorsys.hls_to_rgb(hue % 1, light, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
