"""The studio: each spec once, beside the event loop, within its room, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image as PILImage

from soundstage_server.media import Audio, Image, Mask, MediaCache, MediaSpec, Video, cache, render, suffix

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 10.0
"""Seconds after which a test that would wait for ever fails instead."""


class Stage:
    """A renderer to look at: it counts, and it waits for its cue."""

    def __init__(self) -> None:
        self.rendered: list[MediaSpec] = []
        self.began = threading.Event()
        self.cue = threading.Event()
        self.fails = 0

    def render(self, spec: MediaSpec) -> bytes:
        """Return 100 bytes once the cue was given."""
        self.rendered.append(spec)
        self.began.set()
        assert self.cue.wait(PATIENCE), "nobody gave the cue: was the event loop held up?"
        if self.fails:
            self.fails -= 1
            raise OSError("no space left on the stage")
        return b"x" * 100


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Replace the renderer; its cue is given at the end whatever happens."""
    stage = Stage()
    monkeypatch.setattr(cache, "render", stage.render)
    yield stage
    stage.cue.set()


def mask(seed: int) -> Mask:
    """Return one of many equally large media."""
    return Mask(16, 16, seed)


@pytest.mark.parametrize(
    "spec",
    [
        Video(64, 36, 1, "A fox", "c", 1),
        Image(64, 64, "A fox", "c", 1, "webp"),
        mask(1),
        Audio(0.5, 1, "effect", loop=0.3),
    ],
)
def test_a_file_holds_what_render_makes(spec: MediaSpec) -> None:
    """The same bytes, under the right ending, both ways to ask."""
    with MediaCache() as studio:
        path = studio.file_blocking(spec)
        assert asyncio.run(studio.file(spec)) == path
        assert path.read_bytes() == render(spec)
        assert path.suffix == suffix(spec)


def test_many_askers_share_one_rendering(stage: Stage) -> None:
    """However many tasks and threads ask while it is made, it is made once."""
    studio = MediaCache()

    async def ask() -> set[Path]:
        tasks = [asyncio.create_task(studio.file(mask(1))) for _ in range(20)]
        with ThreadPoolExecutor(4) as threads:
            others = [threads.submit(studio.file_blocking, Mask(16, 16, 1)) for _ in range(4)]
            await asyncio.to_thread(stage.began.wait, PATIENCE)
            stage.cue.set()
            return {*await asyncio.gather(*tasks), *(other.result(PATIENCE) for other in others)}

    with studio:
        paths = asyncio.run(ask())
        assert len(paths) == 1
        assert studio.file_blocking(mask(1)) in paths
        assert stage.rendered == [mask(1)]


def test_rendering_does_not_hold_up_the_event_loop(stage: Stage) -> None:
    """The loop itself gives the renderer its cue, which it could not do while it rendered."""

    async def serve(studio: MediaCache) -> Path:
        asyncio.get_running_loop().call_soon(stage.cue.set)
        return await studio.file(mask(1))

    with MediaCache() as studio:
        assert asyncio.run(serve(studio)).read_bytes() == b"x" * 100


def test_who_stops_waiting_does_not_stop_the_work(stage: Stage) -> None:
    """A cancelled request leaves the others waiting for the same rendering, and its result in place."""

    async def serve(studio: MediaCache) -> Path:
        first, second = (asyncio.create_task(studio.file(mask(1))) for _ in range(2))
        await asyncio.to_thread(stage.began.wait, PATIENCE)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        stage.cue.set()
        return await second

    with MediaCache() as studio:
        assert asyncio.run(serve(studio)) == studio.file_blocking(mask(1))
    assert len(stage.rendered) == 1


def test_a_loop_that_ended_meanwhile_is_left_alone(stage: Stage) -> None:
    """A rendering that outlives the event loop that asked for it is kept for the next."""

    async def leave(studio: MediaCache) -> None:
        task = asyncio.create_task(studio.file(mask(1)))
        await asyncio.to_thread(stage.began.wait, PATIENCE)
        task.cancel()

    with MediaCache() as studio:
        asyncio.run(leave(studio))
        stage.cue.set()
        assert studio.file_blocking(mask(1)).exists()
    assert len(stage.rendered) == 1


def test_a_failure_reaches_everyone_and_is_not_kept(stage: Stage) -> None:
    """Those who waited hear of it; who asks again gets a new attempt."""
    stage.fails = 1

    async def ask(studio: MediaCache) -> list[Path | BaseException]:
        tasks = [asyncio.create_task(studio.file(mask(1))) for _ in range(3)]
        await asyncio.to_thread(stage.began.wait, PATIENCE)
        stage.cue.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with MediaCache() as studio:
        assert [str(outcome) for outcome in asyncio.run(ask(studio))] == ["no space left on the stage"] * 3
        assert studio.file_blocking(mask(1)).exists()


def test_a_file_that_could_not_be_written_is_not_left_half(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk fails the request and leaves nothing behind."""
    stage.cue.set()
    written: list[Path] = []

    def write(path: Path, content: bytes) -> int:
        written.append(path)
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError("disk full")

    with MediaCache() as studio:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", write)
            with pytest.raises(OSError, match="disk full"):
                studio.file_blocking(mask(1))
        assert not written[0].exists()
        assert studio.file_blocking(mask(1)).exists()


def test_the_files_asked_for_longest_ago_go_first(stage: Stage) -> None:
    """The room is never passed by more than the newest file, and asking for a file keeps it."""
    stage.cue.set()
    with MediaCache(max_bytes=300) as studio:
        paths = [studio.file_blocking(mask(seed)) for seed in range(3)]
        assert studio.file_blocking(mask(0)) == paths[0]
        paths.append(studio.file_blocking(mask(3)))
        assert [path.exists() for path in paths] == [True, False, True, True]
        again = studio.file_blocking(mask(1))
        assert again.exists()
        assert [path.exists() for path in paths] == [True, False, False, True]
        assert len(stage.rendered) == 5
        for seed in range(10, 40):
            assert sum(file.stat().st_size for file in studio.file_blocking(mask(seed)).parent.iterdir()) <= 300


def test_a_medium_larger_than_the_room_is_served_all_the_same(stage: Stage) -> None:
    """The newest file always stays until the next comes."""
    stage.cue.set()
    with MediaCache(max_bytes=1) as studio:
        first = studio.file_blocking(mask(1))
        assert first.exists()
        second = studio.file_blocking(mask(2))
        assert (first.exists(), second.exists()) == (False, True)


def test_a_file_that_was_cleaned_away_is_made_again(stage: Stage) -> None:
    """A cleaner of temporary folders costs a rendering, not an error, and its bytes no longer count."""
    stage.cue.set()
    with MediaCache(max_bytes=200) as studio:
        path = studio.file_blocking(mask(1))
        path.unlink()
        again = studio.file_blocking(mask(1))
        assert again.exists()
        assert studio.file_blocking(mask(2)).exists()
        assert again.exists()
        for file in path.parent.iterdir():
            file.unlink()
        path.parent.rmdir()
        assert studio.file_blocking(mask(1)).exists()
    assert stage.rendered == [mask(1), mask(1), mask(2), mask(1)]


def test_nothing_is_left_after_close() -> None:
    """The folder goes with the studio, twice does no harm, and an unused studio never had one."""
    with MediaCache() as studio:
        folder = studio.file_blocking(mask(1)).parent
        assert folder.is_dir()
    assert not folder.exists()
    studio.close()
    MediaCache().close()


def test_nothing_is_left_by_a_studio_that_was_forgotten() -> None:
    """Without close, the folder goes when nobody holds the studio any more."""
    studio = MediaCache()
    folder = studio.file_blocking(mask(1)).parent
    del studio
    gc.collect()
    assert not folder.exists()


def test_a_closed_studio_says_so() -> None:
    """Both ways to ask are refused in words."""
    studio = MediaCache()
    studio.close()
    with pytest.raises(RuntimeError, match="the studio is closed"):
        studio.file_blocking(mask(1))
    with pytest.raises(RuntimeError, match="the studio is closed"):
        asyncio.run(studio.file(mask(1)))


def test_closing_ends_the_wait_of_those_behind(stage: Stage) -> None:
    """What is being rendered is finished; what waits for its turn is given up with an error that says why."""

    async def ask(studio: MediaCache) -> list[Path | BaseException]:
        tasks = [asyncio.create_task(studio.file(mask(seed))) for seed in (1, 2)]
        await asyncio.to_thread(stage.began.wait, PATIENCE)
        closing = asyncio.create_task(asyncio.to_thread(studio.close))
        outcome = await asyncio.gather(tasks[1], return_exceptions=True)
        stage.cue.set()
        await closing
        return [*outcome, *await asyncio.gather(tasks[0], return_exceptions=True)]

    given_up, finished = asyncio.run(ask(MediaCache()))
    assert isinstance(given_up, RuntimeError)
    assert "closed before" in str(given_up)
    assert isinstance(finished, Path)
    assert stage.rendered == [mask(1)]
    assert not finished.exists()


@pytest.mark.parametrize("room", [0, -1])
def test_no_room_is_refused(room: int) -> None:
    """The message has the field, the value and what is allowed."""
    with pytest.raises(ValueError, match=f"max_bytes={room}: it must be at least 1"):
        MediaCache(max_bytes=room)


def test_a_small_studio_keeps_ratio_and_duration() -> None:
    """What a contract looks at is as asked; what costs time is a fraction of it."""
    with MediaCache(small=True) as studio:
        film = studio.file_blocking(Video(1920, 1080, 5, "A fox", "c", 1, audio=True))
        with av.open(str(film)) as container:
            video = container.streams.video[0]
            assert (video.width * 9, container.duration) == (video.height * 16, 5_000_000)
            assert video.width * video.height * 100 < 1920 * 1080
        with PILImage.open(studio.file_blocking(Image(1024, 1024, "A fox", "c", 1))) as picture:
            assert picture.width == picture.height < 100
        with av.open(str(studio.file_blocking(Audio(20, 1, "music")))) as container:
            assert container.duration is not None
            assert abs(container.duration - 20_000_000) < 50_000
