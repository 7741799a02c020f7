"""A limit on the spending of one client, by estimates that are made before a submission is sent."""

from __future__ import annotations

import threading

from soundstage._values.unpicklable import Unpicklable
from soundstage._values.validation import number
from soundstage.errors import SpendLimitReached

_ROUNDING = 1e-9  # of the limit: sums of decimal fractions are not exact


class SpendLimit(Unpicklable):
    """The limit and the spending of one client, in the service's own unit; threads may share it.

    An amount is reserved before a submission is sent, and released only if the submission was refused for certain. What
    may have been charged stays reserved, and so does the price of a job that fails later and is refunded.
    """

    _alternative = "a client has its own limit"

    def __init__(self, vendor: str, limit: float | None, unit: str) -> None:
        """Set the limit.

        Args:
            vendor: The slug of the service.
            limit: What may be spent, or None for no limit.
            unit: The unit, for messages.

        Raises:
            InvalidArgument: The limit is not a number of at least 0.
        """
        self.limit = None if limit is None else number("max_spend", limit, least=0)
        self.spent = 0.0
        self._vendor = vendor
        self._unit = unit
        self._lock = threading.Lock()

    def reserve(self, amount: float) -> None:
        """Reserve *amount*.

        Raises:
            SpendLimitReached: Less than that is left; nothing was reserved.
        """
        with self._lock:  # check and addition are one step, so that two threads cannot both take the last of it
            if self.limit is not None and self.spent + amount > self.limit * (1 + _ROUNDING):
                spent = f"{self.spent:g} of max_spend={self.limit:g} are spent"
                raise SpendLimitReached(
                    f"this would cost {amount:g} {self._unit}, but {spent}",
                    vendor=self._vendor,
                    limit=self.limit,
                    spent=self.spent,
                    estimate=amount,
                )
            self.spent += amount

    def release(self, amount: float) -> None:
        """Release *amount*, which was not charged."""
        with self._lock:
            self.spent = max(0.0, self.spent - amount)
