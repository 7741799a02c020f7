"""Resolving a submission of unknown outcome, where the caller can name a job."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage import AsyncTomoviee, InvalidArgument, SubmitOutcomeUnknown, Tomoviee, UnsupportedError
from soundstage._values.state import JobRef, JobState, Snapshot, StartedJob
from soundstage.vendors.tomoviee import TomovieeService

if TYPE_CHECKING:
    from soundstage._values.messages import Flow

pytestmark = pytest.mark.usefixtures("_each_http_library")

KEYS = ("app-key-0123456789", "planted-secret-0123456789")


def lose(request: httpx.Request) -> httpx.Response:
    """Accept a request and lose the response."""
    raise httpx.ReadError("gone", request=request)


def lost() -> tuple[Tomoviee, SubmitOutcomeUnknown]:
    """Return a client, and the error of its submission whose response was lost."""
    client = Tomoviee(*KEYS, http=httpx.Client(transport=httpx.MockTransport(lose)))
    with pytest.raises(SubmitOutcomeUnknown) as unknown:
        client.text_to_video("A fox")
    return client, unknown.value


def finding(patch: pytest.MonkeyPatch, job: str | None) -> list[SubmitOutcomeUnknown]:
    """Let the service find *job*, and return the errors that it is given."""
    requested: list[SubmitOutcomeUnknown] = []

    def find(_self: Any, unknown: SubmitOutcomeUnknown) -> Flow[StartedJob | None]:
        yield from ()
        requested.append(unknown)
        return None if job is None else StartedJob(JobRef(job, unknown.operation), Snapshot(JobState.QUEUED))

    patch.setattr(TomovieeService, "find", find)
    return requested


@pytest.mark.parametrize("job", ["t-1", None])
def test_error_resolves_the_job(monkeypatch: pytest.MonkeyPatch, job: str | None) -> None:
    """`resolve()` returns a handle of the job, or None where there is provably no job."""
    requested = finding(monkeypatch, job)
    _, unknown = lost()
    found = unknown.resolve()
    assert (found.id if found else None, requested) == (job, [unknown])
    assert found is None or found.operation == "text_to_video"


def test_async_error_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an async client `resolve()` is awaited, and returns an async handle."""
    finding(monkeypatch, "t-1")

    async def script() -> str:
        async with AsyncTomoviee(*KEYS, http=httpx.AsyncClient(transport=httpx.MockTransport(lose))) as client:
            with pytest.raises(SubmitOutcomeUnknown) as unknown:
                await client.text_to_video("A fox")
            found = await unknown.value.resolve()
            return f"{type(found).__name__} {found.id}"

    assert asyncio.run(script()) == "AsyncJob t-1"


def test_pickled_error_is_resolved_by_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickled error has no client and refuses; `client.resolve` accepts it."""
    finding(monkeypatch, "t-1")
    client, unknown = lost()
    again = pickle.loads(pickle.dumps(unknown))  # noqa: S301 - our own bytes
    assert vars(again) == vars(unknown)
    with pytest.raises(UnsupportedError, match=r"client\.resolve\(error\)"):
        again.resolve()
    job = client.resolve(again)
    assert job is not None
    assert job.id == "t-1"


def test_resolve_without_names_is_unsupported() -> None:
    """The UnsupportedError describes the submission, so that it is not forgotten."""
    _, unknown = lost()
    with pytest.raises(UnsupportedError, match="text_to_video was sent and its outcome is unknown"):
        unknown.resolve()


@pytest.mark.parametrize("given", [SubmitOutcomeUnknown("?", vendor="another"), ValueError("?"), None])
def test_error_of_another_vendor_is_refused(given: Any) -> None:
    """Anything but an error of the same vendor is an invalid argument."""
    client, _ = lost()
    with pytest.raises(InvalidArgument, match=r"^unknown=.*a SubmitOutcomeUnknown of tomoviee"):
        client.resolve(given)


def test_undocumented_list_is_unsupported() -> None:
    """Without a documented list the client sends nothing and raises, sync and async alike."""
    with pytest.raises(UnsupportedError, match="no list of jobs"):
        Tomoviee(*KEYS, http=httpx.Client(transport=httpx.MockTransport(lose))).list_jobs("text_to_video")

    async def script() -> None:
        async with AsyncTomoviee(*KEYS, http=httpx.AsyncClient(transport=httpx.MockTransport(lose))) as client:
            await client.list_jobs("text_to_video", page=2)

    with pytest.raises(UnsupportedError, match="page 2, page size 30"):
        asyncio.run(script())
