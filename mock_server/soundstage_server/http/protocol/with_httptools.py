"""uvicorn's HTTP protocol on httptools, with what it reads wrongly or without bounds read rightly.

An offer to upgrade the protocol (every Java HttpClient and ``curl --http2`` send one) is ignored, as RFC 9110 allows;
uvicorn drops the body of such a request. The head of a request is bounded, and has exactly one Host.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

import httptools
from uvicorn.protocols.http import httptools_impl

from soundstage_server.http.application import Simulator
from soundstage_server.http.connection import CONNECTION, CoalescingTransport
from soundstage_server.http.hot_path.direct import HANDLED, Handled

if TYPE_CHECKING:
    import asyncio

    from soundstage_server.model.asgi import Scope

MAX_HEAD: Final = 64 * 1024
"""The most bytes that the request line and the headers of a request may have together."""

_TOO_LARGE: Final = (431, f"the request line and the headers may have {MAX_HEAD} bytes together; these have more")
_HOP_BY_HOP: Final = frozenset({b"connection", b"upgrade", b"http2-settings"})
_OTHER_PROTOCOLS: Final = (
    (b"PRI * HTTP/2", (505, "this simulator speaks HTTP/1.1, and no HTTP/2; offers to upgrade to it are ignored")),
    (b"\x16\x03", (400, "this simulator speaks HTTP/1.1 without TLS: its addresses begin with http://")),
)

_USED: Final = ("cycle", "flow", "loop", "timeout_keep_alive", "timeout_keep_alive_task")
"""The internals of uvicorn that the direct path uses."""


class _RefusedHeadError(Exception):
    """The head of a request is refused; raised through the parser, which ends the connection."""


class _Parser(httptools.HttpRequestParser):
    """A parser that continues after an offer to upgrade."""

    def __init__(self, owner: HttpToolsProtocol) -> None:
        super().__init__(owner)
        self._owner = owner
        # As uvicorn: the first request of a pipeline gets its response, whatever follows its "Connection: close".
        self.set_dangerous_leniencies(lenient_data_after_close=True)

    def feed_data(self, data: Any) -> None:
        """Read *data*."""
        parser: httptools.HttpRequestParser = self
        while True:
            try:
                httptools.HttpRequestParser.feed_data(parser, data)
            except httptools.HttpParserUpgrade as upgrade:
                # Read again by a new parser, without the offer; in a loop, since a pipeline may contain thousands.
                data = self._owner.head_without_upgrade() + bytes(data)[upgrade.args[0] :]
                parser = self._owner.parser = _Parser(self._owner)
            else:
                return


class HttpToolsProtocol(httptools_impl.HttpToolsProtocol):
    """The protocol of one connection."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.parser = _Parser(self)
        self._head_bytes = self._framing_bytes = 0
        self._in_body = self._ignoring = False
        self._refused: tuple[int, str] | None = None
        self._chunk = b""
        self._between = True
        self._is_first = False
        self._answered_at = 0.0
        self._handled: Handled | None = None
        # The direct path belongs to a bare simulator; a middleware, or a uvicorn without these internals, turns it off.
        app = self.app
        self._direct = app.direct if isinstance(app, Simulator) and all(hasattr(self, name) for name in _USED) else None
        self._commit = app.commit if isinstance(app, Simulator) else _nothing

    @property
    def has_partial_head(self) -> bool:
        """Whether the head of a request has started and is not complete."""
        return self._head_bytes > 0 and not self._in_body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the transport into the scope of each request, and collect what is written to it."""
        gathering = self._gathering = CoalescingTransport(transport, self._commit)
        # uvicorn copies this mapping into the scope of each request on the connection.
        self.app_state = {CONNECTION: gathering}
        super().connection_made(gathering)  # type: ignore[arg-type] # it delegates what it does not change
        # What every scope of this connection contains, as uvicorn makes it.
        super().on_message_begin()
        self._connection: Scope = dict(self.scope)

    def data_received(self, data: bytes) -> None:
        """Read *data*, and refuse a head that is too large before it is complete."""
        if self._between and self._answer(data):
            return
        self._chunk, self._is_first = data, self._between
        if not self._in_body:
            self._head_bytes += len(data)
        else:
            self._framing_bytes += len(data)
        super().data_received(data)
        self._chunk = b""
        # The parser keeps an unfinished head, and joins a header's value again with each piece of it.
        unfinished = self._framing_bytes if self._in_body else self._head_bytes
        if unfinished > MAX_HEAD and not self.transport.is_closing():
            self._refused = _TOO_LARGE
            self.send_400_response("")

    def _answer(self, data: bytes) -> bool:
        """Answer *data* on the direct path; return whether it was."""
        direct, cycle = self._direct, self.cycle
        # A response that is still to come is sent first; a client that reads slowly is waited for on the ASGI path.
        if direct is None or (cycle is not None and not cycle.response_complete) or self.flow.write_paused:
            return False
        answer = direct.answer(data, self._connection)
        if answer is None or isinstance(answer, Handled):
            self._handled = answer
            return False
        self._gathering.write_whole(answer)
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._expire_later(self.timeout_keep_alive)
        return True

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless the direct path has answered since the timer was set."""
        # Setting the timer again for each request, as uvicorn does, costs as much as reading its head.
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._expire_later(left)
        else:
            super().timeout_keep_alive_handler()

    def _expire_later(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._between = False
        super().on_message_begin()
        if self._handled is not None:
            cast("Scope", self.scope)[HANDLED], self._handled = self._handled, None

    def on_headers_complete(self) -> None:
        """Check the head, unless it is read again without its offer to upgrade."""
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._ignoring = True
            return
        # The chunk that ends a head may also contain the body: the exact size is computed for large ones only.
        if self._head_bytes > MAX_HEAD and _size(self.url, self.headers) > MAX_HEAD:
            self._refuse(*_TOO_LARGE)
        hosts = [name for name, _ in self.headers].count(b"host")
        if hosts != 1 and (hosts or self.parser.get_http_version() != "1.0"):
            self._refuse(400, f"a request has exactly one Host header (RFC 9112, section 3.2); this one has {hosts}")
        self._head_bytes, self._in_body = 0, True
        if self._is_first and self._direct is not None and self.parser.get_http_version() == "1.1":
            self._direct.learn(self._chunk, self.headers)
        self._is_first = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; what comes without one is framing, such as the trailers after the last chunk."""
        self._framing_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request, unless it is read again."""
        if not self._ignoring:
            self._in_body, self._between, self._framing_bytes = False, True, 0
            super().on_message_complete()

    def head_without_upgrade(self) -> bytes:
        """Return the head of the current request without its offer to upgrade."""
        self._ignoring = False
        line = self.parser.get_method() + b" " + self.url + b" HTTP/" + self.parser.get_http_version().encode()
        kept = [name + b": " + value for name, value in self.headers if name not in _HOP_BY_HOP]
        closing = any(name == b"connection" and b"close" in value.lower() for name, value in self.headers)
        return b"\r\n".join([line, *kept, *([b"connection: close"] if closing else []), b"\r\n"])

    def send_400_response(self, msg: str) -> None:
        """Refuse what was received, with the reason where one is known, and close the connection."""
        spoken = (refusal for start, refusal in _OTHER_PROTOCOLS if self._chunk.startswith(start))
        status, text = self._refused or next(spoken, (400, msg))
        content = text.encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            "content-type: text/plain; charset=utf-8",
            f"content-length: {len(content)}",
            "connection: close",
            "\r\n",
        )
        self.transport.write("\r\n".join(head).encode() + content)
        self.transport.close()

    def _refuse(self, status: int, text: str) -> None:
        self._refused = (status, text)
        raise _RefusedHeadError(text)


def _size(url: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    return len(url) + sum(len(name) + len(value) + len(": \r\n") for name, value in headers)


def _nothing() -> None:
    """Commit nothing: another application than the simulator has no state file."""
