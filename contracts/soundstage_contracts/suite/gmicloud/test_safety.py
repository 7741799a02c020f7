"""What every client promises about money, jobs, files and secrets, on GMI Cloud's session face as well.

The shared promises are played from the transcript of a key; here the same ones are played from that of a login. The
state machines stand here, too, as they take the longest and what a shorter contract catches need not wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis.stateful import run_state_machine_as_test

from soundstage_contracts.suite.test_safety import (
    test_a_page_is_no_result_and_a_failed_save_costs_nothing,
    test_a_payment_that_never_left_is_made_again,
    test_a_payment_whose_outcome_is_unknown_is_not_made_again,
    test_a_result_is_not_fetched_without_encryption_once_it_was_encrypted,
    test_a_short_outage_ends_no_wait,
    test_a_wait_that_ends_early_keeps_the_job,
    test_an_outage_that_lasts_keeps_the_job,
    test_the_awaiting_client_does_not_pay_again_either,
)
from soundstage_contracts.transcripts.replay import load_transcripts
from soundstage_contracts.transcripts.scripted_service import ScriptedService
from soundstage_contracts.vendors.gmicloud import SESSION, GMICloudMachine, GMICloudSessionMachine

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

__all__ = [
    "test_a_page_is_no_result_and_a_failed_save_costs_nothing",
    "test_a_payment_that_never_left_is_made_again",
    "test_a_payment_whose_outcome_is_unknown_is_not_made_again",
    "test_a_result_is_not_fetched_without_encryption_once_it_was_encrypted",
    "test_a_short_outage_ends_no_wait",
    "test_a_wait_that_ends_early_keeps_the_job",
    "test_an_outage_that_lasts_keeps_the_job",
    "test_the_awaiting_client_does_not_pay_again_either",
]

PLAYED = "session_text_to_video_succeeds"


@pytest.fixture
def script() -> ScriptedService:
    """Play a documented conversation that begins with a login."""
    return ScriptedService(SESSION, next(found for found in load_transcripts("gmicloud") if found.name == PLAYED))


@pytest.fixture
def careful(script: ScriptedService) -> ScriptedService:
    """Play the same: a lost submission is not repeated by a key."""
    return script


@pytest.mark.parametrize("machine", [GMICloudMachine, GMICloudSessionMachine])
def test_any_order_of_events_keeps_the_laws(target: Target, machine: Any) -> None:
    """Whatever is created, read, waited for and ordered in whatever order: the laws of jobs and money hold."""
    run_state_machine_as_test(type("Machine", (machine,), {"target": target}))
