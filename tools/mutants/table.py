"""The table of mutants by vendor and side."""

from __future__ import annotations

import resource
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

from rich.table import Table

from tools.mutants.survivors import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tools.mutants.generation import Mutant
    from tools.mutants.server import Verdict
    from tools.mutants.survivors import Survivors

_COLUMNS: Final = ("tried", "killed", *get_args(Kind), "UNLISTED", "HUNG", "broken")
LEAST_KILLED: Final = 0.9
"""The share of the tried mutants that contracts must kill."""


@dataclass(frozen=True, slots=True)
class Row:
    """One mutant and its verdict; both None where the contracts fail without a mutant."""

    vendor: str
    mutant: Mutant | None
    verdict: Verdict | None


def print_table(console: Console, rows: Sequence[Row], survivors: Survivors, seconds: float) -> bool:
    """Print the table and return whether every mutant is killed or listed."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        if row.mutant is not None and row.verdict is not None:
            counts.setdefault((row.vendor, row.mutant.side), Counter())[column_of(row, survivors)] += 1
    total = sum(counts.values(), Counter[str]())
    table = Table("vendor", "side", *_COLUMNS, "killed %")
    for (vendor, side), count in [*counts.items(), (("all", ""), total)]:
        tried = sum(count.values()) - count["broken"]
        share = f"{100 * count['killed'] / tried:.1f}" if tried else "-"
        table.add_row(vendor, side, str(tried), *(str(count[name]) for name in _COLUMNS[1:]), share)
    console.print(table)
    tried = sum(total.values()) - total["broken"]
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    console.print(f"{tried} mutants in {seconds:.0f} s, {usage.ru_utime + usage.ru_stime:.0f} s of CPU time")
    return not total["UNLISTED"] and not total["HUNG"] and total["killed"] >= LEAST_KILLED * tried


def column_of(row: Row, survivors: Survivors) -> str:
    """Return the column that counts *row*."""
    if row.mutant is None or row.verdict is None or row.verdict.outcome == "hung":
        return "HUNG"
    if row.verdict.outcome != "survived":
        return row.verdict.outcome
    return survivors.kind_of(row.mutant) or "UNLISTED"
