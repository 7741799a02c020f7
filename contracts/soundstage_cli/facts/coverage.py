"""What is known about the proof of one fact: its contracts, past runs, and the mistakes that its contracts caught."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from soundstage_contracts.facts.shown import load_shown, shown_sides, sides_to_show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage_cli.console import Cell
    from soundstage_contracts.facts.evidence import Evidence, Kind, Observation
    from soundstage_contracts.facts.loader import Fact, Side
    from soundstage_contracts.facts.proves import Contract
    from soundstage_contracts.facts.shown import Shown

RED: Final = "bold red"
"""The style of what is missing or failed."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """A fact, the contracts that prove it, the evidence of past runs, and the mutations that violate it."""

    fact: Fact
    contracts: tuple[Contract, ...]
    missing: tuple[str, ...]
    evidence: Mapping[Kind, Observation] = field(default_factory=dict)
    shown: Mapping[Side, Shown] = field(default_factory=dict)

    @property
    def unproven(self) -> bool:
        """Whether a required contract is missing."""
        return self.fact.needs_contract and bool(self.missing)

    @property
    def state(self) -> Cell:
        """Whether the fact is proven, as a styled cell."""
        if self.unproven:
            return f"no contract ({' and '.join(self.missing)})", RED
        if not self.fact.sides:
            return "advice", "dim"
        if self.missing:
            return "not required", "dim"
        return "proven", "green"

    @property
    def unshown(self) -> list[Side]:
        """The sides on which the fact must still be shown to be able to fail."""
        return sorted(sides_to_show(self.fact) - self.shown.keys())

    @property
    def failing(self) -> Cell:
        """On which sides the fact has been shown to be able to fail, as a styled cell."""
        sides = " and ".join(sorted(self.shown))
        if self.unshown:
            return f"{sides}{' ' if sides else ''}not {' and '.join(self.unshown)}", "yellow"
        return sides, "green"

    def last(self, kind: Kind, stale_days: int) -> tuple[str, str]:
        """The last result of the fact in simulation or live, as a styled cell."""
        seen = self.evidence.get(kind)
        if seen is None:
            return ("unchecked", "yellow") if self.fact.sides else ("", "dim")
        if seen.result == "failed":
            return f"failed {seen.day}", RED
        return (f"stale {seen.day}", "yellow") if seen.stale(stale_days) else (f"passed {seen.day}", "green")

    def to_json(self) -> Mapping[str, Any]:
        """Return it as `soundstage facts --json` prints it."""
        fact = self.fact
        return {
            "key": fact.key,
            "says": fact.statement,  # codespell:ignore says
            "but": fact.but,
            "source": fact.source,
            "certainty": fact.certainty,
            "binds": fact.binds,
            "needs_contract": fact.needs_contract,
            "missing": list(self.missing),
            "contracts": [
                {"name": contract.name, "promise": contract.promise, "sides": sorted(contract.sides)}
                for contract in self.contracts
            ],
            "shown": {
                side: {"mutation": row.mutation, "contract": row.contract} for side, row in sorted(self.shown.items())
            },
            "unshown": {**dict.fromkeys(self.unshown), **fact.unshown},
            "evidence": {
                kind: {"result": seen.result, "date": seen.day.isoformat()} for kind, seen in self.evidence.items()
            },
        }


def coverage_of(fact: Fact, contracts: tuple[Contract, ...], evidence: Evidence | None) -> Coverage:
    """Return what is known about the proof of *fact* by *contracts*."""
    from soundstage_contracts.facts.proves import missing_sides

    seen = (evidence or {}).get(fact.key, {})
    shown = shown_sides(fact, contracts, load_shown(fact.vendor))
    return Coverage(fact, contracts, tuple(sorted(missing_sides(fact, contracts))), seen, shown)
