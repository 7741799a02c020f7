"""Runs generated mutants against the contracts of their vendors, and prints the table of what survives.

    python -m tools.mutants.runner --part 1/8 --resume mutants.jsonl

The exit code is 1 when a mutant survives that `tests/breaks/survivors.toml` does not list, when one hangs, or when the
contracts fail without a mutant. ``--part 1/8`` runs an eighth of each vendor's mutants, so that every part has all
vendors; ``--resume FILE`` appends verdicts to FILE and skips those that are still valid.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from rich.console import Console

from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.mutation.results import source_fingerprint
from soundstage_vendors.own import VENDORS
from tools.mutants.confirmation import confirm
from tools.mutants.execution import PHASES, Execution, Phase, measure
from tools.mutants.generation import PER_SIDE, Mutant, Side, mutants_of, sample
from tools.mutants.processes import call, stream, warm_up
from tools.mutants.server import Job, Knowledge, Verdict, serve
from tools.mutants.survivors import Survivors, as_entry
from tools.mutants.table import Row, print_table
from tools.mutants.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BUDGET: Final = 2.0
SIDES: Final[tuple[Side, ...]] = ("simulator", "client")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants that the command line names, print the table, and return 1 unless all is as it must be."""
    options = _parser().parse_args(arguments)
    console = Console(soft_wrap=True, highlight=False)
    started = time.monotonic()
    with TemporaryDirectory(prefix="soundstage-mutants-") as folder:
        warm_up(Path(folder))
        verdicts = Verdicts(Path(options.resume).absolute() if options.resume else None, trust=options.trust)
        rows = list(_run_vendors(console, options, verdicts))
    good = print_table(console, rows, Survivors.load(), time.monotonic() - started)
    return 0 if good and all(row.verdict is not None for row in rows) else 1


def _run_vendors(console: Console, options: argparse.Namespace, verdicts: Verdicts) -> Iterator[Row]:
    survivors = Survivors.load()
    for vendor in options.vendor or VENDORS:
        chosen = call(_draw, vendor, options.count, options.part)
        run = VendorRun(vendor, source_fingerprint(vendor), verdicts, options.jobs, options.budget, survivors)
        execution = _execution(run, options)
        if execution.failure:
            console.print(
                f"{vendor}: the contracts fail without a mutant: {execution.failure}", style="red", markup=False
            )
            yield Row(vendor, None, None)
            continue
        for mutant, verdict in run.verdicts_of(chosen, execution):
            yield Row(vendor, mutant, verdict)
            _progress(console, mutant, verdict, survivors)


def _draw(vendor: str, count: int, part: str) -> list[Mutant]:
    """Return the sample of both sides of *vendor*, or a part of it."""
    facts = frozenset(key.partition(":")[2] for key in load_facts(vendor))
    number, total = map(int, part.split("/"))
    return [mutant for side in SIDES for mutant in sample(mutants_of(vendor, side, facts), count)[number - 1 :: total]]


def _execution(run: VendorRun, options: argparse.Namespace) -> Execution:
    """Return what the contracts of a vendor execute, measured now or by an earlier run of the same sources."""
    path = Path(f"{options.resume}.{run.vendor}") if options.resume else None
    known = Execution.load(path) if path is not None else Execution()
    if known.durations and not known.failure and (options.trust or known.fingerprint == run.fingerprint):
        return known
    measured: Execution = call(measure, run.vendor, run.fingerprint)
    if path is not None:
        measured.save(path)
    return measured


@dataclass(frozen=True, slots=True)
class VendorRun:
    """The run of one vendor's mutants.

    Attributes:
        vendor: The vendor.
        fingerprint: Identifies the sources; verdicts about others are not reused.
        verdicts: The results file.
        jobs: How many processes run at the same time.
        budget: Seconds of CPU time for each mutant, after which it is left to the whole suite.
        survivors: The list of known survivors, which only the whole suite has to try.
    """

    vendor: str
    fingerprint: str
    verdicts: Verdicts
    jobs: int
    budget: float
    survivors: Survivors

    def verdicts_of(self, chosen: Sequence[Mutant], execution: Execution) -> Iterator[tuple[Mutant, Verdict]]:
        """Yield each mutant with its verdict, those of earlier runs first."""
        knowledge = Knowledge(execution, self.verdicts.experience(self.vendor), self.budget)
        waiting: dict[Phase, list[Job]] = {"run": [], "start": [], "import": []}
        left: list[Mutant] = []
        for mutant in chosen:
            known = self._known(mutant, execution)
            if known is not None and known.outcome != "open":
                yield mutant, known
            elif known is not None or self.survivors.kind_of(mutant) is not None:
                left.append(mutant)
            else:
                job = Job((mutant,), self.verdicts.last_contract(mutant))
                waiting[execution.phase_of(mutant)].append(job)
        for mutant, verdict in chain(self._tried(waiting, knowledge), self._confirmed(left, knowledge)):
            self.verdicts.keep(mutant, self.fingerprint, verdict)
            if verdict.outcome == "open":
                left.append(mutant)
            else:
                yield mutant, verdict

    def _tried(self, waiting: dict[Phase, list[Job]], knowledge: Knowledge) -> Iterator[tuple[Mutant, Verdict]]:
        """Yield the verdicts of the likeliest contracts."""
        for phase in PHASES:
            for job, verdict in self._stream(waiting[phase], phase, knowledge):
                if verdict.outcome == "postponed":
                    later: Phase = "start" if phase == "run" and job.mutant.side == "simulator" else "import"
                    waiting[later].append(job)
                else:
                    yield job.mutant, verdict

    def _confirmed(self, left: Sequence[Mutant], knowledge: Knowledge) -> Iterator[tuple[Mutant, Verdict]]:
        """Yield the verdicts of the whole suite about what is left."""
        whole = replace(knowledge, whole=True)
        yield from confirm(left, lambda jobs: self._stream(jobs, "import", whole))

    def _stream(self, jobs: Sequence[Job], phase: Phase, knowledge: Knowledge) -> Iterator[tuple[Job, Verdict]]:
        if jobs:
            yield from stream(serve, self.vendor, jobs, phase, knowledge, parallel=self.jobs)

    def _known(self, mutant: Mutant, execution: Execution) -> Verdict | None:
        """Return the verdict of an earlier run, or that of a mutant that no contract executes."""
        contracts = execution.contracts_for(mutant)
        known = self.verdicts.reusable(mutant, self.fingerprint)
        # A contract that was added since the lines were measured may execute it.
        measured = execution.fingerprint == self.fingerprint
        if known is not None or not measured or contracts is None or contracts:
            return known
        unseen = Verdict("survived", message="no contract executes it")
        self.verdicts.keep(mutant, self.fingerprint, unseen)
        return unseen


def _progress(console: Console, mutant: Mutant, verdict: Verdict, survivors: Survivors) -> None:
    if verdict.outcome == "survived" and survivors.kind_of(mutant) is None:
        console.print(
            f"SURVIVED {mutant.where}: {verdict.message}\n{as_entry(mutant, '?', '?')}", markup=False, style="red"
        )
    elif verdict.outcome == "hung":
        console.print(f"HUNG {verdict.contract} {as_entry(mutant, '?', '?')}", markup=False, style="red")
    elif verdict.outcome == "killed" and survivors.kind_of(mutant) is not None:
        console.print(
            f"LISTED BUT KILLED {mutant.where} by {verdict.contract}: remove its entry", markup=False, style="yellow"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants.runner", description="Run generated mutants.")
    parser.add_argument("--vendor", action="append", default=[], choices=VENDORS, help="this vendor alone; repeatable")
    parser.add_argument("--count", type=int, default=PER_SIDE, help=f"mutants of each vendor and side ({PER_SIDE})")
    parser.add_argument("--part", default="1/1", metavar="N/COUNT", help="run one part of the mutants, such as 1/8")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many runs at a time")
    parser.add_argument(
        "--budget", type=float, default=_BUDGET, help=f"CPU seconds for the likeliest contracts ({_BUDGET:g})"
    )
    parser.add_argument("--resume", metavar="FILE", help="append verdicts to FILE, and skip those that are still valid")
    parser.add_argument(
        "--trust",
        action="store_true",
        help="keep what was killed and measured in FILE, although contracts were added or sharpened since",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
