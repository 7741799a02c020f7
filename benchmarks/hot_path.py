"""Create and poll beside a bare ASGI application on the same uvicorn, in one run.

Shows requests a second, the server's own processor time for each request, and both as a share of the bare one's; then
the same with more and more waiting tasks, the memory of each, and how long a server takes to be ready.

    python benchmarks/hot_path.py                  # a minute or so
    python benchmarks/hot_path.py --waiting 1000000  # the long one
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple, cast

import httpx

from soundstage_server.http.server import _config, _Uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE: Final = 300.0
"""Seconds after which a measurement is given up."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_CREATE: Final = "/tomoviee/v1/open/capacity/application/tm_text2video_b"
_POLL: Final = "/tomoviee/v1/open/pub/task"
_CREDENTIAL: Final = b64encode(b"bench:secret").decode()
_BODY: Final = json.dumps(
    {"prompt": "A fox in the snow, at dawn", "resolution": "720p", "aspect_ratio": "16:9"}
).encode()


class Rate(NamedTuple):
    """What a server did: requests a second, and its own microseconds of processor time for each."""

    per_second: float
    cpu_us: float


async def bare(_scope: object, receive: object, send: object) -> None:
    """Answer everything with an envelope of the size of a poll's, reading the body as any service must."""
    await receive()  # type: ignore[operator] # ASGI, as bare as it gets
    await send({  # type: ignore[operator]
        "type": "http.response.start", "status": 200,
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_ANSWER))],
    })  # fmt: skip
    await send({"type": "http.response.body", "body": _ANSWER})  # type: ignore[operator]


_ANSWER: Final = b'{"code":0,"msg":"success","data":{"status":2' + b" " * 190 + b"}}"


def serve_bare() -> None:
    """Serve the bare application on a free port, with uvicorn's own protocol and otherwise the simulator's settings."""
    import socket

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = _config(bare)  # type: ignore[arg-type] # any ASGI application will do
    config.http = "httptools"  # uvicorn as it comes: its own protocol and its own Date
    config.date_header = True
    ready = f"ready http://127.0.0.1:{listener.getsockname()[1]}"
    _Uvicorn(config, lambda: print(ready, flush=True)).run(sockets=[listener])


def serve_simulator() -> None:
    """Serve a simulator whose time stands still, so that every task keeps waiting."""
    from soundstage_server import Server, World

    server = Server(World(clock="manual"))
    server.run(lambda: print(f"ready {server.url}", flush=True))


@contextlib.contextmanager
def process(which: str) -> Iterator[tuple[str, int, float]]:
    """Run one of the two servers; hand out its address, its process id and how long it took to be ready."""
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, __file__, "--serve", which], stdout=subprocess.PIPE, text=True) as child:
        url = cast("IO[str]", child.stdout).readline().split()[-1]
        try:
            yield url, child.pid, time.perf_counter() - began
        finally:
            child.terminate()


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident(pid: int) -> int:
    """Return the bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Caller(asyncio.Protocol):
    """One keep-alive connection that asks the same thing again as soon as it was answered."""

    def __init__(self, request: bytes, count: int, done: asyncio.Future[None]) -> None:
        self._request, self._left, self._done = request, count, done
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Ask again once the whole answer is there."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]):
            return
        self._buffer = b""
        self._left -= 1
        if self._left:
            self._transport.write(self._request)
        else:
            self._transport.close()
            self._done.set_result(None)


async def drive(url: str, request: bytes, count: int, connections: int = 16) -> None:
    """Send *request* *count* times over some connections."""
    loop = asyncio.get_running_loop()
    host, _, port = url.removeprefix("http://").partition(":")
    dones = [loop.create_future() for _ in range(connections)]
    for done in dones:
        await loop.create_connection(lambda done=done: Caller(request, count // connections, done), host, int(port))  # type: ignore[misc]
    async with asyncio.timeout(_PATIENCE):
        await asyncio.gather(*dones)


def measure(url: str, pid: int, path: str, body: bytes, count: int) -> Rate:
    """Ask *count* times for *path* and return what the server did."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {url.removeprefix('http://')}\r\nx-app-key: bench\r\n"
        f"authorization: Basic {_CREDENTIAL}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    cpu, began = cpu_seconds(pid), time.perf_counter()
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(drive(url, head.encode() + body, count))
    return Rate(count / (time.perf_counter() - began), (cpu_seconds(pid) - cpu) / count * 1e6)


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


def enrich(url: str) -> None:
    """Let the benchmark's account hold enough for every task."""
    account = httpx.get(f"{url}/_soundstage/accounts", timeout=60).json()[0]
    httpx.put(f"{url}/_soundstage/ledger/tomoviee/{account['account']}", json={"available": 1e12}, timeout=60)


def one_task(url: str) -> bytes:
    """Create a task and return the body that polls it."""
    headers = {"x-app-key": "bench", "authorization": f"Basic {_CREDENTIAL}"}
    answer = httpx.post(url + _CREATE, content=_BODY, headers=headers, timeout=60).json()
    return json.dumps({"task_id": answer["data"]["task_id"]}).encode()


def compare(count: int, rounds: int) -> None:
    """Print bare, create and poll, in turn, so that all see the same machine."""
    rates: dict[str, list[Rate]] = {"bare": [], "poll": [], "create": []}
    with process("bare") as (bare_url, bare_pid, _), process("simulator") as (url, pid, ready):
        poll = one_task(url)
        enrich(url)
        for _ in range(rounds + 1):
            rates["bare"].append(measure(bare_url, bare_pid, "/", poll, count))
            rates["poll"].append(measure(url, pid, _POLL, poll, count))
            rates["create"].append(measure(url, pid, _CREATE, _BODY, count))
    print(f"ready to answer in {ready:.2f} s (process start included)\n")
    print(f"{'':8}{'requests/s':>12}{'share':>8}{'CPU us/request':>16}{'share':>8}")
    counted = {name: seen[1:] for name, seen in rates.items()}  # the first round warms up
    for name, seen in counted.items():
        speed = statistics.median(rate.per_second for rate in seen)
        cpu = statistics.median(rate.cpu_us for rate in seen)
        shares = [rate.per_second / base.per_second for rate, base in zip(seen, counted["bare"], strict=True)]
        cpus = [base.cpu_us / rate.cpu_us for rate, base in zip(seen, counted["bare"], strict=True)]
        print(f"{name:8}{speed:12,.0f}{statistics.median(shares):8.2f}{cpu:16.1f}{statistics.median(cpus):8.2f}")


def fill(waiting: int, count: int) -> None:
    """Print create and poll while more and more tasks wait, and what each costs in memory."""
    print(f"\n{'waiting tasks':>14}{'poll/s':>10}{'create/s':>10}{'bytes a task':>14}")
    with process("simulator") as (url, pid, _):
        poll = one_task(url)
        enrich(url)
        measure(url, pid, _CREATE, _BODY, 2_000)
        before, made, step = resident(pid), 0, 1_000
        while made < waiting:
            step = min(max(step, made * 9), waiting - made)
            create = measure(url, pid, _CREATE, _BODY, step)
            made += step
            seen = measure(url, pid, _POLL, poll, count)
            size = (resident(pid) - before) / made
            print(f"{made:14,}{seen.per_second:10,.0f}{create.per_second:10,.0f}{size:14,.0f}")


def main() -> None:
    """Run the comparison, or one of its servers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=16_000, help="requests a measurement (default 16000)")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each (default 5)")
    parser.add_argument("--waiting", type=int, default=100_000, help="waiting tasks to fill up to (default 100000)")
    parser.add_argument("--serve", choices=["bare", "simulator"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        {"bare": serve_bare, "simulator": serve_simulator}[options.serve]()
        return
    compare(options.count, options.rounds)
    if options.waiting:
        fill(options.waiting, options.count)


if __name__ == "__main__":
    main()
