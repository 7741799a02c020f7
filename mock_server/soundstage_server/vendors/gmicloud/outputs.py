"""The media of GMI Cloud's requests: a video of the requested duration, and its thumbnail.

Documents: docs.gmicloud.ai and the package's guide, read in November 2026 (facts ``outcome.shape``, ``outcome.file``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstage_server.kit.inputs import known_size
from soundstage_server.media import MAX_RATIO, Image, Video, frame_size
from soundstage_server.vendors.gmicloud.capabilities import MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Task

USUAL_SIDES: Final = (16, 9)


def media_for(task: Task) -> list[MediaSpec]:
    """Return the video, in the ratio of its image if that is known, and then the thumbnail."""
    params = task.params
    width, height = known_size(params, "image") or USUAL_SIDES
    ratio = min(max(width / height, 1 / MAX_RATIO), MAX_RATIO)
    sides = frame_size(f"{MODELS[task.operation].lines}p", f"{ratio:.4f}:1")
    seconds = seconds_of(params)
    caption = " · ".join(("GMI Cloud", task.operation, f"{seconds} s"))
    seed = params.get("seed", task.seed)
    small = frame_size("180p", f"{ratio:.4f}:1")
    return [
        Video(*sides, float(seconds), params["prompt"], caption, seed),
        Image(*small, params["prompt"], caption, seed),
    ]


def seconds_of(params: Mapping[str, Any]) -> int:
    """Return the video's duration, under either of its names (requests.payload)."""
    return int(params.get("video_length") or params.get("duration") or 0)
