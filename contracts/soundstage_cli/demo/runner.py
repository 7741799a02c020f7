"""Runs the demo: the calls of every vendor through the real clients, against a simulator in this process.

Each call has its own account, so that its simulated time and cost are those of the account, whatever runs beside it.
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
    """One call of a vendor's client.

    Attributes:
        vendor: The vendor.
        demo_call: The method and its arguments.
        number: Its position among the vendor's calls, from 1.
        is_async: Whether the async client makes it, concurrently with the other async calls.
    """

    vendor: VendorContract
    demo_call: DemoCall
    number: int
    is_async: bool

    @property
    def name(self) -> str:
        """The stem of the call's file names, the same in every run."""
        return f"{self.vendor.slug}-{self.number:02}-{self.demo_call.method}"

    @property
    def label(self) -> str:
        """The name that is shown while the call runs."""
        client = self.vendor.async_client if self.is_async else self.vendor.client
        return f"{client.__name__}.{self.demo_call.method} {self.number}"


@dataclass(frozen=True)
class CallResult:
    """The result of a call.

    Attributes:
        call: The call.
        simulated: Its duration on the account's clock, in seconds.
        real: Its duration in real time, in seconds.
        amount: Its cost, in *unit*.
        unit: The vendor's unit of cost, such as credits.
        files: The saved files.
        error: The message of its error, or an empty string.
    """

    call: ClientCall
    simulated: float
    real: float
    amount: float
    unit: str
    files: tuple[Path, ...] = ()
    error: str = ""


class ProgressDisplay(Protocol):
    """Displays the progress of calls."""

    def update(self, call: ClientCall, state: str, progress: float | None = None) -> None:
        """Show that *call* is in *state*, with *progress* in percent."""

    def end(self, call: ClientCall, state: str) -> None:
        """Show that *call* has ended."""


def client_calls(vendor: VendorContract, demo_calls: Sequence[DemoCall]) -> list[ClientCall]:
    """Assign the first half of *demo_calls* to the vendor's sync client and the rest to its async client."""
    half = (len(demo_calls) + 1) // 2
    numbered = enumerate(demo_calls, 1)
    return [ClientCall(vendor, demo_call, number, is_async=number > half) for number, demo_call in numbered]


class DemoRunner:
    """Runs calls against one simulator.

    Args:
        server: The simulator; its clock is ``auto``.
        staging: An empty private folder on the file system of *folder*, for files before they are complete.
        folder: The folder of the complete files; those of an earlier run are replaced.
        display: Shows the progress.

    Attributes:
        external_requests: For each address outside of the simulator, the number of requests a client sent to it.
    """

    def __init__(self, server: Server, staging: Path, folder: Path, display: ProgressDisplay) -> None:
        self._server = server
        self._staging = staging
        self._folder = folder
        self._display = display
        self.external_requests: Counter[str] = Counter()

    def run(self, calls: Sequence[ClientCall]) -> Iterator[CallResult]:
        """Run the *calls* of one vendor: the sync ones one after another, then the async ones concurrently."""
        for call in calls:
            if not call.is_async:
                yield self._run_sync(call)
        yield from asyncio.run(self._run_async([call for call in calls if call.is_async]))

    def _run_sync(self, call: ClientCall) -> CallResult:
        started = time.perf_counter()
        try:
            with call.vendor.client(**self._arguments(call)) as client:
                made = getattr(client, call.demo_call.method)(**call.demo_call.arguments)
                if hasattr(made, "wait"):  # a job; a synchronous vendor returns its result at once
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
        """Count the requests that a client sends elsewhere."""
        if isinstance(event, RequestSent) and not event.url.startswith(f"{self._server.url}/"):
            self.external_requests[urlsplit(event.url).netloc] += 1

    def _on_update(self, call: ClientCall, snapshot: Snapshot) -> None:
        self._display.update(call, snapshot.state.value, snapshot.progress)

    def _move_files(self, call: ClientCall, files: Sequence[Path]) -> Iterator[Path]:
        """Move complete *files* into the output folder, under names that stay the same from run to run."""
        for number, file in enumerate(files, 1):
            name = call.name if len(files) == 1 else f"{call.name}-{number}"
            yield file.replace(self._folder / f"{name}{file.suffix}")

    def _result(self, call: ClientCall, started: float, files: tuple[Path, ...] = (), error: str = "") -> CallResult:
        """Measure the call: its real time, and its simulated time and cost on the call's account."""
        real = time.perf_counter() - started
        world = self._server.world
        with world.lock:
            account = world.account(call.vendor.slug, call.name)
            account.settle(account.now())
            # The world's `auto` clock never moves by itself, so the difference is the time this account skipped.
            unit, simulated = account.ledger.unit, account.now() - world.clock.now()
            spent = unit.to_units(account.ledger.spent)
        self._display.end(call, f"failed: {error}" if error else "saved")
        return CallResult(call, simulated, real, spent, unit.name, files, error)
