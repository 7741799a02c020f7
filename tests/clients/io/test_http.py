"""The HTTP library behind its door: what was sent and what was not, what is logged and what is not."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage import AsyncTomoviee, ClientClosed, InvalidArgument, SubmitOutcomeUnknown, Tomoviee
from soundstage._io.http import AsyncTransport, SyncTransport
from soundstage._values.messages import Interrupted, NotSent, Request

if TYPE_CHECKING:
    from tests.clients.conftest import Kit

GET = Request("GET", "https://host.example/file?sig=planted")
PAID = Request("POST", "https://host.example/jobs", {"X-App-Key": "planted-key"}, {"a": 1}, paid=True)

NEVER_SENT = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError]
MAYBE_SENT = [
    httpx.ReadError,
    httpx.ReadTimeout,
    httpx.WriteError,
    httpx.WriteTimeout,
    httpx.CloseError,
    httpx.RemoteProtocolError,
    httpx.LocalProtocolError,
    httpx.DecodingError,
    httpx.TooManyRedirects,
]


def raising(error: Exception) -> Any:
    """A wire whose every request meets *error*."""

    def handler(request: httpx.Request) -> httpx.Response:
        del request
        raise error

    return SyncTransport(httpx.Client(transport=httpx.MockTransport(handler)), None)


def all_kinds(base: type[Exception]) -> set[type[Exception]]:
    """All classes under *base*."""
    return {base}.union(*(all_kinds(kind) for kind in base.__subclasses__()))


@pytest.mark.parametrize("kind", NEVER_SENT)
def test_what_never_left_is_known_not_to_have_left(kind: type[Exception]) -> None:
    """No connection, no request: such a request may be sent again."""
    with pytest.raises(NotSent, match=kind.__name__):
        raising(kind("trouble")).send(PAID)


@pytest.mark.parametrize("kind", MAYBE_SENT)
def test_what_may_have_left_is_taken_for_gone(kind: type[Exception]) -> None:
    """Everything after the connection stood may have reached the service."""
    with pytest.raises(Interrupted, match=kind.__name__):
        raising(kind("trouble")).send(PAID)


def test_every_transport_error_of_the_library_is_sorted() -> None:
    """A new error of the library would be taken for gone: only the listed ones are known not to have left."""
    concrete = {kind for kind in all_kinds(httpx.TransportError) if not kind.__subclasses__()}
    assert concrete <= {*NEVER_SENT, *MAYBE_SENT}


@pytest.mark.parametrize(
    "error", [OSError("gone"), ssl.SSLError("bad record"), httpx.StreamClosed(), RuntimeError("a hook broke")]
)
def test_any_trouble_of_a_paid_request_is_an_unknown_outcome(error: Exception) -> None:
    """Whatever an injected client raises, a paid request is not taken for unsent."""
    with pytest.raises(Interrupted, match=type(error).__name__):
        raising(error).send(PAID)


def test_a_foreign_error_of_a_free_request_comes_through() -> None:
    """What is no transport trouble and costs nothing is not dressed up."""
    with pytest.raises(RuntimeError, match="a hook broke"):
        raising(RuntimeError("a hook broke")).send(GET)


def test_the_reason_of_trouble_holds_no_header() -> None:
    """The library quotes an illegal header in its error; here it is masked."""
    with pytest.raises(Interrupted) as caught:
        raising(httpx.LocalProtocolError("Illegal header value b'planted-key'")).send(PAID)
    assert "planted-key" not in str(caught.value)


def test_a_request_that_cannot_be_made_was_not_sent() -> None:
    """An address the library refuses is trouble before sending."""
    with pytest.raises(NotSent, match="InvalidURL"):
        SyncTransport(None, None).send(Request("GET", "http://host.example/\0"))


def test_redirects_are_not_followed_even_by_an_injected_client() -> None:
    """A redirect is an answer: nothing is sent to where it points."""
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(307, headers={"Location": "https://elsewhere.example"})

    injected = httpx.Client(transport=httpx.MockTransport(handler), follow_redirects=True)
    assert SyncTransport(injected, None).send(PAID).status == 307
    assert seen == ["https://host.example/jobs"]


def test_an_injected_clients_own_authorization_is_not_used() -> None:
    """The library's auth would replace ours, and would go to every host; it is left out."""
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
def test_the_shortest_patience_counts(own: float | None, limit: float | None, expected: float) -> None:
    """An injected client's limits hold unless the client names its own, and a request's own limit cuts them."""
    seen: list[dict[str, float]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200)

    injected = httpx.Client(transport=httpx.MockTransport(handler), timeout=9.0)
    SyncTransport(injected, own).send(Request("GET", "https://host.example", timeout=limit))
    assert set(seen[0].values()) == {expected}


def test_a_limit_holds_where_the_client_has_none() -> None:
    """A client without limits is cut by the request's own."""
    seen: list[dict[str, float]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200)

    injected = httpx.Client(transport=httpx.MockTransport(handler), timeout=httpx.Timeout(None))
    SyncTransport(injected, None).send(Request("GET", "https://host.example", timeout=2.0))
    assert set(seen[0].values()) == {2.0}


@pytest.mark.parametrize("wire", [SyncTransport, AsyncTransport])
def test_paid_requests_have_connections_of_their_own(wire: Any) -> None:
    """Clients are made when first needed, one for paid requests that keeps no connection, one for the rest."""
    made = wire(None, None)
    assert made._created == {}
    paid, free = made._pick(paid=True), made._pick(paid=False)
    assert paid is not free
    assert made._pick(paid=True) is paid
    assert paid._transport._pool._max_keepalive_connections == 0
    assert free._transport._pool._max_keepalive_connections > 0
    assert paid._transport._pool._ssl_context is free._transport._pool._ssl_context
    assert (paid.follow_redirects, paid.timeout.read) == (False, 60.0)
    assert paid.headers["user-agent"].startswith("soundstage/")
    close = made.close()
    if close is not None:
        asyncio.run(close)
    assert paid.is_closed
    assert free.is_closed


def test_connections_are_kept_for_reads_and_not_for_paid_requests() -> None:
    """On real sockets: every paid request comes on a connection of its own, and reads share one."""
    connections: list[object] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            connections.append(self.client_address)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    wire = SyncTransport(None, None)
    try:
        for paid, expected in ((True, 3), (False, 4)):
            request = Request("POST", f"http://127.0.0.1:{server.server_port}/", json={}, paid=paid)
            for _ in range(3):
                assert wire.send(request).status == 200
            assert len(connections) == expected
    finally:
        wire.close()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_closed_client_sends_nothing(kit: Kit) -> None:
    """After close every call is refused as unsent, and an injected client stays open."""
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=kit.created())))
    with Tomoviee(kit.key, kit.secret, http=http) as client:
        client.text_to_video("a kite")
    assert not http.is_closed
    with pytest.raises(ClientClosed):
        client.text_to_video("a kite")


def test_an_injected_client_that_is_closed_is_noticed(kit: Kit) -> None:
    """The owner of an injected client may close it; nothing is sent then, and the outcome is not unknown."""
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=kit.created())))
    http.close()
    with pytest.raises(ClientClosed):
        Tomoviee(kit.key, kit.secret, http=http).text_to_video("a kite")


@pytest.mark.parametrize(
    ("kind", "http"), [(Tomoviee, httpx.AsyncClient), (AsyncTomoviee, httpx.Client), (Tomoviee, dict)]
)
def test_an_http_client_of_the_wrong_kind_is_refused(kit: Kit, kind: Any, http: type) -> None:
    """Mixing the two kinds is a bad argument, at once."""
    with pytest.raises(InvalidArgument, match="http"):
        kind(kit.key, kit.secret, http=http())


def test_our_requests_are_in_no_log_of_the_library(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """The library logs whole addresses: not for our requests, and still for anybody else's."""
    caplog.set_level(logging.DEBUG)
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=kit.created())))
    SyncTransport(http, None).send(GET)
    assert not [record for record in caplog.records if record.name.startswith("http")]
    http.get("https://host.example/mine")
    assert [record.name for record in caplog.records] == ["httpx"]


def test_a_stream_that_breaks_is_interrupted() -> None:
    """Trouble in the middle of a body is the same trouble."""

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

    async def story() -> None:
        wire = AsyncTransport(httpx.AsyncClient(transport=httpx.MockTransport(handler)), None)
        stream = await wire.open(GET)
        assert await stream.read() == b"one"
        with pytest.raises(Interrupted):
            await stream.read()
        await stream.close()

    asyncio.run(story())


def test_a_paid_request_whose_answer_is_lost_is_sent_once(kit: Kit) -> None:
    """From the client's own door: a drop after sending is one POST and an unknown outcome."""
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)

    with pytest.raises(SubmitOutcomeUnknown, match="Server disconnected"):
        kit.client(handler).text_to_video("a kite")
    assert len(sent) == 1
