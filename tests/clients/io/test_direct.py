"""The connections without httpx: when they are used, what they send, and which of them a request takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage._io.http import AsyncTransport, SyncTransport, direct, pools
from soundstage._io.http.body import head
from soundstage._io.http.direct import AsyncConnections, RawHeaders, SyncConnections
from soundstage._values.messages import Interrupted, NotSent, Request, Response
from tests.clients.io.test_deadline import DRIPS, HEAD, AwaitingNetwork, BlockingStream, Network

if TYPE_CHECKING:
    from collections.abc import Callable

GET = Request("GET", "http://host.example/")
PAID = Request("POST", "http://host.example/", json={"a": 1}, paid=True)
DONE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
LIMITS = httpx.Limits(max_connections=2, keepalive_expiry=5)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("kind", [SyncTransport, AsyncTransport])
def test_requests_through_a_proxy_use_httpx(
    monkeypatch: pytest.MonkeyPatch, kind: type[SyncTransport | AsyncTransport], name: str
) -> None:
    """Where the environment names a proxy, a client of httpx sends; this machine needs none."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def pick() -> None:
        made = kind(None, None)
        assert isinstance(made._pick(GET), (httpx.Client, httpx.AsyncClient))
        local = made._pick(Request("GET", "http://127.0.0.1/"))
        assert isinstance(local, (SyncConnections, AsyncConnections))

    asyncio.run(pick())


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (httpx.Client, "send"),
        (httpx.HTTPTransport, "handle_request"),
        (httpcore.ConnectionPool, "handle_request"),
    ],
)
def test_replaced_part_of_httpx_gets_the_requests(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """A mock or instrumentation sees every request, also of a client that has sent some without it."""
    mock: Any = httpcore.Response(201) if owner is httpcore.ConnectionPool else httpx.Response(201, content=b"x")
    transport = SyncTransport(None, None)
    before = transport._pick(GET)
    with monkeypatch.context() as replaced:
        replaced.setattr(owner, name, lambda *_, **__: mock)
        assert transport.send(GET).status == 201
    assert transport._pick(GET) is before


def test_replaced_async_part_of_httpx_gets_the_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is so for the awaiting client."""

    async def handle(*_: object) -> httpx.Response:
        return httpx.Response(201)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle)
    assert asyncio.run(AsyncTransport(None, None).send(PAID)).status == 201


@pytest.mark.parametrize(
    ("method", "url", "content"),
    [
        ("GET", "http://host.example/a%20b?c=d e", None),
        ("POST", "https://host.example:8443/", b"{}"),
        ("POST", "https://user:p%40ss@host.example/", None),
        ("DELETE", "http://[::1]:8000", None),
        ("PUT", "http://bücher.example:80/ü", b"x"),
    ],
)
def test_requests_are_those_of_httpx(method: str, url: str, content: bytes | None) -> None:
    """Address and headers are those that a client of httpx sends."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    mock = httpx.MockTransport(answer)
    given = {"X-App-Key": "k", "Accept-Encoding": "gzip", "Authorization": "Bearer k"}
    with httpx.Client(transport=mock, headers=direct.HEADERS) as client:
        client.request(method, url, headers=given, content=content)
    made = SyncConnections(LIMITS, pools.tls()).build_request(method, url, headers=given, content=content)
    (expected,) = sent
    assert {name.lower(): value for name, value in made.headers} == {
        name.lower(): value for name, value in expected.headers.raw
    }
    target = (made.url.scheme, made.url.host, made.url.port, made.url.target)
    assert target == (expected.url.raw_scheme, expected.url.raw_host, expected.url.port, expected.url.raw_path)


def test_header_that_cannot_be_sent_is_not_sent() -> None:
    """A header that is not ASCII fails before a connection is opened."""
    with pytest.raises(NotSent):
        SyncTransport(None, None).send(Request("GET", "http://127.0.0.1:9", {"X-Key": "ü"}))


def test_addresses_with_secrets_are_not_kept() -> None:
    """The cache of addresses has none with a query or a password."""
    before = direct._cached.cache_info().currsize
    for url in ("https://host.example/never?sig=1", "https://user:password@host.example/never"):
        direct._target(url)
    assert direct._cached.cache_info().currsize == before


@given(st.lists(st.tuples(st.sampled_from([b"A", b"b", b"a"]), st.binary(max_size=3)), max_size=4))
def test_response_headers_are_read_as_by_httpx(raw: list[tuple[bytes, bytes]]) -> None:
    """Whatever the encoding of the headers of a response is, they are the same as with httpx."""

    class Received:
        status_code = 200
        headers: Any = RawHeaders(raw)

    own = head(Received())  # type: ignore[arg-type]
    assert own.headers == dict(httpx.Headers(raw).items())


class Server(Network):
    """A network that counts connections; each one has an end that a server may close."""

    def __init__(self, *responses: bytes) -> None:
        super().__init__(iter(responses), pause=0.0)
        self.opened = list[Any]()
        self.closed = list[Any]()
        self.readable = set[Any]()

    def connect_tcp(self, *args: Any, timeout: float | None = None, **options: Any) -> Any:
        """Connect, and keep the connection."""
        super().connect_tcp(*args, timeout=timeout, **options)
        self.opened.append(stream := Connection(self))
        return stream


class Connection(BlockingStream):
    """One connection of such a network."""

    network: Server

    def close(self) -> None:
        """Record it."""
        self.network.closed.append(self)

    def get_extra_info(self, info: str) -> Any:
        """Return whether there is something to read, such as the end."""
        return (info == "is_readable" and self in self.network.readable) or None


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds of the clock by which connections expire, in a list to change them."""
    seconds = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: seconds[0])
    return seconds


def over(network: Network, timeout: float | None = None) -> tuple[SyncTransport, Callable[[str], Response]]:
    """Return a transport whose connections are those of *network*, and what sends a request to an address."""
    transport = SyncTransport(None, timeout, lambda: network.now)
    transport._own().clients[(False, False, False)] = SyncConnections(LIMITS, pools.tls(), network)
    return transport, lambda url: transport.send(Request("GET", url))


@pytest.mark.usefixtures("now")
def test_connection_that_was_used_last_is_used_first() -> None:
    """One after the other, requests need one connection; two at once need two, and then the newer one."""
    network = Server(*[DONE] * 9)
    transport, get = over(network)
    get(GET.url)
    get(GET.url)
    assert len(network.opened) == 1
    first, second = transport.open(GET), transport.open(GET)
    assert len(network.opened) == 2
    for stream in (first, second):
        assert stream.read() == b""
        stream.close()
    network.readable.add(network.opened[1])
    get(GET.url)  # whose connection the server has closed
    assert (network.closed, len(network.opened)) == ([network.opened[1]], 2)


def test_connection_that_expired_is_closed(now: list[float]) -> None:
    """A connection that was not used for the time of its pool is closed by the next request, to whatever host."""
    network = Server(*[DONE] * 9)
    _, get = over(network)
    get(GET.url)
    now[0] = 5.1
    get("http://other.example/")
    assert (network.closed, len(network.opened)) == (network.opened[:1], 2)


@pytest.mark.usefixtures("now")
def test_connections_of_other_hosts_make_room() -> None:
    """A connection serves its own host, and the oldest one is closed where there would be too many."""
    network = Server(*[DONE] * 9)
    _, get = over(network)
    for host in ("one", "two", "one", "three"):
        get(f"http://{host}.example/")
    assert len(network.opened) == 3
    assert network.closed == [network.opened[1]]


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize("response", [b"", b"nonsense\r\n\r\n", HEAD, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
def test_connection_of_a_failed_exchange_is_closed(response: bytes) -> None:
    """What a failed exchange has left on a connection is not taken for the response to another request."""
    network = Server(response, b"", DONE)
    _, get = over(network)
    with pytest.raises(Interrupted):
        get(GET.url)
    network.pieces = iter([DONE])
    assert get(GET.url).status == 200
    assert (len(network.opened), network.opened[0] in network.closed) == (2, True)


@pytest.mark.usefixtures("now")
def test_connection_in_use_is_closed_after_its_response() -> None:
    """Closing a client closes the connections that are free, and the others when they are."""
    network = Server(*[DONE] * 9)
    transport, get = over(network)
    stream = transport.open(GET)
    get(GET.url)
    transport.close()
    assert network.closed == [network.opened[1]]
    assert stream.read() == b""
    stream.close()
    stream.close()
    assert network.closed == [network.opened[1], network.opened[0]]


@pytest.mark.parametrize("drip", ["body", "chunk header", "head", "informational responses"])
@pytest.mark.parametrize("kind", [Network, AwaitingNetwork])
def test_dripping_server_is_given_up_at_the_deadline(kind: type[Network], drip: str) -> None:
    """An exchange ends after its timeout, also on a connection that has served another one."""
    network = kind(iter([DONE, *(next(drops) for drops in [DRIPS[drip]()] for _ in range(99))]))
    if isinstance(network, AwaitingNetwork):

        async def script() -> None:
            transport = AsyncTransport(None, 1.0, lambda: network.now)
            connections = AsyncConnections(LIMITS, pools.tls(), network)
            transport._own().clients[(False, False, False)] = connections
            await transport.send(GET)
            network.now = 0.0
            with pytest.raises(Interrupted):
                await transport.send(GET)

        asyncio.run(script())
    else:
        _, get = over(network, 1.0)
        get(GET.url)
        network.now = 0.0
        with pytest.raises(Interrupted):
            get(GET.url)
    assert network.now == pytest.approx(1.0)


def test_connection_that_takes_all_time_was_not_sent() -> None:
    """A deadline that passes while a connection is opened proves that nothing was sent."""
    network = Network(iter([DONE]), connecting=1.5)
    transport = SyncTransport(None, 1.0, lambda: network.now)
    transport._own().clients[(True, False, False)] = SyncConnections(LIMITS, pools.tls(), network)
    with pytest.raises(NotSent):
        transport.send(PAID)
    assert network.written == 0


def test_canceled_exchange_leaves_no_connection() -> None:
    """A task that is canceled while it waits for its response closes the connection."""
    closed: list[object] = []
    reading = asyncio.Event()

    class Silent(AwaitingNetwork):
        async def connect_tcp(self, *_: Any, **__: Any) -> Any:
            return Stream()

    class Stream(httpcore.AsyncNetworkStream):
        async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
            del max_bytes, timeout
            reading.set()
            await asyncio.Event().wait()
            return b""

        async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
            del buffer, timeout

        async def aclose(self) -> None:
            closed.append(self)

    async def script() -> None:
        transport = AsyncTransport(None, None)
        connections = AsyncConnections(LIMITS, pools.tls(), Silent(iter(())))
        transport._own().clients[(False, False, False)] = connections
        task = asyncio.ensure_future(transport.send(GET))
        await reading.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (connections._idle, connections._busy) == ([], 0)

    asyncio.run(script())
    assert closed
