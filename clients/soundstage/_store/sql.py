"""What the stores in SQL databases share: the tables and the statements."""

from __future__ import annotations

import math
import re
import threading
import time
import uuid
from abc import ABC, abstractmethod
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from soundstage._io.ownership import renew_after_fork
from soundstage._store.records import OPEN, JobRecord, Origin, RecordState
from soundstage._values.spending import Ceiling, CeilingReached
from soundstage._values.unpicklable import Unpicklable
from soundstage._values.validation import duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

Row: TypeAlias = "tuple[Any, ...]"

SCHEMA_VERSION = 1
KEEP = timedelta(days=30)
_COLUMNS = (
    "id, vendor, base_url, account, operation, request_hash, match_hash, summary, idempotency_key, external_id, state, "
    "job_id, reason, owner, created, updated"
)
TABLES = (
    """CREATE TABLE soundstage_jobs (
        id TEXT PRIMARY KEY,
        vendor TEXT NOT NULL,
        base_url TEXT NOT NULL,
        account TEXT NOT NULL,
        operation TEXT NOT NULL,
        request_hash TEXT NOT NULL,
        match_hash TEXT NOT NULL,
        summary TEXT NOT NULL,
        idempotency_key TEXT,
        external_id TEXT,
        state TEXT NOT NULL,
        job_id TEXT,
        reason TEXT,
        owner TEXT NOT NULL,
        created DOUBLE PRECISION NOT NULL,
        updated DOUBLE PRECISION NOT NULL
    )""",
    "CREATE INDEX soundstage_jobs_match ON soundstage_jobs (match_hash)",
    "CREATE INDEX soundstage_jobs_job ON soundstage_jobs (job_id)",
    "CREATE INDEX soundstage_jobs_owner ON soundstage_jobs (owner)",
    """CREATE TABLE soundstage_spending (
        id TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        amount TEXT NOT NULL,
        created DOUBLE PRECISION NOT NULL
    )""",
    "CREATE INDEX soundstage_spending_scope ON soundstage_spending (scope, created)",
)
_SAME_ORIGIN = "vendor = ? AND base_url = ? AND account = ?"
_OPEN = ", ".join(f"'{state.value}'" for state in sorted(OPEN, key=lambda state: state.value))
_REFUSED = re.compile("[\\\\\0\ud800-\udfff]")
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")


class SqlJobStore(Unpicklable, ABC):
    """A store in an SQL database, over one connection that threads share.

    The connection is opened when it is first needed, and opened again after an error and in a forked child.
    """

    _alternative = "create a store in each process: they share the database"

    def __init__(self, keep: timedelta | float | None) -> None:
        self._keep = math.inf if keep is None else duration("keep", keep)
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Start without a connection and as another owner, at first and after a fork."""
        self._lock = threading.RLock()
        self._owner = new_owner()

    @abstractmethod
    def _transaction(self, *, exclusive: bool = False) -> AbstractContextManager[None]:
        """Open the connection if needed, and run the block in a transaction, with `_lock` held.

        Args:
            exclusive: Whether transactions that are exclusive, too, wait for the end of this one.

        Raises:
            StoreError: The database failed; nothing was changed.
        """

    @abstractmethod
    def _statement(self, statement: str, values: Sequence[object]) -> list[Row]:
        """Execute a statement inside a transaction and return its rows; a question mark stands for each value."""

    def _execute(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Execute a statement with values that may be any strings, and return its rows."""
        rows = self._statement(statement, [_escaped(value) for value in values])
        return [tuple(_unescaped(value) for value in row) for row in rows]

    @abstractmethod
    def _is_alive(self, owner: str) -> bool:
        """Whether the process with the id *owner* is still running."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection; other processes may then claim the open records of this one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, record: JobRecord, reuse_since: float | None = None) -> JobRecord | None:
        """Add a record that this process owns, or return that of an equal request; see `JobStore.add`."""
        with self._transaction(exclusive=reuse_since is not None):
            if reuse_since is not None and (found := self._equal(record, reuse_since)):
                return found
            self._insert(record.changed(owner=self._owner))
        return None

    def _equal(self, record: JobRecord, since: float) -> JobRecord | None:
        where = f"{_SAME_ORIGIN} AND operation = ? AND match_hash = ? AND state <> ? AND created >= ?"
        values = (*record.origin, record.operation, record.match_hash, RecordState.FAILED.value, since)
        # A job that is known is better than a request of unknown outcome, and the newest has its files for longest.
        rows = self._select(f"WHERE {where} ORDER BY job_id IS NULL, created DESC LIMIT 1", values)
        return rows[0] if rows else None

    def update(self, record: JobRecord, *, release: bool = False) -> None:
        """Write a record, and remove others of the same job; see `JobStore.update`."""
        with self._transaction():
            self._execute("DELETE FROM soundstage_jobs WHERE id = ?", [record.id])
            if record.job_id is not None:
                unresolved = "job_id IS NULL AND (idempotency_key = ? OR external_id = ?)"
                where = f"{_SAME_ORIGIN} AND (job_id = ? OR ({unresolved}))"
                names = (record.job_id, record.idempotency_key, record.external_id)
                self._execute(f"DELETE FROM soundstage_jobs WHERE {where}", [*record.origin, *names])  # noqa: S608
            self._insert(record.changed(owner="" if release else self._owner))

    def end(self, origin: Origin, job_id: str, state: RecordState, reason: str | None = None) -> None:
        """Write the state of the record of a job, if there is one."""
        with self._transaction():
            change = "SET state = ?, reason = ?, updated = ?"
            # A saved job that is polled again is still saved.
            which = f"{_SAME_ORIGIN} AND job_id = ? AND NOT (state = 'saved' AND ? = 'succeeded')"
            values = (state.value, reason, time.time(), *origin, job_id, state.value)
            self._execute(f"UPDATE soundstage_jobs {change} WHERE {which}", values)

    def remove(self, record_id: str) -> None:
        """Remove a record."""
        with self._transaction():
            self._execute("DELETE FROM soundstage_jobs WHERE id = ?", [record_id])

    def get(self, record_id: str) -> JobRecord | None:
        """Return a record, or None."""
        with self._transaction():
            found = self._select("WHERE id = ?", [record_id])
        return found[0] if found else None

    def records(self) -> list[JobRecord]:
        """Return all records, the oldest first."""
        with self._transaction():
            return self._select("ORDER BY created, id")

    def claim(self, origin: Origin, *, own: bool = False) -> list[JobRecord]:
        """Take over the open records of processes that have ended, and return them; see `JobStore.claim`."""
        where = f"WHERE {_SAME_ORIGIN} AND state IN ({_OPEN}) ORDER BY created, id"
        # Exclusive, so that the process before has written its name before this one looks who is alive.
        with self._transaction(exclusive=True):
            found = self._select(where, origin)
            others = {record.owner for record in found} - {self._owner}
            ended = {owner for owner in others if not owner or not self._is_alive(owner)}
            for record in found:
                if record.owner in ended:
                    self._execute("UPDATE soundstage_jobs SET owner = ? WHERE id = ?", [self._owner, record.id])
        mine = {*ended, self._owner} if own else ended
        return [record.changed(owner=self._owner) for record in found if record.owner in mine]

    def reserve(self, scope: str, amount: Decimal, at: float, ceilings: Sequence[Ceiling] = ()) -> str:
        """Add *amount* to the spending of *scope*, and return the id of the reservation; see `JobStore.reserve`."""
        reservation = uuid.uuid4().hex
        with self._transaction(exclusive=True):
            for ceiling in ceilings:
                spent = self._spent(scope, ceiling.since)
                if spent + amount > ceiling.limit:
                    raise CeilingReached(ceiling, spent)
            self._execute("INSERT INTO soundstage_spending VALUES (?, ?, ?, ?)", [reservation, scope, str(amount), at])
        return reservation

    def settle(self, reservation: str, amount: Decimal) -> None:
        """Replace the amount of a reservation; 0 releases it."""
        with self._transaction():
            self._execute("UPDATE soundstage_spending SET amount = ? WHERE id = ?", [str(amount), reservation])

    def spent(self, scope: str, since: float = 0.0) -> Decimal:
        """Return the sum of the reservations of *scope* since a time."""
        with self._transaction():
            return self._spent(scope, since)

    def _spent(self, scope: str, since: float) -> Decimal:
        where = "scope = ? AND created >= ?"
        rows = self._execute(f"SELECT amount FROM soundstage_spending WHERE {where}", [scope, since])  # noqa: S608
        # Amounts are text and added here: a database would add floats, which are not exact.
        return sum((Decimal(amount) for (amount,) in rows), Decimal(0))

    def _insert(self, record: JobRecord) -> None:
        marks = ", ".join("?" * 16)
        values = (
            *(record.id, *record.origin, record.operation, record.request_hash, record.match_hash, record.summary),
            *(record.idempotency_key, record.external_id, record.state.value, record.job_id, record.reason),
            *(record.owner, record.created, record.updated),
        )
        self._execute(f"INSERT INTO soundstage_jobs ({_COLUMNS}) VALUES ({marks})", values)  # noqa: S608

    def _select(self, rest: str, values: Sequence[object] = ()) -> list[JobRecord]:
        return [_record(row) for row in self._execute(f"SELECT {_COLUMNS} FROM soundstage_jobs {rest}", values)]  # noqa: S608

    def _prune(self) -> None:
        """Remove the records of jobs that ended longer ago than `keep`; spending is kept, for limits on the total."""
        oldest = time.time() - self._keep
        ended = [state.value for state in (RecordState.SUCCEEDED, RecordState.SAVED, RecordState.FAILED)]
        self._execute("DELETE FROM soundstage_jobs WHERE state IN (?, ?, ?) AND updated < ?", [*ended, oldest])


def new_owner() -> str:
    """Return a name for a process that no other has."""
    return uuid.uuid4().hex


def newer(store: str, version: object) -> str:
    """Return the message about a store of another version."""
    return f"{store} has the schema version {version}, and this release knows version {SCHEMA_VERSION}: upgrade it"


def _escaped(value: object) -> object:
    """Return a string without what databases refuse: services have ids with lone surrogates."""
    return _REFUSED.sub(lambda match: f"\\u{ord(match[0]):04x}", value) if isinstance(value, str) else value


def _unescaped(value: object) -> object:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value) if isinstance(value, str) else value


def _record(row: Row) -> JobRecord:
    record_id, vendor, base_url, account, operation, request_hash, match_hash, summary, key, name, state, *rest = row
    job_id, reason, owner, created, updated = rest
    return JobRecord(
        id=record_id,
        origin=Origin(vendor, base_url, account),
        operation=operation,
        request_hash=request_hash,
        match_hash=match_hash,
        summary=summary,
        idempotency_key=key,
        external_id=name,
        state=RecordState(state),
        job_id=job_id,
        reason=reason,
        owner=owner,
        created=created,
        updated=updated,
    )
