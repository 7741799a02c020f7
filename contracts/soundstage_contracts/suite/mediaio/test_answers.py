"""The contracts of how the client reads what Media.io answers, in every documented shape, whoever answers."""

from __future__ import annotations

import json
from typing import Any, Final

import httpx
import pytest
from hypothesis import given

from soundstage import JobState, MediaIO, SkippingClock, errors
from soundstage_contracts import proves, strategies
from soundstage_contracts.vendors.mediaio import STATUS_WORDS

TRACE: Final = "6f1ed002ab5595859014ebf0951522d9"
URLS: Final = ["https://results.test/0.mp4?Signature=x", "https://results.test/1.mp4?Signature=y"]
SHAPES: Final[dict[str, Any]] = {
    "array": [{"val": f"aigc/{n}.mp4", "preview": url, "status": "completed"} for n, url in enumerate(URLS)],
    "object": {"val": "aigc/0.mp4", "preview": URLS},
    "object of unknown names": {"videos": URLS, "count": 2, "model": "v1", "note": None},
    "object of objects": {"first": {"preview": URLS[0]}, "second": {"url": URLS[1]}},
    "bare list": URLS,
    "list of lists": [URLS[:1], URLS[1:]],
    "repeated": [*URLS, *URLS],
}


class ScriptedClient:
    """A client and the requests it sent, to which nothing but *answers* is ever said, the last one again and again."""

    def __init__(self, *answers: Any) -> None:
        self.sent: list[httpx.Request] = []
        self._answers = list(answers)
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.client = MediaIO("key", base_url="https://api.test", http=http, clock=SkippingClock())

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return httpx.Response(200, json=self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])


def said(data: Any, code: int = 0, msg: str = "") -> dict[str, Any]:
    """Return an envelope."""
    return {"code": code, "msg": msg, "data": data, "trace_id": TRACE}


def polled(status: Any, **fields: Any) -> dict[str, Any]:
    """Return what the API says of a task that is at *status*."""
    return said({"task_id": "a", "status": status, **fields})


@proves("mediaio:ids", "mediaio:create.answer", "mediaio:result.route", side="client")
@proves("mediaio:endpoint.generation-result.task_id", side="client")
@given(task=strategies.texts(least=1, most=80).filter(str.strip))
def test_the_client_hands_an_id_through_as_it_is(task: str) -> None:
    """Whatever the API calls a task, the job has that id, and asks by it, one segment of the path, again and again."""
    scripted = ScriptedClient(said({"task_id": task}), polled("processing"))
    job = scripted.client.imagen_4("A fox").refresh()
    assert job.id == task
    scripted.client.job_from_token(job.to_token()).refresh()
    for request in scripted.sent[1:]:
        path = request.url.raw_path.decode()
        assert path.count("/") == 3
        assert httpx.URL(f"https://api.test/{path.rpartition('/')[2]}").path == f"/{task}"


@proves("mediaio:create.answer", side="client")
@pytest.mark.parametrize("data", [None, {}, {"task_id": ""}, {"task_id": 5}, []])
def test_a_creation_without_an_id_is_no_job(data: Any) -> None:
    """An answer without data.task_id is malformed: its outcome is unknown, and it is not sent again."""
    scripted = ScriptedClient(said(data))
    with pytest.raises(errors.SubmitOutcomeUnknown):
        scripted.client.imagen_4("A fox")
    assert len(scripted.sent) == 1


@proves("mediaio:status.vocabulary", "mediaio:result.shape", side="client")
@pytest.mark.parametrize(("status", "state"), STATUS_WORDS.items())
def test_the_client_reads_both_vocabularies(status: str, state: JobState) -> None:
    """Each documented word is the state that it stands for, and what failed says why in the API's words."""
    fields = {"result": SHAPES["array"]} if state is JobState.SUCCEEDED else {"reason": "the lens is dirty"}
    job = ScriptedClient(polled(status, **fields)).client.job("a").refresh()
    assert (job.state, job.state_raw) == (state, status)
    assert (job.error is not None) == (state.final and state is not JobState.SUCCEEDED)
    assert job.error is None or "the lens is dirty" in str(job.error)


@proves("mediaio:status.vocabulary", side="client")
def test_an_undocumented_status_is_waited_out() -> None:
    """A word that no document knows is no end: the client goes on asking until there is one, a timeout among them."""
    scripted = ScriptedClient(polled("waiting"), polled("queued"), polled(""), polled("timeout"))
    job = scripted.client.job("a").wait()
    assert (job.state, len(scripted.sent)) == (JobState.EXPIRED, 4)


@proves("mediaio:result.shape", side="client")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("status", ["completed", "succeeded"])
def test_the_client_reads_every_shape_of_a_result(shape: str, status: str) -> None:
    """An array, an object and a bare list: every address is an output, once, in order; no path of the vendor's is."""
    scripted = ScriptedClient(said({"task_id": "a"}), polled(status, result=SHAPES[shape]))
    job = scripted.client.wan_2_5_text_to_video("A fox").wait()
    assert [(output.url, output.kind) for output in job.outputs] == [(url, "video") for url in URLS]


@proves("mediaio:result.shape", side="client")
@pytest.mark.parametrize(
    "result", [None, [], {}, "", [{"val": "aigc/0.mp4"}], {"preview": ""}, "aigc/0.mp4", 5, [None]]
)
def test_a_success_without_a_result_is_a_failure(result: Any) -> None:
    """Success with nothing to fetch is NoOutput: nobody is told that it went well."""
    job = ScriptedClient(polled("completed", result=result)).client.job("a").wait()
    assert job.state is JobState.FAILED
    with pytest.raises(errors.NoOutput):
        job.result()


@proves("mediaio:credits.route", side="client")
@pytest.mark.parametrize("data", [{}, None, {"credits": "12"}, {"credits": True}, {"credits": None}, []])
def test_a_balance_that_is_no_integer_is_not_made_up(data: Any) -> None:
    """An answer without data.credits is unreadable, however often it is asked for."""
    with pytest.raises(errors.UnreadableAnswerError):
        ScriptedClient(said(data)).client.credits()


@proves("mediaio:envelope", "mediaio:ids", side="client")
@pytest.mark.parametrize("code", [1, 490001, 500, -1])
def test_any_other_code_is_a_refusal_that_names_its_trace(code: int) -> None:
    """A non-zero code with empty data refuses: one request, the vendor's words and code, and the trace to ask about."""
    scripted = ScriptedClient(said({}, code, "no such luck"))
    with pytest.raises(errors.ApiError, match="no such luck") as refused:
        scripted.client.imagen_4("A fox")
    assert (refused.value.code, refused.value.request_id, refused.value.vendor) == (code, TRACE, "mediaio")
    assert len(scripted.sent) == 1


@proves("mediaio:envelope", side="client")
def test_an_answer_beside_the_envelope_leaves_the_outcome_unknown() -> None:
    """A paid call whose answer is no envelope may have started something."""
    answers: list[Any] = [[], {"task_id": "a"}, {"code": "0", "data": {"task_id": "a"}}, "OK"]
    for answer in answers:
        scripted = ScriptedClient(answer)
        with pytest.raises(errors.SubmitOutcomeUnknown):
            scripted.client.imagen_4("A fox")
        assert len(scripted.sent) == 1
        assert json.loads(scripted.sent[0].content)["data"]["prompt"] == "A fox"
