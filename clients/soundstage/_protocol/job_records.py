"""Keep the job store up to date about a submission: intent before a paid byte leaves, the id at once, the end."""

from __future__ import annotations

import hashlib
import json
import logging
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from soundstage import errors
from soundstage._store.records import JobRecord, Origin, RecordState
from soundstage._values.messages import Flow, Request, pause, run
from soundstage._values.names import GeneratedName
from soundstage._values.redaction import hide_query
from soundstage._values.state import JobRef, JobState, Snapshot, StartedJob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from soundstage._store.store import JobStore

logger = logging.getLogger("soundstage")

_ENDS = {
    JobState.SUCCEEDED: RecordState.SUCCEEDED,
    JobState.FAILED: RecordState.FAILED,
    JobState.CANCELED: RecordState.FAILED,
    JobState.EXPIRED: RecordState.FAILED,
}
_LONGEST_VALUE = 80  # characters of one parameter in a summary
_LONGEST = 600
_REASON = 500
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

    def open(self, request: Request, operation: str, key: str | None, name: str | None) -> Flow[JobRecord | StartedJob]:
        """Record that *request* is about to be sent, or return the job of an equal one.

        Args:
            request: The request.
            operation: The method that was called.
            key: The idempotency key in the request.
            name: The caller's own name for the job in the request.

        Raises:
            StoreError: The store cannot be written; nothing was sent.
            SubmitOutcomeUnknown: The outcome of an equal request is unknown; nothing was sent.
        """
        record = yield from run(lambda: self._record(request, operation, key, name))
        since = None if self.reuse is None else record.created - self.reuse
        waited = 0.0
        while found := (yield from self._add(record, since)):
            if found.job_id is not None:
                return StartedJob(JobRef(found.job_id, found.operation), Snapshot(JobState.UNKNOWN))
            if found.state is not RecordState.SENDING or waited >= _LONGEST_WAIT:
                raise unknown_outcome(found, "an equal request was sent before, and nothing was sent now")
            waited += _LOOK_AGAIN
            yield from pause(_LOOK_AGAIN)
        return record

    def _record(self, request: Request, operation: str, key: str | None, name: str | None) -> JobRecord:
        now = time.time()
        return JobRecord(
            id=uuid.uuid4().hex,
            origin=self.origin,
            operation=operation,
            request_hash=request.fingerprint,
            match_hash=match_hash(request, key, name),
            summary=summary(request.json, self.redact),
            idempotency_key=key,
            external_id=name,
            created=now,
            updated=now,
        )

    def _add(self, record: JobRecord, since: float | None) -> Flow[JobRecord | None]:
        try:
            return (yield from run(lambda: self.store.add(record, since)))
        except GeneratorExit:  # interrupted: the request will not be sent, and the record may have been added already
            with suppress(Exception):
                self.store.remove(record.id)
            raise

    def started(self, record: JobRecord, job: StartedJob) -> Flow[None]:
        """Record the job that *record* has started."""
        ended = _ENDS.get(job.snapshot.state, RecordState.RUNNING)
        changed = self._changed(record, state=ended, job_id=job.ref.id)
        yield from self._write(lambda: self.store.update(changed), f"job {job.ref.id}")

    def unknown(self, record: JobRecord, reason: str | None) -> Flow[None]:
        """Record that the outcome of *record* is unknown."""
        changed = self._changed(record, state=RecordState.UNKNOWN, reason=(reason or "")[:_REASON])
        yield from self._write(lambda: self.store.update(changed), f"the unknown outcome {record.id}")

    def refused(self, record: JobRecord) -> Flow[None]:
        """Remove *record*, whose request has started nothing."""
        yield from self._write(lambda: self.store.remove(record.id), f"the refusal of {record.id}")

    def ended(self, ref: JobRef, snapshot: Snapshot) -> Flow[None]:
        """Record the end of a job."""
        state, reason = _ENDS[snapshot.state], self.redact(snapshot.reason or "")[:_REASON] or None
        yield from self._write(lambda: self.store.end(self.origin, ref.id, state, reason), f"the end of job {ref.id}")

    def saved(self, ref: JobRef) -> Flow[None]:
        """Record that all files of a job are saved."""
        saved = RecordState.SAVED
        yield from self._write(lambda: self.store.end(self.origin, ref.id, saved), f"the files of job {ref.id}")

    def abandoned(self, record: JobRecord, job: StartedJob | None) -> None:
        """Release *record*, whose submission was interrupted, so that any process can claim it; blocks."""
        # The flow is being closed: it cannot yield any more, and the program may end in a moment.
        changed = self._changed(record, state=RecordState.UNKNOWN, reason="the call was interrupted")
        if job is not None:
            changed = changed.changed(state=RecordState.RUNNING, job_id=job.ref.id, reason=None)
        with suppress(Exception):
            self.store.update(changed, release=True)

    def _changed(self, record: JobRecord, **fields: Any) -> JobRecord:
        return record.changed(updated=time.time(), **fields)

    def _write(self, write: Callable[[], None], what: str) -> Flow[None]:
        """Write to the store; a failure is logged, because the answer of the service must not be lost with it."""
        try:
            yield from run(write)
        except Exception as error:  # noqa: BLE001 - a store may be of any make
            with suppress(Exception):
                logger.warning("the job store could not record %s: %s", what, error)


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


def match_hash(request: Request, key: str | None, name: str | None) -> str:
    """Return a hash that is equal for equal calls: names that the client made up do not count."""
    generated = {str(one) for one in (key, name) if isinstance(one, GeneratedName)}
    body = request.json
    if generated and isinstance(body, dict):
        members = cast("Mapping[str, object]", body)
        body = {member: value for member, value in members.items() if str(value) not in generated}
    text = json.dumps([request.method, request.url, body], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def summary(body: object, redact: Callable[[str], str]) -> str:
    """Return the parameters of a request in one line, for people: shortened, and with secrets masked."""
    text = ", ".join(_parameters("", body, redact))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _parameters(path: str, value: object, redact: Callable[[str], str]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in cast("Mapping[str, object]", value).items():
            yield from _parameters(f"{path}.{name}" if path else name, one, redact)
    elif isinstance(value, list):
        for place, one in enumerate(cast("list[object]", value)):
            yield from _parameters(f"{path}[{place}]", one, redact)
    else:
        yield f"{path}={_shown(value, redact)}"


def _shown(value: object, redact: Callable[[str], str]) -> str:
    if not isinstance(value, str):
        return repr(value)
    # Masked before it is cut: half a secret would not be recognized.
    text = redact(hide_query(value) if "://" in value or value[:5].lower() == "data:" else value)
    return repr(text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(value)} characters)")
