"""A server says where it is once it answers, says why when it cannot, and leaves nothing behind."""

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
from soundstage_server.http.server import ServeError
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
def test_a_server_answers_where_it_says(kit: Kit, host: str) -> None:
    """On a free port of that address, as soon as the block begins, and under its address results are minted."""
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


def test_nothing_in_an_answer_tells_of_the_server() -> None:
    """No name and version of a program, one date, and a connection that stays open."""
    with Server() as server, httpx.Client() as client:
        for _ in range(2):
            answer = client.post(server.base_url("tomoviee") + POLL)
            assert answer.headers.keys() == {"content-type", "x-soundstage-fact", "date", "content-length"}


def test_a_stopped_server_frees_its_port() -> None:
    """Another takes it at once, and where the first one was can still be read."""
    with Server() as first:
        httpx.get(first.url + HEALTH)
    with Server(port=first.port) as second:
        assert second.url == first.url
        assert httpx.get(second.url + HEALTH).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(first.url + HEALTH)


def test_a_server_stops_as_often_as_one_likes_and_starts_once() -> None:
    """Stopping twice does no harm, nor does stopping what never began; starting again is refused."""
    never = Server()
    never.stop()
    with Server() as server, pytest.raises(RuntimeError, match="a server starts once; create another one"):
        server.start()
    server.stop()
    for stopped in (never, server):
        with pytest.raises(RuntimeError, match="a server starts once; create another one"):
            stopped.start()


def test_a_server_closes_the_world_that_it_made_and_no_other() -> None:
    """The media of a world of one's own outlast a server."""
    film = Video(16, 16, 1, "", "", 0)
    with Server() as server:
        own = server.world
    with pytest.raises(RuntimeError, match="closed"):
        own.media_cache.file_blocking(film)
    with World() as world:
        with Server(world):
            pass
        assert world.media_cache.file_blocking(film).exists()


def test_a_taken_port_is_told() -> None:
    """The error names host and port and says why."""
    with (
        Server() as server,
        pytest.raises(ServeError, match=rf"^cannot listen on 127\.0\.0\.1 port {server.port}: .*in use"),
    ):
        Server(port=server.port)


@pytest.mark.parametrize(
    ("host", "port"), [("203.0.113.1", 0), ("127.0.0.1", 65_536), ("127.0.0.1", -1), ("2001:db8::1", 0)]
)
def test_an_address_that_cannot_be_is_told(host: str, port: int) -> None:
    """An address of another machine, or a port that is none: named, with the reason."""
    with pytest.raises(ServeError, match=f"^cannot listen on {host} port {port}: .+"):
        Server(host=host, port=port)


def test_python_rules_a_world_that_is_being_served(kit: Kit) -> None:
    """What Python tells the world, the next request sees, and what a request did, Python sees."""
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


def test_half_a_request_and_no_request_do_no_harm(kit: Kit) -> None:
    """A caller who hangs up within the body made no task, one who speaks no HTTP is told so, the next is served."""
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
def test_a_signal_ends_a_foreground_server_cleanly(ending: signal.Signals, tmp_path: Path, kit: Kit) -> None:
    """Ctrl-C and SIGTERM stop it without a word of complaint, and the films that it made are gone with it."""
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


def test_a_server_may_run_in_a_thread_of_ones_own() -> None:
    """Signals are the main thread's; there, and anywhere, what it set is set back when it ends."""
    before = (gc.get_threshold(), signal.getsignal(signal.SIGTERM))
    server, ready = Server(), threading.Event()
    thread = threading.Thread(target=server.run, args=(ready.set,))
    thread.start()
    ready.wait()
    assert httpx.get(server.url + HEALTH).status_code == 200
    server._server.should_exit = True
    thread.join()
    assert (gc.get_threshold(), signal.getsignal(signal.SIGTERM)) == before
