"""The simulator's end of a connection: uvicorn's protocol on a transport that sends an answer in one piece.

uvicorn writes an answer's head and body one after the other, each with a system call that wakes the caller. Gathered
into one write they cost about half as much, which is the larger part of what a poll costs.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from importlib.util import find_spec
from typing import Any


class GatheringTransport:
    """A transport that gathers what is written in one turn of the loop, and sends it at the end of that turn."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._gathered: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        """Leave everything else to the transport beneath."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send *data* at the end of this turn of the loop."""
        if not self._gathered:
            self._loop.call_soon(self._flush)
        self._gathered.append(data)

    def close(self) -> None:
        """Close the connection once everything is sent."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._gathered and not self._transport.is_closing():
            self._transport.write(b"".join(self._gathered))
        self._gathered.clear()


def protocol() -> type[asyncio.Protocol]:
    """Return uvicorn's fastest protocol that is installed, on a `GatheringTransport`."""
    name = ("httptools_impl", "HttpToolsProtocol") if find_spec("httptools") else ("h11_impl", "H11Protocol")
    base: Any = getattr(import_module(f"uvicorn.protocols.http.{name[0]}"), name[1])

    class Protocol(base):  # type: ignore[misc] # which of the two is known at run time only
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(GatheringTransport(transport))

    return Protocol
