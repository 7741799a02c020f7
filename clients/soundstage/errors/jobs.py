"""The errors of jobs that exist: ended without output, or not waited for to the end."""

# ruff: noqa: N818 - the name of an error is what happened (JobFailed, NoOutput); the suffix is for refusals by an API

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

from soundstage.errors.base import SoundstageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_QUOTED = 3  # errors that the message of a GatherError quotes


class JobError(SoundstageError):
    """A job ended without output; `job.error` returns it and `job.result()` raises it.

    Attributes:
        job_id: The service's id of the job.
    """

    def __init__(self, message: str = "", *, job_id: str | None = None, **common: Any) -> None:
        super().__init__(message, **common)
        self.job_id = job_id


class JobFailed(JobError):
    """The service could not do the work."""


class ContentFiltered(JobError):
    """The service started the work, and withholds the output because of its content policy."""


class JobCanceled(JobError):
    """The job was canceled, here or at the service."""


class JobExpired(JobError):
    """The service's own time limit for the job passed."""


class NoOutput(JobError):
    """The service reported success without output, which is a failure."""


class JobHandle(Protocol):
    """A `Job` or an `AsyncJob`, as far as an error knows it."""

    @property
    def id(self) -> str:
        """The service's id of the job."""
        ...

    @property
    def vendor(self) -> str:
        """The slug of the service."""
        ...

    @property
    def state(self) -> Any:
        """The `JobState` of the job."""
        ...

    def to_token(self) -> str:
        """What `client.job_from_token()` takes."""
        ...

    def wait(self, timeout: float | None = None) -> Any:
        """Wait again; under asyncio, await it."""
        ...


class WaitTimeout(SoundstageError):
    """The wait timed out before the job ended; the job continues at the service.

    Attributes:
        job: The handle, to wait again (None after pickling: use `token`).
    """

    def __init__(self, message: str = "", *, job: JobHandle | None = None, **common: Any) -> None:
        super().__init__(message, **common)
        self.job = job

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the handle, which has a client with connections."""
        return type(self), self.args, {**self.__dict__, "job": None}


class GatherError(SoundstageError):
    """Some waits of a `gather` failed; all other jobs are over.

    Attributes:
        jobs: Every handle, in the given order (empty after pickling: use `tokens`).
        tokens: The token of each job, in the same order.
        exceptions: All errors, in the order in which they happened; an error about one job has its `token`.
    """

    def __init__(
        self,
        message: str = "",
        *,
        jobs: Sequence[JobHandle] = (),
        tokens: Sequence[str] = (),
        exceptions: Sequence[Exception] = (),
        **common: Any,
    ) -> None:
        super().__init__(message, **common)
        self.jobs = tuple(jobs)
        self.tokens = tuple(tokens)
        self.exceptions = tuple(exceptions)

    @classmethod
    def of(cls, jobs: Sequence[JobHandle], exceptions: Sequence[Exception]) -> Self:
        """Return the error for *exceptions*, with *jobs* and their tokens."""
        quoted = "; ".join(f"{type(one).__name__}: {one}" for one in exceptions[:_QUOTED])
        more = f"; and {len(exceptions) - _QUOTED} more" if len(exceptions) > _QUOTED else ""
        message = f"{len(exceptions)} of the waits for {len(jobs)} jobs failed ({quoted}{more})"
        return cls(message, jobs=jobs, tokens=[job.to_token() for job in jobs], exceptions=exceptions)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the handles, which have clients with connections."""
        return type(self), self.args, {**self.__dict__, "jobs": ()}
