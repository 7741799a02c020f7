"""Sockets that listen, without what serves them: who connects before a server has started waits for it."""

from __future__ import annotations

import errno
import socket
from typing import Final

BACKLOG: Final = 2048
_BIND_ATTEMPTS: Final = 8


class ServeError(OSError):
    """The address cannot be served; the message names it and the reason."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Return a listening socket for each address of *host*, all with the same port; 0 takes a free one.

    Raises:
        ServeError: The port is in use, or the address is not this machine's.
    """
    # Clients that resolve "localhost" to ::1 first would not reach a server that listens on 127.0.0.1 only.
    addresses = ("127.0.0.1", "::1") if host == "localhost" else (host,)
    for attempt in range(_BIND_ATTEMPTS):
        listeners: list[socket.socket] = []
        try:
            for address in addresses:
                chosen = listeners[0].getsockname()[1] if listeners else port
                if listener := _listen(address, chosen, optional=bool(listeners)):
                    listeners.append(listener)
        except (OSError, OverflowError) as error:
            for listener in listeners:
                listener.close()
            # The free port of the first address may be in use on the second: take another one.
            if listeners and port == 0 and attempt + 1 < _BIND_ATTEMPTS:
                continue
            raise ServeError(f"cannot listen on {host} port {port}: {error}") from None
        return listeners
    raise AssertionError  # pragma: no cover - the last attempt returns or raises


def _listen(address: str, port: int, *, optional: bool) -> socket.socket | None:
    """Return a socket that listens on *address*, or None if it is *optional* and this machine does not have it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        if optional:
            return None
        raise
    try:
        # Connections of a server that has just stopped do not block its port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        if optional and isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    return listener
