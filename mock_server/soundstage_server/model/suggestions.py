"""Near misses: what somebody may have meant by a name that does not exist."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_CLOSE: Final = 0.6
_LONGEST: Final = 300


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return ``: did you mean <the nearest of *known*>?``, or nothing if none is near."""
    if len(given) > _LONGEST:  # comparing takes the product of two lengths
        return ""
    near = get_close_matches(given, list(known), 1, _CLOSE)
    return f": did you mean {near[0]}?" if near else ""
