"""What a server holds: media as files, each rendered once, off the event loop, within a bound on the disk."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import tempfile
import threading
import weakref
from collections import OrderedDict
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from soundstage_server.media.placeholder import small as reduced
from soundstage_server.media.specs import Medium, render, suffix

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

ROOM = 512 * 1024 * 1024
"""Bytes of rendered media that are kept by default."""


class Studio:
    """Renders media into a folder of its own, which is made with the first file and gone after `close`.

    A medium is rendered once, in one worker thread; whoever asks for it meanwhile awaits the same work, and who stops
    waiting does not stop it. Past *max_bytes* the files that were asked for longest ago go; the newest always stays.
    Every method may be called from any thread.

    Args:
        max_bytes: How many bytes of files are kept.
        small: Keep kind, ratio and duration but render a fraction of the size and frame rate, for a few milliseconds.
    """

    def __init__(self, *, max_bytes: int = ROOM, small: bool = False) -> None:
        if max_bytes < 1:
            raise ValueError(f"max_bytes={max_bytes!r}: it must be at least 1")
        self._max_bytes, self._small = max_bytes, small
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._done: OrderedDict[Medium, tuple[Path, int]] = OrderedDict()
        self._bytes = 0
        self._under_way: dict[Medium, Future[Path]] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="soundstage-studio")
        self._folder: Path | None = None
        self._remove: Callable[[], object] | None = None
        self._closed = False

    async def file(self, medium: Medium) -> Path:
        """Return the file of *medium*, rendering it first if need be, without holding up the event loop.

        Open it soon: it may go once *max_bytes* of other media were asked for.

        Raises:
            RuntimeError: The studio is closed, or was while the medium waited for its turn.
            OSError: The disk refused it.
        """
        work = self._work(medium)
        if not work.done():
            await _wait_for(work)
        return _outcome(work)

    def file_now(self, medium: Medium) -> Path:
        """Return the file of *medium* as `file` does, holding up the caller's thread."""
        return _outcome(self._work(medium))

    def close(self) -> None:
        """Wait for the rendering under way, give up those behind it, and remove the folder; twice does no harm."""
        with self._lock:
            self._closed = True
            self._done.clear()
        self._worker.shutdown(cancel_futures=True)
        if self._remove:
            self._remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self, medium: Medium) -> Future[Path]:
        medium = reduced(medium) if self._small else medium
        with self._lock:
            if self._closed:
                raise RuntimeError("the studio is closed")
            if medium in self._under_way:
                return self._under_way[medium]
            kept = self._kept(medium)
            if kept:
                work: Future[Path] = Future()
                work.set_result(kept)
                return work
            work = self._under_way[medium] = self._worker.submit(self._make, medium)
        work.add_done_callback(lambda _: self._under_way.pop(medium, None))
        return work

    def _kept(self, medium: Medium) -> Path | None:
        """Return the file of *medium* if it is still there; a cleaner of temporary folders may have taken it."""
        if medium not in self._done:
            return None
        path, size = self._done[medium]
        if not path.exists():
            del self._done[medium]
            self._bytes -= size
            return None
        self._done.move_to_end(medium)
        return path

    def _make(self, medium: Medium) -> Path:
        content = render(medium)
        path = self._home() / f"{next(self._numbers)}{suffix(medium)}"
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        self._keep(medium, path, len(content))
        return path

    def _home(self) -> Path:
        if self._folder is None or not self._folder.exists():
            self._folder = Path(tempfile.mkdtemp(prefix="soundstage-"))
            self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def _keep(self, medium: Medium, path: Path, size: int) -> None:
        with self._lock:
            self._done[medium] = (path, size)
            self._bytes += size
            while self._bytes > self._max_bytes and len(self._done) > 1:
                _, (oldest, size) = self._done.popitem(last=False)
                oldest.unlink(missing_ok=True)
                self._bytes -= size


async def _wait_for(work: Future[Path]) -> None:
    """Return when *work* is done; a caller that is cancelled leaves it alone."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()

    def wake(_: Future[Path]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(ready.set)

    work.add_done_callback(wake)
    await ready.wait()


def _outcome(work: Future[Path]) -> Path:
    try:
        return work.result()
    except CancelledError:
        raise RuntimeError("the studio was closed before the medium was rendered") from None
