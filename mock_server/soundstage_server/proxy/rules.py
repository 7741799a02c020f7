"""Where a proxied request goes: to the simulator, to the host that it names, or nowhere."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from soundstage_server.model.asgi import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable

_TLS, _PLAIN = 443, 80


class Way(Enum):
    """What becomes of a request."""

    SIMULATED = "simulated"
    PASSED = "passed"
    REFUSED = "refused"


class Address(NamedTuple):
    """A host, in lower case and without brackets, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return the address as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str, *, tls: bool = True) -> Address:
        """Return the address in ``HOST[:PORT]``; without a port, that of http or https.

        Raises:
            ValueError: There is no host, or the port is not one.
        """
        host, colon, port = text.rpartition(":")
        if not colon or "]" in port:
            host, port = text, ""
        if not host or (port and not port.isdecimal()):
            raise ValueError(f"{text!r} is not HOST[:PORT]")
        default = _TLS if tls else _PLAIN
        return cls(host.strip("[]").lower().rstrip("."), int(port) if port else default)


class Rules:
    """Which hosts are simulated and which are passed on; every other host is refused.

    Args:
        simulated: The vendors' hosts.
        allowed: Hosts that are passed on; ``*.example.com`` is every host below example.com. This machine always is.
    """

    def __init__(self, simulated: Iterable[str], allowed: Iterable[str] = ()) -> None:
        self.simulated = frozenset(simulated)
        self.allowed = tuple(host.lower() for host in allowed)

    def way(self, host: str) -> Way:
        """Return the way of a request to *host*."""
        if host in self.simulated:
            return Way.SIMULATED
        passed = is_loopback(host) or any(_matches(host, pattern) for pattern in self.allowed)
        return Way.PASSED if passed else Way.REFUSED


def _matches(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
