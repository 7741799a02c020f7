"""The contracts of every client about money, jobs, files and secrets, on GMI Cloud's session face as well.

The shared module takes its responses from the transcript of a key; this one takes them from that of a login.
"""

from __future__ import annotations

import pytest

from soundstage_contracts.suite.test_safety import (
    test_async_client_does_not_submit_again,
    test_html_page_is_no_result,
    test_long_outage_keeps_the_job,
    test_redirect_to_plain_http_is_refused,
    test_unknown_outcome_is_not_submitted_again,
    test_unsent_submission_is_retried,
    test_wait_survives_a_short_outage,
    test_wait_timeout_keeps_the_job,
)
from soundstage_contracts.transcripts.replay import load_transcripts
from soundstage_contracts.transcripts.scripted_service import ScriptedService
from soundstage_contracts.vendors.gmicloud import SESSION

__all__ = [
    "test_async_client_does_not_submit_again",
    "test_html_page_is_no_result",
    "test_long_outage_keeps_the_job",
    "test_redirect_to_plain_http_is_refused",
    "test_unknown_outcome_is_not_submitted_again",
    "test_unsent_submission_is_retried",
    "test_wait_survives_a_short_outage",
    "test_wait_timeout_keeps_the_job",
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
