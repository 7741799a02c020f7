"""Which of uvicorn's HTTP protocols carries the simulator."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


def protocol() -> type[asyncio.Protocol]:
    """Return uvicorn's fastest installed protocol, on a `CoalescingTransport`."""
    if find_spec("httptools"):
        from soundstage_server.http.protocol.with_httptools import HttpToolsProtocol

        return HttpToolsProtocol
    from soundstage_server.http.protocol.with_h11 import H11Protocol

    return H11Protocol
