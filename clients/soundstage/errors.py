"""Every error that this library raises, in one tree.

    SoundstageError
    ├── InvalidArgument                (also a ValueError: nothing was sent)
    │   └── TokenError
    ├── MissingCredential
    ├── UnsupportedError
    ├── ClientClosed
    ├── SpendLimitReached              (nothing was sent)
    ├── ConnectionFailed
    ├── SubmitOutcomeUnknown
    ├── ApiError
    │   ├── AuthenticationError
    │   ├── PermissionDeniedError
    │   ├── NotFoundError
    │   ├── BadRequestError
    │   ├── ConflictError
    │   ├── RateLimitError
    │   ├── ConcurrencyLimitError
    │   ├── InsufficientCreditsError
    │   ├── ContentPolicyError
    │   ├── ServerError
    │   └── UnreadableAnswerError
    ├── JobError
    │   ├── JobFailed
    │   ├── ContentFiltered
    │   ├── JobCanceled
    │   ├── JobExpired
    │   └── NoOutput
    ├── WaitTimeout
    ├── GatherError
    └── DownloadError
        ├── DownloadUnsafe
        ├── DownloadRefused
        ├── DownloadIncomplete
        ├── DownloadTooLarge
        ├── ChecksumMismatch
        └── ContentMismatch

Every error has `vendor`, `code`, `message`, `request_id`, `status`, `body`, `token` and `retry_after`, None where it is
not known; with `token`, `client.job_from_token()` resumes a paid job. Every error can be copied and pickled, and none
shows a secret.
"""

# ruff: noqa: N818 - the name of an error is what happened (JobFailed, NoOutput); the suffix is for refusals by an API

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "ApiError",
    "AuthenticationError",
    "BadRequestError",
    "ChecksumMismatch",
    "ClientClosed",
    "ConcurrencyLimitError",
    "ConflictError",
    "ConnectionFailed",
    "ContentFiltered",
    "ContentMismatch",
    "ContentPolicyError",
    "DownloadError",
    "DownloadIncomplete",
    "DownloadRefused",
    "DownloadTooLarge",
    "DownloadUnsafe",
    "GatherError",
    "InsufficientCreditsError",
    "InvalidArgument",
    "JobCanceled",
    "JobError",
    "JobExpired",
    "JobFailed",
    "MissingCredential",
    "NoOutput",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServerError",
    "SoundstageError",
    "SpendLimitReached",
    "SubmitOutcomeUnknown",
    "TokenError",
    "UnreadableAnswerError",
    "UnsupportedError",
    "WaitTimeout",
]

_LONGEST = 2000  # characters of a message: a service or a caller may give megabytes
_QUOTED = 3  # errors that the message of a GatherError quotes


class SoundstageError(Exception):
    """The base class of every error that this library raises.

    Attributes:
        message: What happened, in a sentence.
        vendor: The slug of the service, such as "tomoviee".
        code: The service's own code.
        request_id: The service's id of the exchange, for its support.
        status: The HTTP status.
        body: The text of the response, secrets masked, cut after 16384 characters.
        token: Resumes the job by `client.job_from_token()`.
        retry_after: Seconds that the service requests to wait.
    """

    def __init__(
        self,
        message: str = "",
        *,
        vendor: str | None = None,
        code: int | str | None = None,
        request_id: str | None = None,
        status: int | None = None,
        body: str | None = None,
        token: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        if len(message) > _LONGEST:
            message = f"{message[:_LONGEST]}… ({len(message)} characters)"
        super().__init__(message)
        self.message = message
        self.vendor = vendor
        self.code = code
        self.request_id = request_id
        self.status = status
        self.body = body
        self.token = token
        self.retry_after = retry_after

    def __str__(self) -> str:
        """Return the message with code, status and request id, which identify the exchange in the service's logs."""
        facts = (("code", self.code), ("HTTP", self.status), ("request id", self.request_id))
        known = ", ".join(f"{name} {value}" for name, value in facts if value is not None)
        text = f"{self.message} ({known})" if known else self.message
        return f"{self.vendor}: {text}" if self.vendor else text


class InvalidArgument(SoundstageError, ValueError):
    """An argument is not allowed; nothing was sent and nothing was spent.

    Attributes:
        field: The name of the argument.
        value: The value; its repr after pickling, unless it is plain data.
        allowed: What is allowed.
    """

    def __init__(self, message: str = "", *, field: str = "", value: object = None, allowed: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.value = value
        self.allowed = allowed

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep a plain value as it is, and any other as its repr."""
        # Any object may be an invalid argument, and most of them cannot be pickled.
        plain = self.value is None or isinstance(self.value, (str, int, float))
        value = self.value if plain else repr(self.value)
        return type(self), self.args, {**self.__dict__, "value": value}


class TokenError(InvalidArgument):
    """A job token is not one, or belongs to another service or address."""


class MissingCredential(SoundstageError):
    """A credential was neither passed nor found in the environment.

    Attributes:
        argument: The argument for it.
        variable: The environment variable for it.
    """

    def __init__(self, message: str = "", *, vendor: str | None = None, argument: str = "", variable: str = "") -> None:
        super().__init__(message, vendor=vendor)
        self.argument = argument
        self.variable = variable


class UnsupportedError(SoundstageError):
    """The service documents no such call, such as cancel."""


class ClientClosed(SoundstageError):
    """The client was closed before this call; nothing was sent."""


class SpendLimitReached(SoundstageError):
    """A submission would exceed the client's `max_spend` by its estimate; nothing was sent.

    Attributes:
        limit: The limit, in the service's own unit.
        spent: The estimate of all earlier submissions.
        estimate: The estimate of this one.
    """

    def __init__(
        self, message: str = "", *, limit: float = 0.0, spent: float = 0.0, estimate: float = 0.0, **common: Any
    ) -> None:
        super().__init__(message, **common)
        self.limit = limit
        self.spent = spent
        self.estimate = estimate


class ConnectionFailed(SoundstageError):
    """The service could not be reached, or a read kept failing; a pending job is not lost (`token`).

    A submission raises it only when the request was provably never received, so nothing was spent.
    """


class SubmitOutcomeUnknown(SoundstageError):
    """A paid request was sent, and no response proves its outcome: check before submitting again.

    `resolve()` finds the job, where the service lets the caller name one.

    Attributes:
        operation: The method that was called.
        reason: Why the outcome is unknown.
        request_hash: SHA-256 of method, path and body, in hexadecimal: the same for the same request.
        idempotency_key: The key that was sent, where the service supports one.
        external_id: The caller's own name for the job, where the service supports one.
    """

    __slots__ = ("_resolver",)  # a slot is not in __dict__, so the client behind it is not pickled

    def __init__(
        self,
        message: str = "",
        *,
        operation: str | None = None,
        reason: str | None = None,
        request_hash: str | None = None,
        idempotency_key: str | None = None,
        external_id: str | None = None,
        **common: Any,
    ) -> None:
        super().__init__(message, **common)
        self.operation = operation
        self.reason = reason
        self.request_hash = request_hash
        self.idempotency_key = idempotency_key
        self.external_id = external_id
        self._resolver: Callable[[SubmitOutcomeUnknown], Any] | None = None

    def resolve(self) -> Any:
        """Return the handle of the job, or None if there is provably no such job; under asyncio, await it.

        Raises:
            UnsupportedError: The service does not let the caller name a job, or this error was pickled: use
                `client.resolve(error)` then.
            ApiError: The service refused.
            ConnectionFailed: The service could not be reached.
        """
        if self._resolver is None:
            raise UnsupportedError(
                "this error was copied or pickled and has no client: use client.resolve(error)", vendor=self.vendor
            )
        return self._resolver(self)

    def resolved_by(self, resolver: Callable[[SubmitOutcomeUnknown], Any]) -> None:
        """Set the function that `resolve` calls with this error."""
        self._resolver = resolver


class ApiError(SoundstageError):
    """The service refused a request."""


class AuthenticationError(ApiError):
    """The credentials are wrong, expired or missing."""


class PermissionDeniedError(ApiError):
    """The credentials are valid and do not permit this."""


class NotFoundError(ApiError):
    """No such job, model or route, or it belongs to another account."""


class BadRequestError(ApiError):
    """The service does not accept the parameters or the files."""


class ConflictError(ApiError):
    """The request contradicts an earlier one, such as an idempotency key used with another body."""


class RateLimitError(ApiError):
    """Too many requests within a time; `retry_after` is the wait that the service requests, if any."""


class ConcurrencyLimitError(ApiError):
    """Too many jobs at the same time."""


class InsufficientCreditsError(ApiError):
    """The account cannot pay."""


class ContentPolicyError(ApiError):
    """The service refused the content before any work was done."""


class ServerError(ApiError):
    """The service failed or was not ready (5xx, 408, 425)."""


class UnreadableAnswerError(ApiError):
    """The response is not what the service documents, such as an HTML page or JSON without the documented fields."""


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


class DownloadError(SoundstageError):
    """A file was not saved; no incomplete file is left at its path, and the paid job is not affected.

    Attributes:
        url: The address without its query, which may be a signature.
    """

    def __init__(self, message: str = "", *, url: str | None = None, **common: Any) -> None:
        super().__init__(message, **common)
        self.url = url


class DownloadUnsafe(DownloadError):
    """The address, or one it redirects to, is not safe: its scheme, its host, or a downgrade to http."""


class DownloadRefused(DownloadError):
    """The file's host responded with an error, most often 403 for an expired address."""


class DownloadIncomplete(DownloadError):
    """The file did not arrive completely in as many tries as the `RetryPolicy` allows."""


class DownloadTooLarge(DownloadError):
    """The file is larger than `max_bytes`."""


class ChecksumMismatch(DownloadError):
    """The file's SHA-256 is not the expected one."""


class ContentMismatch(DownloadError):
    """What arrived is not of the expected kind, such as an HTML page instead of a video, or it is empty."""
