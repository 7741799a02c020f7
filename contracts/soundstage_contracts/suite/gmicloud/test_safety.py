"""The contracts of every client about money, jobs, files and secrets, on GMI Cloud's session face as well.

The shared module takes its responses from the transcript of a key; this one takes them from that of a login.
"""

from __future__ import annotations

import pytest

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
from soundstage_contracts.vendors.gmicloud import SESSION

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

TRANSCRIPT = "session_text_to_video_succeeds"


@pytest.fixture
def script() -> ScriptedService:
    """Return a service that responds as in a documented exchange, which starts with a login."""
    return ScriptedService(SESSION, next(found for found in load_transcripts("gmicloud") if found.name == TRANSCRIPT))


@pytest.fixture
def careful(script: ScriptedService) -> ScriptedService:
    """Return the same service: it has no idempotency key, so that a lost submission must not be sent again."""
    return script
