"""Read responses, the same for every vendor: JSON values, the kind of an error, Retry-After, what may be sent again."""

from __future__ import annotations

import json
import math
import re
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from soundstage import errors
from soundstage._values.state import JobState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from soundstage._values.messages import Response
    from soundstage._values.redaction import Redactor

CONTENT_POLICY = re.compile(r"content[ _-]?policy", re.IGNORECASE)
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_BODY = 16384  # characters of a response that an error keeps
REFUSALS = 400  # the first HTTP status that is a refusal
SERVER_ERRORS = 500
_REDIRECTS = range(300, 400)
SUCCESSES = range(200, 300)
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
_TIMEOUT_STATUS = 408  # the server gave up on the request, and may have received enough of it to start the work
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


def as_list(value: object) -> list[object]:
    """*value* when it is a JSON array, and an empty list otherwise."""
    return cast("list[object]", value) if isinstance(value, list) else []


def as_text(value: object) -> str | None:
    """*value* when it is a string with something in it, and None otherwise."""
    return value if isinstance(value, str) and value else None


def as_identifier(value: object) -> str | None:
    """*value* as the id of a job: a string with something in it, or an integer, whose digits are the id; else None."""
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    return as_text(value) if number is None else str(number)


def identifiers(*values: object) -> tuple[str, ...]:
    """Those of *values* that are ids."""
    return tuple(name for name in map(as_identifier, values) if name is not None)


def first_text(data: Mapping[str, Any], *names: str) -> str | None:
    """The first of the members *names* that is a string with something in it."""
    return next((text for name in names if (text := as_text(data.get(name)))), None)


def as_integer(value: object) -> int | None:
    """*value* when it is an integer, also one written as a string of digits; None otherwise, and for a boolean."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def as_number(value: object) -> float | None:
    """*value* when it is a finite number, also one written as a string; None otherwise, and for a boolean."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)


def percent(value: object) -> float | None:
    """*value*, a number or a string of one, as a progress from 0 to 100; None when it is neither."""
    try:
        number = as_number(float(value) if isinstance(value, str) else value)
    except ValueError:
        return None
    return None if number is None else min(100.0, max(0.0, number))


def json_object(response: Response) -> dict[str, Any]:
    """The JSON object in the body of *response*, and an empty one when the body is anything else."""
    try:
        return as_object(response.json())
    except ValueError:
        return {}


def callback_object(body: object) -> dict[str, Any]:
    """The JSON object in the body of a callback: text, bytes, or what they were parsed to; else an empty one."""
    try:
        return as_object(json.loads(body) if isinstance(body, (str, bytes, bytearray)) else body)
    except (ValueError, RecursionError):
        return {}


def content_failure(
    state: JobState, *texts: object, pattern: re.Pattern[str] = CONTENT_POLICY
) -> type[errors.JobError] | None:
    """`ContentFiltered` when a failed job's reason or code mentions the content policy, else None.

    Args:
        state: The state of the job.
        texts: Where the service explains a failure; None is skipped.
        pattern: What a mention looks like, where the vendor's own words differ.
    """
    mentioned = any(pattern.search(str(text)) for text in texts if text is not None)
    return errors.ContentFiltered if state is JobState.FAILED and mentioned else None


def kind_by_code(known: type[errors.ApiError] | None, status: int) -> type[errors.ApiError]:
    """The kind of refusal that a code in the body means: the vendor's own table first, then the HTTP status.

    Args:
        known: What the vendor's table has for the code; None for a code that is not documented.
        status: The HTTP status, which is no error when it reports success.
    """
    if known is not None:
        return known
    return errors.ApiError if status < REFUSALS else kind_by_status(status)


def kind_by_status(status: int) -> type[errors.ApiError]:
    """The kind of refusal that an HTTP status means; below 400 it is a response that no vendor documents."""
    if status < REFUSALS:
        return errors.UnreadableAnswerError
    if status >= SERVER_ERRORS:
        return errors.ServerError
    return _BY_STATUS.get(status, errors.ApiError)


def retry_after(response: Response) -> float | None:
    """Seconds to wait by the Retry-After header; a date counts from the response's own Date, not from this clock."""
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
    """The error that describes *response*, with secrets masked wherever the service echoes them."""
    named = next((response.headers[name] for name in _REQUEST_IDS if name in response.headers), None)
    return kind(
        redact(message),
        vendor=vendor,
        code=code,
        request_id=request_id or named,
        status=response.status,
        body=redact(response.text)[:_BODY],  # masked before the cut, which could leave half of a secret
        retry_after=retry_after(response),
    )


def is_transient(error: errors.SoundstageError) -> bool:
    """Whether a read may succeed when it is sent again at once; a redirect is most often a wrong address."""
    redirected = error.status in _REDIRECTS
    return isinstance(error, _TRANSIENT) and not redirected


def is_doubtful(error: errors.SoundstageError) -> bool:
    """Whether a poll's refusal may be wrong: the job is not found, a gateway has answered, or the code is undocumented.

    A service behind several servers may not know a job everywhere in the second after it was started. A gateway sends a
    page, or a redirect to one.
    """
    undocumented = type(error) is errors.ApiError
    page = isinstance(error, errors.ApiError) and error.code is None and (error.body or "").lstrip().startswith("<")
    return page or undocumented or error.status in _REDIRECTS or isinstance(error, errors.NotFoundError)


def is_refusal(error: errors.ApiError) -> bool:
    """Whether the response to a paid request proves that no work was started.

    A documented code does (its kind then comes from the vendor's table), and so does any status from 400 to 499 but
    408. A server error proves nothing, whatever its code: the work may have started before it. Nor does a response
    that cannot be read, or an undocumented code in a response of HTTP 2xx.
    """
    if isinstance(error, (errors.UnreadableAnswerError, errors.ServerError)) or error.status == _TIMEOUT_STATUS:
        return False
    undocumented = type(error) is errors.ApiError
    return not undocumented or (error.status or 0) >= REFUSALS


def may_resend(error: errors.SoundstageError, resend_codes: Collection[int | str]) -> bool:
    """Whether a paid request may be sent again after *error*.

    It was provably never received, or refused temporarily: by a code that the service documents as temporary, or by a
    limit with HTTP 429 and a Retry-After.
    """
    if isinstance(error, errors.ConnectionFailed) or error.code in resend_codes:
        return True
    # A 429 without Retry-After may be a quota that will not be free for hours.
    limited = isinstance(error, (errors.RateLimitError, errors.ConcurrencyLimitError))
    return limited and error.status == _LIMIT_STATUS and error.retry_after is not None
