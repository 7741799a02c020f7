"""Keep the job store up to date about jobs: intent before a paid byte leaves, the id at once, the end."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from soundstage import errors
from soundstage._protocol.request_summary import match_hash, summary
from soundstage._store.records import JobRecord, Origin, RecordState
from soundstage._values.messages import Flow, Request, pause, run
from soundstage._values.state import JobRef, JobState, Snapshot, StartedJob

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage._store.store import JobStore

T = TypeVar("T")
logger = logging.getLogger("soundstage")

_ENDS = {
    JobState.SUCCEEDED: RecordState.SUCCEEDED,
    JobState.FAILED: RecordState.FAILED,
    JobState.CANCELED: RecordState.FAILED,
    JobState.EXPIRED: RecordState.FAILED,
}
_REASON = 500  # characters
_LOOK_AGAIN = 0.5  # seconds between two looks at an equal request that another process is sending
_LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class JobRecords:
    """The store of one client.

    Attributes:
        store: The store, which several clients may share.
        origin: The service and the account of the client.
        redact: Masks the secrets of the client.
        reuse: Seconds for which an equal request returns the job that exists; None to start a new one always.
    """

    store: JobStore
    origin: Origin
    redact: Callable[[str], str] = field(repr=False)
    reuse: float | None = None

    def ended(self, ref: JobRef, snapshot: Snapshot) -> Flow[None]:
        """Record the end of a job."""
        state, reason = _ENDS[snapshot.state], self.redact(snapshot.reason or "")[:_REASON] or None
        write = _logged(lambda: self.store.end(self.origin, ref.id, state, reason), f"the end of job {ref.id}")
        yield from run(write)

    def saved(self, ref: JobRef) -> Flow[None]:
        """Record that all files of a job are saved."""
        saved = RecordState.SAVED
        yield from run(_logged(lambda: self.store.end(self.origin, ref.id, saved), f"the files of job {ref.id}"))


class SubmissionRecord:
    """The record of one submission, written from its intent to its outcome.

    When an async call is canceled, a write may still run in its thread: `abandoned` waits for it, and no write follows.
    """

    def __init__(self, records: JobRecords, record: JobRecord, *, added: bool = False) -> None:
        """Take a record, which is in the store already if it is *added*."""
        self.record = record
        self._records = records
        self._store = records.store
        self._sent = added
        self._job: StartedJob | None = None
        self._lock = threading.Lock()
        self._over = False

    @classmethod
    def of(cls, records: JobRecords, request: Request, operation: str, key: str | None, name: str | None) -> Flow[Self]:
        """Return the record of a submission that was not sent yet.

        Args:
            records: The store of the client.
            request: The request.
            operation: The method that was called.
            key: The idempotency key in the request.
            name: The caller's own name for the job in the request.
        """
        now = time.time()

        def make() -> JobRecord:  # in a thread, because a request may contain large files
            return JobRecord(
                id=uuid.uuid4().hex,
                origin=records.origin,
                operation=operation,
                request_hash=request.fingerprint,
                match_hash=match_hash(request, key, name),
                summary=summary(request.json, records.redact),
                idempotency_key=key,
                external_id=name,
                created=now,
                updated=now,
            )

        return cls(records, (yield from run(make)))

    def open(self) -> Flow[StartedJob | None]:
        """Record that the request is about to be sent, or return the job of an equal one.

        Raises:
            StoreError: The store cannot be written; nothing was sent.
            SubmitOutcomeUnknown: The outcome of an equal request is unknown; nothing was sent.
        """
        reuse = self._records.reuse
        since = None if reuse is None else self.record.created - reuse
        waited = 0.0
        while found := (yield from run(lambda: self._write(lambda: self._store.add(self.record, since)))):
            if found.job_id is not None:
                return StartedJob(JobRef(found.job_id, found.operation), Snapshot(JobState.UNKNOWN))
            if found.state is not RecordState.SENDING or waited >= _LONGEST_WAIT:
                raise unknown_outcome(found, "an equal request was sent before, and nothing was sent now")
            waited += _LOOK_AGAIN
            yield from pause(_LOOK_AGAIN)
        self._sent = True
        return None

    def started(self, job: StartedJob) -> Flow[None]:
        """Record the job that was started."""
        self._job = job
        state = _ENDS.get(job.snapshot.state, RecordState.RUNNING)
        changed = self._changed(state=state, job_id=job.ref.id)
        yield from self._logged(lambda: self._store.update(changed), f"job {job.ref.id}")

    def unknown(self, reason: str | None) -> Flow[None]:
        """Record that the outcome is unknown."""
        changed = self._changed(state=RecordState.UNKNOWN, reason=(reason or "")[:_REASON])
        yield from self._logged(lambda: self._store.update(changed), f"the unknown outcome {self.record.id}")

    def refused(self) -> Flow[None]:
        """Remove the record: the request has started nothing."""
        yield from self._logged(lambda: self._store.remove(self.record.id), f"the refusal of {self.record.id}")

    def abandoned(self) -> None:
        """Release the record of a call that was interrupted, so that any process can claim it; blocks for one write."""
        # The flow is being closed: it cannot yield any more, and the program may end in a moment.
        with self._lock, suppress(Exception):
            self._over = True
            if not self._sent:
                self._store.remove(self.record.id)
            elif self._job is None:
                changed = self._changed(state=RecordState.UNKNOWN, reason="the call was interrupted")
                self._store.update(changed, release=True)
            else:
                changed = self._changed(state=RecordState.RUNNING, job_id=self._job.ref.id)
                self._store.update(changed, release=True)

    def _changed(self, **fields: Any) -> JobRecord:
        return self.record.changed(updated=time.time(), **fields)

    def _logged(self, write: Callable[[], None], what: str) -> Flow[None]:
        yield from run(_logged(lambda: self._write(write), what))

    def _write(self, write: Callable[[], T]) -> T | None:
        with self._lock:
            return None if self._over else write()


def _logged(write: Callable[[], None], what: str) -> Callable[[], None]:
    """Return *write* without its errors: they are logged, because the answer of the service must not be lost."""

    def call() -> None:
        try:
            write()
        except Exception as error:  # noqa: BLE001 - a store may be of any make
            with suppress(Exception):
                logger.warning("the job store could not record %s: %s", what, error)

    return call


def unknown_outcome(record: JobRecord, reason: str) -> errors.SubmitOutcomeUnknown:
    """Return the error that describes a record without a job."""
    return errors.SubmitOutcomeUnknown(
        f"the outcome of {record.operation} is unknown ({reason}); it was called with {record.summary}",
        vendor=record.origin.vendor,
        operation=record.operation,
        reason=reason,
        request_hash=record.request_hash,
        idempotency_key=record.idempotency_key,
        external_id=record.external_id,
        record_id=record.id,
    )
