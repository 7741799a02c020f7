"""Clocks for clients under test: waits take no time, and a client that never pauses long enough fails at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from soundstage import SkippingClock

if TYPE_CHECKING:
    from soundstage_contracts.simulators.control import Control

SHORT: Final = 0.2
"""Seconds below which a pause is short; a retry may have a few, a wait none."""
MOST_SHORT: Final = 200
"""Short pauses that one client may make."""


class TooManyPausesError(AssertionError):
    """A client paused for far too short a time again and again."""


class BoundedClock(SkippingClock):
    """A clock that skips, and fails a client that pauses for far too short a time again and again.

    Such a client would poll a service hundreds of thousands of times within one job, and its suite would run for
    minutes in place of failing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._short = 0
        self._counting = threading.Lock()

    def sleep(self, seconds: float) -> None:
        """Advance the time by *seconds* and return at once.

        Raises:
            TooManyPausesError: The client has made too many short pauses.
        """
        if seconds < SHORT:
            with self._counting:
                self._short += 1
            if self._short > MOST_SHORT:
                raise TooManyPausesError(
                    f"the client paused {self._short} times for less than {SHORT} s; at most {MOST_SHORT} are allowed"
                )
        super().sleep(seconds)


class AdvancingClock(BoundedClock):
    """A clock that skips here and advances the simulator's clock instead."""

    def __init__(self, control: Control) -> None:
        super().__init__()
        self._control = control

    def sleep(self, seconds: float) -> None:
        """Advance this clock and the simulator's by *seconds*."""
        super().sleep(seconds)
        self._control.advance(seconds)
