"""Keep this library's requests out of the logs of the HTTP library, which contain headers and signed addresses."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from soundstage._io.http.library import LOGGERS

if TYPE_CHECKING:
    from collections.abc import Generator

# A context variable, because threads and tasks send at the same time and each record belongs to one of them.
_own_request: ContextVar[bool] = ContextVar("soundstage_request", default=False)


class _DropOwnRecords(logging.Filter):
    """Drops the log records of the HTTP library for this library's requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass the records of requests that other code sends."""
        del record
        return not _own_request.get()


def _guard_loggers() -> None:
    guard = _DropOwnRecords()
    for name in LOGGERS:
        logging.getLogger(name).addFilter(guard)


_guard_loggers()


@contextmanager
def own_request() -> Generator[None, None, None]:
    """Mark what is logged inside as this library's own."""
    mark = _own_request.set(True)
    try:
        yield
    finally:
        _own_request.reset(mark)
