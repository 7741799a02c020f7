"""A program that runs a paid job again and again, killed by SIGKILL at a later point each time, and recovers each.

Usage: python crashing.py VENDOR BASE_URL FOLDER sync|async wait|save|recover sqlite|ADDRESS [FIRST [STEP]]

With `recover` the first process is always killed while it reads the response to the submission, and a process that
recovers is killed at a later point each time, so that a third one has to recover from both.

The store is an SQLite file for each run, or a schema for each run at the address of a PostgreSQL server.

A point is a statement of the job store, or a step of an HTTP exchange: connecting, sending headers or body, receiving
them, closing. The program numbers the points that it passes. Run N, a forked process, is killed at point N. A second
process then recovers from its store and follows the advice. A line of JSON for each run reports what became of it. The
program ends with the first run that no point is left for, so that it covers them all.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

import soundstage
from soundstage import PostgresJobStore, RecoveryAction, SkippingClock, SQLiteJobStore
from soundstage_vendors.own import VENDORS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator, Sequence

PROMPT = "A red fox trots through fresh snow"
CALLS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "cloudsway": ("text_to_video", ("endpoint",), {"prompt": PROMPT}),
    "gmicloud": ("text_to_video", (), {"prompt": PROMPT, "video_length": 5}),
    "infrai": ("generate", (), {"prompt": PROMPT}),
    "mediaio": ("wan_2_5_text_to_video", (), {"prompt": PROMPT}),
    "tomoviee": ("text_to_video", ("secret-0123456789",), {"prompt": PROMPT}),
    "veo": ("generate_videos", (), {"prompt": PROMPT}),
}
KEYWORD = {"gmicloud": "api_key"}
READING = "receive_response_headers"
PATH = {"gmicloud": "/api/v1"}


class Points:
    """Counts the points of a process, and kills it at one of them."""

    def __init__(self, last: int | str | None, report: int) -> None:
        self.passed = 0
        self._last = last
        self._report = report

    def reach(self, label: str) -> None:
        """Pass a point, or die at it: its number, or a part of its label."""
        if self.passed == self._last or (isinstance(self._last, str) and self._last in label):
            os.write(self._report, label.encode())
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed += 1

    async def areach(self, label: str) -> None:
        """Do as `reach`."""
        self.reach(label)


class TracedStore(SQLiteJobStore):
    """A store whose statements are points."""

    points: Points

    def _open(self) -> sqlite3.Connection:
        connection = super()._open()
        connection.set_trace_callback(lambda statement: self.points.reach(f"store: {' '.join(statement.split()[:3])}"))
        return connection


class TracedPostgres(PostgresJobStore):
    """A store whose statements, and the ends of its transactions, are points."""

    points: Points

    @contextlib.contextmanager
    def _transaction(self, *, exclusive: bool = False) -> Generator[None, None, None]:
        with super()._transaction(exclusive=exclusive):
            yield
            self.points.reach("store: before the end of the transaction")
        self.points.reach("store: after the end of the transaction")

    def _statement(self, statement: str, values: Sequence[object]) -> list[Any]:
        self.points.reach(f"store: {' '.join(statement.split()[:3])}")
        return super()._statement(statement, values)


class Traced(httpx.HTTPTransport):
    """A transport whose steps are points."""

    points: Points

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request with a trace."""
        request.extensions["trace"] = lambda name, _: self.points.reach(f"{request.method}: {name}")
        return super().handle_request(request)


class AsyncTraced(httpx.AsyncHTTPTransport):
    """A transport whose steps are points."""

    points: Points

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request with a trace."""

        async def trace(name: str, _: object) -> None:
            await self.points.areach(f"{request.method}: {name}")

        request.extensions["trace"] = trace
        return await super().handle_async_request(request)


async def value_of(made: Any) -> Any:
    """Return what a method of a sync or an async client returns."""
    return await made if inspect.iscoroutine(made) else made


class Program:
    """One process: a paid job, or the recovery of another process."""

    def __init__(self, options: Options, run: int, points: Points) -> None:
        self.method, positional, self.arguments = CALLS[options.vendor]
        self.folder = options.folder / str(run)
        self.folder.mkdir(exist_ok=True)
        self.saves = options.until == "save"
        self.store: TracedStore | TracedPostgres = (
            TracedStore(self.folder / "jobs.db")
            if options.store == "sqlite"
            else TracedPostgres(f"{options.store}?application_name=run_{run}&options=-csearch_path%3Drun_{run}")
        )
        self.store.points = points
        credential = f"key-of-run-{run}-0123456789"
        named = {KEYWORD[options.vendor]: credential} if options.vendor in KEYWORD else {}
        entry, transport = VENDORS[options.vendor], AsyncTraced if options.awaits else Traced
        traced: Any = transport(verify=False, trust_env=False)
        traced.points = points
        kind = getattr(soundstage, entry.async_client if options.awaits else entry.client)
        http: Any = (httpx.AsyncClient if options.awaits else httpx.Client)(transport=traced)
        shared = {
            "base_url": options.base_url + PATH.get(options.vendor, ""),
            "store": self.store,
            "clock": SkippingClock(),
            "http": http,
        }
        self.client = kind(*(positional if named else (credential, *positional)), **named, **shared)

    async def pay(self, **more: Any) -> None:
        """Start a job and finish it."""
        await self.finish(await value_of(getattr(self.client, self.method)(**self.arguments, **more)))

    async def finish(self, job: Any) -> None:
        """Wait for a job, save its files if that is a part of the run, and note its id."""
        await value_of(job.save(self.folder / "files") if self.saves else job.wait())
        with (self.folder / "finished").open("a") as file:
            file.write(f"{job.id}\n")

    async def recover(self) -> str:
        """Follow the advice, and return what it was; where nothing is left over, start the job if it did not finish."""
        found = await value_of(self.client.recover())
        if not found:
            if (self.folder / "finished").exists():
                return "nothing is left"
            await self.pay()
            return "nothing was sent"
        for one in found:  # more than one if a process was killed that was calling again with a key
            match one.action:
                case RecoveryAction.RESUME:
                    await self.finish(one.job)
                case RecoveryAction.RESOLVE:
                    job = await value_of(one.unknown.resolve())
                    await (self.pay() if job is None else self.finish(job))
                case RecoveryAction.CALL_AGAIN:
                    await self.pay(idempotency_key=one.unknown.idempotency_key)
        return str(found[-1].action.value)


def forked(task: Any) -> tuple[int, str]:
    """Run *task*, given the file descriptor of a pipe, in a process of its own; return its end and what it wrote."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            task(writer)
        except BaseException as error:  # noqa: BLE001 - reported to the parent
            os.write(writer, repr(error).encode())
            os._exit(1)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    return os.waitpid(child, 0)[1], text


def between(options: Options, run: int, *, killed: bool) -> None:
    """Create the schema of a run, or wait until the server has noticed that its process was *killed*."""
    if options.store == "sqlite":
        return
    import psycopg

    with psycopg.connect(options.store, autocommit=True) as connection:
        if killed:
            ended = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = %s"
            connection.execute(ended, [f"run_{run}"])
        else:
            connection.execute(f"DROP SCHEMA IF EXISTS run_{run} CASCADE".encode())
            connection.execute(f"CREATE SCHEMA run_{run}".encode())


class Options(NamedTuple):
    """The arguments of the program."""

    vendor: str
    base_url: str
    folder: Path
    awaits: bool
    until: str
    store: str
    first: int = 0
    step: int = 1


def main(options: Options) -> None:
    """Run until no point is left."""
    getattr(soundstage, VENDORS[options.vendor].client)  # imported once, and not by each process
    for run in range(options.first, 10_000, options.step):

        def pay(pipe: int, run: int = run) -> None:
            killed_at = READING if options.until == "recover" else run
            asyncio.run(Program(options, run, Points(killed_at, pipe)).pay())

        def recover_in_vain(pipe: int, run: int = run) -> None:
            asyncio.run(Program(options, run, Points(run, pipe)).recover())

        def recover(pipe: int, run: int = run) -> None:
            program = Program(options, run, Points(None, pipe))
            advice = asyncio.run(program.recover())
            finished = program.folder / "finished"
            outcome = {
                "advice": advice,
                "records": [[record.state.value, record.job_id] for record in program.store.records()],
                "finished": finished.read_text().split() if finished.exists() else [],
            }
            os.write(pipe, json.dumps(outcome).encode())

        between(options, run, killed=False)
        end, point = forked(pay)
        between(options, run, killed=True)
        if options.until == "recover":
            end, point = forked(recover_in_vain)
            between(options, run, killed=True)
        recovered, outcome = forked(recover)
        if recovered:
            sys.exit(f"the recovery of run {run} ({point}) failed: {outcome}")
        sys.stdout.write(
            json.dumps({"run": run, "point": point, "killed": end == signal.SIGKILL, **json.loads(outcome)}) + "\n"
        )
        if end == 0:
            return
        if end != signal.SIGKILL:
            sys.exit(f"run {run} failed: {point}")


if __name__ == "__main__":
    _, vendor, base_url, folder, kind, end, store, *numbers = sys.argv
    main(Options(vendor, base_url, Path(folder), kind == "async", end, store, *map(int, numbers)))
