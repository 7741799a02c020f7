"""Copies bytes between two connections, and ends one as the other ended: at its end, or by a reset."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Final

CHUNK: Final = 64 * 1024
# The C struct linger: switched on, zero seconds.
_RESET: Final = struct.pack("ii", 1, 0)


class Stream:
    """A connection as two streams.

    Attributes:
        received: How many bytes have been read.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.received = 0

    async def read(self) -> bytes:
        """Return what has arrived; nothing at the end."""
        data = await self._reader.read(CHUNK)
        self.received += len(data)
        return data

    async def write(self, data: bytes) -> None:
        """Send *data*, and wait while too much of it is unsent."""
        self._writer.write(data)
        await self._writer.drain()

    def end(self) -> None:
        """Send no more; what the other side sends is still received."""
        if self._writer.can_write_eof():
            self._writer.write_eof()

    def reset(self) -> None:
        """Break the connection, so that the other side sees a reset and no regular end."""
        transport = self._writer.transport
        connection = transport.get_extra_info("socket")
        with suppress(OSError), socket.fromfd(connection.fileno(), connection.family, connection.type) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()

    def abort(self) -> None:
        """Close the connection at once; nothing happens if it is closed."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close the connection once everything is sent."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


async def relay(one: Stream, other: Stream) -> None:
    """Copy in both directions until both have ended; a reset of one is a reset of the other."""
    try:
        async with asyncio.TaskGroup() as copies:
            copies.create_task(_copy(one, other))
            copies.create_task(_copy(other, one))
    except* OSError:
        # The simulator injects resets as faults: a program behind the proxy must see them as it would without it.
        one.reset()
        other.reset()


async def _copy(source: Stream, target: Stream) -> None:
    while data := await source.read():
        await target.write(data)
    target.end()
