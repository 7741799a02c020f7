"""A server listens at its URL, reports why it cannot start, and leaves nothing behind."""

from __future__ import annotations

import gc
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from soundstage_server import Server, World
from soundstage_server.http.listeners import ServeError
from soundstage_server.media import Video

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mock_server.conftest import Kit

FOREGROUND = """
import sys
from soundstage_server import Server, World
server = Server(World(clock="auto", media="small"))
server.run(lambda: print(server.url, flush=True))
print("stopped", flush=True)
"""
HEALTH = "/_soundstage/health"
CREATE = "/v1/open/capacity/application/tm_text2video_b"
POLL = "/v1/open/pub/task"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_server_listens_at_its_url(kit: Kit, host: str) -> None:
    """On a free port, as soon as the block is entered; result URLs use its address."""
    with kit.world() as world, Server(world, host=host) as server:
        assert server.url == f"http://{f'[{host}]' if ':' in host else host}:{server.port}"
        assert server.base_url("tomoviee") == f"{server.url}/tomoviee"
        assert httpx.get(server.url + HEALTH).json()["ok"] is True
        headers = kit.rows["tomoviee"].headers("key", "secret")
        httpx.post(server.base_url("tomoviee") + CREATE, json={"prompt": "A fox"}, headers=headers)
        world.advance(600)
        (task,) = world.tasks()
        (url,) = world.services["tomoviee"].result_urls(task)
        assert url.startswith(f"{server.url}/tomoviee/_files/")
        assert httpx.get(url).status_code == 200


def test_responses_do_not_identify_the_server() -> None:
    """No server name or version, one Date header, and a persistent connection."""
    with Server() as server, httpx.Client() as client:
        for _ in range(2):
            answer = client.post(server.base_url("tomoviee") + POLL)
            assert answer.headers.keys() == {"content-type", "x-soundstage-fact", "date", "content-length"}


def test_stopped_server_frees_its_port() -> None:
    """The port can be reused at once, and `url` is still readable."""
    with Server() as first:
        httpx.get(first.url + HEALTH)
    with Server(port=first.port) as second:
        assert second.url == first.url
        assert httpx.get(second.url + HEALTH).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(first.url + HEALTH)


def test_server_that_is_stopped_at_its_start_frees_its_port() -> None:
    """A server whose stop comes before it has served anything closes its sockets and ends."""
    server = Server()
    server.run(on_ready=server.stop_soon)
    with Server(port=server.port) as second:
        assert httpx.get(second.url + HEALTH).status_code == 200


def test_server_stops_twice_and_starts_once() -> None:
    """Stopping twice, or before a start, is safe; starting again is refused."""
    never = Server()
    never.stop()
    with Server() as server, pytest.raises(RuntimeError, match="a server starts once; create another one"):
        server.start()
    server.stop()
    for stopped in (never, server):
        with pytest.raises(RuntimeError, match="a server starts once; create another one"):
            stopped.start()


def test_server_closes_only_its_own_world() -> None:
    """The media of a world that was passed in outlast the server."""
    video = Video(16, 16, 1, "", "", 0)
    with Server() as server:
        own = server.world
    with pytest.raises(RuntimeError, match="closed"):
        own.media_cache.file_blocking(video)
    with World() as world:
        with Server(world):
            pass
        assert world.media_cache.file_blocking(video).exists()


def test_port_in_use_is_reported() -> None:
    """The error names host, port and reason."""
    with (
        Server() as server,
        pytest.raises(ServeError, match=rf"^cannot listen on 127\.0\.0\.1 port {server.port}: .*in use"),
    ):
        Server(port=server.port)


@pytest.mark.parametrize(
    ("host", "port"), [("203.0.113.1", 0), ("127.0.0.1", 65_536), ("127.0.0.1", -1), ("2001:db8::1", 0)]
)
def test_invalid_address_is_reported(host: str, port: int) -> None:
    """An address of another machine or an invalid port is named, with the reason."""
    with pytest.raises(ServeError, match=f"^cannot listen on {host} port {port}: .+"):
        Server(host=host, port=port)


def test_python_and_requests_share_the_world(kit: Kit) -> None:
    """A change from Python is visible to the next request, and a request's effects are visible to Python."""
    headers = kit.rows["tomoviee"].headers("key", "secret")
    with kit.world() as world, Server(world) as server, httpx.Client(base_url=server.url, headers=headers) as client:
        task_id = client.post(f"/tomoviee{CREATE}", json={"prompt": "A fox"}).json()["data"]["task_id"]
        assert [task.id for task in world.tasks()] == [task_id]
        statuses = []
        for seconds in (0, 30, 600):
            world.advance(seconds)
            statuses.append(client.post(f"/tomoviee{POLL}", json={"task_id": task_id}).json()["data"]["status"])
        assert statuses == [1, 2, 3]
        world.reset()
        assert client.post(f"/tomoviee{POLL}", json={"task_id": task_id}).json()["code"] == 680404


def test_broken_requests_do_not_stop_the_server(kit: Kit) -> None:
    """A disconnect within the body creates no task, invalid HTTP is refused, the next request succeeds."""
    token = kit.rows["tomoviee"].headers("key", "secret")
    head = f"POST /tomoviee{CREATE} HTTP/1.1\r\nHost: h\r\nContent-Length: 19\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in token.items())
    with kit.world() as world, Server(world) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as caller:
            caller.sendall(f'{head}\r\n{{"prompt": '.encode())
        with socket.create_connection(("127.0.0.1", server.port)) as caller:
            caller.sendall(b"\x16\x03\x01 hello\r\n\r\n")
            assert caller.recv(100).startswith(b"HTTP/1.1 400 ")
        with socket.create_connection(("127.0.0.1", server.port)) as caller:
            caller.sendall(f'{head}\r\n{{"prompt": "A fox"}}'.encode())
            assert caller.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert len(list(world.tasks())) == 1


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_a_foreground_server_cleanly(ending: signal.Signals, tmp_path: Path, kit: Kit) -> None:
    """Ctrl-C and SIGTERM stop it without a traceback, and its videos are removed."""
    environment = {**kit.environment(), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", FOREGROUND], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        headers = kit.rows["tomoviee"].headers("key", "secret")
        task_id = httpx.post(f"{url}/tomoviee{CREATE}", json={"prompt": "A fox"}, headers=headers).json()["data"][
            "task_id"
        ]
        for _ in range(3):
            data = httpx.post(f"{url}/tomoviee{POLL}", json={"task_id": task_id}, headers=headers).json()["data"]
        assert httpx.get(data["result"].split('"')[3]).status_code == 200
        assert list(tmp_path.glob("soundstage-*/*.mp4"))
        process.send_signal(ending)
        stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout, stderr) == (0, "stopped\n", "")
    assert list(tmp_path.glob("soundstage-*")) == []


def test_server_runs_in_any_thread() -> None:
    """Signals belong to the main thread; everything that was set is restored at the end."""
    before = (gc.get_threshold(), signal.getsignal(signal.SIGTERM))
    server, ready = Server(), threading.Event()
    thread = threading.Thread(target=server.run, args=(ready.set,))
    thread.start()
    ready.wait()
    assert httpx.get(server.url + HEALTH).status_code == 200
    server._server.should_exit = True
    thread.join()
    assert (gc.get_threshold(), signal.getsignal(signal.SIGTERM)) == before
