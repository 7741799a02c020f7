"""The media cache renders each spec once, off the event loop, within its bound, and removes its files."""

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

TIMEOUT = 10.0
"""Seconds after which a wait that would never end fails the test."""


class SlowRenderer:
    """A renderer that records its calls and waits until the test releases it."""

    def __init__(self) -> None:
        self.rendered: list[MediaSpec] = []
        self.started = threading.Event()
        self.release = threading.Event()
        self.fails = 0

    def render(self, spec: MediaSpec) -> bytes:
        """Return 100 bytes once the renderer is released."""
        self.rendered.append(spec)
        self.started.set()
        assert self.release.wait(TIMEOUT), "the renderer was never released: is the event loop blocked?"
        if self.fails:
            self.fails -= 1
            raise OSError("no space left on the device")
        return b"x" * 100


@pytest.fixture
def renderer(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowRenderer]:
    """Replace the renderer; it is released at the end, so that a failed test does not block."""
    renderer = SlowRenderer()
    monkeypatch.setattr(cache, "render", renderer.render)
    yield renderer
    renderer.release.set()


def mask(seed: int) -> Mask:
    """Return one of many specs of equal size."""
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
def test_a_file_contains_what_render_returns(spec: MediaSpec) -> None:
    """Both methods return one file with the rendered bytes and the right suffix."""
    with MediaCache() as media_cache:
        path = media_cache.file_blocking(spec)
        assert asyncio.run(media_cache.file(spec)) == path
        assert path.read_bytes() == render(spec)
        assert path.suffix == suffix(spec)


def test_concurrent_requests_share_one_render(renderer: SlowRenderer) -> None:
    """Tasks and threads that request a spec during its render share its result."""
    media_cache = MediaCache()

    async def ask() -> set[Path]:
        tasks = [asyncio.create_task(media_cache.file(mask(1))) for _ in range(20)]
        with ThreadPoolExecutor(4) as threads:
            others = [threads.submit(media_cache.file_blocking, Mask(16, 16, 1)) for _ in range(4)]
            await asyncio.to_thread(renderer.started.wait, TIMEOUT)
            renderer.release.set()
            return {*await asyncio.gather(*tasks), *(other.result(TIMEOUT) for other in others)}

    with media_cache:
        paths = asyncio.run(ask())
        assert len(paths) == 1
        assert media_cache.file_blocking(mask(1)) in paths
        assert renderer.rendered == [mask(1)]


def test_rendering_does_not_block_the_event_loop(renderer: SlowRenderer) -> None:
    """The event loop releases the renderer, which it could not do while it was blocked."""

    async def serve(media_cache: MediaCache) -> Path:
        asyncio.get_running_loop().call_soon(renderer.release.set)
        return await media_cache.file(mask(1))

    with MediaCache() as media_cache:
        assert asyncio.run(serve(media_cache)).read_bytes() == b"x" * 100


def test_a_canceled_request_does_not_cancel_the_render(renderer: SlowRenderer) -> None:
    """Other requests for the same spec still get its file."""

    async def serve(media_cache: MediaCache) -> Path:
        first, second = (asyncio.create_task(media_cache.file(mask(1))) for _ in range(2))
        await asyncio.to_thread(renderer.started.wait, TIMEOUT)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        renderer.release.set()
        return await second

    with MediaCache() as media_cache:
        assert asyncio.run(serve(media_cache)) == media_cache.file_blocking(mask(1))
    assert len(renderer.rendered) == 1


def test_a_render_outlives_its_event_loop(renderer: SlowRenderer) -> None:
    """When the event loop ends during a render, the file is kept for later requests."""

    async def leave(media_cache: MediaCache) -> None:
        task = asyncio.create_task(media_cache.file(mask(1)))
        await asyncio.to_thread(renderer.started.wait, TIMEOUT)
        task.cancel()

    with MediaCache() as media_cache:
        asyncio.run(leave(media_cache))
        renderer.release.set()
        assert media_cache.file_blocking(mask(1)).exists()
    assert len(renderer.rendered) == 1


def test_a_failure_reaches_every_request_and_is_not_cached(renderer: SlowRenderer) -> None:
    """Every waiting request raises the error, and the next request renders again."""
    renderer.fails = 1

    async def ask(media_cache: MediaCache) -> list[Path | BaseException]:
        tasks = [asyncio.create_task(media_cache.file(mask(1))) for _ in range(3)]
        await asyncio.to_thread(renderer.started.wait, TIMEOUT)
        renderer.release.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with MediaCache() as media_cache:
        assert [str(outcome) for outcome in asyncio.run(ask(media_cache))] == ["no space left on the device"] * 3
        assert media_cache.file_blocking(mask(1)).exists()


def test_a_failed_write_leaves_no_partial_file(renderer: SlowRenderer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk fails the request and leaves no file."""
    renderer.release.set()
    written: list[Path] = []

    def write(path: Path, content: bytes) -> int:
        written.append(path)
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError("disk full")

    with MediaCache() as media_cache:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", write)
            with pytest.raises(OSError, match="disk full"):
                media_cache.file_blocking(mask(1))
        assert not written[0].exists()
        assert media_cache.file_blocking(mask(1)).exists()


def test_the_least_recently_used_files_are_deleted_first(renderer: SlowRenderer) -> None:
    """The bound is exceeded by the newest file at most, and a request for a file counts as use."""
    renderer.release.set()
    with MediaCache(max_bytes=300) as media_cache:
        paths = [media_cache.file_blocking(mask(seed)) for seed in range(3)]
        assert media_cache.file_blocking(mask(0)) == paths[0]
        paths.append(media_cache.file_blocking(mask(3)))
        assert [path.exists() for path in paths] == [True, False, True, True]
        again = media_cache.file_blocking(mask(1))
        assert again.exists()
        assert [path.exists() for path in paths] == [True, False, False, True]
        assert len(renderer.rendered) == 5
        for seed in range(10, 40):
            assert sum(file.stat().st_size for file in media_cache.file_blocking(mask(seed)).parent.iterdir()) <= 300


def test_a_file_larger_than_the_bound_is_served(renderer: SlowRenderer) -> None:
    """The newest file stays until the next one is rendered."""
    renderer.release.set()
    with MediaCache(max_bytes=1) as media_cache:
        first = media_cache.file_blocking(mask(1))
        assert first.exists()
        second = media_cache.file_blocking(mask(2))
        assert (first.exists(), second.exists()) == (False, True)


def test_a_deleted_file_is_rendered_again(renderer: SlowRenderer) -> None:
    """After a cleaner of temporary folders the file is rendered again, and the deleted bytes no longer count."""
    renderer.release.set()
    with MediaCache(max_bytes=200) as media_cache:
        path = media_cache.file_blocking(mask(1))
        path.unlink()
        again = media_cache.file_blocking(mask(1))
        assert again.exists()
        assert media_cache.file_blocking(mask(2)).exists()
        assert again.exists()
        for file in path.parent.iterdir():
            file.unlink()
        path.parent.rmdir()
        assert media_cache.file_blocking(mask(1)).exists()
    assert renderer.rendered == [mask(1), mask(1), mask(2), mask(1)]


def test_close_removes_the_folder() -> None:
    """The folder is removed, closing is idempotent, and an unused cache never creates a folder."""
    with MediaCache() as media_cache:
        folder = media_cache.file_blocking(mask(1)).parent
        assert folder.is_dir()
    assert not folder.exists()
    media_cache.close()
    MediaCache().close()


def test_garbage_collection_removes_the_folder() -> None:
    """Without close, the folder is removed when the cache is garbage-collected."""
    media_cache = MediaCache()
    folder = media_cache.file_blocking(mask(1)).parent
    del media_cache
    gc.collect()
    assert not folder.exists()


def test_a_closed_cache_refuses_requests() -> None:
    """Both methods raise an error that names the reason."""
    media_cache = MediaCache()
    media_cache.close()
    with pytest.raises(RuntimeError, match="the media cache is closed"):
        media_cache.file_blocking(mask(1))
    with pytest.raises(RuntimeError, match="the media cache is closed"):
        asyncio.run(media_cache.file(mask(1)))


def test_close_cancels_queued_renders(renderer: SlowRenderer) -> None:
    """The current render is finished; queued ones fail with an error that names the reason."""

    async def ask(media_cache: MediaCache) -> list[Path | BaseException]:
        tasks = [asyncio.create_task(media_cache.file(mask(seed))) for seed in (1, 2)]
        await asyncio.to_thread(renderer.started.wait, TIMEOUT)
        closing = asyncio.create_task(asyncio.to_thread(media_cache.close))
        outcome = await asyncio.gather(tasks[1], return_exceptions=True)
        renderer.release.set()
        await closing
        return [*outcome, *await asyncio.gather(tasks[0], return_exceptions=True)]

    canceled, finished = asyncio.run(ask(MediaCache()))
    assert isinstance(canceled, RuntimeError)
    assert "closed before" in str(canceled)
    assert isinstance(finished, Path)
    assert renderer.rendered == [mask(1)]
    assert not finished.exists()


@pytest.mark.parametrize("bound", [0, -1])
def test_an_empty_bound_is_refused(bound: int) -> None:
    """The error names the field, the value and what is allowed."""
    with pytest.raises(ValueError, match=f"max_bytes={bound}: it must be at least 1"):
        MediaCache(max_bytes=bound)


def test_a_small_cache_keeps_ratio_and_duration() -> None:
    """Ratio and duration are as requested, at a fraction of the pixels."""
    with MediaCache(small=True) as media_cache:
        video_file = media_cache.file_blocking(Video(1920, 1080, 5, "A fox", "c", 1, audio=True))
        with av.open(str(video_file)) as container:
            video = container.streams.video[0]
            assert (video.width * 9, container.duration) == (video.height * 16, 5_000_000)
            assert video.width * video.height * 100 < 1920 * 1080
        with PILImage.open(media_cache.file_blocking(Image(1024, 1024, "A fox", "c", 1))) as image:
            assert image.width == image.height < 100
        with av.open(str(media_cache.file_blocking(Audio(20, 1, "music")))) as container:
            assert container.duration is not None
            assert abs(container.duration - 20_000_000) < 50_000
