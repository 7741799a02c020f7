"""The look: a calm background that the seed chooses, dark enough for light text, and the places where text stands."""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from soundstage_server.media.specs import Film, Picture
from soundstage_server.media.text import PITCH, Lines, fit

if TYPE_CHECKING:
    from collections.abc import Sequence

Colour = tuple[int, int, int]

INK: Colour = (246, 243, 236)
FAINT: Colour = (206, 202, 192)
CONTRAST = 8.0
"""At least this much between the ink and every background, where WCAG 2 asks 4.5 of small text and 7 of the best."""
NAME = "SOUNDSTAGE"
COUNTER = 6.2
"""Width of a film's counter in caption sizes."""
_LINEAR_BELOW = 0.04045
"""Where the sRGB curve leaves its straight foot."""
_NAMED_FROM = 200
"""Frames with a shorter side than this have no room for the name."""
_GRID = 16
"""The background is computed on about this many points a side and enlarged: a gradient has no more detail."""


@dataclass(frozen=True, slots=True)
class Slate:
    """A painted frame, and where a film's running parts belong on it.

    Args:
        image: The frame, with background, name, title and caption.
        margin: Free space at each side, in pixels.
        small: The caption's size, in pixels.
        foot: Where the caption's line ends, in pixels from the top.
        counter: How wide the counter may be at the foot's right, in pixels; 0 where there is no room for one.
        ground: The darkest colour of its background, for what is laid over it.
    """

    image: Image.Image
    margin: int
    small: int
    foot: int
    counter: int
    ground: Colour


def luminance(colour: Colour) -> float:
    """Return the relative luminance of an sRGB colour, 0 for black and 1 for white (WCAG 2)."""
    red, green, blue = (_linear(value / 255) for value in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= _LINEAR_BELOW else ((value + 0.055) / 1.055) ** 2.4


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours, 1 for none and 21 for black on white (WCAG 2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def palette(seed: int) -> list[Colour]:
    """Return five related dark colours, each with `CONTRAST` to the ink, from teal by blue to red.

    Yellow and green are left out: dark, they are mud.
    """
    random = Random(seed)
    hue, turn = random.uniform(0.42, 1.08), random.choice((-1, 1)) * random.uniform(0.02, 0.055)
    shades = (0.15, 0.22, 0.27, 0.33, 0.40)
    return [_dark(hue + turn * step, light, random.uniform(0.28, 0.5)) for step, light in enumerate(shades)]


def _dark(hue: float, light: float, saturation: float) -> Colour:
    while True:
        red, green, blue = colorsys.hls_to_rgb(hue % 1, light, saturation)
        colour = (round(red * 255), round(green * 255), round(blue * 255))
        if contrast(colour, INK) >= CONTRAST:
            return colour
        light *= 0.94


def background(medium: Film | Picture) -> Image.Image:
    """Return soft patches of the seed's colours; every pixel is a mixture of `palette` colours."""
    random = Random(medium.seed)
    width, height = medium.width, medium.height
    spots = [(random.random(), random.random(), colour) for colour in palette(medium.seed)]
    columns, rows = _grid(width, height)
    mixtures = [_mixed((x + 0.5) / columns, (y + 0.5) / rows, spots) for y in range(rows) for x in range(columns)]
    bands = [_enlarged(levels, (columns, rows), (width, height)) for levels in zip(*mixtures, strict=True)]
    return Image.merge("RGB", bands)


def _grid(width: int, height: int) -> tuple[int, int]:
    longest = max(width, height)
    return max(2, _GRID * width // longest), max(2, _GRID * height // longest)


def _mixed(x: float, y: float, spots: list[tuple[float, float, Colour]]) -> tuple[float, float, float]:
    """Return the mixture of all spots' colours at a point, in which near ones weigh more."""
    whole = red = green = blue = 0.0
    for left, top, colour in spots:
        weight = 1 / (0.06 + (x - left) ** 2 + (y - top) ** 2) ** 2
        whole += weight
        red += weight * colour[0]
        green += weight * colour[1]
        blue += weight * colour[2]
    return red / whole, green / whole, blue / whole


def _enlarged(levels: Sequence[float], points: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    """Return one band at its full size; fractions are kept until then, or the points would show as tiles."""
    band = Image.new("F", points)
    band.putdata(levels)
    return band.resize(size, Image.Resampling.BICUBIC).convert("L")


def slate(medium: Film | Picture) -> Slate:
    """Paint a frame with the title in the middle and the caption at the foot; a film's bar has its room below.

    Nothing is written outside of the margins, whatever the size; a text that does not fit ends in an ellipsis, and a
    frame without room for all of them keeps the title first, then the counter, then the caption.
    """
    side = min(medium.width, medium.height)
    image, margin, small = background(medium), max(3, round(side * 0.07)), max(8, round(side * 0.03))
    width, film = medium.width - 2 * margin, isinstance(medium, Film)
    foot = medium.height - margin - (math.ceil(small * 0.9) if film else 0)
    counter = math.ceil(small * COUNTER) if film and width >= small * COUNTER and side >= small * 6 else 0
    caption = _caption(medium, width - counter, small)
    paint(image, caption, (margin, foot - caption.height), FAINT)
    top = _name(image, margin, small)
    bottom = foot - (max(caption.height, math.ceil(small * PITCH)) + small // 2 if caption.lines or counter else 0)
    room = max(0, bottom - top)
    title = fit(medium.title, width, room, largest=max(9, round(side * 0.12)), smallest=max(8, round(side * 0.04)))
    paint(image, title, (margin, top + (room - title.height) // 2), INK)
    return Slate(image, margin, small, foot, counter, palette(medium.seed)[0])


def _caption(medium: Film | Picture, width: int, small: int) -> Lines:
    """Return the caption on at most two lines, or none where it would crowd out the title."""
    roomy = width >= small * 8 and medium.height >= small * 9
    return fit(medium.caption, width, math.ceil(2 * small * PITCH) if roomy else 0, largest=small, smallest=small)


def _name(image: Image.Image, margin: int, small: int) -> int:
    """Write the project's name and a rule at the top where there is room; return where the free room begins."""
    if min(image.size) < _NAMED_FROM:
        return margin
    spaced = fit(" ".join(NAME), image.width - 2 * margin, round(small * 1.4), largest=round(small * 0.8), smallest=8)
    paint(image, spaced, (margin, margin), FAINT)
    rule = margin + spaced.height + small // 3
    ImageDraw.Draw(image).rectangle((margin, rule, margin + small * 2, rule + max(1, small // 10) - 1), fill=FAINT)
    return rule + small


def paint(image: Image.Image, lines: Lines, corner: tuple[int, int], colour: Colour) -> None:
    """Write *lines* with their upper left at *corner*."""
    image.paste(colour, corner, lines.mask())
