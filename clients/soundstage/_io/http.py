"""The transport: the one module that uses the HTTP library, httpx.

An own httpx client is created at the first request, with a TLS context that is created once and shared. Paid requests
use connections that are not kept alive, so that a stale pooled connection never makes an outcome unknown. An injected
client is used with its own settings and never closed here. No redirect is followed here.
"""

from __future__ import annotations

import functools
import logging
import threading
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Generic, TypeVar

import httpx

from soundstage._values.messages import Interrupted, NotSent, Request, Response, TransportError
from soundstage._values.redaction import Redactor
from soundstage._values.validation import instance
from soundstage._version import __version__
from soundstage.errors import ClientClosed

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Generator, Iterator

SyncHttp = httpx.Client
AsyncHttp = httpx.AsyncClient
HttpT = TypeVar("HttpT", bound=httpx.Client | httpx.AsyncClient)

# With these errors no byte of the request can have reached the service; with any other one it may have.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
_BROKEN = (httpx.HTTPError, httpx.StreamError, OSError)
_TIMEOUT = 60.0  # seconds, as in the vendors' own clients
_POOLED = httpx.Limits(max_connections=100, max_keepalive_connections=20)
_UNPOOLED = httpx.Limits(max_connections=100, max_keepalive_connections=0)
_HEADERS = {"User-Agent": f"soundstage/{__version__}"}
_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
    "hpack.hpack",
    "hpack.table",
)

# A context variable, because threads and tasks send at the same time and each record belongs to one of them.
_own_request: ContextVar[bool] = ContextVar("soundstage_request", default=False)


class _DropOwnRecords(logging.Filter):
    """Drops the log records of httpx for this library's requests: they contain headers and signed addresses."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass the records of requests that other code sends."""
        del record
        return not _own_request.get()


def _guard_loggers() -> None:
    guard = _DropOwnRecords()
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(guard)


_guard_loggers()


@functools.cache
def _tls() -> ssl.SSLContext:
    # Loading the certificates takes longer than everything else at the start of a client, so it is done once and late.
    return httpx.create_ssl_context()


@contextmanager
def _exchange(request: Request) -> Generator[None, None, None]:
    """Mark log records as this library's own, and translate errors into `NotSent` or `Interrupted`."""
    mark = _own_request.set(True)
    try:
        yield
    except _NEVER_SENT as error:
        raise NotSent(_reason(error, request)) from None
    except _BROKEN as error:
        raise Interrupted(_reason(error, request)) from None
    except Exception as error:
        if not request.paid:
            raise
        # An unexpected error, of an injected transport perhaps: the paid request may have been sent, so assume that.
        raise Interrupted(_reason(error, request)) from error
    finally:
        _own_request.reset(mark)


def _reason(error: Exception, request: Request) -> str:
    """Return the error message without header values, as httpx quotes an illegal header value."""
    return Redactor(request.headers.values())(f"{type(error).__name__}: {error}".removesuffix(": "))


def _capped(limits: httpx.Timeout, seconds: float | None) -> httpx.Timeout:
    if seconds is None:
        return limits
    capped = {name: seconds if limit is None else min(limit, seconds) for name, limit in limits.as_dict().items()}
    return httpx.Timeout(**capped)


def _response(received: httpx.Response, content: bytes = b"") -> Response:
    return Response(received.status_code, {name.lower(): value for name, value in received.headers.items()}, content)


class _Transport(ABC, Generic[HttpT]):
    """The httpx clients behind one client: an injected one, or two that are created when first needed.

    The second one, without kept-alive connections, is for paid requests.
    """

    _kind: type[HttpT]

    def __init__(self, injected: HttpT | None, timeout: float | None) -> None:
        self._injected = instance("http", injected, self._kind)
        self._timeout = timeout
        self._created: dict[bool, HttpT] = {}
        self._lock = threading.Lock()  # threads share a client, and two first requests must not create two
        self._closed = False

    @property
    def base_url(self) -> str:
        """The base address of the injected client, or ""."""
        return "" if self._injected is None else str(self._injected.base_url)

    def _pick(self, *, paid: bool) -> HttpT:
        with self._lock:
            client = self._injected or self._created.get(paid)
            if self._closed or (client is not None and client.is_closed):
                raise ClientClosed("the client is closed: create a new one")
            if client is None:
                client = self._created[paid] = self._make(_UNPOOLED if paid else _POOLED)
            return client

    def _prepare(self, request: Request) -> tuple[HttpT, httpx.Request]:
        """Return the httpx client and the request; a failure here proves that nothing was sent."""
        client = self._pick(paid=request.paid)
        try:
            return client, self._build(client, request)
        except (httpx.InvalidURL, ValueError) as error:
            raise NotSent(_reason(error, request)) from None

    def _build(self, client: HttpT, request: Request) -> httpx.Request:
        headers = dict(request.headers)
        content = request.content
        if content is not None:
            headers["Content-Type"] = "application/json"
        limits = client.timeout if self._timeout is None else httpx.Timeout(self._timeout)
        timeout = _capped(limits, request.timeout)
        return client.build_request(request.method, request.url, headers=headers, content=content, timeout=timeout)

    @abstractmethod
    def _make(self, limits: httpx.Limits) -> HttpT: ...

    def _mark_closed(self) -> list[HttpT]:
        with self._lock:
            self._closed = True
            created = list(self._created.values())
            self._created.clear()
            return created


class SyncTransport(_Transport[httpx.Client]):
    """Sends requests, blocking."""

    _kind = httpx.Client

    def send(self, request: Request) -> Response:
        """Send *request* and return the whole response.

        Raises:
            TransportError: There is no response.
            ClientClosed: The client is closed.
        """
        client, outgoing = self._prepare(request)
        with _exchange(request):
            # auth=None, because the auth of an injected client would replace the vendor's own header.
            received = client.send(outgoing, auth=None, follow_redirects=False)
            return _response(received, received.content)

    def open(self, request: Request) -> SyncStream:
        """Send *request* and return its response before the body; raises as `send` does."""
        client, outgoing = self._prepare(request)
        with _exchange(request):
            received = client.send(outgoing, auth=None, follow_redirects=False, stream=True)
            return SyncStream(request, received)

    def close(self) -> None:
        """Close the clients that were created here; later requests are refused."""
        for client in self._mark_closed():
            client.close()

    def _make(self, limits: httpx.Limits) -> httpx.Client:
        return httpx.Client(verify=_tls(), limits=limits, timeout=_TIMEOUT, headers=_HEADERS)


class SyncStream:
    """A response whose body is read in chunks."""

    def __init__(self, request: Request, received: httpx.Response) -> None:
        self.head = _response(received)
        self._request = request
        self._received = received
        self._chunks: Iterator[bytes] = received.iter_bytes()

    def read(self) -> bytes:
        """Return the next chunk, b"" at the end.

        Raises:
            Interrupted: The body broke off.
        """
        with _exchange(self._request):
            return next(self._chunks, b"")

    def close(self) -> None:
        """Return the connection to the pool; an error in doing so changes nothing about the download and is dropped."""
        with suppress(TransportError), _exchange(self._request):
            self._received.close()


class AsyncTransport(_Transport[httpx.AsyncClient]):
    """Sends requests, awaiting."""

    _kind = httpx.AsyncClient

    async def send(self, request: Request) -> Response:
        """Send *request* and return the whole response; raises as `SyncTransport.send` does."""
        client, outgoing = self._prepare(request)
        with _exchange(request):
            received = await client.send(outgoing, auth=None, follow_redirects=False)
            return _response(received, received.content)

    async def open(self, request: Request) -> AsyncStream:
        """Send *request* and return its response before the body; raises as `SyncTransport.send` does."""
        client, outgoing = self._prepare(request)
        with _exchange(request):
            received = await client.send(outgoing, auth=None, follow_redirects=False, stream=True)
            return AsyncStream(request, received)

    async def close(self) -> None:
        """Close the clients that were created here; later requests are refused."""
        for client in self._mark_closed():
            await client.aclose()

    def _make(self, limits: httpx.Limits) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=_tls(), limits=limits, timeout=_TIMEOUT, headers=_HEADERS)


class AsyncStream:
    """A response whose body is awaited in chunks."""

    def __init__(self, request: Request, received: httpx.Response) -> None:
        self.head = _response(received)
        self._request = request
        self._received = received
        self._chunks: AsyncIterator[bytes] = received.aiter_bytes()

    async def read(self) -> bytes:
        """Return the next chunk, b"" at the end; raises as `SyncStream.read` does."""
        with _exchange(self._request):
            return await anext(self._chunks, b"")

    async def close(self) -> None:
        """Return the connection to the pool; an error in doing so changes nothing about the download and is dropped."""
        with suppress(TransportError), _exchange(self._request):
            await self._received.aclose()
