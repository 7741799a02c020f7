"""The simulator without a socket: httpx transports, sync and async, that run it on an event loop in a thread."""

from __future__ import annotations

import asyncio
import threading
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final, Self

import anyio.to_thread
import httpx

from soundstage_server.http.application import Simulator
from soundstage_server.http.connection import CONNECTION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from concurrent.futures import Future

    from soundstage_server.model.asgi import Receive
    from soundstage_server.world.world import World

URL: Final = "http://soundstage.test"
"""The address of an in-process simulator: a name that can never be a real host (RFC 6761)."""


class InProcess:
    """A world behind httpx transports.

    Args:
        world: The world; the caller closes it.

    Used as a context manager; the loop's thread starts at the first request and ends with the block.
    """

    url: Final = URL

    def __init__(self, world: World) -> None:
        self.world = world
        self._app = Simulator(world)
        self._loop: _Loop | None = None
        self._starting = threading.Lock()

    def __enter__(self) -> Self:
        """Return the simulator itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the loop and its thread."""
        self.close()

    def base_url(self, vendor: str) -> str:
        """Return the address that takes the place of ``https://<the vendor's host>``."""
        return f"{self.url}/{vendor}"

    def client(self, **options: Any) -> httpx.Client:
        """Return an `httpx.Client` connected to this simulator; *options* are httpx's own."""
        return _Client(transport=_Sync(self), **options)

    def async_client(self, **options: Any) -> httpx.AsyncClient:
        """Return an `httpx.AsyncClient` connected to this simulator; *options* are httpx's own."""
        return _AsyncClient(transport=_Async(self), **options)

    def close(self) -> None:
        """Stop the loop and its thread, and cancel requests that are under way. Safe to call twice."""
        with self._starting:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()

    def submit(self, request: httpx.Request, body: bytes) -> Future[httpx.Response]:
        """Run *request* on the loop."""
        # In a context of its own: that of a caller under trio names trio as the library of the event loop.
        return Context().run(asyncio.run_coroutine_threadsafe, _exchange(self._app, request, body), self._running())

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = _Loop()
            return self._loop.loop


class _Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.loop = self._runner.get_loop()
        self._ending = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="soundstage-loop", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Cancel what runs on the loop, and end its thread."""
        self.loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def _run(self) -> None:
        with self._runner:
            self._runner.run(self._ending.wait())


# A mock of httpx, such as respx, may replace this method of both classes for the whole process. What is connected to a
# simulator in this process sends nothing that the mock is for.
class _Client(httpx.Client):
    def _transport_for_url(self, url: httpx.URL) -> httpx.BaseTransport:
        del url
        return self._transport


class _AsyncClient(httpx.AsyncClient):
    def _transport_for_url(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        del url
        return self._transport


class _Sync(httpx.BaseTransport):
    def __init__(self, simulator: InProcess) -> None:
        self._simulator = simulator

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._simulator.submit(request, request.read()).result()


class _Async(httpx.AsyncBaseTransport):
    def __init__(self, simulator: InProcess) -> None:
        self._simulator = simulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        future = self._simulator.submit(request, await request.aread())
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # another library, such as trio, runs the caller
            return await _wait_in_thread(future)
        return await asyncio.wrap_future(future)


async def _wait_in_thread(future: Future[httpx.Response]) -> httpx.Response:
    try:
        return await anyio.to_thread.run_sync(future.result, abandon_on_cancel=True)
    finally:
        future.cancel()


class _Connection:
    """The connection of one request: what happens to it is what httpx would report for a socket."""

    def __init__(self, request: httpx.Request) -> None:
        self._read_timeout: float | None = request.extensions.get("timeout", {}).get("read")
        self.lost: httpx.TransportError | None = None

    async def reset(self) -> None:
        """Break the connection."""
        self.lost = httpx.ReadError("[Errno 104] Connection reset by peer")

    def close(self) -> None:
        """Do nothing: an incomplete response is recognized by its length."""

    async def wait(self, seconds: float | None, receive: Receive) -> bool:
        """Keep the caller waiting, or fail at once if its read timeout is shorter: no test sleeps for a timeout."""
        # httpx's own timeouts belong to sockets; without one, the transport has to apply them.
        if self._read_timeout is not None and (seconds is None or seconds >= self._read_timeout):
            self.lost = httpx.ReadTimeout("timed out")
            return False
        if seconds is None:
            await receive()
        await asyncio.sleep(seconds or 0.0)
        return True


class _Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that ends before its length."""

    def __init__(self, content: bytes, error: httpx.TransportError) -> None:
        self._content = content
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        if self._content:
            yield self._content
        raise self._error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


async def _exchange(app: Simulator, request: httpx.Request, body: bytes) -> httpx.Response:
    """Run one ASGI request and return what it sent."""
    sent: list[Any] = []
    requests = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if not requests:
            await asyncio.Event().wait()  # the caller stays connected: it is waiting for this response
        return requests.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    connection = _Connection(request)
    await app({**_scope(request), "state": {CONNECTION: connection}}, receive, send)
    if not sent:
        raise connection.lost or httpx.RemoteProtocolError("Server disconnected without sending a response.")
    start, *rest = sent
    content = b"" if request.method == "HEAD" else b"".join(message.get("body", b"") for message in rest)
    stream = httpx.ByteStream(content) if request.method == "HEAD" else _stream(start, content, connection)
    return httpx.Response(start["status"], headers=start["headers"], stream=stream, request=request)


def _stream(start: Any, content: bytes, connection: _Connection) -> httpx.ByteStream | _Broken:
    """Return the complete body, or one that breaks where its connection did."""
    length = next((int(value) for name, value in start["headers"] if name == b"content-length"), len(content))
    if len(content) == length:
        return httpx.ByteStream(content)
    counts = f"received {len(content)} bytes, expected {length}"
    closed = httpx.RemoteProtocolError(f"peer closed connection without sending complete message body ({counts})")
    return _Broken(content, connection.lost or closed)


def _scope(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 0),
        "server": (request.url.host, request.url.port),
    }
