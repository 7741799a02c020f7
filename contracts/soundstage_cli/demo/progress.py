"""Shows how the turns of a demonstration go: moving bars on a terminal, plain lines into a pipe."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from rich.progress import TaskID

    from soundstage_cli.demo.calls import Turn

_WHOLE: Final = 100.0


class Lines:
    """A line whenever a turn comes into another state, without a single control code."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave what was printed."""

    def update(self, turn: Turn, state: str, progress: float | None = None) -> None:
        """Print where *turn* stands."""
        done = f" {progress:.0f} %" if progress and progress < _WHOLE else ""
        print(f"{turn.label}: {state}{done}", flush=True)

    def end(self, turn: Turn, state: str) -> None:
        """Print how *turn* ended."""
        self.update(turn, state)


class Bars:
    """A bar for all the turns and one for each that is under way; a turn that ended leaves a line above them.

    Args:
        turns: How many are to come.
    """

    def __init__(self, turns: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[state]}", markup=False),
            transient=True,
        )
        self._all = self._progress.add_task("all", total=turns, state="")
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Show the bars."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bars away."""
        self._progress.stop()

    def update(self, turn: Turn, state: str, progress: float | None = None) -> None:
        """Move the bar of *turn*, which appears with its first state."""
        if turn.name not in self._bars:
            self._bars[turn.name] = self._progress.add_task(turn.label, total=_WHOLE, state=state)
        self._progress.update(self._bars[turn.name], completed=progress, state=state)

    def end(self, turn: Turn, state: str) -> None:
        """Put a line in the place of the bar of *turn*."""
        if turn.name in self._bars:
            self._progress.remove_task(self._bars.pop(turn.name))
        self._progress.console.print(f"{turn.label}: {state}", markup=False, highlight=False)
        self._progress.advance(self._all)


def audience(turns: int) -> Lines | Bars:
    """Return bars if somebody watches a terminal that can draw them, or else lines, for so many *turns*."""
    drawable = sys.stdout.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}
    return Bars(turns) if drawable else Lines()
