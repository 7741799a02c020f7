"""Lay out the page of every diagram: title above, caption below, the drawing centered between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from soundstage_server.media.diagrams.scene import (
    LARGE,
    SMALL,
    Box,
    Curve,
    Label,
    Polygon,
    Polyline,
    Scene,
    Shape,
    wrap_text,
)
from soundstage_server.media.diagrams.theme import MUTED_COLOR, PAGE_COLOR, TEXT_COLOR, Accent
from soundstage_server.media.fonts import displayable, installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from soundstage_server.media.diagrams.scene import Point

MARGIN = 64
_MIN_WIDTH = 760
_BELOW_TITLE = 56
_ABOVE_CAPTION = 56
_LINE_LENGTH = 72
"""Length of the short line below a title."""


@dataclass(frozen=True, slots=True)
class DiagramStyle:
    """The caption and the colors of a diagram, whatever its kind."""

    caption: str
    accents: tuple[Accent, ...]

    def accent(self, number: int) -> Accent:
        """Return the accent of the part with this number; the accents repeat."""
        return self.accents[number % len(self.accents)]


def page(title: str, shapes: Sequence[Shape], style: DiagramStyle, *, name: str = "") -> Scene:
    """Return *shapes*, wherever they are, centered on a page that is as large as they need.

    Args:
        title: The text above; may be empty.
        shapes: The drawing.
        style: The caption and the colors.
        name: The scene's description where there is no title.
    """
    left, top, right, bottom = extent(shapes)
    width = round(max(right - left, _MIN_WIDTH)) + 2 * MARGIN
    head = wrap_text(title, width - 2 * MARGIN, lines=3, size=LARGE, smallest=34)
    foot = wrap_text(style.caption, width - 2 * MARGIN, lines=2, size=SMALL)
    y = float(MARGIN)
    above: list[Shape] = []
    if head.lines:
        above.append(Label(width / 2, y, head, TEXT_COLOR))
        y += head.height + 14
        above.append(Box((width - _LINE_LENGTH) / 2, y, _LINE_LENGTH, 6, 3, style.accent(0).strong))
        y += 6 + _BELOW_TITLE
    dx, dy = (width - (right - left)) / 2 - left, y - top
    y += bottom - top + _ABOVE_CAPTION
    below = Label(width / 2, y, foot, MUTED_COLOR)
    height = round(y + foot.height + MARGIN * 0.6)
    placed = [moved(shape, dx, dy) for shape in shapes]
    called = displayable(title or name or style.caption, installed())
    return Scene(width, height, PAGE_COLOR, called, [*above, *placed, below])


def extent(shapes: Iterable[Shape]) -> tuple[float, float, float, float]:
    """Return the bounding box of *shapes*: left, top, right and bottom."""
    points = [point for shape in shapes for point in _corners(shape)]
    across, down = zip(*points, strict=True)
    return min(across), min(down), max(across), max(down)


def moved(shape: Shape, dx: float, dy: float) -> Shape:
    """Return *shape* moved by *dx* and *dy*."""
    match shape:
        case Box() | Label():
            return replace(shape, x=shape.x + dx, y=shape.y + dy)
        case Polygon() | Polyline():
            return replace(shape, points=tuple(_shifted(shape.points, dx, dy)))
        case Curve():
            start, first, second, end = _shifted(shape.points, dx, dy)
            return replace(shape, points=(start, first, second, end))


def _shifted(points: Iterable[Point], dx: float, dy: float) -> list[Point]:
    return [(x + dx, y + dy) for x, y in points]


def _corners(shape: Shape) -> Iterable[Point]:
    match shape:
        case Box():
            return (shape.x, shape.y), (shape.x + shape.width, shape.y + shape.height)
        case Label():
            width = shape.text.width
            left = shape.x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.align]
            return (left, shape.y), (left + width, shape.y + shape.text.height)
        case _:
            return shape.points
