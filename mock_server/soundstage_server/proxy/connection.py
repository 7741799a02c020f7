"""One connection of a program to the proxy: tunnels (CONNECT), and requests for plain addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import SplitResult, urlsplit

import h11

from soundstage_server.proxy.rules import Address
from soundstage_server.proxy.streams import Stream, relay

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

_TLS_HANDSHAKE: Final = b"\x16"
"""The first byte of a TLS connection."""
_LEAST_OF_A_HANDSHAKE: Final = 48
"""Bytes after the first message: a client that refuses a certificate sends an alert (31 bytes with TLS 1.3), one that
accepts it sends 64 at least."""
_MAX_HEAD: Final = 64 * 1024
_HOP_BY_HOP: Final = frozenset(
    {
        *(b"connection", b"expect", b"keep-alive", b"trailer", b"upgrade", b"http2-settings"),
        *(b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
    }
)
"""Headers of one hop; h11 answers Expect, and decides on the framing of a body by what it keeps."""

Headers = list[tuple[bytes, bytes]]


class RefusedError(Exception):
    """The host of a request is neither simulated nor allowed; the message has the way out."""


class Connector(Protocol):
    """Opens the connections behind the proxy."""

    async def open(self, address: Address, *, tls: bool, encrypt: bool = False) -> Stream:
        """Connect to the destination of *address*, whose protocol is TLS or not; *encrypt* performs it here.

        Raises:
            OSError: The host cannot be reached.
        """

    def check(self, address: Address) -> None:
        """Count and refuse a request to a host that is refused.

        Raises:
            RefusedError: The host is refused.
        """

    def note_distrust(self, address: Address) -> None:
        """Count a client that has refused the certificate of *address*."""


class Connection:
    """One connection to the proxy, with one request after another."""

    def __init__(self, stream: Stream, connector: Connector) -> None:
        self._stream = stream
        self._connector = connector
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)

    async def run(self) -> None:
        """Respond to requests until the program closes the connection."""
        try:
            while isinstance(request := await self._next_event(), h11.Request):
                if request.method == b"CONNECT":
                    await self._tunnel(request)
                    return
                if not await self._respond(request):
                    break
            await self._stream.close()
        except h11.RemoteProtocolError as error:
            await self._refuse(error.error_status_hint, str(error))
        except OSError:
            self._stream.reset()

    async def _tunnel(self, request: h11.Request) -> None:
        try:
            address = Address.parse(request.target.decode("latin-1"))
            self._connector.check(address)
        except (RefusedError, ValueError) as error:
            await self._refuse(403, str(error))
            return
        await self._send(h11.Response(status_code=200, headers=[], reason=b"Connection established"))
        early, _ = self._http.trailing_data
        first = early or await self._stream.read()
        if not first:
            await self._stream.close()
            return
        try:
            target = await self._connector.open(address, tls=first.startswith(_TLS_HANDSHAKE))
        except OSError:
            self._stream.reset()
            return
        before = self._stream.received
        try:
            await target.write(first)
            await relay(self._stream, target)
            if first.startswith(_TLS_HANDSHAKE) and self._stream.received - before < _LEAST_OF_A_HANDSHAKE:
                self._connector.note_distrust(address)
            await target.close()
            await self._stream.close()
        finally:
            target.abort()  # the proxy stops while the tunnel is open

    async def _respond(self, request: h11.Request) -> bool:
        """Forward one request and its response; return whether another request may follow."""
        try:
            url = _whole_address(request)
            tls = url.scheme == "https"
            address = Address.parse(url.netloc.rpartition("@")[2], tls=tls)
            self._connector.check(address)
            target = await self._connector.open(address, tls=tls, encrypt=tls)
        except (RefusedError, ValueError, OSError) as error:
            await self._refuse(502 if isinstance(error, OSError) else 403, str(error))
            return False
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            await self._forward(request, path.encode("latin-1"), target)
        except (h11.RemoteProtocolError, OSError):
            self._stream.reset()  # the response is incomplete, and its reader must know
            return False
        finally:
            await target.close()
        if self._http.our_state is h11.MUST_CLOSE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    async def _forward(self, request: h11.Request, path: bytes, target: Stream) -> None:
        upstream = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)
        headers = [*_end_to_end(request.headers), (b"connection", b"close")]
        await target.write(upstream.send(h11.Request(method=request.method, target=path, headers=headers)) or b"")
        if self._http.they_are_waiting_for_100_continue:
            await self._send(h11.InformationalResponse(status_code=100, headers=[]))
        while not isinstance(event := await self._next_event(), h11.ConnectionClosed):
            await target.write(upstream.send(event) or b"")
            if isinstance(event, h11.EndOfMessage):
                break
        while True:
            event = await _next_event(upstream, target)
            if isinstance(event, h11.Response):
                event = h11.Response(
                    status_code=event.status_code, headers=_end_to_end(event.headers), reason=event.reason
                )
            await self._send(event)
            if isinstance(event, h11.EndOfMessage):
                return

    async def _refuse(self, status: int, reason: str) -> None:
        if self._http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self._stream.reset()
            return
        content = f"{reason}\n".encode()
        # A client shows the reason phrase of a refused CONNECT, and nothing else of the response.
        phrase = reason.encode("ascii", "replace").replace(b"\n", b" ")
        headers = [("content-type", "text/plain"), ("content-length", str(len(content))), ("connection", "close")]
        await self._send(h11.Response(status_code=status, headers=headers, reason=phrase))
        await self._send(h11.Data(data=content))
        await self._send(h11.EndOfMessage())
        await self._stream.close()

    async def _send(self, event: Any) -> None:
        await self._stream.write(self._http.send(event) or b"")

    async def _next_event(self) -> Any:
        return await _next_event(self._http, self._stream)


def _whole_address(request: h11.Request) -> SplitResult:
    url = urlsplit(request.target.decode("latin-1"))
    if url.scheme not in {"http", "https"} or not url.netloc:
        raise ValueError("this is a proxy: a request has a whole address, or it is CONNECT with a host")
    return url


async def _next_event(http: h11.Connection, stream: Stream) -> Any:
    while (event := http.next_event()) is h11.NEED_DATA:
        http.receive_data(await stream.read())
    return event


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    return [(name, value) for name, value in headers if name not in _HOP_BY_HOP]


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connector: Connector) -> None:
    """Serve one connection until its end."""
    await Connection(Stream(reader, writer), connector).run()
