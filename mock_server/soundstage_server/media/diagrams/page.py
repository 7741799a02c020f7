"""The page that every diagram stands on: title above, caption below, the drawing between them in the middle."""

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
from soundstage_server.media.diagrams.theme import INK, PAPER, QUIET, Accent
from soundstage_server.media.fonts import displayable, installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from soundstage_server.media.diagrams.scene import Point

MARGIN = 64
_LEAST_WIDTH = 760
_BELOW_TITLE = 56
_ABOVE_CAPTION = 56
_RULE = 72
"""Length of the short line under a title."""


@dataclass(frozen=True, slots=True)
class DiagramStyle:
    """What every diagram of one seed has in common."""

    caption: str
    accents: tuple[Accent, ...]

    def accent(self, number: int) -> Accent:
        """Return the accent of the part with this number; after the last comes the first again."""
        return self.accents[number % len(self.accents)]


def page(title: str, shapes: Sequence[Shape], style: DiagramStyle, *, name: str = "") -> Scene:
    """Return *shapes*, wherever they are, in the middle of a page that is as large as they need.

    Args:
        title: What stands above; nothing does where it is empty.
        shapes: The drawing.
        style: What all diagrams of one seed have in common.
        name: What is drawn, where no title says it.
    """
    left, top, right, bottom = extent(shapes)
    width = round(max(right - left, _LEAST_WIDTH)) + 2 * MARGIN
    head = wrap_text(title, width - 2 * MARGIN, lines=3, size=LARGE, least=34)
    foot = wrap_text(style.caption, width - 2 * MARGIN, lines=2, size=SMALL)
    y = float(MARGIN)
    above: list[Shape] = []
    if head.lines:
        above.append(Label(width / 2, y, head, INK))
        y += head.height + 14
        above.append(Box((width - _RULE) / 2, y, _RULE, 6, 3, style.accent(0).strong))
        y += 6 + _BELOW_TITLE
    dx, dy = (width - (right - left)) / 2 - left, y - top
    y += bottom - top + _ABOVE_CAPTION
    below = Label(width / 2, y, foot, QUIET)
    height = round(y + foot.height + MARGIN * 0.6)
    placed = [moved(shape, dx, dy) for shape in shapes]
    called = displayable(title or name or style.caption, installed())
    return Scene(width, height, PAPER, called, [*above, *placed, below])


def extent(shapes: Iterable[Shape]) -> tuple[float, float, float, float]:
    """Return the least rectangle that holds *shapes*: left, top, right and bottom."""
    points = [point for shape in shapes for point in _corners(shape)]
    across, down = zip(*points, strict=True)
    return min(across), min(down), max(across), max(down)


def moved(shape: Shape, dx: float, dy: float) -> Shape:
    """Return *shape*, so much further right and down."""
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
            width = shape.lines.width
            left = shape.x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.align]
            return (left, shape.y), (left + width, shape.y + shape.lines.height)
        case _:
            return shape.points
