"""Which facts have been shown to be able to fail: by a mutation that violates the fact and that its contract caught.

The files ``<vendor>_shown.json`` ship with the package. A mutation run writes them (`nox -s breaks -- --record`), one
row for each fact, side and mutation. A row is outdated when the fact's statement or the mutation has changed since.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import soundstage_vendors
from soundstage_contracts.facts.loader import Fact, FactError, Side
from soundstage_vendors import VendorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from soundstage_contracts.facts.proves import Contract

_DIGITS: Final = 12


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """A mutation that its fact's own contract caught.

    Attributes:
        fact: The fact, without the vendor.
        side: The side that the mutation changed.
        mutation: The mutation's id.
        contract: The contract that caught it, as in `Contract.name`.
        digest: Of the fact's statement and the mutation.
    """

    fact: str
    side: Side
    mutation: str
    contract: str
    digest: str


def digest_of(fact: Fact, mutation: str) -> str:
    """Return the digest of *fact*'s statement and the source of a *mutation*."""
    return hashlib.sha256(f"{fact.statement}\n{mutation}".encode()).hexdigest()[:_DIGITS]


def shown_path(vendor: str) -> Path:
    """Return the path of *vendor*'s file, which need not exist.

    Raises:
        FactError: The vendor is broken, or its package is no folder.
    """
    try:
        path = soundstage_vendors.resource(vendor, "shown")
    except VendorError as error:
        raise FactError(str(error)) from None
    if not isinstance(path, Path):
        raise FactError(f"{vendor}: its record of mutations is {path}; allowed: a file of a package in a folder")
    return path


@cache
def load_shown(vendor: str) -> tuple[Shown, ...]:
    """Return what the mutations of *vendor* have shown; nothing where none has been run.

    Raises:
        FactError: The file is not what a mutation run writes.
    """
    path = shown_path(vendor)
    if not path.is_file():
        return ()
    try:
        return tuple(Shown(**row) for row in json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise FactError(f"{path.name} is no list of shown facts: {error}") from None


def dump_shown(rows: Iterable[Shown]) -> str:
    """Return the text of a file: one line for each row, in order."""
    lines = [json.dumps(asdict(row)) for row in sorted(rows)]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def shown_sides(fact: Fact, contracts: Iterable[Contract], rows: Iterable[Shown]) -> Mapping[Side, Shown]:
    """Return, for each side of *fact* that has one, a row whose contract still proves the fact there."""
    proving = {(contract.name, side) for contract in contracts for side in contract.sides}
    found: dict[Side, Shown] = {}
    for row in rows:
        if row.fact == fact.id and (row.contract, row.side) in proving:
            found.setdefault(row.side, row)
    return found


def sides_to_show(fact: Fact) -> frozenset[Side]:
    """Return the sides on which *fact* must be shown: those that it binds, but for those with a reason."""
    return fact.sides - fact.unshown.keys() if fact.needs_contract else frozenset()
