"""The simulator without a socket: httpx transports, sync and async, that run it on a loop in a thread."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Final, Self

import httpx

from understudy_server.application import Simulator

if TYPE_CHECKING:
    from concurrent.futures import Future

    from understudy_server.world import World

URL: Final = "http://understudy.test"
"""Where an in-process simulator seems to be: a name that can never be a real host (RFC 6761)."""


class InProcess:
    """A world behind httpx transports.

    Args:
        world: What answers; the caller closes it.

    Used as a context manager; the loop's thread starts at the first request and ends with the block.
    """

    url: Final = URL

    def __init__(self, world: World) -> None:
        self.world = world
        self._app = Simulator(world)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
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
        """Return an `httpx.Client` that speaks to this simulator; *options* are httpx's own."""
        return httpx.Client(transport=_Sync(self), **options)

    def async_client(self, **options: Any) -> httpx.AsyncClient:
        """Return an `httpx.AsyncClient` that speaks to this simulator; *options* are httpx's own."""
        return httpx.AsyncClient(transport=_Async(self), **options)

    def close(self) -> None:
        """Stop the loop and its thread. Safe to call twice."""
        with self._starting:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def submit(self, request: httpx.Request, body: bytes) -> Future[httpx.Response]:
        """Answer *request* on the loop."""
        return asyncio.run_coroutine_threadsafe(_exchange(self._app, request, body), self._running())

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="understudy-loop", daemon=True)
                self._thread.start()
            return self._loop


class _Sync(httpx.BaseTransport):
    def __init__(self, simulator: InProcess) -> None:
        self._simulator = simulator

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._simulator.submit(request, request.read()).result()


class _Async(httpx.AsyncBaseTransport):
    def __init__(self, simulator: InProcess) -> None:
        self._simulator = simulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answering = self._simulator.submit(request, await request.aread())
        return await asyncio.wrap_future(answering)


async def _exchange(app: Simulator, request: httpx.Request, body: bytes) -> httpx.Response:
    """Run one ASGI request and return what it sent."""
    sent: list[Any] = []
    asked = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if not asked:
            await asyncio.Event().wait()  # the caller stays connected: it is waiting for this answer
        return asked.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(_scope(request), receive, send)
    start, *rest = sent
    content = b"".join(message.get("body", b"") for message in rest)
    return httpx.Response(start["status"], headers=start["headers"], stream=httpx.ByteStream(content), request=request)


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
