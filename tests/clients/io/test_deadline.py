"""Deadlines over whole exchanges, and the greatest size of a response: on a clock that only the network moves."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpcore
import httpx
import pytest

from soundstage._io.http import AsyncTransport, SyncTransport, body
from soundstage._values.messages import Interrupted, NotSent, Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
pytestmark = pytest.mark.usefixtures("_each_http_library")

GET = Request("GET", "http://host.example/")
PAID = Request("POST", "http://host.example/", json={"a": 1}, paid=True)


@dataclass
class Network:
    """A server whose bytes arrive piece by piece, each after `pause` seconds of the network's own clock."""

    pieces: Iterator[bytes]
    pause: float = 0.25
    connecting: float = 0.0
    now: float = 0.0
    timeouts: list[float | None] = field(default_factory=list)
    written: int = 0

    def pass_time(self, timeout: float | None, error: type[Exception], seconds: float) -> None:
        """Let *seconds* pass, or fail after *timeout* where that is less."""
        self.timeouts.append(timeout)
        if timeout is not None and timeout < seconds:
            self.now += timeout
            raise error("the read timed out")
        self.now += seconds

    def connect_tcp(self, *_: Any, timeout: float | None = None, **__: Any) -> Any:
        """Connect, blocking."""
        self.pass_time(timeout, httpcore.ConnectTimeout, self.connecting)
        return BlockingStream(self)


class BlockingStream(httpcore.NetworkStream):
    """A connection of the blocking client."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next piece."""
        del max_bytes
        self.network.pass_time(timeout, httpcore.ReadTimeout, self.network.pause)
        return next(self.network.pieces, b"")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Count the bytes."""
        self.network.pass_time(timeout, httpcore.WriteTimeout, 0)
        self.network.written += len(buffer)

    def close(self) -> None:
        """Do nothing."""


class AwaitingNetwork(Network):
    """The same server for the awaiting client."""

    async def connect_tcp(self, *_: Any, timeout: float | None = None, **__: Any) -> Any:  # noqa: ASYNC109
        """Connect, awaiting."""
        self.pass_time(timeout, httpcore.ConnectTimeout, self.connecting)
        return AwaitingStream(self)


class AwaitingStream(httpcore.AsyncNetworkStream):
    """A connection of the awaiting client."""

    def __init__(self, network: Network) -> None:
        self.blocking = BlockingStream(network)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Return the next piece."""
        return self.blocking.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Count the bytes."""
        self.blocking.write(buffer, timeout)

    async def aclose(self) -> None:
        """Do nothing."""


def exchange(network: Network, request: Request, timeout: float | None = 1.0, *, injected: bool = False) -> Any:
    """Send *request* over *network*, blocking or awaiting as the network is, and return its response."""

    def clock() -> float:
        return network.now

    if isinstance(network, AwaitingNetwork):

        async def script() -> object:
            client = httpx.AsyncClient(transport=over(httpx.AsyncHTTPTransport(), network), timeout=timeout)
            transport = AsyncTransport(client, None if injected else timeout, clock)
            return await transport.send(request)

        return asyncio.run(script())
    client = httpx.Client(transport=over(httpx.HTTPTransport(), network), timeout=timeout)
    return SyncTransport(client, None if injected else timeout, clock).send(request)


def over(transport: Any, network: Network) -> Any:
    """Return *transport* with its connections made by *network*."""
    transport._pool._network_backend = network
    return transport


def forever(piece: bytes, *before: bytes) -> Iterator[bytes]:
    """Yield *before*, and then *piece* without end."""
    yield from before
    while True:
        yield piece


DRIPS: dict[str, Callable[[], Iterator[bytes]]] = {
    "body": lambda: forever(b"1\r\n \r\n", HEAD),
    "chunk header": lambda: forever(b";", HEAD, b"1"),
    "head": lambda: forever(b"x", b"HTTP/1.1 200 OK\r\nX-Long: "),
    "informational responses": lambda: forever(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "silence": lambda: forever(b""),
}


@pytest.mark.parametrize("kind", [Network, AwaitingNetwork])
@pytest.mark.parametrize("drip", ["body", "chunk header", "head", "informational responses"])
@pytest.mark.parametrize("request_", [GET, PAID], ids=["free", "paid"])
def test_dripping_server_is_given_up_at_the_deadline(kind: type[Network], drip: str, request_: Request) -> None:
    """However a server spreads its response over time, an exchange ends after its timeout, and may have been sent."""
    network = kind(DRIPS[drip]())
    with pytest.raises(Interrupted):
        exchange(network, request_)
    assert network.now == pytest.approx(1.0)


@pytest.mark.parametrize("kind", [Network, AwaitingNetwork])
def test_each_read_gets_the_time_that_is_left(kind: type[Network]) -> None:
    """Connecting, writing and reading share one timeout."""
    network = kind(iter([HEAD, b"2\r\n{}\r\n", b"0\r\n\r\n"]), connecting=0.1)
    assert exchange(network, GET).content == b"{}"
    assert {round(left or 0, 3) for left in network.timeouts} == {1.0, 0.9, 0.65, 0.4}


@pytest.mark.parametrize("kind", [Network, AwaitingNetwork])
def test_connection_that_takes_all_time_was_not_sent(kind: type[Network]) -> None:
    """A deadline that passes before the first byte of a paid request proves that nothing was sent."""
    with pytest.raises(NotSent):
        exchange(kind(iter([HEAD]), connecting=1.5), PAID)
    network = kind(iter([HEAD]), connecting=1.0)
    with pytest.raises(NotSent, match="time limit of the whole request"):
        exchange(network, PAID)
    assert network.written == 0


@pytest.mark.parametrize("kind", [Network, AwaitingNetwork])
def test_limit_of_the_request_is_a_deadline(kind: type[Network]) -> None:
    """The seconds that a wait leaves to a poll end the poll, also when the client's own timeout is longer."""
    network = kind(DRIPS["body"]())
    with pytest.raises(Interrupted):
        exchange(network, Request("GET", GET.url, timeout=0.6), timeout=60)
    assert network.now == pytest.approx(0.6)


def test_limits_of_an_injected_client_add_up() -> None:
    """Without a timeout of its own the client gives an exchange the injected client's limits for all of its parts."""
    network = Network(DRIPS["body"]())
    with pytest.raises(Interrupted):
        exchange(network, GET, injected=True)
    assert network.now == pytest.approx(3.0)


def test_client_without_limits_waits() -> None:
    """An injected client without timeouts has no deadline."""
    network = Network(iter([HEAD, *[b"1\r\n \r\n"] * 9999, b"0\r\n\r\n"]))
    assert len(exchange(network, GET, timeout=None).content) == 9999


def test_deadline_applies_without_connections() -> None:
    """A transport of the caller that has no connections to guard is checked between the chunks of its body."""
    now = 0.0

    class Slow(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            nonlocal now
            while True:
                now += 0.3
                yield b" "

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in self:
                yield piece

    mock = httpx.MockTransport(lambda _: httpx.Response(200, stream=Slow()))
    with pytest.raises(Interrupted):
        SyncTransport(httpx.Client(transport=mock), 1.0, lambda: now).send(GET)
    assert now == pytest.approx(1.2)

    async def script() -> None:
        await AsyncTransport(httpx.AsyncClient(transport=mock), 1.0, lambda: now).send(GET)

    with pytest.raises(Interrupted):
        asyncio.run(script())
    assert now == pytest.approx(2.4)


def test_large_request_has_time_to_be_sent() -> None:
    """The default timeout grows with what is sent, so that a slow line does not make an outcome unknown."""
    transport = SyncTransport(None, None)
    client = transport._pick(GET)
    assert transport._seconds(client, GET) == 60
    large = Request("POST", GET.url, json="x" * (1 << 20), paid=True)
    assert transport._seconds(client, large) == pytest.approx(76, abs=0.1)
    assert SyncTransport(None, 5.0)._seconds(client, large) == 5
    transport.close()


def test_stalled_download_is_interrupted() -> None:
    """A download that delivers less than 1 KiB a second over the timeout is given up; a slow one is read to its end."""
    for size, complete in ((100, False), (300, True)):
        piece = b"%x\r\n%s\r\n" % (size, b"x" * size)
        network = Network(iter([HEAD, *[piece] * 40, b"0\r\n\r\n"]))
        client = httpx.Client(transport=over(httpx.HTTPTransport(), network))
        stream = SyncTransport(client, 2.0, lambda network=network: network.now).open(GET)  # type: ignore[misc]
        chunks = iter(stream.read, b"")
        if complete:
            assert sum(map(len, chunks)) == 40 * size
        else:
            with pytest.raises(Interrupted):
                list(chunks)
            assert network.now == pytest.approx(2.25)
        stream.close()


def test_time_between_reads_is_no_stall() -> None:
    """Only the network's own time counts: a caller may take as long as it likes to write what has arrived."""
    network = Network(iter([HEAD, *[b"1\r\nx\r\n"] * 5, b"0\r\n\r\n"]))
    client = httpx.Client(transport=over(httpx.HTTPTransport(), network))
    stream = SyncTransport(client, 2.0, lambda: network.now).open(GET)
    while stream.read():
        network.now += 100


def answering(content: bytes, encoding: str = "") -> tuple[SyncTransport, AsyncTransport]:
    """Return transports whose server sends *content* in small pieces."""

    class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for begin in range(0, len(content), 1 << 14):
                yield content[begin : begin + (1 << 14)]

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in self:
                yield piece

    headers = {"content-encoding": encoding} if encoding else {}
    mock = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, stream=Pieces()))
    return (
        SyncTransport(httpx.Client(transport=mock), None),
        AsyncTransport(httpx.AsyncClient(transport=mock), None),
    )


def compressed(content: bytes, encoding: str) -> bytes:
    """Return *content* in an encoding."""
    if encoding == "gzip":
        return gzip.compress(content)
    bits = -zlib.MAX_WBITS if encoding == "raw deflate" else zlib.MAX_WBITS
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize("encoding", ["", "gzip", "x-gzip", "deflate", "raw deflate"])
def test_response_is_decoded_up_to_its_greatest_size(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """The limit counts decoded bytes, and a bomb of gzip is refused before it is unpacked."""
    monkeypatch.setattr(body, "MAX_BODY", 1 << 21)
    label = encoding.removeprefix("raw ")
    pack: Callable[[bytes], bytes] = (
        bytes if not encoding else lambda content: compressed(content, encoding.removeprefix("x-"))
    )
    sync, awaiting = answering(pack(b"x" * (1 << 21)), label)
    assert sync.send(GET).content == asyncio.run(awaiting.send(GET)).content == b"x" * (1 << 21)
    sync, awaiting = answering(pack(b"x" * ((1 << 21) + 1)), label)
    with pytest.raises(Interrupted, match="larger than 2097152 bytes"):
        sync.send(GET)
    with pytest.raises(Interrupted, match="larger than 2097152 bytes"):
        asyncio.run(awaiting.send(GET))


def test_mislabeled_response_is_read_as_it_is() -> None:
    """A body that does not start like the encoding in its header is not decoded."""
    for encoding in ("gzip", "aws-chunked", "identity"):
        assert answering(b'{"a": 1}', encoding)[0].send(GET).json() == {"a": 1}


def test_damaged_encoding_is_interrupted() -> None:
    """A body that cannot be decoded is no response; what was paid for has an unknown outcome."""
    damaged = gzip.compress(b"x" * 999)[:10] + b"\xff" * 99
    with pytest.raises(Interrupted, match="gzip body is damaged"):
        answering(damaged, "gzip")[0].send(PAID)


def test_requests_accept_only_what_is_decoded_here() -> None:
    """The encodings that the installed HTTP library would decode without a limit are not requested."""
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["accept-encoding"])
        return httpx.Response(200)

    transport = SyncTransport(httpx.Client(transport=httpx.MockTransport(handler)), None)
    transport.send(GET)
    transport.open(Request("GET", GET.url, {"Accept-Encoding": "identity"})).close()
    assert seen == ["gzip, deflate", "identity"]


def test_hooks_of_an_injected_client_can_keep_the_response() -> None:
    """A response that a hook or a transcript has kept has its decoded body, as after an ordinary request."""
    kept: list[httpx.Response] = []
    mock = httpx.MockTransport(
        lambda _: httpx.Response(
            200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(gzip.compress(b"{}"))
        )
    )
    SyncTransport(httpx.Client(transport=mock, event_hooks={"response": [kept.append]}), None).send(GET)
    assert kept[0].json() == {}
