"""Plan a live run: which calls the budget allows, in which order, and why the others are skipped.

These are decisions only; nothing here sends a request. Each call is checked against the budget before it is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from soundstage_contracts.options import UNKNOWN_OK, Budget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage_contracts.declarations.live import LiveCall, LivePlan


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call of the plan; `skip_reason` is empty when it will be made."""

    vendor: str
    call: LiveCall
    unit: str
    skip_reason: str = ""

    @property
    def price(self) -> str:
        """The price in words, such as ``4 credits``."""
        if self.call.price is None:
            return "unknown"
        return f"{self.call.price:g} {self.unit}" if self.call.price else "free"


@dataclass(slots=True)
class BudgetMeter:
    """What one vendor may cost, and what it has cost so far.

    Attributes:
        vendor: The vendor.
        unit: The vendor's unit of price.
        budget: What is allowed.
        spent: The sum of the known prices of the calls that were made.
        unknown_jobs: How many jobs of an undocumented price were started.
        first_balance: The first balance that was read.
        last_balance: The last balance that was read.
    """

    vendor: str
    unit: str
    budget: Budget
    spent: float = 0.0
    unknown_jobs: int = 0
    first_balance: float | None = None
    last_balance: float | None = None

    def skip_reason(self, call: LiveCall) -> str:
        """Return why the budget does not allow *call*, or an empty text."""
        option = f"--soundstage-budget {self.vendor}="
        if call.price is None:
            if self.unknown_jobs < self.budget.unknown:
                return ""
            return f"its price is not documented; {option}{UNKNOWN_OK}{self.unknown_jobs + 1} allows it"
        if self.spent + call.price <= self.budget.amount:
            return ""
        return f"costs {call.price:g} {self.unit}; {option}{self.spent + call.price:g} allows it"

    def charge(self, call: LiveCall) -> None:
        """Count *call* as made."""
        if call.price is None:
            self.unknown_jobs += 1
        else:
            self.spent += call.price

    def record_balance(self, balance: float) -> None:
        """Keep a balance that was read from the account."""
        self.first_balance = balance if self.first_balance is None else self.first_balance
        self.last_balance = balance

    @property
    def balance_drop(self) -> float:
        """How far the balance fell between the first reading and the last."""
        if self.first_balance is None or self.last_balance is None:
            return 0.0
        return self.first_balance - self.last_balance

    @property
    def overrun(self) -> str:
        """Why nothing more may be spent, judged by the balance; empty while it is within the budget."""
        if self.budget.unknown and not self.budget.amount:
            return ""  # a budget of jobs at unknown prices names no amount to compare with
        if self.balance_drop <= max(self.budget.amount, 0.0):
            return ""
        return f"the balance fell by {self.balance_drop:g} {self.unit}; the budget is {self.budget.amount:g}"


@dataclass(slots=True)
class LiveRunPlan:
    """The state of one vendor's live run: what may be called next.

    Attributes:
        meter: Its budget and cost.
        inputs: The inputs of the run.
        closed_reason: Why nothing at all may be sent; empty while something may.
        failed_call: The name of the call that failed, after which no other is made.
    """

    meter: BudgetMeter
    inputs: Mapping[str, str] = field(default_factory=dict)
    closed_reason: str = ""
    failed_call: str = ""

    def skip_reason(self, call: LiveCall) -> str:
        """Return why *call* must not be made now, or an empty text."""
        if self.closed_reason:
            return self.closed_reason
        if self.failed_call:
            return f"{self.failed_call} failed before it"
        missing = [name for name in call.needs if name not in self.inputs]
        if missing:
            return "needs " + " ".join(f"--soundstage-input {name}=VALUE" for name in missing)
        return self.meter.overrun or self.meter.skip_reason(call)


def plan_calls(vendor: str, live: LivePlan, run_plan: LiveRunPlan) -> list[PlannedCall]:
    """Return every live call of *vendor* in its order, made or skipped, spending nothing."""
    meter = BudgetMeter(vendor, live.unit, run_plan.meter.budget)
    preview = LiveRunPlan(meter, run_plan.inputs, run_plan.closed_reason)
    planned = []
    for call in live.ordered_calls():
        reason = preview.skip_reason(call)
        if not reason:
            meter.charge(call)
        planned.append(PlannedCall(vendor, call, live.unit, reason))
    return planned
