"""Render a media spec: the entry point above the renderers, each of which is imported when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstage_server.media.diagrams.content import Diagram
from soundstage_server.media.specs import Audio, Image, Mask, Video

if TYPE_CHECKING:
    from soundstage_server.media.specs import MediaSpec


def render(spec: MediaSpec) -> bytes:
    """Render *spec* and return the file's content.

    Equal specs give equal bytes under one version of PyAV and Pillow. A render takes up to about a second of one core
    (a video of 1080p), so a server calls this through a `MediaCache`.
    """
    # PyAV and Pillow take longer to import than everything else in the server, and most servers never render.
    match spec:
        case Video():
            from soundstage_server.media.video import render_video

            return render_video(spec)
        case Image():
            from soundstage_server.media.image import render_image

            return render_image(spec)
        case Mask():
            from soundstage_server.media.image import render_mask

            return render_mask(spec)
        case Audio():
            from soundstage_server.media.audio import render_audio

            return render_audio(spec)
        case Diagram():
            from soundstage_server.media.diagrams.drawing import render_diagram

            return render_diagram(spec)
