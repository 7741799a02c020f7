"""Connections of this library's own, without the layers of httpx in front of them.

A client of httpx parses addresses and headers again for each request, and has hooks, cookies, redirects and proxies
that are of no use here; the pool of httpcore goes through all its connections twice for each request. The connections
here are httpcore's, and each request takes the one that was used last.
"""

from __future__ import annotations

import base64
import threading
import time
from functools import lru_cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.request import getproxies

import anyio
import httpcore
import httpx

from soundstage._io import deadline
from soundstage._values.messages import NO_HEADERS
from soundstage._values.redaction import SecretHeaders
from soundstage._version import __version__

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator, Mapping

    Raw = list[tuple[bytes, bytes]]

TIMEOUT = 60.0  # seconds, as in the vendors' own clients
HEADERS = {"User-Agent": f"soundstage/{__version__}"}
_PROXIES = {"http", "https", "all"}  # the schemes for which httpx reads the environment
_WITH_LENGTH = {"POST", "PUT", "PATCH"}  # the methods whose requests have a length, also without a body
# What mocks and instrumentation replace in httpx and below it.
_REPLACED: tuple[tuple[Any, str], ...] = (
    (httpx.Client, "send"),
    (httpx.Client, "_send_single_request"),
    (httpx.Client, "_transport_for_url"),
    (httpx.HTTPTransport, "handle_request"),
    (httpcore.ConnectionPool, "handle_request"),
    (httpx.AsyncClient, "send"),
    (httpx.AsyncClient, "_send_single_request"),
    (httpx.AsyncClient, "_transport_for_url"),
    (httpx.AsyncHTTPTransport, "handle_async_request"),
    (httpcore.AsyncConnectionPool, "handle_async_request"),
)
_CLASSES = (httpx.Client, httpx.AsyncClient)


def _original(owner: Any, name: str) -> object:
    """Return a method as the HTTP library defines it; something that no method equals where it is replaced already."""
    found = getattr(owner, name, None)
    parts = ("/httpx/", "/httpcore/")
    own = isinstance(found, FunctionType) and any(
        part in found.__code__.co_filename.replace("\\", "/") for part in parts
    )
    return found if own or found is None else object()


_ORIGINALS = tuple((owner, name, _original(owner, name)) for owner, name in _REPLACED)


def is_replaced() -> bool:
    """Whether a mock or instrumentation has replaced a part of httpx; requests then pass through a client of httpx."""
    if (httpx.Client, httpx.AsyncClient) != _CLASSES:
        return True
    return any(getattr(owner, name, None) is not original for owner, name, original in _ORIGINALS)


def has_proxies() -> bool:
    """Whether the environment names a proxy, which only a client of httpx uses."""
    return any(value for name, value in getproxies().items() if name in _PROXIES)


class _Target:
    """An address in the form in which requests have it."""

    __slots__ = ("authorization", "host", "url")

    def __init__(self, text: str) -> None:
        """Parse an address.

        Raises:
            InvalidURL: It is none.
        """
        url = httpx.URL(text)
        self.url = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        self.host = url.netloc
        self.authorization = SecretHeaders()
        if url.userinfo:
            pair = f"{url.username}:{url.password}".encode()
            self.authorization["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"


_cached = lru_cache(maxsize=64)(_Target)  # the polls of one job have one address


def _target(url: str) -> _Target:
    # None with a query or a password is kept, as these are secrets.
    return _Target(url) if "?" in url or "@" in url else _cached(url)


class RawHeaders:
    """The headers of a response as they were received, with what is used of the headers of httpx."""

    __slots__ = ("raw",)

    def __init__(self, raw: Raw) -> None:
        self.raw = raw

    @property
    def encoding(self) -> str:
        """The first encoding that fits all of them."""
        text = b"".join(name + value for name, value in self.raw)
        if text.isascii():
            return "ascii"
        try:
            text.decode()
        except UnicodeDecodeError:
            return "iso-8859-1"
        return "utf-8"


ConnectionT = TypeVar("ConnectionT", httpcore.HTTPConnection, httpcore.AsyncHTTPConnection)


class Connections(Generic[ConnectionT]):
    """The open connections of one pool; the slots in front of it limit how many are in use."""

    def __init__(self, limits: httpx.Limits, tls: ssl.SSLContext, network: Any = None) -> None:
        """Prepare; nothing is connected.

        Args:
            limits: How many connections are open at a time, and how long one is kept that is not in use.
            tls: The certificates to trust.
            network: What opens connections, None for httpcore's own.
        """
        self.timeout = httpx.Timeout(TIMEOUT)
        self.is_closed = False
        self._limits = limits
        self._opening: dict[str, Any] = {
            "ssl_context": tls,
            "keepalive_expiry": limits.keepalive_expiry,
            "network_backend": network,
        }
        self._lock = threading.Lock()
        # The one that was used last is the last, and used first: the others expire. Their order is that of their ends.
        self._idle: list[tuple[float, httpcore.Origin, ConnectionT]] = []
        self._busy = 0

    @property
    def base_url(self) -> str:
        """No address: requests have whole ones."""
        return ""

    def build_request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        content: bytes | None = None,
        extensions: dict[str, Any] | None = None,
    ) -> httpcore.Request:
        """Return a request with the headers that a client of httpx would send.

        Raises:
            InvalidURL: *url* is no address.
            UnicodeEncodeError: A header is not ASCII.
        """
        target = _target(url)
        every = {b"Host": target.host, b"Accept": b"*/*", b"Connection": b"keep-alive"}
        for name, value in {**HEADERS, **headers, **target.authorization}.items():
            every[name.encode("ascii")] = value.encode("ascii")
        if content is not None or method in _WITH_LENGTH:
            every[b"Content-Length"] = b"%d" % len(content or b"")
        return httpcore.Request(method, target.url, headers=list(every.items()), content=content, extensions=extensions)

    def _take(self, origin: httpcore.Origin) -> tuple[ConnectionT | None, list[ConnectionT]]:
        """Return a connection that can be used now, None where there is none, and those that have to be closed."""
        now = time.monotonic()
        ended: list[ConnectionT] = []
        found: ConnectionT | None = None
        with self._lock:
            idle = self._idle
            while idle and idle[0][0] < now:
                ended.append(idle.pop(0)[2])
            for place in range(len(idle) - 1, -1, -1):
                if idle[place][1] == origin:
                    connection = idle.pop(place)[2]
                    if not connection.has_expired():  # nor was it closed by the server
                        found = connection
                        break
                    ended.append(connection)
            most = self._limits.max_connections
            if found is None and idle and most is not None and len(idle) + self._busy >= most:
                ended.append(idle.pop(0)[2])
            self._busy += 1
        return found, ended

    def _return(self, origin: httpcore.Origin, connection: ConnectionT) -> ConnectionT | None:
        """Keep a connection for the next request; return it where it cannot be kept."""
        end = time.monotonic() + (self._limits.keepalive_expiry or 0.0)
        with self._lock:
            self._busy -= 1
            if self.is_closed or not connection.is_idle():
                return connection
            self._idle.append((end, origin, connection))
            return None

    def _drop(self) -> None:
        with self._lock:
            self._busy -= 1

    def _mark_closed(self) -> list[ConnectionT]:
        with self._lock:
            self.is_closed = True
            idle, self._idle = self._idle, []
        return [connection for _, _, connection in idle]


class SyncConnections(Connections[httpcore.HTTPConnection]):
    """Connections that block."""

    def send(self, request: httpcore.Request, **_: object) -> SyncReceived:
        """Send *request*, and return its response before the body; redirects are responses.

        Raises:
            httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError: There is no response.
        """
        origin = request.url.origin
        connection, ended = self._take(origin)
        try:
            for one in ended:
                one.close()
            if connection is None:
                # Only an exchange that opens a connection has to be traced: it is guarded from then on.
                request.extensions["trace"] = deadline.trace  # pyright: ignore[reportUnknownMemberType]
                connection = httpcore.HTTPConnection(origin, **self._opening)
            return SyncReceived(self, origin, connection, connection.handle_request(request))
        except BaseException:
            self._drop()
            if connection is not None:
                connection.close()
            raise

    def release(self, origin: httpcore.Origin, connection: httpcore.HTTPConnection) -> None:
        """Take a connection back whose response was closed."""
        if (ended := self._return(origin, connection)) is not None:
            ended.close()

    def close(self) -> None:
        """Close the connections that are not in use; the others are closed when their responses are."""
        for connection in self._mark_closed():
            connection.close()


class AsyncConnections(Connections[httpcore.AsyncHTTPConnection]):
    """Connections that await."""

    async def send(self, request: httpcore.Request, **_: object) -> AsyncReceived:
        """Send *request*, and return its response before the body; raises as `SyncConnections.send` does."""
        origin = request.url.origin
        connection, ended = self._take(origin)
        try:
            if ended:
                await _close_all(ended)
            if connection is None:
                request.extensions["trace"] = deadline.atrace  # pyright: ignore[reportUnknownMemberType]
                connection = httpcore.AsyncHTTPConnection(origin, **self._opening)
            return AsyncReceived(self, origin, connection, await connection.handle_async_request(request))
        except BaseException:
            self._drop()
            if connection is not None:
                await _close_all([connection])
            raise

    async def release(self, origin: httpcore.Origin, connection: httpcore.AsyncHTTPConnection) -> None:
        """Take a connection back whose response was closed."""
        if (ended := self._return(origin, connection)) is not None:
            await _close_all([ended])

    async def aclose(self) -> None:
        """Close the connections that are not in use; the others are closed when their responses are."""
        await _close_all(self._mark_closed())


async def _close_all(connections: list[httpcore.AsyncHTTPConnection]) -> None:
    with anyio.CancelScope(shield=True):  # a task that is canceled would otherwise leave them open
        for connection in connections:
            await connection.aclose()


class _Received(Generic[ConnectionT]):
    """A response, with what is used of a response of httpx."""

    is_stream_consumed = False
    content = b""

    def __init__(
        self, pool: Any, origin: httpcore.Origin, connection: ConnectionT, response: httpcore.Response
    ) -> None:
        self.status_code = response.status
        self.headers = RawHeaders(response.headers)
        self._pool = pool
        self._origin = origin
        self._connection: ConnectionT = connection
        self._response = response
        self._is_open = True


class SyncReceived(_Received[httpcore.HTTPConnection]):
    """A response whose body is read in chunks."""

    def iter_raw(self) -> Iterator[bytes]:
        """Return the chunks of the body as they arrive."""
        return iter(self._response.stream)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownVariableType]

    def close(self) -> None:
        """Return the connection; it is closed where the response was not read to its end. Safe to call again."""
        if self._is_open:
            self._is_open = False
            try:
                self._response.close()
            finally:
                self._pool.release(self._origin, self._connection)


class AsyncReceived(_Received[httpcore.AsyncHTTPConnection]):
    """A response whose body is awaited in chunks."""

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """Return the chunks of the body as they arrive."""
        return aiter(self._response.stream)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownVariableType]

    async def aclose(self) -> None:
        """Return the connection; it is closed where the response was not read to its end. Safe to call again."""
        if self._is_open:
            self._is_open = False
            try:
                await self._response.aclose()
            finally:
                await self._pool.release(self._origin, self._connection)
