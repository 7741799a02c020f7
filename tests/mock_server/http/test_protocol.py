"""Requests as they come over a socket: legal ones are read whole, the others are refused with a reason."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from soundstage_server import Server, World
from soundstage_server.http.protocol.with_httptools import MAX_HEAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.mock_server.conftest import Kit

BODY = b'{"prompt":"A fox"}'
UPGRADES = {
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n",
    "websocket": b"Connection: upgrade\r\nUpgrade: websocket\r\n",
}


@pytest.fixture
def server(kit: Kit) -> Iterator[Server]:
    """A server of a world with a manual clock."""
    with kit.world() as world, Server(world, max_body=100_000) as running:
        yield running


def talk(server: Server, pieces: Iterable[bytes]) -> bytes:
    """Send *pieces* one by one, and return everything that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:  # it was refused before its end
            pass
        received = b""
        try:
            while piece := connection.recv(65_536):
                received += piece
        except ConnectionResetError:
            pass
        return received


def create(
    kit: Kit, extra: bytes = b"", body: bytes = BODY, *, last: bool = True, host: bytes = b"Host: x\r\n"
) -> bytes:
    """Return a create request with *extra* header lines."""
    credentials = "".join(f"{name}: {value}\r\n" for name, value in kit.rows["tomoviee"].headers("k", "s").items())
    closing = b"Connection: close\r\n" if last else b""
    return b"".join(
        [
            f"POST /tomoviee{kit.rows['tomoviee'].create} HTTP/1.1\r\n".encode(),
            host,
            credentials.encode(),
            extra,
            closing,
            f"Content-Length: {len(body)}\r\n\r\n".encode(),
            body,
        ]
    )


def tasks(world: World) -> int:
    """Count the tasks."""
    return len(list(world.tasks()))


@pytest.mark.parametrize("offer", UPGRADES)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_offer_to_upgrade_keeps_the_body(kit: Kit, server: Server, offer: str, size: int) -> None:
    """The request is read as if it had no offer, whatever pieces it comes in, and so is the one after it."""
    sent = create(kit, UPGRADES[offer], last=False) + create(kit, UPGRADES[offer])
    received = talk(server, [sent[start : start + size] for start in range(0, len(sent), size)])
    assert received.count(b"HTTP/1.1 200") == 2
    assert received.count(b'"task_id"') == 2
    assert tasks(server.world) == 2
    for entry in server.world.journal():
        assert entry.body == BODY


def test_pipeline_of_offers_is_read(kit: Kit, server: Server) -> None:
    """Hundreds in one piece need no deep stack."""
    sent = create(kit, UPGRADES["h2c"], body=b"{}", last=False) * 400 + create(kit)
    assert talk(server, [sent]).count(b"HTTP/1.1 ") == 401


@pytest.mark.parametrize("host", [b"", b"Host: x\r\nHost: y\r\n"], ids=["none", "two"])
def test_request_needs_exactly_one_host(kit: Kit, server: Server, host: bytes) -> None:
    """Any other number is HTTP 400, with the number."""
    received = talk(server, [create(kit, host=host)])
    assert received.startswith(b"HTTP/1.1 400 ")
    assert b"exactly one Host header" in received
    assert tasks(server.world) == 0


def test_old_requests_need_no_host(server: Server) -> None:
    """HTTP/1.0 had no Host header."""
    assert talk(server, [b"GET /_soundstage/health HTTP/1.0\r\n\r\n"]).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("pieces", [1, 50])
def test_endless_head_is_refused(kit: Kit, server: Server, pieces: int) -> None:
    """A header line without end gets HTTP 431 once it passes the limit, and other requests go on."""
    start = create(kit, host=b"Host: x\r\n").partition(b"\r\n")[0] + b"\r\nHost: x\r\nX-Long: "
    received = talk(server, [start, *([b"x" * (2 * MAX_HEAD // pieces)] * pieces)])
    assert received == b"" or received.startswith(b"HTTP/1.1 431 ")
    assert b"HTTP/1.1 200" in talk(server, [create(kit)])


def test_complete_head_above_the_limit_is_refused(kit: Kit, server: Server) -> None:
    """HTTP 431 names the limit; one just below it is read, with a large body behind it."""
    line = b"X-Long: " + b"x" * (MAX_HEAD - 2_000) + b"\r\n"
    assert b"HTTP/1.1 200" in talk(server, [create(kit, line)])
    received = talk(server, [create(kit, line + b"X-More: " + b"x" * 4_000 + b"\r\n")])
    assert received == b"" or (received.startswith(b"HTTP/1.1 431 ") and str(MAX_HEAD).encode() in received)


@pytest.mark.parametrize("size", [99_000, 100_001, 3_000_000])
def test_body_above_the_limit_is_refused(kit: Kit, server: Server, size: int) -> None:
    """HTTP 413 names the limit, is in the journal, and creates nothing."""
    body = json.dumps({"prompt": "A fox", "x": ""}).encode()
    received = talk(server, [create(kit, body=body[:-2] + b"x" * (size - len(body)) + body[-2:])])
    if size > 100_000:
        assert received == b"" or received.startswith(b"HTTP/1.1 413 ")
        assert [entry.status for entry in server.world.journal()] == [413]
        assert tasks(server.world) == 0
    else:
        assert received.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("start", "status", "reason"),
    [
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505", b"no HTTP/2"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400", b"without TLS"),
        (b"nonsense\r\n\r\n", b"400", b"Invalid HTTP request"),
    ],
)
def test_other_protocols_are_named(server: Server, start: bytes, status: bytes, reason: bytes) -> None:
    """A request of another protocol is refused with a reason."""
    received = talk(server, [start])
    assert received.startswith(b"HTTP/1.1 " + status)
    assert reason in received


@pytest.mark.parametrize("path", ["/_soundstage/health", "/docs", "/tomoviee/openapi.json", "/_soundstage/accounts"])
def test_head_is_get_without_its_body(server: Server, path: str) -> None:
    """For pages and the control API: the same status and length."""
    lengths = []
    for method in ("GET", "HEAD"):
        received = talk(server, [f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()])
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert bool(body) == (method == "GET")
        lengths.append([line for line in head.split(b"\r\n") if line.startswith(b"content-length")])
    assert lengths[0] == lengths[1] != []


def test_localhost_listens_on_both_addresses() -> None:
    """Programs that resolve it to ::1 first reach the same server as the others."""
    with Server(host="localhost") as server:
        reached = []
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            try:
                with socket.socket(family) as probe:
                    probe.bind((address, 0))
            except OSError:
                continue
            with socket.create_connection((address, server.port), timeout=20):
                reached.append(address)
        assert "127.0.0.1" in reached
