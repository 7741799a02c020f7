"""Contracts of how the client reads Veo's responses, which are given to it without a simulator."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from soundstage import JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.laws.scripted_client import ScriptedClient
from soundstage_contracts.vendors.veo import CONTRACT

NAME = "models/veo-3.0-generate-preview/operations/idrk08ltkg0a"
URI = "https://files.test/v1beta/files/3j6svp4106e7:download?alt=media"
REASON = "The sound may break the rules."


def done(**made: Any) -> dict[str, Any]:
    """Return an operation that is done, with this generateVideoResponse."""
    return {"name": NAME, "done": True, "response": {"generateVideoResponse": made}}


def samples(*uris: str) -> list[dict[str, Any]]:
    """Return generatedSamples."""
    return [{"video": {"uri": uri}} for uri in uris]


@proves("veo:poll.route", side="client")
@pytest.mark.parametrize("more", [{}, {"done": False}, {"done": None}, {"metadata": {"createTime": "x"}}])
def test_operation_without_done_is_polled_again(more: dict[str, Any]) -> None:
    """While done is missing, false or null, the client keeps polling."""
    scripted = ScriptedClient(
        CONTRACT, {"name": NAME, **more}, {"name": NAME, **more}, done(generatedSamples=samples(URI))
    )
    job = scripted.client.job(NAME)
    assert job.refresh().state is JobState.RUNNING
    assert job.wait().state is JobState.SUCCEEDED
    assert len(scripted.sent) == 3


@proves("veo:poll.route", side="client")
@pytest.mark.parametrize("body", [{}, {"done": False}, {"name": 5}, {"response": {}}])
def test_response_that_is_no_operation_is_unreadable(body: dict[str, Any]) -> None:
    """A response without name, done and error is an UnreadableAnswerError, which quotes it."""
    with pytest.raises(errors.UnreadableAnswerError, match=r"not an operation|not a JSON object") as raised:
        ScriptedClient(CONTRACT, body).client.job(NAME).refresh()
    assert (raised.value.vendor, raised.value.status) == ("veo", 200)
    assert json.loads(raised.value.body or "null") == body


@proves("veo:poll.done", side="client")
def test_ended_operation_may_lack_its_name() -> None:
    """An operation that is done, or that has an error, is read without its name."""
    nameless = {name: value for name, value in done(generatedSamples=samples(URI)).items() if name != "name"}
    assert ScriptedClient(CONTRACT, nameless).client.job(NAME).refresh().state is JobState.SUCCEEDED
    failed = {"error": {"code": 13, "message": "internal"}}
    assert ScriptedClient(CONTRACT, failed).client.job(NAME).refresh().state is JobState.FAILED


@proves("veo:poll.done", side="client")
@pytest.mark.parametrize("uris", [[URI], [URI, URI.replace("3j6", "4j6")]])
def test_every_uri_is_a_video_output(uris: list[str]) -> None:
    """Every URI is an output of kind video, in order."""
    job = ScriptedClient(CONTRACT, done(generatedSamples=samples(*uris))).client.job(NAME).refresh()
    assert [(output.url, output.kind) for output in job.outputs] == [(uri, "video") for uri in uris]
    assert (job.state, job.state_raw, job.error) == (JobState.SUCCEEDED, True, None)


@proves("veo:poll.error", side="client")
@pytest.mark.parametrize("more", [{"done": True}, {}, {"done": True, "response": {}}])
def test_error_ends_an_operation(more: dict[str, Any]) -> None:
    """An error ends an operation with its code and message, whatever else the response has."""
    job = (
        ScriptedClient(CONTRACT, {"name": NAME, **more, "error": {"code": 3, "message": "7 is no duration"}})
        .client.job(NAME)
        .refresh()
    )
    with pytest.raises(errors.JobFailed) as failed:
        job.result()
    assert (failed.value.code, failed.value.message) == (3, "7 is no duration")
    assert job.state_raw is more.get("done")


@proves("veo:poll.filtered", side="client")
@pytest.mark.parametrize("direct", [False, True], ids=["under generateVideoResponse", "directly"])
@pytest.mark.parametrize(
    "response",
    [
        {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [REASON]},
        {"raiMediaFilteredReasons": [REASON]},
        {"raiMediaFilteredCount": 1},
        {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [REASON], "generatedSamples": []},
    ],
)
def test_filtered_video_is_content_filtered(response: dict[str, Any], direct: bool) -> None:  # noqa: FBT001 - a case
    """A count or reasons without a video are ContentFiltered with the reasons, in either place of the response."""
    body = {"name": NAME, "done": True, "response": response} if direct else done(**response)
    job = ScriptedClient(CONTRACT, body).client.job(NAME).wait()
    with pytest.raises(errors.ContentFiltered) as filtered:
        job.result()
    assert REASON in str(filtered.value) or "raiMediaFilteredReasons" not in response
    assert filtered.value.message
    assert job.state_raw is True


@proves("veo:poll.filtered", side="client")
def test_partly_filtered_result_is_a_success_with_a_reason() -> None:
    """Videos together with a count are a success whose snapshot has the reason."""
    scripted = done(generatedSamples=samples(URI), raiMediaFilteredCount=1, raiMediaFilteredReasons=[REASON])
    job = ScriptedClient(CONTRACT, scripted).client.job(NAME).wait()
    assert (job.state, len(job.outputs), job.snapshot.reason) == (JobState.SUCCEEDED, 1, REASON)


@proves("veo:errors.google", "veo:errors.proxy", side="client")
@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": 400, "status": "INVALID_ARGUMENT"}, errors.BadRequestError),
        (400, {"code": 400, "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]},
         errors.AuthenticationError),
        (400, {"code": 400, "status": "FAILED_PRECONDITION"}, errors.BadRequestError),
        (403, {"code": 403, "status": "PERMISSION_DENIED"}, errors.PermissionDeniedError),
        (404, {"code": 404, "status": "NOT_FOUND"}, errors.NotFoundError),
        (500, {"code": 500, "status": "INTERNAL"}, errors.ServerError),
        (503, {"code": 503, "status": "UNAVAILABLE"}, errors.ServerError),
        (401, {"code": "401", "type": "auth_error", "param": "None"}, errors.AuthenticationError),
        (429, {"code": "429", "type": "budget_exceeded", "param": None}, errors.InsufficientCreditsError),
        (429, {"code": "429", "type": "throttling_error", "param": None}, errors.RateLimitError),
        (500, {"code": "500", "type": "internal_server_error", "param": None}, errors.ServerError),
        (400, {"code": 404, "status": "NOT_FOUND"}, errors.NotFoundError),
        (400, {"code": 500, "status": "INTERNAL"}, errors.ServerError),
        (400, {"code": "401", "type": "auth_error", "param": None}, errors.AuthenticationError),
        (418, {"code": 418, "status": "TEAPOT"}, errors.ApiError),
    ],
)  # fmt: skip
def test_refusals_of_google_and_of_the_proxy_are_read(
    status: int, error: dict[str, Any], kind: type[errors.ApiError]
) -> None:
    """A refusal of Google is read by its status, one of the proxy by its type, each with its message."""
    scripted = ScriptedClient(CONTRACT, {"error": {**error, "message": "the message"}}, status=status)
    with pytest.raises(errors.ApiError) as refused:
        scripted.client.job(NAME).refresh()
    assert type(refused.value) is kind
    assert (refused.value.message, refused.value.status) == ("the message", status)
    assert refused.value.code == (error.get("status") or error.get("type"))


@proves("veo:errors.google", side="client")
@pytest.mark.parametrize(("delay", "seconds"), [("41s", 41.0), ("2.5s", 2.5), ("soon", None), (None, None)])
def test_retry_delay_is_retry_after(delay: str | None, seconds: float | None) -> None:
    """The seconds of RetryInfo are the error's retry_after."""
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "later", "details": details}
    with pytest.raises(errors.RateLimitError) as refused:
        ScriptedClient(CONTRACT, {"error": error}, status=429).client.job(NAME).refresh()
    assert refused.value.retry_after == seconds


@proves("veo:errors.unknown_outcome", side="client")
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, {"error": {"code": 503, "status": "UNAVAILABLE", "message": "later"}}),
        (500, {"error": {"code": 500, "status": "INTERNAL", "message": "oops"}}),
        (500, {"error": {"code": "500", "type": "internal_server_error", "message": "oops"}}),
        (504, {"error": {"code": 504, "status": "DEADLINE_EXCEEDED", "message": "late"}}),
        (503, None),
    ],
)
def test_no_server_error_proves_that_nothing_was_started(status: int, body: Any) -> None:
    """After any server error on a submission the outcome is unknown, and the submission is not sent again."""
    scripted = ScriptedClient(CONTRACT, httpx.Response(status, text="" if body is None else json.dumps(body)))
    with pytest.raises(errors.SubmitOutcomeUnknown):
        scripted.client.generate_videos("A fox")
    assert len(scripted.sent) == 1
