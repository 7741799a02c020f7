"""The media of Tomoviee's tasks: videos, images, masks and audio, as requested.

Documents: tomoviee.ai/doc and the vendor's skills, read in November 2026 (facts ``output.video``, ``output.audio`` and
the parameters of each capability).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from soundstage_server.kit.inputs import known_size
from soundstage_server.kit.results import file_count
from soundstage_server.media import MAX_RATIO, MAX_SIDE, MIN_SIDE, Audio, Image, Mask, Video, frame_size
from soundstage_server.vendors.tomoviee.capabilities import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Task

VIDEO_SECONDS: Final = 5.0  # output.video
PROMPT_TOKENS: Final = 77  # text2music.params: the rest of a prompt is ignored
DEFAULT_SIDE: Final = 1024  # of an image whose size is not given (inferred)
MASKS: Final = 2  # img2mask.params: at most so many for one image (inferred)
LETTERS_PER_SECOND: Final = 15.0
IDEOGRAMS_PER_SECOND: Final = 4.0
_FIRST_IDEOGRAM: Final = 0x2E80


def video(task: Task) -> list[MediaSpec]:
    """Return one video of 5 seconds; ``original`` is the ratio of its first image, or 16:9 if that is unknown."""
    params = task.params
    ratio = _ratio_of(task) if params["aspect_ratio"] == "original" else params["aspect_ratio"]
    width, height = frame_size(params["resolution"], ratio)
    caption = _caption(task, params["resolution"], params["aspect_ratio"])
    return [Video(width, height, VIDEO_SECONDS, params["prompt"], caption, task.seed)]


def images(task: Task) -> list[MediaSpec]:
    """Return the requested number of images in the requested size."""
    params = task.params
    if "resolution" in params:
        width, height = frame_size(params["resolution"].partition("*")[0] + "p", params["aspect_ratio"])
    else:
        side = known_size(params, "init_image") or (DEFAULT_SIDE, DEFAULT_SIDE)
        width, height = params.get("width", side[0]), params.get("height", side[1])
    count = file_count(params.get("batch_size") or params.get("image_num") or 1)
    caption = _caption(task, f"{width}x{height}")
    return [Image(width, height, params["prompt"], caption, task.seed + index) for index in range(count)]


def masks(task: Task) -> list[MediaSpec]:
    """Return one mask or more, in the size of the image if that is known."""
    title = task.params.get("prompt", "what was recognized")
    count = 1 + task.seed % MASKS
    sides = known_size(task.params, "image") or (DEFAULT_SIDE, DEFAULT_SIDE)
    width, height = (min(max(side, MIN_SIDE), MAX_SIDE) for side in sides)
    return [Mask(width, height, task.seed + index, title) for index in range(count)]


def music(task: Task) -> list[MediaSpec]:
    """Return the requested number of pieces; 0 seconds gives the shortest playable audio."""
    title = " ".join(task.params["prompt"].split()[:PROMPT_TOKENS])
    count = file_count(task.params.get("qty", 1))
    return [Audio(task.params["duration"], task.seed + index, "music", title) for index in range(count)]


def effects(task: Task) -> list[MediaSpec]:
    """Return the requested number of sound effects."""
    count = file_count(task.params.get("qty", 1))
    title = task.params["prompt"]
    return [Audio(task.params["duration"], task.seed + index, "effect", title) for index in range(count)]


def speech(task: Task) -> list[MediaSpec]:
    """Return speech that lasts as long as reading its text takes."""
    text = task.params["text"]
    ideograms = sum(1 for letter in text if ord(letter) >= _FIRST_IDEOGRAM)
    seconds = ideograms / IDEOGRAMS_PER_SECOND + (len(text) - ideograms) / LETTERS_PER_SECOND
    return [Audio(max(1.0, round(seconds, 1)), task.seed, "speech", text)]


def soundtrack(task: Task) -> list[MediaSpec]:
    """Return one soundtrack of the requested duration."""
    return [Audio(task.params["duration"], task.seed, "music", task.params.get("prompt", "a soundtrack"))]


def media_for(task: Task) -> list[MediaSpec]:
    """Return the media of *task*."""
    makers: dict[str, Callable[[Task], list[MediaSpec]]] = {
        "images_path": images,
        "mask_path": masks,
        "video_path": video,
    }
    sounds: dict[str, Callable[[Task], list[MediaSpec]]] = {
        "tm_text2music": music,
        "tm_text2sfx": effects,
        "tm_text2speech": speech,
        "tm_video_scoring": soundtrack,
    }
    return (sounds.get(task.operation) or makers[CAPABILITIES[task.operation].key])(task)


def _ratio_of(task: Task) -> str:
    """Return the ratio of a task's first image, limited to what a video can have."""
    width, height = known_size(task.params, "image") or (16, 9)
    return f"{min(max(width / height, 1 / MAX_RATIO), MAX_RATIO):.4f}:1"


def _caption(task: Task, *words: str) -> str:
    return " · ".join(("Tomoviee", task.operation, *words))
