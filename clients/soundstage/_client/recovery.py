"""Recovery after a crash, for both kinds of client: what the job store has, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from soundstage._client.descriptors import Awaiting, Blocking
from soundstage._protocol import recovery
from soundstage._values.validation import invalid, text
from soundstage.errors import SubmitOutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage._client.jobs import AsyncJob, Job
    from soundstage._protocol.recovery import RecoveryAction
    from soundstage._protocol.service import Service
    from soundstage._store.records import JobRecord
    from soundstage._values.state import StartedJob

J = TypeVar("J")


@dataclass(frozen=True, slots=True)
class Recovered(Generic[J]):
    """A job, or a submission of unknown outcome, of a process that has ended.

    Attributes:
        record: What the job store has about it.
        action: What can be done.
        advice: The same in a sentence.
        job: The handle of the job; None if the outcome is unknown.
        unknown: The error that describes an unknown outcome, for `client.resolve()`; None if there is a job.
    """

    record: JobRecord
    action: RecoveryAction
    advice: str
    job: J | None = None
    unknown: SubmitOutcomeUnknown | None = field(default=None, compare=False)


class BlockingRecovery(Blocking):
    """Recovery for a client whose methods block."""

    _service: Any  # each client has a service of its own kind

    def recover(self, *, own: bool = False) -> list[Recovered[Job]]:
        """Take over every job and every unknown outcome that processes which have ended left in the job store.

        They belong to this process then: of several processes that recover at the same time, one gets each. A job that
        was saved by `Job.save()`, or that failed, is not left over. Nothing is sent.

        Args:
            own: Whether to return what this process started, too, such as jobs whose handles were lost.

        Returns:
            What was found, the oldest first, each with what can be done: wait for its `job`, or find out its `unknown`.

        Raises:
            UnsupportedError: The client has no job store.
            StoreError: The store cannot be read or written.
        """
        found = self._run(recovery.claim(self._service, own=own))
        return [_recovered(record, self._service, self._handle, self.resolve) for record in found]

    def forget(self, record_id: str) -> None:
        """Remove a record from the job store, such as that of an unknown outcome that you have found out.

        Args:
            record_id: The `id` of the record.

        Raises:
            UnsupportedError: The client has no job store.
            StoreError: The store cannot be written.
        """
        self._run(recovery.forget(self._service, text("record_id", record_id)))

    def resolve(self, unknown: SubmitOutcomeUnknown) -> Job | None:
        """Find the job that a submission of unknown outcome may have started, by the caller's own name for it.

        Args:
            unknown: The error, which may have been pickled.

        Returns:
            The job's handle, or None if there is provably no such job: submitting again then pays once.

        Raises:
            UnsupportedError: The service does not let the caller name a job.
            InvalidArgument: The error is from another service.
        """
        found = self._run(recovery.resolve(self._service, _check_own(self._service, unknown)))
        return None if found is None else self._handle(found)


class AwaitingRecovery(Awaiting):
    """Recovery for a client whose methods are coroutines."""

    _service: Any  # each client has a service of its own kind

    async def recover(self, *, own: bool = False) -> list[Recovered[AsyncJob]]:
        """Take over what processes that have ended left in the job store, as `recover` of a sync client.

        Args:
            own: Whether to return what this process started, too, such as jobs whose handles were lost.

        Raises:
            UnsupportedError: The client has no job store.
            StoreError: The store cannot be read or written.
        """
        found = await self._run(recovery.claim(self._service, own=own))
        return [_recovered(record, self._service, self._handle, self.resolve) for record in found]

    async def forget(self, record_id: str) -> None:
        """Remove a record from the job store, such as that of an unknown outcome that you have found out.

        Args:
            record_id: The `id` of the record.

        Raises:
            UnsupportedError: The client has no job store.
            StoreError: The store cannot be written.
        """
        await self._run(recovery.forget(self._service, text("record_id", record_id)))

    async def resolve(self, unknown: SubmitOutcomeUnknown) -> AsyncJob | None:
        """Find the job that a submission of unknown outcome may have started, by the caller's own name for it.

        Args:
            unknown: The error, which may have been pickled.

        Returns:
            The job's handle, or None if there is provably no such job: submitting again then pays once.

        Raises:
            UnsupportedError: The service does not let the caller name a job.
            InvalidArgument: The error is from another service.
        """
        found = await self._run(recovery.resolve(self._service, _check_own(self._service, unknown)))
        return None if found is None else self._handle(found)


def _check_own(service: Service, unknown: object) -> SubmitOutcomeUnknown:
    slug = service.profile.slug
    if not isinstance(unknown, SubmitOutcomeUnknown) or unknown.vendor != slug:
        invalid("unknown", unknown, f"a SubmitOutcomeUnknown of {slug}")
    return unknown


def _recovered(
    record: JobRecord,
    service: Service,
    handle: Callable[[StartedJob], J],
    resolve: Callable[[SubmitOutcomeUnknown], object],
) -> Recovered[J]:
    action = recovery.action_for(record, service.profile)
    advice = recovery.advice_for(record, action)
    started = recovery.unpolled(record)
    if started is not None:
        return Recovered(record, action, advice, job=handle(started))
    unknown = recovery.unknown_of(record)
    unknown.resolved_by(resolve)
    return Recovered(record, action, advice, unknown=unknown)
