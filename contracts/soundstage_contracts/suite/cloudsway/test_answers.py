"""The contracts of how the client reads what Cloudsway answers, whoever answers in its place."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import Cloudsway, JobState, SkippingClock, errors
from soundstage_contracts import proves, strategies

ADDRESS = "https://results.test/0.mp4"
WORDS = {
    "submitted": JobState.QUEUED,
    "processing": JobState.RUNNING,
    "succeed": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
}


class ScriptedClient:
    """A client and the requests it sent, to which nothing but *answers* is ever said, the last one again and again."""

    def __init__(self, *answers: Any, status: int = 200) -> None:
        self.sent: list[httpx.Request] = []
        self._answers, self._status = list(answers), status
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.client = Cloudsway("key", "RWabc", base_url="https://gateway.test", http=http, clock=SkippingClock())

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, as they went over the wire."""
        return [request.url.raw_path.decode() for request in self.sent]

    def job(self) -> Any:
        """A handle that was looked at once."""
        return self.client.job("a", "text_to_video").refresh()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return httpx.Response(self._status, json=answer)


def said(data: Any, code: int = 0) -> dict[str, Any]:
    """Return the envelope around *data*."""
    return {"code": code, "message": "SUCCEED", "request_id": "r-1", "data": data}


def task(word: Any = "submitted", **fields: Any) -> dict[str, Any]:
    """Return a task whose state is *word*."""
    return {"task_id": "a", "task_status": word, "task_status_msg": "", "task_info": {}, **fields}


def made(*addresses: str) -> dict[str, Any]:
    """Return a task's result."""
    return {"videos": [{"id": "1", "url": address, "duration": "5"} for address in addresses]}


@proves("cloudsway:create.answer", "cloudsway:routes.kind", side="client")
@given(name=strategies.texts(least=1, most=40).filter(lambda text: bool(text.strip(". "))))
def test_the_client_hands_an_id_through_as_it_is(name: str) -> None:
    """Whatever a task is called, the job has that id, asks by it as one segment of the path, and resumes by it."""
    scripted = ScriptedClient(said(task(task_id=name)))
    job = scripted.client.text_to_video("A fox").refresh()
    assert job.id == name
    scripted.client.job_from_token(job.to_token()).refresh()
    base = "/v1/ai/RWabc/kling/videos/text2video"
    assert {path.rpartition("/")[0] for path in scripted.paths[1:]} == {base}
    assert len(set(scripted.paths[1:])) == 1


@proves("cloudsway:create.answer", "cloudsway:envelope", side="client")
@pytest.mark.parametrize("data", [None, {}, {"task_id": ""}, {"task_id": 5}, []])
def test_a_creation_without_an_id_is_no_job(data: Any) -> None:
    """An answer without data.task_id is malformed: its outcome is unknown, and it is not sent again."""
    scripted = ScriptedClient(said(data))
    with pytest.raises(errors.SubmitOutcomeUnknown):
        scripted.client.text_to_video("A fox")
    assert len(scripted.sent) == 1


@proves("cloudsway:envelope", side="client")
@pytest.mark.parametrize("status", [200, 201, 400, 429, 500, 503])
def test_the_code_decides_and_not_the_http_status(status: int) -> None:
    """Code 0 is a success and 1203 is none, whatever HTTP status they come with; the request's id is kept."""
    assert ScriptedClient(said(task("processing")), status=status).job().state is JobState.RUNNING
    with pytest.raises(errors.NotFoundError) as refused:
        ScriptedClient({"code": 1203, "message": "no such task", "request_id": "r-7"}, status=status).job()
    assert (refused.value.code, refused.value.request_id, refused.value.status) == (1203, "r-7", status)
    assert "no such task" in str(refused.value)


@proves("cloudsway:errors.table", "cloudsway:errors.retryable", side="client")
@pytest.mark.parametrize(
    ("status", "code"), [(200, 1999), (400, 1299), (429, 1305), (500, 5999), (200, 5000), (504, 5002)]
)
def test_a_code_that_says_nothing_certain_is_an_unknown_outcome(status: int, code: int) -> None:
    """5000, 5002 and what no document knows may have started a job: it can be looked for, and is not sent again."""
    scripted = ScriptedClient({"code": code, "message": "?", "request_id": "r"}, status=status)
    with pytest.raises(errors.SubmitOutcomeUnknown) as unknown:
        scripted.client.text_to_video("A fox")
    assert unknown.value.external_id == json.loads(scripted.sent[0].content)["external_task_id"]
    assert len(scripted.sent) == 1


@proves("cloudsway:errors.retryable", side="client")
@pytest.mark.parametrize("code", [5000, 5001, 5002, 1302, 1303])
def test_a_read_outlives_trouble_that_passes(code: int) -> None:
    """A wait goes on after any code that may be tried later."""
    trouble = {"code": code, "message": "later", "request_id": "r"}
    scripted = ScriptedClient(trouble, trouble, said(task("succeed", task_result=made(ADDRESS))))
    assert scripted.client.job("a", "text_to_video").wait().state is JobState.SUCCEEDED


@proves("cloudsway:errors.retryable", side="client")
@pytest.mark.parametrize("code", [1100, 1101, 1102, 1304, 1203, 1000])
def test_a_read_does_not_outlive_trouble_that_stays(code: int) -> None:
    """A wait ends at once with what will not pass, and keeps the job."""
    scripted = ScriptedClient({"code": code, "message": "no", "request_id": "r"}, status=429)
    job = scripted.client.job("a", "text_to_video")
    with pytest.raises(errors.ApiError) as refused:
        job.wait()
    assert (len(scripted.sent), refused.value.token) == (1, job.to_token())


@proves("cloudsway:status.values", "cloudsway:get.answer", side="client")
@pytest.mark.parametrize(("word", "state"), WORDS.items())
def test_the_client_reads_every_word(word: str, state: JobState) -> None:
    """Each documented word is the state that it stands for, and what failed says why in the service's words."""
    result = {"task_result": made(ADDRESS)} if word == "succeed" else {}
    job = ScriptedClient(said(task(word, task_status_msg="the lens is dirty", **result))).job()
    assert (job.state, job.state_raw) == (state, word)
    assert (job.error is not None) == (state is JobState.FAILED)
    assert job.error is None or "the lens is dirty" in str(job.error)


@proves("cloudsway:status.values", side="client")
def test_an_undocumented_word_is_waited_out() -> None:
    """A word that no document knows, 'succeeded' among them, is no end: the client asks until there is one."""
    answers = [said(task(word)) for word in ("queued", "succeeded", None, 5, "failed")]
    scripted = ScriptedClient(*answers)
    assert (scripted.client.job("a", "text_to_video").wait().state, len(scripted.sent)) == (JobState.FAILED, 5)


@proves("cloudsway:status.values", side="client")
@pytest.mark.parametrize(("late", "state"), list(WORDS.items())[1:])
def test_a_stale_answer_takes_nothing_back(late: str, state: JobState) -> None:
    """A job that was seen further on stays there, whatever an older answer says afterwards."""
    scripted = ScriptedClient(said(task(late, task_result=made(ADDRESS))), said(task("submitted")))
    assert scripted.job().refresh().state is state


@proves("cloudsway:get.answer", side="client")
@pytest.mark.parametrize(
    "reason", ["Failure to pass the risk control system", "content policy violated", "Content safety"]
)
def test_what_the_policy_stopped_is_content_filtered(reason: str) -> None:
    """A failure whose message names the content policy is ContentFiltered; any other is JobFailed."""
    with pytest.raises(errors.ContentFiltered):
        ScriptedClient(said(task("failed", task_status_msg=reason))).job().result()
    with pytest.raises(errors.JobFailed):
        ScriptedClient(said(task("failed", task_status_msg="too dark"))).job().result()


@proves("cloudsway:get.answer", "cloudsway:get.before_success", side="client")
@given(addresses=st.lists(st.just(ADDRESS) | st.just("https://results.test/1.mp4"), min_size=1, max_size=3))
def test_the_client_reads_every_video(addresses: list[str]) -> None:
    """Every video's address is an output, in order; before success nothing is one, whatever the answer holds."""
    job = ScriptedClient(said(task("succeed", task_result=made(*addresses)))).job()
    assert [(output.url, output.kind) for output in job.outputs] == [(address, "video") for address in addresses]
    assert ScriptedClient(said(task("processing", task_result=made(*addresses)))).job().outputs == []


@proves("cloudsway:get.answer", side="client")
@pytest.mark.parametrize(
    "result", [None, {}, {"videos": []}, {"videos": [{}]}, {"videos": [{"url": ""}]}, {"videos": "x"}, []]
)
def test_a_success_without_a_result_is_a_failure(result: Any) -> None:
    """'succeed' with nothing to fetch is NoOutput: nobody is told that it went well."""
    job = ScriptedClient(said(task("succeed", task_result=result))).job()
    assert job.state is JobState.FAILED
    with pytest.raises(errors.NoOutput):
        job.result()


@proves("cloudsway:routes.list", side="client")
@pytest.mark.parametrize("data", [None, {}, {"task_list": []}, "x"])
def test_a_list_that_is_none_is_unreadable(data: Any) -> None:
    """A list is a bare array; anything else is no list of jobs."""
    with pytest.raises(errors.UnreadableAnswerError):
        ScriptedClient(said(data)).client.list_jobs("text_to_video")


@proves("cloudsway:callback", side="client")
@pytest.mark.parametrize("shape", ["flat", "envelope"])
@pytest.mark.parametrize("form", ["text", "bytes", "object"])
def test_callbacks_are_read_in_both_shapes(shape: str, form: str) -> None:
    """Flat or in the envelope, as text, bytes or parsed: the same job, which can be looked at under its kind."""
    flat = task("succeed", task_result=made(ADDRESS))
    body: Any = flat if shape == "flat" else said(flat)
    if form != "object":
        body = json.dumps(body) if form == "text" else json.dumps(body).encode()
    scripted = ScriptedClient({"code": 1203, "message": "none", "request_id": "r"}, said(flat))
    job = scripted.client.job_from_callback(body)
    assert (job.id, job.state, [output.url for output in job.outputs]) == ("a", JobState.SUCCEEDED, [ADDRESS])
    assert scripted.sent == []
    job.refresh()
    assert [path.split("/")[-2] for path in scripted.paths] == ["text2video", "image2video"]


@proves("cloudsway:callback", side="client")
@pytest.mark.parametrize("body", ["", "x", "[]", "{}", b"\xff", None, {"task_id": 5}, {"code": 0, "data": {}}])
def test_what_is_no_callback_is_no_job(body: Any) -> None:
    """A body without a task_id is refused by name."""
    with pytest.raises(errors.InvalidArgument, match="body"):
        ScriptedClient(said(task())).client.job_from_callback(body)
