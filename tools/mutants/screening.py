"""Try the likeliest contracts on many changes of functions in one process, before each change gets its own.

Most of the time of a mutant is spent on starting a simulator and on first requests. Here one forked process does that
once: a function gets its changed code, a few contracts run, and it gets its old code back. A contract that fails with
the change and passes without it kills the mutant. Everything else is left open.
"""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Final, NoReturn

from _pytest.runner import runtestprotocol

from tools.mutants.child import CannotApplyError, change_function, restore
from tools.mutants.execution import ANYWHERE, cpu_seconds, run_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    import pytest

    from tools.mutants.generation import Mutant

_WAITING: Final = 120.0
"""Real seconds after which a process is ended that reports nothing and uses no CPU time."""
_LIMIT: Final = 10.0
"""Seconds of CPU time for one mutant, after which its process ends."""


@dataclass(frozen=True, slots=True)
class Kill:
    """A contract that failed with a mutant and passed without it."""

    contract: str
    message: str
    seconds: float


def screen(
    session: pytest.Session, mutants: Sequence[Mutant], contracts: Sequence[Sequence[pytest.Item]]
) -> Iterator[Kill | None]:
    """Yield for each of the *mutants* the kill by one of its *contracts*, or None where it is open."""
    at = 0
    while at < len(mutants):
        receiving, sending = Pipe(duplex=False)
        pid = os.fork()
        if not pid:
            _work(session, mutants[at:], contracts[at:], sending)
        sending.close()  # so that the other end is readable when the process dies
        try:
            with contextlib.suppress(EOFError):
                while at < len(mutants) and receiving.poll(_WAITING):
                    kill: Kill | None = receiving.recv()
                    at += 1
                    yield kill
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            receiving.close()
        if at < len(mutants):
            at += 1
            yield None  # the process ended or hung at this mutant, which gets one of its own, with a limit


def _work(
    session: pytest.Session, mutants: Sequence[Mutant], contracts: Sequence[Sequence[pytest.Item]], sending: Connection
) -> NoReturn:
    """Try each mutant in this process, and end it when a contract fails without a mutant."""
    try:
        run_first(session)
        for mutant, items in zip(mutants, contracts, strict=True):
            sending.send(_try(mutant, items))
    finally:
        os._exit(0)


def _try(mutant: Mutant, items: Sequence[pytest.Item]) -> Kill | None:
    began = cpu_seconds()
    signal.setitimer(signal.ITIMER_PROF, _LIMIT)  # the signal ends the process
    try:
        changed = change_function(mutant)
    except CannotApplyError:
        return None
    for item in items:
        message = _failure(item)
        if message is not None:
            restore(changed)
            if _failure(item) is not None:
                raise RuntimeError(f"{item.nodeid} fails without a mutant")
            return Kill(item.nodeid, message, cpu_seconds() - began)
    restore(changed)
    return None


def _failure(item: pytest.Item) -> str | None:
    """Return the message with which *item* fails; None if it passes."""
    for report in runtestprotocol(item, log=False, nextitem=ANYWHERE):
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            return str(crash.message).partition("\n")[0] if crash is not None else str(report.longrepr)
    return None
