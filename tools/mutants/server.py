"""A pytest session that forks once for each mutant: before it collects, or before it runs the first contract.

Imports and collection take longer than the contract that catches a mutant. A change in the body of a function needs
neither again: the forked process gets it after both. Any other change has to be there when its module is imported. The
contracts import the client, so that the session forks before it collects; the simulator is imported by the first
contract that needs it, so that the session can fork after.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

import pytest

from tools.mutants.child import CannotApplyError, change_function, import_changed
from tools.mutants.execution import OPTIONS, Examples, Execution, Phase, contracts_of, cpu_seconds
from tools.mutants.screening import screen

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from multiprocessing.connection import Connection

    from tools.mutants.generation import Mutant

    Report = Callable[["Job", "Verdict"], None]

Outcome = Literal["killed", "survived", "open", "broken", "hung", "postponed"]
_SLOWER: Final = 5.0
_LEAST: Final = 15.0
"""A contract may take 15 s and five times the CPU time that it took when it was measured."""
_IDLE: Final = 300.0
"""Real seconds after which a contract is ended that uses no CPU time."""
_WAITING: Final = 3600.0
"""Real seconds after which a process is killed that does not end its contracts by itself."""
_SHOWN: Final = 300
_MOST_FAILURES: Final = 20
"""A run of several mutants ends when so many contracts have failed."""
_SCREENED: Final = 6
"""How many contracts are tried on a mutant before it gets a process of its own."""
_NEAR: Final = 4
"""How many lines, up to the changed one, name what the change is about."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one mutant.

    Attributes:
        outcome: ``killed`` by a contract, ``survived`` all of them, ``open`` (survived a few), ``hung`` (a contract
            does not end), ``broken`` (the package cannot be imported), or ``postponed``: to be applied at import.
        contract: The node id of the contract that failed or does not end; of several mutants, all of them in lines.
        message: Its message.
        seconds: CPU time.
    """

    outcome: Outcome
    contract: str = ""
    message: str = ""
    seconds: float = 0.0

    @property
    def contracts(self) -> tuple[str, ...]:
        """The contracts that failed or do not end, in the order in which they ran."""
        return tuple(self.contract.splitlines())


@dataclass(slots=True)
class Experience:
    """How often each contract has killed mutants, by scope and by module: the likeliest and shortest runs first."""

    kills: dict[str, Counter[str]] = field(default_factory=dict)

    def learn(self, side: str, file: str, scope: str, contract: str) -> None:
        """Remember that *contract* killed a mutant there."""
        for key in _keys(side, file, scope):
            self.kills.setdefault(key, Counter())[contract] += 1

    def order(
        self, mutant: Mutant, durations: dict[str, float], first: str
    ) -> Callable[[pytest.Item], tuple[bool, float]]:
        """Return the sort key of contracts for *mutant*: the contract *first*, then by seconds for each likely kill."""
        keys = _keys(mutant.side, mutant.file, mutant.scope)
        scope, file, side = (self.kills.get(key, Counter[str]()) for key in keys)

        near = _words(
            "\n".join(mutant.path.read_text(encoding="utf-8").splitlines()[mutant.start - _NEAR : mutant.end])
        )

        def rank(item: pytest.Item) -> tuple[bool, float]:
            name = item.nodeid
            # The contract of a parameter or of a model mostly has its name in the id of the case.
            named = len(near & _words(name.rpartition("::")[2]))
            likely = 1 + 20 * scope[name] + 5 * file[name] + side[name] + 10 * named
            return name != first, (durations.get(name, 0.0) + 0.01) / likely

        return rank


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]{4,}", text.lower()))


def _keys(side: str, file: str, scope: str) -> tuple[str, str, str]:
    return f"{side}/{file}/{scope}", f"{side}/{file}", side


@dataclass(frozen=True, slots=True)
class Job:
    """One run: of a mutant, of several at once, or of none.

    Attributes:
        mutants: What is changed.
        first: The contract that killed the mutant in an earlier run, which runs first.
        only: The contracts to run; all of them if it is empty.
    """

    mutants: tuple[Mutant, ...]
    first: str = ""
    only: tuple[str, ...] = ()

    @property
    def mutant(self) -> Mutant:
        """The mutant, or the first of several."""
        return self.mutants[0]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known before a run, and makes it shorter.

    Attributes:
        execution: Which contracts execute a line.
        experience: Which have killed mutants so far.
        budget: Seconds of CPU time after which the contracts that are left are not tried.
        whole: Whether all contracts run instead, each with all its examples.
    """

    execution: Execution
    experience: Experience
    budget: float = 0.0
    whole: bool = False


@dataclass(slots=True)
class _Child:
    job: Job
    pid: int
    connection: Connection
    started: float = field(default_factory=time.monotonic)


class ForkingPlugin:
    """The pytest plugin of the session.

    Args:
        jobs: The mutants to run.
        phase: Where the session forks.
        knowledge: What makes the runs shorter.
        report: Receives each verdict.
        parallel: How many processes run at the same time.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        phase: Phase,
        knowledge: Knowledge,
        report: Report,
        parallel: int,
    ) -> None:
        self._jobs = list(jobs)
        self._phase = phase
        self._knowledge = knowledge
        self._execution = knowledge.execution
        self._experience = knowledge.experience
        self._report = report
        self._parallel = parallel
        self._mine: Job | None = None
        self._answer: Connection | None = None
        self._failed: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Fork for changes that an import executes."""
        if self._phase == "import":
            self._serve()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Fork for changes of functions; in the forked process, choose and order the contracts."""
        if session.testsfailed and self._mine is None:
            raise pytest.UsageError("the contracts cannot be collected")
        if self._phase == "run":
            _import_all(self._execution.modules)
            self._screen(session)
        if self._phase != "import":
            self._serve()
        if self._mine is not None:
            session.items[:] = self._chosen(session, self._mine)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Limit the time of a contract in a forked process, so that a hang has a name."""
        if self._mine is None:
            return (yield)
        seconds = _LEAST + _SLOWER * self._execution.durations.get(item.nodeid, 0.0)
        for timer, number, limit in (
            (signal.ITIMER_PROF, signal.SIGPROF, seconds),
            (signal.ITIMER_REAL, signal.SIGALRM, _IDLE),
        ):
            signal.signal(number, lambda *_: self._fail("hung", item.nodeid, "it does not end"))
            signal.setitimer(timer, limit)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """End a forked process whose mutant cannot be imported."""
        if report.failed and self._mine is not None:
            self._conclude("broken", message=report.longreprtext[-_SHOWN:])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """End a forked process at the first failure, and at a late one if it has several mutants."""
        if report.failed and self._mine is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            message = crash.message.partition("\n")[0] if crash is not None else str(report.longrepr)
            self._fail("killed", report.nodeid, message[:_SHOWN])
        if self._mine is not None and not self._knowledge.whole and cpu_seconds() > self._knowledge.budget:
            self._conclude("open")

    def _fail(self, outcome: Outcome, contract: str, message: str) -> None:
        """Keep a failure, and end this process unless it has several mutants."""
        if contract not in self._failed:
            self._failed.append(contract)
        single = self._mine is None or len(self._mine.mutants) == 1
        if single or outcome == "hung" or len(self._failed) >= _MOST_FAILURES:
            self._conclude(outcome, "\n".join(self._failed), message)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End a forked process that has run all its contracts."""
        if self._failed:
            self._conclude("killed", "\n".join(self._failed))
        if self._mine is not None:
            collected = session.testscollected or self._execution.contracts_for(self._mine.mutant) is not None
            passed: Outcome = "survived" if self._knowledge.whole else "open"
            self._conclude(passed if collected else "broken", message="" if collected else "nothing was collected")

    def _chosen(self, session: pytest.Session, job: Job) -> list[pytest.Item]:
        """Return the contracts that a forked process runs."""
        if not self._knowledge.whole:
            return self._likeliest(session, job)
        if not job.only:
            return session.items
        wanted = [item for item in session.items if item.nodeid in job.only]
        return sorted(wanted, key=lambda item: self._execution.durations.get(item.nodeid, 0.0))

    def _likeliest(self, session: pytest.Session, job: Job) -> list[pytest.Item]:
        """Return the contracts that execute the mutant of *job*, the likeliest and shortest first."""
        chosen = self._execution.contracts_for(job.mutant)
        # A contract that was not measured yet may execute anything.
        items = [
            item
            for item in session.items
            if chosen is None or item.nodeid in chosen or item.nodeid not in self._execution.durations
        ]
        return sorted(items, key=self._experience.order(job.mutant, self._execution.durations, job.first))

    def _screen(self, session: pytest.Session) -> None:
        """Report the mutants that a few contracts kill, and leave the others to processes of their own."""
        contracts = [self._likeliest(session, job)[:_SCREENED] for job in self._jobs]
        left = []
        for job, kill in zip(self._jobs, screen(session, [job.mutant for job in self._jobs], contracts), strict=True):
            if kill is None:
                left.append(job)
            else:
                self._experience.learn(job.mutant.side, job.mutant.file, job.mutant.scope, kill.contract)
                self._report(job, Verdict("killed", kill.contract, kill.message[:_SHOWN], kill.seconds))
        self._jobs = left

    def _serve(self) -> None:
        """Fork for each job; return in a forked process, and end the session in this one."""
        running: list[_Child] = []
        while self._jobs or running:
            while self._jobs and len(running) < self._parallel:
                job = self._jobs.pop(0)
                child = self._fork(job)
                if child is None:
                    return
                running.append(child)
            wait([each.connection for each in running], timeout=1.0)
            for each in list(running):
                late = time.monotonic() - each.started > _WAITING
                if late:
                    os.kill(each.pid, signal.SIGKILL)
                if late or each.connection.poll():
                    running.remove(each)
                    self._collect(each)
        pytest.exit("every mutant was run", returncode=0)

    def _fork(self, job: Job) -> _Child | None:
        """Start the process of *job*; return None in it."""
        receiving, sending = Pipe(duplex=False)
        pid = os.fork()
        if pid:
            sending.close()  # so that the other end is readable when the process dies
            return _Child(job, pid, receiving)
        receiving.close()
        self._mine, self._answer = job, sending
        seconds = int(_LEAST + _SLOWER * self._execution.seconds)  # in case that the signals are not handled
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        try:
            if self._phase == "run":
                change_function(job.mutant)
            else:
                import_changed(job.mutants)
        except CannotApplyError as error:
            self._conclude("postponed", message=str(error))
        return None

    def _conclude(self, outcome: Outcome, contract: str = "", message: str = "") -> NoReturn:
        """Send the verdict and end this process at once: what a fixture would clean up ends with it."""
        if self._answer is not None:
            self._answer.send(Verdict(outcome, contract, message, cpu_seconds()))
        os._exit(0)

    def _collect(self, child: _Child) -> None:
        """Report the verdict of a process that ended."""
        try:
            verdict: Verdict = child.connection.recv()
        except EOFError:
            verdict = Verdict("hung", message="over the limit of time")
        child.connection.close()
        _, status = os.waitpid(child.pid, 0)
        if verdict.outcome == "hung" and not (os.WIFSIGNALED(status) and os.WTERMSIG(status) in _LIMITS):
            verdict = Verdict("broken", message=f"the process ended with {status}")
        if verdict.outcome == "killed" and len(child.job.mutants) == 1:
            mutant = child.job.mutant
            self._experience.learn(mutant.side, mutant.file, mutant.scope, verdict.contract)
        self._report(child.job, verdict)


_LIMITS: Final = frozenset({signal.SIGXCPU, signal.SIGKILL})


def serve(
    vendor: str, jobs: Sequence[Job], phase: Phase, knowledge: Knowledge, *, report: Report, parallel: int
) -> object:
    """Run *jobs* in one pytest session of this process; see `ForkingPlugin`."""
    if phase != "run":
        _import_all(name for name in knowledge.execution.modules if f".vendors.{vendor}" not in name)
    plugin = ForkingPlugin(jobs, phase, knowledge, report, parallel)
    examples = Examples("mutation" if knowledge.whole else "mutants")
    options = (option for option in OPTIONS if option != "-x" or not knowledge.whole)
    return pytest.main([*options, *contracts_of(vendor)], plugins=[plugin, examples])


def _import_all(modules: Iterable[str]) -> None:
    """Import what no mutant changes from now on, so that a forked process need not."""
    for name in modules:
        if ".suite" not in name:  # pytest imports these itself
            with contextlib.suppress(ImportError):
                import_module(name)
