"""What a test has placed in the simulator: an order for jobs, or a fault, with the number of times that it was met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self, TypedDict

if TYPE_CHECKING:
    from soundstage_contracts.simulators.control import Order
    from soundstage_contracts.simulators.scoped_control import Kind, ScopedControl

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module


class Fate(TypedDict, total=False):
    """What becomes of a job; one of these.

    Attributes:
        fails: It fails.
        blocked: Its content is blocked, where the vendor blocks it: at creation, or later.
        blocked_later: Its content is blocked after the creation.
        times_out: The vendor gives it up.
        canceled: The vendor cancels it.
        slow: It takes much longer.
        never_ends: It does not end, however long a program waits.
        refused: Its creation is refused with this code of the vendor.
    """

    fails: bool
    blocked: bool
    blocked_later: bool
    times_out: bool
    canceled: bool
    slow: bool
    never_ends: bool
    refused: str


_ORDERS: Final[dict[str, Order]] = {
    "fails": "fail",
    "blocked": "block",
    "blocked_later": "block_later",
    "times_out": "timeout",
    "canceled": "cancel",
    "slow": "slow",
    "never_ends": "never",
    "refused": "refuse",
}


_HIDDEN: Final = frozenset({"id", "used", "account", "vendor", "times", "probability", "body"})


def order_of(fate: Fate, operation: str | None = None) -> dict[str, Any]:
    """Return the order, and the code of a refusal, that *fate* names; *operation* limits it, and is no fate.

    Raises:
        TypeError: It names none, several, or one that does not exist; the text names those that do.
    """
    given: dict[str, Any] = {name: value for name, value in fate.items() if value not in (False, None)}
    if len(given) != 1 or not given.keys() <= _ORDERS.keys():
        shown = ", ".join(f"{name}={value!r}" for name, value in fate.items()) or "none"
        allowed = ", ".join(f"{name}={'CODE' if name == 'refused' else True}" for name in _ORDERS)
        hint = f"; write {operation}=True for {operation!r}" if operation in _ORDERS else ""
        raise TypeError(f"give one fate of a job: {allowed}; got {shown}{hint}")
    ((name, value),) = given.items()
    if name == "refused":
        return {"then": "refuse", "code": str(value)}
    if value is not True:
        raise TypeError(f"{name} must be True; got {value!r}")
    return {"then": _ORDERS[name]}


class Placed:
    """An order or a fault, until it is used up, removed, or the test ends.

    Args:
        control: The test's control API.
        kind: Which of both.
        placed: What was placed, as the control API shows it.

    A context manager: it is removed at the end of the block.
    """

    def __init__(self, control: ScopedControl, kind: Kind, placed: dict[str, Any]) -> None:
        self._control = control
        self._kind = kind
        self._placed = placed
        self._used = int(placed["used"])
        self._removed = False
        self.id: int = placed["id"]

    def __repr__(self) -> str:
        """Return what was placed, and how often it was met."""
        shown = [f"{name}={value!r}" for name, value in self._placed.items() if name not in _HIDDEN and value]
        return f"<{self._kind} {' '.join(shown)}: met {self.used} times>"

    def __enter__(self) -> Self:
        """Return what was placed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove it."""
        self.remove()

    @property
    def used(self) -> int:
        """How many jobs or requests have met it."""
        if not self._removed:
            now = self._control.placed(self._kind, self.id)
            # The simulator keeps nothing that has no uses left.
            self._used = int(now["used"] if now is not None else self._placed["times"] or self._used)
        return self._used

    def remove(self) -> None:
        """Remove it. Safe to call twice."""
        if not self._removed:
            self._used, self._removed = self.used, True
            self._control.remove(self._kind, self.id)
