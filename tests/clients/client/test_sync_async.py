"""Sync and async clients: the same requests and the same outcome for the same events."""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage import (
    AsyncJob,
    AsyncOutput,
    AsyncTomoviee,
    Job,
    Output,
    PollPolicy,
    RetryPolicy,
    SkippingClock,
    SoundstageError,
    Tomoviee,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clients.conftest import Kit

pytestmark = pytest.mark.usefixtures("_each_http_library")

URL = "https://cdn.example/video.mp4?Signature=s"
OPTIONS = {"retry": RetryPolicy(jitter=False), "poll": PollPolicy(timeout=200, outage=50)}
ANSWERS: dict[str, tuple[int, bytes] | type[httpx.TransportError]] = {
    "created": (200, b'{"code": 0, "msg": "", "data": {"task_id": "t-1"}}'),
    "queued": (200, b'{"code": 0, "data": {"status": 1}}'),
    "running": (200, b'{"code": 0, "data": {"status": 2, "progress": 5}}'),
    "failed": (200, b'{"code": 0, "data": {"status": 4, "reason": "no"}}'),
    "done": (200, json.dumps({"code": 0, "data": {"status": 3, "result": json.dumps({"video_path": [URL]})}}).encode()),
    "video": (200, b"\0\0\0\x18ftypmp42 and so on"),
    "refused": (200, b'{"code": 680400, "msg": "no"}'),
    "unavailable": (503, b""),
    "html": (200, b"<html>"),
    "dropped": httpx.ReadError,
    "unreachable": httpx.ConnectError,
    "pool": httpx.PoolTimeout,
}


def scripted(script: list[str]) -> tuple[Callable[[httpx.Request], httpx.Response], list[tuple[str, str]]]:
    """Return a handler that plays *script* (its last line repeatedly), and the list of its requests."""
    requested: list[tuple[str, str]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        answer = ANSWERS[script[min(len(requested), len(script) - 1)]]
        requested.append((request.method, str(request.url)))
        if isinstance(answer, tuple):
            return httpx.Response(answer[0], content=answer[1])
        raise answer("scripted error", request=request)

    return handler, requested


def fields_of(error: SoundstageError) -> dict[str, Any]:
    """Return the attributes of an error without the handle, whose class differs."""
    return {"kind": type(error).__name__, **error.__dict__, "job": None}


def outcome_of(job: Job | AsyncJob, paths: list[Path]) -> dict[str, Any]:
    """Return what the caller has at the end."""
    return {"id": job.id, "snapshot": job.snapshot, "files": [(path.name, path.read_bytes()) for path in paths]}


@settings(max_examples=60)
@given(script=st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=8))
def test_sync_and_async_clients_are_equal(
    kit: Kit, tmp_path_factory: pytest.TempPathFactory, script: list[str]
) -> None:
    """The same events lead to the same requests at the same times, and to the same value or error."""

    def blocking() -> tuple[Any, ...]:
        handler, requested = scripted(script)
        clock, events = SkippingClock(), list[object]()
        client = kit.client(handler, clock=clock, on_event=events.append, **OPTIONS)
        try:
            job = client.text_to_video("a kite")
            result = outcome_of(job, job.save(tmp_path_factory.mktemp("videos")))
        except SoundstageError as error:
            result = fields_of(error)
        return result, requested, clock.now(), [type(event) for event in events]

    async def awaiting() -> tuple[Any, ...]:
        handler, requested = scripted(script)
        clock, events = SkippingClock(), list[object]()
        client = kit.async_client(handler, clock=clock, on_event=events.append, **OPTIONS)
        try:
            job = await client.text_to_video("a kite")
            result = outcome_of(job, await job.save(tmp_path_factory.mktemp("videos")))
        except SoundstageError as error:
            result = fields_of(error)
        return result, requested, clock.now(), [type(event) for event in events]

    assert blocking() == asyncio.run(awaiting())


@pytest.mark.parametrize(("blocking", "awaiting"), [(Job, AsyncJob), (Output, AsyncOutput), (Tomoviee, AsyncTomoviee)])
def test_sync_and_async_have_the_same_methods(blocking: type, awaiting: type) -> None:
    """Every public name of one class is in the other, with the same arguments."""
    names = {name for name in dir(blocking) if not name.startswith("_")}
    assert {
        name.removeprefix("a") if name == "aclose" else name for name in dir(awaiting) if not name.startswith("_")
    } == names
    for name in names - {"close"}:
        one, other = (inspect.getattr_static(kind, name) for kind in (blocking, awaiting))
        if not isinstance(one, property):
            one, other = getattr(blocking, name), getattr(awaiting, name)
            assert [str(p) for p in inspect.signature(one).parameters.values()] == [
                str(p) for p in inspect.signature(other).parameters.values()
            ], name


def test_async_job_has_every_method(kit: Kit, tmp_path: Path) -> None:
    """Awaiting a job waits for its end and returns the job; every method is a coroutine."""

    async def main() -> None:
        handler, _ = scripted(["created", "queued", "running", "running", "done", "video"])
        async with kit.async_client(handler) as client:
            job = await client.text_to_video("a kite")
            assert await job.refresh() is job
            states = [snapshot.state.value async for snapshot in job.updates()]
            assert states == ["running", "running", "succeeded"]
            assert await job is job
            assert [seen.state async for seen in job.updates()] == [job.state]
            output = (await job.result())[0]
            assert (await output.save(tmp_path / "video.mp4")).read_bytes().startswith(b"\0\0\0\x18ftyp")
            assert client.job_from_token(job.to_token()).id == client.job("t-1").id
            with pytest.raises(SoundstageError, match="documents no cancel"):
                await job.cancel()

    asyncio.run(main())


def test_async_jobs_wait_concurrently(kit: Kit) -> None:
    """Jobs of one client may be waited for at the same time."""

    async def main() -> list[str]:
        handler, _ = scripted(["running"] * 30 + ["done"])
        async with kit.async_client(handler) as client:
            jobs = await asyncio.gather(*(client.job(f"t-{number}").wait() for number in range(10)))
            return [job.state.value for job in jobs]

    assert set(asyncio.run(main())) == {"succeeded"}
