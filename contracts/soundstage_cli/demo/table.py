"""The table at the end of a demonstration: what each turn took and cost, and what a decoder says of its files."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstage_cli.demo.probe import UndecodableError, describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from soundstage_cli.console import Cell, Screen
    from soundstage_cli.demo.calls import Outcome

_WIDE: Final = ("vendor", "capability", "simulated", "real", "cost", "file", "a decoder says")
_NARROW: Final = ("vendor\ncapability", "simulated, real\ncost", "file\na decoder says")
_GAP: Final = 3
_PIPE_WIDTH: Final = 120


@dataclass(frozen=True)
class Finding:
    """One row: a file of a turn and what a decoder says of it, or why there is none.

    Attributes:
        outcome: The turn's.
        first: Whether it is the first of the turn, which shows the figures.
        file: The file's name.
        said: What the decoder says, or what went wrong.
        bad: Whether it went wrong.
    """

    outcome: Outcome
    first: bool
    file: str
    said: str
    bad: bool

    def cells(self) -> tuple[str, ...]:
        """Return the row, a cell for each word of the heads."""
        done = self.outcome
        turn, cost = done.turn, money({done.unit: done.amount})
        figures = (turn.vendor.slug, turn.call.method, f"{done.simulated:.0f} s", f"{done.real:.2f} s", cost)
        return (*(figures if self.first else ("",) * len(figures)), self.file, self.said)


def examined(outcomes: Iterable[Outcome]) -> Iterator[Finding]:
    """Decode every file of *outcomes*."""
    for outcome in outcomes:
        if outcome.problem:
            yield Finding(outcome, first=True, file="", said=outcome.problem, bad=True)
        for number, file in enumerate(outcome.files):
            said, bad = _described(file)
            yield Finding(outcome, first=number == 0, file=file.name, said=said, bad=bad)


def _described(file: Path) -> tuple[str, bool]:
    try:
        return describe(file), False
    except UndecodableError as error:
        return str(error), True


def draw(screen: Screen, findings: Sequence[Finding]) -> None:
    """Show *findings* in lines of seven cells, or where these do not fit, in pairs of lines."""
    rows = [found.cells() for found in findings]
    widths = (max(map(len, column)) for column in zip(_WIDE, *rows, strict=True))
    fits = sum(widths) + _GAP * len(_WIDE) <= shutil.get_terminal_size((_PIPE_WIDTH, 0)).columns
    shown = rows if fits else map(_in_two_lines, rows)
    styles = ["bold red" if found.bad else "" for found in findings]
    cells: list[list[Cell]] = [[*row[:-1], (row[-1], style)] for row, style in zip(shown, styles, strict=True)]
    screen.table(_WIDE if fits else _NARROW, cells)


def _in_two_lines(row: Sequence[str]) -> tuple[str, ...]:
    vendor, capability, simulated, real, cost, file, said = row
    took = f"{simulated}, {real}" if simulated else ""
    return f"{vendor}\n{capability}", f"{took}\n{cost}", f"{file}\n{said}".strip()


def bottom_line(findings: Sequence[Finding], out: str, left: Mapping[str, int]) -> str:
    """Return in one line where the files are, what they would have cost, and what left this machine."""
    files = sum(1 for found in findings if found.file)
    costs: dict[str, float] = defaultdict(float)
    for outcome in (found.outcome for found in findings if found.first):
        costs[outcome.unit] += outcome.amount
    gone = ", ".join(f"{count} to {address}" for address, count in left.items())
    leaving = f"requests left this machine: {gone}" if gone else "nothing left this machine"
    noun = "file is" if files == 1 else "files are"
    return f"{files} {noun} in {Path(out)}; would have been spent: {money(costs)}; {leaving}."


def money(costs: Mapping[str, float]) -> str:
    """Return amounts with their units, such as ``10 credits``."""
    return " and ".join(f"{amount:.10g} {unit}" for unit, amount in costs.items()) or "nothing"
