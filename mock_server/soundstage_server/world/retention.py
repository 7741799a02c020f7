"""Retention: finished tasks and idle accounts are dropped after a time, so that a simulator can run for weeks.

A task is dropped once it and all earlier tasks of its account have been finished for the retention, in the account's
own time; it is then unknown, as a vendor's expired task is. What it has cost stays in the balances. An account without
tasks that has sent no request for the retention is dropped as if it had never been used.

Nothing runs in the background: a sweep follows each advance of time, and a number of requests.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final, Protocol

from soundstage_server.model.clock import LATEST
from soundstage_server.model.journal import WORLD_BYTES
from soundstage_server.world.snapshot import StateError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import EllipsisType

    from soundstage_server.model.account import Account, Lengths
    from soundstage_server.model.clock import Clock
    from soundstage_server.world.callbacks.dispatcher import CallbackDispatcher
    from soundstage_server.world.persistence import Persistence
    from soundstage_server.world.vendor_service import VendorService

DEFAULT_SECONDS: Final = 60 * 24 * 3600.0
"""The retention of a world that is given none: twice as long as the address of any result is valid."""
LEAST_SECONDS: Final = 60.0
"""The shortest retention: two equal submissions within a minute are reported as a double submission."""

_SWEEP_REQUESTS: Final = 256


def check_seconds(seconds: float) -> float:
    """Return *seconds*, checked.

    Raises:
        ValueError: They are below `LEAST_SECONDS`, or not finite.
    """
    if not LEAST_SECONDS <= seconds <= LATEST:
        raise ValueError(f"retention must be from {LEAST_SECONDS:.0f} to {LATEST:.0f} seconds; got {seconds!r}")
    return seconds


class Retained(Protocol):
    """What is swept of a world."""

    clock: Clock
    services: dict[str, VendorService]
    callback_dispatcher: CallbackDispatcher
    persistence: Persistence
    requests: int

    def accounts(self) -> Iterator[Account]:
        """Iterate over the accounts."""

    @property
    def account_count(self) -> int:
        """How many accounts there are."""

    def remove_accounts(self, gone: Collection[Account]) -> None:
        """Remove accounts from memory, with what belongs to them alone."""


class Retention:
    """Drops what is old from one world. Its methods are called with the world's lock held.

    Args:
        world: The world.
        seconds: How long a finished task is kept, in its account's seconds; None keeps it for ever, and an ellipsis
            takes the default, which is None under the clock ``manual``.

    Raises:
        ValueError: *seconds* is below a minute, or not finite.

    Attributes:
        kept: How long a finished task is kept now; infinite if it is kept for ever.
    """

    def __init__(self, world: Retained, seconds: float | EllipsisType | None) -> None:
        self._world = world
        self._seconds = seconds if seconds is ... or seconds is None else check_seconds(seconds)
        self._sweep_at = 0
        self.kept = inf
        self._follow_clock()
        world.clock.watch(self._follow_clock)

    def sweep_if_due(self) -> None:
        """Sweep after a number of requests, which grows with the number of accounts: its cost per request does not."""
        if self._world.requests >= self._sweep_at:
            self._sweep_at = self._world.requests + max(_SWEEP_REQUESTS, self._world.account_count)
            self.sweep()

    def sweep(self) -> None:
        """Drop what is older than the retention, and what exceeds the bound of all journals together."""
        self._trim_journals()
        if self.kept == inf:
            return
        # What is planned below must not be undone by the commit of requests that wait for it.
        self._world.persistence.commit()
        planned: dict[Account, Lengths] = {}
        idle: list[Account] = []
        for account in self._world.accounts():
            before = account.now() - self.kept
            if account.tasks and account.tasks[0].ends < before:
                account.settle(account.now())
                if lengths := account.plan_drop(before):
                    planned[account] = lengths
            elif not account.tasks and account.last_seen < before:
                idle.append(account)
        if planned or idle:
            self._drop(planned, [account for account in idle if not self._world.callback_dispatcher.pending(account)])

    def _drop(self, planned: dict[Account, Lengths], idle: list[Account]) -> None:
        # The file first: what it cannot delete (a full disk) stays in memory, too, and is tried again later.
        persistence = self._world.persistence
        if persistence.file is not None:
            try:
                persistence.file.drop(persistence.record(), planned, idle)
            except StateError:
                return
        for account, lengths in planned.items():
            self._world.services[account.vendor].drop_tasks(account.drop(lengths))
        if idle:
            self._world.remove_accounts(frozenset(idle))

    def _trim_journals(self) -> None:
        """Clear the journals that were written to least recently, until all together are within their bound."""
        accounts = self._world.accounts()
        total = sum(account.journal.bytes for account in accounts)
        if total <= WORLD_BYTES:
            return
        for account in sorted(self._world.accounts(), key=lambda account: account.journal.latest):
            total -= account.journal.bytes
            account.journal.clear()
            if total <= WORLD_BYTES:
                return

    def _follow_clock(self) -> None:
        if self._seconds is ...:
            self.kept = inf if self._world.clock.kind == "manual" else DEFAULT_SECONDS
        else:
            self.kept = inf if self._seconds is None else self._seconds
