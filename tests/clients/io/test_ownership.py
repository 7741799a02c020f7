"""Connections belong to one process and one event loop; a client may be used in several."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage import AsyncTomoviee, ClientClosed, InvalidArgument, SkippingClock, Tomoviee
from soundstage._io.http import AsyncTransport, SyncTransport
from soundstage._io.ownership import is_loopback
from soundstage._values.messages import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMPT: Any = {"resolution": "720p", "aspect_ratio": "16:9"}


class Gateway(BaseHTTPRequestHandler):
    """Starts a job for every request, on connections that stay open."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer with the id of a job."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"code": 0, "msg": "", "data": {"task_id": "t-1", "status": 2}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def base_url() -> Iterator[str]:
    """Return the address of a service on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def _collected() -> Iterator[None]:
    """Collect the connections of event loops that are over before the next test begins."""
    yield
    # The first pass frees the loops, and only then do their connections, in cycles of their own, become garbage.
    for _ in range(3):
        gc.collect()


async def submit_and_poll(client: AsyncTomoviee) -> str:
    """Start a job and poll it, so that a connection stays open."""
    return (await (await client.text_to_video("x", **PROMPT)).refresh()).id


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("_collected")
def test_async_client_works_in_a_second_event_loop(base_url: str) -> None:
    """A client that outlives its event loop has new connections in the next one, and is closed in any."""
    client = AsyncTomoviee("key-0123456789", "secret-0123456789", base_url=base_url, clock=SkippingClock())
    assert [asyncio.run(submit_and_poll(client)) for _ in range(2)] == ["t-1", "t-1"]
    asyncio.run(client.aclose())
    with pytest.raises(ClientClosed):
        asyncio.run(submit_and_poll(client))


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("_collected", "_each_http_library")
def test_injected_client_of_another_loop_is_refused_before_paying(base_url: str) -> None:
    """An injected client is not used in another event loop than its own: nothing is sent there."""
    http = httpx.AsyncClient(trust_env=False)
    client = AsyncTomoviee("key-0123456789", "secret-0123456789", base_url=base_url, http=http)
    asyncio.run(submit_and_poll(client))
    with pytest.raises(ClientClosed, match="another process or event loop") as caught:
        asyncio.run(submit_and_poll(client))
    assert caught.value.vendor == "tomoviee"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_client_works_after_a_fork(base_url: str) -> None:
    """A forked process has connections of its own, and a lock that another thread had taken does not block it."""
    client = Tomoviee("key-0123456789", "secret-0123456789", base_url=base_url, clock=SkippingClock())
    job = client.text_to_video("x", **PROMPT).refresh()
    with client._transport._lock:
        child = os.fork()
    if not child:
        os._exit(0 if job.refresh().id == "t-1" and client.text_to_video("x", **PROMPT).id == "t-1" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert job.refresh().id == "t-1"
    client.close()


@pytest.mark.parametrize("proxy", ["socks://127.0.0.1:1080/", "nonsense://user:planted-password@host"])
@pytest.mark.parametrize("kind", [SyncTransport, AsyncTransport])
def test_unusable_proxy_is_an_invalid_argument(
    monkeypatch: pytest.MonkeyPatch, proxy: str, kind: type[SyncTransport | AsyncTransport]
) -> None:
    """A proxy of the environment that cannot be used is named, with its variable and without its password."""
    for name in ("NO_PROXY", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", proxy)

    async def pick() -> None:
        kind(None, None)._pick(Request("GET", "https://host.example/"))

    with pytest.raises(InvalidArgument, match="ALL_PROXY") as caught:
        asyncio.run(pick())
    assert "planted-password" not in f"{caught.value} {caught.value.value}"


def test_this_machine_is_not_requested_through_a_proxy(monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
    """A proxy of the environment, also an unusable one, does not matter for addresses of this machine."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("ALL_PROXY", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9" if name != "ALL_PROXY" else "socks://127.0.0.1:9")
    with Tomoviee("key-0123456789", "secret-0123456789", base_url=base_url) as client:
        assert client.text_to_video("x", **PROMPT).id == "t-1"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/a", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:80", True),
        ("http://localhost", True),
        ("http://a.localhost", True),
        ("https://localhost.example", False),
        ("https://10.0.0.1", False),
        ("https://host.example", False),
    ],
)
def test_addresses_of_this_machine_are_recognized(url: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """Loopback addresses and localhost are this machine."""
    assert is_loopback(url) is expected
