"""What a crash left in the job store: which jobs and unknown outcomes there are, and what can be done about each."""

from __future__ import annotations

import enum
import time
from typing import TYPE_CHECKING

from soundstage import errors
from soundstage._protocol.job_records import SubmissionRecord, unknown_outcome
from soundstage._store.records import RecordState
from soundstage._values.messages import Flow, pause, run
from soundstage._values.state import JobRef, JobState, Snapshot, StartedJob

if TYPE_CHECKING:
    from soundstage._protocol.job_records import JobRecords
    from soundstage._protocol.service import Service
    from soundstage._store.records import JobRecord
    from soundstage._values.profile import VendorProfile


class RecoveryAction(enum.Enum):
    """What can be done about a record that a crash left."""

    RESUME = "resume"
    RESOLVE = "resolve"
    CALL_AGAIN = "call_again"
    ASK_VENDOR = "ask_vendor"


def action_for(record: JobRecord, profile: VendorProfile) -> RecoveryAction:
    """Return what can be done about *record*."""
    if record.job_id is not None:
        return RecoveryAction.RESUME
    if record.external_id is not None and profile.idempotency == "external_id":
        return RecoveryAction.RESOLVE
    if record.idempotency_key is not None and profile.idempotency == "replay":
        return RecoveryAction.CALL_AGAIN
    return RecoveryAction.ASK_VENDOR


def advice_for(record: JobRecord, action: RecoveryAction) -> str:
    """Return *action* in a sentence."""
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(record.created))
    match action:
        case RecoveryAction.RESUME:
            return f"job {record.job_id} exists: wait for it, or save its files"
        case RecoveryAction.RESOLVE:
            return f"the service can be asked for the job named {record.external_id}: call resolve() of the client"
        case RecoveryAction.CALL_AGAIN:
            key = f"idempotency_key={record.idempotency_key!r}"
            return f"call {record.operation} again with the same arguments and {key}: it is one job, paid once"
        case RecoveryAction.ASK_VENDOR:
            seen = f"a job of {record.operation} from {when}"
            return f"look at the vendor for {seen}, with {record.summary}, before you pay again; then forget the record"


def claim(service: Service, *, own: bool) -> Flow[list[JobRecord]]:
    """Take over what processes that have ended left in the store; with *own*, return also what this process has."""
    records = stored(service)
    return (yield from run(lambda: records.store.claim(records.origin, own=own)))


def forget(service: Service, record_id: str) -> Flow[None]:
    """Remove a record from the store."""
    records = stored(service)
    yield from run(lambda: records.store.remove(record_id))


def stored(service: Service) -> JobRecords:
    """Return the records of a client with a store.

    Raises:
        UnsupportedError: The client has no store.
    """
    if service.records is None:
        message = "this client has no job store: create it with store=SQLiteJobStore(path)"
        raise errors.UnsupportedError(message, vendor=service.profile.slug)
    return service.records


def unpolled(record: JobRecord) -> StartedJob | None:
    """Return the job of *record*, in no known state; None if there is none."""
    if record.job_id is None:
        return None
    return StartedJob(JobRef(record.job_id, record.operation), Snapshot(JobState.UNKNOWN))


def unknown_of(record: JobRecord) -> errors.SubmitOutcomeUnknown:
    """Return the error that describes a record without a job."""
    return unknown_outcome(record, record.reason or "the process ended before the response was recorded")


def resolve(service: Service, unknown: errors.SubmitOutcomeUnknown) -> Flow[StartedJob | None]:
    """Find the job of an unknown outcome, and record what was found."""
    found = yield from service.find(unknown)
    records = service.records
    if records is None or unknown.record_id is None:
        return found
    record_id = unknown.record_id
    record = yield from run(lambda: records.store.get(record_id))
    if record is None:
        return found
    if found is None:
        # The process may have been killed a moment ago: the service may not have read its request yet.
        rest = service.settings.poll.grace - (time.time() - record.created)
        if record.state is RecordState.SENDING and rest > 0:
            yield from pause(rest)
            found = yield from service.find(unknown)
    written = SubmissionRecord(records, record, added=True)
    yield from written.refused() if found is None else written.started(found)
    return found
