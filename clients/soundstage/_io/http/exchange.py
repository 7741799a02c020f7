"""One exchange: its deadline, its log records, and what its errors prove about the request."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from soundstage._io import deadline
from soundstage._io.deadline import Deadline, DeadlinePassed
from soundstage._io.http.library import is_known, was_never_sent
from soundstage._io.http.logs import own_request
from soundstage._values.messages import Interrupted, NotSent, Request, TransportError
from soundstage._values.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Generator

    from soundstage._io.http.body import Body


@contextmanager
def exchange(request: Request, limit: Deadline | None = None) -> Generator[None, None, None]:
    """Mark log records as this library's own, limit the time, and translate errors into `NotSent` or `Interrupted`."""
    limited = deadline.current.set(limit)
    try:
        with own_request():
            yield
    except TransportError:
        raise
    except DeadlinePassed as error:
        raise (Interrupted if error.sent else NotSent)(reason(error, request)) from None
    except Exception as error:  # noqa: BLE001 - none escapes, whatever an injected client raises
        if was_never_sent(error):
            raise NotSent(reason(error, request)) from None
        # An unexpected error, of an injected transport perhaps: the request may have been sent, so assume that.
        raise Interrupted(reason(error, request)) from None if is_known(error) else error
    finally:
        deadline.current.reset(limited)


@contextmanager
def keeping(body: Body, request: Request) -> Generator[None, None, None]:
    """Keep what arrived of a body on the error when it breaks off: it may be all that is known of a paid job."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, something arrived
        text = str(error) if isinstance(error, TransportError) else reason(error, request)
        raise Interrupted(text, body.response()) from None


def reason(error: Exception, request: Request) -> str:
    """Return the error message without header values, as httpx quotes an illegal header value."""
    return Redactor(request.headers.values())(f"{type(error).__name__}: {error}".removesuffix(": "))
