"""The contracts of how the client reads what proxy and host answer, whoever answers in their place."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import JobState, SkippingClock, Veo, errors
from soundstage_contracts import proves

NAME = "models/veo-3.0-generate-preview/operations/idrk08ltkg0a"
URI = "https://files.test/v1beta/files/3j6svp4106e7:download?alt=media"
REASON = "The sound may break the rules."


class ScriptedClient:
    """A client and the requests it sent, to which nothing but *answers* is ever said, the last one again and again."""

    def __init__(self, *answers: Any, status: int = 200) -> None:
        self.sent: list[httpx.Request] = []
        self._answers = list(answers)
        self._status = status
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.client = Veo("key", base_url="https://proxy.test/gemini", http=http, clock=SkippingClock())

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(self._status, json=answer)


def done(**scripted: Any) -> dict[str, Any]:
    """Return an operation that is done, with this generateVideoResponse."""
    return {"name": NAME, "done": True, "response": {"generateVideoResponse": scripted}}


def films(*uris: str) -> list[dict[str, Any]]:
    """Return generatedSamples."""
    return [{"video": {"uri": uri}} for uri in uris]


@proves("veo:create.route", "veo:poll.route", side="client")
@given(name=st.from_regex(r"(models/veo-[a-z0-9.-]{1,20}/)?operations/[a-z0-9_-]{1,30}", fullmatch=True))
def test_the_client_hands_a_name_through_as_it_is(name: str) -> None:
    """Whatever the service calls an operation, the job has that id, asks at it, and resumes by it from its token."""
    scripted = ScriptedClient({"name": name}, {"name": name})
    job = scripted.client.generate_videos("A fox").refresh()
    assert job.id == name
    scripted.client.job_from_token(job.to_token()).refresh()
    assert [request.url.path for request in scripted.sent[1:]] == [f"/gemini/v1beta/{name}"] * 2


@proves("veo:create.route", side="client")
@pytest.mark.parametrize("answer", [{}, {"name": ""}, {"name": 5}, {"done": True}, [], "x", None])
def test_a_creation_without_a_name_is_no_job(answer: Any) -> None:
    """An answer that names no operation leaves the outcome unknown, and is not sent again."""
    scripted = ScriptedClient(answer)
    with pytest.raises(errors.SubmitOutcomeUnknown):
        scripted.client.generate_videos("A fox")
    assert len(scripted.sent) == 1


@proves("veo:poll.route", side="client")
@pytest.mark.parametrize("more", [{}, {"done": False}, {"done": None}, {"metadata": {"createTime": "x"}}])
def test_an_operation_without_done_goes_on(more: dict[str, Any]) -> None:
    """Before the end done may be missing, false or null: the client goes on asking until it is true."""
    scripted = ScriptedClient({"name": NAME, **more}, {"name": NAME, **more}, done(generatedSamples=films(URI)))
    job = scripted.client.job(NAME)
    assert job.refresh().state is JobState.RUNNING
    assert job.wait().state is JobState.SUCCEEDED
    assert len(scripted.sent) == 3


@proves("veo:poll.done", side="client")
@pytest.mark.parametrize("uris", [[URI], [URI, URI.replace("3j6", "4j6")]])
def test_the_client_reads_every_film(uris: list[str]) -> None:
    """Every uri is an output, in order, and is a video."""
    job = ScriptedClient(done(generatedSamples=films(*uris))).client.job(NAME).refresh()
    assert [(output.url, output.kind) for output in job.outputs] == [(uri, "video") for uri in uris]
    assert (job.state, job.state_raw, job.error) == (JobState.SUCCEEDED, True, None)


@proves("veo:poll.done", side="client")
@pytest.mark.parametrize("response", [{}, {"generatedSamples": []}, {"generatedSamples": [{"video": {}}]}, {"x": 1}])
def test_a_success_without_a_film_is_a_failure(response: dict[str, Any]) -> None:
    """Done with nothing to fetch, and nothing withheld, is NoOutput: nobody is told that it went well."""
    job = ScriptedClient(done(**response)).client.job(NAME).wait()
    assert job.state is JobState.FAILED
    with pytest.raises(errors.NoOutput):
        job.result()


@proves("veo:poll.error", side="client")
@pytest.mark.parametrize("more", [{"done": True}, {}, {"done": True, "response": {}}])
def test_an_error_is_looked_for_first(more: dict[str, Any]) -> None:
    """An error ends an operation, whatever else is said, with its code and message."""
    job = (
        ScriptedClient({"name": NAME, **more, "error": {"code": 3, "message": "7 is no duration"}})
        .client.job(NAME)
        .refresh()
    )
    with pytest.raises(errors.JobFailed) as failed:
        job.result()
    assert (failed.value.code, failed.value.message) == (3, "7 is no duration")


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
def test_what_is_withheld_is_a_content_failure(response: dict[str, Any], direct: bool) -> None:  # noqa: FBT001 - a case
    """Count or reasons without a film are ContentFiltered, in either place; the reasons are told."""
    answer = {"name": NAME, "done": True, "response": response} if direct else done(**response)
    job = ScriptedClient(answer).client.job(NAME).wait()
    with pytest.raises(errors.ContentFiltered) as withheld:
        job.result()
    assert REASON in str(withheld.value) or "raiMediaFilteredReasons" not in response
    assert withheld.value.message


@proves("veo:poll.filtered", side="client")
def test_what_is_withheld_in_part_is_told_beside_the_films() -> None:
    """Films and a count together are a success whose reason says what is missing."""
    scripted = done(generatedSamples=films(URI), raiMediaFilteredCount=1, raiMediaFilteredReasons=[REASON])
    job = ScriptedClient(scripted).client.job(NAME).wait()
    assert (job.state, len(job.outputs), job.snapshot.reason) == (JobState.SUCCEEDED, 1, REASON)


@proves("veo:poll.route", side="client")
def test_a_stale_answer_takes_nothing_back() -> None:
    """A job that was seen at its end stays there, whatever an older answer says afterwards."""
    job = ScriptedClient(done(generatedSamples=films(URI)), {"name": NAME}).client.job(NAME).refresh()
    assert job.refresh().state is JobState.SUCCEEDED


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
        (418, {"code": 418, "status": "TEAPOT"}, errors.ApiError),
    ],
)  # fmt: skip
def test_both_envelopes_are_read(status: int, error: dict[str, Any], kind: type[errors.ApiError]) -> None:
    """Google's envelope is read by its status, the proxy's by its type; the words come along."""
    scripted = ScriptedClient({"error": {**error, "message": "these words"}}, status=status)
    with pytest.raises(errors.ApiError) as refused:
        scripted.client.job(NAME).refresh()
    assert type(refused.value) is kind
    assert (refused.value.message, refused.value.status) == ("these words", status)
    assert refused.value.code == (error.get("status") or error.get("type"))


@proves("veo:errors.google", side="client")
@pytest.mark.parametrize(("delay", "seconds"), [("41s", 41.0), ("2.5s", 2.5), ("soon", None), (None, None)])
def test_the_wait_that_google_asks_for_is_read(delay: str | None, seconds: float | None) -> None:
    """RetryInfo's seconds are retry_after."""
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "later", "details": details}
    with pytest.raises(errors.RateLimitError) as refused:
        ScriptedClient({"error": error}, status=429).client.job(NAME).refresh()
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
    scripted = ScriptedClient(httpx.Response(status, text="" if body is None else json.dumps(body)))
    with pytest.raises(errors.SubmitOutcomeUnknown):
        scripted.client.generate_videos("A fox")
    assert len(scripted.sent) == 1
