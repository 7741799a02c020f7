"""Write a scene as SVG with selectable text; each line is as wide as in the PNG, whatever font the viewer has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import drawsvg  # type: ignore[import-untyped] # it has annotations but no py.typed marker

from soundstage_server.media.diagrams.scene import Box, Curve, Label, Polygon, Polyline, Scene, Shape
from soundstage_server.media.text import LINE_HEIGHT

if TYPE_CHECKING:
    from soundstage_server.media.canvas import Color

FONTS = "Noto Sans, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, Helvetica, Arial, sans-serif"
CSS_PIXELS = 0.5
"""CSS pixels for each unit of the drawing."""


def write(scene: Scene) -> bytes:
    """Return *scene* as an SVG document in UTF-8."""
    drawing: Any = drawsvg.Drawing(
        round(scene.width * CSS_PIXELS),
        round(scene.height * CSS_PIXELS),
        viewBox=f"0 0 {scene.width} {scene.height}",
        font_family=FONTS,
        role="img",
    )
    drawing.append_title(scene.title)
    drawing.append(drawsvg.Rectangle(0, 0, scene.width, scene.height, fill=_hex(scene.background)))
    for shape in scene.shapes:
        for element in _elements(shape):
            drawing.append(element)
    return str(drawing.as_svg()).encode()


def _elements(shape: Shape) -> list[Any]:
    match shape:
        case Box():
            style = _fill_style(shape.fill, shape.line, shape.weight)
            corner = {"rx": _number(shape.radius)} if shape.radius else {}
            sides = (_number(side) for side in (shape.x, shape.y, shape.width, shape.height))
            return [drawsvg.Rectangle(*sides, **corner, **style)]
        case Polygon():
            return [
                drawsvg.Lines(*_flat(shape.points), close=True, **_fill_style(shape.fill, shape.line, shape.weight))
            ]
        case Polyline():
            return [drawsvg.Lines(*_flat(shape.points), **_line_style(shape.color, shape.weight))]
        case Curve():
            (start, *rest), path = shape.points, drawsvg.Path(**_line_style(shape.color, shape.weight))
            return [path.M(*_flat((start,))).C(*_flat(rest))]
        case Label():
            return _texts(shape)


def _texts(label: Label) -> list[Any]:
    text = label.text
    return [
        drawsvg.Text(
            line,
            text.size,
            _number(label.x),
            _number(label.y + (1 + LINE_HEIGHT * number) * text.size),
            fill=_hex(label.color),
            text_anchor=label.align,
            # A viewer may lack the font that the width was measured with.
            textLength=text.width_of(line),
            lengthAdjust="spacingAndGlyphs",
        )
        for number, line in enumerate(text.lines)
        if line
    ]


def _fill_style(fill: Color, line: Color | None, weight: float) -> dict[str, Any]:
    edge = {} if line is None else {"stroke": _hex(line), "stroke_width": _number(weight), "stroke_linejoin": "round"}
    return {"fill": _hex(fill), **edge}


def _line_style(color: Color, weight: float) -> dict[str, Any]:
    style = {"stroke_linejoin": "round", "stroke_linecap": "round"}
    return {"fill": "none", "stroke": _hex(color), "stroke_width": _number(weight), **style}


def _flat(points: Any) -> list[float]:
    return [_number(value) for point in points for value in point]


def _number(value: float) -> float:
    """Return *value* rounded to tenths, so that files are small, and equal on every machine."""
    tenth = round(value, 1)
    return int(tenth) if tenth == int(tenth) else tenth


def _hex(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
