"""Tells on standard error how a job goes: one moving line on a terminal, a plain line for each change in a pipe."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Final, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage import Snapshot

_TICK: Final = 1.0
_MINUTE: Final = 60
_CLEAR: Final = "\r\x1b[K"


class JobProgress:
    """How one job goes.

    Args:
        label: What is made.
        stream: Where to tell it.
        now: What tells the time, in seconds.
    """

    def __init__(self, label: str, stream: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        self._label = label
        self._stream = stream
        self._now = now
        self._began = now()
        self._shown = ""
        self._moving = stream.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}
        self._over = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Let the time move on a terminal."""
        if self._moving:
            threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last line as it is, on a line of its own."""
        self._over.set()
        with self._lock:
            if self._moving and self._shown:
                self._stream.write(f"{_CLEAR}{self._line()}\n")
                self._shown = ""

    def seen(self, snapshot: Snapshot) -> None:
        """Tell what a look at the job said."""
        percent = "" if snapshot.progress is None or snapshot.state.final else f" {snapshot.progress:.0f} %"
        word = snapshot.state.value if snapshot.state_raw is None or snapshot.state.value != "unknown" else ""
        self._show(f"{word or snapshot.state_raw}{percent}")

    def note(self, words: str) -> None:
        """Tell something once, and keep the line below it."""
        with self._lock:
            self._stream.write(f"{_CLEAR if self._moving else ''}{self._label}: {words}\n")
            self._stream.flush()

    def _show(self, words: str) -> None:
        with self._lock:
            before, self._shown = self._shown, words
            if self._moving:
                self._draw()
            elif before != words:
                self._stream.write(f"{self._line()}\n")
                self._stream.flush()

    def _tick(self) -> None:
        while not self._over.wait(_TICK):
            with self._lock:
                if self._shown and not self._over.is_set():
                    self._draw()

    def _draw(self) -> None:
        self._stream.write(f"{_CLEAR}{self._line()}")
        self._stream.flush()

    def _line(self) -> str:
        return f"{self._label}: {self._shown}, {format_duration(self._now() - self._began)}"


def format_duration(seconds: float) -> str:
    """Return *seconds* as people say them, such as ``1 min 5 s``."""
    minutes, rest = divmod(int(seconds), _MINUTE)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
