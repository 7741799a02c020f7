"""Contracts about lists, deletion and cancellation, where one call of Ark has several meanings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstage import JobState, errors
from soundstage_ark.contract import CONTRACT, GENERATE, INVALID, MODEL, NOT_FOUND, ArkRaw, tokens
from soundstage_contracts.vendor_kit import ScriptedClient, data_of, proves

if TYPE_CHECKING:
    from soundstage_contracts.vendor_kit import Target


@pytest.fixture
def raw(target: Target) -> ArkRaw:
    """Return the raw client of a new account."""
    return ArkRaw(target)


@proves("ark:list.route", "ark:list.order", side="server")
def test_list_is_filtered_and_paged(raw: ArkRaw) -> None:
    """Filters by status, model, tier and ids select tasks; total counts them, and the newest is first."""
    members = [{"model": "a"}, {"model": "b"}, {"model": "b", "service_tier": "flex"}]
    jobs = [raw.start_job(GENERATE, {**GENERATE.required, **body}) for body in members]

    def listed(query: str) -> tuple[int, list[str]]:
        data = data_of(raw.ask("GET", f"?{query}"))
        return data["total"], [task["id"] for task in data["items"]]

    assert listed("") == (3, jobs[::-1])
    assert listed("page_num=2&page_size=2") == (3, jobs[:1])
    assert listed("filter.model=b&page_size=1") == (2, jobs[2:])
    assert listed("filter.service_tier=flex") == (1, jobs[2:])
    assert listed(f"filter.task_ids={jobs[0]}&filter.task_ids={jobs[1]}&filter.task_ids=x") == (2, jobs[1::-1])
    assert listed("filter.status=succeeded") == (0, [])
    raw.advance(raw.longest)
    assert listed("filter.status=succeeded&page_size=500") == (3, jobs[::-1])
    for broken in ("page_num=0", "page_size=501", "page_size=x"):
        assert broken.partition("=")[0] in raw.check_refused(raw.ask("GET", f"?{broken}"), INVALID)


@proves("ark:list.route", "ark:list.order", side="client")
def test_client_lists_tasks(target: Target, raw: ArkRaw) -> None:
    """list_jobs sends the documented query, and returns the tasks of a page with their states."""
    jobs = [raw.start_job(GENERATE) for _ in range(3)]
    found = target.client(CONTRACT, raw.account).list_jobs("generate", page=1, page_size=2)
    assert [(job.id, job.state) for job in found] == [(name, JobState.QUEUED) for name in jobs[:0:-1]]
    scripted = ScriptedClient(CONTRACT, {"total": 0, "items": []})
    assert scripted.client.list_jobs("generate", page=3, page_size=7) == []
    assert scripted.sent[0].url.query == b"page_num=3&page_size=7"
    with pytest.raises(errors.InvalidArgument, match="page_size"):
        scripted.client.list_jobs("generate", page_size=501)


@proves("ark:delete.route", "ark:delete.states", side="server")
def test_delete_depends_on_the_state(raw: ArkRaw) -> None:
    """A queued task is canceled, a running or canceled one refused, a finished one gone; what was made stays paid."""
    queued, running, done = (raw.start_job(GENERATE) for _ in range(3))
    assert data_of(raw.ask("DELETE", f"/{queued}")) == {}
    assert raw.read_job(queued, GENERATE).word == "cancelled"
    raw.advance(12)
    for word, job in {"cancelled": queued, "running": running}.items():
        assert word in raw.check_refused(raw.ask("DELETE", f"/{job}"), INVALID)
    assert raw.finish_job(done, GENERATE).word == "succeeded"
    assert data_of(raw.ask("DELETE", f"/{done}")) == {}
    raw.check_refused(raw.ask("GET", f"/{done}"), NOT_FOUND)
    assert done not in [task["id"] for task in data_of(raw.ask("GET"))["items"]]
    assert raw.money().spent == tokens({}) * 2


@proves("ark:delete.route", side="client")
def test_client_deletes_a_task(target: Target, raw: ArkRaw) -> None:
    """delete_task removes a finished task, and raises what the service refuses."""
    job = raw.start_job(GENERATE)
    raw.finish_job(job, GENERATE)
    client = target.client(CONTRACT, raw.account)
    client.delete_task(job)
    with pytest.raises(errors.NotFoundError):
        client.delete_task(job)


@proves("ark:delete.route", "ark:cancel.safe", side="client")
def test_cancel_ends_a_queued_task(target: Target, raw: ArkRaw) -> None:
    """A queued job is canceled, and costs nothing."""
    job = target.client(CONTRACT, raw.account).generate("A fox", model=MODEL)
    assert job.cancel().state is JobState.CANCELED
    assert raw.money().available == raw.money().granted


@proves("ark:cancel.safe", side="client")
@pytest.mark.parametrize("word", ["succeeded", "failed", "expired", "cancelled", "running"])
def test_cancel_never_deletes(word: str) -> None:
    """A job that is not queued gets no DELETE: a finished one is returned, and for a running one the client refuses."""
    task = {"id": "a", "status": word, "content": {"video_url": "https://results.test/0.mp4"}}
    client = ScriptedClient(CONTRACT, task)
    job = client.client.job("a")
    if word == "running":
        with pytest.raises(errors.UnsupportedError, match="queued tasks only"):
            job.cancel()
    else:
        assert job.cancel().state.final
    assert [request.method for request in client.sent] == ["GET"]


@proves("ark:cancel.safe", side="client")
def test_cancel_is_sent_once() -> None:
    """A DELETE without a clear response is not repeated: it could meet a task that has ended."""
    refused = {"error": {"code": "InternalServiceError", "message": "later"}}
    client = ScriptedClient(CONTRACT, {"id": "a", "status": "queued"}, (500, refused))
    with pytest.raises(errors.ServerError) as error:
        client.client.job("a").cancel()
    assert error.value.token
    assert [request.method for request in client.sent] == ["GET", "DELETE"]
