"""A limit on what one client may spend, by estimates made before anything is sent."""

from __future__ import annotations

import threading

from soundstage._values.unpicklable import Unpicklable
from soundstage._values.validation import number
from soundstage.errors import SpendLimitReached

_ROUNDING = 1e-9  # of the limit: sums of decimal fractions are not exact


class SpendLimit(Unpicklable):
    """What may be spent and what was, in the service's own unit; it may be shared by threads.

    An amount is taken before a submission leaves, and given back only if the submission was refused for certain. What
    may have been charged stays taken, and so does what a job that failed later gets back from the service.
    """

    _alternative = "a client has its own limit"

    def __init__(self, vendor: str, limit: float | None, unit: str) -> None:
        """Take a limit, None for none.

        Raises:
            InvalidArgument: The limit is not a number of at least 0.
        """
        self.limit = None if limit is None else number("max_spend", limit, least=0)
        self.spent = 0.0
        self._vendor = vendor
        self._unit = unit
        self._lock = threading.Lock()

    def reserve(self, amount: float) -> None:
        """Take *amount*.

        Raises:
            SpendLimitReached: It is more than is left; nothing was taken.
        """
        with self._lock:
            if self.limit is not None and self.spent + amount > self.limit * (1 + _ROUNDING):
                raise SpendLimitReached(
                    f"this would cost {amount:g} {self._unit}; {self.spent:g} of at most {self.limit:g} are spent",
                    vendor=self._vendor,
                    limit=self.limit,
                    spent=self.spent,
                    estimate=amount,
                )
            self.spent += amount

    def release(self, amount: float) -> None:
        """Give *amount* back: it was not charged."""
        with self._lock:
            self.spent = max(0.0, self.spent - amount)
