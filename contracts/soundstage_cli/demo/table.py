"""The table at the end of the demo: time and cost of each call, and a description of each decoded file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstage_cli.demo.media_info import UndecodableError, describe_media

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from soundstage_cli.console import Cell, Printer
    from soundstage_cli.demo.runner import CallResult

_WIDE_HEADERS: Final = ("vendor", "capability", "simulated", "real", "cost", "file", "decoded")
_NARROW_HEADERS: Final = ("vendor\ncapability", "simulated, real\ncost", "file\ndecoded")
_GAP: Final = 3


@dataclass(frozen=True)
class ResultRow:
    """One row: a file of a call with its description, or the error of a call without a file.

    Attributes:
        result: The result of the call.
        first: Whether it is the call's first row, which shows time and cost.
        file: The name of the file.
        details: The description of the decoded file, or the error.
        failed: Whether *details* is an error.
    """

    result: CallResult
    first: bool
    file: str
    details: str
    failed: bool

    def cells(self) -> tuple[str, ...]:
        """Return the row, one cell for each of the wide headers."""
        result, call = self.result, self.result.call
        cost = format_costs({result.unit: result.amount})
        figures = (call.vendor.slug, call.demo_call.method, f"{result.simulated:.0f} s", f"{result.real:.2f} s", cost)
        return (*(figures if self.first else ("",) * len(figures)), self.file, self.details)


def result_rows(results: Iterable[CallResult]) -> Iterator[ResultRow]:
    """Decode every file of *results* and yield a row for each."""
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
    """Print *rows* with one line each, or two lines each if one does not fit the terminal."""
    texts = [row.cells() for row in rows]
    widths = (max(map(len, column)) for column in zip(_WIDE_HEADERS, *texts, strict=True))
    fits = printer.width is None or sum(widths) + _GAP * len(_WIDE_HEADERS) <= printer.width
    shown = texts if fits else map(_in_two_lines, texts)
    styles = ["bold red" if row.failed else "" for row in rows]
    cells: list[list[Cell]] = [[*text[:-1], (text[-1], style)] for text, style in zip(shown, styles, strict=True)]
    printer.table(_WIDE_HEADERS if fits else _NARROW_HEADERS, cells)


def _in_two_lines(row: Sequence[str]) -> tuple[str, ...]:
    vendor, capability, simulated, real, cost, file, details = row
    took = f"{simulated}, {real}" if simulated else ""
    return f"{vendor}\n{capability}", f"{took}\n{cost}", f"{file}\n{details}".strip()


def summary_line(rows: Sequence[ResultRow], out: str, external_requests: Mapping[str, int]) -> str:
    """Return one line with the number of files, their folder, the simulated cost, and any external requests."""
    files = sum(1 for row in rows if row.file)
    costs: dict[str, float] = defaultdict(float)
    for result in (row.result for row in rows if row.first):
        costs[result.unit] += result.amount
    external = ", ".join(f"{count} to {address}" for address, count in external_requests.items())
    requests = f"requests left this machine: {external}" if external else "nothing left this machine"
    noun = "file is" if files == 1 else "files are"
    return f"{files} {noun} in {Path(out)}; would have been spent: {format_costs(costs)}; {requests}."


def format_costs(costs: Mapping[str, float]) -> str:
    """Return the amounts with their units, such as ``10 credits``."""
    return " and ".join(f"{amount:.10g} {unit}" for unit, amount in costs.items()) or "nothing"
