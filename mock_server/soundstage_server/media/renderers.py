"""One door to the renderers; importing it loads PyAV and Pillow."""

from __future__ import annotations

from soundstage_server.media.audio import render_sound
from soundstage_server.media.diagrams.content import Diagram
from soundstage_server.media.diagrams.drawing import render_diagram
from soundstage_server.media.image import render_mask, render_picture
from soundstage_server.media.specs import Film, Mask, Medium, Picture, Sound
from soundstage_server.media.video import render_film


def render(medium: Medium) -> bytes:
    """Return *medium* as a file's bytes."""
    match medium:
        case Film():
            return render_film(medium)
        case Picture():
            return render_picture(medium)
        case Mask():
            return render_mask(medium)
        case Sound():
            return render_sound(medium)
        case Diagram():
            return render_diagram(medium)
