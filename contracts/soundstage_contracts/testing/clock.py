"""The time of a test's accounts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module


class SimulatedClock:
    """The clock of one account, or of all accounts of a test; it moves forward only.

    Args:
        now: Returns the time in seconds since 1970.
        advance: Moves the time forward by seconds.
    """

    def __init__(self, now: Callable[[], float], advance: Callable[[float], object]) -> None:
        self._now = now
        self._advance = advance

    def __repr__(self) -> str:
        """Return the time."""
        return f"<SimulatedClock at {self.now():%Y-%m-%d %H:%M:%S} UTC>"

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def timestamp(self) -> float:
        """Return the time in seconds since 1970."""
        return self._now()

    def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0) -> datetime:
        """Move the time forward, at once, and return the new time: jobs end, results expire, rate limits recover.

        Raises:
            TypeError: A value is no number.
            ValueError: The time would not move forward.
        """
        for name, value in (("seconds", seconds), ("minutes", minutes), ("hours", hours), ("days", days)):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise TypeError(f"{name} is {value!r}; allowed: a number, such as advance(minutes=5)")
        step = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days).total_seconds()
        if step <= 0:
            raise ValueError(f"a clock moves forward by more than 0 seconds; got {step:g}")
        self._advance(step)
        return self.now()
