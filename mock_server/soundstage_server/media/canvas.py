"""Paint the frame of an image or a video: a background that the seed chooses, and the title and caption on it."""

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
"""Least contrast between text and background; WCAG 2 requires 4.5 for small text, and 7 at its strictest level."""
PROJECT_NAME = "SOUNDSTAGE"
COUNTER_WIDTH = 6.2
"""Width of a video's counter, in caption sizes."""
_LINEAR_BELOW = 0.04045
"""Where the sRGB curve changes from a straight line to a power."""
_MIN_SIDE_FOR_NAME = 200
_GRID = 16
"""The background is computed at about this many points a side and enlarged: a gradient has no finer detail."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A painted frame, and where a video's changing parts belong on it.

    Args:
        image: The frame, with background, project name, title and caption.
        margin: Free space at each side, in pixels.
        caption_size: The caption's font size, in pixels.
        caption_bottom: Where the caption's last line ends, in pixels from the top.
        counter_width: How wide the counter at the lower right may be, in pixels; 0 where there is no room for one.
        bar_color: The color of the progress bar's track: the darkest of the background.
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
    """Return the contrast ratio of two colors, 1 for equal colors and 21 for black on white (WCAG 2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def palette(seed: int) -> list[Color]:
    """Return five related dark colors, each with at least `MIN_CONTRAST` to the text color."""
    random = Random(seed)
    # Hues from teal through blue to red: dark yellow and dark green look like mud.
    hue, turn = random.uniform(0.42, 1.08), random.choice((-1, 1)) * random.uniform(0.02, 0.055)
    lightness = (0.15, 0.22, 0.27, 0.33, 0.40)
    return [_dark(hue + turn * step, light, random.uniform(0.28, 0.5)) for step, light in enumerate(lightness)]


def _dark(hue: float, light: float, saturation: float) -> Color:
    # Equal lightness in HLS is not equal luminance, so darken each color until its contrast is measured to be enough.
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
    mixtures = [_mix((x + 0.5) / columns, (y + 0.5) / rows, spots) for y in range(rows) for x in range(columns)]
    bands = [_enlarge(levels, (columns, rows), (width, height)) for levels in zip(*mixtures, strict=True)]
    return PILImage.merge("RGB", bands)


def _grid(width: int, height: int) -> tuple[int, int]:
    longest = max(width, height)
    return max(2, _GRID * width // longest), max(2, _GRID * height // longest)


def _mix(x: float, y: float, spots: list[tuple[float, float, Color]]) -> tuple[float, float, float]:
    """Return the weighted mean of all spots' colors at a point; near spots weigh more."""
    total = red = green = blue = 0.0
    for left, top, color in spots:
        weight = 1 / (0.06 + (x - left) ** 2 + (y - top) ** 2) ** 2
        total += weight
        red += weight * color[0]
        green += weight * color[1]
        blue += weight * color[2]
    return red / total, green / total, blue / total


def _enlarge(levels: Sequence[float], points: tuple[int, int], size: tuple[int, int]) -> PILImage.Image:
    # In floats until it is enlarged: rounded first, the grid's points would show as tiles.
    band = PILImage.new("F", points)
    band.putdata(levels)
    return band.resize(size, PILImage.Resampling.BICUBIC).convert("L")


def paint_frame(spec: Video | Image) -> Frame:
    """Paint a frame with the title in the middle and the caption at the bottom; a video keeps room for its bar.

    Nothing is written outside the margins, whatever the size. A text that does not fit ends in an ellipsis, and a frame
    without room for all texts keeps the title first, then the counter, then the caption.
    """
    side = min(spec.width, spec.height)
    image, margin, small = background(spec), max(3, round(side * 0.07)), max(8, round(side * 0.03))
    width, is_video = spec.width - 2 * margin, isinstance(spec, Video)
    caption_bottom = spec.height - margin - (math.ceil(small * 0.9) if is_video else 0)
    has_counter = is_video and width >= small * COUNTER_WIDTH and side >= small * 6
    counter_width = math.ceil(small * COUNTER_WIDTH) if has_counter else 0
    caption = _caption(spec, width - counter_width, small)
    draw_text(image, caption, (margin, caption_bottom - caption.height), MUTED_COLOR)
    top = _draw_project_name(image, margin, small)
    line = math.ceil(small * LINE_HEIGHT)
    below = max(caption.height, line) + small // 2 if caption.lines or counter_width else 0
    room = max(0, caption_bottom - below - top)
    title = fit_text(spec.title, width, room, largest=max(9, round(side * 0.12)), smallest=max(8, round(side * 0.04)))
    draw_text(image, title, (margin, top + (room - title.height) // 2), TEXT_COLOR)
    return Frame(image, margin, small, caption_bottom, counter_width, palette(spec.seed)[0])


def _caption(spec: Video | Image, width: int, small: int) -> TextBlock:
    """Return the caption on at most two lines; without any line where it would leave no room for the title."""
    has_room = width >= small * 8 and spec.height >= small * 9
    height = math.ceil(2 * small * LINE_HEIGHT) if has_room else 0
    return fit_text(spec.caption, width, height, largest=small, smallest=small)


def _draw_project_name(image: PILImage.Image, margin: int, small: int) -> int:
    """Write the project's name and a rule at the top where there is room; return where the free room begins."""
    if min(image.size) < _MIN_SIDE_FOR_NAME:
        return margin
    spaced, width = " ".join(PROJECT_NAME), image.width - 2 * margin
    name = fit_text(spaced, width, round(small * 1.4), largest=round(small * 0.8), smallest=8)
    draw_text(image, name, (margin, margin), MUTED_COLOR)
    rule = margin + name.height + small // 3
    corners = (margin, rule, margin + small * 2, rule + max(1, small // 10) - 1)
    ImageDraw.Draw(image).rectangle(corners, fill=MUTED_COLOR)
    return rule + small


def draw_text(image: PILImage.Image, text: TextBlock, corner: tuple[int, int], color: Color) -> None:
    """Write *text* with its upper left at *corner*."""
    image.paste(color, corner, text.mask())
