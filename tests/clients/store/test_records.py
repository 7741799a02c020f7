"""What a client records in its job store, and what it does when the store fails."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage import (
    BadRequestError,
    ConnectionFailed,
    InvalidArgument,
    JobState,
    RecordState,
    RetryPolicy,
    SkippingClock,
    SQLiteJobStore,
    StoreError,
    SubmitOutcomeUnknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clients.conftest import Kit

ONCE = RetryPolicy(attempts=1)


@dataclass
class Gateway:
    """Tomoviee's gateway: `submit` and `poll` answer one request each, with a body, a response or an error."""

    kit: Kit
    store: Any
    submit: Callable[[], Any] = field(init=False)
    poll: Callable[[], bytes] = field(init=False)
    submitted: int = 0

    def __post_init__(self) -> None:
        self.submit = lambda: self.kit.created(f"t-{self.submitted}")
        self.poll = lambda: self.kit.finished("https://cdn.example/videos/video.mp4")

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        if request.url.host == "cdn.example":
            return httpx.Response(200, content=self.kit.video)
        if request.url.path.endswith("/task"):
            return httpx.Response(200, content=self.poll())
        self.submitted += 1
        answer = self.submit()
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, content=answer)

    def client(self, **options: Any) -> Any:
        """Return a sync client of the gateway."""
        return self.kit.client(self, **{"store": self.store, "retry": ONCE, **options})

    def async_client(self, **options: Any) -> Any:
        """Return an async client of the gateway."""
        return self.kit.async_client(self, **{"store": self.store, "retry": ONCE, **options})

    def states(self) -> list[tuple[str, str | None]]:
        """Return state and job of each record."""
        return [(record.state.value, record.job_id) for record in self.store.records()]


@pytest.fixture
def gateway(kit: Kit, store_kit: Any) -> Gateway:
    """A gateway, and a store of its own."""
    return Gateway(kit, store_kit.store())


def test_intent_is_recorded_before_the_request_is_sent(gateway: Gateway) -> None:
    """The service sees a recorded request, the caller a recorded job, and the end is recorded with the poll."""
    seen: list[Any] = []

    def submit() -> bytes:
        seen.append(gateway.states())
        return gateway.kit.created("t-1")

    gateway.submit = submit
    job = gateway.client().text_to_video("A fox")
    assert (seen, gateway.states()) == ([[("sending", None)]], [("running", "t-1")])
    job.wait()
    assert gateway.states() == [("succeeded", "t-1")]


def test_saved_job_is_not_left_over(gateway: Gateway, tmp_path: Path) -> None:
    """After `save` nothing is left to do; a wait alone leaves the files to save."""
    client = gateway.client()
    job = client.text_to_video("A fox").wait()
    assert [one.job.id for one in client.recover(own=True)] == [job.id]
    job.save(tmp_path / "files")
    assert (gateway.states(), client.recover(own=True)) == ([("saved", "t-1")], [])


def test_failed_job_is_recorded_with_its_reason(gateway: Gateway) -> None:
    """A job that failed is not left over."""
    gateway.poll = lambda: gateway.kit.task(4, reason="too foxy")
    client = gateway.client()
    assert client.text_to_video("A fox").wait().state is JobState.FAILED
    (record,) = gateway.store.records()
    assert (record.state, record.reason, client.recover(own=True)) == (RecordState.FAILED, "too foxy", [])


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(400, content=b'{"code": 680400, "msg": "no"}'), BadRequestError),
        (httpx.ConnectError("refused"), ConnectionFailed),
    ],
)
def test_request_that_started_nothing_leaves_no_record(gateway: Gateway, answer: Any, error: Any) -> None:
    """A refusal, and a request that was never received, are not left over."""
    gateway.submit = lambda: answer
    with pytest.raises(error):
        gateway.client().text_to_video("A fox")
    assert gateway.states() == []


def test_unknown_outcome_is_recorded(gateway: Gateway) -> None:
    """The error names its record, which has the reason."""
    gateway.submit = lambda: httpx.ReadError("gone")
    with pytest.raises(SubmitOutcomeUnknown) as unknown:
        gateway.client().text_to_video("A fox")
    (record,) = gateway.store.records()
    assert (record.id, record.state) == (unknown.value.record_id, RecordState.UNKNOWN)
    assert "gone" in record.reason


def test_no_secret_is_stored(gateway: Gateway, store_kit: Any) -> None:
    """The file has no credential, also where a parameter or the service repeats one."""
    kit = gateway.kit
    gateway.poll = lambda: kit.task(4, reason=f"bad {kit.secret}")
    client = gateway.client()
    client.text_to_video(f"A fox {kit.key} " + "x" * 70 + kit.secret).wait()
    client.image_to_video("A fox", f"https://user:{kit.secret}@host.example/image.png?signature={kit.key}")
    gateway.submit = lambda: httpx.ReadError(f"gone with {kit.secret}")
    with pytest.raises(SubmitOutcomeUnknown):
        client.text_to_video("A fox")
    content = b"".join(path.read_bytes() for path in store_kit.path.parent.iterdir() if path.is_file())
    assert b"A fox" in content
    assert not [secret for secret in (kit.key, kit.secret, kit.secret[:12]) if secret.encode() in content]


def test_broken_store_stops_the_submission(gateway: Gateway, tmp_path: Path) -> None:
    """A store that cannot be written is an error before anything is sent."""
    broken = tmp_path / "broken.db"
    broken.write_text("no database " * 100)
    with SQLiteJobStore(broken) as store, pytest.raises(StoreError, match="damaged"):
        gateway.client(store=store).text_to_video("A fox")
    assert gateway.submitted == 0


@pytest.mark.parametrize("submit", ["created", "refused", "lost"])
def test_store_that_fails_after_the_answer_loses_nothing(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, submit: str
) -> None:
    """The job is returned, the error raised, and the failure of the store logged with the job's id."""

    def fail(*_: Any, **__: Any) -> None:
        raise StoreError("the disk is full")

    for method in ("update", "end", "remove"):
        monkeypatch.setattr(gateway.store, method, fail)
    client = gateway.client()
    if submit == "created":
        assert client.text_to_video("A fox").wait().state is JobState.SUCCEEDED
        assert "could not record job t-1: the disk is full" in caplog.text
        assert "could not record the end of job t-1" in caplog.text
        return
    error = httpx.ReadError("gone") if submit == "lost" else httpx.ConnectError("refused")
    gateway.submit = lambda: error
    with pytest.raises(SubmitOutcomeUnknown if submit == "lost" else ConnectionFailed):
        client.text_to_video("A fox")
    assert "the disk is full" in caplog.text


def test_interrupted_submission_can_be_recovered_at_once(gateway: Gateway) -> None:
    """Ctrl-C while the response is awaited leaves an unknown outcome that this process can claim, too."""
    gateway.submit = KeyboardInterrupt
    client = gateway.client()
    with pytest.raises(KeyboardInterrupt):
        client.text_to_video("A fox")
    (left,) = client.recover()
    assert (left.record.state, left.unknown.reason) == (RecordState.UNKNOWN, "the call was interrupted")


def test_canceled_task_does_not_lose_its_job(gateway: Gateway) -> None:
    """A task that is canceled after the answer, while the job is being recorded, leaves the job to recover."""
    update, recording = gateway.store.update, threading.Event()
    canceled = threading.Event()

    def slow(*arguments: Any, **options: Any) -> None:
        recording.set()
        canceled.wait()
        update(*arguments, **options)

    async def main() -> None:
        gateway.store.update = slow
        client = gateway.async_client()
        task = asyncio.create_task(client.text_to_video("A fox"))
        await asyncio.to_thread(recording.wait)
        task.cancel()
        canceled.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        gateway.store.update = update
        (left,) = await client.recover()
        assert left.job.id == "t-1"

    asyncio.run(main())


def test_canceled_task_that_sent_nothing_leaves_no_record(gateway: Gateway) -> None:
    """A task that is canceled while the intent is being recorded has started nothing."""
    add, recording, canceled = gateway.store.add, threading.Event(), threading.Event()

    def slow(*arguments: Any) -> Any:
        recording.set()
        canceled.wait()
        return add(*arguments)

    async def main() -> None:
        gateway.store.add = slow
        task = asyncio.create_task(gateway.async_client().text_to_video("A fox"))
        await asyncio.to_thread(recording.wait)
        task.cancel()
        canceled.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert (gateway.states(), gateway.submitted) == ([], 0)


def test_store_does_not_block_the_event_loop(gateway: Gateway) -> None:
    """An async client calls its store in other threads only."""
    threads = set()
    for name in ("add", "update", "end", "claim", "remove"):
        method = getattr(gateway.store, name)

        def call(*arguments: Any, method: Any = method, **options: Any) -> Any:
            threads.add(threading.current_thread())
            return method(*arguments, **options)

        setattr(gateway.store, name, call)

    async def main() -> None:
        client = gateway.async_client()
        await (await client.text_to_video("A fox")).wait()
        (left,) = await client.recover(own=True)
        await client.forget(left.record.id)

    asyncio.run(main())
    assert gateway.states() == []
    assert threads
    assert threading.main_thread() not in threads


def test_equal_request_returns_the_existing_job(gateway: Gateway) -> None:
    """With `reuse` an equal call is not paid again, by another client or kind of client either; a different one is."""
    job = gateway.client().text_to_video("A fox")
    again = gateway.client(reuse=60).text_to_video("A fox")
    assert (again.id, again.operation, gateway.submitted) == (job.id, "text_to_video", 1)
    assert asyncio.run(gateway.async_client(reuse=60).text_to_video("A fox")).id == job.id
    assert again.wait().state is JobState.SUCCEEDED
    assert gateway.client(reuse=60).text_to_video("A fox").id == job.id
    assert gateway.client(reuse=60).text_to_video("A wolf").id == "t-2"
    assert gateway.client().text_to_video("A fox").id == "t-3"
    assert gateway.client(reuse=1e-9).text_to_video("A fox").id == "t-4"


def test_failed_job_is_not_reused(gateway: Gateway) -> None:
    """A job that gave nothing does not prevent another."""
    gateway.poll = lambda: gateway.kit.task(4)
    client = gateway.client(reuse=60)
    client.text_to_video("A fox").wait()
    assert client.text_to_video("A fox").id == "t-2"


def test_unknown_outcome_is_not_paid_again_by_reuse(gateway: Gateway) -> None:
    """An equal request whose outcome is unknown is reported again, and nothing is sent."""
    gateway.submit = lambda: httpx.ReadError("gone")
    client = gateway.client(reuse=60)
    for _ in range(2):
        with pytest.raises(SubmitOutcomeUnknown):
            client.text_to_video("A fox")
    (record,) = gateway.store.records()
    clock = SkippingClock()
    with pytest.raises(SubmitOutcomeUnknown, match="nothing was sent now") as unknown:
        gateway.client(reuse=60, clock=clock).text_to_video("A fox")
    assert (unknown.value.record_id, gateway.submitted, clock.now()) == (record.id, 1, 0.0)


def test_reuse_waits_for_a_request_that_is_being_sent(gateway: Gateway) -> None:
    """Of two equal calls at once, the second gets the job of the first."""

    def submit() -> bytes:
        with pytest.raises(SubmitOutcomeUnknown, match="equal request"):  # its clock skips the wait
            client.text_to_video("A fox")
        return gateway.kit.created("t-1")

    gateway.submit = submit
    client = gateway.client(reuse=60)
    client.text_to_video("A fox")
    assert (client.text_to_video("A fox").id, gateway.submitted) == ("t-1", 1)


@pytest.mark.parametrize("options", [{"reuse": 60}, {"store": "jobs.db"}])
def test_option_that_cannot_work_is_refused(kit: Kit, options: Any) -> None:
    """`reuse` needs a store, and a path is no store."""
    with pytest.raises(InvalidArgument, match=f"{next(iter(options))}="):
        kit.client(lambda _: httpx.Response(200), **options)


@pytest.mark.parametrize("reuse", [0, -1, float("nan"), float("inf"), True, "60"])
def test_time_of_reuse_is_checked(gateway: Gateway, reuse: Any) -> None:
    """It is a time above 0."""
    with pytest.raises(InvalidArgument, match="reuse="):
        gateway.client(reuse=reuse)
