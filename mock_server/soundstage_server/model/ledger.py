"""A double-entry ledger: no balance goes below zero, and the balances always add up to what was granted.

A paid task *reserves* its price when it is created. At its end the reservation is *captured* (it succeeded) or
*released* (it failed, was canceled or timed out). Amounts are whole numbers of the unit's smallest part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

Balance = Literal["outside", "available", "reserved", "spent"]
BALANCES: Final[tuple[Balance, ...]] = get_args(Balance)


@dataclass(frozen=True, slots=True)
class Unit:
    """What a vendor charges in: its name, how many smallest parts make one, and an account's first balance."""

    name: str
    parts: int
    opening: int

    def to_units(self, amount: int) -> int | float:
        """Convert *amount* smallest parts to units; the result is an int where the unit has no parts."""
        return amount if self.parts == 1 else amount / self.parts

    def to_parts(self, units: float) -> int:
        """Convert *units* to smallest parts.

        Raises:
            ValueError: A unit without parts cannot be split.
        """
        if self.parts == 1 and units != int(units):
            raise ValueError(f"available must be a whole number of {self.name}; got {units}")
        return round(units * self.parts)


CREDITS = Unit("credits", 1, 1_000)
USD = Unit("USD", 1_000_000, 100_000_000)


class LedgerEntry(NamedTuple):
    """One movement: *amount* smallest parts from one balance to another, at the account's time, for a task."""

    at: float
    source: Balance
    target: Balance
    amount: int
    task: str


class InsufficientError(Exception):
    """The available balance is less than the amount to reserve; nothing has changed."""


class Ledger:
    """The money of one account."""

    __slots__ = ("_entries", "available", "dropped", "granted", "reserved", "spent", "unit")

    def __init__(self, unit: Unit, opening: int | None = None) -> None:
        self.unit = unit
        self.available = self.granted = unit.opening if opening is None else opening
        self.reserved = 0
        self.spent = 0
        self.dropped = 0
        self._entries: list[tuple[float, Balance, Balance, int, str]] = []

    @property
    def entries(self) -> list[LedgerEntry]:
        """Every movement that is kept, oldest first; the balances also contain those that were dropped."""
        return [LedgerEntry(*fields) for fields in self._entries]

    @property
    def movements(self) -> int:
        """How many movements there were, those that were dropped included."""
        return self.dropped + len(self._entries)

    def since(self, number: int) -> list[tuple[float, Balance, Balance, int, str]]:
        """Return the movements from *number* on, as plain tuples."""
        return self._entries[max(0, number - self.dropped) :]

    def start_of(self, task: str | None) -> int:
        """Return the number of the movement that reserved the price of *task*; None is one that is still to come."""
        if task is not None:
            for number, entry in enumerate(self._entries, self.dropped):
                if entry[4] == task and entry[2] == "reserved":
                    return number
        return self.movements

    def drop(self, number: int) -> None:
        """Drop the movements before *number*; the balances stay as they are."""
        del self._entries[: max(0, number - self.dropped)]
        self.dropped = max(number, self.dropped)

    def settled_tasks(self) -> set[str]:
        """Return the ids of the tasks whose reservation was captured or released."""
        # Every movement out of the reserved balance ends a reservation; a price of 0 has one, too.
        return {entry[4] for entry in self._entries if entry[1] == "reserved"}

    def restore(
        self, available: int, reserved: int, spent: int, entries: Iterable[tuple[Any, ...]], dropped: int = 0
    ) -> None:
        """Set the balances and the movements to those of a snapshot, before which *dropped* movements were dropped."""
        self.dropped = dropped
        self.available, self.reserved, self.spent = available, reserved, spent
        self.granted = available + reserved + spent
        self._entries = [entry for entry in entries if len(entry) == len(LedgerEntry._fields)]

    def revert(self, available: int, reserved: int, spent: int, entries: int) -> None:
        """Set the balances to earlier ones, when there had been *entries* movements."""
        self.available, self.reserved, self.spent = available, reserved, spent
        self.granted = available + reserved + spent
        del self._entries[max(0, entries - self.dropped) :]

    def reserve(self, amount: int, task: str, at: float) -> None:
        """Set *amount* aside for *task*.

        Raises:
            InsufficientError: Less than that is available.
        """
        if amount > self.available:
            raise InsufficientError
        self.available -= amount
        self.reserved += amount
        self._entries.append((at, "available", "reserved", amount, task))

    def capture(self, amount: int, task: str, at: float) -> None:
        """Spend what was reserved for *task*."""
        self.reserved -= amount
        self.spent += amount
        self._entries.append((at, "reserved", "spent", amount, task))

    def release(self, amount: int, task: str, at: float) -> None:
        """Make what was reserved for *task* available again."""
        self.reserved -= amount
        self.available += amount
        self._entries.append((at, "reserved", "available", amount, task))

    def set_available(self, available: int, at: float) -> None:
        """Set the available balance; the difference is a movement from or to ``outside``.

        Raises:
            ValueError: *available* is negative.
        """
        if available < 0:
            raise ValueError(f"available must be 0 or more; got {available}")
        difference = available - self.available
        if difference == 0:
            return
        balances: tuple[Balance, Balance] = ("outside", "available") if difference > 0 else ("available", "outside")
        self._entries.append((at, *balances, abs(difference), ""))
        self.available = available
        self.granted += difference

    def is_balanced(self) -> bool:
        """Return whether the balances add up to what was granted, and none is below zero."""
        balances = (self.available, self.reserved, self.spent)
        return self.granted == sum(balances) and min(balances) >= 0
