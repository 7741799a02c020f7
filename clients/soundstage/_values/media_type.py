"""Detect from the bytes of a file whether it is of the expected kind, its suffix, and whether it is complete."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from soundstage._values.validation import url_path

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = 512  # bytes that are enough to recognize every format below


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: what its first bytes are, which kinds of output it may have, and its suffixes, the usual first."""

    signature: re.Pattern[bytes]
    kinds: frozenset[str]
    suffixes: tuple[str, ...]


def _format(signature: bytes, kinds: str, *suffixes: str) -> Format:
    return Format(re.compile(signature, re.DOTALL), frozenset(kinds.split()), suffixes)


_SVG = _format(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg[\s>]", "image mask", ".svg")
_ISO = (".mp4", ".m4v", ".mov", ".m4a", ".3gp", ".avif", ".heic", ".heif")
# The first match decides the suffix, so that the special forms of a format come before its general one.
_FORMATS = (
    _format(rb".{4}ftypqt  ", "video", ".mov", ".qt"),
    _format(rb".{4}ftypM4[AB] ", "audio video image mask", ".m4a", ".m4b"),
    _format(rb".{4}ftypavi[fs]", "image mask video audio", ".avif"),
    _format(rb".{4}ftyp(hei[cfsxm]|hevc|mif1)", "image mask video audio", ".heic", ".heif", ".avif"),
    _format(rb".{4}ftyp", "video image mask audio", *_ISO),
    _format(rb"\x1aE\xdf\xa3.{0,60}webm", "video audio", ".webm"),
    _format(rb"\x1aE\xdf\xa3", "video audio", ".mkv", ".webm", ".mka"),
    _format(rb"OggS", "video audio", ".ogg", ".ogv", ".oga", ".opus"),
    _format(rb"RIFF.{4}AVI ", "video", ".avi"),
    _format(rb"G.{187}G", "video", ".ts", ".m2ts", ".mts"),
    _format(rb"\x89PNG\r\n\x1a\n", "image mask", ".png", ".apng"),
    _format(rb"\xff\xd8\xff", "image mask", ".jpg", ".jpeg", ".jpe", ".jfif"),
    _format(rb"GIF8[79]a", "image mask", ".gif"),
    _format(rb"RIFF.{4}WEBP", "image mask", ".webp"),
    _format(rb"BM.{4}\0\0\0\0", "image mask", ".bmp"),
    _SVG,
    _format(rb"ID3", "audio", ".mp3"),
    _format(rb"\xff[\xf0\xf1\xf8\xf9]", "audio", ".aac", ".mp3"),
    _format(rb"\xff[\xe0-\xff]", "audio", ".mp3", ".mp2", ".aac"),
    _format(rb"RIFF.{4}WAVE", "audio", ".wav", ".wave"),
    _format(rb"fLaC", "audio", ".flac"),
)
_KINDS = frozenset[str]().union(*(one.kinds for one in _FORMATS))
_MARKUP = re.compile(rb"\s*<(!doctype html|html|head|body|\?xml|error)", re.IGNORECASE)
_JSON = re.compile(rb"\s*[{\[]")
_BOM = b"\xef\xbb\xbf"

_SUFFIXES = {
    **dict.fromkeys(("mp4", "webm", "mov", "mkv"), "video"),
    **dict.fromkeys(("png", "jpg", "jpeg", "webp", "gif"), "image"),
    **dict.fromkeys(("mp3", "wav", "ogg", "flac", "m4a"), "audio"),
}

# The boxes of the outer level of an ISO media file; bytes that are none of these are not taken for a box.
_BOXES = frozenset(b"ftyp styp moov moof mdat mfra free skip wide meta uuid udta sidx ssix prft pdin emsg".split())
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND"
_UNKNOWN_LENGTH = 0x7FFFFF00  # what an encoder that cannot seek writes into the head of a RIFF file, or more


def kind_by_suffix(url: str) -> str | None:
    """Return the kind of the file at *url* (video, image, audio) by the suffix of its path; None if it is unknown."""
    return _SUFFIXES.get(url_path(url).rpartition(".")[2].lower())


def recognized(head: bytes) -> bool:
    """Whether a file that starts with *head* is a video, an image or a sound."""
    return _found(head) is not None


def right_suffix(head: bytes, suffix: str) -> str:
    """Return *suffix* if it fits to a file that starts with *head*, or else the usual one of its format."""
    found = _found(head)
    return suffix if found is None or suffix.lower() in found.suffixes else found.suffixes[0]


def mismatch(kind: str, head: bytes) -> str | None:
    """Return what a file that starts with *head* is instead of *kind*, or None when it may be of that kind.

    A file of an unknown kind is only refused when it is a page of HTML or XML, which no output is.
    """
    if not head:
        return "an empty file"
    head = head.removeprefix(_BOM)
    # An expired address often returns an error page with HTTP 200; saved as a video it would look like success.
    page = "an HTML or XML page" if _MARKUP.match(head) else None
    if kind not in _KINDS:
        return None if _SVG.signature.match(head) else page
    if any(kind in one.kinds and one.signature.match(head) for one in _FORMATS):
        return None
    return page or ("JSON" if _JSON.match(head) else "a file of another kind")


def missing_part(file: BinaryIO, size: int) -> str | None:
    """Return what is missing at the end of a file of *size* bytes by the lengths inside it, or None.

    ISO media (MP4 and its relatives), PNG and RIFF state the length of each part; what follows the last one is allowed.
    """
    head = file.read(16)
    if head[4:8] == b"ftyp":
        parts = _boxes(file, size)
    elif head.startswith(_PNG):
        parts = _png_chunks(file, size)
    elif head.startswith(b"RIFF") and len(head) >= 12:  # noqa: PLR2004 - the head of a RIFF file
        length = int.from_bytes(head[4:8], "little")
        parts = iter([("RIFF", length + 8)] if length < _UNKNOWN_LENGTH else [])
    else:
        return None
    for name, end in parts:
        if end > size:
            return f"its part {name!r} ends at byte {end}, and {size} bytes arrived"
    return None


def _found(head: bytes) -> Format | None:
    head = head.removeprefix(_BOM)
    return next((one for one in _FORMATS if one.signature.match(head)), None)


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[str, int]]:
    """Yield name and end of each box of the outer level."""
    place = 0
    while place + 8 <= size:
        file.seek(place)
        head = file.read(16)
        length, name = struct.unpack(">I4s", head[:8])
        if name not in _BOXES or not length:  # 0: the box goes to the end of the file, wherever that is
            return
        if length == 1:  # a long box has its length in the next eight bytes
            length = int.from_bytes(head[8:16], "big") if len(head) == 16 else 16  # noqa: PLR2004
        place += max(length, 8)
        yield name.decode(), place


def _png_chunks(file: BinaryIO, size: int) -> Iterator[tuple[str, int]]:
    """Yield name and end of each chunk up to the last one, which is named as missing where there is none."""
    place, name = len(_PNG), b""
    while name != _PNG_END:
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:  # noqa: PLR2004 - length and name of a chunk
            yield "IEND", size + 1
            return
        length, name = struct.unpack(">I4s", head)
        place += length + 12
        yield name.decode("latin-1"), place
