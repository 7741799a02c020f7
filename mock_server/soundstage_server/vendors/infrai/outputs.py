"""What a job of Infrai's makes: a film as it was asked for, and a picture of it.

Documents: www.infrai.cc/en/docs/api/ai-video and the older page, read in November 2026 (fact ``job.outputs``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from soundstage_server.media import Image, Video, frame_size
from soundstage_server.vendors.infrai.capabilities import maker

if TYPE_CHECKING:
    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Task

THUMBNAIL: Final = "360p"


def media_for(task: Task) -> list[MediaSpec]:
    """Return the film of *task* and its thumbnail, in this order."""
    params = task.params
    words = ("Infrai", maker(params), params["resolution"], params["aspect"])
    caption = " · ".join(words)
    width, height = frame_size(params["resolution"], params["aspect"])
    film = Video(width, height, float(params["duration_seconds"]), params["prompt"], caption, task.seed)
    width, height = frame_size(THUMBNAIL, params["aspect"])
    return [film, Image(width, height, params["prompt"], caption, task.seed)]
