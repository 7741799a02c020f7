"""Counts the connections of this process to other machines."""

from __future__ import annotations

import sys
from collections import Counter
from ipaddress import ip_address
from typing import Any, Final

_INTERNET: Final = 2  # an address of the internet families has a host and a port at least


class OutsideConnections:
    """Counts this process's connections to other machines, from construction until `end`."""

    def __init__(self) -> None:
        self._counted: Counter[str] = Counter()
        self._watching = True
        sys.addaudithook(self.watch)

    def count(self) -> Counter[str]:
        """Return how often this process has connected to each address of another machine."""
        return Counter(self._counted)

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Count a connection. An audit hook cannot be removed, so it is switched off instead."""
        if not self._watching or event != "socket.connect":
            return
        address = arguments[1]
        # Anything but a tuple, such as the path of a Unix socket, stays on this machine.
        if isinstance(address, tuple) and len(address) >= _INTERNET and not is_local_host(str(address[0])):
            self._counted[f"{address[0]}:{address[1]}"] += 1

    def end(self) -> None:
        """Count no more."""
        self._watching = False


def is_local_host(host: str) -> bool:
    """Return whether a connection to *host*, a name or an address, stays on this machine."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost"
    # Not every version of Python counts ::ffff:127.0.0.1 as loopback. A connection to 0.0.0.0 reaches this machine.
    plain = getattr(address, "ipv4_mapped", None) or address
    return plain.is_loopback or plain.is_unspecified
