"""Recovery: which jobs and unknown outcomes a client gets, and what can be done about each."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import (
    AsyncCloudsway,
    AsyncInfrai,
    Cloudsway,
    GMICloud,
    Infrai,
    InvalidArgument,
    JobRecord,
    RecordState,
    RecoveryAction,
    RetryPolicy,
    SkippingClock,
    SubmitOutcomeUnknown,
    UnsupportedError,
)
from soundstage._protocol.credentials import account_label
from soundstage._protocol.job_records import SubmissionRecord
from soundstage._protocol.request_summary import match_hash, summary
from soundstage._values.messages import Request
from soundstage._values.names import GeneratedName
from soundstage._values.state import JobRef, JobState, Snapshot, StartedJob

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.conftest import Kit

BASE = "https://service.example"
KEY = "a-key-0123456789"


def options(handler: Callable[[httpx.Request], httpx.Response], **more: Any) -> dict[str, Any]:
    """Return the options of a sync client."""
    http = httpx.Client(transport=httpx.MockTransport(handler))
    retry = RetryPolicy(attempts=1)
    return {"base_url": BASE, "http": http, "clock": SkippingClock(), "retry": retry, **more}


def lose(request: httpx.Request) -> httpx.Response:
    """Accept a request and lose the response."""
    raise httpx.ReadError("gone", request=request)


def test_each_record_has_what_can_be_done(store_kit: Any) -> None:
    """A job is resumed, a named one resolved, a keyed one called again; else the vendor is asked."""
    ended = store_kit.store()
    client = Infrai(KEY, **options(lose, store=ended))
    origin = records_of(client).origin
    for fields in ({"job_id": "job"}, {"idempotency_key": "key"}, {"external_id": "name"}, {}):
        ended.add(store_kit.record(origin=origin, **fields))
    ended.close()
    found: list[Any] = Infrai(KEY, **options(lose, store=store_kit.store())).recover()
    assert [one.action.value for one in found] == ["resume", "call_again", "ask_vendor", "ask_vendor"]
    assert found[0].job.id == "job"
    assert [one.unknown.idempotency_key for one in found[1:]] == ["key", None, None]
    assert "idempotency_key='key'" in found[1].advice
    assert "1970-01-01" in found[2].advice


def test_call_with_the_same_key_ends_the_unknown_outcome(store_kit: Any) -> None:
    """The advice of Infrai: call again with the key that the client made up; one record remains, with the job."""
    store = store_kit.store()
    with pytest.raises(SubmitOutcomeUnknown):
        Infrai(KEY, **options(lose, store=store)).generate("A fox")
    store.close()
    sent: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content)["idempotency_key"])
        return httpx.Response(200, json={"ok": True, "data": {"id": "job-1", "status": "queued"}})

    client = Infrai(KEY, **options(answer, store=store_kit.store()))
    left: Any
    (left,) = client.recover()
    assert left.action is RecoveryAction.CALL_AGAIN
    job = client.generate("A fox", idempotency_key=left.unknown.idempotency_key)
    assert sent == [left.record.idempotency_key]
    assert [(record.job_id, record.state) for record in store.records()] == [(job.id, RecordState.RUNNING)]


class Kling:
    """Cloudsway's gateway, which loses the response to a creation and knows jobs by the caller's own name."""

    def __init__(self, *, creates: bool, late: int = 0) -> None:
        self.creates = creates
        self.late = late
        self.lookups = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        if request.method == "POST":
            return lose(request)
        self.lookups += 1
        if not self.creates or self.lookups <= self.late:
            return httpx.Response(404, json={"code": 1203, "message": "no such task", "request_id": "r"})
        name = request.url.path.rpartition("/")[2]
        task = {"task_id": "job-1", "task_status": "submitted", "task_info": {"external_task_id": name}}
        return httpx.Response(200, json={"code": 0, "message": "", "request_id": "r", "data": task})

    def client(self, store: Any) -> Cloudsway:
        """Return a client of the gateway."""
        return Cloudsway(KEY, "endpoint", **options(self, store=store))


@pytest.mark.parametrize("creates", [True, False])
def test_resolved_outcome_is_recorded(store_kit: Any, *, creates: bool) -> None:
    """A job that is found replaces the unknown outcome; where there is provably none the record goes."""
    store = store_kit.store()
    gateway = Kling(creates=creates)
    with pytest.raises(SubmitOutcomeUnknown):
        gateway.client(store).text_to_video("A fox")
    store.close()
    left: Any
    (left,) = gateway.client(store_kit.store()).recover()
    assert left.action is RecoveryAction.RESOLVE
    job = left.unknown.resolve()
    assert [record.job_id for record in store.records()] == (["job-1"] if creates else [])
    assert (job is not None) == creates


def test_request_of_a_moment_ago_is_looked_up_again(store_kit: Any) -> None:
    """The service may still read the request of a process that was killed a moment ago: one look proves nothing."""
    store = store_kit.store()
    gateway = Kling(creates=True, late=1)
    client = gateway.client(store)
    request = Request("POST", f"{BASE}/x", json={"prompt": "A fox"})
    record = carry_out(SubmissionRecord.of(records_of(client), request, "text_to_video", None, "name"))
    assert carry_out(record.open()) is None
    store.close()
    left: Any
    (left,) = client.recover()
    assert (left.record.state, left.unknown.resolve().id, gateway.lookups) == (RecordState.SENDING, "job-1", 2)


def test_interrupted_call_writes_nothing_afterwards(store_kit: Any) -> None:
    """A write that starts after its call was interrupted takes the record back from no process."""
    store = store_kit.store()
    client = Kling(creates=True).client(store)
    request = Request("POST", f"{BASE}/x", json={"prompt": "A fox"})
    record = carry_out(SubmissionRecord.of(records_of(client), request, "text_to_video", None, "name"))
    carry_out(record.open())
    record.abandoned()
    left: Any
    (left,) = client.recover()
    client.forget(left.record.id)
    carry_out(record.started(StartedJob(JobRef("job"), Snapshot(JobState.RUNNING))))
    assert store.records() == []


def carry_out(flow: Any) -> Any:
    """Return the value of a flow that only runs functions."""
    value = None
    while True:
        try:
            value = flow.send(value).call()
        except StopIteration as end:
            return end.value


def records_of(client: Any) -> Any:
    """Return the store of a client, with the account."""
    return client._service.records


def test_another_account_gets_nothing(store_kit: Any) -> None:
    """A client with other credentials could not poll the jobs; one with the same gets them."""
    store = store_kit.store()
    with pytest.raises(SubmitOutcomeUnknown):
        Infrai(KEY, **options(lose, store=store)).generate("A fox")
    store.close()
    assert Infrai("another-key-0123", **options(lose, store=store_kit.store())).recover() == []
    assert len(Infrai(KEY, **options(lose, store=store_kit.store())).recover()) == 1


def test_account_of_a_login_is_its_address(store_kit: Any) -> None:
    """A changed password is still the same account."""
    shared = options(lose, store=store_kit.store())
    clients = [GMICloud("a@example.com", password, **shared) for password in ("one-0123", "two-0123")]
    assert len({records_of(client).origin for client in clients}) == 1


def test_account_label_is_short() -> None:
    """A label differs between accounts, and is too short to confirm a guessed password."""
    labels = {account_label([f"key-{number}"]) for number in range(20)}
    assert len(labels) == 20
    assert {len(label) for label in labels} == {6}


def test_client_without_a_store_has_nothing_to_recover(kit: Kit) -> None:
    """The error states what to do."""
    client = kit.client(lose)
    for call in (client.recover, lambda: client.forget("record")):
        with pytest.raises(UnsupportedError, match="store=SQLiteJobStore"):
            call()


def test_async_client_recovers_alike(store_kit: Any) -> None:
    """`await client.recover()` gives handles whose methods are coroutines."""
    ended = store_kit.store()
    origin = records_of(Infrai(KEY, **options(lose, store=ended))).origin
    ended.add(store_kit.record(origin=origin, job_id="job"))
    ended.add(store_kit.record(origin=origin, idempotency_key="key"))
    ended.close()

    async def main() -> None:
        shared = options(lose, store=store_kit.store())
        shared["http"] = httpx.AsyncClient(transport=httpx.MockTransport(lose))
        async with AsyncInfrai(KEY, **shared) as client:
            resumed: Any
            unknown: Any
            resumed, unknown = await client.recover()
            assert (type(resumed.job).__name__, unknown.unknown.idempotency_key) == ("AsyncJob", "key")
            with pytest.raises(UnsupportedError):
                await unknown.unknown.resolve()

    asyncio.run(main())


def test_async_client_resolves_alike(store_kit: Any) -> None:
    """`await unknown.resolve()` finds the job, and records it."""
    store = store_kit.store()
    gateway = Kling(creates=True)
    with pytest.raises(SubmitOutcomeUnknown):
        gateway.client(store).text_to_video("A fox")

    async def main() -> str:
        shared = options(gateway, store=store)
        shared["http"] = httpx.AsyncClient(transport=httpx.MockTransport(gateway))
        async with AsyncCloudsway(KEY, "endpoint", **shared) as client:
            left: Any
            (left,) = await client.recover(own=True)
            job: Any = await client.resolve(left.unknown)
            return str((await job.settle()).id)

    assert asyncio.run(main()) == "job-1"
    assert [record.state for record in store.records()] == [RecordState.SAVED]


def test_error_of_another_service_is_refused(store_kit: Any) -> None:
    """`resolve` takes errors of its own service only."""
    with pytest.raises(InvalidArgument, match="unknown="):
        Kling(creates=True).client(store_kit.store()).resolve(SubmitOutcomeUnknown("lost", vendor="infrai"))


def test_made_up_names_do_not_make_requests_different() -> None:
    """Equal calls match whatever key the client made up; keys and names of the caller count."""

    def hashed(key: str) -> str:
        return match_hash(Request("POST", BASE, json={"prompt": "A fox", "key": key, "list": [1]}), key, None)

    assert hashed(GeneratedName.new()) == hashed(GeneratedName.new())
    assert hashed("order 1") != hashed("order 2")
    assert hashed("order 1") == hashed("order 1")


@given(
    body=st.recursive(
        st.none() | st.integers() | st.text(),
        lambda part: st.lists(part) | st.dictionaries(st.text(), part),
        max_leaves=5,
    )
)
def test_summary_is_short_and_masked(body: Any) -> None:
    """Whatever a request contains, its summary is one short text without the secret."""
    text = summary(
        {"a": body, "b": "x" * 1000 + KEY, "c": f"data:image/png;base64,{KEY}"}, lambda one: one.replace(KEY, "***")
    )
    assert len(text) <= 601
    assert KEY not in text
    assert "\n" not in text


def test_record_is_a_plain_value(store_kit: Any) -> None:
    """A record can be compared and copied with changes."""
    record: JobRecord = store_kit.record()
    assert record.changed(job_id="job") != record
    assert record.changed(job_id="job").changed(job_id=None) == record
