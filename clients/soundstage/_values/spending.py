"""Where spending is counted: the interface, and the one in the memory of a process."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Ceiling(NamedTuple):
    """A limit on the spending of one scope.

    Attributes:
        name: What it is for, in errors.
        limit: The greatest sum.
        since: Only what was reserved since then counts, in seconds since 1970; 0 for everything.
    """

    name: str
    limit: Decimal
    since: float = 0.0


class CeilingReached(Exception):  # noqa: N818 - a ledger raises it, and a client makes a SpendLimitExceeded of it
    """A reservation would exceed a ceiling; nothing was reserved.

    Attributes:
        ceiling: The ceiling.
        spent: What is reserved already.
    """

    def __init__(self, ceiling: Ceiling, spent: Decimal) -> None:
        super().__init__(f"{spent:f} of {ceiling.limit:f} are reserved")
        self.ceiling = ceiling
        self.spent = spent


class SpendLedger(Protocol):
    """Counts what is spent; threads, and processes where they share it, may use one at once."""

    def reserve(self, scope: str, amount: Decimal, at: float, ceilings: Sequence[Ceiling] = ()) -> str:
        """Add *amount* to the spending of *scope*, and return the id of the reservation.

        Check and addition are one step, for all threads and processes.

        Args:
            scope: What is limited.
            amount: The amount.
            at: The time, in seconds since 1970.
            ceilings: The limits.

        Raises:
            CeilingReached: A limit would be exceeded; nothing was reserved.
        """
        ...

    def settle(self, reservation: str, amount: Decimal) -> None:
        """Replace the amount of a reservation; 0 releases it."""
        ...

    def spent(self, scope: str, since: float = 0.0) -> Decimal:
        """Return the sum of the reservations of *scope* since a time."""
        ...


class _Entry(NamedTuple):
    scope: str
    at: float
    amount: Decimal


class MemoryLedger:
    """Counts in the memory of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._entries: dict[str, _Entry] = {}
        # Sums by scope and start, so that a reservation among thousands does not add all others up again.
        self._sums: defaultdict[str, dict[float, Decimal]] = defaultdict(dict)

    def reserve(self, scope: str, amount: Decimal, at: float, ceilings: Sequence[Ceiling] = ()) -> str:
        """Count *amount*; see `SpendLedger.reserve`."""
        with self._lock:  # check and addition are one step, so that two threads cannot both take the last of it
            for ceiling in ceilings:
                spent = self._sum(scope, ceiling.since)
                if spent + amount > ceiling.limit:
                    raise CeilingReached(ceiling, spent)
            reservation = str(next(self._numbers))
            self._entries[reservation] = _Entry(scope, at, amount)
            self._add(scope, at, amount)
        return reservation

    def settle(self, reservation: str, amount: Decimal) -> None:
        """Replace the amount of a reservation."""
        with self._lock:
            entry = self._entries[reservation]
            self._entries[reservation] = entry._replace(amount=amount)
            self._add(entry.scope, entry.at, amount - entry.amount)

    def spent(self, scope: str, since: float = 0.0) -> Decimal:
        """Return the sum since a time."""
        with self._lock:
            return self._sum(scope, since)

    def _sum(self, scope: str, since: float) -> Decimal:
        sums = self._sums[scope]
        if since not in sums:
            counted = (entry.amount for entry in self._entries.values() if entry.scope == scope and entry.at >= since)
            sums[since] = sum(counted, Decimal(0))
        return sums[since]

    def _add(self, scope: str, at: float, amount: Decimal) -> None:
        for since in self._sums[scope]:
            if at >= since:
                self._sums[scope][since] += amount
