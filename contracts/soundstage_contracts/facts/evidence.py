"""Evidence: the last result, target and date of each fact, in a small file that can be committed.

The file has one sorted line for each fact, so that a change is one line in a diff. A run merges its results into the
file and keeps the entries of facts that it did not test. Unchecked contracts leave no entry.

    {
      "version": 1,
      "facts": {
        "tomoviee:auth.headers": {"simulation": "passed 2026-11-25", "live": "passed 2026-11-25"},
        ...
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from soundstage_contracts.options import LIVE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Kind = Literal["simulation", "live"]
Result = Literal["passed", "failed"]

VERSION: Final = 1
STALE_DAYS: Final = 90
"""Days after which a live result is stale, unless an option changes it."""
FILE: Final = "soundstage-evidence.json"
"""The file that `soundstage facts` reads by default."""

KINDS: Final[tuple[Kind, ...]] = ("simulation", "live")
_ENTRY: Final = re.compile(r"(passed|failed) (\d{4}-\d\d-\d\d)")


class EvidenceError(ValueError):
    """A file is not an evidence file; the text names it and the reason."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The result of a run for a fact.

    Attributes:
        result: Whether every contract of the fact passed.
        day: The day of the run.
    """

    result: Result
    day: date

    def __str__(self) -> str:
        """Return the observation in the file's format."""
        return f"{self.result} {self.day.isoformat()}"

    def stale(self, days: int, today: date | None = None) -> bool:
        """Return whether the observation is more than *days* days old."""
        return (today or datetime.now(tz=UTC).date()) - self.day > timedelta(days=days)


Evidence = dict[str, dict[Kind, Observation]]


def read_evidence(path: Path) -> Evidence:
    """Read the file *path*; a missing file is empty evidence.

    Raises:
        EvidenceError: It is not an evidence file.
    """
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            raise EvidenceError(f"{path}: version is {data['version']!r}; allowed: {VERSION}")
        return {str(fact): _observations(path, fact, kinds) for fact, kinds in data["facts"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, EvidenceError):
            raise
        raise EvidenceError(f"{path}: not evidence: {type(error).__name__}: {error}") from None


def _observations(path: Path, fact: str, kinds: Mapping[Kind, str]) -> dict[Kind, Observation]:
    seen: dict[Kind, Observation] = {}
    for kind, entry in kinds.items():
        match = _ENTRY.fullmatch(entry)
        if match is None or kind not in KINDS:
            allowed = "simulation or live, and passed or failed with a date"
            raise EvidenceError(f"{path}: {fact} has {kind}: {entry!r}; allowed: {allowed}")
        result: Result = "passed" if match[1] == "passed" else "failed"
        seen[kind] = Observation(result, date.fromisoformat(match[2]))
    return seen


def results(records: Iterable[Mapping[str, Any]]) -> dict[tuple[str, Kind], Result]:
    """Return the result of each fact in *records*: failed if one of its contracts failed, passed if all passed."""
    found: dict[tuple[str, Kind], Result] = {}
    for record in records:
        if record["outcome"] == "unchecked":
            continue
        kind: Kind = "live" if record["service"] else "simulation"
        for fact in record["facts"]:
            if record["outcome"] == "failed":
                found[fact, kind] = "failed"
            else:
                found.setdefault((fact, kind), "passed")
    return found


def merge(path: Path, records: Iterable[Mapping[str, Any]], target: str, today: date | None = None) -> int:
    """Merge the results of *records* into the file *path*, and return the number of facts in them.

    Raises:
        EvidenceError: The existing file is not an evidence file; it is left unchanged.
    """
    day = today or datetime.now(tz=UTC).date()
    evidence = read_evidence(path)
    found = results(records)
    for (fact, kind), result in found.items():
        if kind == "live" or target != LIVE:  # the simulated contracts of a live run try too few examples
            evidence.setdefault(fact, {})[kind] = Observation(result, day)
    _write(path, evidence)
    return len({fact for fact, _ in found})


def _write(path: Path, evidence: Evidence) -> None:
    """Replace the file atomically."""
    lines = []
    for fact in sorted(evidence):
        kinds = {kind: str(evidence[fact][kind]) for kind in KINDS if kind in evidence[fact]}
        lines.append(f"    {json.dumps(fact)}: {json.dumps(kinds)}")
    text = f'{{\n  "version": {VERSION},\n  "facts": {{\n' + ",\n".join(lines) + "\n  }\n}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
