"""Contracts about what only Ark has: kinds of content, parameters in the text, tokens, frames, callbacks, limits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from soundstage import JobState, RetryPolicy, errors
from soundstage_ark.contract import (
    CONTRACT,
    DENIED,
    GENERATE,
    INVALID,
    MISSING,
    MODEL,
    NOT_FOUND,
    TASKS,
    TOO_MANY,
    ArkRaw,
    tokens,
)
from soundstage_contracts.vendor_kit import ScriptedClient, data_of, proves

if TYPE_CHECKING:
    from soundstage_contracts.vendor_kit import Target

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
IMAGE = "https://example.test/a.png"
DOCUMENTED_TOKENS = 108900


@pytest.fixture
def raw(target: Target) -> ArkRaw:
    """Return the raw client of a new account."""
    return ArkRaw(target)


def text(words: str = "A fox") -> dict[str, Any]:
    """Return an item of text."""
    return {"type": "text", "text": words}


def image(role: str | None = None, url: Any = IMAGE) -> dict[str, Any]:
    """Return an item with an image."""
    item = {"type": "image_url", "image_url": {"url": url}}
    return item if role is None else {**item, "role": role}


@proves("ark:create.content", "ark:create.roles", "ark:create.image", side="server")
@pytest.mark.parametrize(
    "content",
    [
        [image()],
        [text(), image("first_frame"), image("last_frame")],
        [text(), *[image("reference_image")] * 3],
        [text(), {"type": "video_url", "video_url": {"url": IMAGE}, "role": "reference_video"}],
        [text(), {"type": "audio_url", "audio_url": {"url": IMAGE}, "role": "reference_audio"}],
        [{"type": "draft_task", "draft_task": {"id": "cgt-20260101000000-aaaaa"}}],
        [text(), image(url="data:image/png;base64,iVBORw0KGgo=")],
    ],
)
def test_every_kind_of_content_is_accepted(raw: ArkRaw, content: list[dict[str, Any]]) -> None:
    """Texts, images, videos, audio and drafts are accepted, images by address and in base64."""
    assert data_of(raw.ask("POST", body={"model": MODEL, "content": content}))["id"]


@proves("ark:create.content", "ark:create.roles", "ark:errors.codes", side="server")
@pytest.mark.parametrize(
    ("content", "named", "fact"),
    [
        ([], "content", "create.content"),
        ([{"type": "speech"}], "content[0].type", "create.content"),
        ([text(), {"type": "image_url"}], "content[1].image_url", "create.content"),
        ([text(), image("middle_frame")], "content[1].role", "create.roles"),
        ([text(), image("last_frame")], "first_frame", "create.roles"),
    ],
)
def test_broken_content_is_refused_by_place(raw: ArkRaw, content: Any, named: str, fact: str) -> None:
    """An item that breaks a rule is refused with its place, and nothing is charged."""
    response = raw.ask("POST", body={"model": MODEL, "content": content})
    assert named in raw.check_refused(response, INVALID)
    assert response.headers["x-soundstage-fact"] == f"ark:{fact}"
    assert raw.untouched()


@proves("ark:errors.codes", side="server")
@pytest.mark.parametrize("name", ["model", "content"])
def test_missing_parameter_is_named(raw: ArkRaw, name: str) -> None:
    """A required parameter that is absent or null is MissingParameter."""
    body: dict[str, Any] = {"model": MODEL, "content": [text()]}
    for broken in ({**body, name: None}, {key: value for key, value in body.items() if key != name}):
        assert name in raw.check_refused(raw.ask("POST", body=broken), MISSING)
    assert raw.untouched()


@proves("ark:create.null", "ark:create.model", side="server")
def test_null_counts_as_absent(raw: ArkRaw) -> None:
    """The official Python SDK sends null in every member that is not given, and a model may be an endpoint."""
    nulls = dict.fromkeys(("callback_url", "seed", "ratio", "duration", "draft", "tools", "priority", "frames"))
    job = data_of(raw.ask("POST", body={"model": "ep-1", "content": [text()], **nulls}))["id"]
    assert raw.finish_job(job, GENERATE).word == "succeeded"
    task = data_of(raw.ask("GET", f"/{job}"))
    assert (task["model"], task["ratio"], task["duration"]) == ("ep-1", "16:9", 5)


@proves("ark:create.text_params", "ark:create.defaults", "ark:charge", side="server")
@pytest.mark.parametrize(
    ("words", "members", "found"),
    [
        ("--resolution 480p --ratio 1:1 --duration 4", {}, ("480p", "1:1", 4)),
        ("--rs 480p --rt 9:16 --dur 3", {}, ("480p", "9:16", 3)),
        ("--rs 480p --dur 3", {"resolution": "1080p"}, ("1080p", "16:9", 3)),
        ("--rs 9000p --dur 99 --rt x --unknown 5", {}, ("720p", "16:9", 5)),
    ],
)
def test_parameters_may_follow_the_text(raw: ArkRaw, words: str, members: dict[str, Any], found: Any) -> None:
    """Parameters in the text count where the body has none, and only with allowed values."""
    job = data_of(raw.ask("POST", body={"model": MODEL, "content": [text(f"A fox {words}")], **members}))["id"]
    raw.finish_job(job, GENERATE)
    task = data_of(raw.ask("GET", f"/{job}"))
    assert (task["resolution"], task["ratio"], task["duration"]) == found
    assert task["usage"]["completion_tokens"] == tokens(task)


@proves("ark:charge", "ark:task.shape", side="both")
def test_tokens_are_those_of_the_shown_example(target: Target, raw: ArkRaw) -> None:
    """A video of 720p, 16:9 and 5 seconds costs 108900 tokens, which the client reports as the job's cost."""
    job = raw.start_job(GENERATE)
    raw.finish_job(job, GENERATE)
    usage = data_of(raw.ask("GET", f"/{job}"))["usage"]
    assert usage == {"completion_tokens": DOCUMENTED_TOKENS, "total_tokens": DOCUMENTED_TOKENS}
    assert raw.money().spent == DOCUMENTED_TOKENS
    assert target.client(CONTRACT, raw.account).job(job).refresh().cost == DOCUMENTED_TOKENS


@proves("ark:task.shape", "ark:task.outputs", "ark:create.params", side="both")
def test_last_frame_is_a_second_output(target: Target, raw: ArkRaw) -> None:
    """With return_last_frame the task has the frame's address, too, and the client a video and an image."""
    client = target.client(CONTRACT, raw.account, clock=target.advancing_clock())
    job = client.generate("A fox", model=MODEL, return_last_frame=True).wait()
    assert [output.kind for output in job.outputs] == ["video", "image"]
    assert set(data_of(raw.ask("GET", f"/{job.id}"))["content"]) == {"video_url", "last_frame_url"}


@proves("ark:create.image", "ark:create.roles", side="client")
def test_client_sends_bytes_in_base64_and_addresses_as_they_are() -> None:
    """Frames are sent in order with their roles; bytes become a data URL, and an address is not changed."""
    client = ScriptedClient(CONTRACT, {"id": "cgt-1"})
    client.client.generate(model=MODEL, first_frame=PNG, last_frame=IMAGE)
    first, last = client.bodies()[0]["content"]
    assert first["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgo")
    assert (first["role"], last) == ("first_frame", image("last_frame"))


@proves("ark:create.roles", "ark:create.content", side="client")
@pytest.mark.parametrize(("given", "field"), [({}, "prompt"), ({"prompt": "A fox", "last_frame": IMAGE}, "last_frame")])
def test_client_refuses_what_is_no_input(given: dict[str, Any], field: str) -> None:
    """Neither text nor frame, and a last frame without a first one, are refused before anything is sent."""
    client = ScriptedClient(CONTRACT)
    with pytest.raises(errors.InvalidArgument) as refused:
        client.client.generate(model=MODEL, **given)
    assert (refused.value.field, client.sent) == (field, [])


@proves("ark:create.once", side="both")
def test_lost_response_is_never_sent_again(target: Target, raw: ArkRaw) -> None:
    """After a lost response the client reports an unknown outcome, and the list shows the one task that exists."""
    raw.introduce(GENERATE)
    target.control.fault("reset_after", vendor="ark", account=raw.name, times=1)
    client = target.client(CONTRACT, raw.account, retry=RetryPolicy(attempts=3))
    with pytest.raises(errors.SubmitOutcomeUnknown, match="list_jobs"):
        client.generate("A fox", model=MODEL)
    (found,) = client.list_jobs("generate")
    assert raw.jobs() == [found.id]


@proves("ark:create.once", side="server")
def test_equal_submissions_are_tasks_of_their_own(raw: ArkRaw) -> None:
    """Two equal requests start two tasks, also with the request id that the SDKs send."""
    same = {"X-Client-Request-Id": "20260101000000ABC"}
    jobs = {data_of(raw.ask("POST", body={"model": MODEL, "content": [text()]}, headers=same))["id"] for _ in range(2)}
    assert len(jobs) == len(raw.jobs()) == 2


@proves("ark:queue.limit", "ark:queue.refusal", side="server")
def test_queue_takes_120_tasks(raw: ArkRaw) -> None:
    """The 121st queued task is refused; running ones do not count."""
    for _ in range(120):
        raw.submit_job(GENERATE, GENERATE.required)
    response = raw.submit_job(GENERATE, GENERATE.required)
    assert "120" in raw.check_refused(response, TOO_MANY)
    assert response.headers["x-soundstage-fact"] == "ark:queue.limit"
    raw.advance(12)
    assert raw.start_job(GENERATE)


@proves("ark:callback", side="client")
def test_callback_is_a_task(target: Target, raw: ArkRaw) -> None:
    """The body of a callback is a task, and anything else is an InvalidArgument."""
    job = raw.start_job(GENERATE)
    raw.finish_job(job, GENERATE)
    body = data_of(raw.ask("GET", f"/{job}"))
    client = target.client(CONTRACT, raw.account)
    assert client.job_from_callback(json.dumps(body)).state is JobState.SUCCEEDED
    for broken in ("", "[]", {"id": job}, {"status": "queued"}):
        with pytest.raises(errors.InvalidArgument, match="callback"):
            client.job_from_callback(broken)


@proves("ark:block", side="both")
def test_refused_video_makes_its_task_fail(target: Target, raw: ArkRaw) -> None:
    """A video that is refused after it was made is a failed task with its own code, and a ContentFiltered error."""
    job = raw.start_job(GENERATE, GENERATE.with_outcome("block_later"))
    raw.finish_job(job, GENERATE)
    assert data_of(raw.ask("GET", f"/{job}"))["error"]["code"] == "OutputVideoSensitiveContentDetected"
    with pytest.raises(errors.ContentFiltered):
        target.client(CONTRACT, raw.account).job(job).result()


@proves("ark:errors.body", side="client")
@pytest.mark.parametrize("body", [{}, {"error": "no"}, [], {"message": "denied"}])
def test_unreadable_refusal_is_read_by_its_status(body: Any) -> None:
    """A refusal without the documented form has the error of its HTTP status."""
    client = ScriptedClient(CONTRACT, (403, body))
    with pytest.raises(DENIED.error):
        client.read_job()


@proves("ark:errors.other", side="server")
def test_unknown_path_is_not_found(raw: ArkRaw) -> None:
    """A path that is no route has the form of every refusal."""
    response = raw.http.get(raw.target.base_url("ark") + TASKS.replace("tasks", "jobs"))
    raw.check_refused(response, NOT_FOUND)
