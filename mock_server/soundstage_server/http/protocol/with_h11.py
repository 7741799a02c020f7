"""uvicorn's HTTP protocol on h11, which is used where httptools is not installed.

h11 bounds the head of a request, reads an offer to upgrade as an ordinary request, and wants one Host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http import h11_impl

from soundstage_server.http.connection import CONNECTION, CoalescingTransport

if TYPE_CHECKING:
    import asyncio


class H11Protocol(h11_impl.H11Protocol):
    """The protocol of one connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the transport into the scope of each request, and collect what is written to it."""
        gathering = CoalescingTransport(transport)
        self.app_state = {CONNECTION: gathering}
        super().connection_made(gathering)  # type: ignore[arg-type] # it delegates what it does not change
