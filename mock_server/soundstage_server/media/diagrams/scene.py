"""A drawing as shapes at places: what the SVG and the PNG of one diagram are both made from."""

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
"""Sizes of text, in units of the drawing."""
TIP = 20.0
"""Length of an arrow's head."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with round corners; without a *line* it has no edge."""

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
    """A closed shape of straight sides."""

    points: tuple[Point, ...]
    fill: Color
    line: Color | None = None
    weight: float = 3.0


@dataclass(frozen=True, slots=True)
class Polyline:
    """An open line of straight parts."""

    points: tuple[Point, ...]
    color: Color
    weight: float = 3.0


@dataclass(frozen=True, slots=True)
class Curve:
    """A cubic Bezier curve by its two ends and, between them, its two handles."""

    points: tuple[Point, Point, Point, Point]
    color: Color
    weight: float = 5.0


@dataclass(frozen=True, slots=True)
class Label:
    """TextBlock of text below *y*; *x* is where they start, their middle or where they end."""

    x: float
    y: float
    lines: TextBlock
    color: Color
    align: Align = "middle"


Shape: TypeAlias = Box | Polygon | Polyline | Curve | Label


@dataclass(slots=True)
class Scene:
    """A sheet of paper, and what stands on it, the first at the bottom.

    Attributes:
        width: In units of the drawing.
        height: In units of the drawing.
        ground: The paper's color.
        title: What is drawn, for readers who cannot see it.
        shapes: What stands on it.
    """

    width: int
    height: int
    ground: Color
    title: str
    shapes: list[Shape] = field(default_factory=list)


def wrap_text(words: str, width: float, *, lines: int = 4, size: int = BODY, least: int | None = None) -> TextBlock:
    """Return *words* wrapped to *width* on at most so many lines, a little smaller rather than cut."""
    height = round(lines * size * 1.3)
    smallest = least or max(14, round(size * 0.78))
    return fit_text(words, round(width), height, largest=size, smallest=smallest, faces=bundled_last())


def arrow(points: tuple[Point, ...], color: Color, weight: float = 3.0) -> list[Shape]:
    """Return a line whose last part, which is level or upright, ends in a head."""
    (x0, y0), (x1, y1) = points[-2:]
    dx, dy = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
    neck = (x1 - dx * TIP, y1 - dy * TIP)
    half = TIP * 0.45
    head = ((x1, y1), (neck[0] - dy * half, neck[1] - dx * half), (neck[0] + dy * half, neck[1] + dx * half))
    return [Polyline((*points[:-1], neck), color, weight), Polygon(head, color)]
