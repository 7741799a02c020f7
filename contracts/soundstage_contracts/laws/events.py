"""The law about any order of events, which a state machine tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis.stateful import run_state_machine_as_test

from soundstage_contracts.laws.binding import law

if TYPE_CHECKING:
    from soundstage_contracts.laws.terms import Terms
    from soundstage_contracts.simulators.target import Target


@law("both", needs=["machine"])
def test_any_order_of_events_keeps_the_laws(vendor: Terms, target: Target) -> None:
    """In whatever order jobs are created, read, canceled, waited for and interrupted, states and money stay correct."""
    assert vendor.machine is not None
    run_state_machine_as_test(type("Machine", (vendor.machine,), {"target": target}))
