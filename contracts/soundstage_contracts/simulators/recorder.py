"""Record the HTTP exchanges of the running contract, and show them without secrets.

An `ExchangeRecorder` keeps the last exchanges, so that a failure message and the report can show them. Under Hypothesis
it keeps those of the last example only, which is the shortest one that fails. Clients are recorded through httpx's
event hooks, which change nothing about how they send.
"""

from __future__ import annotations

import json
import re
import sys
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import httpx

MASK: Final = "***"
MAX_EXCHANGES: Final = 40
"""Exchanges that a recorder keeps."""
MAX_BODY_CHARACTERS: Final = 2000
"""Characters of a text in a body that are shown."""

_MANY: Final = 100
_SHORTEST: Final = 6
_OPEN_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-ranges",
        "cache-control",
        "connection",
        "content-length",
        "content-range",
        "content-type",
        "date",
        "etag",
        "host",
        "if-range",
        "range",
        "retry-after",
        "user-agent",
        "x-soundstage-fact",
    }
)
"""Headers whose values identify no user; the values of all others are masked."""
_SECRET_NAMES: Final = re.compile(
    r"token|secret|passw|api_?key|otp|session|e?mail|authorization|wsid|(user|account|project)_?id", re.IGNORECASE
)
_QUERY: Final = re.compile(r"(https?://[^\s\"'<>\\?]+)\?[^\s\"'<>\\]+")
_CONTROL: Final = "/_soundstage"

RUNNING_TEST: Final[ContextVar[str]] = ContextVar("soundstage_test", default="")
"""The contract that runs, from which the names of its accounts follow."""
_RECORDER: ContextVar[ExchangeRecorder | None] = ContextVar("soundstage_recorder", default=None)


@dataclass(slots=True)
class Exchange:
    """One request, and its response if there was one.

    Attributes:
        phase: The purpose of the exchange, where it was labeled.
    """

    request: httpx.Request
    response: httpx.Response | None = None
    phase: str = ""


class ExchangeRecorder:
    """Keeps the last exchanges."""

    def __init__(self, most: int | None = MAX_EXCHANGES) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=most)
        self._example: object = None

    def record_request(self, request: httpx.Request) -> None:
        """Record a request before it is sent."""
        if request.url.path.startswith(_CONTROL):
            return
        example = _example()
        if example is not self._example:
            self.exchanges.clear()
            self._example = example
        self.exchanges.append(Exchange(request))

    def record_response(self, response: httpx.Response) -> None:
        """Record the response to a request."""
        for exchange in reversed(self.exchanges):
            if exchange.request is response.request:
                exchange.response = response
                return

    def label(self, phase: str) -> None:
        """Set the phase of the exchanges that have none yet."""
        for exchange in self.exchanges:
            exchange.phase = exchange.phase or phase


@dataclass(frozen=True, slots=True)
class Redaction:
    """Masks secrets in what is shown or written: known ones everywhere, and whatever looks like one.

    Attributes:
        secrets: Known secrets; values of fewer than six characters are ignored.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)

    def text(self, text: str) -> str:
        """Return *text* without known secrets, and without the queries of addresses, which may be signatures."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            if len(secret) >= _SHORTEST:
                text = text.replace(secret, MASK)
        return _QUERY.sub(rf"\1?{MASK}", text)

    def json(self, value: Any) -> Any:
        """Return a JSON value without secrets, its shape unchanged."""
        if isinstance(value, dict):
            return {name: self._member(str(name), item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.json(item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return *headers*, masking the values of all but the open ones."""
        return {
            name.lower(): self.text(value) if name.lower() in _OPEN_HEADERS else MASK for name, value in headers.items()
        }

    def address(self, url: str) -> str:
        """Return *url* without the values of its query."""
        parts = urlsplit(self.text(url))
        query = f"?{MASK}" if parts.query else ""
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{query}"

    def exchange(self, exchange: Exchange, most: int | None = MAX_BODY_CHARACTERS) -> dict[str, Any]:
        """Return an exchange as JSON: other bodies are described, and texts longer than *most* characters are cut."""
        request, response = exchange.request, exchange.response
        shown: dict[str, Any] = {
            "method": request.method,
            "url": self.address(str(request.url)),
            "headers": self.headers(request.headers),
            "body": self._body(_content(request), request.headers.get("content-type", ""), most),
            "status": None,
        }
        if response is not None:
            shown["status"] = response.status_code
            shown["response_headers"] = self.headers(response.headers)
            shown["response"] = self._body(_content(response), response.headers.get("content-type", ""), most)
        return shown

    def _member(self, name: str, value: Any) -> Any:
        return MASK if isinstance(value, str) and value and _SECRET_NAMES.search(name) else self.json(value)

    def _body(self, content: bytes | None, kind: str, most: int | None) -> Any:
        if content is None:
            return f"({kind or 'a body'}, streamed)"
        try:
            return _cut(self.json(json.loads(content)), most) if content else None
        except (ValueError, RecursionError):
            pass
        if not kind.startswith("text/"):
            return f"({kind or 'no content type'}, {len(content)} bytes)"
        return self.text(content[:most].decode("utf-8", "replace"))


def _cut(value: Any, most: int | None) -> Any:
    """Return a JSON value whose texts are no longer than *most*: images are sent inside JSON."""
    if most is None:
        return value
    if isinstance(value, dict):
        return {name: _cut(item, most) for name, item in value.items()}
    if isinstance(value, list):
        return [_cut(item, most) for item in value[:_MANY]]
    if isinstance(value, str) and len(value) > most:
        return f"{value[: most // 10]}... ({len(value)} characters)"
    return value


def start_recording(recorder: ExchangeRecorder | None) -> Any:
    """Record every exchange with *recorder* from now on, and return the mark that `stop_recording` takes."""
    return _RECORDER.set(recorder)


def stop_recording(mark: Any) -> None:
    """End what `start_recording` started."""
    _RECORDER.reset(mark)


def record_exchange(request: httpx.Request, response: httpx.Response | None = None) -> None:
    """Record an exchange with the running contract's recorder, if there is one."""
    recorder = _RECORDER.get()
    if recorder is not None:
        recorder.record_request(request)
        if response is not None:
            response.request = request
            recorder.record_response(response)


def _record_request(request: httpx.Request) -> None:
    record_exchange(request)


def _record_response(response: httpx.Response) -> None:
    recorder = _RECORDER.get()
    if recorder is not None:
        recorder.record_response(response)


async def _async_record_request(request: httpx.Request) -> None:
    _record_request(request)


async def _async_record_response(response: httpx.Response) -> None:
    _record_response(response)


def with_recording(options: Mapping[str, Any], *, awaiting: bool = False) -> dict[str, Any]:
    """Return *options* of an httpx client with event hooks that record its exchanges."""
    hooks: Mapping[str, Iterable[Any]] = options.get("event_hooks", {})
    ours = (_async_record_request, _async_record_response) if awaiting else (_record_request, _record_response)
    both = {name: [*hooks.get(name, ()), hook] for name, hook in zip(("request", "response"), ours, strict=True)}
    return {**options, "event_hooks": both}


def _content(message: httpx.Request | httpx.Response) -> bytes | None:
    """Return the body, or None when it was not read."""
    found: bytes | None = getattr(message, "_content", None)
    return found


def _example() -> object:
    """Return an object that differs for each example of Hypothesis; None outside of one."""
    control = sys.modules.get("hypothesis.control")
    if control is None or not control.currently_in_test_context():
        return None
    context: object = control.current_build_context()
    return context
