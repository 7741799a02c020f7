"""Clocks: the only source of time and sleep for the client, so that tests can replace it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import anyio
import anyio.lowlevel

from soundstage._io.ownership import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

PACE_HEADER: Final = "x-soundstage-pace"
"""The response header of a simulator: real seconds for each of its seconds, from 0 to 1."""


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


class PacedClock(SystemClock):
    """Real time, that runs faster where a simulator on this machine does: the default of every client.

    A simulator sends in `PACE_HEADER` how many real seconds one of its seconds takes: 0 where polls move its time. A
    pause of the client then takes that share, and the rest is skipped: timeouts count the client's own seconds.
    """

    def __init__(self) -> None:
        self._pace = 1.0
        self._skipped = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the seconds of the system's monotonic clock, and all that was skipped."""
        return super().now() + self._skipped

    def sleep(self, seconds: float) -> None:
        """Block for the share of *seconds* that the pace leaves."""
        super().sleep(self._share(seconds))

    async def asleep(self, seconds: float) -> None:
        """Await the share of *seconds* that the pace leaves."""
        await super().asleep(self._share(seconds))

    def heed(self, url: str, headers: Mapping[str, str]) -> None:
        """Take the pace from a response to a request for *url*; only this machine's simulators have one."""
        sent = headers.get(PACE_HEADER)
        # A service elsewhere must not make the client poll faster than it is documented.
        self._pace = 1.0 if sent is None or not is_loopback(url) else _pace_of(sent)

    def _share(self, seconds: float) -> float:
        share = max(0.0, seconds) * self._pace
        with self._lock:
            self._skipped += max(0.0, seconds) - share
        return share


def _pace_of(sent: str) -> float:
    try:
        pace = float(sent)
    except ValueError:
        return 1.0
    return pace if 0 <= pace <= 1 else 1.0


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
