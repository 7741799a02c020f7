"""The types of the ASGI interface, and what is read from a scope."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import ip_address
from typing import Any, Final

RawHeaders = list[tuple[bytes, bytes]]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CONTROL: Final = "/_soundstage"
"""The path under which the control API and the uploads are served."""

RECEIVED: Final = "soundstage.received"
"""The key in a scope under which it has the scope as it was received, before a trusted proxy's headers changed it."""


def origin(scope: Scope) -> str:
    """Return the scheme, host and port that a request came to."""
    for name, value in scope["headers"]:
        if name == b"host":
            return f"{scope['scheme']}://{value.decode('latin-1')}"
    host, port = scope.get("server") or ("127.0.0.1", 80)
    return f"{scope['scheme']}://[{host}]:{port}" if ":" in host else f"{scope['scheme']}://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether *host* is an address of this machine only; a name other than ``localhost`` is not resolved."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
