"""Measure one client in its own environment: `python benchmarks/_peers/probe.py NAME PORT ROW` prints JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks._peers.subjects import SUBJECTS, Subject

if TYPE_CHECKING:
    from collections.abc import Callable

_TICK = 0.005  # seconds between two looks at the clock, the resolution of a stall
_JOBS, _THREADS, _CYCLES = 1000, 200, 100


def make(subject: Subject) -> dict[str, float]:
    """Create a client, after the first one has loaded everything."""
    subject.make(awaiting=False)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subject.make(awaiting=False)
        times.append(time.perf_counter() - started)
    return {"make": statistics.median(times)}


def cycle(subject: Subject) -> dict[str, float]:
    """Run jobs one after the other: processor time of one."""
    client = subject.make(awaiting=False)
    subject.run(client)
    started = time.process_time()
    for _ in range(_CYCLES):
        subject.run(client)
    return {"cycle": (time.process_time() - started) / _CYCLES}


def jobs(subject: Subject) -> dict[str, float]:
    """Run many jobs at once: processor time, longest stall of the event loop, memory."""
    return asyncio.run(_jobs(subject))


async def _jobs(subject: Subject) -> dict[str, float]:
    client = subject.make(awaiting=True)
    await subject.arun(client)
    watch = asyncio.ensure_future(_longest_stall())
    await asyncio.sleep(0)
    before, started = _memory(), time.process_time()
    results = await asyncio.gather(*(subject.arun(client) for _ in range(_JOBS)), return_exceptions=True)
    cpu, memory = time.process_time() - started, _memory() - before
    watch.cancel()
    failed = sum(isinstance(one, BaseException) for one in results)
    return {"jobs": cpu, "stall": await watch, "memory": memory, "failed": failed}


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _longest_stall() -> float:
    longest = 0.0
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_TICK)
            longest = max(longest, time.perf_counter() - before - _TICK)
    return longest


def threads(subject: Subject) -> dict[str, float]:
    """Run one job in each of many threads that share a client: processor time."""
    client = subject.make(awaiting=False)
    subject.run(client)
    running = [threading.Thread(target=subject.run, args=(client,)) for _ in range(_THREADS)]
    started = time.process_time()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return {"threads": time.process_time() - started}


def download(subject: Subject) -> dict[str, float]:
    """Save a file: processor time."""
    client = subject.make(awaiting=False)
    subject.run(client)
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        subject.save(client, f"{folder}/video.mp4")
        cpu = time.process_time() - started
        (saved,) = Path(folder).iterdir()
        size = saved.stat().st_size
    return {"download": cpu, "bytes": size}


ROWS: dict[str, Callable[[Subject], dict[str, float]]] = {
    "make": make,
    "cycle": cycle,
    "jobs": jobs,
    "threads": threads,
    "download": download,
}


def main(name: str, port: str, row: str) -> None:
    """Print the figures of one row."""
    subject = SUBJECTS[name](f"http://127.0.0.1:{port}/{name}")
    figures: dict[str, Any] = {} if row == "download" and not subject.downloads else ROWS[row](subject)
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
