"""uvicorn's HTTP protocol on httptools, with what it reads wrongly or without bounds read rightly.

An offer to upgrade the protocol (every Java HttpClient and ``curl --http2`` send one) is ignored, as RFC 9110 allows;
uvicorn drops the body of such a request. The head of a request is bounded, and has exactly one Host.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import httptools
from uvicorn.protocols.http import httptools_impl

from soundstage_server.http.connection import CONNECTION, CoalescingTransport

if TYPE_CHECKING:
    import asyncio

MAX_HEAD: Final = 64 * 1024
"""The most bytes that the request line and the headers of a request may have together."""

_TOO_LARGE: Final = (431, f"the request line and the headers may have {MAX_HEAD} bytes together; these have more")
_HOP_BY_HOP: Final = frozenset({b"connection", b"upgrade", b"http2-settings"})
_OTHER_PROTOCOLS: Final = (
    (b"PRI * HTTP/2", (505, "this simulator speaks HTTP/1.1, and no HTTP/2; offers to upgrade to it are ignored")),
    (b"\x16\x03", (400, "this simulator speaks HTTP/1.1 without TLS: its addresses begin with http://")),
)


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
        self._head_bytes = 0
        self._in_body = self._ignoring = False
        self._refused: tuple[int, str] | None = None
        self._chunk = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the transport into the scope of each request, and collect what is written to it."""
        gathering = CoalescingTransport(transport)
        # uvicorn copies this mapping into the scope of each request on the connection.
        self.app_state = {CONNECTION: gathering}
        super().connection_made(gathering)  # type: ignore[arg-type] # it delegates what it does not change

    def data_received(self, data: bytes) -> None:
        """Read *data*, and refuse a head that is too large before it is complete."""
        self._chunk = data
        if not self._in_body:
            self._head_bytes += len(data)
        super().data_received(data)
        self._chunk = b""
        # The parser keeps an unfinished head, and joins a header's value again with each piece of it.
        if self._head_bytes > MAX_HEAD and not self._in_body and not self.transport.is_closing():
            self._refused = _TOO_LARGE
            self.send_400_response("")

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
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End the request, unless it is read again."""
        if not self._ignoring:
            self._in_body = False
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
