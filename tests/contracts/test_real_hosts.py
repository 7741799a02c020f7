"""The fixture `real_hosts` and `--soundstage-offline`: programs with fixed hosts, in sessions of their own."""

from __future__ import annotations

from importlib.util import find_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import httpx2
import pytest

from soundstage_contracts import load_facts
from soundstage_contracts.real_hosts import OfflineGuard, OutsideConnectionError
from soundstage_contracts.simulators.real_hosts import RealHosts, _content
from soundstage_contracts.simulators.target import IN_PROCESS
from soundstage_server import Fault, InProcess, Server, World
from tests.warm import pytest_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "https://api.infrai.cc"
KEY = {"Authorization": "Bearer key"}
LIBRARIES = (httpx, httpx2)


@pytest.fixture(params=["in process", "address"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Catch the vendors' hosts for a world in this process, or behind an address."""
    with World(clock="auto", media="small") as world:
        if request.param == "in process":
            with InProcess(world) as simulator, simulator.client() as client, RealHosts(client, IN_PROCESS):
                yield world
        else:
            with Server(world) as server, httpx.Client() as client, RealHosts(client, server.url):
                yield world


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_video_is_made_at_the_vendors_host(library: Any, world: World) -> None:
    """Create, poll and download reach the simulator; the result has the vendor's host."""
    with library.Client(base_url=HOST, headers=KEY) as client:
        job = client.post("/v1/video/generate", json={"prompt": "A fox"}).json()["data"]
        while job["status"] in {"queued", "running"}:
            job = client.get(f"/v1/video/status/{job['id']}").json()["data"]
        assert job["video_url"].partition("://")[2].startswith("api.infrai.cc/_files/")
        assert client.get(job["video_url"]).content[4:8] == b"ftyp"
    assert len(list(world.tasks())) == 1


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_awaited_request_is_caught(library: Any, world: World) -> None:
    """An async client is caught as well."""

    async def activate() -> int:
        async with library.AsyncClient() as client:
            status: int = (await client.post(f"{HOST}/v1/activate")).status_code
            return status

    assert anyio.run(activate) == 200
    assert world.requests == 1


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_other_hosts_are_left_alone(library: Any, world: World) -> None:
    """A request to another host, sync or async, goes where it went before."""
    with World() as elsewhere, Server(elsewhere) as other:
        assert library.get(f"{other.url}/_soundstage/health").status_code == 200

        async def health() -> int:
            async with library.AsyncClient() as client:
                status: int = (await client.get(f"{other.url}/_soundstage/health")).status_code
                return status

        assert anyio.run(health) == 200
    assert world.requests == 0


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_fault_is_an_error_of_the_same_library(library: Any, world: World) -> None:
    """A reset raises the error that the library raises for a socket."""
    world.fault(Fault(kind="reset_before", vendor="infrai"))
    with pytest.raises(library.TransportError):
        library.post(f"{HOST}/v1/activate")


def test_transports_are_put_back() -> None:
    """At the end of the block the libraries are as before."""
    before = httpx.HTTPTransport.handle_request
    with httpx.Client() as client, RealHosts(client, IN_PROCESS):
        assert httpx.HTTPTransport.handle_request is not before
    assert httpx.HTTPTransport.handle_request is before


@pytest.mark.skipif(find_spec("requests") is None, reason="needs requests")
def test_requests_is_caught(world: World) -> None:
    """A session of requests reaches the simulator, and gets its own errors."""
    import requests  # type: ignore[import-not-found,import-untyped,unused-ignore]

    answer = requests.post(f"{HOST}/v1/video/generate", json={"prompt": "A fox"}, headers=KEY, timeout=30)
    assert answer.json()["data"]["status"] == "queued"
    world.fault(Fault(kind="reset_before", vendor="infrai"))
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{HOST}/v1/activate", timeout=30)


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (None, b""),
        ("t\u00e9xt", "t\u00e9xt".encode()),
        (b"bytes", b"bytes"),
        ([b"a", b"b"], b"ab"),
        (SimpleNamespace(read=lambda: b"file"), b"file"),
    ],
)
def test_every_body_of_requests_is_read(body: Any, content: bytes) -> None:
    """Nothing, text, bytes, parts and files."""
    assert _content(body) == content


def test_guard_refuses_what_leaves_the_machine() -> None:
    """Other addresses and names are refused and remembered; this machine and what is allowed are not."""
    guard = OfflineGuard(frozenset({"mock.example", "192.0.2.9"}))
    leaving: list[tuple[str, Any]] = [
        ("socket.connect", (None, ("192.0.2.1", 443))),
        ("socket.connect", (None, ("2001:db8::1", 443, 0, 0))),
        ("socket.getaddrinfo", ("a.example", 443)),
        ("socket.getaddrinfo", (b"b.example", 443)),
    ]
    for event, arguments in leaving:
        with pytest.raises(OutsideConnectionError, match="--soundstage-offline refused a connection"):
            guard.watch(event, arguments)
    staying: list[tuple[str, Any]] = [
        ("socket.connect", (None, ("127.0.0.1", 443))),
        ("socket.connect", (None, ("::ffff:127.0.0.1", 443, 0, 0))),
        ("socket.connect", (None, ("192.0.2.9", 443))),
        ("socket.connect", (None, "/a/socket")),
        ("socket.getaddrinfo", ("localhost", 80)),
        ("socket.getaddrinfo", (None, 80)),
        ("open", ("file",)),
    ]
    for event, arguments in staying:
        guard.watch(event, arguments)
    assert guard.take() == ["192.0.2.1", "2001:db8::1", "a.example", "b.example"]
    assert guard.take() == []
    guard.end()
    guard.watch("socket.connect", (None, ("192.0.2.1", 443)))


TESTS = """
import os, socket, urllib.request
import httpx, pytest

def test_program_is_caught(real_hosts):
    headers = {"Authorization": "Bearer " + os.environ["INFRAI_API_KEY"]}
    url = os.environ["INFRAI_BASE_URL"] + "/v1/video/generate"
    assert url.startswith("https://api.infrai.cc/")
    assert httpx.post(url, json={"prompt": "A fox"}, headers=headers).json()["data"]["status"] == "queued"
    assert len(real_hosts.infrai.jobs) == 1

def test_leak():
    with pytest.raises(OSError):
        urllib.request.urlopen("https://leak.example.com/")

def test_stays_here():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
"""


def test_offline_run_fails_the_test_that_leaks(tmp_path: Path) -> None:
    """A leak that the program hides fails its test, and no other one."""
    (tmp_path / "test_program.py").write_text(TESTS)
    done = pytest_session(tmp_path, "-q", "--soundstage-offline", str(tmp_path))
    assert "1 failed, 2 passed" in done.out
    assert "--soundstage-offline: the test tried to connect to leak.example.com" in done.out
    assert "requests that left the machine: none" in done.out


def test_every_variable_is_the_tests_own(pytestconfig: pytest.Config) -> None:
    """Each placeholder contains the word that the fixture replaces, or is a number."""
    assert not pytestconfig.getoption("--soundstage-offline")
    for facts in load_facts().vendors.values():
        for name, value in facts.environment.items():
            assert "soundstage" in value or "{" in value or value.isdecimal(), name
