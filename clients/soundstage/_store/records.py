"""What a job store keeps: records of paid requests and their jobs."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Any, NamedTuple


class RecordState(enum.Enum):
    """What is known about a paid request."""

    SENDING = "sending"
    UNKNOWN = "unknown"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    SAVED = "saved"
    FAILED = "failed"

    @property
    def open(self) -> bool:
        """Whether there is something left to do: an outcome to find out, a job to wait for, or files to save."""
        return self in OPEN


OPEN = frozenset({RecordState.SENDING, RecordState.UNKNOWN, RecordState.RUNNING, RecordState.SUCCEEDED})


class Origin(NamedTuple):
    """Where jobs belong: the service, its address and the account there.

    Attributes:
        vendor: The slug of the service.
        base_url: The address of the service.
        account: A label that differs between accounts, and from which no credential can be derived.
    """

    vendor: str
    base_url: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One paid request, and the job that it started if that is known; it has no credential and no file.

    Attributes:
        id: The id of the record, in this library.
        origin: The service and the account.
        operation: The method that was called.
        request_hash: SHA-256 of the request.
        match_hash: SHA-256 of the request without names that the client made up: equal calls have equal ones.
        summary: The parameters, shortened and with secrets masked.
        idempotency_key: The key in the request, where the service supports one.
        external_id: The caller's own name for the job, where the service supports one.
        state: What is known.
        job_id: The service's id of the job.
        reason: Why the outcome is unknown, or why the job failed.
        owner: The process that takes care of it, set by the store; "" for none.
        created: When the request was about to be sent, in seconds since 1970.
        updated: When the record was last written.
    """

    id: str
    origin: Origin
    operation: str
    request_hash: str
    match_hash: str
    summary: str = ""
    idempotency_key: str | None = None
    external_id: str | None = None
    state: RecordState = RecordState.SENDING
    job_id: str | None = None
    reason: str | None = None
    owner: str = ""
    created: float = 0.0
    updated: float = 0.0

    def changed(self, **fields: Any) -> JobRecord:
        """Return the record with other fields."""
        return replace(self, **fields)
