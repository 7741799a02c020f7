"""Which contract executes which lines of a vendor's modules: measured once, so that a mutant meets only these."""

from __future__ import annotations

import json
import os
import resource
import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import coverage
import pytest

from soundstage_contracts.options import EFFORT
from tools.mutants.generation import FOLDERS

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

    from tools.mutants.generation import Mutant

Phase = Literal["run", "start", "import"]
"""When a mutant is applied: to an existing function, before the simulator is imported, or before anything is collected.
"""
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
OPTIONS: Final = (
    *("-q", "-x", "--tb=short", "--soundstage-seed=0", "-W", "ignore"),
    # Without the plugins that leave a folder behind, shuffle the contracts, or divide them among processes.
    *("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"),
)
_SHARED: Final = ""
"""The context of what is executed for every contract: imports, collection, fixtures of the session."""
_FIRST: Final = "first"
"""The context of the contract that runs first and runs again later: what only the first run executes."""


def contracts_of(vendor: str) -> tuple[str, ...]:
    """Return the arguments of pytest that run the contracts of *vendor* alone."""
    return ("--pyargs", "soundstage_contracts", "-k", vendor, "--soundstage-vendor", vendor)


@dataclass(frozen=True, slots=True)
class Execution:
    """What one run of a vendor's contracts executes.

    Attributes:
        fingerprint: Identifies the sources that were run.
        failure: The contract that failed, with its message; empty if all passed.
        seconds: The CPU time of the whole run.
        durations: Seconds of CPU time of each contract, by node id.
        modules: The project's modules that were imported.
        lines: Module, by its path, to line to the contracts that execute it.
    """

    fingerprint: str = ""
    failure: str = ""
    seconds: float = 0.0
    durations: dict[str, float] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    lines: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def phase_of(self, mutant: Mutant) -> Phase:
        """Return when the mutant must be applied."""
        lines = self.lines.get(str(mutant.path), {})
        first, last = mutant.lines
        # A function that ran at import may have left results, or functions that were defined in it, elsewhere.
        shared = any(_SHARED in lines.get(str(line), ()) for line in range(first, last + 1))
        if mutant.function is not None and not shared:
            return "run"
        return "start" if mutant.side == "simulator" else "import"

    def contracts_for(self, mutant: Mutant) -> frozenset[str] | None:
        """Return the contracts that execute the mutant; None if all may depend on it."""
        found = self._executing(mutant)
        # What only the first contract of a session executes, such as a cache, serves all others, too.
        if self.phase_of(mutant) != "run" or found == {_FIRST}:
            return None
        return frozenset(found - {_FIRST})

    def _executing(self, mutant: Mutant) -> set[str]:
        lines = self.lines.get(str(mutant.path), {})
        # A statement of several lines is reported at its first one or at each, depending on the version of Python.
        return set[str]().union(*(lines.get(str(line), ()) for line in statement_lines(mutant)))

    def save(self, path: Path) -> None:
        """Write it to *path*."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Execution:
        """Read it from *path*; empty if there is no such file."""
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else cls()


def statement_lines(mutant: Mutant) -> Iterable[int]:
    """Return the lines of the innermost statement around the change."""
    return range(mutant.statement, mutant.end + 1)


class _Contexts:
    """A pytest plugin that reports to coverage.py which contract runs."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self._measured = measured
        self._contract = _SHARED
        self._first = False
        self.durations: dict[str, float] = {}
        self.failure = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Measure what only the first contract executes, before all contracts run."""
        self._first = True
        run_first(session)
        self._first = False
        self.durations.clear()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Measure what the contract *item* executes, and its CPU time."""
        self._switch(_FIRST if self._first else item.nodeid)
        before = cpu_seconds()
        try:
            return (yield)
        finally:
            self.durations[item.nodeid] = cpu_seconds() - before
            self._switch(_SHARED)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """Count what a fixture of the session executes for every contract."""
        if fixturedef.scope == "function":
            return (yield)
        before = self._contract
        self._switch(_SHARED)
        try:
            return (yield)
        finally:
            self._switch(before)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the first failure."""
        if report.failed and not self.failure:
            self.failure = f"{report.nodeid}: {report.longreprtext[-400:]}"

    def _switch(self, contract: str) -> None:
        self._contract = contract
        self._measured.switch_context(contract)


def measure(vendor: str, fingerprint: str) -> Execution:
    """Run the contracts of *vendor* in this process and return what they execute."""
    os.environ["COVERAGE_CORE"] = "ctrace"  # the only one that knows contexts on every Python
    folders = [str(folder / vendor / "*") for folder in FOLDERS.values()]
    measured = coverage.Coverage(data_file=None, config_file=False, include=folders)
    plugin = _Contexts(measured)
    measured.start()
    code = pytest.main([*OPTIONS, *contracts_of(vendor)], plugins=[plugin, Examples()])
    measured.stop()
    data = measured.get_data()
    return Execution(
        fingerprint,
        plugin.failure or ("" if code == pytest.ExitCode.OK else f"pytest ended with {code!r}"),
        cpu_seconds(),
        plugin.durations,
        sorted(name for name in sys.modules if name.partition(".")[0].startswith("soundstage")),
        {
            path: {str(line): contexts for line, contexts in data.contexts_by_lineno(path).items()}
            for path in data.measured_files()
        },
    )


class _Anywhere:
    """Represents the next contract where any may follow: only what belongs to the session stays set up."""

    session: pytest.Session

    def listchain(self) -> list[pytest.Session]:
        """Return the collectors that stay set up."""
        return [self.session]


ANYWHERE: Final[Any] = _Anywhere()


def run_first(session: pytest.Session) -> None:
    """Run one short contract that starts the simulator, so that what happens once has happened."""
    ANYWHERE.session = session
    for item in session.items:
        if isinstance(item, pytest.Function) and "target" in item.fixturenames and not hasattr(item.obj, "hypothesis"):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=ANYWHERE)
            return


def cpu_seconds() -> float:
    """Return the CPU time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Examples:
    """A pytest plugin that chooses the Hypothesis profile of these runs, whose examples are the same each time.

    Args:
        effort: ``mutants`` for few examples, ``mutation`` for as many as users' runs have.
    """

    def __init__(self, effort: Literal["mutants", "mutation"] = "mutants") -> None:
        self._effort = effort

    def pytest_configure(self) -> None:
        """Set the profile after the options of the run are read."""
        EFFORT.set(self._effort)
