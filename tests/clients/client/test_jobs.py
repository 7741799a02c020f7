"""Job handles of the sync client: state, waits, tokens, files."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import math
import pickle
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import pytest

from soundstage import (
    ConnectionFailed,
    InvalidArgument,
    JobState,
    NotFoundError,
    PollPolicy,
    SkippingClock,
    Snapshot,
    TokenError,
    UnsupportedError,
    WaitTimeout,
    errors,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from soundstage._protocol.service import Service
    from soundstage._values.messages import Flow
    from soundstage._values.state import JobRef
    from tests.clients.conftest import Kit

pytestmark = pytest.mark.usefixtures("_each_http_library")

T = TypeVar("T")

URL = "https://cdn.example/video.mp4?Signature=planted"


def gateway(kit: Kit, *polls: bytes | httpx.Response | Exception) -> Callable[[httpx.Request], httpx.Response]:
    """Answer create calls, then polls in this order (the last one repeatedly), and every download."""
    responses = list(polls)

    def handler(request: httpx.Request) -> httpx.Response:
        if "/application/" in request.url.path:
            return httpx.Response(200, content=kit.created("t-1"))
        if request.url.path.endswith("/pub/task"):
            answer = responses.pop(0) if len(responses) > 1 else responses[0]
            if isinstance(answer, Exception):
                raise answer
            return answer if isinstance(answer, httpx.Response) else httpx.Response(200, content=answer)
        return httpx.Response(200, content=kit.video)

    return handler


def test_new_job_is_queued(kit: Kit) -> None:
    """A job that was just started has its id, vendor and operation, and the response of the create call."""
    job = kit.client(gateway(kit, kit.task(1))).text_to_video("a kite")
    assert (job.id, job.vendor, job.operation, job.state) == ("t-1", "tomoviee", "text_to_video", JobState.QUEUED)
    assert (job.state_raw, job.progress, job.outputs, job.error, job.cost) == (None, None, [], None, None)
    assert job.raw["data"]["task_id"] == "t-1"


def test_wait_returns_the_ended_job(kit: Kit) -> None:
    """A wait returns the job itself, ended, after a call of on_update for every poll."""
    updates: list[Snapshot] = []
    polls = kit.task(1, progress=0), kit.task(2, progress=50), kit.finished(URL)
    job = kit.client(gateway(kit, *polls)).text_to_video("a kite")
    assert job.wait(on_update=updates.append) is job
    assert [(seen.state.value, seen.progress) for seen in updates] == [
        ("queued", 0),
        ("running", 50),
        ("succeeded", 100),
    ]
    assert [(output.url, output.kind) for output in job.outputs] == [(URL, "video")]
    assert job.result() == job.outputs


def test_ended_job_is_not_polled(kit: Kit) -> None:
    """Waiting for a job that is over sends nothing."""
    responses: list[bytes | httpx.Response | Exception] = [kit.finished(URL), AssertionError("requested again")]
    job = kit.client(gateway(kit, *responses)).text_to_video("a kite").wait()
    assert job.wait(timeout=0).result()
    assert [snapshot.state for snapshot in job.updates()] == [JobState.SUCCEEDED]


def test_updates_yields_every_snapshot(kit: Kit) -> None:
    """The generator yields each accepted snapshot, the last one being final."""
    polls = kit.task(1), kit.task(2), kit.task(1), kit.finished(URL)
    job = kit.client(gateway(kit, *polls)).text_to_video("a kite")
    assert [seen.state.value for seen in job.updates()] == ["queued", "running", "running", "succeeded"]


def test_stale_response_does_not_undo_a_final_state(kit: Kit) -> None:
    """After success neither an earlier state nor another final state is accepted."""
    polls = kit.finished(URL), kit.task(2), kit.task(4)
    job = kit.client(gateway(kit, *polls)).text_to_video("a kite")
    for _ in range(3):
        assert job.refresh().state is JobState.SUCCEEDED
        assert job.outputs


@pytest.mark.parametrize(
    ("status", "kind"), [(3, errors.NoOutput), (4, errors.JobFailed), (5, errors.JobCanceled), (6, errors.JobExpired)]
)
def test_failed_job_raises_from_result_only(kit: Kit, status: int, kind: type[errors.JobError]) -> None:
    """A wait does not raise for a failed job; result and save do, with reason, id and token."""
    job = kit.client(gateway(kit, kit.task(status, reason="bad luck"))).text_to_video("a kite").wait()
    assert type(job.error) is kind
    for call in (job.result, lambda: job.save("never made")):
        with pytest.raises(kind, match="bad luck") as caught:
            call()
        assert (caught.value.job_id, caught.value.token, caught.value.vendor) == ("t-1", job.to_token(), "tomoviee")


def test_wait_timeout_has_job_and_token(kit: Kit) -> None:
    """After a timeout nothing is lost: the error has the handle, and its token makes another."""
    client = kit.client(gateway(kit, kit.task(2)))
    job = client.text_to_video("a kite")
    with pytest.raises(WaitTimeout) as caught:
        job.wait(timeout=25)
    assert caught.value.job is job
    assert client.job_from_token(caught.value.token or "").id == "t-1"
    assert pickle.loads(pickle.dumps(caught.value)).token == job.to_token()  # noqa: S301 - our own bytes


def test_default_timeout_is_the_policys(kit: Kit) -> None:
    """Without a timeout the client's policy limits the wait."""
    clock = SkippingClock()
    client = kit.client(gateway(kit, kit.task(2)), clock=clock, poll=PollPolicy(first=7, timeout=100))
    with pytest.raises(WaitTimeout):
        client.text_to_video("a kite").result()
    assert clock.now() == pytest.approx(100)


def test_refresh_retries_transient_errors(kit: Kit) -> None:
    """A poll is repeated while the error may pass, up to the limits of the retry policy."""
    polls = httpx.ReadError("broken"), httpx.Response(503), kit.task(2)
    job = kit.client(gateway(kit, *polls)).text_to_video("a kite").refresh()
    assert job.state is JobState.RUNNING
    lost = kit.client(gateway(kit, httpx.ConnectError("refused"))).job("t-2")
    with pytest.raises(ConnectionFailed, match="refused") as caught:
        lost.refresh()
    assert caught.value.token == lost.to_token()


def test_refused_poll_has_the_token(kit: Kit) -> None:
    """An unknown task is a NotFoundError with the job's token."""
    answer = b'{"code": 680404, "msg": "no such task"}'
    job = kit.client(gateway(kit, answer)).job("t-404")
    with pytest.raises(NotFoundError, match="no such task") as caught:
        job.wait()
    assert caught.value.token == job.to_token()


def test_job_by_id_is_unknown_until_polled(kit: Kit) -> None:
    """A handle from an id or a token has sent nothing, and its first poll finds the state."""
    client = kit.client(gateway(kit, kit.finished(URL)))
    job = client.job("t-1")
    assert (job.state, job.operation) == (JobState.UNKNOWN, None)
    again = client.job_from_token(client.job("t-1", "text_to_video").to_token())
    assert (again.id, again.operation) == ("t-1", "text_to_video")
    assert again.wait().state is JobState.SUCCEEDED


@pytest.mark.parametrize("job_id", ["", " ", None, 5])
def test_blank_id_is_refused(kit: Kit, job_id: Any) -> None:
    """A job id is a string that is not blank."""
    with pytest.raises(InvalidArgument, match="id"):
        kit.client(gateway(kit, b"")).job(job_id)


def test_token_of_another_address_is_refused(kit: Kit) -> None:
    """A token of one base address is refused at another."""
    token = kit.client(gateway(kit, b"")).job("t-1").to_token()
    with pytest.raises(TokenError, match="elsewhere"):
        kit.client(gateway(kit, b""), base_url="https://elsewhere.example").job_from_token(token)


def test_handles_cannot_be_pickled(kit: Kit) -> None:
    """Copying a handle, an output or a client fails with advice, because it has credentials."""
    client = kit.client(gateway(kit, kit.finished(URL)))
    job = client.text_to_video("a kite").wait()
    for live, advice in ((job, "to_token"), (job.outputs[0], "to_token"), (client, "create a new one")):
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match=advice):
                attempt(live)


def test_undocumented_cancel_is_unsupported(kit: Kit) -> None:
    """Without a documented cancel call the error has the token."""
    job = kit.client(gateway(kit, b"")).job("t-1")
    with pytest.raises(UnsupportedError, match="documents no cancel call") as caught:
        job.cancel()
    assert caught.value.token == job.to_token()


@pytest.mark.parametrize("arguments", [{"timeout": -1}, {"timeout": math.nan}, {"on_update": 5}])
def test_invalid_wait_is_refused_before_a_poll(kit: Kit, arguments: dict[str, Any]) -> None:
    """Arguments of a wait are checked before anything is sent."""
    job = kit.client(gateway(kit, AssertionError("looked"))).job("t-1")
    with pytest.raises(InvalidArgument):
        job.wait(**arguments)


def test_async_callback_is_refused(kit: Kit) -> None:
    """A coroutine function is refused, because it would never be awaited."""

    async def updates(snapshot: Snapshot) -> None:
        raise AssertionError(snapshot)

    with pytest.raises(InvalidArgument, match="not an async one"):
        kit.client(gateway(kit, b"")).job("t-1").wait(on_update=updates)


def test_error_of_a_callback_ends_only_the_wait(kit: Kit) -> None:
    """The callback's own error is raised, and the handle keeps its newest state."""
    job = kit.client(gateway(kit, kit.task(2), kit.finished(URL))).job("t-1")

    def updates(snapshot: Snapshot) -> None:
        raise ZeroDivisionError(snapshot.progress)

    with pytest.raises(ZeroDivisionError):
        job.wait(on_update=updates)
    assert job.state is JobState.RUNNING
    assert job.wait().state is JobState.SUCCEEDED


def test_interrupted_wait_has_the_token(kit: Kit) -> None:
    """After Ctrl-C the note in the traceback has the token."""

    def interrupted(snapshot: Snapshot) -> None:
        raise KeyboardInterrupt(snapshot.state)

    job = kit.client(gateway(kit, kit.task(2))).job("t-1")
    with pytest.raises(KeyboardInterrupt) as caught:
        job.wait(on_update=interrupted)
    assert job.to_token() in "".join(caught.value.__notes__)


def test_cancel_updates_the_job(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a cancel call, its response updates the job, sync and async alike."""

    def cancel(self: Service, ref: JobRef) -> Flow[Snapshot]:
        yield from ()
        return Snapshot(JobState.CANCELED, state_raw=f"{self.profile.slug} {ref.id}")

    monkeypatch.setattr("soundstage.vendors.tomoviee.TomovieeService.cancel", cancel)
    job = kit.client(gateway(kit, b"")).job("t-1")
    assert job.cancel() is job
    assert (job.state, job.state_raw) == (JobState.CANCELED, "tomoviee t-1")
    other = kit.async_client(gateway(kit, b"")).job("t-2")
    assert asyncio.run(_awaited(other.cancel())) is other
    assert isinstance(other.error, errors.JobCanceled)


async def _awaited(waiting: Awaitable[T]) -> T:
    return await waiting


def test_output_is_saved_with_options(kit: Kit, tmp_path: Path) -> None:
    """An output saves itself, with the options of a download."""
    updates: list[int] = []
    (output,) = kit.client(gateway(kit, kit.finished(URL))).job("t-1").result()
    digest = hashlib.sha256(kit.video).hexdigest()
    path = output.save(tmp_path / "mine.mp4", sha256=digest, on_progress=lambda done, _: updates.append(done))
    assert path == tmp_path / "mine.mp4"
    assert updates[-1] == path.stat().st_size == len(kit.video)
    with pytest.raises(errors.DownloadTooLarge):
        output.save(tmp_path / "other.mp4", max_bytes=10)


def test_save_names_files_after_the_job(kit: Kit, tmp_path: Path) -> None:
    """A save waits, creates the folder, and names every file by the job's id and a number."""
    polls = kit.task(2), kit.finished(URL, "https://cdn.example/other.MOV", "https://cdn.example/third")
    job = kit.client(gateway(kit, *polls)).text_to_video("a kite")
    saved = job.save(tmp_path / "videos" / "new")
    assert [path.name for path in saved] == ["t-1-1.mp4", "t-1-2.mov", "t-1-3.mp4"]
    assert {path.read_bytes() for path in saved} == {kit.video}
    assert sorted(path.name for path in saved[0].parent.iterdir()) == ["t-1-1.mp4", "t-1-2.mov", "t-1-3.mp4"]


@pytest.mark.parametrize(
    "options",
    [
        {"folder": ""},
        {"folder": 5},
        {"folder": "a\0b"},
        {"folder": "x", "max_bytes": 0},
        {"folder": "x", "resume": "yes"},
    ],
)
def test_invalid_save_is_refused_before_a_poll(kit: Kit, options: dict[str, Any]) -> None:
    """Arguments of a save are checked before anything is sent."""
    job = kit.client(gateway(kit, AssertionError("looked"))).job("t-1")
    with pytest.raises(InvalidArgument):
        job.save(**options)


def test_repr_shows_no_address(kit: Kit) -> None:
    """The repr of a job and of its outputs identifies them, and shows no signed address."""
    job = kit.client(gateway(kit, kit.finished(URL))).job("t-1")
    assert repr(job) == "<Job tomoviee t-1 unknown>"
    assert repr(job.wait()) == "<Job tomoviee t-1 succeeded, 100 %>"
    assert repr(job.outputs) == "[<Output video https://cdn.example/video.mp4?***>]"
    assert "planted" not in repr(job.snapshot)


def test_outputs_are_equal_by_address_and_kind(kit: Kit) -> None:
    """Two handles of one output are equal in sets and comparisons."""
    job = kit.client(gateway(kit, kit.finished(URL, URL))).job("t-1").wait()
    first, second = job.outputs
    assert first == second
    assert len({first, second}) == 1
    assert first != "video"
