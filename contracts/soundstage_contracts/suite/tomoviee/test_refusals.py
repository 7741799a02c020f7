"""Contracts about Tomoviee's refusals and canceled tasks, beyond the shared laws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstage import JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.vendors.tomoviee import CONTRACT, CREATE
from soundstage_contracts.vendors.tomoviee.raw_client import RawClient, assert_refused

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

VIDEO = CREATE + "tm_text2video_b"


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return the raw client of a new account."""
    return RawClient(target)


@proves("tomoviee:errors.codes", side="server")
def test_unknown_capability_is_refused(raw: RawClient) -> None:
    """An unknown capability is refused with 680404."""
    assert_refused(raw.post(CREATE + "tm_text2hologram", {"prompt": "A fox"}), 680404)


@proves("tomoviee:status.cancel", side="client")
def test_cancel_is_unsupported(target: Target) -> None:
    """`cancel()` is an UnsupportedError, as no cancel call is documented, and the job continues."""
    job = target.client(CONTRACT, target.new_account()).text_to_video("A fox")
    with pytest.raises(errors.UnsupportedError):
        job.cancel()
    assert job.refresh().state is JobState.QUEUED


@proves("tomoviee:status.cancel", "tomoviee:status.codes")
def test_job_canceled_by_the_vendor_is_canceled(target: Target) -> None:
    """Status 5 makes the client's job canceled, with the reason."""
    job = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock()).text_to_video(
        "A fox soundstage:cancel"
    )
    assert job.wait().state is JobState.CANCELED
    with pytest.raises(errors.JobCanceled, match="cancelled"):
        job.result()
