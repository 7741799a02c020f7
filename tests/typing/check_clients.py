"""What type checkers must know of the clients: checked by mypy and pyright, never run.

An unneeded `type: ignore` is an error, so that each one below proves that the mistake on its line is seen.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

from understudy import AsyncJob, AsyncOutput, AsyncTomoviee, CameraMove, Job, Output, Snapshot, Tomoviee

if TYPE_CHECKING:
    import httpx


def blocking(client: Tomoviee) -> None:
    """A call of the blocking client is its value."""
    job = client.text_to_video("a kite", aspect_ratio="9:16", camera_move=CameraMove.ORBIT)
    assert_type(job, Job)
    assert_type(job.wait(timeout=5), Job)
    assert_type(job.refresh(), Job)
    assert_type(job.cancel(), Job)
    assert_type(job.result(), list[Output])
    assert_type(job.outputs, list[Output])
    assert_type(job.updates(), Generator[Snapshot, None, None])
    assert_type(job.save("films"), list[Path])
    assert_type(job.outputs[0].save("film.mp4"), Path)
    assert_type(client.job("t-1"), Job)
    assert_type(client.job_from_token("{}"), Job)
    with client as same:
        assert_type(same, Tomoviee)


async def awaiting(client: AsyncTomoviee) -> None:
    """A call of the awaiting client is a coroutine of the same value."""
    waiting = assert_type(client.text_to_video("a kite"), Coroutine[Any, Any, AsyncJob])
    job = await waiting
    assert_type(job, AsyncJob)
    assert_type(await job, AsyncJob)
    assert_type(await job.wait(timeout=5), AsyncJob)
    assert_type(await job.refresh(), AsyncJob)
    assert_type(await job.result(), list[AsyncOutput])
    assert_type(job.updates(), AsyncGenerator[Snapshot, None])
    assert_type(await job.save("films"), list[Path])
    assert_type(await job.outputs[0].save("film.mp4"), Path)
    assert_type(client.job("t-1"), AsyncJob)
    async with client as same:
        assert_type(same, AsyncTomoviee)


async def mistakes(client: Tomoviee, other: AsyncTomoviee, http: httpx.Client) -> None:
    """Each of these is seen before it runs."""
    client.text_to_video()  # type: ignore[call-arg]
    client.text_to_video("a kite", resolution="4k")  # type: ignore[arg-type]
    client.text_to_video("a kite", duration=10)  # type: ignore[arg-type]
    client.text_to_video("a kite", "720p")  # type: ignore[call-arg]
    client.text_to_video("a kite", lens="wide")  # type: ignore[call-arg]
    _ = other.text_to_video("a kite").id  # type: ignore[attr-defined]
    other.text_to_video("a kite").wait()  # type: ignore[attr-defined]
    other.text_to_video("a kite")  # type: ignore[unused-coroutine]
    (await other.text_to_video("a kite")).wait()  # type: ignore[unused-coroutine]
    AsyncTomoviee(http=http)  # type: ignore[arg-type]
    client.job("t-1").state = "done"  # type: ignore[assignment,misc]
