"""The laws of Veo's jobs and money, whatever happens in whatever order; after what is quicker to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis.stateful import run_state_machine_as_test

from soundstage_contracts.vendors.veo import VeoMachine

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target


def test_any_order_of_events_keeps_the_laws(target: Target) -> None:
    """Whatever is created, read, waited for and ordered in whatever order: the laws of jobs and money hold."""
    run_state_machine_as_test(type("Machine", (VeoMachine,), {"target": target}))
