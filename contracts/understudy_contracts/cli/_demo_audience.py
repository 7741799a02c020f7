"""Shows how the turns of a demonstration go: moving bars on a terminal, plain lines into a pipe."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.progress import TaskID

    from understudy_contracts.cli._demo_turns import Turn


class Lines:
    """A line whenever a turn comes into another state, without a single control code."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave what was printed."""

    def update(self, turn: Turn, state: str, progress: float | None = None) -> None:
        """Print where *turn* stands."""
        done = f" {progress:.0f} %" if progress else ""
        print(f"{turn.label}: {state}{done}", flush=True)


class Bars:
    """A bar for each of *turns*, as long as the block lasts.

    Args:
        turns: All that are to come.
    """

    def __init__(self, turns: Iterable[Turn]) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            transient=True,
        )
        self._bars: dict[str, TaskID] = {
            turn.name: self._progress.add_task(turn.label, start=False, total=100.0, state="") for turn in turns
        }

    def __enter__(self) -> Self:
        """Show the bars."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bars away: the table tells it all."""
        self._progress.stop()

    def update(self, turn: Turn, state: str, progress: float | None = None) -> None:
        """Move the bar of *turn*."""
        bar = self._bars[turn.name]
        self._progress.start_task(bar)
        self._progress.update(bar, completed=progress, state=state)


def audience(turns: Iterable[Turn]) -> Lines | Bars:
    """Return bars if somebody watches a terminal that can draw them, or else lines."""
    drawable = sys.stdout.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}
    return Bars(turns) if drawable else Lines()
