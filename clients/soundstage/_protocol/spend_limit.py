"""Spend limits: how much a job, a day and all jobs together may cost, by the prices that the documents state."""

from __future__ import annotations

import time
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from soundstage._values.spending import Ceiling, MemoryLedger
from soundstage._values.unpicklable import Unpicklable
from soundstage._values.validation import instance, invalid, plain_callable, text

if TYPE_CHECKING:
    from collections.abc import Callable

Amount: TypeAlias = Decimal | int | str
"""An amount of money: exact, so no float. Text is read as a decimal number, such as "0.35"."""

_EXACT = "a Decimal, an int or text such as '0.35', of at least 0 (a float is not exact)"
_DAY = 24 * 3600


class SpendLimit(Unpicklable):
    """A limit on what clients of one vendor may spend, in the vendor's unit; every client that is given it shares it.

    The price of a job is counted before its request is sent, and given back only if the service refused it for certain.
    What may have been charged stays counted: an unknown outcome, and also a job that fails later and is refunded. Where
    a service reports what a job costs, that replaces the price.

    Attributes:
        per_job: The most that one job may cost, or None.
        total: The most that all jobs may cost together, or None.
        per_day: The most that the jobs of one day in UTC may cost together, or None.
        assume: The price that is counted for a job of a capability whose price no document states.
        name: The name under which a store counts it.
    """

    _alternative = "give the same limit to each client, or share it between processes by a store"

    def __init__(
        self,
        *,
        per_job: Amount | None = None,
        total: Amount | None = None,
        per_day: Amount | None = None,
        assume: Mapping[str, Amount] | None = None,
        name: str = "default",
        now: Callable[[], float] = time.time,
    ) -> None:
        """Set the limit; at least one of the three amounts.

        Args:
            per_job: The most that one job may cost.
            total: The most that all jobs may cost together.
            per_day: The most that the jobs of one day in UTC may cost together.
            assume: Method to the price to count for it, where no document states one: without it such a job is refused.
            name: The name under which a store counts it, so that one store can have several limits.
            now: Returns the time in seconds since 1970. Default: `time.time`.

        Raises:
            InvalidArgument: An amount is not exact or below 0, or none is given.
        """
        self.per_job = None if per_job is None else exact_amount("per_job", per_job)
        self.total = None if total is None else exact_amount("total", total)
        self.per_day = None if per_day is None else exact_amount("per_day", per_day)
        if (self.per_job, self.total, self.per_day) == (None, None, None):
            invalid("total", None, "an amount, where neither per_job nor per_day has one")
        given = instance("assume", assume, Mapping) or {}
        self.assume: Mapping[str, Decimal] = MappingProxyType(
            {text("assume", key): exact_amount(f"assume[{key!r}]", value) for key, value in given.items()}
        )
        self.name = text("name", name)
        self.now: Callable[[], float] = plain_callable("now", now) or time.time
        self.ledger = MemoryLedger()
        self._vendor: str | None = None

    def bind(self, vendor: str) -> None:
        """Take the vendor whose unit the amounts are in: the one of the first client.

        Raises:
            InvalidArgument: A client of another vendor has this limit.
        """
        if self._vendor not in (None, vendor):
            allowed = f"a limit of its own for {vendor}, because this one counts what {self._vendor} charges"
            invalid("spend_limit", self, allowed)
        self._vendor = vendor

    def day(self, at: float) -> float:
        """Return when the day of a time began in UTC, both in seconds since 1970."""
        return at // _DAY * _DAY

    def ceilings(self, at: float) -> list[Ceiling]:
        """Return the limits on sums at a time."""
        limits = (("total", self.total, 0.0), ("per_day", self.per_day, self.day(at)))
        return [Ceiling(name, limit, since) for name, limit, since in limits if limit is not None]

    def __repr__(self) -> str:
        """Show the amounts."""
        amounts = {"per_job": self.per_job, "total": self.total, "per_day": self.per_day}
        return f"SpendLimit({', '.join(f'{name}={value}' for name, value in amounts.items() if value is not None)})"


def exact_amount(field: str, value: object) -> Decimal:
    """Check an amount of money, and return it as a Decimal.

    Raises:
        InvalidArgument: It is a float, no number, not finite or below 0.
    """
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        invalid(field, value, _EXACT)
    try:
        amount = Decimal(value)
    except InvalidOperation:
        invalid(field, value, _EXACT)
    if not amount.is_finite() or amount < 0:
        invalid(field, value, _EXACT)
    return amount
