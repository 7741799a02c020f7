"""From a diagram's content to its file: drawn as a scene, and that written as SVG or painted as PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstage_server.media import _flowchart, _gantt, _infographic, _mindmap, _scene_png, _scene_svg
from soundstage_server.media._diagrams import Diagram, DiagramContent, Flow, MindMap, Poster, Schedule
from soundstage_server.media._page import Look
from soundstage_server.media._theme import accents

if TYPE_CHECKING:
    from soundstage_server.media._scene import Scene


def render_diagram(diagram: Diagram) -> bytes:
    """Return *diagram* encoded in its format."""
    scene = scene_of(diagram.content, Look(diagram.caption, accents(diagram.seed)))
    return _scene_svg.write(scene) if diagram.format == "svg" else _scene_png.paint(scene, diagram.scale)


def scene_of(content: DiagramContent, look: Look) -> Scene:
    """Return the drawing of *content*."""
    match content:
        case Flow():
            return _flowchart.draw(content, look)
        case MindMap():
            return _mindmap.draw(content, look)
        case Schedule():
            return _gantt.draw(content, look)
        case Poster():
            return _infographic.draw(content, look)
