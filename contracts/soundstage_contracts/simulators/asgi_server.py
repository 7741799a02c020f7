"""An HTTP server for an ASGI application, within the event loop of a test."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import anyio
import httpx

if TYPE_CHECKING:
    from types import TracebackType

_NOT_PASSED_ON = frozenset({"connection", "content-length", "host", "transfer-encoding"})


class AsgiServer:
    """Serves an application on a free port of this machine, one request for each connection.

    Attributes:
        answered: How many requests have been answered.

    An async context manager, which needs asyncio.
    """

    def __init__(self, app: Any) -> None:
        self.answered = 0
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app))
        self._server: asyncio.Server | None = None
        self._changed = anyio.Event()

    async def __aenter__(self) -> Self:
        """Start listening."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        del kind, error, trace
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        await self._client.aclose()

    @property
    def url(self) -> str:
        """The address of the server."""
        assert self._server is not None, "the server is started by its context"  # noqa: S101 - a mistake of the caller
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def next_answer(self, seconds: float) -> bool:
        """Wait for the next answered request; return whether there was one within real *seconds*."""
        with anyio.move_on_after(seconds):
            await self._changed.wait()
            return True
        return False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                response = await self._respond(reader)
                head = f"HTTP/1.1 {response.status_code} {response.reason_phrase}\r\nconnection: close\r\n"
                kept = [f"{name}: {text}\r\n" for name, text in response.headers.items() if name != "connection"]
                writer.write(f"{head}{''.join(kept)}\r\n".encode("latin-1") + response.content)
                await writer.drain()
        finally:
            writer.close()
            self.answered += 1
            changed, self._changed = self._changed, anyio.Event()
            changed.set()

    async def _respond(self, reader: asyncio.StreamReader) -> httpx.Response:
        line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        method, target, _ = line.split(" ")
        headers = {name.lower(): text.strip() for name, _, text in (each.partition(":") for each in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        passed = {name: text for name, text in headers.items() if name not in _NOT_PASSED_ON}
        return await self._client.request(method, self.url + target, content=body, headers=passed)
