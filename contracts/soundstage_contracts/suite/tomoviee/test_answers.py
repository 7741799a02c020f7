"""The contracts of how the client reads what Tomoviee's gateway answers, whoever answers in its place."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given

from soundstage import JobState, SkippingClock, Tomoviee, errors
from soundstage_contracts import proves, strategies
from soundstage_contracts.vendors import tomoviee as vendor


class ScriptedClient:
    """A client and the requests it sent, to which nothing but *answers* is ever said, the last one again and again."""

    def __init__(self, *answers: Any) -> None:
        self.sent: list[httpx.Request] = []
        self._answers = list(answers)
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.client = Tomoviee("key", "secret", base_url="https://gateway.test", http=http, clock=SkippingClock())

    def bodies(self) -> list[Any]:
        """Return what was sent, parsed."""
        return [json.loads(request.content) for request in self.sent]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return httpx.Response(200, json=self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])


def created(task: str = "tm_text2video_b-0-1") -> dict[str, Any]:
    """Return what the gateway says of a task that it made."""
    return {"code": 0, "msg": "", "data": {"task_id": task}}


def polled(status: Any, code: int = 0, **fields: Any) -> dict[str, Any]:
    """Return what the gateway says of a task that is at *status*."""
    return {"code": code, "msg": "success", "data": {"status": status, "progress": 50, "reason": "", **fields}}


@proves("tomoviee:task.id", "tomoviee:create.answer", "tomoviee:poll.route", side="client")
@given(task=strategies.texts(least=1, most=80).filter(str.strip))
def test_the_client_hands_an_id_through_as_it_is(task: str) -> None:
    """Whatever the gateway calls a task, the job has that id, asks by it, and resumes by it from its token."""
    scripted = ScriptedClient(created(task), polled(2))
    job = scripted.client.text_to_video("A fox").refresh()
    assert job.id == task
    scripted.client.job_from_token(job.to_token()).refresh()
    assert scripted.bodies()[1:] == [{"task_id": task}] * 2


@proves("tomoviee:create.answer", side="client")
@pytest.mark.parametrize("data", [None, {}, {"task_id": ""}, {"task_id": 5}, []])
def test_a_creation_without_an_id_is_no_job(data: Any) -> None:
    """An answer without data.task_id is malformed: its outcome is unknown, and it is not sent again."""
    scripted = ScriptedClient({"code": 0, "msg": "", "data": data})
    with pytest.raises(errors.SubmitOutcomeUnknown):
        scripted.client.text_to_video("A fox")
    assert len(scripted.sent) == 1


@proves("tomoviee:status.codes", "tomoviee:poll.answer", side="client")
@pytest.mark.parametrize(("status", "state"), vendor.STATUS_WORDS.items())
def test_the_client_reads_every_status(status: int, state: JobState) -> None:
    """Each documented number is the state that it stands for, and what failed says why in the gateway's words."""
    result = json.dumps({"video_path": ["https://results.test/0.mp4"]}) if state is JobState.SUCCEEDED else ""
    job = ScriptedClient(polled(status, result=result, reason="the lens is dirty")).client.job("a").refresh()
    assert (job.state, job.state_raw, job.progress) == (state, status, 50)
    assert (job.error is not None) == (state.final and state is not JobState.SUCCEEDED)
    assert job.error is None or "the lens is dirty" in str(job.error)


@proves("tomoviee:status.codes", side="client")
def test_an_undocumented_status_is_waited_out() -> None:
    """A number that no document knows is no end: the client goes on asking until there is one."""
    scripted = ScriptedClient(polled(1), polled(7), polled(0), polled(4, reason="too dark"))
    job = scripted.client.job("a").wait()
    assert (job.state, len(scripted.sent)) == (JobState.FAILED, 4)


@proves("tomoviee:status.codes", side="client")
@pytest.mark.parametrize(("late", "state"), [(2, JobState.RUNNING), (3, JobState.SUCCEEDED), (4, JobState.FAILED)])
def test_a_stale_answer_takes_nothing_back(late: int, state: JobState) -> None:
    """A job that was seen further on stays there, whatever an older answer says afterwards."""
    result = json.dumps({"video_path": ["https://results.test/0.mp4"]})
    job = ScriptedClient(polled(late, result=result), polled(1)).client.job("a").refresh()
    assert job.refresh().state is state


@proves("tomoviee:poll.answer", side="client")
def test_data_is_read_whatever_the_code_is() -> None:
    """A non-zero code beside data is no refusal: the data says what the task is."""
    job = ScriptedClient(polled(5, code=680500, reason="stopped")).client.job("a").refresh()
    assert job.state is JobState.CANCELED


@proves("tomoviee:task.extra_fields", side="client")
@pytest.mark.parametrize("name", ["progress", "process"])
def test_progress_is_read_under_both_names(name: str) -> None:
    """The gateway may call it progress or process: the client reads either."""
    answer = {"code": 0, "msg": "success", "data": {"status": 2, name: 37}}
    assert ScriptedClient(answer).client.job("a").refresh().progress == 37


@proves("tomoviee:poll.result_is_string", "tomoviee:image.result_key", side="client")
@pytest.mark.parametrize("key", ["video_path", "images_path", "image_path", "audio_path", "mask_path"])
def test_the_client_reads_every_result_key(key: str) -> None:
    """Every address in the string's JSON is an output, in order, whichever documented key it stands under."""
    addresses = ["https://results.test/0", "https://results.test/1"]
    result = json.dumps({key: addresses, "model_version": "5", "translate_prompt": "A fox"})
    assert [output.url for output in ScriptedClient(polled(3, result=result)).client.job("a").result()] == addresses


@proves("tomoviee:poll.result_is_string", side="client")
@pytest.mark.parametrize("result", ["", "{}", "not JSON", '{"video_path": []}', None])
def test_a_success_without_a_result_is_a_failure(result: str | None) -> None:
    """Status 3 with nothing to fetch is NoOutput: nobody is told that it went well."""
    job = ScriptedClient(polled(3, result=result)).client.job("a").wait()
    assert job.state is JobState.FAILED
    with pytest.raises(errors.NoOutput):
        job.result()
