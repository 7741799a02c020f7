"""Schedules for polling and for retries: pure functions, all times in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage._values.validation import number, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class PollPolicy:
    """How a job is polled.

    Attributes:
        first: Seconds between the first poll and the second.
        factor: How much longer each pause is than the one before.
        ceiling: The longest pause, in seconds.
        timeout: Seconds after which `wait()` ends, unless it has a timeout of its own; `math.inf` waits without limit.
        outage: Seconds for which every poll may fail, for lack of a connection or a ready service, before a wait ends.
        grace: Seconds for which a wait polls again before it believes that a job does not exist, that a success has no
            output, or a page that is not the service's.

    Raises:
        InvalidArgument: A value is out of range.
    """

    first: float = 10.0
    factor: float = 1.0
    ceiling: float = 60.0
    timeout: float = 1800.0
    outage: float = 600.0
    grace: float = 30.0

    def __post_init__(self) -> None:
        number("first", self.first, above=0)
        number("factor", self.factor, least=1, most=100)
        number("ceiling", self.ceiling, least=self.first)
        number("timeout", self.timeout, least=0, infinite=True)
        number("outage", self.outage, least=0, infinite=True)
        number("grace", self.grace, least=0, infinite=True)

    def delay(self, poll: int) -> float:
        """Return the seconds to pause after poll number *poll*, from 1."""
        steps = max(0, poll - 1)
        # Compared by logarithm, because factor**steps overflows in a wait of many polls.
        if self.factor > 1 and steps >= math.log(self.ceiling / self.first, self.factor):
            return self.ceiling
        return min(self.ceiling, self.first * self.factor**steps)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and for how long a request that is safe to repeat is sent again.

    Attributes:
        attempts: The number of tries, the first included.
        within: Seconds of the clock after which nothing is sent again.
        base: Seconds of the first pause, doubled each time.
        ceiling: The longest pause in seconds, unless the service requests a longer one.
        jitter: Whether a pause is a random part of its length (full jitter).

    Raises:
        InvalidArgument: A value is out of range.
    """

    attempts: int = 5
    within: float = 120.0
    base: float = 0.5
    ceiling: float = 20.0
    jitter: bool = True

    def __post_init__(self) -> None:
        whole_number("attempts", self.attempts, least=1)
        number("within", self.within, least=0, infinite=True)
        number("base", self.base, least=0)
        number("ceiling", self.ceiling, least=self.base)

    def delay(
        self, attempt: int, elapsed: float, retry_after: float | None, random: Callable[[], float]
    ) -> float | None:
        """Return the seconds to pause before the next try, or None to stop.

        Args:
            attempt: The number of tries so far.
            elapsed: Seconds since the first try.
            retry_after: Seconds that the service requests to wait, if any; the pause is never shorter.
            random: Returns a number from 0 to 1.
        """
        if attempt >= self.attempts:
            return None
        longest = min(self.ceiling, self.base * 2.0 ** min(attempt - 1, 64))  # 64 keeps the power finite
        # Full jitter: clients that failed together would otherwise return together.
        delay = max(longest * random() if self.jitter else longest, retry_after or 0.0)
        return delay if elapsed + delay <= self.within else None
