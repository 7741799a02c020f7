"""Attack a simulator in seeded, bounded rounds, and print what was tried and what held: `nox -s siege`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

from tests.siege.bounds import bounds
from tests.siege.browser import browser
from tests.siege.disk import disk
from tests.siege.framing import framing
from tests.siege.fuzz import fuzz
from tests.siege.kills import kills

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.siege.outcome import Outcome

ATTACKS: Final[dict[str, tuple[Callable[[int, int], Outcome], int]]] = {
    "fuzz": (fuzz, 5000),
    "framing": (framing, 150),
    "kills": (kills, 12),
    "disk": (disk, 500),
    "browser": (browser, 1),
    "bounds": (bounds, 40),
}
"""The attacks, each with its number of rounds."""

_SHOWN: Final = 10


def main() -> int:
    """Run the chosen attacks, and return 1 if anything did not hold."""
    parser = argparse.ArgumentParser(prog="siege", description=__doc__)
    parser.add_argument("attacks", nargs="*", choices=[*ATTACKS, []], help="which ones; without any, all")
    parser.add_argument("--seed", type=int, default=0, help="repeats a run; part of the table (default: 0)")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the number of rounds (default: 1)")
    args = parser.parse_args()
    rows, failed = [], 0
    for name in args.attacks or ATTACKS:
        attack, count = ATTACKS[name]
        outcome = attack(args.seed, max(1, round(count * args.scale)))
        rows.append(outcome.row)
        print(outcome.row, flush=True)
        for failure in outcome.failures[:_SHOWN]:
            print(f"    {failure}", file=sys.stderr)
        failed += len(outcome.failures)
    print(f"\nseed {args.seed}\n\n| Attack | Tried | Held |\n|---|---|---|", *rows, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
