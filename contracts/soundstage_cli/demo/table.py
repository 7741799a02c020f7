"""The table at the end of a demonstration: what each call took and cost, and what a decoder says of its files."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstage_cli.demo.media_info import UndecodableError, describe_media

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from soundstage_cli.console import Cell, Printer
    from soundstage_cli.demo.runner import CallResult

_WIDE_HEADERS: Final = ("vendor", "capability", "simulated", "real", "cost", "file", "a decoder says")
_NARROW_HEADERS: Final = ("vendor\ncapability", "simulated, real\ncost", "file\na decoder says")
_GAP: Final = 3
_PIPE_WIDTH: Final = 120


@dataclass(frozen=True)
class ResultRow:
    """One row: a file of a call and what a decoder says of it, or why there is none.

    Attributes:
        result: The call's.
        first: Whether it is the first of the call, which shows the figures.
        file: The file's name.
        details: What the decoder says, or what went wrong.
        failed: Whether it went wrong.
    """

    result: CallResult
    first: bool
    file: str
    details: str
    failed: bool

    def cells(self) -> tuple[str, ...]:
        """Return the row, a cell for each word of the heads."""
        done = self.result
        call, cost = done.call, format_costs({done.unit: done.amount})
        figures = (call.vendor.slug, call.demo_call.method, f"{done.simulated:.0f} s", f"{done.real:.2f} s", cost)
        return (*(figures if self.first else ("",) * len(figures)), self.file, self.details)


def result_rows(results: Iterable[CallResult]) -> Iterator[ResultRow]:
    """Decode every file of *results*."""
    for result in results:
        if result.error:
            yield ResultRow(result, first=True, file="", details=result.error, failed=True)
        for number, file in enumerate(result.files):
            details, failed = _describe(file)
            yield ResultRow(result, first=number == 0, file=file.name, details=details, failed=failed)


def _describe(file: Path) -> tuple[str, bool]:
    try:
        return describe_media(file), False
    except UndecodableError as error:
        return str(error), True


def print_table(printer: Printer, rows: Sequence[ResultRow]) -> None:
    """Show *rows* in lines of seven cells, or where these do not fit, in pairs of lines."""
    texts = [row.cells() for row in rows]
    widths = (max(map(len, column)) for column in zip(_WIDE_HEADERS, *texts, strict=True))
    fits = sum(widths) + _GAP * len(_WIDE_HEADERS) <= shutil.get_terminal_size((_PIPE_WIDTH, 0)).columns
    shown = texts if fits else map(_in_two_lines, texts)
    styles = ["bold red" if row.failed else "" for row in rows]
    cells: list[list[Cell]] = [[*text[:-1], (text[-1], style)] for text, style in zip(shown, styles, strict=True)]
    printer.table(_WIDE_HEADERS if fits else _NARROW_HEADERS, cells)


def _in_two_lines(row: Sequence[str]) -> tuple[str, ...]:
    vendor, capability, simulated, real, cost, file, details = row
    took = f"{simulated}, {real}" if simulated else ""
    return f"{vendor}\n{capability}", f"{took}\n{cost}", f"{file}\n{details}".strip()


def summary_line(rows: Sequence[ResultRow], out: str, external_requests: Mapping[str, int]) -> str:
    """Return in one line where the files are, what they would have cost, and what left this machine."""
    files = sum(1 for row in rows if row.file)
    costs: dict[str, float] = defaultdict(float)
    for result in (row.result for row in rows if row.first):
        costs[result.unit] += result.amount
    gone = ", ".join(f"{count} to {address}" for address, count in external_requests.items())
    leaving = f"requests left this machine: {gone}" if gone else "nothing left this machine"
    noun = "file is" if files == 1 else "files are"
    return f"{files} {noun} in {Path(out)}; would have been spent: {format_costs(costs)}; {leaving}."


def format_costs(costs: Mapping[str, float]) -> str:
    """Return amounts with their units, such as ``10 credits``."""
    return " and ".join(f"{amount:.10g} {unit}" for unit, amount in costs.items()) or "nothing"
