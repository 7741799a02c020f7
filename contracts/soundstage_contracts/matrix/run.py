"""Runs cells of the matrix and counts what was tried and what passed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from soundstage_contracts.matrix.laws import both_alike, broken_laws
from soundstage_contracts.matrix.play import play
from soundstage_contracts.simulators.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from soundstage_contracts.matrix.cells import Cell

_CELLS_OF_A_SIMULATOR: Final = 100
"""How many cells share a simulator: each leaves an account with its journal."""


@dataclass(slots=True)
class Count:
    """How many plays of a row of the table were tried, and how many passed; each cell is played by two clients."""

    tried: int = 0
    passed: int = 0


@dataclass(slots=True)
class Result:
    """What a run has found.

    Attributes:
        rows: Face and call to their counts.
        failures: A line for each broken law.
    """

    rows: dict[tuple[str, str], Count] = field(default_factory=lambda: defaultdict(Count))
    failures: list[str] = field(default_factory=list)

    @property
    def total(self) -> Count:
        """The sum of all rows."""
        counts = self.rows.values()
        return Count(sum(one.tried for one in counts), sum(one.passed for one in counts))

    def table(self) -> str:
        """Return the counts as a Markdown table."""
        lines = ["| Vendor | Call | Tried | Passed |", "|---|---|---:|---:|"]
        lines += [f"| {face} | {call} | {one.tried} | {one.passed} |" for (face, call), one in self.rows.items()]
        return "\n".join([*lines, f"| all | all | {self.total.tried} | {self.total.passed} |"])


def run(chosen: Iterable[Cell]) -> Result:
    """Play the *chosen* cells, each with both clients."""
    result, cells = Result(), list(chosen)
    for begin in range(0, len(cells), _CELLS_OF_A_SIMULATOR):
        with Target() as target:
            inner = target.http()
            for cell in cells[begin : begin + _CELLS_OF_A_SIMULATOR]:
                blocking = play(cell, target, inner, awaiting=False)
                awaiting = play(cell, target, inner, awaiting=True)
                _count(result, cell, "blocking", broken_laws(cell, blocking))
                _count(result, cell, "awaiting", [*broken_laws(cell, awaiting), *both_alike(cell, blocking, awaiting)])
    return result


def _count(result: Result, cell: Cell, client: str, broken: list[str]) -> None:
    row = result.rows[cell.row]
    row.tried += 1
    row.passed += not broken
    result.failures += [f"{cell}, {client}: {reason}" for reason in broken]
