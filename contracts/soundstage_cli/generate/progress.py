"""Shows a job's progress on standard error: one updated line on a terminal, a line for each change in a pipe."""

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
    """The progress line of one job.

    Args:
        label: The start of each line.
        stream: The stream to write to.
        now: The clock, in seconds.
    """

    def __init__(self, label: str, stream: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        self._label = label
        self._stream = stream
        self._now = now
        self._started = now()
        self._shown = ""
        self._is_terminal = stream.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}
        self._ended = threading.Event()
        self._lock = threading.Lock()  # the ticking thread and the job's thread share the line

    def __enter__(self) -> Self:
        """On a terminal, start to update the elapsed time once a second."""
        if self._is_terminal:
            threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the last line with a newline."""
        self._ended.set()
        with self._lock:
            if self._is_terminal and self._shown:
                self._stream.write(f"{_CLEAR}{self._line()}\n")
                self._shown = ""

    def on_update(self, snapshot: Snapshot) -> None:
        """Show the state and the progress in *snapshot*; an unknown state is shown as the vendor spells it."""
        percent = "" if snapshot.progress is None or snapshot.state.final else f" {snapshot.progress:.0f} %"
        word = snapshot.state.value if snapshot.state_raw is None or snapshot.state.value != "unknown" else ""
        self._show(f"{word or snapshot.state_raw}{percent}")

    def note(self, text: str) -> None:
        """Print *text* on a line of its own, above the progress line."""
        with self._lock:
            self._stream.write(f"{_CLEAR if self._is_terminal else ''}{self._label}: {text}\n")
            self._stream.flush()

    def _show(self, text: str) -> None:
        with self._lock:
            before, self._shown = self._shown, text
            if self._is_terminal:
                self._draw()
            elif before != text:
                self._stream.write(f"{self._line()}\n")
                self._stream.flush()

    def _tick(self) -> None:
        while not self._ended.wait(_TICK):
            with self._lock:
                if self._shown and not self._ended.is_set():
                    self._draw()

    def _draw(self) -> None:
        self._stream.write(f"{_CLEAR}{self._line()}")
        self._stream.flush()

    def _line(self) -> str:
        return f"{self._label}: {self._shown}, {format_duration(self._now() - self._started)}"


def format_duration(seconds: float) -> str:
    """Format *seconds* as minutes and seconds, such as ``1 min 5 s``."""
    minutes, rest = divmod(int(seconds), _MINUTE)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
