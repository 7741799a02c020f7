"""An HTTP proxy on this machine: the vendors' hosts end at a simulator, allowed hosts are passed on, others refused."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final, Self

from soundstage_server.proxy.connection import RefusedError, serve
from soundstage_server.proxy.rules import Address, Rules, Way
from soundstage_server.proxy.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

_HERE: Final = "127.0.0.1"


class Proxy:
    """A proxy in a thread of its own.

    Args:
        rules: Which hosts are simulated, and which are passed on.
        listener: The socket that it listens on; none opens one on a free port of 127.0.0.1.
        tls_port: The port on 127.0.0.1 where the simulator serves https.
        port: The port on 127.0.0.1 where the simulator serves http.
        trust: Returns what a client trusts that lets the proxy itself perform TLS: it asks for https addresses without
            CONNECT. Called at the first such request, since reading the machine's authorities takes long.

    Attributes:
        port: The port that the proxy listens on.
        refused: How many requests were refused, by host and port.
        distrusted: How many connections ended because the client refused the simulator's certificate, by host.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        tls_port: int,
        port: int,
        trust: Callable[[], SSLContext],
        listener: socket.socket | None = None,
    ) -> None:
        self._rules = rules
        self._ports = {True: tls_port, False: port}
        self._trust = cache(trust)
        self.refused: Counter[Address] = Counter()
        self.distrusted: Counter[str] = Counter()
        self._listener = listener or socket.create_server((_HERE, 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._runner = asyncio.Runner()
        self._ending: asyncio.Event = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="soundstage-proxy", daemon=True)

    @property
    def url(self) -> str:
        """The address of the proxy."""
        return f"http://{_HERE}:{self.port}"

    def __enter__(self) -> Self:
        """Start the proxy; what connects before it has started waits."""
        self._loop = self._runner.get_loop()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections, and stop."""
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def check(self, address: Address) -> None:
        """Count and refuse a request to a host that is neither simulated nor allowed.

        Raises:
            RefusedError: It is refused.
        """
        if self._rules.way(address.host) is Way.REFUSED:
            self.refused[address] += 1
            raise RefusedError(f"soundstage run refused {address}: no vendor's host; --allow {address.host} permits it")

    def note_distrust(self, address: Address) -> None:
        """Count a client that has refused the certificate of *address*, if it is the simulator's."""
        if self._rules.way(address.host) is Way.SIMULATED:
            self.distrusted[address.host] += 1

    async def open(self, address: Address, *, tls: bool, encrypt: bool = False) -> Stream:
        """Connect to the simulator in place of a vendor's host, or to the host itself.

        Raises:
            OSError: It cannot be reached.
        """
        simulated = self._rules.way(address.host) is Way.SIMULATED
        host, port = (_HERE, self._ports[tls]) if simulated else address
        if not encrypt:
            return Stream(*await asyncio.open_connection(host, port))
        return Stream(*await asyncio.open_connection(host, port, ssl=self._trust(), server_hostname=address.host))

    def _run(self) -> None:
        with self._runner:
            self._runner.run(self._serve())

    async def _serve(self) -> None:
        connections: set[asyncio.Task[None] | None] = set()

        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            connections.add(task)
            try:
                await serve(reader, writer, self)
            except asyncio.CancelledError:
                writer.transport.abort()  # asyncio reports a canceled handler as an error; here it is the regular end
            finally:
                connections.discard(task)

        server = await asyncio.start_server(accepted, sock=self._listener)
        await self._ending.wait()
        server.close()
        running = [task for task in connections if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running)
