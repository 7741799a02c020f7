"""The transport of the async clients: it awaits, in any number of event loops, one after the other."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import anyio
import httpx

from soundstage._io import deadline
from soundstage._io.deadline import Deadline, Pace
from soundstage._io.http import pools
from soundstage._io.http.body import Body, head
from soundstage._io.http.direct import AsyncConnections
from soundstage._io.http.exchange import broken_off, check_order, exchange
from soundstage._io.http.library import AsyncHttp
from soundstage._io.http.transport import Transport
from soundstage._io.ownership import of_loop
from soundstage._values.messages import NotSent, Request, Response, TransportError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class AsyncTransport(Transport[AsyncHttp]):
    """Sends requests, awaiting."""

    _kind = "AsyncClient"
    _trace = staticmethod(deadline.atrace)

    async def send(self, request: Request) -> Response:
        """Send *request* and return the whole response; raises as `SyncTransport.send` does."""
        release = await self._take_slot(request)
        try:
            return await self._send(request)
        finally:
            release()

    async def _send(self, request: Request) -> Response:
        client, outgoing = self._prepare(request)
        limit = Deadline(self._seconds(client, request), self._now)
        with exchange(request, limit):
            received: httpx.Response = await client.send(outgoing, auth=None, follow_redirects=False, stream=True)
            body = Body(received, limit)
            try:
                return await self._read(received, body, limit)
            except Exception as error:  # noqa: BLE001 - whatever it is, something arrived
                raise broken_off(error, body, request) from None

    async def _read(self, received: httpx.Response, body: Body, limit: Deadline) -> Response:
        try:
            check_order(limit)
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
            stack.callback(await self._take_slot(request))
            client, outgoing = self._prepare(request)
            seconds = self._seconds(client, request)
            with exchange(request, Deadline(seconds, self._now)):
                received = await client.send(outgoing, auth=None, follow_redirects=False, stream=True)
                stream = AsyncStream(request, received, Pace(seconds, self._now))
            stream.slot = stack.pop_all()
            return stream

    async def _take_slot(self, request: Request) -> Callable[[], None]:
        """Wait for a connection, and return what gives it back; raises as `SyncTransport._take_slot` does."""
        slots: anyio.Semaphore | None = self._slots(request)
        if slots is None:
            return pools.nothing
        with anyio.move_on_after(request.timeout) as waiting:
            await slots.acquire()
        if waiting.cancelled_caught:
            raise NotSent(pools.no_slot(request))
        return slots.release

    @staticmethod
    def _semaphore() -> anyio.Semaphore:
        return anyio.Semaphore(pools.CONNECTIONS, fast_acquire=True)

    async def close(self) -> None:
        """Close the clients of this event loop; later requests are refused in every one."""
        for client in self._mark_closed():
            await client.aclose()

    def _make(self, limits: httpx.Limits, *, trust_env: bool) -> AsyncHttp:
        if pools.is_direct(trust_env=trust_env):
            return AsyncConnections(limits, pools.tls())
        return httpx.AsyncClient(limits=limits, trust_env=trust_env, **pools.settings())

    def _own(self) -> pools.Own[AsyncHttp]:
        return of_loop(self, pools.Own[AsyncHttp])


class AsyncStream:
    """A response whose body is awaited in chunks."""

    def __init__(self, request: Request, received: httpx.Response, pace: Pace) -> None:
        self.head = head(received)
        self._request = request
        self._received = received
        self._pace = pace
        self.slot = AsyncExitStack()
        self._chunks: AsyncIterator[bytes] = (
            _one(received.content) if received.is_stream_consumed else received.aiter_raw()
        )

    async def read(self) -> bytes:
        """Return the next chunk, b"" at the end; raises as `SyncStream.read` does."""
        with exchange(self._request, self._pace.begin()):
            chunk = await anext(self._chunks, b"")
            self._pace.end(len(chunk))
            return chunk

    async def close(self) -> None:
        """Return the connection to the pool; an error in doing so changes nothing about the download and is dropped."""
        async with self.slot:
            with suppress(TransportError), exchange(self._request):
                await self._received.aclose()


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content
