"""Contracts about what only fal has: any model, apps, positions, logs, streams, outputs, errors, cancellation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from soundstage import JobState, RetryPolicy, errors
from soundstage_contracts.vendor_kit import ScriptedClient, data_of, proves
from soundstage_fal.contract import (
    CONTRACT,
    IMAGE_MODEL,
    IMAGES,
    STATE_WORDS,
    VIDEO_MODEL,
    VIDEOS,
    FalRaw,
    files_in,
    polled,
)

if TYPE_CHECKING:
    import httpx

    from soundstage_contracts.vendor_kit import Target

ENDS = {
    "fail": ("runner_disconnected", 503),
    "timeout": ("request_timeout", 504),
    "cancel": ("client_cancelled", 499),
}


def events_in(response: httpx.Response) -> list[dict[str, Any]]:
    """Return what the events of a stream contain."""
    return [json.loads(line.removeprefix("data: ")) for line in response.text.splitlines() if line]


@pytest.fixture
def raw(target: Target) -> FalRaw:
    """Return the raw client of a new account."""
    return FalRaw(target)


@proves("fal:submit.route", "fal:requests.app", side="server")
@pytest.mark.parametrize(
    ("model", "app"),
    [
        ("fal-ai/flux/dev", "fal-ai/flux"),
        ("fal-ai/veo3", "fal-ai/veo3"),
        ("fal-ai/kling-video/v2.1/master/image-to-video", "fal-ai/kling-video"),
        ("workflows/me/my-flow", "workflows/me/my-flow"),
        ("comfy/me/my-flow/run", "comfy/me/my-flow"),
    ],
)
def test_every_model_has_the_route_and_its_app_the_requests(raw: FalRaw, model: str, app: str) -> None:
    """A request of any model is found below its app, also by the addresses in the response, and nowhere else."""
    body = data_of(raw.submit(model, {"prompt": "A fox"}))
    path = f"{app}/requests/{body['request_id']}"
    assert data_of(raw.http.get(body["status_url"]))["status"] == "IN_QUEUE"
    assert body["cancel_url"].endswith(f"/{path}/cancel")
    assert raw.result(path.replace(app, "other/app")).status_code == 404


@proves("fal:submit.route", "fal:requests.app", side="client")
@pytest.mark.parametrize(
    ("model", "app"),
    [("fal-ai/kling-video/v2/master", "fal-ai/kling-video"), ("workflows/me/my-flow/x", "workflows/me/my-flow")],
)
def test_client_polls_below_the_app(model: str, app: str) -> None:
    """The submission goes to the whole model, and polls to its app."""
    client = ScriptedClient(CONTRACT, {"request_id": "r-1"}, polled("r-1", "IN_PROGRESS"))
    job = client.client.submit("A fox", model=model).refresh()
    assert job.id == f"{app}/requests/r-1"
    assert client.paths() == [f"/{model}", f"/{app}/requests/r-1/status"]


@proves("fal:submit.headers", "fal:webhook.query", side="client")
def test_options_become_headers_and_query() -> None:
    """Priority, hint and timeout are headers, the webhook is in the query, and the input is the body."""
    client = ScriptedClient(CONTRACT, {"request_id": "r-1"})
    client.client.submit(
        "A fox",
        model=IMAGE_MODEL,
        input={"seed": 5},
        webhook_url="https://app.test/hook?a=1&b=2",
        priority="low",
        hint="lora-7",
        start_timeout=30,
    )
    (request,) = client.sent
    assert client.bodies() == [{"seed": 5, "prompt": "A fox"}]
    assert dict(request.url.params) == {"fal_webhook": "https://app.test/hook?a=1&b=2"}
    names = ("X-Fal-Queue-Priority", "X-Fal-Runner-Hint", "X-Fal-Request-Timeout")
    assert [request.headers[name] for name in names] == ["low", "lora-7", "30.0"]


@proves("fal:submit.headers", "fal:submit.route", side="client")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "flux"),
        ("model", "fal-ai/../secrets"),
        ("model", "fal-ai/flux?x=1"),
        ("model", "https://fal.run/fal-ai/flux"),
        ("prompt", " "),
        ("input", [1]),
        ("webhook_url", "nowhere"),
        ("priority", "high"),
        ("hint", "a\nb"),
        ("start_timeout", 1),
    ],
)
def test_broken_argument_is_refused_before_sending(field: str, value: Any) -> None:
    """An argument that is not allowed is an InvalidArgument with its name, and nothing is sent."""
    client = ScriptedClient(CONTRACT)
    arguments = {"prompt": "A fox", "model": IMAGE_MODEL, field: value}
    with pytest.raises(errors.InvalidArgument) as refused:
        client.client.submit(**arguments)
    assert (refused.value.field, client.sent) == (field, [])
    with pytest.raises(errors.InvalidArgument, match="given once"):
        client.client.submit("A fox", model=IMAGE_MODEL, input={"prompt": "A dog"})


@proves("fal:status.states", "fal:status.logs", side="server")
def test_status_shows_position_logs_and_metrics(raw: FalRaw) -> None:
    """The position falls to 0, logs are sent on request alone, and the end has the seconds of the run."""
    job = raw.start_job(IMAGES)
    positions = []
    while (body := data_of(raw.http.get(f"{raw.target.base_url('fal')}/{job}/status?logs=1")))["status"] == "IN_QUEUE":
        positions.append(body["queue_position"])
        raw.advance(0.5)
    assert positions == sorted(positions, reverse=True)
    assert positions[-1] == 0
    assert set(body["logs"][0]) == {"message", "level", "source", "timestamp"}
    assert data_of(raw.poll_job(job, IMAGES))["logs"] is None
    raw.advance(raw.longest)
    assert data_of(raw.poll_job(job, IMAGES))["metrics"]["inference_time"] >= 4


@proves("fal:status.stream", side="server")
def test_stream_has_every_status(raw: FalRaw) -> None:
    """The stream of a request has each status from now on in order, as events, and each log once."""
    job = raw.start_job(IMAGES)
    stream = f"{raw.target.base_url('fal')}/{job}/status/stream"
    response = raw.http.get(f"{stream}?logs=1")
    assert response.headers["content-type"].startswith("text/event-stream")
    events = events_in(response)
    assert [event["status"] for event in events] == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    assert {event["request_id"] for event in events} == {job.rpartition("/")[2]}
    raw.advance(raw.longest)
    (end,) = events_in(raw.http.get(f"{stream}?logs=1"))
    assert end["logs"] == [log for event in events for log in event.get("logs", ())]
    (end,) = events_in(raw.http.get(f"{stream}?logs=0"))
    assert (end["status"], end["logs"]) == ("COMPLETED", None)


@proves("fal:result.route", "fal:result.early", "fal:result.files", "fal:submit.any_model", side="server")
def test_result_is_the_output_of_the_model(raw: FalRaw) -> None:
    """Images come as a list of files with sizes, as many as requested; before the end there is no result."""
    job = data_of(raw.submit(IMAGE_MODEL, {"prompt": "A fox", "num_images": 3, "seed": 7}))["response_url"]
    assert raw.http.get(job).status_code == 400
    raw.advance(raw.longest)
    response = raw.http.get(job)
    output = data_of(response)
    assert response.headers["x-fal-request-id"] == job.rpartition("/")[2]
    assert (len(files_in(output)), output["seed"]) == (3, 7)
    assert {"width", "height"} <= set(output["images"][0])


@proves("fal:result.files", "fal:result.video", side="client")
def test_client_finds_files_anywhere() -> None:
    """Files are found in lists and nested members, once each, with their kinds."""
    output = {
        "request_id": "a",
        "status": "COMPLETED",
        "images": [{"url": "https://f.test/0.png"}, {"url": "https://f.test/1.png", "content_type": "image/png"}],
        "extra": {"mask": [{"url": "https://f.test/m", "content_type": "image/jpeg"}], "docs": {"url": "not one"}},
        "audio_file": {"url": "https://f.test/a.mp3"},
        "model_mesh": {"url": "https://f.test/m.glb"},
        "again": {"url": "https://f.test/0.png", "content_type": "image/png"},
    }
    job = ScriptedClient(CONTRACT, output).read_job("submit")
    kinds = [(item.url.rpartition("/")[2], item.kind) for item in job.outputs]
    assert kinds == [("0.png", "image"), ("1.png", "image"), ("m", "image"), ("a.mp3", "audio"), ("m.glb", "file")]
    assert job.raw == output


@proves("fal:errors.request", "fal:status.error", "fal:cancel.end", side="both")
@pytest.mark.parametrize("word", sorted(ENDS))
def test_platform_error_has_a_type(target: Target, raw: FalRaw, word: str) -> None:
    """The result of a request that the platform failed is a text and a type, in the body and in a header."""
    kind, status = ENDS[word]
    job = raw.start_job(IMAGES, IMAGES.with_outcome(word))
    raw.advance(3 * raw.longest)
    response = raw.result(job)
    body = response.json()
    assert (response.status_code, body["error_type"], response.headers["x-fal-error-type"]) == (status, kind, kind)
    assert isinstance(body["detail"], str)
    read = target.client(CONTRACT, raw.account).job(job, "submit").refresh()
    assert (read.state, read.state_raw) == (CONTRACT.ends[word], kind)


@proves("fal:errors.model", "fal:errors.model_status", side="server")
def test_refused_content_is_a_list_of_errors(raw: FalRaw) -> None:
    """The result of a request whose input the model refuses is a list of errors with place and type."""
    job = raw.start_job(IMAGES, IMAGES.with_outcome("block"))
    assert raw.finish_job(job, IMAGES).word == "content_policy_violation"
    response = raw.result(job)
    (error,) = response.json()["detail"]
    assert (response.status_code, response.headers["x-fal-retryable"]) == (422, "false")
    assert (error["loc"], error["type"]) == (["body", "prompt"], "content_policy_violation")


@proves("fal:errors.model", side="client")
@pytest.mark.parametrize("kind", ["content_policy_violation", "missing"])
def test_model_error_in_the_result_ends_the_job(kind: str) -> None:
    """A status without an error and a result with HTTP 422 are a failed job, with the model's message."""
    refused = {"detail": [{"loc": ["body", "prompt"], "msg": "the lens is dirty", "type": kind}]}
    job = ScriptedClient(CONTRACT, {"status": "COMPLETED"}, (422, refused)).read_job("submit")
    assert (job.state, job.state_raw) == (JobState.FAILED, kind)
    with pytest.raises(errors.ContentFiltered if kind.startswith("content") else errors.JobFailed, match="lens"):
        job.result()


@proves("fal:errors.request", side="client")
def test_gateway_error_at_the_result_is_no_end() -> None:
    """A 503 without a type of error is no end of the request: the client polls again."""
    done = {"status": "COMPLETED"}
    file = {"video": {"url": "https://f.test/0.mp4", "content_type": "video/mp4"}}
    client = ScriptedClient(CONTRACT, done, (503, {"detail": "busy"}), done, file)
    assert client.client.job("a/b/requests/c", "submit").wait().state is JobState.SUCCEEDED


@proves("fal:cancel.route", "fal:cancel.end", side="server")
def test_cancel_has_three_answers(raw: FalRaw) -> None:
    """A waiting and a running request are canceled with 202, an ended one is 400, an unknown one 404."""
    waiting, running = raw.start_job(IMAGES), raw.start_job(VIDEOS)
    for job in (waiting, running):
        if job is running:
            raw.advance(7)
        response = raw.cancel(job)
        assert (response.status_code, response.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
        assert raw.read_job(job, IMAGES).word == "client_cancelled"
        again = raw.cancel(job)
        assert (again.status_code, again.json()) == (400, {"status": "ALREADY_COMPLETED"})
    unknown = raw.cancel("fal-ai/flux/requests/nothing")
    assert (unknown.status_code, unknown.json()) == (404, {"status": "NOT_FOUND"})
    assert raw.money().available == raw.money().granted


@proves("fal:cancel.route", side="client")
@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((202, {"status": "CANCELLATION_REQUESTED"}), JobState.RUNNING),
        ({"status": "OK"}, JobState.RUNNING),
        ((400, {"status": "ALREADY_COMPLETED"}), JobState.RUNNING),
    ],
)
def test_cancel_believes_the_status_alone(answer: Any, state: JobState) -> None:
    """Whatever a cancel returns, the job is what its status shows afterwards."""
    client = ScriptedClient(CONTRACT, answer, polled("c", "IN_PROGRESS"))
    job = client.client.job("a/b/requests/c", "submit")
    assert job.cancel().state is state
    assert [(request.method, request.url.path) for request in client.sent] == [
        ("PUT", "/a/b/requests/c/cancel"),
        ("GET", "/a/b/requests/c/status"),
    ]


@proves("fal:cancel.route", side="client")
def test_cancel_of_an_unknown_request_is_not_found() -> None:
    """NOT_FOUND is a NotFoundError with the job's token."""
    client = ScriptedClient(CONTRACT, (404, {"status": "NOT_FOUND"}))
    with pytest.raises(errors.NotFoundError) as refused:
        client.client.job("a/b/requests/c", "submit").cancel()
    assert refused.value.token


@proves("fal:submit.once", side="both")
def test_lost_response_is_never_sent_again(target: Target, raw: FalRaw) -> None:
    """After a lost response the client reports an unknown outcome; the one request that was made is made once."""
    raw.introduce(IMAGES)
    target.control.fault("reset_after", vendor="fal", account=raw.name, times=1)
    client = target.client(CONTRACT, raw.account, retry=RetryPolicy(attempts=3))
    with pytest.raises(errors.SubmitOutcomeUnknown, match="dashboard"):
        client.submit("A fox", model=IMAGE_MODEL)
    assert len(raw.jobs()) == 1


@proves("fal:submit.once", side="server")
def test_equal_submissions_are_requests_of_their_own(raw: FalRaw) -> None:
    """Two equal submissions are two requests."""
    names = {data_of(raw.submit(VIDEO_MODEL, {"prompt": "A fox"}))["request_id"] for _ in range(2)}
    assert len(names) == len(raw.jobs()) == 2


@proves("fal:status.states", side="client")
@pytest.mark.parametrize("word", [word for word in STATE_WORDS if word != "IN_QUEUE"])
def test_older_status_changes_nothing_back(word: str) -> None:
    """A job keeps the furthest state that was seen, whatever an older status shows afterwards."""
    seen = polled("a", word, urls=("https://f.test/0.mp4",) if word == "COMPLETED" else (), reason="broken")
    reads = [seen, seen] if word == "COMPLETED" else [seen]  # the result is a call of its own
    client = ScriptedClient(CONTRACT, *reads, polled("a", "IN_QUEUE"))
    job = client.read_job("submit")
    assert (job.refresh().state, len(client.sent)) == (STATE_WORDS[word], len(reads) + 1)


@proves("fal:status.states", side="client")
def test_unreadable_status_is_an_error() -> None:
    """A status without a word is an UnreadableAnswerError and no end."""
    unreadable: list[Any] = [{"request_id": "a"}, {"status": 5}, []]
    for body in unreadable:
        with pytest.raises(errors.UnreadableAnswerError):
            ScriptedClient(CONTRACT, body, retry=RetryPolicy(attempts=1)).read_job("submit")
