"""Shows the progress of the demo's calls: progress bars on a terminal, plain lines into a pipe."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from rich.progress import TaskID

    from soundstage_cli.demo.runner import ClientCall

_WHOLE: Final = 100.0


class LineProgress:
    """Prints a line for each change of state, without control codes."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing; the printed lines remain."""

    def update(self, call: ClientCall, state: str, progress: float | None = None) -> None:
        """Print the state of *call*."""
        done = f" {progress:.0f} %" if progress and progress < _WHOLE else ""
        print(f"{call.label}: {state}{done}", flush=True)

    def end(self, call: ClientCall, state: str) -> None:
        """Print the final state of *call*."""
        self.update(call, state)


class BarProgress:
    """A bar for all calls and one for each running call; a finished call leaves a line above them.

    Args:
        calls: The number of calls.
    """

    def __init__(self, calls: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[state]}", markup=False),
            transient=True,
        )
        self._all = self._progress.add_task("all", total=calls, state="")
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Show the bars."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the bars."""
        self._progress.stop()

    def update(self, call: ClientCall, state: str, progress: float | None = None) -> None:
        """Advance the bar of *call*; its first state creates the bar."""
        if call.name not in self._bars:
            self._bars[call.name] = self._progress.add_task(call.label, total=_WHOLE, state=state)
        self._progress.update(self._bars[call.name], completed=progress, state=state)

    def end(self, call: ClientCall, state: str) -> None:
        """Replace the bar of *call* with a line."""
        if call.name in self._bars:
            self._progress.remove_task(self._bars.pop(call.name))
        self._progress.console.print(f"{call.label}: {state}", markup=False, highlight=False)
        self._progress.advance(self._all)


def progress_display(calls: int) -> LineProgress | BarProgress:
    """Return bars if standard output is a terminal that can draw them, or else lines, for a number of *calls*."""
    drawable = sys.stdout.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}
    return BarProgress(calls) if drawable else LineProgress()
