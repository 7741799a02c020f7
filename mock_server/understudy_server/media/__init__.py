"""Real media in place of a vendor's: films, pictures, masks and sounds that any player opens.

A medium is a small value that says what is wanted; `render` turns it into bytes and a `Studio` into a file, each
medium once. Importing this package loads neither PyAV nor Pillow: a server pays for them at its first download.
"""

from understudy_server.media._media import (
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
from understudy_server.media._sizes import STEEPEST, frame_size
from understudy_server.media._studio import Studio

__all__ = [
    "LARGEST",
    "SMALLEST",
    "STEEPEST",
    "Film",
    "Mask",
    "Medium",
    "Picture",
    "Sound",
    "Studio",
    "frame_size",
    "media_type",
    "render",
    "suffix",
]
