"""Name the files of outputs, after the job or after their addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from soundstage._values.validation import url_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from soundstage._values.state import Media

KNOWN_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")
_UNSAFE_NAME = re.compile(r"[^\w.\- ]+")
_MAX_NAME = 120  # bytes: with the suffix of a temporary file it stays below the limit of every file system
_SUFFIXES = {"video": ".mp4", "image": ".png", "mask": ".png", "audio": ".mp3"}


def job_file_names(job_id: str, results: Sequence[Media]) -> Iterator[tuple[Media, str]]:
    """Yield each output with the name of its file: the job's id, a number if there are several, and a suffix."""
    stem = _clean(job_id) or "job"
    for number, media in enumerate(results, 1):
        suffix = KNOWN_SUFFIX.search(_last_segment(media.url))
        ending = suffix[0].lower() if suffix else _SUFFIXES.get(media.kind, "")
        yield media, f"{stem}-{number}{ending}" if len(results) > 1 else f"{stem}{ending}"


def file_name(media: Media) -> str:
    """Return the name of an output's file in a folder: the end of its address, with a suffix."""
    name = _clean(_last_segment(media.url)) or media.kind
    return name if KNOWN_SUFFIX.search(name) else name + _SUFFIXES.get(media.kind, "")


def _last_segment(url: str) -> str:
    if url[:5].lower() == "data:":
        return ""
    return unquote(url_path(url)).rpartition("/")[2]


def _clean(name: str) -> str:
    """Return *name* without characters that are special in a path or a shell."""
    # A name that is too long keeps its end, and so its suffix; the cut may fall inside a character.
    end = _UNSAFE_NAME.sub("_", name).encode()[-_MAX_NAME:]
    return end.decode(errors="ignore").strip(". _")
