"""The look: a calm background that the seed chooses, dark enough for light text, and the places where text stands."""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

from understudy_server.media._media import Film, Picture
from understudy_server.media._text import Lines, fit

Colour = tuple[int, int, int]

INK: Colour = (246, 243, 236)
FAINT: Colour = (206, 202, 192)
CONTRAST = 8.0
"""At least this much between the ink and every background, where WCAG 2 asks 4.5 of small text and 7 of the best."""
NAME = "UNDERSTUDY"
_LINEAR_BELOW = 0.04045
"""Where the sRGB curve leaves its straight foot."""
_NAMED_FROM = 200
"""Frames with a shorter side than this have no room for the name."""
_GRID = 24
"""The background is computed on about this many points a side and enlarged: a gradient has no more detail."""


@dataclass(frozen=True, slots=True)
class Slate:
    """A painted frame, and where a film's running parts belong on it.

    Args:
        image: The frame, with background, name, title and caption.
        margin: Free space at each side, in pixels.
        small: The caption's size, in pixels.
        foot: Where the caption's line ends, in pixels from the top.
        ground: The darkest colour of its background, for what is laid over it.
    """

    image: Image.Image
    margin: int
    small: int
    foot: int
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
    """Return five related dark colours, each with `CONTRAST` to the ink."""
    random = Random(seed)
    hue, turn = random.random(), random.choice((-1, 1)) * random.uniform(0.05, 0.14)
    shades = (0.15, 0.22, 0.27, 0.33, 0.40)
    return [_dark(hue + turn * step, light, random.uniform(0.35, 0.6)) for step, light in enumerate(shades)]


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
    small = Image.new("RGB", (columns, rows))
    small.putdata([_mixed((x + 0.5) / columns, (y + 0.5) / rows, spots) for y in range(rows) for x in range(columns)])
    return small.resize((width, height), Image.Resampling.BICUBIC)


def _grid(width: int, height: int) -> tuple[int, int]:
    longest = max(width, height)
    return max(2, _GRID * width // longest), max(2, _GRID * height // longest)


def _mixed(x: float, y: float, spots: list[tuple[float, float, Colour]]) -> Colour:
    weights = [1 / (0.06 + (x - left) ** 2 + (y - top) ** 2) ** 2 for left, top, _ in spots]
    whole = sum(weights)
    red, green, blue = (
        round(sum(w * spot[2][band] for w, spot in zip(weights, spots, strict=True)) / whole) for band in range(3)
    )
    return red, green, blue


def slate(medium: Film | Picture) -> Slate:
    """Paint a frame with the title in the middle and the caption at the foot; a film's bar has its room below.

    Nothing is written outside of the margins, whatever the size; a text that does not fit ends in an ellipsis.
    """
    side = min(medium.width, medium.height)
    margin, small = max(3, round(side * 0.07)), max(8, round(side * 0.032))
    bar, counter = (math.ceil(small * 0.9), math.ceil(small * 6.5)) if isinstance(medium, Film) else (0, 0)
    image, width, foot = background(medium), medium.width - 2 * margin, medium.height - margin - bar
    caption = fit(medium.caption, width - counter, round(small * 2.7), largest=small, smallest=small)
    paint(image, caption, (margin, foot - caption.height), FAINT)
    top = _name(image, margin, small)
    room = max(0, foot - round(small * 3.2) - top)
    title = fit(medium.title, width, room, largest=max(9, round(side * 0.12)), smallest=max(8, round(side * 0.04)))
    paint(image, title, (margin, top + (room - title.height) // 2), INK)
    return Slate(image, margin, small, foot, palette(medium.seed)[0])


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
