"""What any answer says, whatever the service: its kind by status, its wait, its id, and what may follow from it."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from soundstage import errors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from soundstage._values.messages import Response
    from soundstage._values.redaction import Redactor

_BODY = 16384  # characters of an answer that an error keeps
REFUSALS = 400  # the first HTTP status that refuses
SERVER_ERRORS = 500
_REDIRECTS = range(300, 400)
_BY_STATUS: Mapping[int, type[errors.ApiError]] = MappingProxyType(
    {
        400: errors.BadRequestError,
        401: errors.AuthenticationError,
        402: errors.InsufficientCreditsError,
        403: errors.PermissionDeniedError,
        404: errors.NotFoundError,
        405: errors.BadRequestError,
        408: errors.ServerError,
        409: errors.ConflictError,
        413: errors.BadRequestError,
        415: errors.BadRequestError,
        422: errors.BadRequestError,
        425: errors.ServerError,
        429: errors.RateLimitError,
    }
)
_REQUEST_IDS = ("x-request-id", "request-id", "x-trace-id", "trace-id")
_TIMEOUT_STATUS = 408
_LIMIT_STATUS = 429
_TRANSIENT = (
    errors.ConnectionFailed,
    errors.RateLimitError,
    errors.ConcurrencyLimitError,
    errors.ServerError,
    errors.UnreadableAnswerError,
)


def as_object(value: object) -> dict[str, Any]:
    """*value* when it is a JSON object, and an empty one otherwise."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def kind_by_status(status: int) -> type[errors.ApiError]:
    """The kind of refusal an HTTP status stands for; below 400 it is an answer nobody documents."""
    if status < REFUSALS:
        return errors.UnreadableAnswerError
    if status >= SERVER_ERRORS:
        return errors.ServerError
    return _BY_STATUS.get(status, errors.ApiError)


def retry_after(response: Response) -> float | None:
    """Seconds that the answer asks to wait; a date counts from the answer's own Date header."""
    value = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, response.headers.get("date", ""))
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(moment: str, now: str) -> float:
    try:
        return (parsedate_to_datetime(moment) - parsedate_to_datetime(now)).total_seconds()
    except (ValueError, TypeError):
        return math.nan


def refusal(
    kind: type[errors.ApiError],
    message: str,
    response: Response,
    *,
    vendor: str,
    redact: Redactor,
    code: int | str | None = None,
    request_id: str | None = None,
) -> errors.ApiError:
    """The error that tells of *response*, with secrets masked wherever the service echoes them."""
    named = next((response.headers[name] for name in _REQUEST_IDS if name in response.headers), None)
    return kind(
        redact(message),
        vendor=vendor,
        code=code,
        request_id=request_id or named,
        status=response.status,
        body=redact(response.text)[:_BODY],
        retry_after=retry_after(response),
    )


def is_transient(error: errors.SoundstageError) -> bool:
    """Whether a read may well succeed when it is sent again; a redirect is a wrong address and stays one."""
    redirected = error.status in _REDIRECTS
    return isinstance(error, _TRANSIENT) and not redirected


def is_refusal(error: errors.ApiError) -> bool:
    """Whether the answer to a paid request says for certain that no work was begun.

    A documented code does, and so does any status from 400 to 499 but 408. An answer that cannot be read and a bare
    server error say nothing.
    """
    if isinstance(error, errors.UnreadableAnswerError) or error.status == _TIMEOUT_STATUS:
        return False
    return error.code is not None or not isinstance(error, errors.ServerError)


def may_resend(error: errors.SoundstageError, resend_codes: Collection[int | str]) -> bool:
    """Whether a paid request may be sent again after *error*.

    It was provably never received, or it was refused for the moment: by a code the service documents so, or by a limit
    with HTTP 429 that says how long to wait.
    """
    if isinstance(error, errors.ConnectionFailed) or error.code in resend_codes:
        return True
    limited = isinstance(error, (errors.RateLimitError, errors.ConcurrencyLimitError))
    return limited and error.status == _LIMIT_STATUS and error.retry_after is not None
