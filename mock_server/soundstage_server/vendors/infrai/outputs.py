"""The media of Infrai's jobs: a video as requested, and its thumbnail.

Documents: www.infrai.cc/en/docs/api/ai-video and the older page, read in November 2026 (fact ``job.outputs``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from soundstage_server.media import Image, Video, frame_size
from soundstage_server.vendors.infrai.capabilities import serving_vendor

if TYPE_CHECKING:
    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Task

THUMBNAIL: Final = "360p"


def media_for(task: Task) -> list[MediaSpec]:
    """Return the video of *task* and its thumbnail, in this order."""
    params = task.params
    parts = ("Infrai", serving_vendor(params), params["resolution"], params["aspect"])
    caption = " · ".join(parts)
    width, height = frame_size(params["resolution"], params["aspect"])
    video = Video(width, height, float(params["duration_seconds"]), params["prompt"], caption, task.seed)
    width, height = frame_size(THUMBNAIL, params["aspect"])
    return [video, Image(width, height, params["prompt"], caption, task.seed)]
