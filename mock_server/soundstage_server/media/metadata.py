"""Text that a media file carries as metadata, such as its title."""

from __future__ import annotations

MAX_CHARACTERS = 1000
"""Characters of a text that a file keeps."""


def sanitize(text: str) -> str:
    """Return *text* as every container can store it: bounded, valid UTF-8, and without NUL, which ends a C string."""
    return text[:MAX_CHARACTERS].encode(errors="replace").decode().replace("\0", " ")
