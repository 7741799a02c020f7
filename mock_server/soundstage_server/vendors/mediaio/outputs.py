"""The media of Media.io's tasks: images and videos, as requested.

Documents: the skill ``mediaio-aigc-generate``, read in November 2026 (the facts of each parameter, and ``output.sizes``
for undocumented sizes).
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Final

from soundstage_server.kit.inputs import known_seconds, known_size
from soundstage_server.kit.results import file_count
from soundstage_server.media import MAX_RATIO, Image, Video, frame_size
from soundstage_server.vendors.mediaio.capabilities import CAPABILITIES, makes_videos

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Task

SIDES: Final = {"1K": 1024, "2K": 2048, "4K": 4096}
"""The side of a square image in pixels; images of other ratios have equally many pixels (output.sizes)."""
STEP: Final = 8
DEFAULT_RESOLUTION: Final = "720P"
"""The resolution of videos whose endpoint has no such parameter (output.sizes)."""
RATIOS: Final = ("ratio", "aspect_ratio", "size")
"""The names of the ratio, which differ between endpoints."""
DEFAULT_RATIO: Final = "16:9"
DEFAULT_SECONDS: Final = 5.0


def media_for(task: Task) -> list[MediaSpec]:
    """Return the media of *task*."""
    capability = CAPABILITIES[task.operation]
    return [_video(task, capability.name)] if makes_videos(capability) else list(_images(task, capability.name))


def image_size(resolution: str, ratio: str) -> tuple[int, int]:
    """Return width and height of an image: about as many pixels as the square of its resolution, in steps of 8."""
    across, down = map(float, ratio.split(":"))
    side = SIDES[resolution]
    width, height = side * sqrt(across / down), side * sqrt(down / across)
    return STEP * round(width / STEP), STEP * round(height / STEP)


def _images(task: Task, name: str) -> list[Image]:
    params = task.params
    resolution = params.get("resolution", "1K")
    width, height = image_size(resolution, params["ratio"])
    caption = f"Media.io · {name} · {resolution} · {params['ratio']}"
    count = file_count(params.get("counts", "1"))
    return [Image(width, height, params["prompt"], caption, task.seed + index) for index in range(count)]


def _video(task: Task, name: str) -> Video:
    """Return a video in the requested ratio or its image's; it has audio only where that is requested."""
    params = task.params
    resolution, ratio = params.get("resolution", DEFAULT_RESOLUTION), _ratio(params)
    width, height = frame_size(resolution, ratio)
    length = params.get("duration")
    seconds = float(length.removesuffix("s")) if length else known_seconds(params, "video") or DEFAULT_SECONDS
    caption = f"Media.io · {name} · {resolution} · {seconds:g} s"
    title = params.get("prompt", "the motion of a video")
    return Video(width, height, seconds, title, caption, task.seed, audio=params.get("generate_audio") == "True")


def _ratio(params: Mapping[str, Any]) -> str:
    for name in RATIOS:
        if name in params:
            return str(params[name])
    sides = known_size(dict(params), "image")
    if sides is None:
        return DEFAULT_RATIO
    return f"{min(max(sides[0] / sides[1], 1 / MAX_RATIO), MAX_RATIO):.4f}:1"
