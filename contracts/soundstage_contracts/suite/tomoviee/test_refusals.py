"""The contracts of how Tomoviee's gateway refuses, how its tasks fail, and what the client calls that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstage import JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.vendors.tomoviee import CONTRACT, CREATE
from soundstage_contracts.vendors.tomoviee.raw_client import RawClient, assert_refused

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

FILM = CREATE + "tm_text2video_b"


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak as a new account."""
    return RawClient(target)


@proves("tomoviee:errors.codes", side="server")
def test_a_capability_that_does_not_exist_is_refused(raw: RawClient) -> None:
    """An unknown capability is refused with 680404."""
    assert_refused(raw.post(CREATE + "tm_text2hologram", {"prompt": "A fox"}), 680404)


@proves("tomoviee:status.cancel", side="client")
def test_the_client_says_that_there_is_no_cancel(target: Target) -> None:
    """Cancelling is refused by the client, since the gateway documents no such call; the job goes on."""
    job = target.client(CONTRACT, target.new_account()).text_to_video("A fox")
    with pytest.raises(errors.UnsupportedError):
        job.cancel()
    assert job.refresh().state is JobState.QUEUED


@proves("tomoviee:status.cancel", "tomoviee:status.codes")
def test_a_job_cancelled_at_the_vendor_is_canceled(target: Target) -> None:
    """Status 5 is reached from the vendor's side, and the client's job is then canceled, with the reason."""
    job = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock()).text_to_video(
        "A fox soundstage:cancel"
    )
    assert job.wait().state is JobState.CANCELED
    with pytest.raises(errors.JobCanceled, match="cancelled"):
        job.result()
