"""Plants breaks, one at a time, and shows which contract catches each: the proof that the contracts can fail.

    python -m soundstage_contracts.mutation.runner tests/breaks

Each break has a process of its own, in which the vendor's contracts run in-process until the first one fails. A run
without any break comes first and must pass. The exit code is 1 when a break survives.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest
from hypothesis import Phase, settings
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from soundstage_contracts.mutation.mutations import Mutation, MutationError, load_mutations
from soundstage_contracts.registry import VENDORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SECONDS: Final = 120.0
"""How long one run may take, in real seconds, before it counts as an error."""

_PROGRAM: Final = "soundstage_contracts.mutation.runner"
_NONE: Final = "-"
_SHOWN: Final = 100
_ALONE: Final = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist")
_QUIET: Final = ("-q", "-x", "--tb=short", "--soundstage-seed=0", *_ALONE)

Outcome = Literal["caught", "survived", "error"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one run.

    Attributes:
        outcome: Whether a contract failed, all passed, or the run itself went wrong.
        contract: The first contract that failed.
        promise: What it promises.
        said: What it said, or what went wrong.
    """

    outcome: Outcome
    contract: str = ""
    promise: str = ""
    said: str = ""


class MutationPlugin:
    """A pytest plugin that plants a break once pytest is configured, and remembers the first contract that fails."""

    def __init__(self, mutation: Mutation | None, home: Path) -> None:
        self._mutation = mutation
        self._home = home
        self._patch = pytest.MonkeyPatch()
        self._promises: dict[str, str] = {}
        self.failure: Verdict | None = None

    def pytest_configure(self) -> None:
        """Plant the break, before any contract is imported."""
        try:
            if self._mutation is not None:
                self._mutation.apply(self._patch)
        except Exception as error:
            self.failure = Verdict("error", said=f"it cannot be planted: {type(error).__name__}: {error}")
            raise pytest.UsageError(self.failure.said) from error

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what each contract promises, and let Hypothesis search the same way each time, without shrinking."""
        for item in session.items:
            document = getattr(getattr(item, "function", None), "__doc__", None) or ""
            self._promises[item.nodeid] = document.strip().partition("\n")[0]
        searching = (Phase.explicit, Phase.generate)
        settings.register_profile("soundstage-breaks", settings(), phases=searching, derandomize=True, database=None)
        settings.load_profile("soundstage-breaks")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the first failure; a break that fails by itself proves nothing."""
        if not report.failed or self.failure is not None:
            return
        crash = getattr(report.longrepr, "reprcrash", None)
        own = crash is not None and Path(crash.path) == self._home
        said = crash.message.partition("\n")[0] if crash is not None else str(report.longrepr)
        name = report.nodeid.rpartition("::")[2]
        self.failure = Verdict("error" if own else "caught", name, self._promises.get(report.nodeid, ""), said)

    def pytest_unconfigure(self) -> None:
        """Take the break out again."""
        self._patch.undo()


def plant(home: Path, name: str) -> Verdict:
    """Run the vendor's contracts in this process with the break *name* of the file *home*, ``-`` for none.

    Raises:
        MutationError: There is no such break.
    """
    mutations = load_mutations(home)
    plugin = MutationPlugin(None if name == _NONE else mutations[name], home)
    alone = ("--soundstage-vendor", mutations.vendor) if mutations.vendor in VENDORS else ()
    contracts = ("--pyargs", "soundstage_contracts", "-k", mutations.vendor)
    code = pytest.main([*_QUIET, *contracts, *alone], plugins=[plugin])
    if plugin.failure is not None:
        return plugin.failure
    if code == pytest.ExitCode.OK:
        return Verdict("survived")
    return Verdict("error", said=f"pytest ended with {code!r}")


def run(name: str, home: Path) -> Verdict:
    """Run `plant` in a process of its own, in a folder of its own, and return what it says."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    with TemporaryDirectory(prefix="soundstage-break-") as folder:
        report = Path(folder) / "verdict.json"
        command = [sys.executable, "-m", _PROGRAM, str(home), "--plant", name, "--report", str(report)]
        environment = {**os.environ, "PYTHONPATH": path}
        try:
            ended = subprocess.run(  # noqa: S603 - this program, on a file that its user names
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return Verdict("error", said=f"not over after {SECONDS:g} s")
        if not report.exists():
            return Verdict("error", said=(ended.stderr or ended.stdout).strip().rpartition("\n")[2])
        return Verdict(**json.loads(report.read_text(encoding="utf-8")))


def evaluate(home: Path, only: Sequence[str] = (), jobs: int = 2) -> Iterator[tuple[Mutation | None, Verdict]]:
    """Plant every break of *home*, or those that are named, *jobs* at a time; the first run has none.

    Raises:
        MutationError: There is no such break.
    """
    mutations = load_mutations(home)
    chosen = [mutations[name] for name in only] or list(mutations)
    names = [_NONE, *(one.id for one in chosen)]
    with ThreadPoolExecutor(jobs) as pool:
        yield from zip([None, *chosen], pool.map(partial(run, home=home), names), strict=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant the breaks that the command line names, show the verdicts, and return 1 if a break survives."""
    options = _parser().parse_args(arguments)
    where = Path(options.where).resolve()
    try:
        if options.plant is not None:
            Path(options.report).write_text(json.dumps(asdict(plant(where, options.plant))), encoding="utf-8")
            return 0
        homes = sorted(where.glob("[!_]*.py")) if where.is_dir() else [where]
        good = [_show(home, options.only, options.jobs) for home in homes]
        return int(not all(good))
    except MutationError as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", markup=False)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {_PROGRAM}", description="Plant breaks, and show what catches them."
    )
    parser.add_argument("where", help="a file of breaks, or a folder of such files")
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="plant this break alone; repeatable")
    parser.add_argument("--jobs", type=int, default=2, help="how many runs at a time (default 2)")
    parser.add_argument("--plant", metavar="ID", help=argparse.SUPPRESS)
    parser.add_argument("--report", metavar="FILE", help=argparse.SUPPRESS)
    return parser


def _show(home: Path, only: Sequence[str], jobs: int) -> bool:
    """Judge the breaks of one file, print a row for each, and return whether everything is as it must be."""
    table = Table("break", "side", "caught by", "which promises", "and said", title=home.stem, expand=True)
    good = True
    for one, verdict in evaluate(home, only, jobs):
        right = verdict.outcome == ("survived" if one is None else "caught")
        good = good and right
        table.add_row(*_row(one, verdict, right=right), style="" if right else "red")
    Console().print(table)
    return good


def _row(one: Mutation | None, verdict: Verdict, *, right: bool) -> Iterator[str]:
    yield escape(f"{one.id}: {one.about}" if one else "no break")
    yield one.side if one else ""
    if one is None and right:
        yield "all pass"
    elif right:
        yield escape(verdict.contract)
    else:
        yield {"survived": "NOT CAUGHT", "error": "BROKEN RUN", "caught": "FAILS WITHOUT A BREAK"}[verdict.outcome]
    yield escape(verdict.promise)
    said: Any = verdict.said
    yield escape(said if len(said) <= _SHOWN else f"{said[:_SHOWN]}...")


if __name__ == "__main__":
    sys.exit(main())
