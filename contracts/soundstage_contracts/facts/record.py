"""What long runs have shown about a vendor: third-party programs that ran unchanged, and the failure matrix.

The file ``<vendor>_record.json`` is in the folder of the fact file and ships with it. Runs write it; it is not edited.

    {
      "programs": {"google-genai 2.34.0": "2026-11-29"},
      "matrix": {"tried": 6512, "passed": 6512, "date": "2026-11-29"}
    }
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import soundstage_vendors
from soundstage_vendors import VendorError

if TYPE_CHECKING:
    from collections.abc import Mapping


_FAULTS: Final = {
    "double_submissions": "submitted a job twice",
    "unresolved": "did not see the end of a job",
}
"""The entries of a report that must be empty for a program to count as running unchanged."""


class RecordError(ValueError):
    """A record, or the report that is to be recorded, cannot be used; the text names the file and the reason."""


@dataclass(frozen=True, slots=True)
class MatrixRun:
    """A whole run of a vendor's failure matrix.

    Attributes:
        tried: The number of plays.
        passed: How many of them kept every law.
        date: The day of the run, as YYYY-MM-DD.
    """

    tried: int
    passed: int
    date: str


@dataclass(frozen=True, slots=True)
class Record:
    """What runs have shown about one vendor.

    Attributes:
        programs: The name and version of each third-party program, and the day on which it last ran unchanged.
        matrix: The last whole run of the failure matrix; None if there was none.
    """

    programs: Mapping[str, str] = field(default_factory=dict)
    matrix: MatrixRun | None = None


def load_record(vendor: str) -> Record:
    """Return the record of *vendor*, which is empty where nothing was recorded.

    Raises:
        RecordError: The file is not what a run writes, or the vendor is broken.
    """
    path = _path(vendor)
    if not path.is_file():
        return Record()
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        programs = {str(name): date.fromisoformat(day).isoformat() for name, day in data["programs"].items()}
        matrix = None if data["matrix"] is None else MatrixRun(**data["matrix"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RecordError(f"{path.name}: not a record of runs: {type(error).__name__}: {error}") from None
    return Record(programs, matrix)


def record_matrix(vendor: str, run: MatrixRun) -> None:
    """Record a whole run of the failure matrix of *vendor*.

    Raises:
        RecordError: The existing file is not a record, or the vendor is broken.
    """
    _write(vendor, Record(load_record(vendor).programs, run))


def record_program(vendor: str, program: str, report: Path, today: str) -> None:
    """Record that *program* ran unchanged with *vendor*, as *report* of `soundstage run` shows.

    Args:
        vendor: The vendor's slug.
        program: The program's name and version.
        report: The file that ``soundstage run --report`` has written.
        today: The day, as YYYY-MM-DD.

    Raises:
        RecordError: The report does not show a clean run with a finished job of the vendor, or a file is unusable.
    """
    if problem := _problem(vendor, _read_report(report)):
        raise RecordError(f"{report.name}: {problem}; nothing was recorded")
    record = load_record(vendor)
    _write(vendor, Record({**record.programs, program: today}, record.matrix))


def _read_report(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path.name}: not a report of soundstage run --report: {error}") from None
    if not isinstance(data, dict) or not {"exit_code", "finished", *_FAULTS} <= data.keys():
        raise RecordError(f"{path.name}: not a report of soundstage run --report")
    return data


def _problem(vendor: str, report: Mapping[str, Any]) -> str:
    """Return why *report* shows no clean run with *vendor*; empty if it does."""
    if report["exit_code"]:
        return f"the program ended with {report['exit_code']}"
    for name, what in _FAULTS.items():
        if report[name]:
            return f"the program {what}: {', '.join(map(str, report[name]))}"
    if not report["finished"].get(vendor):
        return f"no job of {vendor} has succeeded; the report has {', '.join(report['finished']) or 'none'}"
    return ""


def _path(vendor: str) -> Path:
    try:
        path = soundstage_vendors.resource(vendor, "record")
    except VendorError as error:
        raise RecordError(str(error)) from None
    if not isinstance(path, Path):
        raise RecordError(f"{vendor}: its record is {path}; allowed: a file of a package in a folder")
    return path


def _write(vendor: str, record: Record) -> None:
    """Replace the file atomically."""
    path = _path(vendor)
    data = {"programs": dict(sorted(record.programs.items())), "matrix": record.matrix and asdict(record.matrix)}
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(path)
