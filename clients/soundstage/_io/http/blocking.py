"""The transport of the sync clients: it blocks, and threads may share it."""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import httpx

from soundstage._io import deadline
from soundstage._io.deadline import Deadline, Pace
from soundstage._io.http import pools
from soundstage._io.http.body import Body, head
from soundstage._io.http.direct import SyncConnections
from soundstage._io.http.exchange import broken_off, check_order, exchange
from soundstage._io.http.library import SyncHttp
from soundstage._io.http.transport import Transport
from soundstage._values.messages import NotSent, Request, Response, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class SyncTransport(Transport[SyncHttp]):
    """Sends requests, blocking."""

    _kind = "Client"
    _trace = staticmethod(deadline.trace)

    def send(self, request: Request) -> Response:
        """Send *request* and return the whole response.

        Raises:
            TransportError: There is no response.
            ClientClosed: The client is closed.
        """
        release = self._take_slot(request)
        try:
            return self._send(request)
        finally:
            release()

    def _send(self, request: Request) -> Response:
        client, outgoing = self._prepare(request)
        # The time begins here, when the request may be sent, and not while it waits for its slot.
        limit = Deadline(self._seconds(client, request), self._now)
        with exchange(request, limit):
            # auth=None, because the auth of an injected client would replace the vendor's own header.
            received: httpx.Response = client.send(outgoing, auth=None, follow_redirects=False, stream=True)
            body = Body(received, limit)
            try:
                return self._read(received, body, limit)
            except Exception as error:  # noqa: BLE001 - whatever it is, something arrived
                raise broken_off(error, body, request) from None

    def _read(self, received: httpx.Response, body: Body, limit: Deadline) -> Response:
        try:
            check_order(limit)
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
            stack.callback(self._take_slot(request))
            client, outgoing = self._prepare(request)
            seconds = self._seconds(client, request)
            with exchange(request, Deadline(seconds, self._now)):
                received = client.send(outgoing, auth=None, follow_redirects=False, stream=True)
                stream = SyncStream(request, received, Pace(seconds, self._now))
            stream.slot = stack.pop_all()  # the connection is in use until the stream is closed
            return stream

    def _take_slot(self, request: Request) -> Callable[[], None]:
        """Wait for a connection of the pool that sends *request*, and return what gives it back.

        Raises:
            NotSent: There was none in the time of the request.
        """
        slots: threading.Semaphore | None = self._slots(request)
        if slots is None:
            return pools.nothing
        if not slots.acquire(timeout=request.timeout):
            raise NotSent(pools.no_slot(request))
        return slots.release

    @staticmethod
    def _semaphore() -> threading.Semaphore:
        return threading.Semaphore(pools.CONNECTIONS)

    def close(self) -> None:
        """Close the clients that were created here; later requests are refused."""
        for client in self._mark_closed():
            client.close()

    def _make(self, limits: httpx.Limits, *, trust_env: bool) -> SyncHttp:
        if pools.is_direct(trust_env=trust_env):
            return SyncConnections(limits, pools.tls())
        return httpx.Client(limits=limits, trust_env=trust_env, **pools.settings())

    def _own(self) -> pools.Own[SyncHttp]:
        return self._created


class SyncStream:
    """A response whose body is read in chunks."""

    def __init__(self, request: Request, received: httpx.Response, pace: Pace) -> None:
        self.head = head(received)
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
        with exchange(self._request, self._pace.begin()):
            chunk = next(self._chunks, b"")
            self._pace.end(len(chunk))
            return chunk

    def close(self) -> None:
        """Return the connection to the pool; an error in doing so changes nothing about the download and is dropped."""
        with self.slot, suppress(TransportError), exchange(self._request):
            self._received.close()
