"""Requests as bytes: legal and illegal framing, in pieces of any size, on both HTTP parsers; the server continues."""

from __future__ import annotations

import socket
from random import Random
from typing import TYPE_CHECKING, Final

from soundstage_server import Server, World
from soundstage_server.http.protocol.with_h11 import H11Protocol
from soundstage_server.http.protocol.with_httptools import HttpToolsProtocol
from tests.siege.outcome import Outcome

if TYPE_CHECKING:
    import asyncio

_HOST: Final = b"Host: 127.0.0.1\r\n"
_CLOSE: Final = b"Connection: close\r\n"
_HEALTH: Final = b"/_soundstage/health"
_POLL: Final = b"POST /tomoviee/v1/open/pub/task HTTP/1.1\r\n" + _HOST + _CLOSE
_OK: Final = (200,)
_BAD: Final = (400,)
_GET: Final = b"GET " + _HEALTH + b" HTTP/1.1\r\n"
_MANY: Final = b"".join(b"X-%d: y\r\n" % number for number in range(9_000))
TABLE: Final[dict[str, tuple[bytes, tuple[int, ...]]]] = {
    "plain": (_GET + _HOST + _CLOSE + b"\r\n", _OK),
    "head": (b"HEAD " + _HEALTH + b" HTTP/1.1\r\n" + _HOST + _CLOSE + b"\r\n", _OK),
    "old version": (b"GET " + _HEALTH + b" HTTP/1.0\r\n\r\n", _OK),
    "no host": (_GET + _CLOSE + b"\r\n", _BAD),
    "two hosts": (_GET + _HOST + b"Host: b\r\n" + _CLOSE + b"\r\n", _BAD),
    "absolute target": (_GET.replace(b" /", b" http://127.0.0.1/", 1) + _HOST + _CLOSE + b"\r\n", (200, 400, 404)),
    "upgrade to HTTP/2": (
        b"GET " + _HEALTH + b" HTTP/1.1\r\n" + _HOST + b"Connection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n", _OK,
    ),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", _BAD),
    "length and chunks": (_POLL + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400, 401)),
    "two lengths": (_POLL + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", _BAD),
    "negative length": (_POLL + b"Content-Length: -1\r\n\r\n", _BAD),
    "length that is no number": (_POLL + b"Content-Length: 1_0\r\n\r\n", _BAD),
    "chunks": (_POLL + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", (200, 401)),
    "broken chunk": (_POLL + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", _BAD),
    "unknown coding": (_POLL + b"Transfer-Encoding: gzip\r\n\r\n", (400, 401, 501)),
    "space before colon": (b"GET " + _HEALTH + b" HTTP/1.1\r\nHost : a\r\n" + _CLOSE + b"\r\n", _BAD),
    "bare line feed in a value": (_GET + _HOST + b"X: a\nY: b\r\n" + _CLOSE + b"\r\n", (200, 400)),
    "null byte": (_GET + _HOST + b"X: a\0b\r\n" + _CLOSE + b"\r\n", _BAD),
    "no method": (b" / HTTP/1.1\r\n" + _HOST + b"\r\n", _BAD),
    "unknown version": (b"GET / HTTP/9.9\r\n" + _HOST + b"\r\n", (400, 505)),
    "large head": (b"GET / HTTP/1.1\r\n" + _HOST + b"X: " + b"x" * 80_000 + b"\r\n\r\n", (400, 431)),
    "many headers": (b"GET / HTTP/1.1\r\n" + _HOST + _MANY + b"\r\n", (400, 431)),
    "endless header line": (b"GET / HTTP/1.1\r\n" + _HOST + b"X: " + b"x" * 300_000, (400, 431)),
    "endless request line": (b"GET /" + b"x" * 300_000, (400, 414, 431)),
    "endless trailer": (_POLL + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 300_000, (200, 400, 401, 431)),
}  # fmt: skip


def framing(seed: int, count: int) -> Outcome:
    """Send every row of the table whole, then *count* rows in pieces of any size, to each parser."""
    outcome = Outcome("legal and illegal framing, whole and in pieces, on both HTTP parsers: the right status, no stop")
    random = Random(seed)
    for protocol in (H11Protocol, HttpToolsProtocol):
        with World(clock="auto", media="small") as world:
            server = Server(world)
            server._server.config.http = protocol
            with server:
                for name in [*TABLE, *random.choices(list(TABLE), k=count)]:
                    _try(server, protocol, name, random if outcome.tried >= len(TABLE) else None, outcome)
    return outcome


def _try(server: Server, protocol: type[asyncio.Protocol], name: str, random: Random | None, outcome: Outcome) -> None:
    sent, expected = TABLE[name]
    pieces = [sent]
    if random is not None:
        cuts = sorted(random.randrange(len(sent)) for _ in range(random.randrange(1, 12)))
        pieces = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    received, closed = exchange(server.port, pieces)
    status = int(received[9:12] or 0) if received.startswith(b"HTTP/1.1 ") else 0
    # A server that closes while the rest of a refused request arrives may reset the connection, and the status is lost.
    refused = closed and not received and max(expected) >= 400
    alive = exchange(server.port, [TABLE["plain"][0]])[0].startswith(b"HTTP/1.1 200")
    failure = f"{name} ({protocol.__name__}, {len(pieces)} pieces): {received[:80]!r}, closed: {closed}, alive: {alive}"
    outcome.note((status in expected or refused) and alive, failure)


def exchange(port: int, pieces: list[bytes]) -> tuple[bytes, bool]:
    """Send *pieces* one by one; return what came back, and whether the server has closed within 5 seconds."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                connection.sendall(piece)
            while piece := connection.recv(65_536):
                received += piece
        except TimeoutError:
            return received, False
        except OSError:  # reset, since the rest of a refused request was not read
            pass
    return received, True
