"""The interface of a job store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from soundstage._store.records import JobRecord, Origin, RecordState
    from soundstage._values.spending import Ceiling


@runtime_checkable
class JobStore(Protocol):
    """Keeps records of paid requests where a crash does not lose them.

    Every method blocks until what it changed is durable, may be called by several threads and processes at once, and
    raises `StoreError` if the store cannot be read or written. `SQLiteJobStore` and `PostgresJobStore` are two.
    """

    def add(self, record: JobRecord, reuse_since: float | None = None) -> JobRecord | None:
        """Add a record that this process owns, before its request is sent.

        Args:
            record: The record.
            reuse_since: If an equal request was added since then and did not fail, add nothing and return its record;
                check and addition are one step. None adds always.
        """
        ...

    def update(self, record: JobRecord, *, release: bool = False) -> None:
        """Write *record*, which this process owns and which may have been removed meanwhile.

        A job has one record: others of the same job, and unresolved ones with the same key, are removed.

        Args:
            record: The record.
            release: Whether any process, this one too, may claim it from now on.
        """
        ...

    def end(self, origin: Origin, job_id: str, state: RecordState, reason: str | None = None) -> None:
        """Write the state of the record of a job, if there is one."""
        ...

    def remove(self, record_id: str) -> None:
        """Remove a record."""
        ...

    def get(self, record_id: str) -> JobRecord | None:
        """Return a record, or None."""
        ...

    def records(self) -> list[JobRecord]:
        """Return all records, the oldest first."""
        ...

    def claim(self, origin: Origin, *, own: bool = False) -> list[JobRecord]:
        """Take over the open records of processes that have ended, and return them, the oldest first.

        Of several processes that claim at the same time, one gets a record.

        Args:
            origin: The service and the account.
            own: Whether to return what this process owns, too.
        """
        ...

    def reserve(self, scope: str, amount: Decimal, at: float, ceilings: Sequence[Ceiling] = ()) -> str:
        """Add *amount* to the spending of *scope*, and return the id of the reservation.

        Check and addition are one step, for all threads and processes.

        Args:
            scope: What is limited, such as an account.
            amount: The amount.
            at: The time, in seconds since 1970.
            ceilings: The limits.

        Raises:
            CeilingReached: A limit would be exceeded; nothing was reserved.
        """
        ...

    def settle(self, reservation: str, amount: Decimal) -> None:
        """Replace the amount of a reservation; 0 releases it."""
        ...

    def spent(self, scope: str, since: float = 0.0) -> Decimal:
        """Return the sum of the reservations of *scope* since a time."""
        ...

    def close(self) -> None:
        """Close the store; other processes may then claim the open records of this one."""
        ...
