"""What a program of `soundstage run` talks to: the simulator with and without TLS, and the proxy before both."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Self

from soundstage_server.http.listeners import listen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from soundstage_server import World
    from soundstage_server.proxy.authority import Authority
    from soundstage_server.proxy.proxy import Proxy
    from soundstage_server.proxy.rules import Rules

_HERE: Final = "127.0.0.1"


class Servers:
    """Three listening sockets, and after `start` what serves them.

    The servers take as long to import as all that has to exist before a program starts. A program that connects
    earlier waits, so that they are imported while the program itself starts.

    Args:
        world: What the simulator serves.
        authority: What signs its certificate.
        rules: Which hosts the proxy simulates, passes on and refuses.
        ports: Of the simulator without and with TLS; 0 is a free port.

    Attributes:
        port: The port of the proxy.
        proxy: The proxy, once it has started.

    Raises:
        ServeError: A port is in use, or this user may not listen on it.
    """

    proxy: Proxy

    def __init__(self, world: World, authority: Authority, rules: Rules, ports: tuple[int, int] = (0, 0)) -> None:
        self._world, self._authority, self._rules = world, authority, rules
        with ExitStack() as opened:
            self._plain, self._tls, self._proxy = (self._listen(opened, port) for port in (*ports, 0))
            self._opened = opened.pop_all()
        self.port: int = self._proxy.getsockname()[1]

    def _listen(self, opened: ExitStack, port: int) -> Any:
        (listener,) = listen(_HERE, port)
        return opened.enter_context(listener)

    def __enter__(self) -> Self:
        """Return the sockets, which listen already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what has started, and close the sockets."""
        self._opened.close()

    @property
    def settings(self) -> dict[str, Any]:
        """What the preloaded scripts need."""
        return {
            "proxy": self.port,
            "tls": self._tls.getsockname()[1],
            "plain": self._plain.getsockname()[1],
            "hosts": sorted(self._rules.simulated),
            "allowed": list(self._rules.allowed),
        }

    def start(self, hosts: Iterable[str]) -> None:
        """Serve; the certificate is for *hosts* and this machine."""
        from soundstage_server import Server
        from soundstage_server.proxy.proxy import Proxy

        plain = Server(self._world, listeners=[self._plain])
        tls = Server(self._world, listeners=[self._tls], tls=self._authority.server_context(hosts))
        self._opened.enter_context(plain)
        self._opened.enter_context(tls)
        self._opened.callback(plain.stop_soon)  # both stop at the same time
        self.proxy = Proxy(
            self._rules, tls_port=tls.port, port=plain.port, trust=self._authority.client_context, listener=self._proxy
        )
        self._opened.enter_context(self.proxy)
