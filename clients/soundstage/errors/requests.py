"""The errors of a request: not sent, sent without a proof of what became of it, refused."""

# ruff: noqa: N818 - the name of an error is what happened (JobFailed, NoOutput); the suffix is for refusals by an API

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from soundstage.errors.base import SoundstageError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable


class SpendLimitExceeded(SoundstageError):
    """A submission would exceed the client's `spend_limit`; nothing was sent.

    Attributes:
        period: What the limit is for: "per_job", "per_day" or "total".
        limit: The limit, in the vendor's unit.
        asked: The price of this submission.
        spent: What the limit has counted before, on this day or in all; 0 for one job.
        unit: The vendor's unit.
    """

    def __init__(
        self,
        message: str = "",
        *,
        period: str = "total",
        limit: Decimal = Decimal(0),
        asked: Decimal = Decimal(0),
        spent: Decimal = Decimal(0),
        unit: str = "",
        **common: Any,
    ) -> None:
        super().__init__(message, **common)
        self.period = period
        self.limit = limit
        self.asked = asked
        self.spent = spent
        self.unit = unit


class StoreError(SoundstageError):
    """The job store cannot be read or written, such as on a full disk.

    A submission raises it only before its request is sent, so nothing was spent. After that, a store that fails is
    logged as a warning, and the job is returned all the same.
    """


class ConnectionFailed(SoundstageError):
    """The service could not be reached, or a read kept failing; a pending job is not lost (`token`).

    A submission raises it only when the request was provably never received, so nothing was spent.
    """


class SubmitOutcomeUnknown(SoundstageError):
    """A paid request was sent, and no response proves its outcome: check before submitting again.

    The request started one job or none. The message names what is known, and how to find out with this service;
    `resolve()` finds the job, where the service lets the caller name one.

    Attributes:
        operation: The method that was called.
        reason: Why the outcome is unknown.
        request_hash: SHA-256 of method, path and body, in hexadecimal: the same for the same request.
        idempotency_key: The key that was sent, where the service supports one.
        external_id: The caller's own name for the job, where the service supports one.
        record_id: The id of the record in the job store, where the client has one.
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
        record_id: str | None = None,
        **common: Any,
    ) -> None:
        super().__init__(message, **common)
        self.record_id = record_id
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
