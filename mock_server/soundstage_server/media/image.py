"""Stills, and masks that are masks."""

from __future__ import annotations

import io
import math
from random import Random
from typing import TYPE_CHECKING

from PIL import Image as PILImage
from PIL import ImageDraw, PngImagePlugin

from soundstage_server.media.canvas import paint_frame
from soundstage_server.media.metadata import sanitize

if TYPE_CHECKING:
    from soundstage_server.media.specs import Image, Mask

_CORNERS = 180
"""Points of a mask's outline."""


def render_image(picture: Image) -> bytes:
    """Return *picture* encoded in its format."""
    image = paint_frame(picture).image
    file = io.BytesIO()
    match picture.format:
        case "png":
            image.save(file, "PNG", compress_level=4)
        case "jpeg":
            image.save(file, "JPEG", quality=90)
        case "webp":
            image.save(file, "WEBP", quality=90, method=2)
    return file.getvalue()


def render_mask(mask: Mask) -> bytes:
    """Return *mask* as a PNG of one channel that holds 0 and 255 and nothing else."""
    image = PILImage.new("L", (mask.width, mask.height), 0)
    ImageDraw.Draw(image).polygon(_outline(mask), fill=255)
    about = PngImagePlugin.PngInfo()
    if mask.title:
        about.add_itxt("Title", sanitize(mask.title))
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=about)
    return file.getvalue()


def _outline(mask: Mask) -> list[tuple[float, float]]:
    """Return a closed curve around a point: a circle with a few slow waves on it, inside the frame."""
    random = Random(mask.seed)
    waves = [(turns, random.uniform(0, 0.3 / turns), random.uniform(0, math.tau)) for turns in (1, 2, 3, 4, 5)]
    spread = 1 + sum(height for _, height, _ in waves)
    across, down = (random.uniform(0.32, 0.45) * (side - 4) / spread for side in (mask.width, mask.height))
    middle = (mask.width * random.uniform(0.47, 0.53), mask.height * random.uniform(0.47, 0.53))

    def point(angle: float) -> tuple[float, float]:
        radius = 1 + sum(height * math.cos(turns * angle + start) for turns, height, start in waves)
        return middle[0] + across * radius * math.cos(angle), middle[1] + down * radius * math.sin(angle)

    return [point(math.tau * step / _CORNERS) for step in range(_CORNERS)]
