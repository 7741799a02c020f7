"""Measure the asynchronous client with many jobs at once: processor time, longest stall of the event loop, sockets.

A small server on loopback, in a process of its own, responds to each submission and each poll at once: the figures are
those of the client. The time for one job should be the same for any number of jobs.

    python benchmarks/many_jobs.py                    # 100, 300 and 1,000 jobs, about half a minute
    python benchmarks/many_jobs.py --jobs 1000 5000
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from soundstage import AsyncTomoviee

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_RESULT: Final = json.dumps({"video_path": ["https://files.example/a.mp4"]})
_DATA: Final = {"task_id": "T1", "status": 3, "progress": 100, "result": _RESULT}
_BODY: Final = json.dumps({"code": 0, "msg": "", "data": _DATA}).encode()
_RESPONSE: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_BODY)
) + _BODY
_TICK: Final = 0.005  # seconds between two looks at the clock, the resolution of a stall


class Figures(NamedTuple):
    """What one run took; times in seconds."""

    cpu: float
    wall: float
    stall: float
    connections: int


class Server:
    """A server that sends the same response to every request, and counts its connections."""

    def __init__(self, channel: Connection) -> None:
        self.channel = channel
        self.connections = 0

    async def serve(self) -> None:
        """Send the port; then, whenever something is received, the number of connections since the last time."""
        server = await asyncio.start_server(self.respond, "127.0.0.1", 0, backlog=2000)
        self.channel.send(server.sockets[0].getsockname()[1])
        while await asyncio.to_thread(self.channel.recv):
            self.channel.send(self.connections)
            self.connections = 0

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        with contextlib.suppress(OSError, EOFError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                await reader.readexactly(int(lines[0].partition(b":")[2]) if lines else 0)
                writer.write(_RESPONSE)
                await writer.drain()
        writer.close()


def serve(channel: Connection) -> None:
    """Run the server until its other end sends False."""
    asyncio.run(Server(channel).serve())


async def run_job(client: AsyncTomoviee) -> None:
    """Submit one job and wait for its end."""
    job = await client.text_to_video("a red kite over the sea")
    await job.wait()


async def longest_stall() -> float:
    """Return the longest time for which the event loop ran nothing else, when this task is canceled."""
    longest = 0.0
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_TICK)
            longest = max(longest, time.perf_counter() - before - _TICK)
    return longest


async def measure(port: int, jobs: int, channel: Connection) -> Figures:
    """Run *jobs* jobs at once."""
    watch = asyncio.ensure_future(longest_stall())
    async with AsyncTomoviee("key-of-the-benchmark", "secret", base_url=f"http://127.0.0.1:{port}") as client:
        await run_job(client)  # loads what the first request loads
        channel.send(True)
        channel.recv()
        cpu, wall = time.process_time(), time.perf_counter()
        await asyncio.gather(*(run_job(client) for _ in range(jobs)))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    watch.cancel()
    channel.send(True)
    return Figures(cpu, wall, await watch, channel.recv())


def main() -> None:
    """Print one line for each number of jobs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--jobs", type=int, nargs="+", default=[100, 300, 1000], help="how many jobs at once")
    counts: list[int] = parser.parse_args().jobs
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    port = here.recv()
    print(f"{'jobs':>6} {'CPU s':>8} {'ms per job':>11} {'wall s':>8} {'stall ms':>9} {'connections':>12}")
    for jobs in counts:
        run = asyncio.run(measure(port, jobs, here))
        each = run.cpu / jobs * 1000
        print(f"{jobs:6} {run.cpu:8.2f} {each:11.2f} {run.wall:8.2f} {run.stall * 1000:9.0f} {run.connections:12}")
    here.send(False)
    server.join()


if __name__ == "__main__":
    main()
