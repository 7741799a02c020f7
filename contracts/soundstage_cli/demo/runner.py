"""Performs a demonstration: every vendor's calls through its real clients, against a simulator in this process.

Each call has an account of its own, so that what it took in simulated time and in credits is that account's, whatever
runs beside it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from soundstage import RequestSent, SkippingClock, SoundstageError
from soundstage_contracts.facts.loader import load_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from soundstage import Event, Snapshot
    from soundstage_contracts.declarations.vendor import DemoCall, VendorContract
    from soundstage_server import Server


@dataclass(frozen=True)
class ClientCall:
    """One call of one vendor's client.

    Attributes:
        vendor: Whose.
        call: What is called.
        number: Its place among the vendor's calls, from 1.
        is_async: Whether the awaiting client makes it, at the same time as its like.
    """

    vendor: VendorContract
    demo_call: DemoCall
    number: int
    is_async: bool

    @property
    def name(self) -> str:
        """What the call's files are called, the same in every run."""
        return f"{self.vendor.slug}-{self.number:02}-{self.demo_call.method}"

    @property
    def label(self) -> str:
        """What the call is called while it runs."""
        client = self.vendor.async_client if self.is_async else self.vendor.client
        return f"{client.__name__}.{self.demo_call.method} {self.number}"


@dataclass(frozen=True)
class CallResult:
    """What became of a call.

    Attributes:
        call: Which.
        simulated: Seconds on the account's clock.
        real: Seconds on ours.
        amount: What was spent, in *unit*.
        unit: The vendor's, such as credits.
        files: What was saved.
        error: Why it failed; "" if it did not.
    """

    call: ClientCall
    simulated: float
    real: float
    amount: float
    unit: str
    files: tuple[Path, ...] = ()
    error: str = ""


class ProgressDisplay(Protocol):
    """Who is told how the calls go."""

    def update(self, call: ClientCall, state: str, progress: float | None = None) -> None:
        """Take note that *call* is in *state*, so many percent done."""

    def end(self, call: ClientCall, state: str) -> None:
        """Take note that *call* is over."""


def client_calls(vendor: VendorContract, demo_calls: Sequence[DemoCall]) -> list[ClientCall]:
    """Give the first half of *demo_calls* to the vendor's blocking client and the rest to its awaiting one."""
    half = (len(demo_calls) + 1) // 2
    return [
        ClientCall(vendor, demo_call, number, is_async=number > half) for number, demo_call in enumerate(demo_calls, 1)
    ]


class DemoRunner:
    """Takes calls against one simulator.

    Args:
        server: The simulator; its clock is ``auto``.
        staging: An empty folder of our own, on the disk of *folder*, for files on their way.
        folder: Where files end, replacing those of an earlier run.
        display: Who is told.

    Attributes:
        external_requests: Addresses outside the simulator that a client sent a request to, with how many.
    """

    def __init__(self, server: Server, staging: Path, folder: Path, display: ProgressDisplay) -> None:
        self._server = server
        self._staging = staging
        self._folder = folder
        self._display = display
        self.external_requests: Counter[str] = Counter()

    def run(self, calls: Sequence[ClientCall]) -> Iterator[CallResult]:
        """Take *calls* of one vendor: the blocking ones one after the other, then the awaited ones at once."""
        for call in calls:
            if not call.is_async:
                yield self._run_sync(call)
        yield from asyncio.run(self._run_async([call for call in calls if call.is_async]))

    def _run_sync(self, call: ClientCall) -> CallResult:
        started = time.perf_counter()
        try:
            with call.vendor.client(**self._arguments(call)) as client:
                made = getattr(client, call.demo_call.method)(**call.demo_call.arguments)
                if hasattr(made, "wait"):  # a job; what is made at once has nothing to wait for
                    made.wait(on_update=partial(self._on_update, call))
                files = made.save(self._staging / call.name)
            return self._result(call, started, files=tuple(self._move_files(call, files)))
        except (SoundstageError, OSError) as error:
            return self._result(call, started, error=str(error))

    async def _run_async(self, calls: Sequence[ClientCall]) -> list[CallResult]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._run_one_async(call)) for call in calls]
        return [task.result() for task in tasks]

    async def _run_one_async(self, call: ClientCall) -> CallResult:
        started = time.perf_counter()
        try:
            async with call.vendor.async_client(**self._arguments(call)) as client:
                made = await getattr(client, call.demo_call.method)(**call.demo_call.arguments)
                if hasattr(made, "wait"):
                    await made.wait(on_update=partial(self._on_update, call))
                files = await made.save(self._staging / call.name)
            return self._result(call, started, files=tuple(self._move_files(call, files)))
        except (SoundstageError, OSError) as error:
            return self._result(call, started, error=str(error))

    def _arguments(self, call: ClientCall) -> dict[str, Any]:
        base_url = load_facts(call.vendor.slug).vendors[call.vendor.slug].base_url_at(self._server.url)
        return {
            **(call.demo_call.credentials or call.vendor.credentials)(call.name),
            **call.vendor.options(base_url),
            "base_url": base_url,
            "clock": SkippingClock(),
            "on_event": self._on_event,
        }

    def _on_event(self, event: Event) -> None:
        """Count what a client sends elsewhere."""
        if isinstance(event, RequestSent) and not event.url.startswith(f"{self._server.url}/"):
            self.external_requests[urlsplit(event.url).netloc] += 1

    def _on_update(self, call: ClientCall, seen: Snapshot) -> None:
        self._display.update(call, seen.state.value, seen.progress)

    def _move_files(self, call: ClientCall, files: Sequence[Path]) -> Iterator[Path]:
        """Put *files* where they belong, under names that stay the same from run to run."""
        for number, file in enumerate(files, 1):
            name = call.name if len(files) == 1 else f"{call.name}-{number}"
            yield file.replace(self._folder / f"{name}{file.suffix}")

    def _result(self, call: ClientCall, started: float, files: tuple[Path, ...] = (), error: str = "") -> CallResult:
        """Tell how far the call's account came from the world's time, which stands, and what it spent."""
        real = time.perf_counter() - started
        world = self._server.world
        with world.lock:
            account = world.account(call.vendor.slug, call.name)
            account.settle(account.now())
            unit, simulated = account.ledger.unit, account.now() - world.clock.now()
            spent = unit.to_units(account.ledger.spent)
        self._display.end(call, f"failed: {error}" if error else "saved")
        return CallResult(call, simulated, real, spent, unit.name, files, error)
