"""Keep this library's requests out of the logs of the HTTP library, which contain headers and signed addresses."""

from __future__ import annotations

import logging
from contextvars import ContextVar

from soundstage._io.http.library import LOGGERS

# A context variable, because threads and tasks send at the same time and each record belongs to one of them.
own_request: ContextVar[bool] = ContextVar("soundstage_request", default=False)
"""Whether what is logged now belongs to a request of this library."""


class _DropOwnRecords(logging.Filter):
    """Drops the log records of the HTTP library for this library's requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass the records of requests that other code sends."""
        del record
        return not own_request.get()


def _guard_loggers() -> None:
    guard = _DropOwnRecords()
    for name in LOGGERS:
        logging.getLogger(name).addFilter(guard)


_guard_loggers()
