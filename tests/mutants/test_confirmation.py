"""Whole runs of several mutants: who is blamed for a failure, and what is run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.mutants.confirmation import SIZE, ContractsFailError, confirm, groups
from tools.mutants.generation import Mutant
from tools.mutants.server import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.mutants.server import Job


def mutant(name: str, function: str | None = None, edit: tuple[int, int, str] = (0, 1, "")) -> Mutant:
    """Return a mutant of a module of its own; a *function* is one of a shared module."""
    path = Path("shared.py" if function else f"{name}.py")
    return Mutant("sampled", "client", path.name, name, "", "", 0, path, 1, 1, 1, "text", edit, function, (1, 1))


class Suite:
    """Runs jobs: each contract fails with one of its mutants unless another one hides it.

    Args:
        kills: Mutant to the contract that fails with it.
        hides: Mutant to the one whose failure it hides.
        broken: Contracts that fail without a mutant.
    """

    def __init__(self, kills: dict[str, str], hides: dict[str, str] | None = None, broken: Sequence[str] = ()) -> None:
        self._kills = kills
        self._hides = hides or {}
        self._broken = broken

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Verdict]]:
        """Yield each job with its verdict."""
        for job in jobs:
            names = {each.scope for each in job.mutants}
            hidden = {self._hides[name] for name in names if name in self._hides}
            failed = [*self._broken, *(self._kills[name] for name in sorted(names - hidden) if name in self._kills)]
            failed = [name for name in failed if not job.only or name in job.only]
            yield job, Verdict("killed", "\n".join(failed)) if failed else Verdict("survived")


def outcomes(suite: Suite, *names: str) -> dict[str, str]:
    """Return the outcome of each mutant."""
    return {each.scope: verdict.outcome for each, verdict in confirm([mutant(name) for name in names], suite.run)}


def test_failure_is_blamed_on_its_own_mutant() -> None:
    """Of a group, exactly the mutants that a failing contract fails with alone are killed."""
    assert outcomes(Suite({"b": "test_b", "c": "test_c"}), "a", "b", "c") == {
        "a": "survived",
        "b": "killed",
        "c": "killed",
    }


def test_hidden_mutant_is_found_when_the_other_is_killed() -> None:
    """A mutant whose failure another one of the group hides is killed in a later run."""
    assert outcomes(Suite({"a": "test_a", "b": "test_b"}, {"a": "b"}), "a", "b", "c") == {
        "a": "killed",
        "b": "killed",
        "c": "survived",
    }


def test_contract_that_fails_without_a_mutant_is_an_error() -> None:
    """A contract that always fails kills nothing; it is named."""
    with pytest.raises(ContractsFailError, match="test_flaky"):
        outcomes(Suite({}, broken=["test_flaky"]), "a", "b")


def test_group_has_no_two_mutants_of_one_place() -> None:
    """Mutants of one function, or of overlapping texts, are in different groups, and no group is too large."""
    mutants = [
        mutant("a", "f"),
        mutant("b", "f", (5, 6, "")),
        mutant("c", "g", (0, 1, "x")),
        mutant("d", "h", (9, 9, "y")),
    ]
    found = groups([*mutants, *(mutant(f"m{number}") for number in range(2 * SIZE))])
    places = [{each.scope for each in group} for group in found]
    assert sum(map(len, found)) == len(mutants) + 2 * SIZE
    assert max(map(len, found)) <= SIZE
    assert not any({"a", "b"} <= place or {"a", "c"} <= place for place in places)
    assert any({"a", "d"} <= place for place in places)
