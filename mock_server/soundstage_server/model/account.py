"""Accounts: whoever presents a credential has one, with its own tasks, time, money, limits and journal.

Two accounts never meet, so parallel tests can share one server.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import ulp
from typing import TYPE_CHECKING, Final, NamedTuple

from soundstage_server.model.clock import LATEST, Clock, checked_step
from soundstage_server.model.journal import Journal
from soundstage_server.model.ledger import Ledger, Unit
from soundstage_server.model.lifecycle import Fate
from soundstage_server.model.secret_hash import hash_secret, verify
from soundstage_server.model.task import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from soundstage_server.model.rate_limit import SlidingWindow
    from soundstage_server.model.task import Task

DOUBLE_SUBMISSION_SECONDS: Final = 60.0
"""Two equal paid submissions within so many account seconds are flagged."""

_RECENT_BEFORE_SWEEP: Final = 1024


class DoubleSubmission(NamedTuple):
    """Two equal paid submissions close together: probably one job paid twice."""

    first: str
    second: str
    operation: str
    seconds_apart: float


class EarlyEnd(NamedTuple):
    """A task that was ended before its time: which, when on its account's clock, and how."""

    task: str
    at: float
    fate: str

    def apply(self, task: Task) -> None:
        """Let the record of *task* end when and as this says."""
        task.changes = tuple(min(change, self.at) for change in task.changes)
        task.fate = Fate(self.fate)


@dataclass(frozen=True, slots=True)
class CredentialRule:
    """What a credential's first word asks of the simulator.

    Attributes:
        refused: ``invalid`` or ``expired``: the credential is not accepted.
        opening: What the account begins with; None is the unit's usual amount.
        at_once: How many unfinished tasks the account may have; None is the vendor's usual number.
    """

    refused: str | None = None
    opening: int | None = None
    at_once: int | None = None


_RULES: Final = {
    "invalid-": CredentialRule(refused="invalid"),
    "expired-": CredentialRule(refused="expired"),
    "broke-": CredentialRule(opening=0),
    "limited-": CredentialRule(at_once=1),
}
_NO_RULE: Final = CredentialRule()


def credential_rule(credential: str) -> CredentialRule:
    """Return what the in-band word at the beginning of *credential* asks for."""
    for word, conduct in _RULES.items():
        if credential.startswith(word):
            return conduct
    return _NO_RULE


def account_name(vendor: str, credential: str) -> str:
    """Return the name that the control API has for an account: no secret can be read from it."""
    return "acct_" + hashlib.sha256(f"{vendor}:{credential}".encode()).hexdigest()[:12]


class TooManyError(Exception):
    """The account has as many unfinished tasks as it may have."""


class Account:
    """One caller of one vendor."""

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
        self._clock = clock
        self._unfinished: list[tuple[float, str, Task]] = []
        self._recent: dict[int, Task] = {}
        self._sweep_at = _RECENT_BEFORE_SWEEP

    def accepts(self, secret: str | None) -> bool:
        """Return whether *secret* is that of the account's first use, which this may be."""
        if self.secret is None:
            if self.secret_hash is not None and not verify(self.secret_hash, secret):
                return False
            self.secret = secret
        return self.secret == secret

    def hashed_secret(self) -> str | None:
        """Return what the secret of the first use can be known by, and not be read from; None if there is none."""
        if self.secret_hash is None and self.secret is not None:
            self.secret_hash = hash_secret(self.secret)
        return self.secret_hash

    def now(self) -> float:
        """Return the account's time: the world's clock plus the account's own offset."""
        return self._clock.now() + self.offset

    def advance(self, seconds: float) -> None:
        """Move this account's time, and nobody else's, forward by *seconds*.

        Raises:
            ValueError: *seconds* is negative, or more than there is until the simulator's time ends.
        """
        self.offset += checked_step(seconds, LATEST - self.offset)
        self._clock.notify_watchers()

    def advance_to_next_change(self, now: float, next_change: float) -> None:
        """Note that an unfinished task was read: under the clock ``auto`` the account then moves to its next change."""
        if self._clock.kind == "auto" and next_change > now:
            self.offset += next_change - now
            if self.now() < next_change:  # rounded down: the same state would be seen twice
                self.offset += ulp(next_change)

    @property
    def unfinished(self) -> int:
        """How many tasks are unfinished, as of the last settlement."""
        return len(self._unfinished)

    @property
    def next_end(self) -> float | None:
        """When the first of the unfinished tasks ends, as of the last settlement; None if there is none."""
        return self._unfinished[0][0] if self._unfinished else None

    def settle(self, now: float) -> None:
        """Capture or release the price of every task that has ended by *now*."""
        working = self._unfinished
        while working and working[0][0] <= now:
            ended, _, task = heappop(working)
            move = self.ledger.capture if task.fate is Fate.SUCCEED else self.ledger.release
            move(task.price, task.id, ended)

    def check_concurrency(self) -> None:
        """Let one more task in, or not.

        Raises:
            TooManyError: As many tasks are unfinished as the account may have.
        """
        if self.at_once is not None and len(self._unfinished) >= self.at_once:
            raise TooManyError

    def admit(self, task: Task, fingerprint: int) -> None:
        """Reserve the price of *task* and take it in.

        Raises:
            InsufficientError: The account cannot pay; nothing has changed.
        """
        self.ledger.reserve(task.price, task.id, task.created)
        heappush(self._unfinished, (task.ends, task.id, task))
        self.tasks.append(task)
        if task.price:  # what is free cannot be paid for twice
            self._note_double_submission(task, fingerprint)

    def end_early(self, task: Task, now: float, fate: Fate) -> None:
        """End *task*, which is unfinished, at the account's time *now* with *fate*, and settle it."""
        self.settle(now)
        cut = EarlyEnd(task.id, now, fate.value)
        cut.apply(task)
        self.early_ends.append(cut)
        self._unfinished = [(one.ends, one.id, one) for _, _, one in self._unfinished]
        heapify(self._unfinished)
        self.settle(now)

    def restore_tasks(self, tasks: Iterable[Task], now: float) -> None:
        """Take in *tasks* that were admitted before; the ledger knows which of them have been settled."""
        settled = self.ledger.settled_tasks()
        for task in tasks:
            self.tasks.append(task)
            if task.id not in settled:
                heappush(self._unfinished, (task.ends, task.id, task))
            if now - task.created <= DOUBLE_SUBMISSION_SECONDS:
                self._recent[fingerprint(task.operation, task.params)] = task

    def _note_double_submission(self, task: Task, fingerprint: int) -> None:
        earlier = self._recent.get(fingerprint)
        if earlier is not None and task.created - earlier.created <= DOUBLE_SUBMISSION_SECONDS:
            self.double_submissions.append(
                DoubleSubmission(earlier.id, task.id, task.operation, task.created - earlier.created)
            )
        self._recent[fingerprint] = task
        if len(self._recent) >= self._sweep_at:
            oldest = task.created - DOUBLE_SUBMISSION_SECONDS
            self._recent = {key: kept for key, kept in self._recent.items() if kept.created >= oldest}
            self._sweep_at = max(_RECENT_BEFORE_SWEEP, 2 * len(self._recent))
