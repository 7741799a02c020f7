"""Confirm that mutants survive: all contracts run with all their examples, on several mutants at once.

A whole run takes much longer than the contract that kills an average mutant, and most mutants that survived the
likeliest contracts survive the others as well. So a whole run gets a group of mutants. The contracts that fail run
again on each mutant of the group alone, which shows what they kill. The others form new groups, until none fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tools.mutants.server import Job, Verdict

if TYPE_CHECKING:
    from tools.mutants.generation import Mutant

SIZE: Final = 12
"""How many mutants run at once."""
_FAILED: Final = frozenset({"killed", "hung"})
Run = Callable[[Sequence[Job]], Iterator[tuple[Job, Verdict]]]


class ContractsFailError(RuntimeError):
    """Contracts fail without a mutant, so that they prove nothing; the text names them."""


def confirm(mutants: Sequence[Mutant], run: Run) -> Iterator[tuple[Mutant, Verdict]]:
    """Yield the final verdict of each of *mutants*.

    Args:
        mutants: Those that survived a few contracts.
        run: Runs jobs with the whole suite and yields each with its verdict.

    Raises:
        ContractsFailError: A contract fails without a mutant.
    """
    waiting = groups(mutants)
    while waiting:
        failed: list[tuple[Job, Verdict]] = []
        for job, verdict in run([Job(group) for group in waiting]):
            if verdict.outcome == "survived" or len(job.mutants) == 1:
                yield from ((mutant, verdict) for mutant in job.mutants)
            else:
                failed.append((job, verdict))
        blamed = dict(_blame(failed, run))
        yield from blamed.items()
        # What is left runs again, because a mutant that was killed may have hidden another.
        left = {job: [mutant for mutant in job.mutants if mutant not in blamed] for job, _ in failed}
        fewer = [mutant for job, rest in left.items() for mutant in rest if len(rest) < len(job.mutants)]
        whole = [rest for job, rest in left.items() if len(rest) == len(job.mutants)]
        waiting = groups(fewer) + [tuple(half) for rest in whole for half in _halves(rest)]


def groups(mutants: Sequence[Mutant], size: int = SIZE) -> list[tuple[Mutant, ...]]:
    """Divide *mutants* into groups that can be applied together: none hides another in the same function."""
    found: list[list[Mutant]] = []
    for mutant in mutants:
        fitting = (
            group for group in found if len(group) < size and not any(_collides(mutant, other) for other in group)
        )
        group = next(fitting, None)
        if group is None:
            found.append([mutant])
        else:
            group.append(mutant)
    return [tuple(group) for group in found]


def _collides(one: Mutant, other: Mutant) -> bool:
    same_function = one.function is not None and (one.path, one.function) == (other.path, other.function)
    return same_function or one.overlaps(other)


def _blame(failed: Sequence[tuple[Job, Verdict]], run: Run) -> Iterator[tuple[Mutant, Verdict]]:
    """Run the contracts that failed on each mutant of their group alone, and yield those that they kill."""
    contracts = tuple(dict.fromkeys(name for _, verdict in failed for name in verdict.contracts))
    jobs = [
        Job((mutant,), only=verdict.contracts) for job, verdict in failed if verdict.contract for mutant in job.mutants
    ]
    for job, verdict in run([Job((), only=contracts), *jobs] if jobs else ()):
        if verdict.outcome in _FAILED and not job.mutants:
            raise ContractsFailError(f"fails without a mutant: {', '.join(verdict.contracts)}")
        if verdict.outcome in _FAILED:
            yield job.mutant, verdict


def _halves(mutants: Sequence[Mutant]) -> tuple[Sequence[Mutant], Sequence[Mutant]]:
    """Divide a group that fails although none of its mutants fails alone, or that cannot be imported."""
    half = len(mutants) // 2
    return mutants[:half], mutants[half:]
