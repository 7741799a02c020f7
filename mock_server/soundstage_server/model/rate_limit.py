"""Limits on how fast an account may ask: so many requests within any minute of its own time."""

from __future__ import annotations

from collections import deque
from typing import Final

MINUTE: Final = 60.0


class SlidingWindow:
    """How many requests of the last minute were let in.

    Args:
        per_minute: How many may be, 1 or more.
    """

    __slots__ = ("_admitted", "per_minute")

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._admitted: deque[float] = deque(maxlen=per_minute)

    def acquire(self, now: float) -> float | None:
        """Let a request in at the account's time *now*, or return when the next one may come; a refused one is free."""
        admitted = self._admitted
        if len(admitted) == self.per_minute and now < admitted[0] + MINUTE:
            return admitted[0] + MINUTE
        admitted.append(now)
        return None
