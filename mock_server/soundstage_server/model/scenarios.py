"""Scenarios: how a test makes a task fail, be blocked, time out, be canceled, be slow, never end or be refused.

A prompt may contain a word such as ``soundstage:fail``. Or the control API or Python adds a `Scenario`, an order that
matches tasks by vendor, account, operation and text, a number of times or without limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from soundstage_server.model.bounds import check_count, check_text
from soundstage_server.model.lifecycle import Fate

if TYPE_CHECKING:
    from collections.abc import Iterator

Order = Literal["fail", "block", "block_later", "timeout", "cancel", "slow", "never", "refuse"]
ORDERS: Final[tuple[Order, ...]] = get_args(Order)

ACCOUNT: Final = re.compile("acct_[0-9a-f]{12}")
"""The form of an account's name in the control API."""

# The longer word comes first, as the first alternative that fits is taken.
_WORD: Final = re.compile("soundstage:(fail|block_later|block|timeout|cancel|slow|never)")


class Plan(NamedTuple):
    """What will happen to a task: its fate, whether it is slow, the code of a refusal, and when content is blocked.

    With `later` blocked content is found after the creation also where a vendor refuses it at creation. With `never`
    the task does not end by itself, however often it is polled.
    """

    fate: Fate = Fate.SUCCEED
    slow: bool = False
    refuse: str | None = None
    later: bool = False
    never: bool = False


ORDINARY: Final = Plan()
"""What happens to a task that no order and no word applies to."""

_PLANS: Final[dict[str, Plan]] = {
    "fail": Plan(Fate.FAIL),
    "block": Plan(Fate.BLOCK),
    "block_later": Plan(Fate.BLOCK, later=True),
    "timeout": Plan(Fate.TIMEOUT),
    "cancel": Plan(Fate.CANCEL),
    "slow": Plan(slow=True),
    "never": Plan(never=True),
}


@dataclass(slots=True)
class Scenario:
    """An order for future tasks.

    Attributes:
        then: What happens to a task that matches.
        code: For ``refuse``, the vendor's code to refuse with.
        vendor: Match this vendor only.
        account: Match this account only (``acct_...``); it need not exist yet.
        operation: Match this capability only.
        contains: Match prompts that contain this text only.
        times: How many matches are left; None is no limit.
        id: Set when the scenario is added to a world.
        used: How many tasks have matched.
    """

    then: Order
    code: str | None = None
    vendor: str | None = None
    account: str | None = None
    operation: str | None = None
    contains: str | None = None
    times: int | None = None
    id: int = 0
    used: int = 0

    def __post_init__(self) -> None:
        """Check the fields.

        Raises:
            ValueError: A field has a value that is not allowed; the message names both.
        """
        if self.then not in ORDERS:
            raise ValueError(f"then must be one of {', '.join(ORDERS)}; got {self.then!r}")
        if (self.then == "refuse") != (self.code is not None):
            raise ValueError(f"code is given with 'refuse', and only then; got then={self.then!r}, code={self.code!r}")
        if self.code is not None and self.vendor is None:
            raise ValueError("a scenario that refuses names its vendor: codes belong to vendors")
        if self.account is not None and not ACCOUNT.fullmatch(self.account):
            raise ValueError(f"account must be 'acct_' and 12 hexadecimal digits; got {self.account!r}")
        check_count("times", self.times)
        for name in ("code", "vendor", "operation", "contains"):
            check_text(name, getattr(self, name))

    def matches(self, vendor: str, account: str, operation: str, text: str) -> bool:
        """Return whether this order applies to such a task."""
        return (
            self.vendor in (None, vendor)
            and self.account in (None, account)
            and self.operation in (None, operation)
            and (self.contains is None or self.contains in text)
        )

    def plan(self) -> Plan:
        """Return what will happen to a matching task."""
        return Plan(refuse=self.code) if self.then == "refuse" else _PLANS[self.then]

    def as_dict(self) -> dict[str, Any]:
        """Return the scenario as a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


class Scenarios:
    """The orders of a world; the oldest that matches wins."""

    def __init__(self) -> None:
        self._orders: list[Scenario] = []
        self.given = 0

    def __iter__(self) -> Iterator[Scenario]:
        """Iterate over the orders that still apply."""
        return iter(self._orders)

    def add(self, scenario: Scenario) -> Scenario:
        """Add an order, and return it with its id."""
        self.given += 1
        scenario.id = self.given
        self._orders.append(scenario)
        return scenario

    def restore(self, scenario: Scenario) -> None:
        """Add an order of a snapshot, which has its id already."""
        self._orders.append(scenario)

    def clear(self, number: int | None = None) -> int:
        """Remove the order *number*, or all; return how many were removed."""
        kept = [] if number is None else [order for order in self._orders if order.id != number]
        gone = len(self._orders) - len(kept)
        self._orders = kept
        return gone

    def forget(self, account: str) -> None:
        """Remove the orders for *account* alone."""
        self._orders = [order for order in self._orders if order.account != account]

    def plan(self, vendor: str, account: str, operation: str, text: str) -> Plan:
        """Return what will happen to a task; an order takes precedence over a word in the text."""
        for order in self._orders:
            if order.matches(vendor, account, operation, text):
                self._use(order)
                return order.plan()
        # The substring test spares the hot path a regular expression.
        if "soundstage:" in text and (word := _WORD.search(text)):
            return _PLANS[word[1]]
        return ORDINARY

    def _use(self, order: Scenario) -> None:
        order.used += 1
        if order.times is not None:
            order.times -= 1
            if order.times == 0:
                self._orders.remove(order)
