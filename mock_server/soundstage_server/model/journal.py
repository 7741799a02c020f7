"""The journal: what was said, kept in a bounded ring and redacted when it is read.

Writing is on the hot path, so an entry keeps references to what there is anyway; reading does the work.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.model.asgi import RawHeaders

ENTRIES: Final = 300
"""How many exchanges a journal keeps; the oldest go first."""

BODY_BYTES: Final = 16_384
"""How much of a body is shown."""

REDACTED: Final = "[redacted]"

_SECRET_HEADERS: Final = frozenset(
    {b"authorization", b"x-app-key", b"x-api-key", b"x-goog-api-key", b"x-user-id", b"cookie", b"proxy-authorization"}
)
_SECRET_QUERY: Final = re.compile(r"(?i)((?:^|&)(?:key|secret|access_key|token|signature|password)=)[^&]*")
_SECRET_JSON: Final = re.compile(
    r'(?i)("(?:password|secret|authToken|accessToken|refreshToken|access_token|primary_api_key|otpCode)"\s*:\s*")'
    r'(?:[^"\\]|\\.)*'
)


class JournalEntry(NamedTuple):
    """One exchange, as it was; `shown`, and its repr, are what may be looked at."""

    number: int
    at: float
    method: str
    path: str
    query: bytes
    headers: RawHeaders
    body: bytes
    status: int
    response: bytes
    fact: str | None
    fault: str | None = None

    def __repr__(self) -> str:
        return f"<Entry {self.number}: {self.method} {self.path} {self.status}>"

    def redacted(self) -> dict[str, Any]:
        """Return the exchange with every secret redacted and long bodies cut."""
        return {
            "number": self.number,
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "query": redact_query(self.query.decode("latin-1")),
            "headers": {
                name.decode("latin-1"): REDACTED if name in _SECRET_HEADERS else value.decode("latin-1")
                for name, value in self.headers
            },
            "body": _text(self.body),
            "status": self.status,
            "answer": _text(self.response),
            "fact": self.fact,
            "fault": self.fault,
        }


class Journal:
    """The last exchanges of one account.

    The ring is kept small in memory, since walking through it on every request is what the hot path would feel: headers
    that are equal to the last ones are kept once.
    """

    __slots__ = ("_entries", "_headers")

    def __init__(self, size: int = ENTRIES) -> None:
        self._entries: deque[tuple[Any, ...]] = deque(maxlen=size)
        self._headers: RawHeaders = []

    def add(  # noqa: PLR0917 - the fields of an `Entry`, in their order
        self,
        number: int,
        at: float,
        method: str,
        path: str,
        query: bytes,
        headers: RawHeaders,
        body: bytes,
        status: int,
        response: bytes,
        fact: str | None,
        fault: str | None = None,
    ) -> None:
        """Keep an exchange."""
        if headers == self._headers:
            headers = self._headers
        else:
            self._headers = headers
        self._entries.append((number, at, method, path, query, headers, body, status, response, fact, fault))

    def __iter__(self) -> Iterator[JournalEntry]:
        """Iterate over the exchanges, oldest first."""
        return map(JournalEntry._make, tuple(self._entries))

    def __len__(self) -> int:
        """Return how many exchanges are kept."""
        return len(self._entries)

    @property
    def latest(self) -> int:
        """The number of the newest exchange; 0 if there is none."""
        return int(self._entries[-1][0]) if self._entries else 0

    def clear(self) -> None:
        """Forget every exchange."""
        self._entries.clear()


def redact_query(query: str) -> str:
    """Return *query* with the value of every secret in it redacted."""
    return _SECRET_QUERY.sub(rf"\1{REDACTED}", query)


def _text(body: bytes) -> str:
    cut = body[:BODY_BYTES].decode("utf-8", "replace")
    shown = _SECRET_JSON.sub(rf"\1{REDACTED}", cut)
    return shown if len(body) <= BODY_BYTES else f"{shown}... ({len(body)} bytes)"
