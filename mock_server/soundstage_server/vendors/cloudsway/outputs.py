"""The media of Cloudsway's tasks: one video each, as requested.

Documents: Kling's API pages, read in November 2026 (facts ``text2video.params``, ``output.size``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from soundstage_server.kit.inputs import known_size
from soundstage_server.media import MAX_RATIO, Video, frame_size

if TYPE_CHECKING:
    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Task

LINES: Final = {"std": "720p", "pro": "1080p"}  # output.size


def media_for(task: Task) -> list[MediaSpec]:
    """Return the video of *task* (output.size)."""
    params = task.params
    mode, model = params["mode"], params["model_name"]
    width, height = frame_size(LINES[mode], params.get("aspect_ratio") or _ratio_of(task))
    caption = f"Kling · {task.operation} · {model} · {mode}"
    title = params.get("prompt") or "an image in motion"
    return [Video(width, height, float(params["duration"]), title, caption, task.seed, audio=params["sound"] == "on")]


def _ratio_of(task: Task) -> str:
    """Return the ratio of a task's image, 16:9 if that is unknown."""
    width, height = known_size(task.params, "image", "image_tail") or (16, 9)
    return f"{min(max(width / height, 1 / MAX_RATIO), MAX_RATIO):.4f}:1"
