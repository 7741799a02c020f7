"""`understudy facts`: what is known of each vendor's wire, and which contract proves it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from understudy_contracts._facts import Fact, FactError, load_facts
from understudy_contracts._registry import VENDORS
from understudy_contracts.cli._errors import UsageError, needs_extra
from understudy_contracts.cli._parsers import completes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

    from understudy_contracts._proves import Contract
    from understudy_contracts.cli._console import Cell

HELP = "show what is known of each vendor's wire, and which contract proves it"

_EPILOG: Final = """\
A documented fact that binds a side and that no contract proves there is red.

examples:
  understudy facts                             coverage, vendor by vendor
  understudy facts tomoviee                    every fact of one vendor
  understudy facts tomoviee:create.route       one fact whole, with its contracts
  understudy facts --check                     fail if anything is red
  understudy facts tomoviee --json             for programs
"""
_RED: Final = "bold red"


@dataclass(frozen=True, slots=True)
class Coverage:
    """A fact and the contracts that prove it."""

    fact: Fact
    contracts: tuple[Contract, ...]
    missing: tuple[str, ...]

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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the vendor or fact, and the ways to answer."""
    parser.epilog = _EPILOG
    id_ = parser.add_argument("id", nargs="?", metavar="ID", help="a vendor, or a fact as VENDOR:FACT (default: all)")
    completes(id_, _known)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a contract is owed")
    parser.add_argument("--json", action="store_true", help="print a JSON list of facts with their contracts")


def run(args: argparse.Namespace) -> int:
    """Show the facts that were asked for."""
    chosen = [_coverage(fact, contracts) for fact, contracts in _with_contracts(_choose(args.id))]
    if args.json:
        print(json.dumps([_plain(item) for item in chosen], indent=2, ensure_ascii=False))
    else:
        _show(chosen, args.id)
    return 1 if args.check and any(item.red for item in chosen) else 0


def _known(current: str) -> Iterable[str]:
    """The vendors, or once one is named, its facts."""
    vendor, colon, _ = current.partition(":")
    return load_facts(vendor) if colon and vendor in VENDORS else VENDORS


def _choose(id_: str | None) -> list[Fact]:
    vendor = id_.partition(":")[0] if id_ else None
    try:
        book = load_facts(vendor)
        return [book.find(id_)] if id_ and ":" in id_ else list(book.values())
    except FactError as error:
        raise UsageError(str(error)) from None


def _with_contracts(facts: Sequence[Fact]) -> Iterable[tuple[Fact, tuple[Contract, ...]]]:
    with needs_extra("all", "understudy facts"):
        from understudy_contracts._proves import proven

        contracts = proven()
    return [(fact, contracts.get(fact.key, ())) for fact in facts]


def _coverage(fact: Fact, contracts: tuple[Contract, ...]) -> Coverage:
    from understudy_contracts._proves import missing_sides

    return Coverage(fact, contracts, tuple(sorted(missing_sides(fact, contracts))))


def _plain(item: Coverage) -> Mapping[str, Any]:
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
    }


def _show(chosen: Sequence[Coverage], id_: str | None) -> None:
    if id_ is None:
        _show_vendors(chosen)
    elif ":" in id_:
        _show_fact(chosen[0])
    else:
        _show_list(chosen)


def _show_vendors(chosen: Sequence[Coverage]) -> None:
    from understudy_contracts.cli._console import Screen

    screen = Screen("understudy facts")
    by_vendor: dict[str, list[Coverage]] = {}
    for item in chosen:
        by_vendor.setdefault(item.fact.vendor, []).append(item)
    heads = ("vendor", "facts", "documented", "contradicted", "inferred", "contracts owed", "kept", "missing")
    screen.table(heads, [_vendor_row(vendor, items) for vendor, items in by_vendor.items()])
    if red := [item for item in chosen if item.red]:
        screen.line("No contract proves these yet:", _RED)
        screen.table(("fact", "side", "says"), [_red_row(item) for item in red], fold=False)


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


def _show_list(chosen: Sequence[Coverage]) -> None:
    from understudy_contracts.cli._console import Screen

    rows = [(item.fact.id, item.fact.certainty, item.fact.binds, item.state, item.fact.says) for item in chosen]
    Screen("understudy facts").table(("fact", "certainty", "binds", "contracts", "says"), rows, fold=False)


def _show_fact(item: Coverage) -> None:
    from understudy_contracts.cli._console import Screen

    fact, screen = item.fact, Screen("understudy facts")
    screen.line(fact.key, "bold")
    screen.line(fact.says)
    if fact.but:
        screen.line(f"But: {fact.but}", "yellow")
    screen.table(
        ("", ""),
        [("source", fact.source), ("certainty", fact.certainty), ("binds", fact.binds), ("contracts", item.state)],
    )
    for contract in item.contracts:
        screen.line(f"{contract.promise} [{', '.join(sorted(contract.sides))}]", "green")
        screen.line(f"  {contract.name}", "dim")
