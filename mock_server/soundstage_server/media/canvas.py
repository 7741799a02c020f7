"""The look: a calm background that the seed chooses, dark enough for light text, and the places where text stands."""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from PIL import Image as PILImage
from PIL import ImageDraw

from soundstage_server.media.specs import Image, Video
from soundstage_server.media.text import LINE_HEIGHT, TextBlock, fit_text

if TYPE_CHECKING:
    from collections.abc import Sequence

Color = tuple[int, int, int]

TEXT_COLOR: Color = (246, 243, 236)
MUTED_COLOR: Color = (206, 202, 192)
MIN_CONTRAST = 8.0
"""At least this much between the ink and every background, where WCAG 2 asks 4.5 of small text and 7 of the best."""
PROJECT_NAME = "SOUNDSTAGE"
COUNTER_WIDTH = 6.2
"""Width of a film's counter in caption sizes."""
_LINEAR_BELOW = 0.04045
"""Where the sRGB curve leaves its straight foot."""
_NAMED_FROM = 200
"""Frames with a shorter side than this have no room for the name."""
_GRID = 16
"""The background is computed on about this many points a side and enlarged: a gradient has no more detail."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A painted frame, and where a film's running parts belong on it.

    Args:
        image: The frame, with background, name, title and caption.
        margin: Free space at each side, in pixels.
        caption_size: The caption's size, in pixels.
        caption_bottom: Where the caption's line ends, in pixels from the top.
        counter_width: How wide the counter may be at the foot's right, in pixels; 0 where there is no room for one.
        bar_color: The darkest color of its background, for what is laid over it.
    """

    image: PILImage.Image
    margin: int
    caption_size: int
    caption_bottom: int
    counter_width: int
    bar_color: Color


def luminance(color: Color) -> float:
    """Return the relative luminance of an sRGB color, 0 for black and 1 for white (WCAG 2)."""
    red, green, blue = (_linear(value / 255) for value in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= _LINEAR_BELOW else ((value + 0.055) / 1.055) ** 2.4


def contrast(one: Color, other: Color) -> float:
    """Return the contrast of two colors, 1 for none and 21 for black on white (WCAG 2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def palette(seed: int) -> list[Color]:
    """Return five related dark colors, each with `MIN_CONTRAST` to the ink, from teal by blue to red.

    Yellow and green are left out: dark, they are mud.
    """
    random = Random(seed)
    hue, turn = random.uniform(0.42, 1.08), random.choice((-1, 1)) * random.uniform(0.02, 0.055)
    shades = (0.15, 0.22, 0.27, 0.33, 0.40)
    return [_dark(hue + turn * step, light, random.uniform(0.28, 0.5)) for step, light in enumerate(shades)]


def _dark(hue: float, light: float, saturation: float) -> Color:
    while True:
        red, green, blue = colorsys.hls_to_rgb(hue % 1, light, saturation)
        color = (round(red * 255), round(green * 255), round(blue * 255))
        if contrast(color, TEXT_COLOR) >= MIN_CONTRAST:
            return color
        light *= 0.94


def background(spec: Video | Image) -> PILImage.Image:
    """Return soft patches of the seed's colors; every pixel is a mixture of `palette` colors."""
    random = Random(spec.seed)
    width, height = spec.width, spec.height
    spots = [(random.random(), random.random(), color) for color in palette(spec.seed)]
    columns, rows = _grid(width, height)
    mixtures = [_mixed((x + 0.5) / columns, (y + 0.5) / rows, spots) for y in range(rows) for x in range(columns)]
    bands = [_enlarged(levels, (columns, rows), (width, height)) for levels in zip(*mixtures, strict=True)]
    return PILImage.merge("RGB", bands)


def _grid(width: int, height: int) -> tuple[int, int]:
    longest = max(width, height)
    return max(2, _GRID * width // longest), max(2, _GRID * height // longest)


def _mixed(x: float, y: float, spots: list[tuple[float, float, Color]]) -> tuple[float, float, float]:
    """Return the mixture of all spots' colors at a point, in which near ones weigh more."""
    whole = red = green = blue = 0.0
    for left, top, color in spots:
        weight = 1 / (0.06 + (x - left) ** 2 + (y - top) ** 2) ** 2
        whole += weight
        red += weight * color[0]
        green += weight * color[1]
        blue += weight * color[2]
    return red / whole, green / whole, blue / whole


def _enlarged(levels: Sequence[float], points: tuple[int, int], size: tuple[int, int]) -> PILImage.Image:
    """Return one band at its full size; fractions are kept until then, or the points would show as tiles."""
    band = PILImage.new("F", points)
    band.putdata(levels)
    return band.resize(size, PILImage.Resampling.BICUBIC).convert("L")


def paint_frame(spec: Video | Image) -> Frame:
    """Paint a frame with the title in the middle and the caption at the foot; a film's bar has its room below.

    Nothing is written outside of the margins, whatever the size; a text that does not fit ends in an ellipsis, and a
    frame without room for all of them keeps the title first, then the counter, then the caption.
    """
    side = min(spec.width, spec.height)
    image, margin, small = background(spec), max(3, round(side * 0.07)), max(8, round(side * 0.03))
    width, film = spec.width - 2 * margin, isinstance(spec, Video)
    foot = spec.height - margin - (math.ceil(small * 0.9) if film else 0)
    counter = math.ceil(small * COUNTER_WIDTH) if film and width >= small * COUNTER_WIDTH and side >= small * 6 else 0
    caption = _caption(spec, width - counter, small)
    draw_text(image, caption, (margin, foot - caption.height), MUTED_COLOR)
    top = _name(image, margin, small)
    bottom = foot - (
        max(caption.height, math.ceil(small * LINE_HEIGHT)) + small // 2 if caption.lines or counter else 0
    )
    room = max(0, bottom - top)
    title = fit_text(spec.title, width, room, largest=max(9, round(side * 0.12)), smallest=max(8, round(side * 0.04)))
    draw_text(image, title, (margin, top + (room - title.height) // 2), TEXT_COLOR)
    return Frame(image, margin, small, foot, counter, palette(spec.seed)[0])


def _caption(spec: Video | Image, width: int, small: int) -> TextBlock:
    """Return the caption on at most two lines, or none where it would crowd out the title."""
    roomy = width >= small * 8 and spec.height >= small * 9
    return fit_text(
        spec.caption, width, math.ceil(2 * small * LINE_HEIGHT) if roomy else 0, largest=small, smallest=small
    )


def _name(image: PILImage.Image, margin: int, small: int) -> int:
    """Write the project's name and a rule at the top where there is room; return where the free room begins."""
    if min(image.size) < _NAMED_FROM:
        return margin
    spaced = fit_text(
        " ".join(PROJECT_NAME), image.width - 2 * margin, round(small * 1.4), largest=round(small * 0.8), smallest=8
    )
    draw_text(image, spaced, (margin, margin), MUTED_COLOR)
    rule = margin + spaced.height + small // 3
    ImageDraw.Draw(image).rectangle(
        (margin, rule, margin + small * 2, rule + max(1, small // 10) - 1), fill=MUTED_COLOR
    )
    return rule + small


def draw_text(image: PILImage.Image, lines: TextBlock, corner: tuple[int, int], color: Color) -> None:
    """Write *lines* with their upper left at *corner*."""
    image.paste(color, corner, lines.mask())
