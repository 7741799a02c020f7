"""Detect from the first bytes of a file whether it is of the expected kind."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

HEAD = 512  # bytes that are enough to recognize every format below

_ISO_MEDIA = re.compile(rb".{4}ftyp", re.DOTALL)
_MATROSKA = re.compile(rb"\x1aE\xdf\xa3")
_OGG = re.compile(rb"OggS")
_SVG = re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg[\s>]", re.DOTALL)
_MARKUP = re.compile(rb"\s*<(!doctype html|html|head|body|\?xml|error)", re.IGNORECASE)
_JSON = re.compile(rb"\s*[{\[]")
_BOM = b"\xef\xbb\xbf"

_IMAGE = (
    re.compile(rb"\x89PNG\r\n\x1a\n"),
    re.compile(rb"\xff\xd8\xff"),
    re.compile(rb"GIF8[79]a"),
    re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL),
    _ISO_MEDIA,
    _SVG,
)
_SIGNATURES = {
    "video": (
        _ISO_MEDIA,
        _MATROSKA,
        _OGG,
        re.compile(rb"RIFF.{4}AVI ", re.DOTALL),
        re.compile(rb"G.{187}G", re.DOTALL),
    ),
    "image": _IMAGE,
    "mask": _IMAGE,
    "audio": (
        re.compile(rb"ID3"),
        re.compile(rb"\xff[\xe0-\xff]"),
        re.compile(rb"RIFF.{4}WAVE", re.DOTALL),
        re.compile(rb"fLaC"),
        _OGG,
        _ISO_MEDIA,
        _MATROSKA,
    ),
}

_SUFFIXES = {
    **dict.fromkeys(("mp4", "webm", "mov", "mkv"), "video"),
    **dict.fromkeys(("png", "jpg", "jpeg", "webp", "gif"), "image"),
    **dict.fromkeys(("mp3", "wav", "ogg", "flac", "m4a"), "audio"),
}


def kind_by_suffix(url: str) -> str | None:
    """Return the kind of the file at *url* (video, image, audio) by the suffix of its path; None if it is unknown."""
    return _SUFFIXES.get(urlsplit(url).path.rpartition(".")[2].lower())


def mismatch(kind: str, head: bytes) -> str | None:
    """Return what a file that starts with *head* is instead of *kind*, or None when it may be of that kind.

    A file of an unknown kind is only refused when it is a page of HTML or XML, which no output is.
    """
    if not head:
        return "an empty file"
    head = head.removeprefix(_BOM)
    # An expired address often returns an error page with HTTP 200; saved as a video it would look like success.
    page = "an HTML or XML page" if _MARKUP.match(head) else None
    signatures = _SIGNATURES.get(kind)
    if signatures is None:
        return None if _SVG.match(head) else page
    if any(signature.match(head) for signature in signatures):
        return None
    return page or ("JSON" if _JSON.match(head) else "a file of another kind")
