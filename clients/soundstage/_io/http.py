"""The one module that knows the HTTP library, httpx.

A client of our own is made at the first request, with a TLS context that is made once and shared. Paid requests travel
on connections that are not kept alive, so that a connection gone stale in a pool never makes an outcome unknown. An
injected client is used as it is, with its own settings, and never closed here. No redirect is followed here.
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

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
_BROKEN = (httpx.HTTPError, httpx.StreamError, OSError)
_PATIENCE = 60.0  # seconds, as the services' own clients have it
_KEPT = httpx.Limits(max_connections=100, max_keepalive_connections=20)
_FRESH = httpx.Limits(max_connections=100, max_keepalive_connections=0)
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

_ours: ContextVar[bool] = ContextVar("soundstage_request", default=False)


class _OthersOnly(logging.Filter):
    """Keeps httpx from writing our addresses and headers, signed ones among them, into a log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let pass what was logged for anybody else's request."""
        del record
        return not _ours.get()


def _guard_loggers() -> None:
    guard = _OthersOnly()
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(guard)


_guard_loggers()


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@contextmanager
def _exchange(request: Request) -> Generator[None, None, None]:
    """Mark what is logged as ours, and translate trouble: what a paid request met is never left to guesswork."""
    mark = _ours.set(True)
    try:
        yield
    except _NEVER_SENT as error:
        raise NotSent(_reason(error, request)) from None
    except _BROKEN as error:
        raise Interrupted(_reason(error, request)) from None
    except Exception as error:
        if not request.paid:
            raise
        raise Interrupted(_reason(error, request)) from error
    finally:
        _ours.reset(mark)


def _reason(error: Exception, request: Request) -> str:
    """What went wrong, without header values: an illegal one is quoted by the library's own message."""
    return Redactor(request.headers.values())(f"{type(error).__name__}: {error}".removesuffix(": "))


def _within(limits: httpx.Timeout, seconds: float | None) -> httpx.Timeout:
    if seconds is None:
        return limits
    cut = {name: seconds if limit is None else min(limit, seconds) for name, limit in limits.as_dict().items()}
    return httpx.Timeout(**cut)


def _response(answer: httpx.Response, content: bytes = b"") -> Response:
    return Response(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, content)


class _Wire(ABC, Generic[HttpT]):
    """The HTTP clients behind one client of ours: an injected one, or two that are made when first needed."""

    _kind: type[HttpT]

    def __init__(self, given: HttpT | None, timeout: float | None) -> None:
        self._given = instance("http", given, self._kind)
        self._timeout = timeout
        self._made: dict[bool, HttpT] = {}
        self._lock = threading.Lock()
        self._closed = False

    @property
    def base_url(self) -> str:
        """The base address of an injected client, or ""."""
        return "" if self._given is None else str(self._given.base_url)

    def _pick(self, *, paid: bool) -> HttpT:
        with self._lock:
            client = self._given or self._made.get(paid)
            if self._closed or (client is not None and client.is_closed):
                raise ClientClosed("the client is closed: make a new one")
            if client is None:
                client = self._made[paid] = self._make(_FRESH if paid else _KEPT)
            return client

    def _prepare(self, request: Request) -> tuple[HttpT, httpx.Request]:
        """What to send with, and what to send; nothing has left when this fails."""
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
        timeout = _within(limits, request.timeout)
        return client.build_request(request.method, request.url, headers=headers, content=content, timeout=timeout)

    @abstractmethod
    def _make(self, limits: httpx.Limits) -> HttpT: ...

    def _retire(self) -> list[HttpT]:
        with self._lock:
            self._closed = True
            made = list(self._made.values())
            self._made.clear()
            return made


class SyncTransport(_Wire[httpx.Client]):
    """Sends by blocking."""

    _kind = httpx.Client

    def send(self, request: Request) -> Response:
        """The whole answer to *request*.

        Raises:
            TransportError: There is none.
            ClientClosed: The client is closed.
        """
        client, outgoing = self._prepare(request)
        with _exchange(request):
            answer = client.send(outgoing, auth=None, follow_redirects=False)
            return _response(answer, answer.content)

    def open(self, request: Request) -> SyncStream:
        """The answer to *request* with its body still to come; raises as `send` does."""
        client, outgoing = self._prepare(request)
        with _exchange(request):
            answer = client.send(outgoing, auth=None, follow_redirects=False, stream=True)
            return SyncStream(request, answer)

    def close(self) -> None:
        """Close what was made here, and send no more."""
        for client in self._retire():
            client.close()

    def _make(self, limits: httpx.Limits) -> httpx.Client:
        return httpx.Client(verify=_tls(), limits=limits, timeout=_PATIENCE, headers=_HEADERS)


class SyncStream:
    """An answer whose body is read in pieces."""

    def __init__(self, request: Request, answer: httpx.Response) -> None:
        self.head = _response(answer)
        self._request = request
        self._answer = answer
        self._chunks: Iterator[bytes] = answer.iter_bytes()

    def read(self) -> bytes:
        """The next piece, b"" at the end.

        Raises:
            Interrupted: The body broke off.
        """
        with _exchange(self._request):
            return next(self._chunks, b"")

    def close(self) -> None:
        """Give the connection back; trouble in doing so is nobody's trouble."""
        with suppress(TransportError), _exchange(self._request):
            self._answer.close()


class AsyncTransport(_Wire[httpx.AsyncClient]):
    """Sends by awaiting."""

    _kind = httpx.AsyncClient

    async def send(self, request: Request) -> Response:
        """The whole answer to *request*; raises as `SyncTransport.send` does."""
        client, outgoing = self._prepare(request)
        with _exchange(request):
            answer = await client.send(outgoing, auth=None, follow_redirects=False)
            return _response(answer, answer.content)

    async def open(self, request: Request) -> AsyncStream:
        """The answer to *request* with its body still to come; raises as `SyncTransport.send` does."""
        client, outgoing = self._prepare(request)
        with _exchange(request):
            answer = await client.send(outgoing, auth=None, follow_redirects=False, stream=True)
            return AsyncStream(request, answer)

    async def close(self) -> None:
        """Close what was made here, and send no more."""
        for client in self._retire():
            await client.aclose()

    def _make(self, limits: httpx.Limits) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=_tls(), limits=limits, timeout=_PATIENCE, headers=_HEADERS)


class AsyncStream:
    """An answer whose body is awaited in pieces."""

    def __init__(self, request: Request, answer: httpx.Response) -> None:
        self.head = _response(answer)
        self._request = request
        self._answer = answer
        self._chunks: AsyncIterator[bytes] = answer.aiter_bytes()

    async def read(self) -> bytes:
        """The next piece, b"" at the end; raises as `SyncStream.read` does."""
        with _exchange(self._request):
            return await anext(self._chunks, b"")

    async def close(self) -> None:
        """Give the connection back; trouble in doing so is nobody's trouble."""
        with suppress(TransportError), _exchange(self._request):
            await self._answer.aclose()
