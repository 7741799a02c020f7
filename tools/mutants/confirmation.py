"""Confirm that mutants survive: all contracts run with all their examples, on several mutants at once.

A whole run takes much longer than the contract that kills an average mutant, and most mutants that survived the
likeliest contracts survive the others as well. So a whole run gets a group of mutants. The contracts that fail run
again on each mutant of the group alone, which shows what they kill. The others survive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tools.mutants.server import MOST_FAILURES, Job, Verdict

if TYPE_CHECKING:
    from tools.mutants.generation import Mutant

SIZE: Final = 12
"""How many mutants run at once."""
_FAILED: Final = frozenset({"killed", "hung"})
Run = Callable[[Sequence[Job]], Iterator[tuple[Job, Verdict]]]


def confirm(mutants: Sequence[Mutant], run: Run) -> Iterator[tuple[Mutant, Verdict]]:
    """Yield the final verdict of each of *mutants*.

    Args:
        mutants: Those that survived a few contracts.
        run: Runs jobs with the whole suite and yields each with its verdict.
    """
    jobs = [Job(group) for group in groups(mutants)]
    while jobs:
        failed: list[tuple[Job, Verdict]] = []
        for job, verdict in run(jobs):
            if verdict.outcome == "survived" or len(job.mutants) == 1:
                yield from ((mutant, verdict) for mutant in job.mutants)
            else:
                failed.append((job, verdict))
        blamed = dict(_blame(failed, run))
        yield from blamed.items()
        jobs = []
        for job, verdict in failed:
            left = tuple(mutant for mutant in job.mutants if mutant not in blamed)
            if len(left) == len(job.mutants):
                jobs += _halves(job)
            elif left and _is_cut(verdict):
                jobs.append(Job(left, after=verdict.contracts[-1]))
            else:
                yield from ((mutant, Verdict("survived")) for mutant in left)


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
    alone = [
        Job((mutant,), only=verdict.contracts) for job, verdict in failed if verdict.contract for mutant in job.mutants
    ]
    for job, verdict in run(alone):
        if verdict.outcome in _FAILED:
            yield job.mutant, verdict


def _is_cut(verdict: Verdict) -> bool:
    """Return whether contracts were left when the run of a group ended."""
    return verdict.outcome == "hung" or len(verdict.contracts) >= MOST_FAILURES


def _halves(job: Job) -> Iterator[Job]:
    """Divide a group that fails although none of its mutants fails alone, or that cannot be imported."""
    half = len(job.mutants) // 2
    yield Job(job.mutants[:half], after=job.after)
    yield Job(job.mutants[half:], after=job.after)
