"""One exchange: its deadline, its log records, and what its errors prove about the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstage._io import deadline
from soundstage._io.deadline import Deadline, DeadlinePassed
from soundstage._io.http.library import is_known, was_never_sent
from soundstage._io.http.logs import own_request
from soundstage._values.messages import Interrupted, NotSent, Request, TransportError
from soundstage._values.redaction import Redactor

if TYPE_CHECKING:
    from types import TracebackType

    from soundstage._io.http.body import Body


class exchange:  # noqa: N801 - a context manager reads as a function
    """Mark log records as this library's own, limit the time, and translate errors into `NotSent` or `Interrupted`.

    A class and no generator, as there are thousands of exchanges at once: a generator takes three times as long.
    """

    __slots__ = ("_limit", "_limited", "_marked", "_request")

    def __init__(self, request: Request, limit: Deadline | None = None) -> None:
        self._request = request
        self._limit = limit

    def __enter__(self) -> None:
        self._limited = deadline.current.set(self._limit)
        self._marked = own_request.set(True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        own_request.reset(self._marked)
        deadline.current.reset(self._limited)
        if isinstance(error, Exception) and not isinstance(error, TransportError):
            raise _translated(error, self._request)


def _translated(error: Exception, request: Request) -> TransportError:
    """Return what *error*, which an exchange ended with, proves about the request; none other escapes."""
    text = reason(error, request)
    if isinstance(error, DeadlinePassed):
        found: TransportError = Interrupted(text) if error.sent else NotSent(text)
    else:
        # An unexpected error, of an injected transport perhaps: the request may have been sent, so assume that.
        found = NotSent(text) if was_never_sent(error) else Interrupted(text)
    known = isinstance(error, DeadlinePassed) or was_never_sent(error) or is_known(error)
    found.__cause__ = None if known else error  # also hides the context, which may contain headers
    return found


def broken_off(error: Exception, body: Body, request: Request) -> Interrupted:
    """Return the error for a body that broke off, with what arrived: it may be all that is known of a paid job."""
    text = str(error) if isinstance(error, TransportError) else reason(error, request)
    return Interrupted(text, body.response())


def check_order(limit: Deadline) -> None:
    """Check that a response came after its request: a connection may have kept bytes of an earlier exchange.

    Raises:
        Interrupted: It did not, so that it is the response to something else.
    """
    if limit.is_stale:
        raise Interrupted("the connection had a response that is older than the request")


def reason(error: Exception, request: Request) -> str:
    """Return the error message without header values, as httpx quotes an illegal header value."""
    return Redactor(request.headers.values())(f"{type(error).__name__}: {error}".removesuffix(": "))
