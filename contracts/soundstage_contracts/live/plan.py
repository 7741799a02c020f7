"""How far a live run climbs: which calls a budget allows, in which order, and what stands against the others.

Decisions only: nothing here sends anything. A call is allowed before it is made or it is not made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from soundstage_contracts.options import UNKNOWN_OK, Budget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage_contracts.declarations.live import LiveCall, LivePlan


@dataclass(frozen=True, slots=True)
class Step:
    """A call of the plan, and why it will not be made, if so."""

    vendor: str
    call: LiveCall
    unit: str
    against: str = ""

    @property
    def price(self) -> str:
        """What the call costs, in words."""
        if self.call.price is None:
            return "unknown"
        return f"{self.call.price:g} {self.unit}" if self.call.price else "free"


@dataclass(slots=True)
class Purse:
    """What one vendor may cost, and what it has cost.

    Attributes:
        vendor: Whose budget it is.
        unit: What the vendor counts in.
        budget: What is allowed.
        amount: What calls of a known price have cost.
        jobs: How many jobs of an unknown price were started.
        held: The first balance that was read.
        holds: The last balance that was read.
    """

    vendor: str
    unit: str
    budget: Budget
    amount: float = 0.0
    jobs: int = 0
    held: float | None = None
    holds: float | None = None

    def against(self, call: LiveCall) -> str:
        """Return why *call* must not be made; nothing when it may be."""
        option = f"--soundstage-budget {self.vendor}="
        if call.price is None:
            if self.jobs < self.budget.unknown:
                return ""
            return f"its price is not documented; {option}{UNKNOWN_OK}{self.jobs + 1} allows it"
        if self.amount + call.price <= self.budget.amount:
            return ""
        return f"costs {call.price:g} {self.unit}; {option}{self.amount + call.price:g} allows it"

    def pay(self, call: LiveCall) -> None:
        """Write down that *call* is made."""
        if call.price is None:
            self.jobs += 1
        else:
            self.amount += call.price

    def read(self, balance: float) -> None:
        """Write down what the account holds."""
        self.held = balance if self.held is None else self.held
        self.holds = balance

    @property
    def fallen(self) -> float:
        """How far the balance fell while it was watched."""
        return 0.0 if self.held is None or self.holds is None else self.held - self.holds

    @property
    def passed(self) -> str:
        """Why no more may be spent, from what the balance says; nothing while it is within the budget."""
        if self.budget.unknown and not self.budget.amount:
            return ""  # whoever allows jobs of any price has named no amount
        if self.fallen <= max(self.budget.amount, 0.0):
            return ""
        return f"the balance fell by {self.fallen:g} {self.unit}; the budget is {self.budget.amount:g}"


@dataclass(slots=True)
class Climb:
    """One vendor's ladder during a run: what may come next.

    Attributes:
        purse: Its money.
        inputs: The inputs of the run.
        closed: Why nothing at all may be sent; nothing while it may.
        fallen: The call that failed, after which no other is made.
    """

    purse: Purse
    inputs: Mapping[str, str] = field(default_factory=dict)
    closed: str = ""
    fallen: str = ""

    def against(self, call: LiveCall) -> str:
        """Return why *call* must not be made now; nothing when it may be."""
        if self.closed:
            return self.closed
        if self.fallen:
            return f"{self.fallen} failed before it"
        missing = [name for name in call.needs if name not in self.inputs]
        if missing:
            return "needs " + " ".join(f"--soundstage-input {name}=VALUE" for name in missing)
        return self.purse.passed or self.purse.against(call)


def plan(vendor: str, live: LivePlan, climb: Climb) -> list[Step]:
    """Return every call of *vendor*'s ladder in its order, with what stands against it, spending nothing."""
    purse = Purse(vendor, live.unit, climb.purse.budget)
    ahead = Climb(purse, climb.inputs, climb.closed)
    steps = []
    for call in live.ladder():
        against = ahead.against(call)
        if not against:
            purse.pay(call)
        steps.append(Step(vendor, call, live.unit, against))
    return steps
