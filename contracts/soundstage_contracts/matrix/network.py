"""A network without sockets between a client and a simulator, which plays one fault at a time, in virtual time.

It takes the place of the sockets below httpx: requests are written to it and responses read from it as bytes, so that
the HTTP library itself parses what a fault has left of them.
"""

from __future__ import annotations

import math
import ssl
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from soundstage import RequestSent, SkippingClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage_contracts.matrix.faults import Fault, Step


class EndlessWaitError(AssertionError):
    """A client waits for a byte without any time limit."""


class VirtualClock(SkippingClock):
    """A clock whose time passes by pauses and by waits for the network; *advance* moves the simulator's time."""

    def __init__(self, advance: Callable[[float], object]) -> None:
        super().__init__()
        self._advance = advance

    def sleep(self, seconds: float) -> None:
        """Advance both times by *seconds*."""
        super().sleep(seconds)
        if seconds > 0:
            self._advance(seconds)


class Network:
    """Connections to a simulator, the next of which, or all, have a fault while it is armed.

    Args:
        http: Reaches the simulator.
        clock: The client's clock.

    Attributes:
        exchanges: How many connections were opened since the network was armed.
        played: How many of them had the fault.
        open: How many connections are open.
    """

    def __init__(self, http: httpx.Client, clock: VirtualClock) -> None:
        self.clock = clock
        self.exchanges = self.played = self.open = 0
        self._http = http
        self._fault: Fault | None = None
        self._only_paid = False
        self._paid = False
        self._left = 0.0

    def arm(self, fault: Fault, times: float, *, only_paid: bool) -> None:
        """Let the next exchanges have a fault: *times* of them; where *only_paid* is true, those that may cost."""
        self._fault, self._left, self._only_paid = fault, times, only_paid
        self.exchanges = self.played = 0

    def disarm(self) -> None:
        """Let all exchanges succeed."""
        self._fault = None

    def note(self, event: object) -> None:
        """Note whether the next request may cost something: a hook for the client's events."""
        if isinstance(event, RequestSent):
            self._paid = event.paid

    def connect(self, host: str, port: int, timeout: float | None) -> Connection:
        """Open a connection, which serves one exchange."""
        self.exchanges += 1
        fault = self._take()
        if fault is not None and fault.stage == "connect":
            (step,) = fault.damage(b"")
            if step is None:
                raise httpcore.ConnectError("connection refused")
            self.pass_time(math.inf, timeout, httpcore.ConnectTimeout)
        return Connection(self, fault, f"{host}:{port}")

    def _take(self) -> Fault | None:
        if self._fault is None or self._left <= 0 or (self._only_paid and not self._paid):
            return None
        self._left -= 1
        self.played += 1
        return self._fault

    def pass_time(self, seconds: float, timeout: float | None, error: type[Exception]) -> None:
        """Wait, and raise *error* where that takes longer than *timeout*."""
        limit = math.inf if timeout is None else timeout
        if seconds <= limit and seconds < math.inf:
            self.clock.sleep(seconds)
            return
        if limit == math.inf:
            raise EndlessWaitError("the client waits without a time limit")
        self.clock.sleep(limit)
        raise error("timed out")

    def respond(self, request: bytes, secure: bool) -> bytes:  # noqa: FBT001 - a fact about the connection
        """Let the simulator do the work of *request*, and return its response as bytes."""
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, path, _ = first.decode("ascii").split(" ")
        headers = [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
        host = next(value for name, value in headers if name.lower() == b"host").decode("ascii")
        url = f"{'https' if secure else 'http'}://{host}{path}"
        found = self._http.request(method, url, headers=headers, content=body)
        sent = [(name, value) for name, value in found.headers.raw if name.lower() not in _FRAMING]
        sent.append((b"Content-Length", b"%d" % len(found.content)))
        lines = [b"HTTP/1.1 %d Done" % found.status_code, *(name + b": " + value for name, value in sent)]
        return b"\r\n".join([*lines, b"", found.content])


_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Given to httpx, which would load the certificates of the system for each client; no byte is encrypted here."""
_FRAMING = (b"content-length", b"transfer-encoding", b"content-encoding", b"connection")


class Connection:
    """One connection; what is written is a request, and its response is read."""

    def __init__(self, network: Network, fault: Fault | None, peer: str) -> None:
        self._network = network
        self._fault = fault
        self._peer = peer
        self._secure = False
        self._request = bytearray()
        self._writes = 0
        self._steps: list[Step] | None = None
        self._arrived = b""
        self._closed = False
        network.open += 1

    def start_tls(self) -> Connection:
        """Be secure from now on."""
        self._secure = True
        return self

    def write(self, buffer: bytes) -> None:
        """Accept a part of the request, or fail."""
        fault = self._fault
        failing = fault is not None and fault.stage == "write"
        if failing and fault is not None and self._writes >= fault.writes:
            raise httpcore.WriteError("broken pipe")
        self._request += buffer
        self._writes += 1
        if failing and fault is not None and fault.done and self._is_whole():
            self._network.respond(bytes(self._request), self._secure)
            self._steps = []  # httpcore reads what there is after a failed write
            raise httpcore.WriteError("broken pipe")

    def _is_whole(self) -> bool:
        head, end, body = bytes(self._request).partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return bool(end) and len(body) >= (int(lengths[0].partition(b":")[2]) if lengths else 0)

    def read(self, most: int, timeout: float | None) -> bytes:
        """Return the next bytes, b"" at the end, or break off."""
        if self._steps is None:
            fault = self._fault
            done = fault is None or fault.done
            raw = self._network.respond(bytes(self._request), self._secure) if done else b""
            self._steps = [raw] if fault is None else list(fault.damage(raw))
        while not self._arrived and self._steps:
            step = self._steps.pop(0)
            if isinstance(step, bytes):
                self._arrived = step
            elif step is None:
                raise httpcore.ReadError("connection reset by peer")
            else:
                self._network.pass_time(step, timeout, httpcore.ReadTimeout)
        chunk, self._arrived = self._arrived[:most], self._arrived[most:]
        return chunk

    def close(self) -> None:
        """Close, once."""
        self._network.open -= not self._closed
        self._closed = True


class _Stream(httpcore.NetworkStream):
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._connection.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._connection.write(buffer)

    def close(self) -> None:
        self._connection.close()

    def start_tls(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        return _Stream(self._connection.start_tls())

    def get_extra_info(self, info: str) -> Any:
        del info


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's own
        return self._connection.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's own
        del timeout
        self._connection.write(buffer)

    async def aclose(self) -> None:
        self._connection.close()

    async def start_tls(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        return _AsyncStream(self._connection.start_tls())

    def get_extra_info(self, info: str) -> Any:
        del info


class _Backend(httpcore.NetworkBackend):
    def __init__(self, network: Network) -> None:
        self._network = network

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *_: Any, **__: Any) -> Any:
        return _Stream(self._network.connect(host, port, timeout))


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, network: Network) -> None:
        self._network = network

    async def connect_tcp(self, host: str, port: int, timeout: Any = None, *_: Any, **__: Any) -> Any:  # noqa: ASYNC109
        return _AsyncStream(self._network.connect(host, port, timeout))


def http_client(network: Network) -> httpx.Client:
    """Return an httpx client whose connections are those of *network*; each serves one request."""
    transport = httpx.HTTPTransport(verify=_NO_TLS)
    pool = httpcore.ConnectionPool(max_keepalive_connections=0, network_backend=_Backend(network))
    transport._pool = pool  # noqa: SLF001 - httpx takes no network of its caller's
    return httpx.Client(transport=transport, timeout=60)


def async_http_client(network: Network) -> httpx.AsyncClient:
    """Return an async httpx client whose connections are those of *network*; each serves one request."""
    transport = httpx.AsyncHTTPTransport(verify=_NO_TLS)
    pool = httpcore.AsyncConnectionPool(max_keepalive_connections=0, network_backend=_AsyncBackend(network))
    transport._pool = pool  # noqa: SLF001 - httpx takes no network of its caller's
    return httpx.AsyncClient(transport=transport, timeout=60)
