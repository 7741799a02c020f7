"""The contracts of how the client reads what GMI Cloud answers, whoever answers in its place."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given

from soundstage import GMICloud, JobState, SkippingClock, errors
from soundstage_contracts import proves, strategies
from soundstage_contracts.vendors.gmicloud import STATUS_WORDS

FILM = "https://storage.test/0.mp4"
THUMBNAIL = "https://storage.test/0.png"
OLD = {"video_url": FILM, "thumbnail_image_url": THUMBNAIL}
NEW = {"media_urls": [{"id": "0", "url": FILM}]}


class ScriptedClient:
    """A client and the requests it sent, to which nothing but *answers* is ever said, the last one again and again.

    With *login* it is one of the session face, and every login is answered by other tokens.
    """

    def __init__(self, *answers: Any, login: bool = False) -> None:
        self.sent: list[httpx.Request] = []
        self._answers = list(answers)
        self._logins = 0
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        options: dict[str, Any] = {"base_url": "https://service.test", "http": http, "clock": SkippingClock()}
        who: dict[str, Any] = {"email": "fox", "password": "secret"} if login else {"api_key": "key"}
        self.client = GMICloud(**who, **options)

    def paths(self) -> list[str]:
        """Return what was asked for."""
        return [f"{request.method} {request.url.path}" for request in self.sent]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if request.url.path.startswith("/me/"):
            self._logins += 1
            number = f"{self._logins}"
            body = {"authToken": "a" + number, "is2FARequired": False, "accessToken": "b" + number, "refreshToken": "c"}
            return httpx.Response(200, json=body)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


def made(name: Any = "r-1", status: str = "queued", **more: Any) -> dict[str, Any]:
    """Return what the service says of a request that it made."""
    return {
        "request_id": name,
        "model": "m",
        "status": status,
        "created_at": 1,
        "queued_at": 1,
        "updated_at": 1,
        **more,
    }


@proves("gmicloud:requests.create", "gmicloud:requests.detail", side="client")
@given(name=strategies.texts(least=1, most=40).filter(lambda text: bool(text.strip()) and text not in (".", "..")))
def test_the_client_hands_an_id_through_as_it_is(name: str) -> None:
    """Whatever the service calls a request, the job has that id, asks by it, and resumes by it from its token."""
    scripted = ScriptedClient(made(name), made(name, "processing"))
    job = scripted.client.text_to_video("A fox").refresh()
    assert job.id == name
    scripted.client.job_from_token(job.to_token()).refresh()
    assert [request.url.path for request in scripted.sent[1:]] == [f"/ie/requestqueue/apikey/requests/{name}"] * 2


@proves("gmicloud:requests.create", side="client")
@pytest.mark.parametrize("answer", [{}, made(None), made(""), made(5), [], "r-1"])
def test_a_creation_without_an_id_is_no_job(answer: Any) -> None:
    """An answer without request_id leaves the outcome unknown, and the request is not sent again."""
    scripted = ScriptedClient(answer)
    with pytest.raises(errors.SubmitOutcomeUnknown):
        scripted.client.text_to_video("A fox")
    assert len(scripted.sent) == 1


@proves("gmicloud:accepted.status", "gmicloud:errors.body", side="client")
@pytest.mark.parametrize(("status", "fine"), [(200, True), (201, True), (202, False), (204, False), (302, False)])
def test_only_two_statuses_are_answers(status: int, fine: bool) -> None:  # noqa: FBT001 - a table
    """200 and 201 are answers to a creation; any other below 400 leaves its outcome unknown, with one POST."""
    scripted = ScriptedClient(httpx.Response(status, json=made()))
    if fine:
        assert scripted.client.text_to_video("A fox").id == "r-1"
    else:
        with pytest.raises(errors.SubmitOutcomeUnknown):
            scripted.client.text_to_video("A fox")
    assert len(scripted.sent) == 1


@proves("gmicloud:answers.json", side="client")
@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/xml", ""])
def test_only_json_is_an_answer(kind: str) -> None:
    """What calls itself anything but JSON is unreadable, even if it could be parsed."""
    headers = {"Content-Type": kind} if kind else {}
    scripted = ScriptedClient(httpx.Response(200, content=json.dumps(made("r-1", "success")).encode(), headers=headers))
    with pytest.raises(errors.UnreadableAnswerError):
        scripted.client.job("r-1").refresh()
    with pytest.raises(errors.SubmitOutcomeUnknown):
        scripted.client.text_to_video("A fox")


@proves("gmicloud:errors.body", side="client")
@pytest.mark.parametrize("field", ["error", "message"])
def test_both_fields_of_a_refusal_are_read(field: str) -> None:
    """The text is read from error or message, whichever is there."""
    scripted = ScriptedClient(httpx.Response(404, json={field: "no such thing"}))
    with pytest.raises(errors.NotFoundError, match="no such thing"):
        scripted.client.model("m")


@proves("gmicloud:status.values", "gmicloud:requests.detail", side="client")
@pytest.mark.parametrize(("word", "state"), STATUS_WORDS.items())
def test_the_client_reads_every_status(word: str, state: JobState) -> None:
    """Each of the seven words is the state that it stands for, and what failed says why in the service's words."""
    outcome = OLD if word == "success" else {"error": "the lens is dirty"} if state.final else None
    job = ScriptedClient(made(status=word, outcome=outcome)).client.job("r-1").refresh()
    assert (job.state, job.state_raw) == (state, word)
    assert (job.error is not None) == (state.final and state is not JobState.SUCCEEDED)
    assert job.error is None or "the lens is dirty" in str(job.error)


@proves("gmicloud:status.values", side="client")
def test_an_undocumented_status_is_waited_out() -> None:
    """A word that no document knows is no end: the client goes on asking until there is one."""
    scripted = ScriptedClient(
        made(), made(status="resting"), made(status=""), made(status="failed", outcome={"error": "x"})
    )
    job = scripted.client.job("r-1").wait()
    assert (job.state, len(scripted.sent)) == (JobState.FAILED, 4)


@proves("gmicloud:status.values", side="client")
@pytest.mark.parametrize(("late", "state"), [("processing", JobState.RUNNING), ("success", JobState.SUCCEEDED)])
def test_a_stale_answer_takes_nothing_back(late: str, state: JobState) -> None:
    """A request that was seen further on stays there, whatever an older answer says afterwards."""
    job = ScriptedClient(made(status=late, outcome=OLD), made()).client.job("r-1").refresh()
    assert job.refresh().state is state


@proves("gmicloud:requests.create", side="client")
@pytest.mark.parametrize("word", ["success", "failed", "cancelled"])
def test_what_is_over_at_once_is_still_read(word: str) -> None:
    """A creation that is answered by an end, without its outcome, is no end yet: the job is read once more."""
    scripted = ScriptedClient(made(status=word), made(status="success", outcome=NEW))
    job = scripted.client.text_to_video("A fox")
    assert not job.state.final
    assert [output.url for output in job.result()] == [FILM]


@proves("gmicloud:outcome.shape", side="client")
@pytest.mark.parametrize("outcome", [OLD, NEW, {**OLD, **NEW}])
def test_the_client_reads_both_shapes(outcome: dict[str, Any]) -> None:
    """One film is one output, whichever shape names it, and the thumbnail is none."""
    outputs = ScriptedClient(made(status="success", outcome=outcome)).client.job("r-1").result()
    assert [(output.url, output.kind) for output in outputs] == [(FILM, "video")]


@proves("gmicloud:outcome.shape", side="client")
def test_every_address_is_an_output_of_its_kind() -> None:
    """Several results, and sound among them, are each an output."""
    urls = [FILM, "https://storage.test/1.mp4?x=1", "https://storage.test/2.mp3", "https://storage.test/3"]
    outcome = {"media_urls": [{"id": str(number), "url": url} for number, url in enumerate(urls)]}
    outputs = ScriptedClient(made(status="success", outcome=outcome)).client.job("r-1").result()
    assert [(output.url, output.kind) for output in outputs] == list(
        zip(urls, ("video", "video", "audio", "video"), strict=True)
    )


@proves("gmicloud:outcome.shape", side="client")
@pytest.mark.parametrize("outcome", [None, {}, [], "done", {"media_urls": []}, {"video_url": ""}, {"media_urls": [5]}])
def test_a_success_without_a_film_is_a_failure(outcome: Any) -> None:
    """A success with nothing to fetch is NoOutput: nobody is told that it went well."""
    job = ScriptedClient(made(status="success", outcome=outcome)).client.job("r-1").wait()
    assert job.state is JobState.FAILED
    with pytest.raises(errors.NoOutput):
        job.result()


@proves("gmicloud:outcome.other", side="client")
def test_a_failure_for_content_is_told_apart() -> None:
    """What fails with words of policy or safety is ContentFiltered, not just any failure."""
    for text, kind in (("content policy", errors.ContentFiltered), ("out of memory", errors.JobFailed)):
        with pytest.raises(errors.JobError) as failed:
            ScriptedClient(made(status="failed", outcome={"error": text})).client.job("r-1").result()
        assert type(failed.value) is kind


@proves("gmicloud:auth.expired", side="client")
@pytest.mark.parametrize("paid", [False, True])
def test_a_token_that_is_refused_again_ends_the_call(paid: bool) -> None:  # noqa: FBT001 - a table
    """HTTP 401 is met by one refresh and one repetition; a second one is an AuthenticationError."""
    scripted = ScriptedClient(httpx.Response(401, json={"error": "no"}), login=True)
    with pytest.raises(errors.AuthenticationError):
        _ = scripted.client.text_to_video("A fox") if paid else scripted.client.job("r-1").refresh()
    path = "POST /ie/requestqueue/requests" if paid else "GET /ie/requestqueue/requests/r-1"
    assert scripted.paths() == ["POST /me/auth-tokens", "POST /me/sessions", path, "PATCH /me/sessions", path]
    tokens = [request.headers["authorization"] for request in scripted.sent if request.url.path.startswith("/ie/")]
    assert len(set(tokens)) == 2


@proves("gmicloud:auth.expired", side="client")
def test_a_key_that_is_refused_is_not_tried_again() -> None:
    """There is nothing to refresh: one call, and an AuthenticationError."""
    scripted = ScriptedClient(httpx.Response(401, json={"error": "no"}))
    with pytest.raises(errors.AuthenticationError):
        scripted.client.text_to_video("A fox")
    assert len(scripted.sent) == 1


@proves("gmicloud:auth.expired", side="client")
def test_a_repeated_submission_that_is_lost_is_unknown() -> None:
    """The repetition after a refresh is a submission like any other: its lost answer is not asked for again."""
    scripted = ScriptedClient(httpx.Response(401, json={"error": "no"}), httpx.ReadError("reset"), login=True)
    with pytest.raises(errors.SubmitOutcomeUnknown):
        scripted.client.text_to_video("A fox")
    assert scripted.paths().count("POST /ie/requestqueue/requests") == 2
