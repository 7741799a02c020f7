"""Every error this library raises, in one tree.

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

Every error has `vendor`, `code`, `message`, `request_id`, `status`, `body`, `token` and `retry_after`, None where there
is nothing to say; `token` is what `client.job_from_token()` takes to go on with a paid job. Every error can be copied
and pickled, and none shows a secret.
"""

# ruff: noqa: N818 - a name says what happened (JobFailed, NoOutput); the suffix is kept for the kinds of API refusal

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

_TOLD = 3  # errors that the message of a GatherError tells


class SoundstageError(Exception):
    """The base of every error this library raises.

    Attributes:
        message: What happened, in a sentence.
        vendor: The slug of the service, such as "tomoviee".
        code: The service's own code.
        request_id: The service's name for the exchange.
        status: The HTTP status.
        body: The text of the answer, secrets masked, cut after 16384 characters.
        token: What `client.job_from_token()` takes to go on with the job.
        retry_after: Seconds the service asks to wait.
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
        """The message, and the few facts that help to find it in the service's own logs."""
        facts = (("code", self.code), ("HTTP", self.status), ("request id", self.request_id))
        known = ", ".join(f"{name} {value}" for name, value in facts if value is not None)
        text = f"{self.message} ({known})" if known else self.message
        return f"{self.vendor}: {text}" if self.vendor else text


class InvalidArgument(SoundstageError, ValueError):
    """An argument outside what is allowed; nothing was sent and nothing was spent.

    Attributes:
        field: The name of the argument.
        value: What was given; its repr after pickling, unless it is plain data.
        allowed: What may be given.
    """

    def __init__(self, message: str = "", *, field: str = "", value: object = None, allowed: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.value = value
        self.allowed = allowed

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep a plain value as it is, and any other as its repr."""
        plain = self.value is None or isinstance(self.value, (str, int, float))
        value = self.value if plain else repr(self.value)
        return type(self), self.args, {**self.__dict__, "value": value}


class TokenError(InvalidArgument):
    """A job token that this client cannot take: not a token, or one of another service or address."""


class MissingCredential(SoundstageError):
    """A credential was neither given nor found in the environment.

    Attributes:
        argument: The argument that may carry it.
        variable: The environment variable that may carry it.
    """

    def __init__(self, message: str = "", *, vendor: str | None = None, argument: str = "", variable: str = "") -> None:
        super().__init__(message, vendor=vendor)
        self.argument = argument
        self.variable = variable


class UnsupportedError(SoundstageError):
    """The service documents no such thing, a cancel call for one."""


class ClientClosed(SoundstageError):
    """The client was closed before this call; nothing was sent."""


class SpendLimitReached(SoundstageError):
    """By its estimate a submission would spend more than the client's `max_spend`; nothing was sent.

    Attributes:
        limit: What the client may spend, in the service's own unit.
        spent: What its earlier submissions are estimated at.
        estimate: What this one is estimated at.
    """

    def __init__(
        self, message: str = "", *, limit: float = 0.0, spent: float = 0.0, estimate: float = 0.0, **common: Any
    ) -> None:
        super().__init__(message, **common)
        self.limit = limit
        self.spent = spent
        self.estimate = estimate


class ConnectionFailed(SoundstageError):
    """The service could not be reached, or a read kept failing; a job that was waited for is not lost (`token`).

    A submission raises it only when the request was provably never received, so nothing was spent.
    """


class SubmitOutcomeUnknown(SoundstageError):
    """A paid request left, and no answer says what became of it: look before sending it again.

    `resolve()` looks, where the service knows jobs by the caller's own name for them.

    Attributes:
        operation: The method that was called.
        reason: Why the outcome is unknown.
        request_hash: SHA-256 of method, path and body, in hexadecimal: the same for the same request.
        idempotency_key: The key that was sent, where the service knows one.
        external_id: The caller's own name for the job, where the service knows one.
    """

    __slots__ = ("_resolver",)  # beside the attributes, which are pickled

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
        """Look for the job: its handle, or None if there is provably none; under asyncio, await it.

        Raises:
            UnsupportedError: The service knows no name of the caller's for a job, or this error was pickled:
                `client.resolve(error)` then looks.
            ApiError: The service refused to look.
            ConnectionFailed: It could not be asked.
        """
        if self._resolver is None:
            raise UnsupportedError("this error has no client any more: client.resolve(error)", vendor=self.vendor)
        return self._resolver(self)

    def resolved_by(self, resolver: Callable[[SubmitOutcomeUnknown], Any]) -> None:
        """Let *resolver*, which is given this error, be what `resolve` calls."""
        self._resolver = resolver


class ApiError(SoundstageError):
    """The service answered, and refused."""


class AuthenticationError(ApiError):
    """The credentials are wrong, expired or missing."""


class PermissionDeniedError(ApiError):
    """The credentials are right and do not allow this."""


class NotFoundError(ApiError):
    """No such job, model or route, or it belongs to somebody else."""


class BadRequestError(ApiError):
    """The service does not accept the parameters or the files."""


class ConflictError(ApiError):
    """The request contradicts an earlier one, such as an idempotency key used with another body."""


class RateLimitError(ApiError):
    """Too many requests in a time; `retry_after` says how long to wait, where the service does."""


class ConcurrencyLimitError(ApiError):
    """Too many jobs at the same time."""


class InsufficientCreditsError(ApiError):
    """The account cannot pay."""


class ContentPolicyError(ApiError):
    """The service refuses the content before any work is done."""


class ServerError(ApiError):
    """The service failed or was not ready (5xx, 408, 425)."""


class UnreadableAnswerError(ApiError):
    """The answer is not what the service documents, such as an HTML page or JSON without the documented fields."""


class JobError(SoundstageError):
    """A job ended without what was asked for; `job.error` holds it and `job.result()` raises it.

    Attributes:
        job_id: The service's name for the job.
    """

    def __init__(self, message: str = "", *, job_id: str | None = None, **common: Any) -> None:
        super().__init__(message, **common)
        self.job_id = job_id


class JobFailed(JobError):
    """The service could not do the work."""


class ContentFiltered(JobError):
    """The service did the work, or began it, and withholds it for its content policy."""


class JobCanceled(JobError):
    """The job was canceled, here or at the service."""


class JobExpired(JobError):
    """The service's own time limit passed."""


class NoOutput(JobError):
    """The service says success and names no output: a failure."""


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
    """The wait ended before the job did; the job goes on at the service.

    Attributes:
        job: The handle, to wait again (None after pickling: `token` remains).
    """

    def __init__(self, message: str = "", *, job: JobHandle | None = None, **common: Any) -> None:
        super().__init__(message, **common)
        self.job = job

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the handle behind, as it holds a live client."""
        return type(self), self.args, {**self.__dict__, "job": None}


class GatherError(SoundstageError):
    """Not every job that was waited for together could be followed to its end; those that could are over.

    Attributes:
        jobs: Every handle, in the order given (empty after pickling: `tokens` remain).
        tokens: The token of each, in the same order.
        exceptions: All that went wrong, the first first; where it is about one job it carries that job's `token`.
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
        """The error that tells of *exceptions*, and carries *jobs* and their tokens."""
        told = "; ".join(f"{type(one).__name__}: {one}" for one in exceptions[:_TOLD])
        more = f"; and {len(exceptions) - _TOLD} more" if len(exceptions) > _TOLD else ""
        message = f"{len(exceptions)} of the waits for {len(jobs)} jobs failed ({told}{more})"
        return cls(message, jobs=jobs, tokens=[job.to_token() for job in jobs], exceptions=exceptions)

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the handles behind, as they hold live clients."""
        return type(self), self.args, {**self.__dict__, "jobs": ()}


class DownloadError(SoundstageError):
    """A file was not saved; nothing half-written stands at its place, and the paid job is untouched.

    Attributes:
        url: The address without its query, which may be a signature.
    """

    def __init__(self, message: str = "", *, url: str | None = None, **common: Any) -> None:
        super().__init__(message, **common)
        self.url = url


class DownloadUnsafe(DownloadError):
    """The address, or one it redirects to, may not be followed: a scheme, a host or a downgrade to http."""


class DownloadRefused(DownloadError):
    """The file's host answered with an error, 403 for an expired address most often."""


class DownloadIncomplete(DownloadError):
    """The file did not arrive whole, in as many tries as the retry policy allows."""


class DownloadTooLarge(DownloadError):
    """The file is larger than `max_bytes`."""


class ChecksumMismatch(DownloadError):
    """The file's SHA-256 is not the expected one."""


class ContentMismatch(DownloadError):
    """What arrived is not of the expected kind, such as an HTML page in place of a film, or it is empty."""
