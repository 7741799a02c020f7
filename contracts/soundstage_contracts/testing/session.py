"""The simulator of a test session, which gives each test accounts of its own."""

from __future__ import annotations

import hashlib
import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from soundstage_contracts.simulators.target import IN_PROCESS
from soundstage_contracts.testing.connection import SimulatorConnection
from soundstage_contracts.testing.outside import OutsideConnections
from soundstage_contracts.testing.simulator import Simulator
from soundstage_contracts.testing.usage import UsageSummary, usage_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module


class SimulatorSession:
    """One simulator for a whole test session, and a count of connections to other machines.

    Args:
        where: ``in-process`` starts a simulator on a free port of this machine; an address uses a running one.
        seed: The seed of a simulator that is started here, and of the tests' credentials: equal seeds and equal names
            of tests give equal ids, times and media.
        worker: The name of this process, where several processes run the same tests on one simulator.

    Raises:
        TargetError: There is no simulator at that address.

    A context manager: at its end, the simulator stops.
    """

    def __init__(self, where: str = IN_PROCESS, *, seed: int = 0, worker: str = "") -> None:
        self._seed = seed
        self._worker = worker
        self.connection = SimulatorConnection(where, seed)
        self.url = self.connection.url
        self.http = self.connection.http
        self.control = self.connection.control
        self.outside = OutsideConnections()
        self._open: list[Simulator] = []
        self._counted = UsageSummary()

    def __repr__(self) -> str:
        """Return the simulator's address."""
        return f"<SimulatorSession at {self.url}>"

    def __enter__(self) -> Self:
        """Return the session itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the simulator and the count of connections."""
        self.outside.end()
        with self.connection:
            for simulator in tuple(self._open):
                simulator.close()

    def for_test(self, test: str) -> Simulator:
        """Return the simulator with accounts that only the test *test* uses; the caller closes it."""
        # No number of the process and no count of tests: the credential repeats in every order and layout of workers.
        taken = {simulator.credential for simulator in self._open}
        drawn = (self._credential(test, number) for number in itertools.count())
        credential = next(credential for credential in drawn if credential not in taken)
        opened = Simulator(self.connection, self.outside, test, credential, self._count)
        if self.connection.shared:
            opened.forget()  # what an earlier run with this seed has left, which was killed
        self._open.append(opened)
        return opened

    def _credential(self, test: str, number: int) -> str:
        text = f"{self._seed}:{self._worker}:{test}:{number}"
        return f"test-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"

    def usage(self) -> UsageSummary:
        """Return what the run has cost so far."""
        total = self._counted + UsageSummary(external_connections=self.outside.count())
        for simulator in self._open:
            total += usage_of(simulator.accounts())
        names = {name for _, name, _ in self.connection.without_owner(self.connection.sent())}
        # Programs with a credential of their own: this simulator lives as long as the session, and so does their money.
        return total + (usage_of(self.control.accounts(sorted(names))) if names else UsageSummary())

    def _count(self, simulator: Simulator) -> None:
        """Count what *simulator* has cost, whose accounts are about to be removed."""
        if simulator in self._open:
            self._counted += usage_of(simulator.accounts())
            self._open.remove(simulator)


@contextmanager
def simulate(where: str = IN_PROCESS, *, seed: int = 0, test: str = "simulate") -> Iterator[Simulator]:
    """Give a block the object that pytest's fixture `simulator` gives a test: without pytest, and in scripts.

    Args:
        where: ``in-process`` starts a simulator on a free port of this machine; an address uses a running one.
        seed: Equal seeds and equal names give equal ids, times and media.
        test: A name, from which the credential follows.

    Raises:
        TargetError: There is no simulator at that address.
    """
    with SimulatorSession(where, seed=seed) as session, session.for_test(test) as simulator:
        yield simulator
