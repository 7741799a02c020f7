"""Contracts about how the client reads Cloudsway's responses, beyond the shared laws."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.laws.scripted_client import ScriptedClient
from soundstage_contracts.vendors.cloudsway import CONTRACT

ADDRESS = "https://results.test/0.mp4"


def envelope(data: Any, code: int = 0) -> dict[str, Any]:
    """Return *data* in the envelope."""
    return {"code": code, "message": "SUCCEED", "request_id": "r-1", "data": data}


def task(word: Any = "submitted", **fields: Any) -> dict[str, Any]:
    """Return a task whose state is *word*."""
    return {"task_id": "a", "task_status": word, "task_status_msg": "", "task_info": {}, **fields}


def videos(*addresses: str) -> dict[str, Any]:
    """Return a task's result with *addresses*."""
    return {"videos": [{"id": "1", "url": address, "duration": "5"} for address in addresses]}


@proves("cloudsway:envelope", side="client")
@pytest.mark.parametrize("status", [200, 201, 400, 429, 500, 503])
def test_code_decides_and_not_the_http_status(status: int) -> None:
    """Code 0 is a success and 1203 a refusal with every HTTP status, and the request id is kept."""
    assert (
        ScriptedClient(CONTRACT, envelope(task("processing")), status=status).read_job("text_to_video").state
        is JobState.RUNNING
    )
    with pytest.raises(errors.NotFoundError) as refused:
        ScriptedClient(
            CONTRACT, {"code": 1203, "message": "no such task", "request_id": "r-7"}, status=status
        ).read_job("text_to_video")
    assert (refused.value.code, refused.value.request_id, refused.value.status) == (1203, "r-7", status)
    assert "no such task" in str(refused.value)


@proves("cloudsway:errors.table", "cloudsway:errors.retryable", side="client")
@pytest.mark.parametrize(
    ("status", "code"), [(200, 1999), (400, 1299), (429, 1305), (500, 5999), (200, 5000), (504, 5002)]
)
def test_ambiguous_code_is_an_unknown_outcome(status: int, code: int) -> None:
    """After 5000, 5002 or an undocumented code the outcome is unknown, can be looked up, and is not retried."""
    scripted = ScriptedClient(CONTRACT, {"code": code, "message": "?", "request_id": "r"}, status=status)
    with pytest.raises(errors.SubmitOutcomeUnknown) as unknown:
        scripted.client.text_to_video("A fox")
    assert unknown.value.external_id == json.loads(scripted.sent[0].content)["external_task_id"]
    assert len(scripted.sent) == 1


@proves("cloudsway:errors.retryable", side="client")
@pytest.mark.parametrize("code", [5000, 5001, 5002, 1302, 1303])
def test_wait_survives_temporary_codes(code: int) -> None:
    """A wait continues after every code that may be tried later."""
    temporary = {"code": code, "message": "later", "request_id": "r"}
    scripted = ScriptedClient(CONTRACT, temporary, temporary, envelope(task("succeed", task_result=videos(ADDRESS))))
    assert scripted.client.job("a", "text_to_video").wait().state is JobState.SUCCEEDED


@proves("cloudsway:errors.retryable", side="client")
@pytest.mark.parametrize("code", [1100, 1101, 1102, 1304, 1000])
def test_wait_ends_at_a_permanent_code(code: int) -> None:
    """A wait ends at once with a permanent code, and the error has the job's token."""
    scripted = ScriptedClient(CONTRACT, {"code": code, "message": "no", "request_id": "r"}, status=429)
    job = scripted.client.job("a", "text_to_video")
    with pytest.raises(errors.ApiError) as refused:
        job.wait()
    assert (len(scripted.sent), refused.value.token) == (1, job.to_token())


@proves("cloudsway:get.answer", side="client")
@pytest.mark.parametrize(
    "reason", ["Failure to pass the risk control system", "content policy violated", "Content safety"]
)
def test_policy_reason_is_content_filtered(reason: str) -> None:
    """A failure that names the content policy is ContentFiltered; any other is JobFailed."""
    with pytest.raises(errors.ContentFiltered):
        ScriptedClient(CONTRACT, envelope(task("failed", task_status_msg=reason))).read_job("text_to_video").result()
    with pytest.raises(errors.JobFailed):
        ScriptedClient(CONTRACT, envelope(task("failed", task_status_msg="too dark"))).read_job(
            "text_to_video"
        ).result()


@proves("cloudsway:get.answer", "cloudsway:get.before_success", side="client")
@given(addresses=st.lists(st.just(ADDRESS) | st.just("https://results.test/1.mp4"), min_size=1, max_size=3))
def test_every_video_is_an_output(addresses: list[str]) -> None:
    """Each video is an output, in order; before success there is none, whatever the response contains."""
    job = ScriptedClient(CONTRACT, envelope(task("succeed", task_result=videos(*addresses)))).read_job("text_to_video")
    assert [(output.url, output.kind) for output in job.outputs] == [(address, "video") for address in addresses]
    assert (
        ScriptedClient(CONTRACT, envelope(task("processing", task_result=videos(*addresses))))
        .read_job("text_to_video")
        .outputs
        == []
    )


@proves("cloudsway:routes.list", side="client")
@pytest.mark.parametrize("data", [None, {}, {"task_list": []}, "x"])
def test_list_must_be_an_array(data: Any) -> None:
    """A list of jobs is a bare array; anything else is an UnreadableAnswerError."""
    with pytest.raises(errors.UnreadableAnswerError):
        ScriptedClient(CONTRACT, envelope(data)).client.list_jobs("text_to_video")


@proves("cloudsway:callback", side="client")
@pytest.mark.parametrize("shape", ["flat", "envelope"])
@pytest.mark.parametrize("form", ["text", "bytes", "object"])
def test_callback_is_read_in_both_forms(shape: str, form: str) -> None:
    """A callback is read flat or in the envelope, as text, bytes or object, and its job can be polled."""
    flat = task("succeed", task_result=videos(ADDRESS))
    body: Any = flat if shape == "flat" else envelope(flat)
    if form != "object":
        body = json.dumps(body) if form == "text" else json.dumps(body).encode()
    scripted = ScriptedClient(CONTRACT, {"code": 1203, "message": "none", "request_id": "r"}, envelope(flat))
    job = scripted.client.job_from_callback(body)
    assert (job.id, job.state, [output.url for output in job.outputs]) == ("a", JobState.SUCCEEDED, [ADDRESS])
    assert scripted.sent == []
    job.refresh()
    assert [path.split("/")[-2] for path in scripted.paths()] == ["text2video", "image2video"]


@proves("cloudsway:callback", side="client")
@pytest.mark.parametrize("body", ["", "x", "[]", "{}", b"\xff", None, {"task_id": True}, {"code": 0, "data": {}}])
def test_body_that_is_no_callback_is_refused(body: Any) -> None:
    """A body without a task_id is refused by name."""
    with pytest.raises(errors.InvalidArgument, match="body"):
        ScriptedClient(CONTRACT, envelope(task())).client.job_from_callback(body)
