"""A scene: positioned shapes, from which both the SVG and the PNG of one diagram are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from soundstage_server.media.fonts import bundled_last
from soundstage_server.media.text import TextBlock, fit_text

if TYPE_CHECKING:
    from soundstage_server.media.canvas import Color

Point: TypeAlias = tuple[float, float]
Align = Literal["start", "middle", "end"]

BODY, SMALL, LARGE = 30, 22, 48
"""Font sizes, in units of the drawing."""
ARROWHEAD = 20.0
"""Length of an arrowhead."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with round corners; without a *line* color it has no outline."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    fill: Color
    line: Color | None = None
    weight: float = 3.0


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed shape with straight sides."""

    points: tuple[Point, ...]
    fill: Color
    line: Color | None = None
    weight: float = 3.0


@dataclass(frozen=True, slots=True)
class Polyline:
    """An open line with straight segments."""

    points: tuple[Point, ...]
    color: Color
    weight: float = 3.0


@dataclass(frozen=True, slots=True)
class Curve:
    """A cubic Bezier curve: a start, two handles and an end."""

    points: tuple[Point, Point, Point, Point]
    color: Color
    weight: float = 5.0


@dataclass(frozen=True, slots=True)
class Label:
    """Text below *y*; *x* is its left end, its middle or its right end, as *align* states."""

    x: float
    y: float
    text: TextBlock
    color: Color
    align: Align = "middle"


Shape: TypeAlias = Box | Polygon | Polyline | Curve | Label


@dataclass(slots=True)
class Scene:
    """A page and the shapes on it, in drawing order.

    Attributes:
        width: In units of the drawing.
        height: In units of the drawing.
        background: The page's color.
        title: A description for readers who cannot see the drawing.
        shapes: The shapes; later ones cover earlier ones.
    """

    width: int
    height: int
    background: Color
    title: str
    shapes: list[Shape] = field(default_factory=list)


def wrap_text(text: str, width: float, *, lines: int = 4, size: int = BODY, smallest: int | None = None) -> TextBlock:
    """Wrap *text* to *width* on at most so many lines; it is made a little smaller before it is truncated."""
    height = round(lines * size * 1.3)
    least = smallest or max(14, round(size * 0.78))
    return fit_text(text, round(width), height, largest=size, smallest=least, faces=bundled_last())


def arrow(points: tuple[Point, ...], color: Color, weight: float = 3.0) -> list[Shape]:
    """Return a line with an arrowhead; its last segment must be horizontal or vertical."""
    (x0, y0), (x1, y1) = points[-2:]
    dx, dy = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
    neck = (x1 - dx * ARROWHEAD, y1 - dy * ARROWHEAD)
    half = ARROWHEAD * 0.45
    head = ((x1, y1), (neck[0] - dy * half, neck[1] - dx * half), (neck[0] + dy * half, neck[1] + dx * half))
    return [Polyline((*points[:-1], neck), color, weight), Polygon(head, color)]
