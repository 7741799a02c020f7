"""Contracts of how the client reads GMI Cloud's responses, which are given to it without a simulator."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from soundstage import errors
from soundstage_contracts import proves
from soundstage_contracts.laws.scripted_client import ScriptedClient
from soundstage_contracts.vendors.gmicloud import CONTRACT, SESSION
from soundstage_contracts.vendors.gmicloud.access import answer_login

VIDEO = "https://storage.test/0.mp4"


def request_body(status: str = "queued", **more: Any) -> dict[str, Any]:
    """Return a request as the service shows it."""
    times = dict.fromkeys(("created_at", "queued_at", "updated_at"), 1)
    return {"request_id": "r-1", "model": "m", "status": status, **times, **more}


def refused(text: str = "no") -> httpx.Response:
    """Return a refusal of a credential."""
    return httpx.Response(401, json={"error": text})


class LoginRecorder:
    """Answers logins and refreshes, each with another access token, and records them."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response | None:
        """Answer *request* if it belongs to a login."""
        response = answer_login(request)
        if response is None:
            return None
        self.calls.append(f"{request.method} {request.url.path.partition('/api/v1')[2]}")
        return httpx.Response(200, json={**response.json(), "accessToken": f"token-{len(self.calls)}"})


@proves("gmicloud:accepted.status", "gmicloud:errors.body", side="client")
@pytest.mark.parametrize(("status", "success"), [(200, True), (201, True), (202, True), (302, False), (399, False)])
def test_only_a_success_accepts_a_creation(status: int, success: bool) -> None:  # noqa: FBT001 - a table
    """HTTP 200, 201 and any other 2xx accept a creation; another status below 400 leaves its outcome unknown."""
    scripted = ScriptedClient(CONTRACT, httpx.Response(status, json=request_body()))
    if success:
        assert scripted.client.text_to_video("A fox").id == "r-1"
    else:
        with pytest.raises(errors.SubmitOutcomeUnknown):
            scripted.client.text_to_video("A fox")
    assert len(scripted.sent) == 1


@proves("gmicloud:answers.json", side="client")
@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/xml", ""])
def test_response_that_is_not_json_is_unreadable(kind: str) -> None:
    """A response with another Content-Type than JSON is unreadable, even if its body can be parsed."""
    headers = {"Content-Type": kind} if kind else {}
    response = httpx.Response(200, content=json.dumps(request_body("success")).encode(), headers=headers)
    scripted = ScriptedClient(CONTRACT, response)
    with pytest.raises(errors.UnreadableAnswerError):
        scripted.client.job("r-1").refresh()
    with pytest.raises(errors.SubmitOutcomeUnknown):
        scripted.client.text_to_video("A fox")


@proves("gmicloud:errors.body", side="client")
@pytest.mark.parametrize("member", ["error", "message"])
def test_refusal_message_is_read_from_either_member(member: str) -> None:
    """The message of a refusal is read from error or from message."""
    scripted = ScriptedClient(CONTRACT, (404, {member: "no such thing"}))
    with pytest.raises(errors.NotFoundError, match="no such thing"):
        scripted.client.model("m")


@proves("gmicloud:times.seconds", side="client")
@pytest.mark.parametrize("seconds", [0, 1, 1753427199, 2**31, 4_000_000_000])
def test_times_are_read_as_seconds(seconds: int) -> None:
    """A request's created_at is read as the seconds that the service sent."""
    listed = {"requests": [request_body(created_at=seconds)], "total": 1}
    (record,) = ScriptedClient(SESSION, listed, login=answer_login).client.requests("m")
    assert record.created_at == seconds


@proves("gmicloud:requests.create", side="client")
@pytest.mark.parametrize("word", ["success", "failed", "cancelled"])
def test_final_state_at_creation_is_polled_once_more(word: str) -> None:
    """A creation that reports an end has no outcome yet: the job is polled once more, and has its video."""
    outcome = {"media_urls": [{"id": "0", "url": VIDEO}]}
    scripted = ScriptedClient(CONTRACT, request_body(word), request_body("success", outcome=outcome))
    job = scripted.client.text_to_video("A fox")
    assert not job.state.final
    assert [output.url for output in job.result()] == [VIDEO]


@proves("gmicloud:outcome.shape", side="client")
@pytest.mark.parametrize("shape", ["old", "new", "both"])
def test_one_video_is_one_output_in_either_shape(shape: str) -> None:
    """One video is one output of kind video, whichever shape names it; the thumbnail is no output."""
    old = {"video_url": VIDEO, "thumbnail_image_url": "https://storage.test/0.png"}
    new = {"media_urls": [{"id": "0", "url": VIDEO}]}
    outcome = {**(old if shape != "new" else {}), **(new if shape != "old" else {})}
    scripted = ScriptedClient(CONTRACT, request_body("success", outcome=outcome))
    assert [(output.url, output.kind) for output in scripted.client.job("r-1").result()] == [(VIDEO, "video")]


@proves("gmicloud:outcome.shape", side="client")
def test_every_media_url_is_an_output_of_its_kind() -> None:
    """Each of several media URLs is an output, of the kind that its suffix names, and a video without one."""
    urls = [VIDEO, "https://storage.test/1.mp4?x=1", "https://storage.test/2.mp3", "https://storage.test/3"]
    outcome = {"media_urls": [{"id": str(number), "url": url} for number, url in enumerate(urls)]}
    outputs = ScriptedClient(CONTRACT, request_body("success", outcome=outcome)).client.job("r-1").result()
    kinds = ("video", "video", "audio", "video")
    assert [(output.url, output.kind) for output in outputs] == list(zip(urls, kinds, strict=True))


@proves("gmicloud:outcome.other", side="client")
def test_failure_that_names_content_policy_is_content_filtered() -> None:
    """A failure whose reason names a policy or safety is ContentFiltered; any other is JobFailed."""
    for text, kind in (("content policy", errors.ContentFiltered), ("out of memory", errors.JobFailed)):
        scripted = ScriptedClient(CONTRACT, request_body("failed", outcome={"error": text}))
        with pytest.raises(errors.JobError) as failed:
            scripted.client.job("r-1").result()
        assert type(failed.value) is kind


@proves("gmicloud:auth.expired", side="client")
@pytest.mark.parametrize("paid", [False, True])
def test_second_refusal_of_a_token_is_an_authentication_error(paid: bool) -> None:  # noqa: FBT001 - a table
    """After HTTP 401 the client refreshes and repeats the request once; a second one is an AuthenticationError."""
    login = LoginRecorder()
    scripted = ScriptedClient(SESSION, refused(), login=login)
    with pytest.raises(errors.AuthenticationError):
        _ = scripted.client.text_to_video("A fox") if paid else scripted.client.job("r-1").refresh()
    path = "/api/v1/ie/requestqueue/requests" + ("" if paid else "/r-1")
    assert scripted.paths() == [path, path]
    assert login.calls == ["POST /me/auth-tokens", "POST /me/sessions", "PATCH /me/sessions"]
    assert [request.headers["authorization"] for request in scripted.sent] == ["Bearer token-2", "Bearer token-3"]


@proves("gmicloud:auth.expired", side="client")
def test_refused_key_is_not_sent_again() -> None:
    """A key cannot be refreshed: HTTP 401 is an AuthenticationError after one request."""
    scripted = ScriptedClient(CONTRACT, refused())
    with pytest.raises(errors.AuthenticationError):
        scripted.client.text_to_video("A fox")
    assert len(scripted.sent) == 1


@proves("gmicloud:auth.expired", side="client")
def test_lost_submission_after_a_refresh_is_not_sent_again() -> None:
    """A submission that is repeated after a refresh and gets no response is SubmitOutcomeUnknown."""
    scripted = ScriptedClient(SESSION, refused(), httpx.ReadError("reset"), login=answer_login)
    with pytest.raises(errors.SubmitOutcomeUnknown):
        scripted.client.text_to_video("A fox")
    assert len(scripted.sent) == 2
