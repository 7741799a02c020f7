"""Connections that never get a response: the fault ``hang`` keeps them open until the caller or the world gives up."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from soundstage_server.model.asgi import Receive


class Connection(Protocol):
    """What the simulator can do to a caller's connection, over a socket or in process."""

    async def reset(self) -> None:
        """Send what was written, then break the connection, so that the caller sees a reset."""

    def close(self) -> None:
        """Send what was written, then close the connection as a server does after its last byte."""

    async def wait(self, seconds: float | None, receive: Receive) -> bool:
        """Keep the caller waiting for *seconds*, or without end; return whether the caller is still connected."""


class HungConnections:
    """The connections of one world that are kept open without a response."""

    def __init__(self) -> None:
        self._closed = False
        self._hanging: set[asyncio.Task[bool]] = set()

    def __len__(self) -> int:
        """Return how many callers are kept waiting."""
        return len(self._hanging)

    async def hang(self, connection: Connection, receive: Receive) -> None:
        """Keep a caller waiting until it gives up, or until the world is closed."""
        waiting = asyncio.ensure_future(connection.wait(None, receive))
        self._hanging.add(waiting)
        if self._closed:
            waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        self._hanging.discard(waiting)
        connection.close()

    def close(self) -> None:
        """Release every caller that is kept waiting, now and later. May be called from any thread."""
        self._closed = True
        for waiting in tuple(self._hanging):
            # Each waits on the loop of its own server. That loop may have ended, and its callers with it.
            with suppress(RuntimeError):
                waiting.get_loop().call_soon_threadsafe(waiting.cancel)
