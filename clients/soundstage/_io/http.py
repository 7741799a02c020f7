"""The transport: the one module that uses the HTTP library, httpx.

An own httpx client is created at the first request, with a TLS context that is created once and shared. Paid requests
use connections that are not kept alive, so that a stale pooled connection never makes an outcome unknown. An injected
client is used with its own settings and never closed here. Own clients belong to one process and one event
loop. No redirect is followed here. Every exchange has a deadline, and the body of a response that is read whole has a
greatest size.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
import time
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio
import httpx

from soundstage._io import deadline
from soundstage._io.deadline import Deadline, DeadlinePassed, Pace
from soundstage._io.ownership import is_loopback, of_loop, renew_after_fork
from soundstage._values.content_encoding import ACCEPTED, Decoder
from soundstage._values.messages import Interrupted, NotSent, Request, Response, TransportError
from soundstage._values.redaction import Redactor, SecretHeaders, hide_query
from soundstage._values.validation import instance, invalid
from soundstage._version import __version__
from soundstage.errors import ClientClosed, InvalidArgument

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator

SyncHttp = httpx.Client
AsyncHttp = httpx.AsyncClient
HttpT = TypeVar("HttpT", bound=httpx.Client | httpx.AsyncClient)

# With these errors no byte of the request can have reached the service; with any other one it may have.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
_BROKEN = (httpx.HTTPError, httpx.StreamError, OSError)
_TIMEOUT = 60.0  # seconds, as in the vendors' own clients
_UPLOAD_RATE = 1 << 16  # bytes that a request may send in a second beyond the default timeout, on a slow line
MAX_BODY = 64 << 20  # decoded bytes of a response that is read whole; the longest documented one is a video in base64
_EXCERPT = 1 << 16  # bytes that are kept of a longer one
_CONNECTIONS = 100  # of one pool at a time
_POOLED = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=20)
_UNPOOLED = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=0)
_HEADERS = {"User-Agent": f"soundstage/{__version__}"}
_PROXY_VARIABLES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
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
    try:
        return httpx.create_ssl_context()
    except (OSError, ValueError) as error:
        variable = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), "SSL_CERT_FILE")
        invalid(variable, os.environ.get(variable), f"certificates that can be loaded ({error}); nothing was sent")


@contextmanager
def _environment() -> Generator[None, None, None]:
    """Explain why no client can be created: the addresses of proxies come from the environment."""
    try:
        yield
    except (httpx.InvalidURL, ValueError, ImportError) as error:
        if isinstance(error, InvalidArgument):
            raise
        given = {name: os.environ.get(name) or os.environ.get(name.lower()) for name in _PROXY_VARIABLES}
        used = {name: hide_query(value) for name, value in given.items() if value}
        field, allowed = " and ".join(used) or "the proxy", f"the address of a proxy that can be used ({error})"
        invalid(field, used, f"{allowed}; nothing was sent", shown=repr(" ".join(used.values())))


@contextmanager
def _exchange(request: Request, limit: Deadline | None = None) -> Generator[None, None, None]:
    """Mark log records as this library's own, limit the time, and translate errors into `NotSent` or `Interrupted`."""
    mark = _own_request.set(True)
    limited = deadline.current.set(limit)
    try:
        yield
    except TransportError:
        raise
    except DeadlinePassed as error:
        raise (Interrupted if error.sent else NotSent)(_reason(error, request)) from None
    except _NEVER_SENT as error:
        raise NotSent(_reason(error, request)) from None
    except _BROKEN as error:
        raise Interrupted(_reason(error, request)) from None
    except Exception as error:
        # An unexpected error, of an injected transport perhaps: the request may have been sent, so assume that.
        raise Interrupted(_reason(error, request)) from error
    finally:
        deadline.current.reset(limited)
        _own_request.reset(mark)


@contextmanager
def _keeping(body: _Body, request: Request) -> Generator[None, None, None]:
    """Keep what arrived of a body on the error when it breaks off: it may be all that is known of a paid job."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, something arrived
        reason = str(error) if isinstance(error, TransportError) else _reason(error, request)
        raise Interrupted(reason, body.response()) from None


def _reason(error: Exception, request: Request) -> str:
    """Return the error message without header values, as httpx quotes an illegal header value."""
    return Redactor(request.headers.values())(f"{type(error).__name__}: {error}".removesuffix(": "))


def _capped(limits: httpx.Timeout, seconds: float | None) -> httpx.Timeout:
    if seconds is None:
        return limits
    capped = {name: seconds if limit is None else min(limit, seconds) for name, limit in limits.as_dict().items()}
    return httpx.Timeout(**capped)


class _Body:
    """The body of a response that is read whole, decoded."""

    def __init__(self, received: httpx.Response, limit: Deadline) -> None:
        self._received = received
        self._limit = limit
        limit.mark_sent()  # there is a response, also where no connection was guarded
        self._decoder = Decoder(received.headers.get("content-encoding", ""))
        self._content = bytearray()

    def add(self, chunk: bytes) -> None:
        """Append what arrived.

        Raises:
            DeadlinePassed: The time of the exchange is over.
            Interrupted: The body is too large, or damaged.
        """
        self._limit.limit(None)  # here as well as in each read: not every transport has connections to guard
        try:
            for piece in self._decoder.feed(chunk):
                self._content += piece
                if len(self._content) > MAX_BODY:
                    del self._content[_EXCERPT:]
                    raise Interrupted(f"the response is larger than {MAX_BODY} bytes")
        except ValueError as error:
            raise Interrupted(str(error)) from None

    def response(self) -> Response:
        """Return the response with everything that arrived."""
        content = bytes(self._content)
        # As after `read()`, which has no limit: hooks of an injected client, and transcripts, keep the response.
        self._received._content = content  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return _response(self._received, content)


def _response(received: httpx.Response, content: bytes = b"") -> Response:
    return Response(received.status_code, {name.lower(): value for name, value in received.headers.items()}, content)


class _Own(Generic[HttpT]):
    """The httpx clients of one process and event loop: by whether requests are paid, and sent to this machine."""

    def __init__(self) -> None:
        self.clients: dict[tuple[bool, bool], HttpT] = {}
        self.slots: dict[tuple[bool, bool], Any] = {}


class _Transport(ABC, Generic[HttpT]):
    """The httpx clients behind one client: an injected one, or two that are created when first needed.

    The second one, without kept-alive connections, is for paid requests.
    """

    _kind: type[HttpT]
    _trace: Callable[..., object]

    def __init__(
        self, injected: HttpT | None, timeout: float | None, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare; nothing is connected.

        Args:
            injected: The caller's own client, which then sends everything.
            timeout: Seconds of one exchange, None for the default or the injected client's limits.
            now: Returns the seconds of the clock for deadlines: always real time, because a network has no other.
        """
        self._injected = instance("http", injected, self._kind)
        self._timeout = timeout
        self._now = now
        self._closed = False
        self._home: _Own[HttpT] | None = None  # where an injected client was first used
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Start without connections, at first and after a fork."""
        self._created: _Own[HttpT] = _Own()
        self._lock = threading.Lock()  # threads share a client, and two first requests must not create two

    @property
    def base_url(self) -> str:
        """The base address of the injected client, or ""."""
        return "" if self._injected is None else str(self._injected.base_url)

    def _pick(self, request: Request) -> HttpT:
        # An address of this machine is not requested through a proxy, and a wrong proxy does not matter for it.
        key = (request.paid, is_loopback(request.url))
        with self._lock:
            own = self._own()
            client = self._injected or own.clients.get(key)
            if self._closed or (client is not None and client.is_closed):
                raise ClientClosed("the client is closed: create a new one")
            if client is None:
                with _environment():
                    client = self._make(_UNPOOLED if request.paid else _POOLED, trust_env=not key[1])
                own.clients[key] = client
            elif client is self._injected:
                self._check_home(client, own)
            return client

    def _slots(self, request: Request) -> Any:
        """Return the semaphore in front of the pool that sends *request*, None for an injected client.

        httpcore goes through all of its connections for every request that waits in its pool, and counts the wait
        against the timeout. Before the semaphore a request waits without either.
        """
        if self._injected is not None:
            return None
        key = (request.paid, is_loopback(request.url))
        with self._lock:
            slots = self._own().slots
            if key not in slots:
                slots[key] = self._semaphore()
            return slots[key]

    def _check_home(self, client: HttpT, own: _Own[HttpT]) -> None:
        """Check that an injected client is used where its connections belong, before anything is sent.

        Raises:
            ClientClosed: They belong to another process or event loop.
        """
        self._home = self._home or own
        # A transport without a network, such as a mock or an ASGI application, belongs nowhere.
        network = isinstance(getattr(client, "_transport", None), (httpx.HTTPTransport, httpx.AsyncHTTPTransport))
        if network and own is not self._home:
            raise ClientClosed(
                "the client given by http= was used in another process or event loop, where its connections belong: "
                "create one here, or pass no http="
            )

    def _prepare(self, request: Request) -> tuple[HttpT, httpx.Request]:
        """Return the httpx client and the request; a failure here proves that nothing was sent."""
        client = self._pick(request)
        try:
            return client, self._build(client, request)
        except (httpx.InvalidURL, ValueError) as error:
            raise NotSent(_reason(error, request)) from None

    def _build(self, client: HttpT, request: Request) -> httpx.Request:
        # Only encodings that are decoded here, within MAX_BODY; the download of a file accepts none.
        headers = SecretHeaders({"Accept-Encoding": ACCEPTED, **request.headers})
        content = request.content
        if content is not None:
            headers["Content-Type"] = "application/json"
        limits = client.timeout if self._timeout is None else httpx.Timeout(self._timeout)
        timeout = _capped(limits, request.timeout)
        extensions = {"trace": self._trace}
        return client.build_request(
            request.method, request.url, headers=headers, content=content, timeout=timeout, extensions=extensions
        )

    def _seconds(self, client: HttpT, request: Request) -> float | None:
        """Return how long an exchange may take, None for no limit."""
        limit = self._timeout
        if limit is None and self._injected is None:
            limit = _TIMEOUT + len(request.content or b"") / _UPLOAD_RATE
        elif limit is None:
            # Each of them limits one part of an exchange, so that one without a stall ends within their sum.
            parts = (client.timeout.connect, client.timeout.write, client.timeout.read)
            limit = sum(part for part in parts if part is not None) if None not in parts else None
        if request.timeout is None or limit is None:
            return limit if request.timeout is None else request.timeout
        return min(limit, request.timeout)

    @abstractmethod
    def _make(self, limits: httpx.Limits, *, trust_env: bool) -> HttpT: ...

    @staticmethod
    @abstractmethod
    def _semaphore() -> Any:
        """Return a semaphore of as many slots as a pool has connections."""

    @abstractmethod
    def _own(self) -> _Own[HttpT]:
        """Return the clients that belong to this process and event loop."""

    def _mark_closed(self) -> list[HttpT]:
        with self._lock:
            self._closed = True
            own = self._own().clients
            created = list(own.values())
            own.clear()
            return created


class SyncTransport(_Transport[httpx.Client]):
    """Sends requests, blocking."""

    _kind = httpx.Client
    _trace = staticmethod(deadline.trace)

    def send(self, request: Request) -> Response:
        """Send *request* and return the whole response.

        Raises:
            TransportError: There is no response.
            ClientClosed: The client is closed.
        """
        with self._slot(request):
            return self._send(request)

    def _send(self, request: Request) -> Response:
        client, outgoing = self._prepare(request)
        # The time begins here, when the request may be sent, and not while it waits for its slot.
        limit = Deadline(self._seconds(client, request), self._now)
        with _exchange(request, limit):
            # auth=None, because the auth of an injected client would replace the vendor's own header.
            received = client.send(outgoing, auth=None, follow_redirects=False, stream=True)
            body = _Body(received, limit)
            with _keeping(body, request):
                return self._read(received, body)

    def _read(self, received: httpx.Response, body: _Body) -> Response:
        try:
            if received.is_stream_consumed:  # a mock transport, or a hook of an injected client, has read it
                body.add(received.content)
            else:
                for chunk in received.iter_raw():
                    body.add(chunk)
        finally:
            received.close()
        return body.response()

    def open(self, request: Request) -> SyncStream:
        """Send *request* and return its response before the body; raises as `send` does."""
        with ExitStack() as stack:
            stack.enter_context(self._slot(request))
            client, outgoing = self._prepare(request)
            seconds = self._seconds(client, request)
            with _exchange(request, Deadline(seconds, self._now)):
                received = client.send(outgoing, auth=None, follow_redirects=False, stream=True)
                stream = SyncStream(request, received, Pace(seconds, self._now))
            stream.slot = stack.pop_all()  # the connection is in use until the stream is closed
            return stream

    @contextmanager
    def _slot(self, request: Request) -> Generator[None, None, None]:
        slots: threading.Semaphore | None = self._slots(request)
        if slots is None:
            yield
            return
        if not slots.acquire(timeout=request.timeout):
            raise NotSent(_no_slot(request))
        try:
            yield
        finally:
            slots.release()

    @staticmethod
    def _semaphore() -> threading.Semaphore:
        return threading.Semaphore(_CONNECTIONS)

    def close(self) -> None:
        """Close the clients that were created here; later requests are refused."""
        for client in self._mark_closed():
            client.close()

    def _make(self, limits: httpx.Limits, *, trust_env: bool) -> httpx.Client:
        return httpx.Client(verify=_tls(), limits=limits, timeout=_TIMEOUT, headers=_HEADERS, trust_env=trust_env)

    def _own(self) -> _Own[httpx.Client]:
        return self._created


class SyncStream:
    """A response whose body is read in chunks."""

    def __init__(self, request: Request, received: httpx.Response, pace: Pace) -> None:
        self.head = _response(received)
        self._request = request
        self._received = received
        self._pace = pace
        self.slot = ExitStack()
        self._chunks: Iterator[bytes] = iter([received.content]) if received.is_stream_consumed else received.iter_raw()

    def read(self) -> bytes:
        """Return the next chunk as it was sent, b"" at the end.

        Raises:
            Interrupted: The body broke off, or comes too slowly.
        """
        with _exchange(self._request, self._pace.begin()):
            chunk = next(self._chunks, b"")
            self._pace.end(len(chunk))
            return chunk

    def close(self) -> None:
        """Return the connection to the pool; an error in doing so changes nothing about the download and is dropped."""
        with self.slot, suppress(TransportError), _exchange(self._request):
            self._received.close()


class AsyncTransport(_Transport[httpx.AsyncClient]):
    """Sends requests, awaiting."""

    _kind = httpx.AsyncClient
    _trace = staticmethod(deadline.atrace)

    async def send(self, request: Request) -> Response:
        """Send *request* and return the whole response; raises as `SyncTransport.send` does."""
        async with self._slot(request):
            return await self._send(request)

    async def _send(self, request: Request) -> Response:
        client, outgoing = self._prepare(request)
        limit = Deadline(self._seconds(client, request), self._now)
        with _exchange(request, limit):
            received = await client.send(outgoing, auth=None, follow_redirects=False, stream=True)
            body = _Body(received, limit)
            with _keeping(body, request):
                return await self._read(received, body)

    async def _read(self, received: httpx.Response, body: _Body) -> Response:
        try:
            if received.is_stream_consumed:
                body.add(received.content)
            else:
                async for chunk in received.aiter_raw():
                    body.add(chunk)
        finally:
            await received.aclose()
        return body.response()

    async def open(self, request: Request) -> AsyncStream:
        """Send *request* and return its response before the body; raises as `SyncTransport.send` does."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._slot(request))
            client, outgoing = self._prepare(request)
            seconds = self._seconds(client, request)
            with _exchange(request, Deadline(seconds, self._now)):
                received = await client.send(outgoing, auth=None, follow_redirects=False, stream=True)
                stream = AsyncStream(request, received, Pace(seconds, self._now))
            stream.slot = stack.pop_all()
            return stream

    @asynccontextmanager
    async def _slot(self, request: Request) -> AsyncGenerator[None, None]:
        slots: anyio.Semaphore | None = self._slots(request)
        if slots is None:
            yield
            return
        with anyio.move_on_after(request.timeout) as waiting:
            await slots.acquire()
        if waiting.cancelled_caught:
            raise NotSent(_no_slot(request))
        try:
            yield
        finally:
            slots.release()

    @staticmethod
    def _semaphore() -> anyio.Semaphore:
        return anyio.Semaphore(_CONNECTIONS, fast_acquire=True)

    async def close(self) -> None:
        """Close the clients of this event loop; later requests are refused in every one."""
        for client in self._mark_closed():
            await client.aclose()

    def _make(self, limits: httpx.Limits, *, trust_env: bool) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=_tls(), limits=limits, timeout=_TIMEOUT, headers=_HEADERS, trust_env=trust_env)

    def _own(self) -> _Own[httpx.AsyncClient]:
        return of_loop(self, _Own[httpx.AsyncClient])


class AsyncStream:
    """A response whose body is awaited in chunks."""

    def __init__(self, request: Request, received: httpx.Response, pace: Pace) -> None:
        self.head = _response(received)
        self._request = request
        self._received = received
        self._pace = pace
        self.slot = AsyncExitStack()
        self._chunks: AsyncIterator[bytes] = (
            _one(received.content) if received.is_stream_consumed else received.aiter_raw()
        )

    async def read(self) -> bytes:
        """Return the next chunk, b"" at the end; raises as `SyncStream.read` does."""
        with _exchange(self._request, self._pace.begin()):
            chunk = await anext(self._chunks, b"")
            self._pace.end(len(chunk))
            return chunk

    async def close(self) -> None:
        """Return the connection to the pool; an error in doing so changes nothing about the download and is dropped."""
        async with self.slot:
            with suppress(TransportError), _exchange(self._request):
                await self._received.aclose()


def _no_slot(request: Request) -> str:
    return f"all {_CONNECTIONS} connections were in use for the {request.timeout:g} s that were left"


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content
