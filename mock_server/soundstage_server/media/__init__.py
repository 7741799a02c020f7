"""Real media in place of a vendor's: films, pictures, masks, sounds and diagrams that any player or browser opens.

A medium is a small value that says what is wanted; `render` turns it into bytes and a `Studio` into a file, each
medium once. Importing this package loads neither PyAV nor Pillow: a server pays for them at its first download.
"""

from soundstage_server.media.cache import Studio
from soundstage_server.media.diagrams.content import (
    MOST_DAYS,
    MOST_PARTS,
    Bar,
    Card,
    Diagram,
    DiagramContent,
    DiagramFormat,
    Flow,
    Link,
    MindMap,
    Poster,
    Schedule,
    Step,
    Topic,
)
from soundstage_server.media.sizes import STEEPEST, frame_size
from soundstage_server.media.specs import (
    LARGEST,
    SMALLEST,
    Film,
    Mask,
    Medium,
    Picture,
    Sound,
    media_type,
    render,
    suffix,
)

__all__ = [
    "LARGEST",
    "MOST_DAYS",
    "MOST_PARTS",
    "SMALLEST",
    "STEEPEST",
    "Bar",
    "Card",
    "Diagram",
    "DiagramContent",
    "DiagramFormat",
    "Film",
    "Flow",
    "Link",
    "Mask",
    "Medium",
    "MindMap",
    "Picture",
    "Poster",
    "Schedule",
    "Sound",
    "Step",
    "Studio",
    "Topic",
    "frame_size",
    "media_type",
    "render",
    "suffix",
]
