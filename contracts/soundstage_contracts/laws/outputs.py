"""Laws about outputs: the files that a job makes, how they are saved, and how long they are there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import av
from PIL import Image

from soundstage import JobState
from soundstage_contracts.laws.binding import law

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from soundstage_contracts.laws.declarations import Operation
    from soundstage_contracts.laws.raw_client import RawClient
    from soundstage_contracts.laws.terms import Terms
    from soundstage_contracts.simulators.target import Target

ORDER = (JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED)
IMAGE_KINDS = ("image", "mask")


class Media(NamedTuple):
    """What can be measured of a file."""

    kind: str
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    audio: bool = False


def measure(content: bytes) -> Media:
    """Return what *content*, an image, a video or audio, measures.

    Raises:
        av.error.FFmpegError: It is none of them.
    """
    with suppress(OSError), Image.open(BytesIO(content)) as image:
        image.load()
        return Media("image", image.width, image.height)
    with av.open(BytesIO(content), "r") as media:
        seconds = round((media.duration or 0) / 1_000_000, 1)
        if not media.streams.video:
            return Media("audio", seconds=seconds, audio=True)
        video = media.streams.video[0]
        return Media("video", video.width, video.height, seconds, bool(media.streams.audio))


def check_kinds(operation: Operation, kinds: Sequence[str]) -> None:
    """Check that the files of a job are of the documented kinds, as the client names them."""
    documented = list(operation.outputs)
    if operation.outputs_vary:
        documented += documented[-1:] * (len(kinds) - len(documented))
    assert list(kinds) == documented


def check_files(operation: Operation, files: Sequence[Path]) -> None:
    """Check that what was saved is media of the documented kinds."""
    kinds = [measure(path.read_bytes()).kind for path in files]
    check_kinds(
        replace(operation, outputs=tuple("image" if kind in IMAGE_KINDS else kind for kind in operation.outputs)), kinds
    )


def made(raw: RawClient, operation: Operation, body: Mapping[str, Any]) -> tuple[list[Media], float]:
    """Return what a job of *body* makes, and what it is charged."""
    before = raw.money().spent if raw.jobs() else 0
    view = raw.finish_job(raw.start_job(operation, body), operation)
    files = [measure(raw.fetch(url).content) for url in view.urls]
    if operation.outputs_vary:
        files = list(dict.fromkeys(files))
    return files, round(raw.money().spent - before, 6)


@law("client", operation="operations")
def test_client_saves_every_output(vendor: Terms, target: Target, operation: Operation, tmp_path: Path) -> None:
    """A client waits, sees the states in order, and leaves every file of the documented kind on disk."""
    client = vendor.new_client(target, clock=target.advancing_clock())
    job = getattr(client, operation.method)(**operation.arguments(operation.required_by_client()))
    states = list(dict.fromkeys([job.state, *(snapshot.state for snapshot in job.updates())]))
    # A short job may end between two polls, so that a state may be missing; none comes twice or in another order.
    assert states == [state for state in ORDER if state in states]
    assert states[-1] is JobState.SUCCEEDED
    saved = job.save(tmp_path)
    check_kinds(operation, [output.kind for output in job.outputs])
    check_files(operation, saved)


@law("client", operation="leading")
def test_async_client_saves_every_output(vendor: Terms, target: Target, operation: Operation, tmp_path: Path) -> None:
    """The async client waits and leaves every file on disk, too."""

    async def make() -> tuple[Any, list[Path]]:
        async with target.async_http() as http:
            account, clock = target.new_account(), target.advancing_clock()
            client = target.async_client(vendor.contract, account, clock=clock, http=http)
            job = await (await getattr(client, operation.method)(**operation.arguments(operation.required_by_client())))
            return job, await job.save(tmp_path)

    job, saved = anyio.run(make)
    assert job.state is JobState.SUCCEEDED
    check_files(operation, saved)


@law("server", operation="defaulted")
def test_required_members_alone_make_what_the_defaults_make(
    vendor: Terms, full_target: Target, operation: Operation
) -> None:
    """The required members alone make the same files, at the same price, as with the documented defaults."""
    raw = vendor.new_raw_client(full_target)
    alone = made(raw, operation, operation.required)
    assert alone == made(raw, operation, {**operation.defaults, **operation.required})
    assert alone[0]


@law("server", needs=["retention"], operation="leading")
def test_result_needs_no_credential_and_expires(vendor: Terms, target: Target, operation: Operation) -> None:
    """A result is downloaded without a credential until its documented time is over, and is then refused."""
    assert vendor.retention is not None
    raw = vendor.new_raw_client(target)
    view = raw.finish_job(raw.start_job(operation), operation)
    raw.advance(vendor.retention - 2 * raw.longest)
    assert [raw.fetch(url).status_code for url in view.urls] == [200] * len(view.urls)
    raw.advance(3 * raw.longest)
    assert [raw.fetch(url).status_code for url in view.urls] == [403] * len(view.urls)
