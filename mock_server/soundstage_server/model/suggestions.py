"""Suggestions for a misspelled name."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_CLOSE: Final = 0.6
_LONGEST: Final = 300


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return ``: did you mean <the most similar of *known*>?``, or nothing if none is similar."""
    # The comparison takes time in proportion to the product of the lengths, and a caller chooses one of them.
    if len(given) > _LONGEST:
        return ""
    similar = get_close_matches(given, list(known), 1, _CLOSE)
    return f": did you mean {similar[0]}?" if similar else ""
