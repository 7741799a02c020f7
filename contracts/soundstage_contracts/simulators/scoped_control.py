"""The control API for one test: what the test sets applies to its own accounts, and ends with the test."""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from soundstage_contracts.simulators.control import Control, ControlError

if TYPE_CHECKING:
    import httpx

    from soundstage_contracts.simulators.control import Order

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module

_ORDERS: Final = "/scenarios"
_FAULTS: Final = "/scenarios/faults"
Kind = Literal["order", "fault"]
_PATHS: Final[dict[Kind, str]] = {"order": _ORDERS, "fault": _FAULTS}
_USED_UP: Final = 404  # an order or a fault that has no uses left is gone already


class OwnAccounts(Protocol):
    """The accounts of one test."""

    def open(self, vendor: str) -> str:
        """Return the name of the test's account with *vendor*, which exists."""

    def every_account(self) -> list[str]:
        """Return the names of the test's accounts with every vendor, all of which exist."""

    def owns(self, account: str) -> bool:
        """Return whether *account* is one of the test's accounts."""

    def forget(self, account: str | None = None) -> None:
        """Remove *account*, or every account of the test."""


class ScopedControl(Control):
    """Controls a simulator for one test.

    What is set for a vendor without an account is set for the test's account with that vendor. What is set for a whole
    vendor or for the world (``account=None``) is undone by `close`. Time moves for the test's accounts alone, since the
    world's clock cannot move back. Reading without an account reads the whole simulator.

    Args:
        http: An `httpx.Client` that reaches the simulator.
        url: The simulator's address, without a slug.
        accounts: The test's accounts.
    """

    def __init__(self, http: httpx.Client, url: str, accounts: OwnAccounts) -> None:
        super().__init__(http, url)
        self._accounts = accounts
        self._placed: list[tuple[str, int]] = []
        self._removed_unused: dict[str, list[dict[str, Any]]] = {_ORDERS: [], _FAULTS: []}
        self._replaced_readings: dict[str, str] = {}
        self.advanced = 0.0

    def now(self, account: str | None = None) -> float:
        """Return the time of *account*, or of the test: the world's, and what the test has advanced it by."""
        return super().now(account) + (self.advanced if account is None else 0.0)

    def advance(self, seconds: float, account: str | None = None) -> float:
        """Advance the clock of *account*, or of every account of the test, by *seconds*, and return the new time."""
        if account is not None:
            return super().advance(seconds, account)
        # Accounts that are opened later start with this time, so the order of the calls makes no difference.
        for each in self._accounts.every_account():
            super().advance(seconds, each)
        self.advanced += seconds
        return self.now()

    def order(self, then: Order, **which: Any) -> int:
        """Place a scenario order for future tasks, and return its id; see `Control.order`.

        Without an account, it applies to the test's account with ``vendor``; ``account=None`` is the whole vendor.
        """
        return self._placed_at(_ORDERS, super().order(then, **self._scoped(which)))

    def clear_orders(self) -> None:
        """Delete every scenario order of the test."""
        mine = {number for path, number in self._placed if path == _ORDERS}
        for order in self._request("GET", _ORDERS):
            if order["id"] in mine or (order["account"] and self._accounts.owns(order["account"])):
                self._remove(_ORDERS, order["id"])

    def fault(self, kind: str, **which: Any) -> int:
        """Inject a fault between callers and a vendor, and return its id; see `Control.fault`.

        Without an account, it applies to the test's account with ``vendor``; ``account=None`` is the whole vendor.
        """
        return self._placed_at(_FAULTS, super().fault(kind, **self._scoped(which)))

    def placed(self, kind: Kind, number: int) -> dict[str, Any] | None:
        """Return an order or a fault of the test; None if it is used up or removed."""
        return next((each for each in self._request("GET", _PATHS[kind]) if each["id"] == number), None)

    def remove(self, kind: Kind, number: int) -> None:
        """Remove an order or a fault before the end of the test; one that nothing has met stays known as unused."""
        placed = self.placed(kind, number)
        if placed is not None and not placed["used"]:
            self._removed_unused[_PATHS[kind]].append(placed)
        self._remove(_PATHS[kind], number)

    def unused_orders(self) -> list[dict[str, Any]]:
        """Return the orders of the test that no task has met."""
        return self._unused(_ORDERS)

    def unused_faults(self) -> list[dict[str, Any]]:
        """Return the faults of the test that no request has met."""
        return self._unused(_FAULTS)

    def dialects(self, account: str | EllipsisType | None = ..., **chosen: str) -> dict[str, str]:
        """Select dialects by name for the test's accounts, and return the current ones; see `Control.dialects`.

        ``account=None`` selects them for all accounts.
        """
        if account is None and chosen:
            before = super().dialects()
            replaced = {name: before[name] for name in map(_full_name, chosen) if name in before}
            self._replaced_readings = replaced | self._replaced_readings
        if not isinstance(account, EllipsisType):
            return super().dialects(account, **chosen)
        readings = super().dialects()
        for name, reading in chosen.items():
            owner = self._accounts.open(name.partition("__")[0])
            readings[_full_name(name)] = super().dialects(owner, **{name: reading})[_full_name(name)]
        return readings

    def reset(self, account: str | None = None) -> None:
        """Delete all state of *account*, or of the test: its accounts, and the orders and faults that it placed."""
        self._accounts.forget(account)
        if account is None:
            self._undo()

    def close(self) -> None:
        """Undo what was set for a whole vendor or for the world. Safe to call twice."""
        self._undo()
        if self._replaced_readings:
            before, self._replaced_readings = self._replaced_readings, {}
            super().dialects(None, **{name.replace(".", "__"): reading for name, reading in before.items()})

    def _unused(self, path: str) -> list[dict[str, Any]]:
        mine = {number for placed, number in self._placed if placed == path}
        left = self._request("GET", path) if mine else []
        unused = [each for each in left if each["id"] in mine and not each["used"]]
        return [*self._removed_unused[path], *unused]

    def _scoped(self, which: dict[str, Any]) -> dict[str, Any]:
        vendor = which.get("vendor")
        if "account" in which or vendor is None:
            return which
        return {**which, "account": self._accounts.open(vendor)}

    def _placed_at(self, path: str, number: int) -> int:
        self._placed.append((path, number))
        return number

    def _undo(self) -> None:
        placed, self._placed = self._placed, []
        for path, number in reversed(placed):
            self._remove(path, number)

    def _remove(self, path: str, number: int) -> None:
        try:
            self._request("DELETE", path, params={"id": number})
        except ControlError as error:
            if error.status != _USED_UP:
                raise


def _full_name(name: str) -> str:
    return name.replace("__", ".")
