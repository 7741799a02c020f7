"""Render a diagram: draw its content as a scene, then write the scene as SVG or PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstage_server.media.diagrams import flowchart, gantt, infographic, mindmap, scene_png, scene_svg
from soundstage_server.media.diagrams.content import (
    Diagram,
    DiagramContent,
    Flowchart,
    GanttChart,
    Infographic,
    MindMap,
)
from soundstage_server.media.diagrams.page import DiagramStyle
from soundstage_server.media.diagrams.theme import accents

if TYPE_CHECKING:
    from soundstage_server.media.diagrams.scene import Scene


def render_diagram(diagram: Diagram) -> bytes:
    """Render *diagram* in its format."""
    scene = draw_content(diagram.content, DiagramStyle(diagram.caption, accents(diagram.seed)))
    return scene_svg.write(scene) if diagram.format == "svg" else scene_png.paint(scene, diagram.scale)


def draw_content(content: DiagramContent, style: DiagramStyle) -> Scene:
    """Draw *content* as a scene."""
    match content:
        case Flowchart():
            return flowchart.draw(content, style)
        case MindMap():
            return mindmap.draw(content, style)
        case GanttChart():
            return gantt.draw(content, style)
        case Infographic():
            return infographic.draw(content, style)
