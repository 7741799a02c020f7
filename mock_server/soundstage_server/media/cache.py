"""Cache of rendered media files: each is rendered once, off the event loop, within a bound on disk space."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections import OrderedDict
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from soundstage_server.media.placeholder import shrink
from soundstage_server.media.rendering import render
from soundstage_server.media.specs import MediaSpec, suffix
from soundstage_server.media.temporary import make_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

DEFAULT_MAX_BYTES = 512 * 1024 * 1024
"""Default bound of the cache, in bytes."""


class MediaCache:
    """Renders media into a temporary folder, which is created with the first file and removed by `close`.

    A spec is rendered once, in one worker thread. Concurrent requests for it share that work, and a request that is
    canceled does not stop it. Beyond *max_bytes* the least recently used files are deleted; the newest file always
    stays. The class is thread-safe.

    Args:
        max_bytes: Bound of all files together, in bytes.
        small: Keep kind, ratio and duration, but render a fraction of the size and frame rate in a few milliseconds.
    """

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES, small: bool = False) -> None:
        if max_bytes < 1:
            raise ValueError(f"max_bytes={max_bytes!r}: it must be at least 1")
        self.max_bytes, self.small = max_bytes, small
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._files: OrderedDict[MediaSpec, tuple[Path, int]] = OrderedDict()
        self._bytes = 0
        self._pending: dict[MediaSpec, Future[Path]] = {}
        # One worker: an encoder uses a whole core, and the others are for answering requests.
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="soundstage-media")
        self._folder: Path | None = None
        self._remove: Callable[[], object] | None = None
        self._closed = False

    async def file(self, spec: MediaSpec) -> Path:
        """Return the file of *spec*, rendered first where needed, without blocking the event loop.

        Open it soon: it may be deleted once other media fill *max_bytes*.

        Raises:
            RuntimeError: The cache is closed, or was closed before the file was rendered.
            OSError: The file could not be written.
        """
        work = self._submit(spec)
        if not work.done():
            await _wait_for(work)
        return _result(work)

    def file_blocking(self, spec: MediaSpec) -> Path:
        """Return the file of *spec* as `file` does, blocking the caller's thread."""
        return _result(self._submit(spec))

    def usage(self) -> dict[str, int]:
        """Return how many files there are, their bytes, and the limit."""
        with self._lock:
            return {"count": len(self._files), "bytes": self._bytes, "max_bytes": self.max_bytes}

    def close(self) -> None:
        """Wait for the current render, cancel those queued behind it, and remove the folder; idempotent."""
        with self._lock:
            self._closed = True
            self._files.clear()
        # Without the lock, which the current render needs to store its file.
        self._worker.shutdown(cancel_futures=True)
        if self._remove:
            self._remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _submit(self, spec: MediaSpec) -> Future[Path]:
        spec = shrink(spec) if self.small else spec
        with self._lock:
            if self._closed:
                raise RuntimeError("the media cache is closed")
            if spec in self._pending:
                return self._pending[spec]
            path = self._cached_path(spec)
            if path:
                work: Future[Path] = Future()
                work.set_result(path)
                return work
            work = self._pending[spec] = self._worker.submit(self._render, spec)
        # Outside the lock: the callback runs at once where the work is already done. A failed render is not kept, so
        # that the next request tries again.
        work.add_done_callback(lambda _: self._pending.pop(spec, None))
        return work

    def _cached_path(self, spec: MediaSpec) -> Path | None:
        """Return the file of *spec* if it exists: a cleaner of temporary folders may have deleted it."""
        if spec not in self._files:
            return None
        path, size = self._files[spec]
        if not path.exists():
            del self._files[spec]
            self._bytes -= size
            return None
        self._files.move_to_end(spec)
        return path

    def _render(self, spec: MediaSpec) -> Path:
        content = render(spec)
        path = self._make_folder() / f"{next(self._numbers)}{suffix(spec)}"
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)  # on a full disk, half a file would be served later
            raise
        self._store(spec, path, len(content))
        return path

    def _make_folder(self) -> Path:
        if self._folder is None or not self._folder.exists():
            self._folder, self._remove = make_folder(self, "soundstage-")
        return self._folder

    def _store(self, spec: MediaSpec, path: Path, size: int) -> None:
        with self._lock:
            self._files[spec] = (path, size)
            self._bytes += size
            while self._bytes > self.max_bytes and len(self._files) > 1:
                _, (oldest, size) = self._files.popitem(last=False)
                oldest.unlink(missing_ok=True)
                self._bytes -= size


async def _wait_for(work: Future[Path]) -> None:
    """Wait until *work* is done; canceling the wait does not cancel the work."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()

    def wake(_: Future[Path]) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop is closed, so nothing awaits the result
            loop.call_soon_threadsafe(ready.set)

    work.add_done_callback(wake)
    await ready.wait()


def _result(work: Future[Path]) -> Path:
    try:
        return work.result()
    except CancelledError:
        raise RuntimeError("the media cache was closed before the file was rendered") from None
