"""The levels of quality of a vendor, and what each one requires.

Every criterion is computed from the vendor's parts, facts, contracts and records, so that a level cannot be claimed. A
vendor has the highest level whose criteria are met together with those of all lower ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Literal, get_args

import soundstage_vendors
from soundstage_contracts.facts.loader import FactError, load_facts
from soundstage_contracts.facts.proves import missing_sides, proven
from soundstage_contracts.facts.record import RecordError, load_record
from soundstage_contracts.facts.shown import load_shown, shown_sides, sides_to_show
from soundstage_contracts.registry import missing_parts
from soundstage_vendors import VendorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from soundstage_contracts.facts.evidence import Evidence
    from soundstage_contracts.facts.loader import Fact
    from soundstage_contracts.facts.proves import Contract
    from soundstage_vendors.parts import FilePart, ObjectPart

Level = Literal["bronze", "silver", "gold", "platinum"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)

_PLAYS_OF_A_CELL: Final = 2
"""Each cell of the failure matrix is played by the sync and by the async client."""
_MOST_NAMED: Final = 3
_NO_FACT: Final = "no fact is documented yet"
_LONGEST_ERROR: Final = 300
"""Characters of an error in a row."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One requirement of a level.

    Attributes:
        level: The level that requires it.
        name: What is required.
        found: What was found.
        met: Whether that is enough.
    """

    level: Level
    name: str
    found: str
    met: bool


@dataclass(frozen=True, slots=True)
class Quality:
    """Which criteria one vendor meets.

    Attributes:
        vendor: The vendor's slug.
        criteria: Every criterion, those of the lowest level first.
    """

    vendor: str
    criteria: tuple[Criterion, ...]

    @property
    def level(self) -> Level | None:
        """The highest level that is reached together with all lower ones; None below bronze."""
        reached = None
        for level in LEVELS:
            if not all(criterion.met for criterion in self.criteria if criterion.level == level):
                break
            reached = level
        return reached

    @property
    def next_steps(self) -> tuple[Criterion, ...]:
        """The unmet criteria of the level above `level`."""
        unmet = [criterion for criterion in self.criteria if not criterion.met]
        return tuple(criterion for criterion in unmet if criterion.level == unmet[0].level)


def assess(vendor: str, evidence: Evidence, stale_days: int) -> Quality:
    """Compute which criteria *vendor* meets.

    Args:
        vendor: The vendor's slug.
        evidence: The results of past live runs.
        stale_days: The days after which a live result does not count.
    """
    facts: dict[str, Fact] = {}
    contracts: dict[str, tuple[Contract, ...]] = {}
    flaw = ""
    try:
        facts = dict(load_facts(vendor))
        contracts = dict(proven(vendor))
    except (FactError, VendorError) as error:
        flaw = str(error)
    checks: tuple[tuple[Level, str, Callable[[], tuple[str, bool]]], ...] = (
        ("bronze", "client and simulator", lambda: _loads(vendor, "client", "async_client", "service")),
        ("bronze", "demo", lambda: _demo(vendor)),
        ("silver", "every part", lambda: _parts(vendor)),
        ("silver", "transcripts", lambda: _transcripts(vendor)),
        ("silver", "refusals are facts", lambda: _refusals(vendor, facts)),
        ("silver", "facts proven", lambda: _proven(facts, contracts)),
        ("gold", "planted mistakes caught", lambda: _shown(vendor, facts, contracts)),
        ("gold", "third-party program unchanged", lambda: _programs(vendor)),
        ("gold", "failure matrix", lambda: _matrix(vendor)),
        ("platinum", "live evidence", lambda: _live(vendor, evidence, stale_days)),
    )
    return Quality(vendor, tuple(_criteria(checks, flaw)))


def _criteria(checks: tuple[tuple[Level, str, Callable[[], tuple[str, bool]]], ...], flaw: str) -> Iterator[Criterion]:
    for level, name, check in checks:
        if flaw and level != "bronze":
            yield Criterion(level, name, flaw, met=False)
            continue
        try:
            found, met = check()
        except (VendorError, RecordError, FactError) as error:
            found, met = str(error), False
        yield Criterion(level, name, found, met)


def _loads(vendor: str, *parts: ObjectPart | FilePart) -> tuple[str, bool]:
    """Load *parts*; one that is missing or broken raises a VendorError that names it."""
    for part in parts:
        soundstage_vendors.load(vendor, part)  # type: ignore[arg-type]  # only parts that are objects are loaded
    return "all load", True


def _demo(vendor: str) -> tuple[str, bool]:
    """Make the first call of the demo with a simulator in this process, and save its files."""
    from soundstage_contracts.declarations.vendor import contract_of  # needs extras, as the simulator does
    from soundstage_contracts.simulators.target import Target

    calls = soundstage_vendors.load(vendor, "demo")
    if not calls:
        return "no call", False
    call = calls[0]
    try:
        with Target() as target, TemporaryDirectory(prefix="soundstage-quality-") as folder:
            client = target.client(contract_of(vendor), target.new_account(), clock=target.advancing_clock())
            getattr(client, call.method)(**call.arguments).save(folder)
            saved = len(list(Path(folder).iterdir()))
    except Exception as error:  # noqa: BLE001 - whatever fails in the code of a vendor, the row has the reason
        return f"{call.method}: {error!r:.{_LONGEST_ERROR}}", False
    return f"{call.method} saved {saved} files; {len(calls)} calls in all", bool(saved)


def _parts(vendor: str) -> tuple[str, bool]:
    missing = missing_parts(vendor)
    return f"no {', no '.join(part.name for part in missing)}" if missing else "all exist", not missing


def _transcripts(vendor: str) -> tuple[str, bool]:
    count = len(list(soundstage_vendors.resources(vendor, "transcripts", ".json")))
    return f"{count} files", bool(count)


def _refusals(vendor: str, facts: dict[str, Fact]) -> tuple[str, bool]:
    service = soundstage_vendors.load(vendor, "service")
    cited = {refusal.fact for refusal in (*service.codes.values(), *service.refusals) if refusal is not None}
    unknown = sorted(fact for fact in cited if f"{vendor}:{fact}" not in facts)
    return (f"no fact for {_some(unknown)}" if unknown else f"{len(cited)} facts"), bool(cited) and not unknown


def _proven(facts: dict[str, Fact], contracts: dict[str, tuple[Contract, ...]]) -> tuple[str, bool]:
    required = [fact for fact in facts.values() if fact.needs_contract]
    if not required:
        return _NO_FACT, False
    unproven = [fact.key for fact in required if missing_sides(fact, contracts.get(fact.key, ()))]
    found = f"no contract for {_some(unproven)}" if unproven else f"{len(required)} of {len(required)}"
    return found, not unproven


def _shown(vendor: str, facts: dict[str, Fact], contracts: dict[str, tuple[Contract, ...]]) -> tuple[str, bool]:
    rows, required, unshown = load_shown(vendor), 0, []
    for fact in facts.values():
        sides = sides_to_show(fact)
        required += len(sides)
        if sides - shown_sides(fact, contracts.get(fact.key, ()), rows).keys():
            unshown.append(fact.key)
    if not required:
        return _NO_FACT, False
    return (f"none for {_some(unshown)}" if unshown else f"{required} sides of facts"), not unshown


def _programs(vendor: str) -> tuple[str, bool]:
    programs = load_record(vendor).programs
    return ", ".join(f"{name} ({day})" for name, day in sorted(programs.items())) or "none recorded", bool(programs)


def _matrix(vendor: str) -> tuple[str, bool]:
    from soundstage_contracts.matrix.cells import cells  # needs extras, and the levels alone do not

    run = load_record(vendor).matrix
    if run is None:
        return "not run", False
    plays = _PLAYS_OF_A_CELL * sum(1 for _ in cells(vendor))
    found = f"{run.passed} of {run.tried} on {run.date}"
    if run.tried != plays:
        return f"{found}; it has {plays} plays now", False
    return found, run.passed == run.tried > 0


def _live(vendor: str, evidence: Evidence, stale_days: int) -> tuple[str, bool]:
    seen = [kinds["live"] for fact, kinds in evidence.items() if fact.startswith(f"{vendor}:") and "live" in kinds]
    if failed := sum(one.result == "failed" for one in seen):
        return f"{failed} of {len(seen)} facts failed", False
    if stale := sum(one.stale(stale_days) for one in seen):
        return f"{stale} of {len(seen)} facts are older than {stale_days} days", False
    return (f"{len(seen)} facts passed" if seen else "none"), bool(seen)


def _some(names: list[str]) -> str:
    """Return the first of *names*, and how many more there are."""
    rest = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
