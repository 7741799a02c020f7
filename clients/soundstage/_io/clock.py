"""Clocks: the only source of time and sleep for the client, so that tests can replace it."""

from __future__ import annotations

import threading
import time
from typing import Protocol, runtime_checkable

import anyio
import anyio.lowlevel


@runtime_checkable
class Clock(Protocol):
    """What the client needs of a clock; all times in seconds."""

    def now(self) -> float:
        """Return the seconds since some fixed moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for *seconds*, blocking."""
        ...

    async def asleep(self, seconds: float) -> None:
        """Wait for *seconds*, awaiting."""
        ...


class SystemClock:
    """Real time."""

    def now(self) -> float:
        """Return the seconds of the system's monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block for *seconds*."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Await *seconds*."""
        await anyio.sleep(seconds)


class SkippingClock:
    """A clock whose sleeps return at once and advance its own time, so that waits take no real time.

    For simulators and tests; threads may share an instance.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the start plus all sleeps."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Advance the time by *seconds* and return at once."""
        with self._lock:
            self._now += max(0.0, seconds)

    async def asleep(self, seconds: float) -> None:
        """Advance the time by *seconds*, and let other tasks run once."""
        self.sleep(seconds)
        await anyio.lowlevel.checkpoint()  # or a wait would starve every other task of the event loop

    def __repr__(self) -> str:
        """Show the time."""
        return f"SkippingClock({self._now})"
