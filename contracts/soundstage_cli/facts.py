"""`soundstage facts`: the documented behavior of each vendor's API, and the contracts that prove it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstage_cli.errors import CommandError, UsageError, needs_extra
from soundstage_cli.options import parse_int
from soundstage_cli.parsers import set_completer
from soundstage_contracts.facts.evidence import FILE, KINDS, STALE_DAYS, EvidenceError, read_evidence
from soundstage_contracts.facts.loader import Fact, FactError, load_facts
from soundstage_contracts.facts.shown import load_shown, shown_sides, sides_to_show
from soundstage_contracts.registry import VENDORS, incomplete_vendors

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from soundstage_cli.console import Cell
    from soundstage_contracts.facts.evidence import Evidence, Kind, Observation
    from soundstage_contracts.facts.loader import Side
    from soundstage_contracts.facts.proves import Contract
    from soundstage_contracts.facts.shown import Shown

HELP = "show the documented behavior of each vendor's API and the contracts that prove it"

_EPILOG: Final = """\
A documented fact that binds a side (client or server) without a contract for that side is shown in red. "shown to fail"
names the sides on which a mistake that violates the fact has been planted, and a contract of the fact has caught it.

examples:
  soundstage facts                             coverage of each vendor
  soundstage facts tomoviee                    every fact of one vendor
  soundstage facts tomoviee:create.route       one fact in full, with its contracts
  soundstage facts --check                     fail if a contract is missing
  soundstage facts tomoviee --json             machine-readable

With an evidence file, written by `pytest --pyargs soundstage_contracts --soundstage-evidence FILE`, it also shows the
result and the date of the last check in simulation and live, and which checks are stale or were never run.
"""
_RED: Final = "bold red"
_CENTURY: Final = 36500
_MAX_SHOWN: Final = 8
_EVIDENCE_HEADERS: Final = ("in simulation", "live")


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
            return f"no contract ({' and '.join(self.missing)})", _RED
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
            return f"failed {seen.day}", _RED
        return (f"stale {seen.day}", "yellow") if seen.stale(stale_days) else (f"passed {seen.day}", "green")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the vendor or fact, and the output."""
    parser.epilog = _EPILOG
    id_ = parser.add_argument("id", nargs="?", metavar="ID", help="a vendor, or a fact as VENDOR:FACT (default: all)")
    set_completer(id_, _complete_id)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a required contract is missing")
    parser.add_argument("--json", action="store_true", help="print a JSON list of facts with their contracts")
    parser.add_argument(
        "--evidence", metavar="FILE", help=f"the evidence file of past runs (default: ./{FILE}, if it exists)"
    )
    parser.add_argument(
        "--stale-days",
        default=str(STALE_DAYS),
        metavar="N",
        help=f"days after which a check is stale (default: {STALE_DAYS})",
    )


def run(args: argparse.Namespace) -> int:
    """Show the selected facts."""
    days = parse_int("--stale-days", args.stale_days, 0, _CENTURY)
    evidence = _evidence(args.evidence)
    selected = [_coverage(fact, contracts, evidence) for fact, contracts in _with_contracts(_select(args.id), args.id)]
    if args.json:
        print(json.dumps([_to_json(item) for item in selected], indent=2, ensure_ascii=False))
    else:
        _show(selected, args.id, days if evidence is not None else None)
    incomplete = _incomplete(args.id)
    for sentence in incomplete:
        print(sentence, file=sys.stderr)
    return 1 if args.check and (incomplete or any(item.unproven for item in selected)) else 0


def _incomplete(id_: str | None) -> list[str]:
    """Name the missing parts of each selected vendor whose row of files is incomplete."""
    vendor = id_.partition(":")[0] if id_ else None
    return [sentence for slug, sentence in incomplete_vendors().items() if vendor in (None, slug)]


def _evidence(named: str | None) -> Evidence | None:
    """Return the evidence in the file *named*, or in the default file; None if there is none."""
    path = Path(named or FILE)
    if named is not None and not path.exists():
        raise UsageError(f"--evidence is {named!r}; allowed: a file written by pytest --soundstage-evidence")
    try:
        return read_evidence(path) if path.exists() else None
    except EvidenceError as error:
        raise UsageError(f"--evidence: {error}") from None


def _complete_id(current: str) -> Iterable[str]:
    """Return the vendors, or after ``VENDOR:`` the facts of that vendor."""
    vendor, colon, _ = current.partition(":")
    return load_facts(vendor) if colon and vendor in VENDORS else VENDORS


def _select(id_: str | None) -> list[Fact]:
    vendor = id_.partition(":")[0] if id_ else None
    try:
        book = load_facts(vendor)
        if not id_ or ":" not in id_:
            return list(book.values())
        _check_group(id_, book)
        return [book.find(id_)]
    except FactError as error:
        raise UsageError(str(error)) from None


def _check_group(id_: str, book: Mapping[str, Fact]) -> None:
    """Refuse the first part of an id, such as ``tomoviee:create``, with the ids that start with it.

    Raises:
        UsageError: *id_* is not a fact, but a group of facts.
    """
    group = [key for key in book if key.startswith(f"{id_.rstrip('.*')}.")]
    if id_ not in book and group:
        rest = len(group) - _MAX_SHOWN
        shown = ", ".join(group[:_MAX_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
        raise UsageError(f"no fact is called {id_!r}; did you mean one of {shown}?")


def _with_contracts(facts: Sequence[Fact], id_: str | None) -> Iterable[tuple[Fact, tuple[Contract, ...]]]:
    with needs_extra("all", "soundstage facts"):
        from soundstage_contracts.facts.proves import proven

        try:
            contracts = proven(id_.partition(":")[0] if id_ else None)
        except FactError as error:
            raise CommandError(str(error)) from error
    return [(fact, contracts.get(fact.key, ())) for fact in facts]


def _coverage(fact: Fact, contracts: tuple[Contract, ...], evidence: Evidence | None) -> Coverage:
    from soundstage_contracts.facts.proves import missing_sides

    seen = (evidence or {}).get(fact.key, {})
    shown = shown_sides(fact, contracts, load_shown(fact.vendor))
    return Coverage(fact, contracts, tuple(sorted(missing_sides(fact, contracts))), seen, shown)


def _to_json(item: Coverage) -> Mapping[str, Any]:
    fact = item.fact
    return {
        "key": fact.key,
        "says": fact.statement,  # codespell:ignore says
        "but": fact.but,
        "source": fact.source,
        "certainty": fact.certainty,
        "binds": fact.binds,
        "needs_contract": fact.needs_contract,
        "missing": list(item.missing),
        "contracts": [
            {"name": contract.name, "promise": contract.promise, "sides": sorted(contract.sides)}
            for contract in item.contracts
        ],
        "shown": {
            side: {"mutation": row.mutation, "contract": row.contract} for side, row in sorted(item.shown.items())
        },
        "unshown": {**dict.fromkeys(item.unshown), **fact.unshown},
        "evidence": {
            kind: {"result": seen.result, "date": seen.day.isoformat()} for kind, seen in item.evidence.items()
        },
    }


def _show(selected: Sequence[Coverage], id_: str | None, stale_days: int | None) -> None:
    if id_ is None:
        _show_vendors(selected, stale_days)
    elif ":" in id_:
        _show_fact(selected[0], stale_days)
    else:
        _show_list(selected, stale_days)


def _show_vendors(selected: Sequence[Coverage], stale_days: int | None) -> None:
    from soundstage_cli.console import Printer

    printer = Printer("soundstage facts")
    by_vendor: dict[str, list[Coverage]] = {}
    for item in selected:
        by_vendor.setdefault(item.fact.vendor, []).append(item)
    headers = (
        "vendor",
        "facts",
        "documented",
        "contradicted",
        "inferred",
        "required",
        "proven",
        "missing",
        "shown to fail",
    )
    printer.table(headers, [_vendor_row(vendor, items) for vendor, items in by_vendor.items()])
    if stale_days is not None:
        last = [(vendor, *_last(items, stale_days)) for vendor, items in by_vendor.items()]
        printer.table(("vendor", *_EVIDENCE_HEADERS), last)
    if unproven := [item for item in selected if item.unproven]:
        printer.line("Facts without a required contract:", _RED)
        printer.table(("fact", "side", "statement"), [_unproven_row(item) for item in unproven], fold=False)


def _last(items: Sequence[Coverage], stale_days: int) -> Iterator[Cell]:
    """Yield, for simulation and live, how many facts of a vendor have each result, the worst first."""
    for kind in KINDS:
        cells = [item.last(kind, stale_days) for item in items if item.fact.sides]
        results = Counter(text.partition(" ")[0] for text, _ in cells)
        counts = [f"{results[word]} {word}" for word in ("failed", "stale", "unchecked", "passed") if results[word]]
        style = _RED if results["failed"] else "yellow" if results["stale"] or results["unchecked"] else "green"
        yield ", ".join(counts), style


def _vendor_row(vendor: str, items: Sequence[Coverage]) -> Sequence[Cell]:
    certainties = [item.fact.certainty for item in items]
    required = sum(item.fact.needs_contract for item in items)
    unproven = sum(item.unproven for item in items)
    unshown = sum(bool(item.unshown) for item in items)
    return (
        vendor,
        str(len(items)),
        *(str(certainties.count(certainty)) for certainty in ("documented", "contradicted", "inferred")),
        str(required),
        str(required - unproven),
        (str(unproven), _RED if unproven else "green"),
        (f"{required - unshown} of {required}", "yellow" if unshown else "green"),
    )


def _unproven_row(item: Coverage) -> Sequence[Cell]:
    return (item.fact.key, _RED), " and ".join(item.missing), item.fact.statement


def _show_list(selected: Sequence[Coverage], stale_days: int | None) -> None:
    from soundstage_cli.console import Printer

    headers = ["fact", "certainty", "binds", "contracts", "shown to fail"]
    rows: list[list[Cell]] = [
        [item.fact.id, item.fact.certainty, item.fact.binds, item.state, item.failing] for item in selected
    ]
    if stale_days is not None:
        headers += _EVIDENCE_HEADERS
        rows = [
            [*row, *(item.last(kind, stale_days) for kind in KINDS)] for row, item in zip(rows, selected, strict=True)
        ]
    statements = [[*row, item.fact.statement] for row, item in zip(rows, selected, strict=True)]
    Printer("soundstage facts").table([*headers, "statement"], statements, fold=False)


def _show_fact(item: Coverage, stale_days: int | None) -> None:
    from soundstage_cli.console import Printer

    fact, printer = item.fact, Printer("soundstage facts")
    printer.line(fact.key, "bold")
    printer.line(fact.statement)
    if fact.but:
        printer.line(f"But: {fact.but}", "yellow")
    rows: list[Sequence[Cell]] = [
        ("source", fact.source),
        ("certainty", fact.certainty),
        ("binds", fact.binds),
        ("contracts", item.state),
        ("shown to fail", item.failing),
    ]
    if stale_days is not None:
        rows += [(name, item.last(kind, stale_days)) for name, kind in zip(_EVIDENCE_HEADERS, KINDS, strict=True)]
    printer.table(("", ""), rows)
    for contract in item.contracts:
        printer.line(f"{contract.promise} [{', '.join(sorted(contract.sides))}]", "green")
        printer.line(f"  {contract.name}", "dim")
    for side, row in sorted(item.shown.items()):
        printer.line(
            f"The mistake {row.mutation} in the {side} was caught by {row.contract.rpartition(':')[2]}.", "dim"
        )
    for side, reason in fact.unshown.items():
        printer.line(f"No mistake in the {side} can be shown: {reason}", "dim")
