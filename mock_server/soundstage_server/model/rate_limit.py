"""Per-account rate limit over a sliding minute of the account's own time."""

from __future__ import annotations

from collections import deque
from typing import Final

MINUTE: Final = 60.0


class SlidingWindow:
    """The requests that were accepted within the last minute.

    Args:
        per_minute: How many are allowed, 1 or more.
    """

    __slots__ = ("_accepted", "per_minute")

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._accepted: deque[float] = deque(maxlen=per_minute)

    def acquire(self, now: float) -> float | None:
        """Accept a request at the account's time *now*, or return the time at which the next one is allowed.

        A refused request does not count.
        """
        accepted = self._accepted
        if len(accepted) == self.per_minute and now < accepted[0] + MINUTE:
            return accepted[0] + MINUTE
        accepted.append(now)
        return None
