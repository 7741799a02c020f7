"""The journal: the last exchanges of an account, in a bounded ring, redacted when they are read.

Writing is on the hot path, so an entry only keeps references; decoding and redaction are done by readers.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.model.asgi import RawHeaders

ENTRIES: Final = 300
"""How many exchanges a journal keeps; the oldest are dropped first."""

BODY_BYTES: Final = 16_384
"""How many bytes of a body are shown."""

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
    """One exchange with its secrets; `redacted` and the repr are safe to show."""

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
        """Return the exchange as a JSON object, with secrets redacted and long bodies truncated."""
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

    The ring is kept small in memory: a ring that does not fit the processor's cache makes every request slower than the
    work of answering it. Headers that equal those of the previous request are therefore stored once.
    """

    __slots__ = ("_entries", "_headers")

    def __init__(self, size: int = ENTRIES) -> None:
        self._entries: deque[tuple[Any, ...]] = deque(maxlen=size)
        self._headers: RawHeaders = []

    def add(  # noqa: PLR0917 - the fields of a `JournalEntry`, in their order
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
        """Append an exchange."""
        # Comparing costs less than keeping another copy in the cache.
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
        """Remove every exchange."""
        self._entries.clear()


def redact_query(query: str) -> str:
    """Return *query* with the value of every secret in it redacted."""
    return _SECRET_QUERY.sub(rf"\1{REDACTED}", query)


def _text(body: bytes) -> str:
    # Truncated before redaction, so the pattern also matches a secret whose closing quote was cut off.
    text = body[:BODY_BYTES].decode("utf-8", "replace")
    shown = _SECRET_JSON.sub(rf"\1{REDACTED}", text)
    return shown if len(body) <= BODY_BYTES else f"{shown}... ({len(body)} bytes)"
