"""Compare create and poll with a bare ASGI application on the same uvicorn, in one run.

Prints requests per second and the server's CPU time per request, each also relative to the bare application; then the
same with a growing number of waiting tasks, the memory per task, and the start time of a server.

    python benchmarks/hot_path.py                    # about a minute
    python benchmarks/hot_path.py --waiting 1000000  # much longer
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
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple, cast

import httpx

from soundstage_server.http.server import _config, _Uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT: Final = 300.0
"""The longest time of a measurement, in seconds."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_CREATE: Final = "/tomoviee/v1/open/capacity/application/tm_text2video_b"
_POLL: Final = "/tomoviee/v1/open/pub/task"
_CREDENTIAL: Final = b64encode(b"bench:secret").decode()
_BODY: Final = json.dumps(
    {"prompt": "A fox in the snow, at dawn", "resolution": "720p", "aspect_ratio": "16:9"}
).encode()


class Rate(NamedTuple):
    """The throughput of a server, and its CPU time per request in microseconds."""

    per_second: float
    cpu_us: float


async def bare(_scope: object, receive: object, send: object) -> None:
    """Respond to every request with an envelope as large as that of a poll, after reading the body."""
    await receive()  # type: ignore[operator] # bare ASGI without its types
    await send({  # type: ignore[operator]
        "type": "http.response.start", "status": 200,
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_RESPONSE))],
    })  # fmt: skip
    await send({"type": "http.response.body", "body": _RESPONSE})  # type: ignore[operator]


_RESPONSE: Final = b'{"code":0,"msg":"success","data":{"status":2' + b" " * 190 + b"}}"


def serve_bare() -> None:
    """Serve the bare application on a free port, with uvicorn's default protocol and the simulator's settings."""
    import socket

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = _config(bare)
    config.http = "httptools"  # uvicorn's defaults: its own protocol and its own Date header
    config.date_header = True
    ready = f"ready http://127.0.0.1:{listener.getsockname()[1]}"
    _Uvicorn(config, lambda: print(ready, flush=True)).run(sockets=[listener])


def serve_simulator() -> None:
    """Serve a simulator whose clock is stopped, so that every task keeps waiting."""
    from soundstage_server import Server, World

    server = Server(World(clock="manual"))
    server.run(lambda: print(f"ready {server.url}", flush=True))


@contextlib.contextmanager
def process(which: str) -> Iterator[tuple[str, int, float]]:
    """Run one of the two servers; yield its URL, its process id and its start time in seconds."""
    started = time.perf_counter()
    with subprocess.Popen([sys.executable, __file__, "--serve", which], stdout=subprocess.PIPE, text=True) as child:
        url = cast("IO[str]", child.stdout).readline().split()[-1]
        try:
            yield url, child.pid, time.perf_counter() - started
        finally:
            child.terminate()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident(pid: int) -> int:
    """Return the resident memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class RequestLoop(asyncio.Protocol):
    """A keep-alive connection that repeats one request as soon as the response is complete."""

    def __init__(self, request: bytes, count: int, done: asyncio.Future[None]) -> None:
        self._request, self._left, self._done = request, count, done
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Send the next request once the response is complete."""
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
    """Send *request* *count* times over several connections."""
    loop = asyncio.get_running_loop()
    host, _, port = url.removeprefix("http://").partition(":")
    dones = [loop.create_future() for _ in range(connections)]
    for done in dones:
        await loop.create_connection(partial(RequestLoop, request, count // connections, done), host, int(port))
    async with asyncio.timeout(_TIMEOUT):
        await asyncio.gather(*dones)


def measure(url: str, pid: int, path: str, body: bytes, count: int) -> Rate:
    """Send *count* requests for *path* and return the rate of the server."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {url.removeprefix('http://')}\r\nx-app-key: bench\r\n"
        f"authorization: Basic {_CREDENTIAL}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    cpu, started = cpu_seconds(pid), time.perf_counter()
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(drive(url, head.encode() + body, count))
    return Rate(count / (time.perf_counter() - started), (cpu_seconds(pid) - cpu) / count * 1e6)


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


def add_credits(url: str) -> None:
    """Give the benchmark's account enough credits for every task."""
    account = httpx.get(f"{url}/_soundstage/accounts", timeout=60).json()[0]
    httpx.put(f"{url}/_soundstage/ledger/tomoviee/{account['account']}", json={"available": 1e12}, timeout=60)


def one_task(url: str) -> bytes:
    """Create a task and return the body that polls it."""
    headers = {"x-app-key": "bench", "authorization": f"Basic {_CREDENTIAL}"}
    response = httpx.post(url + _CREATE, content=_BODY, headers=headers, timeout=60).json()
    return json.dumps({"task_id": response["data"]["task_id"]}).encode()


def compare(count: int, rounds: int) -> None:
    """Print the rates of bare, create and poll; the rounds alternate, so that a busy machine affects all equally."""
    rates: dict[str, list[Rate]] = {"bare": [], "poll": [], "create": []}
    with process("bare") as (bare_url, bare_pid, _), process("simulator") as (url, pid, ready):
        poll = one_task(url)
        add_credits(url)
        for _ in range(rounds + 1):
            rates["bare"].append(measure(bare_url, bare_pid, "/", poll, count))
            rates["poll"].append(measure(url, pid, _POLL, poll, count))
            rates["create"].append(measure(url, pid, _CREATE, _BODY, count))
    print(f"ready in {ready:.2f} s (process start included)\n")
    print(f"{'':8}{'requests/s':>12}{'share':>8}{'CPU us/request':>16}{'share':>8}")
    counted = {name: measured[1:] for name, measured in rates.items()}  # the first round is a warm-up
    for name, measured in counted.items():
        speed = statistics.median(rate.per_second for rate in measured)
        cpu = statistics.median(rate.cpu_us for rate in measured)
        shares = [rate.per_second / base.per_second for rate, base in zip(measured, counted["bare"], strict=True)]
        cpus = [base.cpu_us / rate.cpu_us for rate, base in zip(measured, counted["bare"], strict=True)]
        print(f"{name:8}{speed:12,.0f}{statistics.median(shares):8.2f}{cpu:16.1f}{statistics.median(cpus):8.2f}")


def fill(waiting: int, count: int) -> None:
    """Print the rates of create and poll for a growing number of waiting tasks, and the memory per task."""
    print(f"\n{'waiting tasks':>14}{'poll/s':>10}{'create/s':>10}{'bytes/task':>14}")
    with process("simulator") as (url, pid, _):
        poll = one_task(url)
        add_credits(url)
        measure(url, pid, _CREATE, _BODY, 2_000)
        before, made, step = resident(pid), 0, 1_000
        while made < waiting:
            step = min(max(step, made * 9), waiting - made)
            create = measure(url, pid, _CREATE, _BODY, step)
            made += step
            polled = measure(url, pid, _POLL, poll, count)
            size = (resident(pid) - before) / made
            print(f"{made:14,}{polled.per_second:10,.0f}{create.per_second:10,.0f}{size:14,.0f}")


def main() -> None:
    """Run the comparison, or one of its servers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=16_000, help="requests per measurement (default 16000)")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each (default 5)")
    parser.add_argument(
        "--waiting", type=int, default=100_000, help="the number of waiting tasks to reach (default 100000)"
    )
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
