"""Plays one cell: prepares a job, lets the call meet its fault, and records everything that the laws judge."""

from __future__ import annotations

import inspect
import logging
import math
import threading
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import anyio

from soundstage import RetryPolicy
from soundstage.errors import SubmitOutcomeUnknown
from soundstage_contracts.matrix.cells import has_jobs
from soundstage_contracts.matrix.network import Network, VirtualClock, async_http_client, http_client

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx

    from soundstage_contracts.laws.raw_client import RawClient
    from soundstage_contracts.matrix.cells import Cell
    from soundstage_contracts.simulators.target import Target

_OF_THE_SIMULATOR = ("soundstage-", "asyncio_", "AnyIO worker")
"""Threads that the simulator keeps; those that anyio made for a client end with its event loop."""
EXCHANGE = 60.0
"""Seconds that one exchange may take."""
TIMEOUT = 1200.0
"""Seconds that a wait may take where every poll has the fault."""


@dataclass(slots=True)
class Outcome:
    """What became of a call.

    Attributes:
        value: What it returned.
        error: What it raised.
        seconds: How long it took, in virtual time.
        exchanges: How many requests it sent.
        played: How many of them had the fault.
        token: The token of the job that the call was about.
        job_id: The id of the job that the call returned or was about.
        jobs: The ids of the account's jobs at the service.
        files: Name to content of every file that the call left, but the parts that a later download continues.
        wanted: The contents of the files, in order, saved again without a fault.
        texts: Everything that was shown: messages, notes and log records.
        found: The job that `resolve` returned for an unknown outcome; "" where it was not asked.
        left_open: How many connections are open after the client was closed.
        threads: The names of the threads that were left.
        account: The name of the account.
    """

    value: Any = None
    error: BaseException | None = None
    seconds: float = 0.0
    exchanges: int = 0
    played: int = 0
    token: str | None = None
    job_id: str = ""
    jobs: Sequence[str] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    wanted: list[bytes] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    found: Any = ""
    left_open: int = 0
    threads: Sequence[str] = ()
    account: str = ""


class _Log(logging.Handler):
    """Keeps the text of every record."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.append(record.getMessage())


def play(cell: Cell, target: Target, inner: httpx.Client, *, awaiting: bool) -> Outcome:
    """Play *cell* with the blocking client, or with the awaiting one; *inner* reaches the simulator of *target*."""
    outcome, threads = Outcome(), {*threading.enumerate()}
    log = _Log(outcome.texts)
    logger = logging.getLogger()
    level = logger.level
    logger.addHandler(log)
    logger.setLevel(logging.DEBUG)
    try:
        anyio.run(partial(_Play(cell, target, inner, outcome, awaiting=awaiting).run))
    finally:
        logger.removeHandler(log)
        logger.setLevel(level)
    left = (one.name for one in threading.enumerate() if one not in threads)
    outcome.threads = [name for name in left if not name.startswith(_OF_THE_SIMULATOR)]
    return outcome


class _Play:
    """One account with one client."""

    def __init__(self, cell: Cell, target: Target, inner: httpx.Client, outcome: Outcome, *, awaiting: bool) -> None:
        self._cell = cell
        self._known = False
        self._outcome = outcome
        self._raw: RawClient = cell.terms.new_raw_client(target)
        outcome.account = self._raw.account
        self._network = Network(inner, VirtualClock(self._advance))
        contract = cell.terms.contract
        create: Any = target.async_client if awaiting else target.client
        self._http: Any = (async_http_client if awaiting else http_client)(self._network)
        self._client = create(
            contract,
            self._raw.account,
            http=self._http,
            clock=self._network.clock,
            timeout=EXCHANGE,
            retry=RetryPolicy(jitter=False),
            on_event=self._network.note,
        )
        self._client._transport._now = self._network.clock.now  # noqa: SLF001 - deadlines in virtual time, too

    def _advance(self, seconds: float) -> None:
        # A simulator knows an account from its first request on; before it there is no time to advance.
        self._known = self._known or bool(self._raw.jobs())
        if self._known:
            self._raw.advance(seconds)

    async def run(self) -> None:
        """Prepare, call, and look at what is left."""
        cell, outcome = self._cell, self._outcome
        with TemporaryDirectory() as folder:
            call = await self._prepared(Path(folder))
            self._network.arm(cell.fault, math.inf if cell.always else 1, only_paid=self._only_paid)
            began = self._network.clock.now()
            try:
                outcome.value = await _value(call())
            except Exception as error:  # noqa: BLE001 - the laws judge it
                outcome.error = error
                outcome.texts += [str(error), repr(error), *getattr(error, "__notes__", ())]
            outcome.seconds = self._network.clock.now() - began
            outcome.exchanges, outcome.played = self._network.exchanges, self._network.played
            self._network.disarm()
            await self._look(Path(folder))
        await _value(self._client.aclose() if hasattr(self._client, "aclose") else self._client.close())
        await _value(self._http.aclose() if hasattr(self._http, "aclose") else self._http.close())
        outcome.left_open = self._network.open

    @property
    def _only_paid(self) -> bool:
        """Whether the fault is for the submission alone, and not for a login before it."""
        return self._cell.call == "submit" and has_jobs(self._cell.terms)

    def _submit(self) -> Any:
        operation = self._cell.operation
        return getattr(self._client, operation.method)(**operation.arguments(operation.required_by_client()))

    async def _prepared(self, folder: Path) -> Callable[[], Any]:
        """Start the job and wait for the state that the call needs, and return the call."""
        call = self._cell.call
        if call == "submit":
            return self._submit
        job = await _value(self._submit())
        if not has_jobs(self._cell.terms):
            await _value(job.save(folder / "wanted"))
            return lambda: job.save(folder / "saved")
        self._outcome.token, self._outcome.job_id = job.to_token(), job.id
        if call == "save":
            await _value(job.wait())
            await _value(job.save(folder / "wanted"))
            return lambda: job.save(folder / "saved")
        calls: dict[str, Callable[[], Any]] = {
            "refresh": job.refresh,
            "cancel": job.cancel,
            "wait": lambda: job.wait(TIMEOUT if self._cell.always else None),
        }
        return calls[call]

    async def _look(self, folder: Path) -> None:
        """Record what the service knows, and what is on disk."""
        outcome = self._outcome
        outcome.jobs = self._raw.jobs()
        outcome.job_id = outcome.job_id or str(getattr(outcome.value, "id", ""))
        if isinstance(outcome.error, SubmitOutcomeUnknown) and self._cell.terms.contract.finds:
            outcome.found = await _value(self._client.resolve(outcome.error))
        outcome.wanted = [path.read_bytes() for path in _files(folder / "wanted")]
        outcome.files = {path.name: path.read_bytes() for path in _files(folder / "saved")}


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder by name; a part that a later download continues is hidden or ends with `.part`."""
    found = folder.rglob("*") if folder.is_dir() else ()
    names = (path for path in found if not path.name.startswith(".") and ".part" not in path.name)
    return sorted(path for path in names if path.is_file())


async def _value(given: Any) -> Any:
    """Return what a method of either client returns."""
    return await given if inspect.isawaitable(given) else given
