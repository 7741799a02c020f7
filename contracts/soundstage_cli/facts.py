"""`soundstage facts`: what is known of each vendor's wire, and which contract proves it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstage_cli.errors import UsageError, needs_extra
from soundstage_cli.options import parse_int
from soundstage_cli.parsers import set_completer
from soundstage_contracts.facts.evidence import FILE, KINDS, STALE_DAYS, EvidenceError, read_evidence
from soundstage_contracts.facts.loader import Fact, FactError, load_facts
from soundstage_contracts.registry import VENDORS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from soundstage_cli.console import Cell
    from soundstage_contracts.facts.evidence import Evidence, Kind, Observation
    from soundstage_contracts.facts.proves import Contract

HELP = "show what is known of each vendor's wire, and which contract proves it"

_EPILOG: Final = """\
A documented fact that binds a side and that no contract proves there is red.

examples:
  soundstage facts                             coverage, vendor by vendor
  soundstage facts tomoviee                    every fact of one vendor
  soundstage facts tomoviee:create.route       one fact whole, with its contracts
  soundstage facts --check                     fail if anything is red
  soundstage facts tomoviee --json             for programs

With evidence, which `pytest --pyargs soundstage_contracts --soundstage-evidence FILE` writes, it says what was proven
in simulation and what was seen live, when, and what has become stale or was never checked.
"""
_RED: Final = "bold red"
_CENTURY: Final = 36500
_SEEN: Final = ("in simulation", "live")


@dataclass(frozen=True, slots=True)
class Coverage:
    """A fact and the contracts that prove it."""

    fact: Fact
    contracts: tuple[Contract, ...]
    missing: tuple[str, ...]
    seen: Mapping[Kind, Observation] = field(default_factory=dict)

    @property
    def red(self) -> bool:
        """Whether a contract is owed."""
        return self.fact.needs_contract and bool(self.missing)

    @property
    def state(self) -> Cell:
        """In a word or two, how far the fact is proven."""
        if self.red:
            return f"no contract ({' and '.join(self.missing)})", _RED
        if not self.fact.sides:
            return "advice", "dim"
        if self.missing:
            return "not owed", "dim"
        return "proven", "green"

    def last(self, kind: Kind, stale_days: int) -> tuple[str, str]:
        """In a word or two, what was last seen of the fact in simulation or live."""
        seen = self.seen.get(kind)
        if seen is None:
            return ("unchecked", "yellow") if self.fact.sides else ("", "dim")
        if seen.result == "failed":
            return f"failed {seen.day}", _RED
        return (f"stale {seen.day}", "yellow") if seen.stale(stale_days) else (f"passed {seen.day}", "green")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the vendor or fact, and the ways to answer."""
    parser.epilog = _EPILOG
    id_ = parser.add_argument("id", nargs="?", metavar="ID", help="a vendor, or a fact as VENDOR:FACT (default: all)")
    set_completer(id_, _complete_id)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a contract is owed")
    parser.add_argument("--json", action="store_true", help="print a JSON list of facts with their contracts")
    parser.add_argument(
        "--evidence", metavar="FILE", help=f"what runs have seen of the facts (default: {FILE} here, if there is one)"
    )
    parser.add_argument(
        "--stale-days",
        default=str(STALE_DAYS),
        metavar="N",
        help=f"what was seen longer ago is stale (default {STALE_DAYS})",
    )


def run(args: argparse.Namespace) -> int:
    """Show the facts that were asked for."""
    days = parse_int("--stale-days", args.stale_days, 0, _CENTURY)
    evidence = _evidence(args.evidence)
    selected = [_coverage(fact, contracts, evidence) for fact, contracts in _with_contracts(_select(args.id))]
    if args.json:
        print(json.dumps([_to_json(item) for item in selected], indent=2, ensure_ascii=False))
    else:
        _show(selected, args.id, days if evidence is not None else None)
    return 1 if args.check and any(item.red for item in selected) else 0


def _evidence(named: str | None) -> Evidence | None:
    """Return the evidence that was named, or that lies here; None where there is none."""
    path = Path(named or FILE)
    if named is not None and not path.exists():
        raise UsageError(f"--evidence is {named!r}; allowed: a file that --soundstage-evidence wrote")
    try:
        return read_evidence(path) if path.exists() else None
    except EvidenceError as error:
        raise UsageError(f"--evidence: {error}") from None


def _complete_id(current: str) -> Iterable[str]:
    """The vendors, or once one is named, its facts."""
    vendor, colon, _ = current.partition(":")
    return load_facts(vendor) if colon and vendor in VENDORS else VENDORS


def _select(id_: str | None) -> list[Fact]:
    vendor = id_.partition(":")[0] if id_ else None
    try:
        book = load_facts(vendor)
        return [book.find(id_)] if id_ and ":" in id_ else list(book.values())
    except FactError as error:
        raise UsageError(str(error)) from None


def _with_contracts(facts: Sequence[Fact]) -> Iterable[tuple[Fact, tuple[Contract, ...]]]:
    with needs_extra("all", "soundstage facts"):
        from soundstage_contracts.facts.proves import proven

        contracts = proven()
    return [(fact, contracts.get(fact.key, ())) for fact in facts]


def _coverage(fact: Fact, contracts: tuple[Contract, ...], evidence: Evidence | None) -> Coverage:
    from soundstage_contracts.facts.proves import missing_sides

    seen = (evidence or {}).get(fact.key, {})
    return Coverage(fact, contracts, tuple(sorted(missing_sides(fact, contracts))), seen)


def _to_json(item: Coverage) -> Mapping[str, Any]:
    fact = item.fact
    return {
        "key": fact.key,
        "says": fact.says,
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
        "evidence": {kind: {"result": seen.result, "date": seen.day.isoformat()} for kind, seen in item.seen.items()},
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
    heads = ("vendor", "facts", "documented", "contradicted", "inferred", "contracts owed", "kept", "missing")
    printer.table(heads, [_vendor_row(vendor, items) for vendor, items in by_vendor.items()])
    if stale_days is not None:
        last = [(vendor, *_last(items, stale_days)) for vendor, items in by_vendor.items()]
        printer.table(("vendor", *_SEEN), last)
    if red := [item for item in selected if item.red]:
        printer.line("No contract proves these yet:", _RED)
        printer.table(("fact", "side", "says"), [_red_row(item) for item in red], fold=False)


def _last(items: Sequence[Coverage], stale_days: int) -> Iterator[Cell]:
    """Say of how many facts of a vendor something was seen, in simulation and live, the worst word first."""
    for kind in KINDS:
        cells = [item.last(kind, stale_days) for item in items if item.fact.sides]
        words = Counter(words.partition(" ")[0] for words, _ in cells)
        counts = [f"{words[word]} {word}" for word in ("failed", "stale", "unchecked", "passed") if words[word]]
        style = _RED if words["failed"] else "yellow" if words["stale"] or words["unchecked"] else "green"
        yield ", ".join(counts), style


def _vendor_row(vendor: str, items: Sequence[Coverage]) -> Sequence[Cell]:
    certainties = [item.fact.certainty for item in items]
    owed = sum(item.fact.needs_contract for item in items)
    red = sum(item.red for item in items)
    return (
        vendor,
        str(len(items)),
        *(str(certainties.count(certainty)) for certainty in ("documented", "contradicted", "inferred")),
        str(owed),
        str(owed - red),
        (str(red), _RED if red else "green"),
    )


def _red_row(item: Coverage) -> Sequence[Cell]:
    return (item.fact.key, _RED), " and ".join(item.missing), item.fact.says


def _show_list(selected: Sequence[Coverage], stale_days: int | None) -> None:
    from soundstage_cli.console import Printer

    heads = ["fact", "certainty", "binds", "contracts"]
    rows: list[list[Cell]] = [[item.fact.id, item.fact.certainty, item.fact.binds, item.state] for item in selected]
    if stale_days is not None:
        heads += _SEEN
        rows = [
            [*row, *(item.last(kind, stale_days) for kind in KINDS)] for row, item in zip(rows, selected, strict=True)
        ]
    says = [[*row, item.fact.says] for row, item in zip(rows, selected, strict=True)]
    Printer("soundstage facts").table([*heads, "says"], says, fold=False)


def _show_fact(item: Coverage, stale_days: int | None) -> None:
    from soundstage_cli.console import Printer

    fact, printer = item.fact, Printer("soundstage facts")
    printer.line(fact.key, "bold")
    printer.line(fact.says)
    if fact.but:
        printer.line(f"But: {fact.but}", "yellow")
    rows: list[Sequence[Cell]] = [
        ("source", fact.source),
        ("certainty", fact.certainty),
        ("binds", fact.binds),
        ("contracts", item.state),
    ]
    if stale_days is not None:
        rows += [(name, item.last(kind, stale_days)) for name, kind in zip(_SEEN, KINDS, strict=True)]
    printer.table(("", ""), rows)
    for contract in item.contracts:
        printer.line(f"{contract.promise} [{', '.join(sorted(contract.sides))}]", "green")
        printer.line(f"  {contract.name}", "dim")
