"""Records in the fact files' folder which facts a mutation run has shown to be able to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstage_contracts.facts.loader import FactError, load_facts
from soundstage_contracts.facts.shown import Shown, digest_of, dump_shown, load_shown, shown_path
from soundstage_contracts.mutation.mutations import MutationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from soundstage_contracts.mutation.mutations import Listed


def record(vendor: str, known: Iterable[Listed], shown: Mapping[str, Mapping[str, str]]) -> Path:
    """Write what has been shown of *vendor*'s facts, and return the file.

    Args:
        vendor: The vendor.
        known: All mutations of the vendor; what others have shown is dropped.
        shown: Mutation that has been run to the facts that it has shown, each with the contract.

    Raises:
        MutationError: A mutation names a fact that there is not.
    """
    by_id = {mutation.id: mutation for mutation in known}
    kept = [row for row in load_shown(vendor) if row.mutation not in shown]
    rows = [row for row in kept if row.mutation in by_id and row.fact in by_id[row.mutation].shows]
    for id_, facts in shown.items():
        rows += _rows(vendor, by_id[id_], facts)
    path = shown_path(vendor)
    path.write_text(dump_shown(rows), encoding="utf-8")
    load_shown.cache_clear()
    return path


def _rows(vendor: str, mutation: Listed, facts: Mapping[str, str]) -> Iterator[Shown]:
    book = load_facts(vendor)
    for id_, contract in facts.items():
        try:
            fact = book.find(f"{vendor}:{id_}")
        except FactError as error:
            raise MutationError(f"{mutation.id}: {error}") from None
        yield Shown(id_, mutation.bound, mutation.id, contract, digest_of(fact, mutation.source))
