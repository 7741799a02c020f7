"""Describes an exception of a plug-in in one line: its type, its text, and the file and line that raised it."""

from __future__ import annotations

import traceback
from typing import Final

_LONGEST: Final = 300


def describe(error: BaseException) -> str:
    """Return the exception in one line, with its place."""
    text = " ".join(str(error).split())
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    name = type(error).__name__
    place = _place(error)
    return f"{name}: {shown}{place}" if shown else f"{name}{place}"


def _place(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return ""  # its own text names file and line
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


def raised_by(error: BaseException, packages: frozenset[str]) -> bool:
    """Return whether the code that raised *error*, imports aside, belongs to one of *packages*."""
    names = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    own = [name for name in names if not name.startswith(("importlib", "_frozen_importlib"))]
    return bool(own) and str(own[-1]).partition(".")[0] in packages
