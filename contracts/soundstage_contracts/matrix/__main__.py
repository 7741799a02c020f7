"""`python -m soundstage_contracts.matrix`: run the failure matrix, and print how many plays were tried and passed."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from soundstage_contracts.facts.record import MatrixRun, record_matrix
from soundstage_contracts.matrix.cells import cells, in_part, is_quick
from soundstage_contracts.matrix.run import run
from soundstage_contracts.registry import vendors_with

if TYPE_CHECKING:
    from collections.abc import Iterable

    from soundstage_contracts.matrix.run import Result


def main(arguments: list[str] | None = None) -> int:
    """Run the matrix; 1 if a law is broken."""
    known = vendors_with("client", "service", "contract", "terms")
    parser = argparse.ArgumentParser(prog="soundstage_contracts.matrix", description=__doc__)
    parser.add_argument("--vendor", action="append", choices=sorted(known), help="this vendor alone; may be repeated")
    parser.add_argument("--part", default="1/1", metavar="I/N", help="this part of the cells alone")
    parser.add_argument("--quick", action="store_true", help="the cells of the quick run alone")
    parser.add_argument("--cell", default="", metavar="TEXT", help="the cells whose names contain this text alone")
    parser.add_argument("--table", type=Path, help="write the counts to this file, as a Markdown table")
    parser.add_argument(
        "--record",
        action="store_true",
        help="record each vendor's counts for soundstage vendors",
    )
    options = parser.parse_args(arguments)
    number, _, of = options.part.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        parser.error(f"--part is {options.part!r}; allowed: I/N, such as 2/4")
    if options.record and (options.part != "1/1" or options.quick or options.cell):
        parser.error("--record records whole runs; leave out --part, --quick and --cell")
    every = chain.from_iterable(map(cells, options.vendor or known))
    chosen = (cell for cell in every if options.cell in str(cell) and in_part(cell, int(number), int(of)))
    result = run(cell for cell in chosen if is_quick(cell) or not options.quick)
    for failure in result.failures:
        sys.stdout.write(failure + "\n")
    sys.stdout.write(result.table() + "\n")
    if options.table is not None:
        options.table.write_text(result.table() + "\n", encoding="utf-8")
    if options.record:
        _record(result, options.vendor or known)
    return 1 if result.failures else 0


def _record(result: Result, vendors: Iterable[str]) -> None:
    """Write the counts of a whole run of each of *vendors* into its record."""
    today = datetime.now(tz=UTC).date().isoformat()
    for vendor in vendors:
        counts = [result.rows[row] for row in {cell.row for cell in cells(vendor)}]
        record_matrix(vendor, MatrixRun(sum(one.tried for one in counts), sum(one.passed for one in counts), today))


if __name__ == "__main__":
    sys.exit(main())
