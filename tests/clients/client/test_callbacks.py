"""Jobs from callbacks: the body that a service POSTs to a callback address."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import AsyncTomoviee, InvalidArgument, JobState, Tomoviee

RESULT = json.dumps({"video_path": ["https://example.test/0.mp4"]})
STATES = {3: JobState.SUCCEEDED, 4: JobState.FAILED, 5: JobState.CANCELED, 6: JobState.EXPIRED}


def payload(status: int) -> dict[str, object]:
    """Return the callback of a task that ended with *status*."""
    return {"task_id": "t-1", "status": status, "result": RESULT if status == 3 else "", "params": "order-7"}


@pytest.mark.parametrize("client", [Tomoviee, AsyncTomoviee])
@pytest.mark.parametrize("status", STATES)
def test_callback_becomes_a_job(client: type[Tomoviee | AsyncTomoviee], status: int) -> None:
    """Text, bytes and parsed JSON give the same job: its id, its final state, and its outputs if it succeeded."""
    body = payload(status)
    for form in (body, json.dumps(body), json.dumps(body).encode()):
        job = client("key", "secret").job_from_callback(form)
        assert (job.id, job.state, len(job.outputs)) == ("t-1", STATES[status], int(status == 3))
        assert job.raw["params"] == "order-7"


@given(body=st.none() | st.integers() | st.text() | st.binary() | st.dictionaries(st.text(), st.text(max_size=2)))
def test_invalid_callback_is_refused(body: object) -> None:
    """A body that is not a callback raises InvalidArgument with the field and what is allowed."""
    with pytest.raises(InvalidArgument, match="task_id") as refused:
        Tomoviee("key", "secret").job_from_callback(body)
    assert refused.value.field == "body"


def test_deeply_nested_callback_is_refused() -> None:
    """A body that cannot be parsed is not a callback."""
    with pytest.raises(InvalidArgument):
        Tomoviee("key", "secret").job_from_callback("[" * 100_000)


def test_callback_without_output_is_a_failure() -> None:
    """A callback that reports success without a file is a failure."""
    job = Tomoviee("key", "secret").job_from_callback({"task_id": "t-1", "status": 3, "result": "{}"})
    assert job.state is JobState.FAILED
