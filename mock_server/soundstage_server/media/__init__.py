"""Real media in place of a vendor's: videos, images, masks, audio and diagrams that any player or browser opens.

A spec is a small value that describes one file. `render` turns it into bytes, a `MediaCache` into a file that is
rendered once. Importing this package loads neither PyAV nor Pillow: a server loads them at its first download.
"""

from soundstage_server.media.cache import MediaCache
from soundstage_server.media.diagrams.content import (
    MAX_DAYS,
    MAX_PARTS,
    Card,
    Diagram,
    DiagramContent,
    DiagramFormat,
    Flowchart,
    FlowchartEdge,
    FlowchartNode,
    GanttChart,
    GanttTask,
    Infographic,
    MindMap,
    Topic,
)
from soundstage_server.media.rendering import render
from soundstage_server.media.sizes import MAX_RATIO, frame_size
from soundstage_server.media.specs import MAX_SIDE, MIN_SIDE, Audio, Image, Mask, MediaSpec, Video, media_type, suffix

__all__ = [
    "MAX_DAYS",
    "MAX_PARTS",
    "MAX_RATIO",
    "MAX_SIDE",
    "MIN_SIDE",
    "Audio",
    "Card",
    "Diagram",
    "DiagramContent",
    "DiagramFormat",
    "Flowchart",
    "FlowchartEdge",
    "FlowchartNode",
    "GanttChart",
    "GanttTask",
    "Image",
    "Infographic",
    "Mask",
    "MediaCache",
    "MediaSpec",
    "MindMap",
    "Topic",
    "Video",
    "frame_size",
    "media_type",
    "render",
    "suffix",
]
