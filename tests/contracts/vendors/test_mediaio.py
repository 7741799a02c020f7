"""Media.io's part of the contracts: its strategies make what both sides take, its tables are those of the facts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage import JobState
from soundstage.vendors.mediaio import ENDPOINTS as CALLED
from soundstage_contracts import load_facts
from soundstage_contracts.declarations.vendor import WORDS
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.vendors import mediaio as vendor
from soundstage_contracts.vendors.mediaio import CONTRACT, DEMO, MediaIOMachine
from soundstage_contracts.vendors.mediaio.arguments import (
    CROSSED,
    ENDPOINTS,
    FACTS,
    PARAMETERS,
    TABLE,
    accepted,
    bodies,
    method_of,
    natural,
    plain,
    refused,
    refused_by_client,
)
from soundstage_server.vendors.mediaio.capabilities import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW = settings(max_examples=30)


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """One simulator for this file."""
    with Target() as target:
        yield target


def test_the_three_tables_name_the_same_endpoints_and_parameters() -> None:
    """Facts, client and simulator were written apart: names, addresses, parameters and defaults agree all the same."""
    facts = {(one.name, one.path, tuple(sorted(parameter.name for parameter in one.parameters))) for one in ENDPOINTS}
    called = {
        (one.name, one.path, tuple(sorted(parameter.name for parameter in one.parameters))) for one in CALLED.values()
    }
    played = {
        (one.name, f"/generation/{one.path}", tuple(sorted(field.name for field in one.fields)))
        for one in CAPABILITIES.values()
    }
    assert facts == called == played
    defaults = {(one.code, p.name): p.limits.get("default") for one in ENDPOINTS for p in one.parameters}
    assert defaults == {(one.code, field.name): field.default for one in CAPABILITIES.values() for field in one.fields}


def test_every_parameter_of_the_24_endpoints_is_a_fact_with_examples() -> None:
    """93 parameters; each of the 22 endpoints' has values that it may have, and more that it may not."""
    book = load_facts("mediaio")
    assert len(TABLE.endpoints) == 24
    assert {key for key in book if ":endpoint." in key} == {*FACTS, "mediaio:endpoint.generation-result.task_id"}
    assert len(FACTS) == 92
    for _, parameter in PARAMETERS:
        good, bad = map(repr, accepted(parameter)), set(map(repr, refused(parameter)))
        assert set(good).isdisjoint(bad)
        assert len(bad) >= 5
        allowed = {repr(value) for value, _ in natural(parameter)} | set(map(repr, accepted(parameter)))
        assert allowed.isdisjoint(map(repr, refused_by_client(parameter)))


@FEW
@given(data=st.data())
def test_valid_arguments_are_accepted_on_both_sides(target: Target, data: st.DataObject) -> None:
    """Whatever a strategy makes for a method passes the client's checks and the simulator's."""
    method = data.draw(st.sampled_from(sorted(CONTRACT.operations)))
    job = getattr(target.client(CONTRACT, target.new_account()), method)(**data.draw(CONTRACT.operations[method]))
    assert job.state is JobState.QUEUED


@given(data=st.data())
def test_what_does_not_go_together_is_not_drawn(data: st.DataObject) -> None:
    """No valid body breaks the rule across two parameters."""
    (hailuo,) = [one for one in ENDPOINTS if one.name == "Hailuo 2.3"]
    assert not data.draw(bodies(hailuo)).items() >= CROSSED.items()


def test_the_words_are_those_of_the_facts() -> None:
    """Both vocabularies of states agree with the statement of the fact file, word by word."""
    fact = load_facts()["mediaio:status.vocabulary"]
    assert set(re.findall(r"\w+", fact.statement)) <= set(vendor.STATUS_WORDS)
    assert all(re.search(rf"\b{word}\b", f"{fact.statement} {fact.but}") for word in vendor.STATUS_WORDS)


def test_the_contract_is_complete() -> None:
    """Every method that it names exists on both clients, its words are in-band words, and the machine plays it."""
    assert CONTRACT.slug == "mediaio"
    assert set(CONTRACT.operations) == {method_of(endpoint) for endpoint in ENDPOINTS} == set(CALLED)
    for method in CONTRACT.operations:
        assert callable(getattr(CONTRACT.client, method))
        assert callable(getattr(CONTRACT.async_client, method))
    assert set(CONTRACT.ends) <= set(WORDS)
    assert all(state.final for state in CONTRACT.ends.values())
    assert issubclass(MediaIOMachine, JobMachine)
    assert MediaIOMachine.contract is CONTRACT


def test_the_least_that_a_call_needs_is_no_more() -> None:
    """Every value of it is required."""
    for endpoint in ENDPOINTS:
        assert set(plain(endpoint)) == {one.name for one in endpoint.parameters if one.required}


@pytest.mark.parametrize("call", DEMO, ids=lambda call: call.method)
def test_the_demonstration_is_valid_and_succeeds(target: Target, call: Any) -> None:
    """Every call of the demonstration is accepted and makes something."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    assert getattr(client, call.method)(**call.arguments).result()
