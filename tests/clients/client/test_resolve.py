"""A submission in doubt can be looked for, where the service knows the caller's own names for jobs."""

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

KEYS = ("app-key-0123456789", "planted-secret-0123456789")


def lose(request: httpx.Request) -> httpx.Response:
    """Take a request and lose its answer."""
    raise httpx.ReadError("gone", request=request)


def lost() -> tuple[Tomoviee, SubmitOutcomeUnknown]:
    """A client, and the error of its submission whose answer was lost."""
    client = Tomoviee(*KEYS, http=httpx.Client(transport=httpx.MockTransport(lose)))
    with pytest.raises(SubmitOutcomeUnknown) as unknown:
        client.text_to_video("A fox")
    return client, unknown.value


def finding(patch: pytest.MonkeyPatch, job: str | None) -> list[SubmitOutcomeUnknown]:
    """Let the service find *job*, and return what it was asked for."""
    asked: list[SubmitOutcomeUnknown] = []

    def find(_self: Any, unknown: SubmitOutcomeUnknown) -> Flow[StartedJob | None]:
        yield from ()
        asked.append(unknown)
        return None if job is None else StartedJob(JobRef(job, unknown.operation), Snapshot(JobState.QUEUED))

    patch.setattr(TomovieeService, "find", find)
    return asked


@pytest.mark.parametrize("job", ["t-1", None])
def test_the_error_itself_finds_the_job(monkeypatch: pytest.MonkeyPatch, job: str | None) -> None:
    """`resolve()` gives a handle of the job, or None where there is provably none."""
    asked = finding(monkeypatch, job)
    _, unknown = lost()
    found = unknown.resolve()
    assert (found.id if found else None, asked) == (job, [unknown])
    assert found is None or found.operation == "text_to_video"


def test_an_awaiting_clients_error_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under asyncio the same words are awaited, and give an awaiting handle."""
    finding(monkeypatch, "t-1")

    async def story() -> str:
        async with AsyncTomoviee(*KEYS, http=httpx.AsyncClient(transport=httpx.MockTransport(lose))) as client:
            with pytest.raises(SubmitOutcomeUnknown) as unknown:
                await client.text_to_video("A fox")
            found = await unknown.value.resolve()
            return f"{type(found).__name__} {found.id}"

    assert asyncio.run(story()) == "AsyncJob t-1"


def test_an_error_from_another_process_is_resolved_by_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickled error has no client any more and says so; a client takes it."""
    finding(monkeypatch, "t-1")
    client, unknown = lost()
    again = pickle.loads(pickle.dumps(unknown))  # noqa: S301 - our own bytes
    assert vars(again) == vars(unknown)
    with pytest.raises(UnsupportedError, match=r"client\.resolve\(error\)"):
        again.resolve()
    job = client.resolve(again)
    assert job is not None
    assert job.id == "t-1"


def test_a_service_that_knows_no_such_names_says_so() -> None:
    """UnsupportedError tells of the submission, so that nothing is forgotten."""
    _, unknown = lost()
    with pytest.raises(UnsupportedError, match="text_to_video was sent and its outcome is unknown"):
        unknown.resolve()


@pytest.mark.parametrize("given", [SubmitOutcomeUnknown("?", vendor="another"), ValueError("?"), None])
def test_only_an_error_of_the_same_service_is_taken(given: Any) -> None:
    """Anything else is refused by name."""
    client, _ = lost()
    with pytest.raises(InvalidArgument, match=r"^unknown=.*a SubmitOutcomeUnknown of tomoviee"):
        client.resolve(given)


def test_no_list_of_jobs_is_documented_by_every_service() -> None:
    """Where there is none, the client says so and sends nothing; the words are the same, awaited."""
    with pytest.raises(UnsupportedError, match="no list of jobs"):
        Tomoviee(*KEYS, http=httpx.Client(transport=httpx.MockTransport(lose))).list_jobs("text_to_video")

    async def story() -> None:
        async with AsyncTomoviee(*KEYS, http=httpx.AsyncClient(transport=httpx.MockTransport(lose))) as client:
            await client.list_jobs("text_to_video", page=2)

    with pytest.raises(UnsupportedError, match="page 2, page size 30"):
        asyncio.run(story())
