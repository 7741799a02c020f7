"""Accounts and their tasks. Each credential has an account with its own tasks, time, money, limits and journal.

Accounts share nothing but the world's clock, so parallel tests can use one server.
"""

from __future__ import annotations

from hashlib import blake2b
from heapq import heapify, heappop, heappush
from math import ulp
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from soundstage_server.model.clock import LATEST, Clock, checked_step
from soundstage_server.model.credentials import account_name, credential_rule, hash_secret, verify
from soundstage_server.model.journal import Journal
from soundstage_server.model.ledger import Ledger, Unit
from soundstage_server.model.lifecycle import Fate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from soundstage_server.model.lifecycle import Lifecycle, TaskState
    from soundstage_server.model.rate_limit import SlidingWindow

DOUBLE_SUBMISSION_SECONDS: Final = 60.0
"""Two equal paid submissions within this many account seconds are reported as a double submission."""

_RECENT_BEFORE_SWEEP: Final = 1024


EXTRA: Final = "_"
"""The member of a task's params for a vendor's own data that is no parameter, such as an idempotency key."""


def fingerprint(operation: str, params: Mapping[str, Any]) -> int:
    """Return a hash that equal submissions share within one process; the vendor's own data (`EXTRA`) does not count."""
    if EXTRA in params:
        params = {name: value for name, value in params.items() if name != EXTRA}
    return hash((operation, orjson.dumps(params)))


class Task:
    """The record of one task: the request, the account, the time, and how the task will end.

    Kept small, since a simulator may have a million of them.

    Attributes:
        id: The vendor's id of the task.
        account: The account that pays for it.
        operation: The vendor's capability.
        params: The request's parameters, defaults filled in.
        created: The account's time at its creation.
        changes: The times at which it leaves each stage of its lifecycle; the last is its end.
        fate: How it will end.
        seed: 64 bits from which everything random about it is derived.
        price: Its price, in the smallest parts of the account's unit.
        base: The base of its result URLs.
    """

    __slots__ = ("account", "base", "changes", "created", "fate", "id", "operation", "params", "price", "seed")

    def __init__(  # noqa: PLR0917 - a record has this many fields, and is made on the hot path
        self,
        task_id: str,
        account: Account,
        operation: str,
        params: dict[str, Any],
        created: float,
        changes: tuple[float, ...],
        fate: Fate,
        seed: int,
        price: int,
        base: str,
    ) -> None:
        self.id = task_id
        self.account = account
        self.operation = operation
        self.params = params
        self.created = created
        self.changes = changes
        self.fate = fate
        self.seed = seed
        self.price = price
        self.base = base

    @property
    def ends(self) -> float:
        """The time at which the task reaches its final state."""
        return self.changes[-1]

    def state_at(self, now: float, lifecycle: Lifecycle) -> TaskState:
        """Return the task's state at the account's time *now*."""
        return lifecycle.state_at(now, self.created, self.changes, self.fate, self.seed)


class DoubleSubmission(NamedTuple):
    """Two equal paid submissions within a short time: probably one job that was paid twice."""

    first: str
    second: str
    operation: str
    seconds_apart: float


class EarlyEnd(NamedTuple):
    """The end of a task before its time: its id, the account's time, and the new fate."""

    task: str
    at: float
    fate: str

    def apply(self, task: Task) -> None:
        """Change the record of *task*, so that it ends at this time with this fate."""
        # Stages that the task has left keep their times; those to come all end now.
        task.changes = tuple(min(change, self.at) for change in task.changes)
        task.fate = Fate(self.fate)


class Lengths(NamedTuple):
    """How many items an account's lists have had: tasks, movements of money, double submissions, early ends.

    The lists only grow at their end and are only dropped from their beginning, so these numbers identify their items.
    """

    tasks: int = 0
    entries: int = 0
    doubles: int = 0
    cuts: int = 0


class TooManyError(Exception):
    """The account has as many unfinished tasks as it is allowed."""


class Account:
    """One caller of one vendor, identified by a credential.

    Attributes:
        dropped: How many items were dropped from the beginning of each list, after the retention.
        opened: The account's time when it was created, restored or loaded.
    """

    def __init__(self, vendor: str, credential: str, clock: Clock, unit: Unit, at_once: int | None = None) -> None:
        conduct = credential_rule(credential)
        self.vendor = vendor
        self.name = account_name(vendor, credential)
        self.secret: str | None = None
        self.secret_hash: str | None = None
        self.offset = 0.0
        self.at_once = conduct.at_once or at_once
        self.rate_limit: SlidingWindow | None = None
        self.ledger = Ledger(unit, conduct.opening)
        self.journal = Journal()
        self.tasks: list[Task] = []
        self.double_submissions: list[DoubleSubmission] = []
        self.early_ends: list[EarlyEnd] = []
        self.dropped = Lengths()
        self.opened = 0.0
        self._clock = clock
        self._unfinished: list[tuple[float, str, Task]] = []
        self._before_end: dict[str, tuple[Task, tuple[float, ...], Fate]] = {}
        self._recent: dict[int, Task] = {}
        self._sweep_at = _RECENT_BEFORE_SWEEP

    def accepts(self, secret: str | None) -> bool:
        """Return whether *secret* is the one of the account's first request; the first one is always accepted."""
        # After a restore only the hash is known. It is checked once, since scrypt is slow by design; later requests
        # compare the secret itself.
        if self.secret is None:
            if self.secret_hash is not None and not verify(self.secret_hash, secret):
                return False
            self.secret = secret
        return self.secret == secret

    def hashed_secret(self) -> str | None:
        """Return the salted hash of the account's secret, or None if it has no secret."""
        if self.secret_hash is None and self.secret is not None:
            self.secret_hash = hash_secret(self.secret)
        return self.secret_hash

    def now(self) -> float:
        """Return the account's time: the world's clock plus the account's own offset."""
        return self._clock.now() + self.offset

    def advance(self, seconds: float) -> None:
        """Move only this account's time forward by *seconds*.

        Raises:
            ValueError: *seconds* is negative, or would move the time past `LATEST`.
        """
        self.offset += checked_step(seconds, LATEST - self.offset)
        self._clock.notify_watchers()

    def advance_to_next_change(self, now: float, next_change: float) -> None:
        """Under the clock ``auto``, move the account's time to *next_change*; under other clocks do nothing.

        Called when an unfinished task was read, so that a client that polls sees a new state each time and never has
        to wait. The response that is being made still shows the time *now*.
        """
        if self._clock.kind == "auto" and next_change > now:
            self.offset += next_change - now
            # The sum of two floats may be rounded down, to just before the change: the next read would show the same
            # state again.
            if self.now() < next_change:
                self.offset += ulp(next_change)

    def draw_bits(self, seed: int, attempt: int = 0) -> int:
        """Return 128 random bits for the next task: equal seeds and equal histories give equal bits."""
        # The account's own history only, so that parallel tests on one server repeat independently of each other.
        text = f"{seed}:{self.name}:{self.dropped.tasks + len(self.tasks)}:{attempt}".encode()
        return int.from_bytes(blake2b(text, digest_size=16).digest(), "big")

    @property
    def unfinished(self) -> int:
        """How many tasks were unfinished at the last `settle`."""
        return len(self._unfinished)

    @property
    def next_end(self) -> float | None:
        """When the first of the tasks ends that were unfinished at the last `settle`; None if there is none."""
        return self._unfinished[0][0] if self._unfinished else None

    def settle(self, now: float) -> None:
        """Capture or release the price of every task that has ended by *now*.

        Nothing runs in the background: code that reads the ledger or counts tasks settles first.
        """
        # A heap by end: a settlement touches only the tasks that have ended, however many are unfinished.
        working = self._unfinished
        while working and working[0][0] <= now:
            ended, _, task = heappop(working)
            move = self.ledger.capture if task.fate is Fate.SUCCEED else self.ledger.release
            move(task.price, task.id, ended)

    def check_concurrency(self) -> None:
        """Check that one more task may start.

        Raises:
            TooManyError: The account has as many unfinished tasks as it is allowed.
        """
        if self.at_once is not None and len(self._unfinished) >= self.at_once:
            raise TooManyError

    def admit(self, task: Task, fingerprint: int) -> None:
        """Reserve the price of *task* and add it to the account.

        Raises:
            InsufficientError: The account cannot pay; nothing has changed.
        """
        self.ledger.reserve(task.price, task.id, task.created)
        heappush(self._unfinished, (task.changes[-1], task.id, task))
        self.tasks.append(task)
        if task.price:  # a free task cannot be paid twice
            self._note_double_submission(task, fingerprint)

    def end_early(self, task: Task, now: float, fate: Fate) -> None:
        """End *task*, which is unfinished, at the account's time *now* with *fate*, and settle it."""
        self.settle(now)
        early_end = EarlyEnd(task.id, now, fate.value)
        self._before_end[task.id] = (task, task.changes, task.fate)
        early_end.apply(task)
        self.early_ends.append(early_end)
        # The task's end was the key of its entry in the heap.
        self._unfinished = [(one.ends, one.id, one) for _, _, one in self._unfinished]
        heapify(self._unfinished)
        self.settle(now)

    def end_before(self, task: Task, ended: Collection[str]) -> tuple[tuple[float, ...], Fate]:
        """Return times and fate of *task* when only the tasks in *ended* had ended early; safe in any thread."""
        # Read first: an early end stores what was before it changes the task.
        now = task.changes, task.fate
        before = None if task.id in ended else self._before_end.get(task.id)
        return now if before is None else before[1:]

    def restore_tasks(self, tasks: Iterable[Task], now: float) -> None:
        """Add *tasks* of a snapshot; the ledger knows which of them have been settled."""
        self.tasks.extend(tasks)
        self.opened = now
        self._rebuild(now)

    @property
    def lengths(self) -> Lengths:
        """How many items the lists have had."""
        tasks, _, doubles, cuts = self.dropped
        return Lengths(
            tasks + len(self.tasks),
            self.ledger.movements,
            doubles + len(self.double_submissions),
            cuts + len(self.early_ends),
        )

    @property
    def last_seen(self) -> float:
        """The account's time at its last request, or when it was opened."""
        return max(self.opened, self.journal.latest_at)

    def plan_drop(self, before: float) -> Lengths | None:
        """Return what `drop` would drop: the oldest tasks, as far as all have ended *before* then; None for nothing."""
        ended = next((number for number, task in enumerate(self.tasks) if task.ends >= before), len(self.tasks))
        if not ended:
            return None
        gone = {task.id for task in self.tasks[:ended]}
        following = self.tasks[ended].id if ended < len(self.tasks) else None
        pairs = self.double_submissions
        doubles = next((number for number, pair in enumerate(pairs) if pair.second not in gone), len(pairs))
        cuts = next(
            (number for number, cut in enumerate(self.early_ends) if cut.task not in gone), len(self.early_ends)
        )
        return Lengths(
            self.dropped.tasks + ended,
            self.ledger.start_of(following),
            self.dropped.doubles + doubles,
            self.dropped.cuts + cuts,
        )

    def drop(self, lengths: Lengths) -> list[Task]:
        """Drop what came before *lengths*, and return the dropped tasks; balances stay as they are."""
        before = self.dropped
        gone = self.tasks[: lengths.tasks - before.tasks]
        del self.tasks[: len(gone)]
        del self.double_submissions[: lengths.doubles - before.doubles]
        del self.early_ends[: lengths.cuts - before.cuts]
        self.ledger.drop(lengths.entries)
        self.dropped = lengths
        ids = {task.id for task in gone}
        for name in ids:
            self._before_end.pop(name, None)
        self._recent = {key: task for key, task in self._recent.items() if task.id not in ids}
        return gone

    def revert(self, lengths: Lengths, now: float) -> tuple[list[Task], list[Task]]:
        """Remove what came after these *lengths* of the lists; the ledger was reverted before.

        Returns:
            The tasks that were dropped, and those whose early end was undone.
        """
        tasks, _, doubles, early_ends = (had - gone for had, gone in zip(lengths, self.dropped, strict=True))
        dropped = self.tasks[tasks:]
        undone = []
        for early_end in self.early_ends[early_ends:]:
            task, changes, fate = self._before_end.pop(early_end.task)
            task.changes, task.fate = changes, fate
            undone.append(task)
        del self.tasks[tasks:], self.double_submissions[doubles:], self.early_ends[early_ends:]
        self._rebuild(now)
        return dropped, undone

    def _rebuild(self, now: float) -> None:
        """Find the unfinished and the recent tasks again."""
        settled = self.ledger.settled_tasks()
        self._unfinished = [(task.ends, task.id, task) for task in self.tasks if task.id not in settled]
        heapify(self._unfinished)
        recent = (task for task in self.tasks if now - task.created <= DOUBLE_SUBMISSION_SECONDS)
        self._recent = {fingerprint(task.operation, task.params): task for task in recent}

    def _note_double_submission(self, task: Task, fingerprint: int) -> None:
        earlier = self._recent.get(fingerprint)
        if earlier is not None and task.created - earlier.created <= DOUBLE_SUBMISSION_SECONDS:
            self.double_submissions.append(
                DoubleSubmission(earlier.id, task.id, task.operation, task.created - earlier.created)
            )
        self._recent[fingerprint] = task
        if len(self._recent) >= self._sweep_at:
            # Swept rarely, and each time less often as it grows: a submission costs constant time on average.
            oldest = task.created - DOUBLE_SUBMISSION_SECONDS
            self._recent = {key: kept for key, kept in self._recent.items() if kept.created >= oldest}
            self._sweep_at = max(_RECENT_BEFORE_SWEEP, 2 * len(self._recent))
