"""Render images and masks."""

from __future__ import annotations

import io
import math
from random import Random
from typing import TYPE_CHECKING

from PIL import Image as PILImage
from PIL import ImageDraw, PngImagePlugin

from soundstage_server.media.canvas import paint_frame
from soundstage_server.media.specs import sanitize

if TYPE_CHECKING:
    from soundstage_server.media.specs import Image, Mask

_OUTLINE_POINTS = 180


def render_image(spec: Image) -> bytes:
    """Render *spec* in its format."""
    image = paint_frame(spec).image
    file = io.BytesIO()
    match spec.format:
        case "png":
            image.save(file, "PNG", compress_level=4)
        case "jpeg":
            image.save(file, "JPEG", quality=90)
        case "webp":
            image.save(file, "WEBP", quality=90, method=2)
    return file.getvalue()


def render_mask(mask: Mask) -> bytes:
    """Render *mask* as a PNG with one channel, in which every pixel is 0 or 255."""
    image = PILImage.new("L", (mask.width, mask.height), 0)
    ImageDraw.Draw(image).polygon(_outline(mask), fill=255)
    info = PngImagePlugin.PngInfo()
    if mask.title:
        info.add_itxt("Title", sanitize(mask.title))
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=info)
    return file.getvalue()


def _outline(mask: Mask) -> list[tuple[float, float]]:
    """Return a closed curve inside the frame: a circle with a few slow waves on it."""
    random = Random(mask.seed)
    waves = [(cycles, random.uniform(0, 0.3 / cycles), random.uniform(0, math.tau)) for cycles in (1, 2, 3, 4, 5)]
    # All waves may peak at one angle, so divide by the greatest radius that they can reach together.
    spread = 1 + sum(amplitude for _, amplitude, _ in waves)
    across, down = (random.uniform(0.32, 0.45) * (side - 4) / spread for side in (mask.width, mask.height))
    center = (mask.width * random.uniform(0.47, 0.53), mask.height * random.uniform(0.47, 0.53))

    def point(angle: float) -> tuple[float, float]:
        radius = 1 + sum(amplitude * math.cos(cycles * angle + phase) for cycles, amplitude, phase in waves)
        return center[0] + across * radius * math.cos(angle), center[1] + down * radius * math.sin(angle)

    return [point(math.tau * step / _OUTLINE_POINTS) for step in range(_OUTLINE_POINTS)]
