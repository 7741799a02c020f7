"""From a diagram's content to its file: drawn as a scene, and that written as SVG or painted as PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstage_server.media.diagrams import flowchart, gantt, infographic, mindmap, scene_png, scene_svg
from soundstage_server.media.diagrams.content import Diagram, DiagramContent, Flow, MindMap, Poster, Schedule
from soundstage_server.media.diagrams.page import Look
from soundstage_server.media.diagrams.theme import accents

if TYPE_CHECKING:
    from soundstage_server.media.diagrams.scene import Scene


def render_diagram(diagram: Diagram) -> bytes:
    """Return *diagram* encoded in its format."""
    scene = scene_of(diagram.content, Look(diagram.caption, accents(diagram.seed)))
    return scene_svg.write(scene) if diagram.format == "svg" else scene_png.paint(scene, diagram.scale)


def scene_of(content: DiagramContent, look: Look) -> Scene:
    """Return the drawing of *content*."""
    match content:
        case Flow():
            return flowchart.draw(content, look)
        case MindMap():
            return mindmap.draw(content, look)
        case Schedule():
            return gantt.draw(content, look)
        case Poster():
            return infographic.draw(content, look)
