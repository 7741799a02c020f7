"""Evidence: for each fact the last result, target and date, in a small file that is made to be committed.

One line a fact, sorted, so that a change is one line in a diff. A run merges what it saw into what stood there: what it
did not look at stays. Nothing is written of what was not checked.

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
"""Days after which what was seen live is stale, unless somebody says otherwise."""
FILE: Final = "soundstage-evidence.json"
"""Where `soundstage facts` looks for evidence by itself."""

KINDS: Final[tuple[Kind, ...]] = ("simulation", "live")
_ENTRY: Final = re.compile(r"(passed|failed) (\d{4}-\d\d-\d\d)")


class EvidenceError(ValueError):
    """A file is no evidence; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a run saw of a fact.

    Attributes:
        result: Whether every contract that looked at it passed.
        day: The day of the run.
    """

    result: Result
    day: date

    def __str__(self) -> str:
        """Return it as it is written in the file."""
        return f"{self.result} {self.day.isoformat()}"

    def stale(self, days: int, today: date | None = None) -> bool:
        """Return whether it was seen more than *days* days ago."""
        return (today or datetime.now(tz=UTC).date()) - self.day > timedelta(days=days)


Evidence = dict[str, dict[Kind, Observation]]


def read_evidence(path: Path) -> Evidence:
    """Read the file *path*; one that does not exist says nothing.

    Raises:
        EvidenceError: It is no file of evidence.
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
    """Return what *records* say of each fact: it failed if one contract of it failed, and passed if all did."""
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
    """Write into the file *path* what *records* say, and return of how many facts that is.

    Raises:
        EvidenceError: The file there is no evidence; it is left as it is.
    """
    day = today or datetime.now(tz=UTC).date()
    evidence = read_evidence(path)
    found = results(records)
    for (fact, kind), result in found.items():
        if kind == "live" or target != LIVE:  # what runs beside a live run was not looked at with any care
            evidence.setdefault(fact, {})[kind] = Observation(result, day)
    _write(path, evidence)
    return len({fact for fact, _ in found})


def _write(path: Path, evidence: Evidence) -> None:
    """Replace the file at once, whole or not at all."""
    lines = []
    for fact in sorted(evidence):
        kinds = {kind: str(evidence[fact][kind]) for kind in KINDS if kind in evidence[fact]}
        lines.append(f"    {json.dumps(fact)}: {json.dumps(kinds)}")
    text = f'{{\n  "version": {VERSION},\n  "facts": {{\n' + ",\n".join(lines) + "\n  }\n}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
