"""A scene as SVG: real text that can be selected, each line as wide as in the picture whatever font shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import drawsvg  # type: ignore[import-untyped] # it has annotations and says so nowhere

from soundstage_server.media.diagrams.scene import Box, Curve, Label, Polygon, Polyline, Scene, Shape
from soundstage_server.media.text import LINE_HEIGHT

if TYPE_CHECKING:
    from soundstage_server.media.canvas import Color

FONTS = "Noto Sans, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, Helvetica, Arial, sans-serif"
SHOWN = 0.5
"""What a unit of the drawing is on the page, in CSS pixels."""


def write(scene: Scene) -> bytes:
    """Return *scene* as an SVG document in UTF-8."""
    drawing: Any = drawsvg.Drawing(
        round(scene.width * SHOWN),
        round(scene.height * SHOWN),
        viewBox=f"0 0 {scene.width} {scene.height}",
        font_family=FONTS,
        role="img",
    )
    drawing.append_title(scene.title)
    drawing.append(drawsvg.Rectangle(0, 0, scene.width, scene.height, fill=_hex(scene.ground)))
    for shape in scene.shapes:
        for element in _elements(shape):
            drawing.append(element)
    return str(drawing.as_svg()).encode()


def _elements(shape: Shape) -> list[Any]:
    match shape:
        case Box():
            style = _look(shape.fill, shape.line, shape.weight)
            corner = {"rx": _number(shape.radius)} if shape.radius else {}
            sides = (_number(side) for side in (shape.x, shape.y, shape.width, shape.height))
            return [drawsvg.Rectangle(*sides, **corner, **style)]
        case Polygon():
            return [drawsvg.Lines(*_flat(shape.points), close=True, **_look(shape.fill, shape.line, shape.weight))]
        case Polyline():
            return [drawsvg.Lines(*_flat(shape.points), **_line(shape.color, shape.weight))]
        case Curve():
            (start, *rest), path = shape.points, drawsvg.Path(**_line(shape.color, shape.weight))
            return [path.M(*_flat((start,))).C(*_flat(rest))]
        case Label():
            return _texts(shape)


def _texts(words: Label) -> list[Any]:
    lines = words.lines
    return [
        drawsvg.Text(
            line,
            lines.size,
            _number(words.x),
            _number(words.y + (1 + LINE_HEIGHT * number) * lines.size),
            fill=_hex(words.color),
            text_anchor=words.align,
            textLength=lines.width_of(line),
            lengthAdjust="spacingAndGlyphs",
        )
        for number, line in enumerate(lines.lines)
        if line
    ]


def _look(fill: Color, line: Color | None, weight: float) -> dict[str, Any]:
    edge = {} if line is None else {"stroke": _hex(line), "stroke_width": _number(weight), "stroke_linejoin": "round"}
    return {"fill": _hex(fill), **edge}


def _line(color: Color, weight: float) -> dict[str, Any]:
    style = {"stroke_linejoin": "round", "stroke_linecap": "round"}
    return {"fill": "none", "stroke": _hex(color), "stroke_width": _number(weight), **style}


def _flat(points: Any) -> list[float]:
    return [_number(value) for point in points for value in point]


def _number(value: float) -> float:
    """Return *value* in tenths, whole where it is: files stay small, and equal on every machine."""
    tenth = round(value, 1)
    return int(tenth) if tenth == int(tenth) else tenth


def _hex(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
