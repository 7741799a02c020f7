"""`python -m soundstage_contracts.matrix`: run the failure matrix, and print how many plays were tried and passed."""

from __future__ import annotations

import argparse
import sys
from itertools import chain
from pathlib import Path

from soundstage_contracts.matrix.cells import cells, in_part, is_quick
from soundstage_contracts.matrix.run import run
from soundstage_contracts.registry import vendors_with


def main(arguments: list[str] | None = None) -> int:
    """Run the matrix; 1 if a law is broken."""
    known = vendors_with("client", "service", "contract", "terms")
    parser = argparse.ArgumentParser(prog="soundstage_contracts.matrix", description=__doc__)
    parser.add_argument("--vendor", action="append", choices=sorted(known), help="this vendor alone; may be repeated")
    parser.add_argument("--part", default="1/1", metavar="I/N", help="this part of the cells alone")
    parser.add_argument("--quick", action="store_true", help="the cells of the quick run alone")
    parser.add_argument("--cell", default="", metavar="TEXT", help="the cells whose names contain this text alone")
    parser.add_argument("--table", type=Path, help="write the counts to this file, as a Markdown table")
    options = parser.parse_args(arguments)
    number, _, of = options.part.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        parser.error(f"--part is {options.part!r}; allowed: I/N, such as 2/4")
    every = chain.from_iterable(map(cells, options.vendor or known))
    chosen = (cell for cell in every if options.cell in str(cell) and in_part(cell, int(number), int(of)))
    result = run(cell for cell in chosen if is_quick(cell) or not options.quick)
    for failure in result.failures:
        sys.stdout.write(failure + "\n")
    sys.stdout.write(result.table() + "\n")
    if options.table is not None:
        options.table.write_text(result.table() + "\n", encoding="utf-8")
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
