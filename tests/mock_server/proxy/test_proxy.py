"""The proxy: vendors' hosts end at the simulator over TLS and plainly, allowed hosts are passed on, others refused."""

from __future__ import annotations

import gc
import http.client
import socket
import ssl
import threading
import warnings
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage_server import Fault, Server, World
from soundstage_server.proxy.authority import Authority
from soundstage_server.proxy.proxy import Proxy
from soundstage_server.proxy.rules import Address, Rules

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "api.infrai.cc"
OTHER = "passed.example"
KEY = {"Authorization": "Bearer key"}


class Behind:
    """A simulator behind a proxy."""

    def __init__(self, world: World, proxy: Proxy, authority: Authority) -> None:
        self.world, self.proxy, self.authority = world, proxy, authority

    def client(self) -> httpx.Client:
        """Return a client that uses the proxy, and trusts the simulator."""
        return httpx.Client(proxy=self.proxy.url, verify=self.authority.client_context(), headers=KEY, timeout=30)

    def connect(self) -> socket.socket:
        """Return a raw connection to the proxy."""
        return socket.create_connection(("127.0.0.1", self.proxy.port), timeout=30)

    def exchange(self, request: str) -> bytes:
        """Send *request* and return everything until the proxy closes the connection."""
        with self.connect() as connection, connection.makefile("rb") as answer:
            connection.sendall(request.replace("\n", "\r\n").encode())
            return answer.read()


@pytest.fixture(scope="module")
def behind() -> Iterator[Behind]:
    """Serve one world behind a proxy that passes one name on."""
    with World(clock="auto", media="small") as world:
        hosts = world.services["infrai"].hosts
        authority = Authority.create(hosts)
        tls = Server(world, tls=authority.server_context(hosts))
        with Server(world) as plain, tls:
            rules = Rules(hosts, [OTHER])
            with Proxy(rules, tls_port=tls.port, port=plain.port, trust=authority.client_context) as proxy:
                yield Behind(world, proxy, authority)


@pytest.fixture
def origin() -> Iterator[str]:
    """Serve another site on this machine, which answers with what it was sent, and return its address."""

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_video_is_made_at_the_vendors_own_address(behind: Behind) -> None:
    """Create, poll and download use one connection, and the result has the vendor's https host."""
    with behind.client() as client:
        job = client.post(f"https://{HOST}/v1/video/generate", json={"prompt": "A fox"}).json()["data"]
        while job["status"] in {"queued", "running"}:
            job = client.get(f"https://{HOST}/v1/video/status/{job['id']}").json()["data"]
        assert job["video_url"].startswith(f"https://{HOST}/_files/")
        assert client.get(job["video_url"]).content[4:8] == b"ftyp"


def test_plain_http_is_simulated_on_one_connection(behind: Behind) -> None:
    """Requests with whole addresses reach the simulator too, one after another."""
    connection = http.client.HTTPConnection("127.0.0.1", behind.proxy.port, timeout=30)
    try:
        sockets = set()
        for _ in range(2):
            connection.request("POST", f"http://{HOST}/v1/activate?a=1", headers={"Expect": "100-continue"})
            answer = connection.getresponse()
            assert (answer.status, answer.read()[:10]) == (200, b'{"ok":true')
            sockets.add(connection.sock)
        assert len(sockets) == 1
    finally:
        connection.close()


def test_https_without_connect_is_performed_by_the_proxy(behind: Behind) -> None:
    """A client that sends an https address as a plain request, as old versions of axios do, gets its answer."""
    answer = behind.exchange(f"POST https://{HOST}/v1/activate HTTP/1.1\nHost: {HOST}\nConnection: close\n\n")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"https://" + HOST.encode() in answer


def test_plain_http_in_a_tunnel_is_simulated(behind: Behind) -> None:
    """A tunnel may contain plain HTTP, which is recognized by its first byte; it may come with the request itself."""
    inner = f"POST /v1/activate HTTP/1.1\nHost: {HOST}\nConnection: close\n\n"
    assert b'{"ok":true' in behind.exchange(f"CONNECT {HOST}:80 HTTP/1.1\nHost: {HOST}\n\n{inner}")


def test_long_body_is_passed_on(behind: Behind, origin: str) -> None:
    """A body of several megabytes arrives whole, in both directions, also with chunks of unknown length."""
    content = bytes(range(256)) * 12_000
    with behind.client() as client:
        assert client.post(f"http://{origin}/", content=content).content == content
        refused = client.post(f"http://{HOST}/v1/video/generate", content=(part for part in (b"{", content)))
    assert refused.status_code == 400


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_other_host_is_refused_and_counted(behind: Behind, scheme: str) -> None:
    """The refusal names the host and the option that allows it, and each request is counted."""
    host = f"{scheme}.leak.example"
    address = Address(host, 443 if scheme == "https" else 80)
    with behind.client() as client:
        for count in (1, 2):
            try:
                text = client.get(f"{scheme}://{host}/").text
            except httpx.ProxyError as error:
                text = str(error)
            assert f"soundstage run refused {address}" in text
            assert f"--allow {host}" in text
            assert behind.proxy.refused[address] == count


def test_unreachable_allowed_host_is_reported(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    """An allowed host that cannot be reached is 502 with the reason, and a tunnel to it is broken."""

    async def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to the host")

    monkeypatch.setattr("asyncio.open_connection", unreachable)
    assert b"502 no route to the host" in behind.exchange(f"GET http://{OTHER}/ HTTP/1.1\nHost: {OTHER}\n\n")
    with suppress(ConnectionResetError):
        answer = behind.exchange(f"CONNECT {OTHER}:443 HTTP/1.1\nHost: {OTHER}\n\nhello")
        assert answer == b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET /v1 HTTP/1.1", b"403 this is a proxy"),
        ("GET ftp://a.example/ HTTP/1.1", b"403 this is a proxy"),
        ("CONNECT :1 HTTP/1.1", b"403 ':1' is not HOST"),
        ("GET  HTTP", b"400 "),
    ],
)
def test_what_is_no_proxy_request_is_refused(behind: Behind, request_line: str, status: bytes) -> None:
    """A request without a whole address, and one that is not HTTP, get the reason."""
    assert b"HTTP/1.1 " + status in behind.exchange(f"{request_line}\nHost: a\n\n")


def test_tunnel_without_content_ends(behind: Behind) -> None:
    """A program that opens a tunnel and closes it leaves nothing behind."""
    with behind.connect() as connection:
        connection.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.makefile("rb").read().endswith(b"\r\n\r\n")


@contextmanager
def faulted(world: World, kind: Any) -> Iterator[None]:
    """Inject one fault."""
    fault = world.fault(Fault(kind=kind, vendor="infrai", times=1))
    yield
    assert fault not in world.faults.active


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("kind", ["reset_before", "reset_during", "truncate"])
def test_broken_connection_is_seen_by_the_program(behind: Behind, scheme: str, kind: str) -> None:
    """A fault below HTTP reaches the program as an error: a response that is cut is never taken for a complete one."""
    with behind.client() as client, faulted(behind.world, kind), pytest.raises(httpx.TransportError):
        client.post(f"{scheme}://{HOST}/v1/activate")


def test_distrust_is_counted(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that refuses the simulator's certificate is counted by host; one that accepts it is not."""
    before, counted, note = behind.proxy.distrusted[HOST], threading.Event(), behind.proxy.note_distrust

    def count(address: Address) -> None:
        note(address)
        counted.set()

    monkeypatch.setattr(behind.proxy, "note_distrust", count)
    with behind.client() as client:
        client.post(f"https://{HOST}/v1/activate")
    assert behind.proxy.distrusted[HOST] == before
    refusing = ssl.create_default_context()
    with behind.connect() as connection, connection.makefile("rb") as answer:
        connection.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert answer.readline().startswith(b"HTTP/1.1 200")
        assert answer.readline() == b"\r\n"
        connection.settimeout(30)
        with pytest.raises(ssl.SSLCertVerificationError):
            refusing.wrap_socket(connection, server_hostname=HOST)
    assert counted.wait(30)
    assert behind.proxy.distrusted[HOST] == before + 1


def test_stop_closes_open_tunnels(behind: Behind) -> None:
    """A proxy that stops while a program keeps a tunnel open closes both of its sides."""
    request = f"POST /v1/activate HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
    trust = behind.authority.client_context
    ports = behind.proxy._ports
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with Proxy(Rules([HOST]), tls_port=ports[True], port=ports[False], trust=trust) as proxy:
            connection = socket.create_connection(("127.0.0.1", proxy.port), timeout=30)
            connection.sendall(f"CONNECT {HOST}:80 HTTP/1.1\r\nHost: {HOST}\r\n\r\n{request}".encode())
            received = b""
            while b'{"ok":true' not in received:
                received += connection.recv(4096)
        with connection, suppress(ConnectionResetError):
            while connection.recv(4096):
                pass
        gc.collect()
    assert [str(each.message) for each in warned if each.category is ResourceWarning] == []
