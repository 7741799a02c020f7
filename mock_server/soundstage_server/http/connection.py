"""The server's side of a connection: a transport that sends a response in one write.

uvicorn writes a response's head and body separately, each with a system call that wakes the client. One write costs
about half as much, and the system call is the larger part of what a poll costs.

A fault below HTTP needs the connection of a request: it is in the ASGI scope, as
``scope["state"]["soundstage.connection"]``, put there once per connection and not once per request.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage_server.model.asgi import Receive

CONNECTION: Final = "soundstage.connection"
"""The key in ``scope["state"]`` under which an application finds the connection of a request."""

_FLUSH_TURNS: Final = 100
# The C struct linger: switched on, zero seconds.
_RESET: Final = struct.pack("ii", 1, 0)


class LateBytes(Protocol):
    """Bytes that are not final before the requests of this iteration of the loop are committed."""

    @property
    def content(self) -> bytes:
        """The bytes, after the commit."""


class CoalescingTransport:
    """A transport that collects what is written in one iteration of the loop, and sends it at the end of it.

    Args:
        transport: The transport that sends.
        commit: Called before anything is sent: it writes what the responses promise, those of all connections at once.
    """

    def __init__(self, transport: asyncio.Transport, commit: Callable[[], None] = lambda: None) -> None:
        self._transport = transport
        self._commit = commit
        self._loop = asyncio.get_running_loop()
        self._pending: list[bytes | LateBytes] = []

    def __getattr__(self, name: str) -> Any:
        """Delegate everything else to the wrapped transport."""
        return getattr(self._transport, name)

    def write(self, data: bytes | LateBytes) -> None:
        """Send *data* at the end of this iteration of the loop."""
        # The first write schedules one flush for all writes of this iteration: head and body leave together.
        if not self._pending:
            self._loop.call_soon(self._flush)
        self._pending.append(data)

    def write_whole(self, data: bytes | LateBytes) -> None:
        """Send *data*, a whole response: at once if nothing has to be written before it."""
        if self._pending or not isinstance(data, bytes):
            self.write(data)
        elif not self._transport.is_closing():
            # Nothing will follow that could share the write, so the flush would only cost a callback of the loop.
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection once everything is sent."""
        # The wrapped transport sends its own buffer before it closes, but does not know of what is collected here.
        self._flush()
        self._transport.close()

    async def reset(self) -> None:
        """Send what was written, then break the connection, so that the caller sees a reset."""
        self._flush()
        # A reset discards what is still in the transport's buffer; give the loop a chance to send it first.
        for _ in range(_FLUSH_TURNS):
            if not self._transport.get_write_buffer_size():
                break
            await asyncio.sleep(0)
        # Lingering for zero seconds turns the close into a TCP reset. The transport shows its socket without
        # `setsockopt`, and options belong to the socket, so a duplicate of its descriptor sets them.
        original = self._transport.get_extra_info("socket")
        with suppress(OSError), socket.fromfd(original.fileno(), original.family, original.type) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    async def wait(self, seconds: float | None, receive: Receive) -> bool:
        """Keep the caller waiting for *seconds*, or without end; return whether the caller is still connected."""
        return await _wait_or_disconnect(seconds, receive)

    def _flush(self) -> None:
        self._commit()
        pending, self._pending = self._pending, []
        if pending and not self._transport.is_closing():
            self._transport.write(b"".join([one if isinstance(one, bytes) else one.content for one in pending]))


class UnreachableConnection:
    """The connection of a request that another server than ours carries: it cannot be reached, only fail."""

    async def reset(self) -> None:
        """Fail, which ends the connection in most servers.

        Raises:
            ConnectionResetError: Always.
        """
        raise ConnectionResetError("an injected fault; below HTTP, faults need Soundstage's own Server or InProcess")

    def close(self) -> None:
        """Do nothing: servers close a connection whose response is incomplete."""

    async def wait(self, seconds: float | None, receive: Receive) -> bool:
        """Keep the caller waiting for *seconds*, or without end; return whether the caller is still connected."""
        return await _wait_or_disconnect(seconds, receive)


async def _wait_or_disconnect(seconds: float | None, receive: Receive) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            # More of the request's body may still come; only a disconnect ends the wait early.
            while (await receive())["type"] != "http.disconnect":
                pass
        return False
    return True
