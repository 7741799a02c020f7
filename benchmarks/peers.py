"""Compare the simulator with other mock servers, in one run whose measurements alternate.

Each server creates tasks and is polled for one of them, over the same number of connections. All shares are relative to
a bare ASGI application on the same uvicorn, measured in the same round, so that a busy machine affects both alike. The
noise of the processor is shown: how much the same loop of Python differs between the rounds.

    python benchmarks/peers.py                         # every vendor, and the peers that are installed
    python benchmarks/peers.py --vendors veo --rounds 9
    npm install --prefix /tmp/peers @copilotkit/aimock
    python benchmarks/peers.py --aimock /tmp/peers/node_modules/@copilotkit/aimock/dist/cli.js

pytest-httpserver takes part where it is installed, aimock where ``--aimock`` names its program. The server has one
processor for itself only if the machine has two.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT: Final = 300.0
_LONGEST: Final = 3.0
"""About how long one measurement takes at most, in seconds."""
_TICKS: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PROMPT: Final = "A fox in the snow, at dawn"
_CLOSING: Final = re.compile(rb"^HTTP/1\.0|\r\n(?i:connection: close)\r\n")
_READY: Final = re.compile(r"ready (http://\S+)")


class Row(NamedTuple):
    """How a server is used: the create call, the poll of the task in its response, and the headers of both."""

    create: str
    body: dict[str, Any]
    headers: dict[str, str]
    poll: str = ""
    poll_body: str | None = None
    poll_method: str = "GET"


_BASIC: Final = b64encode(b"bench:secret").decode()
_BEARER: Final = {"authorization": "Bearer bench"}
VENDORS: Final = {
    "tomoviee": Row(
        "/tomoviee/v1/open/capacity/application/tm_text2video_b", {"prompt": _PROMPT},
        {"x-app-key": "bench", "authorization": f"Basic {_BASIC}"},
        "/tomoviee/v1/open/pub/task", '{{"task_id":"{}"}}', "POST",
    ),
    "mediaio": Row(
        "/mediaio/generation/wan/t2v-wan-v2-5", {"data": {"prompt": _PROMPT}}, {"x-api-key": "bench"},
        "/mediaio/generation/result/{}", "{{}}", "POST",
    ),
    "edrawmax": Row("/edrawmax/api/ai/skills/generate-flowchart", {"prompt": _PROMPT}, {"x-user-id": "bench"}),
    "cloudsway": Row(
        "/cloudsway/v1/ai/any/kling/videos/text2video", {"prompt": _PROMPT}, _BEARER,
        "/cloudsway/v1/ai/any/kling/videos/text2video/{}",
    ),
    "infrai": Row("/infrai/v1/video/generate", {"prompt": _PROMPT}, _BEARER, "/infrai/v1/video/jobs/{}"),
    "gmicloud": Row(
        "/gmicloud/api/v1/ie/requestqueue/apikey/requests",
        {"model": "Wan-AI_Wan2.1-T2V-14B", "payload": {"prompt": _PROMPT}}, _BEARER,
        "/gmicloud/api/v1/ie/requestqueue/apikey/requests/{}",
    ),
    "veo": Row(
        "/veo/gemini/v1beta/models/veo-3.0-generate-preview:predictLongRunning", {"instances": [{"prompt": _PROMPT}]},
        {"x-goog-api-key": "bench"}, "/veo/gemini/v1beta/{}",
    ),
}  # fmt: skip
_PLAIN: Final = Row("/tasks", {"prompt": _PROMPT}, _BEARER, "/tasks/{}")
_AIMOCK: Final = Row(
    "/v1beta/models/veo-3.0-generate-preview:predictLongRunning", {"instances": [{"prompt": _PROMPT}]},
    {"x-goog-api-key": "bench"}, "/v1beta/{}",
)  # fmt: skip


class Rate(NamedTuple):
    """A measurement: requests per second, 99th percentile in milliseconds, CPU time per request in microseconds."""

    per_second: float
    p99_ms: float
    cpu_us: float


class Peer(NamedTuple):
    """A running server."""

    url: str
    pid: int
    row: Row


# The servers, each in a process of its own.


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Respond to every request with an envelope as large as that of a poll, after reading its body."""
    del scope
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_ENVELOPE))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _ENVELOPE})


_ENVELOPE: Final = b'{"id":"0","code":0,"msg":"success","data":{"status":2' + b" " * 190 + b"}}"


def serve_asgi(app: Any) -> None:
    """Serve an ASGI application with uvicorn's own protocol and defaults, without logs."""
    import uvicorn

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    print(f"ready http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    loop = "uvloop" if find_spec("uvloop") else "asyncio"
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", ws="none", loop=cast("Any", loop))
    uvicorn.Server(config).run(sockets=[listener])


def serve_bare() -> None:
    """Serve the bare application."""
    serve_asgi(bare)


def serve_fastapi() -> None:
    """Serve what one would write by hand: a dictionary of tasks behind two routes."""
    from fastapi import FastAPI, HTTPException
    from fastapi.responses import JSONResponse

    app, tasks = FastAPI(openapi_url=None), dict[str, dict[str, Any]]()

    @app.post("/tasks")
    async def create(body: dict[str, Any]) -> JSONResponse:
        task = {"id": f"task-{len(tasks)}", "status": "queued", "prompt": body["prompt"]}
        tasks[task["id"]] = task
        return JSONResponse(task)

    @app.get("/tasks/{task_id}")
    async def poll(task_id: str) -> JSONResponse:
        if task_id not in tasks:
            raise HTTPException(404)
        return JSONResponse(tasks[task_id])

    # Annotations are texts here, and FastAPI resolves them in the module only.
    del create, poll
    serve_asgi(app)


def serve_httpserver() -> None:
    """Serve two expectations of pytest-httpserver."""
    from pytest_httpserver import HTTPServer  # type: ignore[import-not-found, unused-ignore] # optional

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = HTTPServer(port=0)
    answer = {"id": "task-0", "status": "queued", "prompt": _PROMPT}
    server.expect_request("/tasks", method="POST").respond_with_json(answer)
    server.expect_request("/tasks/task-0", method="GET").respond_with_json(answer)
    server.start()
    print(f"ready http://127.0.0.1:{server.port}", flush=True)
    while server.is_running():
        time.sleep(1)
        server.clear_log()  # it keeps every exchange


def serve_simulator(state: str | None = None) -> None:
    """Serve a simulator whose clock is stopped, so that every task keeps waiting; accounts can pay for all of them."""
    from soundstage_server import Server, World

    world = World(clock="manual", media="small", state=state)
    for slug in world.services:
        account = world.open_account(slug, "bench")
        world.limit(account, at_once=None)
        account.ledger.set_available(10**15, account.now())
    with world:
        server = Server(world)
        server.run(lambda: print(f"ready {server.url}", flush=True))


def serve_state() -> None:
    """Serve a simulator that keeps its state in a file."""
    with tempfile.TemporaryDirectory() as folder:
        serve_simulator(str(Path(folder) / "state"))


SERVERS: Final = {
    "bare": serve_bare,
    "soundstage": serve_simulator,
    "state": serve_state,
    "fastapi": serve_fastapi,
    "httpserver": serve_httpserver,
}


@contextlib.contextmanager
def running(name: str, command: list[str], url: str | None = None) -> Iterator[tuple[str, int]]:
    """Run one server; yield its address and its process id."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            found = None
            while found is None and url is None:
                line = cast("IO[str]", child.stdout).readline()
                if not line:
                    raise SystemExit(f"{name} ended before it was ready")
                found = _READY.search(line)
            yield url or cast("re.Match[str]", found)[1], child.pid
        finally:
            child.terminate()


@contextlib.contextmanager
def running_aimock(program: str) -> Iterator[tuple[str, int]]:
    """Run aimock with one fixture for videos."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    video = {"id": "vid-1", "status": "completed", "url": "https://example.com/video.mp4"}
    fixture = {"fixtures": [{"match": {"userMessage": _PROMPT, "endpoint": "video"}, "response": {"video": video}}]}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "video.json").write_text(json.dumps(fixture))
        command = ["node", program, "--port", str(port), "--fixtures", folder, "--log-level", "silent"]
        with running("aimock", command, f"http://127.0.0.1:{port}") as started:
            _wait_for(port)
            yield started


def _wait_for(port: int) -> None:
    ends = time.monotonic() + _TIMEOUT
    while time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


# The load.


class RequestLoop(asyncio.Protocol):
    """A connection that repeats one request as soon as the response is complete.

    It connects again where the server closes after each response.
    """

    def __init__(self, url: str, request: bytes, count: int, seconds: list[float]) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._address = host, int(port)
        self._request, self._left, self._seconds = request, count, seconds
        self._buffer = b""
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def connect(self) -> None:
        """Connect, and send the next request."""
        await asyncio.get_running_loop().create_connection(lambda: self, *self._address)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the next request."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Send the next request once the response is complete."""
        self._buffer += data
        if not _is_whole(self._buffer):
            return
        response, self._buffer = self._buffer, b""
        if response[9:12] not in (b"200", b"201", b"202"):
            self._end(RuntimeError(response[:500].decode("latin-1")))
            return
        self._seconds.append(time.perf_counter() - self._sent)
        self._left -= 1
        if not self._left:
            self._end()
        elif not _CLOSING.search(response):
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """Connect again for the requests that are left."""
        if error is not None:
            self._end(error)
        elif not self.done.done():
            self._again = asyncio.ensure_future(self.connect())

    def _end(self, error: Exception | None = None) -> None:
        self._transport.close()
        if not self.done.done():
            self.done.set_result(None) if error is None else self.done.set_exception(error)

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)


def _is_whole(response: bytes) -> bool:
    head, found, body = response.partition(b"\r\n\r\n")
    if not found:
        return False
    lines = head.lower()
    if b"transfer-encoding: chunked" in lines:
        return body.endswith(b"0\r\n\r\n")
    return len(body) >= int(lines.partition(b"content-length: ")[2].partition(b"\r\n")[0])


async def drive(url: str, request: bytes, count: int, connections: int) -> list[float]:
    """Send *request* *count* times over several connections; return how long each took."""
    seconds: list[float] = []
    loops = [RequestLoop(url, request, count // connections, seconds) for _ in range(connections)]
    for one in loops:
        await one.connect()
    async with asyncio.timeout(_TIMEOUT):
        await asyncio.gather(*(one.done for one in loops))
    return seconds


def request_of(peer: Peer, method: str, path: str, body: str | None) -> bytes:
    """Return a request as the usual HTTP clients send it."""
    headers = {"host": peer.url.removeprefix("http://"), "accept": "*/*", "accept-encoding": "gzip, deflate"}
    headers |= {"connection": "keep-alive", "user-agent": "python-httpx/0.28.1", **peer.row.headers}
    if body is not None:
        headers |= {"content-type": "application/json", "content-length": str(len(body))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", body or ""]
    return "\r\n".join(lines).encode()


def measure(peer: Peer, request: bytes, count: int, connections: int) -> Rate:
    """Send *count* requests and return the rate of the server."""
    cpu, started = cpu_seconds(peer.pid), time.perf_counter()
    with asyncio.Runner(loop_factory=_loop) as runner:
        seconds = runner.run(drive(peer.url, request, count, connections))
    passed = time.perf_counter() - started
    p99 = sorted(seconds)[int(len(seconds) * 0.99)]
    return Rate(len(seconds) / passed, p99 * 1e3, (cpu_seconds(peer.pid) - cpu) / len(seconds) * 1e6)


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process, in seconds; 0 where the system has no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def first_id(peer: Peer) -> str:
    """Create one task, and return its id: what a poll needs."""
    import httpx

    response = httpx.post(peer.url + peer.row.create, json=peer.row.body, headers=peer.row.headers, timeout=60)
    response.raise_for_status()
    found = _first(response.json(), ("task_id", "request_id", "job_id", "name", "id"))
    if found is None:
        raise SystemExit(f"no id in the response of {peer.url}{peer.row.create}: {response.text[:200]}")
    return found


def _first(data: Any, names: tuple[str, ...]) -> str | None:
    members = {**data, **data["data"]} if isinstance(data.get("data"), dict) else data
    return next((str(members[name]) for name in names if name in members), None)


# The comparison.


def noise() -> float:
    """Return how long a fixed loop of Python takes, in milliseconds: what the machine gives at this moment."""
    started = time.perf_counter()
    sum(range(2_000_000))
    return (time.perf_counter() - started) * 1e3


def compare(peers: dict[str, Peer], count: int, connections: int, rounds: int) -> None:
    """Measure all peers in turn, and print a table."""
    calls: dict[tuple[str, str], tuple[Peer, bytes]] = {}
    for name, peer in peers.items():
        calls[name, "create"] = peer, request_of(peer, "POST", peer.row.create, json.dumps(peer.row.body))
        if peer.row.poll:
            task = first_id(peer)
            body = None if peer.row.poll_body is None else peer.row.poll_body.format(task)
            calls[name, "poll"] = peer, request_of(peer, peer.row.poll_method, peer.row.poll.format(task), body)
    rates: dict[tuple[str, str], list[Rate]] = {call: [] for call in calls}
    counts: dict[tuple[str, str], int] = {}
    for call, (peer, request) in calls.items():
        # A warm-up, which also bounds the time that a slow peer takes.
        rate = measure(peer, request, max(count // 20, connections), connections)
        counts[call] = max(connections, min(count, round(rate.per_second * _LONGEST)))
    loops: list[float] = []
    for _ in range(rounds):
        for call, (peer, request) in calls.items():
            loops.append(noise())
            rates[call].append(measure(peer, request, counts[call], connections))
    report(rates, loops)


def report(rates: dict[tuple[str, str], list[Rate]], loops: list[float]) -> None:
    """Print the medians as a table in Markdown, with shares of the bare application of the same round."""
    print(f"\n{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} processors, Python {sys.version[:6]}")
    spread = statistics.quantiles(loops, n=10)
    print(f"noise of the processor: the same loop took {spread[0]:.0f} to {spread[-1]:.0f} ms (10 % to 90 %)\n")
    print("| server | call | requests/s | share of bare | 99 % within, ms | CPU us/request | CPU share of bare |")
    print("|---|---|---|---|---|---|---|")
    for (name, call), measured in rates.items():
        base = rates["bare ASGI", call]
        share = statistics.median(one.per_second / other.per_second for one, other in zip(measured, base, strict=True))
        cpus = [other.cpu_us / one.cpu_us for one, other in zip(measured, base, strict=True) if one.cpu_us]
        cpu_share = f"{statistics.median(cpus):.2f}" if cpus else "-"
        speed, p99, cpu = (statistics.median(column) for column in zip(*measured, strict=True))
        print(f"| {name} | {call} | {speed:,.0f} | {share:.2f} | {p99:.1f} | {cpu:.0f} | {cpu_share} |")


def main() -> None:
    """Run the comparison, or one of its servers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=8_000, help="requests per measurement (default 8000)")
    parser.add_argument("--connections", type=int, default=32, help="connections at once (default 32)")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each (default 5)")
    parser.add_argument("--vendors", nargs="+", choices=VENDORS, default=list(VENDORS), help="by default all")
    parser.add_argument("--aimock", metavar="CLI_JS", help="the program of aimock, run by node")
    parser.add_argument("--serve", choices=SERVERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        SERVERS[options.serve]()
        return
    with contextlib.ExitStack() as stack:

        def start(name: str) -> tuple[str, int]:
            return stack.enter_context(running(name, [sys.executable, __file__, "--serve", name]))

        plain = {"bare ASGI": "bare", "lean FastAPI": "fastapi"}
        if find_spec("pytest_httpserver"):
            plain["pytest-httpserver"] = "httpserver"
        peers = {shown: Peer(*start(name), _PLAIN) for shown, name in plain.items()}
        if options.aimock:
            peers["aimock (Veo)"] = Peer(*stack.enter_context(running_aimock(options.aimock)), _AIMOCK)
        for suffix, name in (("", "soundstage"), (" --state", "state")):
            started = start(name)
            for vendor in options.vendors:
                peers[f"Soundstage {vendor}{suffix}"] = Peer(*started, VENDORS[vendor])
        compare(peers, options.count, options.connections, options.rounds)


if __name__ == "__main__":
    main()
