"""Words that a file carries beside its content."""

from __future__ import annotations

MAX_CHARACTERS = 1000
"""Characters of a text that a file keeps."""


def sanitize(text: str) -> str:
    """Return *text* as every container can hold it: bounded, and without what UTF-8 or a C string has no place for."""
    return text[:MAX_CHARACTERS].encode(errors="replace").decode().replace("\0", " ")
