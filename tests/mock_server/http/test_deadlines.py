"""Requests that are never sent to their end are closed, and a server that stops ends without noise."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from soundstage_server import Server
from soundstage_server.http.protocol.deadlines import BODY_SECONDS, HEAD_SECONDS, Deadlines
from soundstage_server.http.protocol.with_h11 import H11Protocol
from soundstage_server.http.protocol.with_httptools import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from tests.mock_server.conftest import Kit

HEALTH = b"GET /_soundstage/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HALVES = {
    "silent": (b"", "head", HEAD_SECONDS),
    "head": (b"GET / HTTP/1.1\r\nHost: 127", "head", HEAD_SECONDS),
    "body": (b"POST /infrai/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{", "body", BODY_SECONDS),
    "chunk": (b"POST /infrai/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", "body", BODY_SECONDS),
}


@contextmanager
def connected(server: Server, sent: bytes) -> Iterator[socket.socket]:
    """Connect to *server*, and send *sent*; the server has read it when the block is entered."""
    connections = server._server.server_state.connections
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(sent)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as other:
            other.sendall(HEALTH)
            assert other.recv(100).startswith(b"HTTP/1.1 200")
        assert connections
        yield connection


def check(server: Server, deadlines: Deadlines, now: float) -> None:
    """Check *deadlines* on the server's event loop."""
    loop: asyncio.AbstractEventLoop = next(iter(server._server.server_state.connections)).loop
    done = threading.Event()

    def run() -> None:
        deadlines.check(now)
        done.set()

    loop.call_soon_threadsafe(run)
    assert done.wait(20)


@pytest.mark.parametrize("protocol", [H11Protocol, HttpToolsProtocol])
@pytest.mark.parametrize("name", HALVES)
def test_half_a_request_is_closed_after_its_time(kit: Kit, name: str, protocol: type[asyncio.Protocol]) -> None:
    """Not before, and with HTTP 408 that names the limit."""
    sent, phase, seconds = HALVES[name]
    with kit.world() as world:
        server = Server(world)
        server._server.config.http = protocol
        with server, connected(server, sent) as connection:
            deadlines = Deadlines(server._server.server_state.connections)
            for now in (0.0, seconds - 1):
                check(server, deadlines, now)
            connection.settimeout(0.05)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            connection.settimeout(20)
            check(server, deadlines, seconds)
            received = b"".join(iter(lambda: connection.recv(65_536), b""))
            assert received.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
            assert received.endswith(f"the {phase} of a request must arrive within {seconds:.0f} seconds".encode())


@pytest.mark.parametrize("protocol", [H11Protocol, HttpToolsProtocol])
def test_another_request_has_time_of_its_own(kit: Kit, protocol: type[asyncio.Protocol]) -> None:
    """A connection that is used again and again is never closed for what it has sent before."""
    with kit.world() as world:
        server = Server(world)
        server._server.config.http = protocol
        with server, connected(server, b"") as connection:
            deadlines = Deadlines(server._server.server_state.connections)
            for step in range(4):
                connection.sendall(HEALTH[:20])
                check(server, deadlines, step * (HEAD_SECONDS - 1))
                connection.sendall(HEALTH[20:])
                assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
            assert deadlines._since == {} or len(deadlines._since) == 1


HOLDING = """
import sys
from soundstage_server import Fault, Server, World
world = World(media="small")
world.fault(Fault(sys.argv[1], seconds=1000.0 if sys.argv[1] in ("latency", "slow") else None))
server = Server(world)
server.run(lambda: print(server.port, flush=True))
print("stopped", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("kind", ["latency", "hang", "slow"])
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=lambda ending: ending.name)
def test_stopping_closes_held_responses_without_noise(kit: Kit, kind: str, ending: signal.Signals) -> None:
    """The client sees a closed connection and no HTTP 500; standard error stays empty and the exit code is 0."""
    command = [sys.executable, "-c", HOLDING, kind]
    environment = {**kit.environment(), "PYTHONDEVMODE": ""}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            with (
                socket.create_connection(("127.0.0.1", port), timeout=20) as connection,
                socket.create_connection(("127.0.0.1", port), timeout=20) as half,
            ):
                half.sendall(b"POST /tomoviee/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{")
                connection.sendall(b"GET /tomoviee/v1 HTTP/1.1\r\nHost: x\r\n\r\n")
                # A response to another request shows that this one is being held.
                with socket.create_connection(("127.0.0.1", port), timeout=20) as other:
                    other.sendall(HEALTH)
                    assert other.recv(100).startswith(b"HTTP/1.1 200")
                process.send_signal(ending)
                received = b"".join(iter(lambda: connection.recv(65_536), b""))
            output, notes = process.communicate(timeout=30)
        finally:
            process.kill()
    assert b" 500 " not in received
    assert (process.returncode, output, notes) == (0, "stopped\n", "")
