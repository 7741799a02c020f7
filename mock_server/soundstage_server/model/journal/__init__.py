"""The journal: the last exchanges of an account, in a bounded ring, redacted when they are read.

Writing is on the hot path, so an entry only keeps references; decoding and redaction are done by readers.
"""

from __future__ import annotations

from collections import deque
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from soundstage_server.model.journal.redaction import REDACTED, redact_body, redact_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.model.asgi import RawHeaders

ENTRIES: Final = 300
"""How many exchanges a journal keeps; the oldest are dropped first."""

BODY_BYTES: Final = 16_384
"""How many bytes of a body are shown."""

BYTES: Final = 8 * 1024 * 1024
"""How many bytes a journal keeps, whatever the number of its exchanges."""

WORLD_BYTES: Final = 256 * 1024 * 1024
"""How many bytes the journals of all accounts keep together; beyond it the least recently used are cleared."""

_LONGEST_STRING: Final = 512
_LONGEST_HEADER: Final = 4_096
_HEADERS: Final = 16_384
_ENTRY_OVERHEAD: Final = 500
_SECRET_HEADERS: Final = frozenset(
    {
        *(b"authorization", b"proxy-authorization", b"cookie", b"x-app-key", b"x-api-key", b"x-goog-api-key"),
        *(b"x-user-id", b"x-auth-token", b"x-soundstage-token"),
    }
)


class Excerpt(bytes):
    """What is kept of a long body: its beginning, or the JSON of all of it with its long strings cut.

    Attributes:
        length: The number of bytes of the whole body.
        sha256: The SHA-256 of the whole body, in hexadecimal.
    """

    length: int
    sha256: str


class JournalEntry(NamedTuple):
    """One exchange with its secrets; `redacted` and the repr are safe to show. Long bodies are an `Excerpt`."""

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

    Attributes:
        bytes: About how much memory the exchanges take, each with its headers.
    """

    __slots__ = ("_entries", "_headers", "_headers_bytes", "bytes")

    def __init__(self, size: int = ENTRIES) -> None:
        self._entries: deque[tuple[Any, ...]] = deque(maxlen=size)
        self._headers: RawHeaders = []
        self._headers_bytes = _ENTRY_OVERHEAD
        self.bytes = 0

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
        """Append an exchange, with long bodies cut to what is ever shown of them."""
        if len(body) > BODY_BYTES:
            body = excerpt(body)
        if len(response) > BODY_BYTES:
            response = excerpt(response)
        # Comparing costs less than keeping another copy in the cache.
        if headers == self._headers:
            headers = self._headers
        else:
            self._headers = headers = _cut_headers(headers)
            self._headers_bytes = _ENTRY_OVERHEAD + sum(len(name) + len(value) for name, value in headers)
        if len(query) > BODY_BYTES:
            query = query[:BODY_BYTES]
        entries = self._entries
        size = self._headers_bytes + len(query) + len(body) + len(response)
        self.bytes += size
        if len(entries) == entries.maxlen:
            self.bytes -= entries.popleft()[-1]
        if self.bytes > BYTES:
            self._evict()
        entries.append((number, at, method, path, query, headers, body, status, response, fact, fault, size))

    def remove(self, number: int) -> JournalEntry | None:
        """Remove the exchange *number* and return it, or None if it is not kept."""
        for index in range(len(self._entries) - 1, -1, -1):
            entry = self._entries[index]
            if entry[0] == number:
                del self._entries[index]
                self.bytes -= entry[-1]
                return JournalEntry._make(entry[:-1])
        return None

    def __iter__(self) -> Iterator[JournalEntry]:
        """Iterate over the exchanges, oldest first."""
        return (JournalEntry._make(entry[:-1]) for entry in tuple(self._entries))

    def __len__(self) -> int:
        """Return how many exchanges are kept."""
        return len(self._entries)

    @property
    def latest(self) -> int:
        """The number of the newest exchange; 0 if there is none."""
        return int(self._entries[-1][0]) if self._entries else 0

    @property
    def latest_at(self) -> float:
        """The account's time of the newest exchange; 0 if there is none."""
        return float(self._entries[-1][1]) if self._entries else 0.0

    def clear(self) -> None:
        """Remove every exchange."""
        self._entries.clear()
        self.bytes = 0

    def _evict(self) -> None:
        """Drop the oldest exchanges, so that there is room for one whose size has been added."""
        entries = self._entries
        while entries and self.bytes > BYTES:
            self.bytes -= entries.popleft()[-1]


def excerpt(body: bytes) -> bytes:
    """Return *body*, or what is kept of it if it has more than `BODY_BYTES` bytes."""
    if len(body) <= BODY_BYTES:
        return body
    kept = Excerpt(_cut_json(body) or body[:BODY_BYTES])
    kept.length, kept.sha256 = len(body), sha256(body).hexdigest()
    return kept


def cut_strings(value: Any) -> Any:
    """Return a JSON value with its long strings cut, each with its length and its hash: equal ones stay equal."""
    if isinstance(value, str) and len(value) > _LONGEST_STRING:
        digest = sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{value[:_LONGEST_STRING]}... ({len(value)} characters, SHA-256 {digest})"
    if isinstance(value, dict):
        return {name: cut_strings(member) for name, member in value.items()}
    return [cut_strings(item) for item in value] if isinstance(value, list) else value


def _cut_json(body: bytes) -> bytes | None:
    """Return *body* with its long strings cut, or None if it is no JSON or is still too long."""
    # A body with an image in base64 is mostly that one string: without it, its other members can still be verified.
    try:
        cut = orjson.dumps(cut_strings(orjson.loads(body)))
    except (TypeError, ValueError, RecursionError):
        return None
    return cut if len(cut) <= BODY_BYTES else None


def _cut_headers(headers: RawHeaders) -> RawHeaders:
    if sum(len(name) + len(value) for name, value in headers) <= _LONGEST_HEADER:
        return headers
    kept, left = [], _HEADERS
    for name, value in headers:
        left -= len(name) + min(len(value), _LONGEST_HEADER)
        if left < 0:
            break
        kept.append((name, value[:_LONGEST_HEADER]))
    return kept


def _text(body: bytes) -> str:
    kept = excerpt(body)
    # Cut before redaction, which also finds a secret whose closing quote was cut off.
    shown = redact_body(kept.decode("utf-8", "replace"))
    return f"{shown}... ({kept.length} bytes)" if isinstance(kept, Excerpt) else shown
