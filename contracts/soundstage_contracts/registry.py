"""The vendors that have contracts, which are those that have a client, and what a new vendor still lacks.

A vendor is a row of files in three packages. While a row is incomplete, everything that iterates over the vendors works
with `complete_vendors` and names the missing parts of the others.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from soundstage._registry import VENDORS as CLIENTS

VENDORS: Final[tuple[str, ...]] = tuple(CLIENTS)
"""Slugs in the order in which `soundstage facts` shows them."""


class Part(NamedTuple):
    """One part of a vendor's row.

    Attributes:
        name: What it is.
        package: The import package that it belongs to.
        folder: The top-level folder of that package in the repository.
        paths: Where it may be, relative to the package; ``{}`` stands for the slug. The first is the usual one.
    """

    name: str
    package: str
    folder: str
    paths: tuple[str, ...]

    def exists(self, vendor: str) -> bool:
        """Return whether *vendor* has the part, without importing anything."""
        spec = find_spec(self.package)
        roots = [] if spec is None else list(spec.submodule_search_locations or ())
        return any(any(Path(root).glob(path.format(vendor))) for root in roots for path in self.paths)

    def file(self, vendor: str) -> str:
        """Return the file to write for *vendor*, relative to the repository."""
        return f"{self.folder}/{self.package}/{self.paths[0].format(vendor)}"


_CONTRACTS: Final = ("soundstage_contracts", "contracts")
FACT_FILE: Final = Part("fact file", *_CONTRACTS, ("facts/{}.toml",))
PARTS: Final = (
    FACT_FILE,
    Part("simulator", "soundstage_server", "mock_server", ("vendors/{}/__init__.py", "vendors/{}.py")),
    Part("client", "soundstage", "clients", ("vendors/{}/__init__.py", "vendors/{}.py")),
    Part("transcripts", *_CONTRACTS, ("transcripts/{}/*.json",)),
    Part("contract package", *_CONTRACTS, ("vendors/{}/__init__.py", "vendors/{}.py")),
    Part("suite", *_CONTRACTS, ("suite/{}/test_*.py",)),
)
"""The parts of a row, in the order in which they are written (see CONTRIBUTING.md)."""


class MissingPart(NamedTuple):
    """A part that a vendor lacks, and the file to write for it."""

    name: str
    file: str


def missing_parts(vendor: str) -> tuple[MissingPart, ...]:
    """Return the parts that *vendor* lacks, in the order in which to write them; none for a complete row."""
    return tuple(MissingPart(part.name, part.file(vendor)) for part in PARTS if not part.exists(vendor))


def complete_vendors() -> tuple[str, ...]:
    """Return the vendors whose rows are complete, in the registry's order."""
    return tuple(vendor for vendor in VENDORS if not missing_parts(vendor))


def incomplete_vendors() -> dict[str, str]:
    """Return the other vendors, each with a sentence that names what is missing and the file to write next."""
    return {vendor: describe_missing(vendor) for vendor in VENDORS if missing_parts(vendor)}


def describe_missing(vendor: str) -> str:
    """Return a sentence that names the missing parts of *vendor*, and the file to write next."""
    missing = missing_parts(vendor)
    if not missing:
        return f"{vendor} is complete"
    return f"{vendor} is incomplete: no {', no '.join(part.name for part in missing)}; write {missing[0].file} next"
