"""The HTTP transport: what was sent and what was not, connections, limits, logs."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import httpx
import pytest

from soundstage import AsyncTomoviee, ClientClosed, InvalidArgument, SubmitOutcomeUnknown, Tomoviee
from soundstage._io.http import AsyncTransport, SyncTransport, pools
from soundstage._io.http.exchange import exchange
from soundstage._values.messages import Interrupted, NotSent, Request

if TYPE_CHECKING:
    from tests.clients.conftest import Kit

GET = Request("GET", "https://host.example/file?sig=planted")
PAID = Request("POST", "https://host.example/jobs", {"X-App-Key": "planted-key"}, {"a": 1}, paid=True)

NEVER_SENT = ["ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError"]
MAYBE_SENT = [
    "ReadError",
    "ReadTimeout",
    "WriteError",
    "WriteTimeout",
    "CloseError",
    "RemoteProtocolError",
    "LocalProtocolError",
    "DecodingError",
    "TooManyRedirects",
]

pytestmark = pytest.mark.usefixtures("_each_http_library")


def raising(error: Exception) -> Any:
    """Return a transport whose every request raises *error*."""

    def handler(request: httpx.Request) -> httpx.Response:
        del request
        raise error

    return SyncTransport(httpx.Client(transport=httpx.MockTransport(handler)), None)


def all_kinds(base: type[Exception]) -> set[type[Exception]]:
    """Return all classes under *base*."""
    return {base}.union(*(all_kinds(kind) for kind in base.__subclasses__()))


@pytest.mark.parametrize("kind", NEVER_SENT)
def test_errors_before_sending_are_not_sent(kind: str) -> None:
    """Without a connection there is no request: it may be sent again."""
    with pytest.raises(NotSent, match=kind):
        raising(getattr(httpx, kind)("failure")).send(PAID)


@pytest.mark.parametrize("kind", MAYBE_SENT)
def test_errors_after_connecting_are_interrupted(kind: str) -> None:
    """After a connection was made, the service may have received the request."""
    with pytest.raises(Interrupted, match=kind):
        raising(getattr(httpx, kind)("failure")).send(PAID)


def test_every_httpx_error_is_classified() -> None:
    """Only the listed errors of httpx prove that nothing was sent; a new one counts as sent."""
    concrete = {kind.__name__ for kind in all_kinds(httpx.TransportError) if not kind.__subclasses__()}
    # httpx2 alone has this one, for streams of events, which no client here reads.
    assert concrete - {"SSEError"} <= {*NEVER_SENT, *MAYBE_SENT}


@pytest.mark.parametrize("kind", [OSError, ssl.SSLError, "StreamClosed", RuntimeError])
def test_any_error_of_a_paid_request_is_interrupted(kind: Any) -> None:
    """Whatever an injected client raises, a paid request counts as sent."""
    error = getattr(httpx, kind)() if isinstance(kind, str) else kind("a hook broke")
    with pytest.raises(Interrupted, match=type(error).__name__):
        raising(error).send(PAID)


def test_foreign_error_of_a_free_request_is_translated() -> None:
    """An error that is no transport error does not escape either."""
    with pytest.raises(Interrupted, match="RuntimeError: a hook broke"):
        raising(RuntimeError("a hook broke")).send(GET)


def test_error_message_has_no_header_value() -> None:
    """Httpx quotes an illegal header in its error; here it is masked."""
    with pytest.raises(Interrupted) as caught:
        raising(httpx.LocalProtocolError("Illegal header value b'planted-key'")).send(PAID)
    assert "planted-key" not in str(caught.value)


def test_invalid_request_was_not_sent() -> None:
    """An address that httpx refuses fails before sending."""
    with pytest.raises(NotSent, match="InvalidURL"):
        SyncTransport(None, None).send(Request("GET", "http://host.example/\0"))


def test_redirects_are_not_followed() -> None:
    """A redirect is a response: nothing is sent to its target, also with an injected client."""
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(307, headers={"Location": "https://elsewhere.example"})

    injected = httpx.Client(transport=httpx.MockTransport(handler), follow_redirects=True)
    assert SyncTransport(injected, None).send(PAID).status == 307
    assert seen == ["https://host.example/jobs"]


def test_auth_of_an_injected_client_is_not_used() -> None:
    """The auth of httpx would replace the vendor's header and be sent to every host."""
    seen: list[httpx.Headers] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200)

    injected = httpx.Client(transport=httpx.MockTransport(handler), auth=("user", "planted"))
    SyncTransport(injected, None).send(GET)
    assert "authorization" not in seen[0]


@pytest.mark.parametrize(
    ("own", "limit", "expected"),
    [(None, None, 9.0), (None, 4.0, 4.0), (None, 20.0, 9.0), (3.0, None, 3.0), (3.0, 1.0, 1.0), (30.0, None, 30.0)],
)
def test_shortest_timeout_is_used(own: float | None, limit: float | None, expected: float) -> None:
    """An injected client's limits apply unless the client has its own, and a request's own limit caps them."""
    seen: list[dict[str, float]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200)

    injected = httpx.Client(transport=httpx.MockTransport(handler), timeout=9.0)
    SyncTransport(injected, own).send(Request("GET", "https://host.example", timeout=limit))
    assert set(seen[0].values()) == {expected}


def test_request_limit_applies_without_client_limit() -> None:
    """A client without limits is capped by the request's own."""
    seen: list[dict[str, float]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200)

    injected = httpx.Client(transport=httpx.MockTransport(handler), timeout=httpx.Timeout(None))
    SyncTransport(injected, None).send(Request("GET", "https://host.example", timeout=2.0))
    assert set(seen[0].values()) == {2.0}


@pytest.mark.parametrize("transport", [SyncTransport, AsyncTransport])
def test_paid_requests_use_a_client_of_their_own(transport: Any) -> None:
    """Clients are created when first needed, one for paid requests and one for the rest."""

    async def both() -> None:
        made = transport(None, None)
        assert made._own().clients == {}
        paid, free = made._pick(PAID), made._pick(GET)
        assert paid is not free
        assert made._pick(PAID) is paid
        check_clients(paid, free)
        close = made.close()
        if close is not None:
            await close
        assert paid.is_closed
        assert free.is_closed

    asyncio.run(both())


def check_clients(paid: Any, free: Any) -> None:
    """Check the settings of both clients."""
    assert paid._limits.keepalive_expiry == pools.WARM < free._limits.keepalive_expiry
    # A pool that closes what it has just used opens a connection for each of many requests.
    for one in (paid, free):
        assert one._limits.max_keepalive_connections == one._limits.max_connections == pools.CONNECTIONS
    assert paid._opening["ssl_context"] is free._opening["ssl_context"]
    assert paid.timeout.read == 60.0


class CountingServer:
    """A server that counts its connections, and sends *after* behind every response."""

    def __init__(self, after: bytes = b"") -> None:
        self.connections = connections = list[object]()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                connections.append(self.client_address)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + after)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def test_paid_requests_use_warm_connections_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """On real sockets one that was just used is used again, one that was idle is not, and reads use others."""
    transport = SyncTransport(None, None)
    with CountingServer() as server:
        paid, free = (Request("POST", server.url, json={}, paid=paid) for paid in (True, False))
        assert [transport.send(paid).status for _ in range(3)] == [200] * 3
        assert len(server.connections) == 1
        assert [transport.send(free).status for _ in range(3)] == [200] * 3
        assert len(server.connections) == 2
        now = time.monotonic
        monkeypatch.setattr("time.monotonic", lambda: now() + pools.WARM + 0.1)
        assert [transport.send(free).status, transport.send(paid).status] == [200, 200]
        assert len(server.connections) == 3
        transport.close()


@pytest.mark.parametrize("paid", [True, False])
def test_response_older_than_its_request_is_not_believed(paid: bool) -> None:  # noqa: FBT001 - a case
    """What a connection has kept of an earlier exchange answers no later request, on either kind of client."""
    other = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with CountingServer(after=other) as server:
        request = Request("POST", server.url, json={}, paid=paid)

        async def twice() -> None:
            made = AsyncTransport(None, None)
            assert (await made.send(request)).content == b""
            with pytest.raises(Interrupted, match="older than the request"):
                await made.send(request)
            assert (await made.send(request)).content == b""
            await made.close()

        asyncio.run(twice())
        transport = SyncTransport(None, None)
        assert transport.send(request).content == b""
        with pytest.raises(Interrupted, match="older than the request"):
            transport.send(request)
        assert transport.send(request).content == b""
        transport.close()


def test_closed_client_sends_nothing(kit: Kit) -> None:
    """After close every call is refused as not sent, and an injected client stays open."""
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=kit.created())))
    with Tomoviee(kit.key, kit.secret, http=http) as client:
        client.text_to_video("a kite")
    assert not http.is_closed
    with pytest.raises(ClientClosed):
        client.text_to_video("a kite")


def test_closed_injected_client_sends_nothing(kit: Kit) -> None:
    """If the owner of an injected client closed it, nothing is sent and the outcome is not unknown."""
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=kit.created())))
    http.close()
    with pytest.raises(ClientClosed):
        Tomoviee(kit.key, kit.secret, http=http).text_to_video("a kite")


@pytest.mark.parametrize(
    ("kind", "http", "right"),
    [(Tomoviee, "AsyncClient", "Client"), (AsyncTomoviee, "Client", "AsyncClient"), (Tomoviee, "Headers", "Client")],
)
def test_http_client_of_wrong_kind_is_refused(kit: Kit, kind: Any, http: str, right: str) -> None:
    """A sync httpx client for an async client, or the reverse, is an invalid argument."""
    with pytest.raises(InvalidArgument, match=rf"an instance of httpx\.{right} or httpx2\.{right}, or None"):
        kind(kit.key, kit.secret, http=getattr(httpx, http)())


def test_own_requests_are_not_logged_by_httpx(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """Httpx logs whole addresses: not for this library's requests, and still for those of other code."""
    caplog.set_level(logging.DEBUG)
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=kit.created())))
    SyncTransport(http, None).send(GET)
    assert not [record for record in caplog.records if record.name.startswith("http")]
    http.get("https://host.example/mine")
    assert [record.name for record in caplog.records] == [httpx.__name__]


def test_every_logger_of_the_http_library_is_filtered() -> None:
    """Whatever logger httpx or httpcore has, the records of this library's requests do not pass it."""
    loggers = {
        name: logger
        for name, logger in logging.Logger.manager.loggerDict.items()
        if name.startswith(("httpx", "httpcore")) and isinstance(logger, logging.Logger)
    }
    assert {httpx.__name__, f"{httpx.__name__.replace('x', 'core')}.connection"} <= loggers.keys()
    with exchange(GET):
        record = logging.LogRecord("", 0, "", 0, "", None, None)
        assert [name for name, logger in loggers.items() if logger.filter(record)] == []


def test_broken_stream_is_interrupted() -> None:
    """An error in the middle of a body is the same transport error."""

    class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Any:
            yield b"one"
            raise httpx.ReadError("gone")

        async def __aiter__(self) -> Any:
            yield b"one"
            raise httpx.ReadError("gone")

        def close(self) -> None:
            raise httpx.CloseError("never mind")

        async def aclose(self) -> None:
            raise httpx.CloseError("never mind")

    def handler(request: httpx.Request) -> httpx.Response:
        del request
        return httpx.Response(200, stream=Broken())

    stream = SyncTransport(httpx.Client(transport=httpx.MockTransport(handler)), None).open(GET)
    assert stream.read() == b"one"
    with pytest.raises(Interrupted):
        stream.read()
    stream.close()

    async def script() -> None:
        transport = AsyncTransport(httpx.AsyncClient(transport=httpx.MockTransport(handler)), None)
        stream = await transport.open(GET)
        assert await stream.read() == b"one"
        with pytest.raises(Interrupted):
            await stream.read()
        await stream.close()

    asyncio.run(script())


def test_lost_response_is_one_post(kit: Kit) -> None:
    """A connection that drops after sending leads to one POST and an unknown outcome."""
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)

    with pytest.raises(SubmitOutcomeUnknown, match="Server disconnected"):
        kit.client(handler).text_to_video("a kite")
    assert len(sent) == 1


def test_what_arrived_of_a_body_is_kept() -> None:
    """A body that breaks off is on the error, as far as it arrived."""

    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            yield b'{"task_id": '
            yield b'"t-1"'
            raise httpx.ReadError("cut off")

    handler = httpx.MockTransport(lambda _: httpx.Response(201, headers={"X-Id": "r"}, stream=Broken()))
    with pytest.raises(Interrupted, match="ReadError: cut off") as caught:
        SyncTransport(httpx.Client(transport=handler), None).send(PAID)
    kept = caught.value.response
    assert kept is not None
    assert (kept.status, kept.headers["x-id"], kept.content) == (201, "r", b'{"task_id": "t-1"')
