"""Time, behind one seam: the client asks a clock and never the system."""

from __future__ import annotations

import threading
import time
from typing import Protocol, runtime_checkable

import anyio
import anyio.lowlevel


@runtime_checkable
class Clock(Protocol):
    """What the client needs of time; seconds everywhere."""

    def now(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass, blocking."""
        ...

    async def asleep(self, seconds: float) -> None:
        """Let *seconds* pass, awaiting."""
        ...


class SystemClock:
    """Real time."""

    def now(self) -> float:
        """Seconds of the system's monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block for *seconds*."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Await *seconds*."""
        await anyio.sleep(seconds)


class SkippingClock:
    """A clock whose sleeps return at once and move its own time: minutes of waiting in no time.

    For simulators and tests; one instance may be shared by threads.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """The start plus all that was slept."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move time by *seconds* and return at once."""
        with self._lock:
            self._now += max(0.0, seconds)

    async def asleep(self, seconds: float) -> None:
        """Move time by *seconds*, letting other tasks run once."""
        self.sleep(seconds)
        await anyio.lowlevel.checkpoint()

    def __repr__(self) -> str:
        """Shows the time."""
        return f"SkippingClock({self._now})"
