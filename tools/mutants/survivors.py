"""The list of the mutants that no contract kills, each with the reason: `tests/breaks/survivors.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.mutants.generation import Mutant

PATH: Final = Path(__file__).parents[2] / "tests" / "breaks" / "survivors.toml"
Kind = Literal["equivalent", "undocumented", "invisible"]
"""Why nothing kills it: it behaves the same; no document states what it changes; nothing on the wire shows it."""
_KEY: Final = ("vendor", "side", "file", "function", "before", "after")


class SurvivorError(ValueError):
    """The list has an entry that cannot be used; the text names it."""


@dataclass(slots=True)
class Survivors:
    """The listed mutants, and the kind of each."""

    kinds: dict[tuple[str, ...], Kind] = field(default_factory=dict)

    def kind_of(self, mutant: Mutant) -> Kind | None:
        """Return the kind of the entry of *mutant*; None if it is not listed."""
        return self.kinds.get((mutant.vendor, mutant.side, mutant.file, mutant.scope, mutant.before, mutant.after))

    @classmethod
    def load(cls, path: Path = PATH) -> Survivors:
        """Read the list.

        Raises:
            SurvivorError: An entry lacks a member, has an unknown kind, or is listed twice.
        """
        kinds: dict[tuple[str, ...], Kind] = {}
        for entry in entries(path):
            key = tuple(str(entry.get(name, "")) for name in _KEY)
            missing = [name for name in (*_KEY, "kind", "reason") if name not in entry]
            if missing:
                raise SurvivorError(f"{path.name}: {key}: {', '.join(missing)} missing")
            if entry["kind"] not in get_args(Kind):
                raise SurvivorError(f"{path.name}: {key}: kind is {entry['kind']!r}; allowed: {get_args(Kind)}")
            if key in kinds:
                raise SurvivorError(f"{path.name}: {key} is listed twice")
            kinds[key] = entry["kind"]  # type: ignore[assignment]  # checked above
        return cls(kinds)


def entries(path: Path = PATH) -> Iterable[dict[str, str]]:
    """Return the entries of the list as they are written."""
    listed: list[dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8")).get("survivor", [])
    return listed


def as_entry(mutant: Mutant, kind: str, reason: str) -> str:
    """Return the entry of *mutant* as TOML, to be copied into the list."""
    members = {
        "vendor": mutant.vendor,
        "side": mutant.side,
        "file": mutant.file,
        "function": mutant.scope,
        "before": mutant.before,
        "after": mutant.after,
        "kind": kind,
        "reason": reason,
    }
    return "[[survivor]]\n" + "".join(f"{name} = {_quoted(value)}\n" for name, value in members.items())


def _quoted(text: str) -> str:
    if "'" not in text:
        return f"'{text}'"
    return (
        f"'''{text}'''"
        if "'''" not in text and not text.endswith("'")
        else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )
