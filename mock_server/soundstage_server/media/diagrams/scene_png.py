"""Paint a scene as a PNG: shapes are drawn larger and reduced, which smooths their edges; text is drawn over them."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, PngImagePlugin

from soundstage_server.media.diagrams.scene import Box, Curve, Label, Polygon, Polyline, Scene, Shape
from soundstage_server.media.specs import MAX_SIDE, sanitize
from soundstage_server.media.text import LINE_HEIGHT, TextBlock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from soundstage_server.media.diagrams.scene import Point

OVERSAMPLING, LARGE_OVERSAMPLING = 3, 2
"""How much larger shapes are drawn than they are shown; less for large images, to save memory."""
LARGE_PIXELS, MAX_PIXELS = 4_000_000, 12_000_000
"""Pixels from which an image is large, and beyond which the scale is reduced."""
_CURVE_SEGMENTS = 64
"""Straight segments that a curve is drawn with."""
_MIN_TEXT_SIZE = 4
"""Font size in pixels below which text is unreadable and is left out."""


def paint(scene: Scene, scale: float) -> bytes:
    """Return *scene* as a PNG with *scale* pixels for each unit, or fewer where it would be too large."""
    scale = min(scale, MAX_SIDE / max(scene.width, scene.height), (MAX_PIXELS / scene.width / scene.height) ** 0.5)
    size = max(1, round(scene.width * scale)), max(1, round(scene.height * scale))
    factor = OVERSAMPLING if size[0] * size[1] <= LARGE_PIXELS else LARGE_OVERSAMPLING
    image = Image.new("RGB", (size[0] * factor, size[1] * factor), scene.background)
    painter = _Painter(image, scale * factor)
    for shape in scene.shapes:
        painter.draw(shape)
    image = image.reduce(factor)
    for shape in scene.shapes:
        if isinstance(shape, Label):
            _write(image, shape, scale)
    about = PngImagePlugin.PngInfo()
    about.add_itxt("Title", sanitize(scene.title))
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=about, compress_level=6)
    return file.getvalue()


class _Painter:
    """Draws shapes on an image at a number of pixels for each unit."""

    def __init__(self, image: Image.Image, scale: float) -> None:
        self._draw = ImageDraw.Draw(image)
        self._scale = scale

    def draw(self, shape: Shape) -> None:
        match shape:
            case Box():
                self._box(shape)
            case Polygon():
                outline = self._points(shape.points)
                self._draw.polygon(outline, fill=shape.fill)
                if shape.line:
                    # Along the first side once more, so that the first corner is joined like the others.
                    self._line([*outline, *outline[:2]], shape.line, shape.weight)
            case Polyline():
                self._line(self._points(shape.points), shape.color, shape.weight)
            case Curve():
                self._curve(self._points(sample_curve(shape)), shape.color, shape.weight)
            case Label():
                pass  # drawn after the reduction, at its final size: glyphs are smooth already

    def _box(self, box: Box) -> None:
        """Fill the outline's outer edge, then its inside: the outline is centered on the box, as in SVG."""
        half = box.weight / 2 if box.line else 0.0
        self._rounded(box, half, box.line or box.fill)
        if box.line:
            self._rounded(box, -half, box.fill)

    def _rounded(self, box: Box, more: float, fill: tuple[int, int, int]) -> None:
        (left, top), (right, bottom) = self._points(
            ((box.x - more, box.y - more), (box.x + box.width + more, box.y + box.height + more))
        )
        right, bottom = max(left, right - 1), max(top, bottom - 1)
        radius = max(0.0, min(box.radius + more, (box.width + 2 * more) / 2, (box.height + 2 * more) / 2))
        self._draw.rounded_rectangle((left, top, right, bottom), radius=radius * self._scale, fill=fill)

    def _line(self, points: list[Point], color: tuple[int, int, int], weight: float) -> None:
        width = max(1, round(weight * self._scale))
        self._draw.line(points, fill=color, width=width, joint="curve")
        half = width / 2
        for x, y in (points[0], points[-1]):  # round ends, as in the SVG
            self._draw.ellipse((x - half, y - half, x + half, y + half), fill=color)

    def _curve(self, points: list[Point], color: tuple[int, int, int], weight: float) -> None:
        """Draw a curve as the polygon between its two edges, which is smoother than many short lines."""
        half = max(0.5, weight * self._scale / 2)
        edges: tuple[list[Point], list[Point]] = ([], [])
        for number, (x, y) in enumerate(points):
            (x0, y0), (x1, y1) = points[max(0, number - 1)], points[min(len(points) - 1, number + 1)]
            length = math.hypot(x1 - x0, y1 - y0) or 1.0
            dx, dy = -(y1 - y0) / length * half, (x1 - x0) / length * half
            edges[0].append((x + dx, y + dy))
            edges[1].append((x - dx, y - dy))
        self._draw.polygon([*edges[0], *reversed(edges[1])], fill=color)

    def _points(self, points: Iterable[Point]) -> list[Point]:
        return [(x * self._scale, y * self._scale) for x, y in points]


def sample_curve(curve: Curve) -> list[Point]:
    """Return points along *curve* that are close enough to be joined by straight lines."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = curve.points

    def at(share: float) -> Point:
        rest = 1 - share
        weights = rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3
        return (
            weights[0] * x0 + weights[1] * x1 + weights[2] * x2 + weights[3] * x3,
            weights[0] * y0 + weights[1] * y1 + weights[2] * y2 + weights[3] * y3,
        )

    return [at(step / _CURVE_SEGMENTS) for step in range(_CURVE_SEGMENTS + 1)]


def _write(image: Image.Image, label: Label, scale: float) -> None:
    """Draw each line of *label* by itself, since each is aligned by its own width."""
    text = label.text
    size = round(text.size * scale)
    if size < _MIN_TEXT_SIZE:
        return
    for number, line in enumerate(text.lines):
        if not line:
            continue
        scaled = TextBlock((line,), text.faces, size)
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[label.align]
        left = label.x * scale - share * scaled.width
        top = (label.y + (1 + LINE_HEIGHT * number) * text.size) * scale - size
        image.paste(label.color, (round(left), round(top)), scaled.mask())
