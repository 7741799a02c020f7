"""What a run would have cost: the summary at its end."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass
class UsageSummary:
    """What a run would have cost, double submissions, and connections to other machines."""

    spent: Counter[str] = field(default_factory=Counter)
    double_submissions: list[str] = field(default_factory=list)
    external_connections: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: UsageSummary) -> UsageSummary:
        """Return the sum of both."""
        return UsageSummary(
            self.spent + other.spent,
            self.double_submissions + other.double_submissions,
            self.external_connections + other.external_connections,
        )

    def lines(self) -> list[str]:
        """Return the summary as lines of text."""
        costs = ", ".join(f"{amount:g} {unit}" for unit, amount in sorted(self.spent.items())) or "nothing"
        lines = [f"would have been spent: {costs}"]
        lines.append(f"double submissions: {len(self.double_submissions) or 'none'}")
        lines += [f"  {double}" for double in self.double_submissions]
        lines.append(f"requests that left the machine: {sum(self.external_connections.values()) or 'none'}")
        lines += [f"  {address}: {count}" for address, count in sorted(self.external_connections.items())]
        return lines

    def to_json(self) -> str:
        """Return the summary as JSON that a worker can send."""
        return json.dumps([self.spent, self.double_submissions, self.external_connections])

    @classmethod
    def from_json(cls, text: str) -> UsageSummary:
        """Return the summary that `to_json` wrote."""
        spent, double_submissions, external_connections = json.loads(text)
        return cls(Counter(spent), double_submissions, Counter(external_connections))


def usage_of(accounts: Iterable[dict[str, Any]]) -> UsageSummary:
    """Return what *accounts* of the control API have cost."""
    usage = UsageSummary()
    for account in accounts:
        if account["spent"] or account["reserved"]:
            # What is reserved counts: a service would charge these jobs when they succeed.
            usage.spent[account["unit"]] += account["spent"] + account["reserved"]
        usage.double_submissions += [
            f"{account['vendor']} {double['operation']}: {double['first']} and {double['second']}, "
            f"{double['seconds_apart']:.0f} s apart"
            for double in account["double_submissions"]
        ]
    return usage
