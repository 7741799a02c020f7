"""Every documented fact that binds a side has been shown to be able to fail there, and the record of it is current."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundstage_contracts import VENDORS, load_facts, proven
from soundstage_contracts.facts.shown import digest_of, load_shown, shown_sides, sides_to_show
from soundstage_contracts.mutation.edits import all_mutations

FILES = Path(__file__).parents[1] / "breaks"
AGAIN = "run nox -s breaks -- tests/breaks/{}.py --record"


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_mutation_that_names_facts_is_recorded_for_each(vendor: str) -> None:
    """A fact is one of the vendor's and binds the side that the mutation changes, and a run has recorded both."""
    book = load_facts(vendor)
    recorded = {(row.mutation, row.fact, row.side) for row in load_shown(vendor)}
    for mutation in all_mutations(FILES / f"{vendor}.py"):
        for id_ in mutation.shows:
            assert mutation.bound in book.find(f"{vendor}:{id_}").sides, f"{mutation.id}: {id_} does not bind the side"
            assert (mutation.id, id_, mutation.bound) in recorded, AGAIN.format(vendor)


@pytest.mark.parametrize("vendor", VENDORS)
def test_record_of_shown_facts_is_current(vendor: str) -> None:
    """Neither the mutation nor the fact has changed since, and the contract that caught it still proves the fact."""
    book, contracts = load_facts(vendor), proven(vendor)
    mutations = {mutation.id: mutation for mutation in all_mutations(FILES / f"{vendor}.py")}
    for row in load_shown(vendor):
        fact, mutation = book.find(f"{vendor}:{row.fact}"), mutations[row.mutation]
        assert row.fact in mutation.shows
        assert row.digest == digest_of(fact, mutation.source), AGAIN.format(vendor)
        assert shown_sides(fact, contracts[fact.key], [row]) == {row.side: row}, AGAIN.format(vendor)


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_documented_fact_is_shown_to_fail_or_has_a_reason(vendor: str) -> None:
    """On each side that it binds, a planted mistake was caught by its own contract, or the fact file has the reason."""
    contracts, rows = proven(vendor), load_shown(vendor)
    for fact in load_facts(vendor).values():
        found = shown_sides(fact, contracts.get(fact.key, ()), rows)
        assert not sides_to_show(fact) - found.keys(), f"{fact.key}: plant a mistake in tests/breaks/{vendor}.toml"
        assert not found.keys() & fact.unshown.keys(), f"{fact.key}: the reason contradicts {found}"
