"""The media of Veo's operations: videos, how many of them are delivered, and the ids of their files.

Documents: ai.google.dev/gemini-api/docs/video, read in November 2026 (facts ``output.video``, ``result.uri``,
``block.partial``).
"""

from __future__ import annotations

import re
from hashlib import blake2b
from string import ascii_lowercase, digits
from typing import TYPE_CHECKING, Any, Final

from soundstage_server.kit.results import file_count
from soundstage_server.media import Video, frame_size
from soundstage_server.vendors.veo.capabilities import MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage_server.model.account import Task

LETTERS: Final = ascii_lowercase + digits
_PAIRS: Final = [high + low for low in LETTERS for high in LETTERS]
_BASE: Final = len(_PAIRS)
NAME_LENGTH: Final = 12  # result.uri, operation.name
_POWERS: Final = tuple(_BASE**place for place in range(NAME_LENGTH // 2))
_NAME: Final = re.compile(rf"[a-z0-9]{{{NAME_LENGTH}}}")
_NAMES: Final = len(LETTERS) ** NAME_LENGTH
_DIGITS: Final = str.maketrans(LETTERS, digits + ascii_lowercase)
PARTIAL: Final = "soundstage:partial"  # block.partial
REASON: Final = (
    "The video may break the rules on safe content, so it was not made or is withheld. Change the prompt and try "
    "again; this attempt is not charged."
)


def delivered(params: Mapping[str, Any]) -> int:
    """Return the number of videos of a successful operation that are not withheld (block.partial)."""
    copies = file_count(params["sampleCount"])
    return copies - 1 if copies > 1 and PARTIAL in params.get("prompt", "") else copies


def media_for(task: Task) -> list[Video]:
    """Return the videos that a successful operation delivers (output.video)."""
    params = task.params
    width, height = frame_size(params["resolution"], params["aspectRatio"])
    caption = f"{task.operation}, {params['resolution']}, {params['aspectRatio']}"
    title, audio = params.get("prompt", "A video that starts with an image"), not MODELS[task.operation].oldest
    seconds = float(params["durationSeconds"])
    return [
        Video(width, height, seconds, title, caption, task.seed + number, audio=audio)
        for number in range(delivered(params))
    ]


def filtered(count: int) -> dict[str, Any]:
    """Return the number of withheld videos and a reason for each (poll.filtered)."""
    return {"raiMediaFilteredCount": count, "raiMediaFilteredReasons": [REASON] * count}


def file_name(task_id: str, number: int) -> str:
    """Return the id of a file, from which its task cannot be found (result.uri)."""
    return base36(file_key(task_id, number))


def file_key(task_id: str, number: int) -> int:
    """Return the number that the id of a file shows: what files are indexed by, as most ids are never needed."""
    return int.from_bytes(blake2b(f"{task_id}/{number}".encode(), digest_size=8).digest(), "big") % _NAMES


def key_of(name: str) -> int | None:
    """Return the number that *name* shows; None if it is no id of a file."""
    return int(name[::-1].translate(_DIGITS), len(LETTERS)) if _NAME.fullmatch(name) else None


def base36(number: int) -> str:
    """Return *number* as 12 lower-case letters and digits, the lowest digit first."""
    return "".join([_PAIRS[number // power % _BASE] for power in _POWERS])
