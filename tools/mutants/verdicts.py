"""The results file of a run: one line of JSON for each verdict, the last one counts."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

from tools.mutants.server import Experience, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tools.mutants.generation import Mutant


_VERDICT: Final = tuple(each.name for each in fields(Verdict))


class Verdicts:
    """Verdicts by mutant, kept in the file *path* if there is one.

    Args:
        path: The file; each verdict is appended at once, so that an interrupted run can be resumed.
        trust: Whether a mutant that was killed counts as killed, whatever has changed since.
    """

    def __init__(self, path: Path | None, *, trust: bool = False) -> None:
        self._path = path
        self._trust = trust
        self._entries: dict[str, dict[str, Any]] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                self._entries[entry.pop("mutant")] = entry

    def reusable(self, mutant: Mutant, fingerprint: str) -> Verdict | None:
        """Return the verdict of *mutant* if nothing that it rests on has changed."""
        entry = self._entries.get(mutant.id)
        if entry is None:
            return None
        values = {name: entry[name] for name in _VERDICT}
        trusted = self._trust and values["outcome"] in {"killed", "broken"}
        return Verdict(**values) if trusted or entry["fingerprint"] == fingerprint else None

    def experience(self, vendor: str) -> Experience:
        """Return which contracts have killed mutants of *vendor*."""
        found = Experience()
        for entry in self._entries.values():
            if entry["vendor"] == vendor and entry["outcome"] == "killed":
                found.learn(entry["side"], entry["file"], entry["scope"], entry["contract"])
        return found

    def last_contract(self, mutant: Mutant) -> str:
        """Return the contract that killed *mutant* last, whatever has changed since; or an empty text."""
        return str(self._entries.get(mutant.id, {}).get("contract", ""))

    def keep(self, mutant: Mutant, fingerprint: str, verdict: Verdict) -> None:
        """Store a verdict."""
        place = {name: getattr(mutant, name) for name in ("vendor", "side", "file", "scope", "start")}
        entry = {"fingerprint": fingerprint, **place, **asdict(verdict)}
        self._entries[mutant.id] = entry
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"mutant": mutant.id, **entry}) + "\n")
