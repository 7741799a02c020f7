"""`soundstage facts`: the documented behavior of each vendor's API, and the contracts that prove it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import CommandError, UsageError, needs_extra
from soundstage_cli.facts.coverage import RED, Coverage, coverage_of
from soundstage_cli.options import add_evidence_arguments, read_named_evidence, read_stale_days
from soundstage_cli.parsers import set_completer
from soundstage_contracts.facts.evidence import KINDS
from soundstage_contracts.facts.loader import Fact, FactError, load_facts, unusable_facts
from soundstage_contracts.registry import incomplete_vendors
from soundstage_vendors import slugs

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from soundstage_cli.console import Cell
    from soundstage_contracts.facts.proves import Contract

HELP = "show the documented behavior of each vendor's API and the contracts that prove it"

_EPILOG: Final = """\
A documented fact that binds a side (client or server) without a contract for that side is shown in red. "shown to fail"
names the sides on which a mistake that violates the fact has been planted, and a contract of the fact has caught it.

examples:
  soundstage facts                             coverage of each vendor
  soundstage facts tomoviee                    every fact of one vendor
  soundstage facts tomoviee:create.route       one fact in full, with its contracts
  soundstage facts --check                     fail if a contract or its mutation is missing
  soundstage facts tomoviee --json             machine-readable

With an evidence file, written by `pytest --pyargs soundstage_contracts --soundstage-evidence FILE`, it also shows the
result and the date of the last check in simulation and live, and which checks are stale or were never run.
"""
_MAX_SHOWN: Final = 8
_EVIDENCE_HEADERS: Final = ("in simulation", "live")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the vendor or fact, and the output."""
    parser.epilog = _EPILOG
    id_ = parser.add_argument("id", nargs="?", metavar="ID", help="a vendor, or a fact as VENDOR:FACT (default: all)")
    set_completer(id_, _complete_id)
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 if a contract, or the proof that it can fail, is missing"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list of facts with their contracts")
    add_evidence_arguments(parser, "past runs", "a check is stale")


def run(args: argparse.Namespace) -> int:
    """Show the selected facts."""
    days = read_stale_days(args)
    evidence = read_named_evidence(args.evidence)
    selected = [
        coverage_of(fact, contracts, evidence) for fact, contracts in _with_contracts(_select(args.id), args.id)
    ]
    if args.json:
        print(json.dumps([item.to_json() for item in selected], indent=2, ensure_ascii=False))
    else:
        _show(selected, args.id, days if evidence is not None else None)
    incomplete = _incomplete(args.id)
    for sentence in incomplete:
        print(sentence, file=sys.stderr)
    return 1 if args.check and (incomplete or any(item.unproven or item.unshown for item in selected)) else 0


def _incomplete(id_: str | None) -> list[str]:
    """Name the missing parts of each selected vendor that is incomplete, and what is wrong with a broken one."""
    vendor = id_.partition(":")[0] if id_ else None
    sentences = {**incomplete_vendors(), **unusable_facts()}
    return [sentence for slug, sentence in sentences.items() if vendor in (None, slug)]


def _complete_id(current: str) -> Iterable[str]:
    """Return the vendors, or after ``VENDOR:`` the facts of that vendor."""
    vendor, colon, _ = current.partition(":")
    return load_facts(vendor) if colon and vendor in slugs() else slugs()


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
        printer.line("Facts without a required contract:", RED)
        printer.table(("fact", "side", "statement"), [_row(item, item.missing, RED) for item in unproven], fold=False)
    if unshown := [item for item in selected if item.unshown]:
        printer.line("Facts that no planted mistake has shown to fail:", "yellow")
        printer.table(
            ("fact", "side", "statement"), [_row(item, item.unshown, "yellow") for item in unshown], fold=False
        )


def _last(items: Sequence[Coverage], stale_days: int) -> Iterator[Cell]:
    """Yield, for simulation and live, how many facts of a vendor have each result, the worst first."""
    for kind in KINDS:
        cells = [item.last(kind, stale_days) for item in items if item.fact.sides]
        results = Counter(text.partition(" ")[0] for text, _ in cells)
        counts = [f"{results[word]} {word}" for word in ("failed", "stale", "unchecked", "passed") if results[word]]
        style = RED if results["failed"] else "yellow" if results["stale"] or results["unchecked"] else "green"
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
        (str(unproven), RED if unproven else "green"),
        (f"{required - unshown} of {required}", "yellow" if unshown else "green"),
    )


def _row(item: Coverage, sides: Sequence[str], style: str) -> Sequence[Cell]:
    return (item.fact.key, style), " and ".join(sides), item.fact.statement


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
