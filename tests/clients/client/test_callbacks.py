"""What a service POSTs to a callback address becomes a job again."""

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
def test_a_callback_says_how_a_job_ended(client: type[Tomoviee | AsyncTomoviee], status: int) -> None:
    """Text, bytes and parsed JSON give the same job: its id, its end, and its outputs if it succeeded."""
    body = payload(status)
    for form in (body, json.dumps(body), json.dumps(body).encode()):
        job = client("key", "secret").job_from_callback(form)
        assert (job.id, job.state, len(job.outputs)) == ("t-1", STATES[status], int(status == 3))
        assert job.raw["params"] == "order-7"


@given(body=st.none() | st.integers() | st.text() | st.binary() | st.dictionaries(st.text(), st.text(max_size=2)))
def test_anything_else_is_refused_by_name(body: object) -> None:
    """What is no callback is an InvalidArgument that names the field and says what is allowed."""
    with pytest.raises(InvalidArgument, match="task_id") as refused:
        Tomoviee("key", "secret").job_from_callback(body)
    assert refused.value.field == "body"


def test_too_deep_a_body_is_refused_too() -> None:
    """A body that nobody could parse is no callback."""
    with pytest.raises(InvalidArgument):
        Tomoviee("key", "secret").job_from_callback("[" * 100_000)


def test_a_success_without_output_is_no_success() -> None:
    """A callback that tells of success and names no file is a failure, as it is everywhere."""
    job = Tomoviee("key", "secret").job_from_callback({"task_id": "t-1", "status": 3, "result": "{}"})
    assert job.state is JobState.FAILED
