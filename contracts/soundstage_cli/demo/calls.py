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
class Turn:
    """One call of one vendor's client.

    Attributes:
        vendor: Whose.
        call: What is called.
        number: Its place among the vendor's calls, from 1.
        awaited: Whether the awaiting client makes it, at the same time as its like.
    """

    vendor: VendorContract
    call: DemoCall
    number: int
    awaited: bool

    @property
    def name(self) -> str:
        """What the turn's files are called, the same in every run."""
        return f"{self.vendor.slug}-{self.number:02}-{self.call.method}"

    @property
    def label(self) -> str:
        """What the turn is called while it runs."""
        client = self.vendor.async_client if self.awaited else self.vendor.client
        return f"{client.__name__}.{self.call.method} {self.number}"


@dataclass(frozen=True)
class Outcome:
    """What became of a turn.

    Attributes:
        turn: Which.
        simulated: Seconds on the account's clock.
        real: Seconds on ours.
        amount: What was spent, in *unit*.
        unit: The vendor's, such as credits.
        files: What was saved.
        problem: Why it failed; "" if it did not.
    """

    turn: Turn
    simulated: float
    real: float
    amount: float
    unit: str
    files: tuple[Path, ...] = ()
    problem: str = ""


class Audience(Protocol):
    """Who is told how the turns go."""

    def update(self, turn: Turn, state: str, progress: float | None = None) -> None:
        """Take note that *turn* is in *state*, so many percent done."""

    def end(self, turn: Turn, state: str) -> None:
        """Take note that *turn* is over."""


def turns_of(vendor: VendorContract, calls: Sequence[DemoCall]) -> list[Turn]:
    """Give the first half of *calls* to the vendor's blocking client and the rest to its awaiting one."""
    half = (len(calls) + 1) // 2
    return [Turn(vendor, call, number, awaited=number > half) for number, call in enumerate(calls, 1)]


class Performance:
    """Takes turns against one simulator.

    Args:
        server: The simulator; its clock is ``auto``.
        backstage: An empty folder of our own, on the disk of *folder*, for files on their way.
        folder: Where files end, replacing those of an earlier run.
        audience: Who is told.

    Attributes:
        left: Addresses outside the simulator that a client sent a request to, with how many.
    """

    def __init__(self, server: Server, backstage: Path, folder: Path, audience: Audience) -> None:
        self._server = server
        self._backstage = backstage
        self._folder = folder
        self._audience = audience
        self.left: Counter[str] = Counter()

    def run(self, turns: Sequence[Turn]) -> Iterator[Outcome]:
        """Take *turns* of one vendor: the blocking ones one after the other, then the awaited ones at once."""
        for turn in turns:
            if not turn.awaited:
                yield self._block(turn)
        yield from asyncio.run(self._await([turn for turn in turns if turn.awaited]))

    def _block(self, turn: Turn) -> Outcome:
        began = time.perf_counter()
        try:
            with turn.vendor.client(**self._arguments(turn)) as client:
                made = getattr(client, turn.call.method)(**turn.call.arguments)
                if hasattr(made, "wait"):  # a job; what is made at once has nothing to wait for
                    made.wait(on_update=partial(self._seen, turn))
                files = made.save(self._backstage / turn.name)
            return self._ended(turn, began, files=tuple(self._placed(turn, files)))
        except (SoundstageError, OSError) as error:
            return self._ended(turn, began, problem=str(error))

    async def _await(self, turns: Sequence[Turn]) -> list[Outcome]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._await_one(turn)) for turn in turns]
        return [task.result() for task in tasks]

    async def _await_one(self, turn: Turn) -> Outcome:
        began = time.perf_counter()
        try:
            async with turn.vendor.async_client(**self._arguments(turn)) as client:
                made = await getattr(client, turn.call.method)(**turn.call.arguments)
                if hasattr(made, "wait"):
                    await made.wait(on_update=partial(self._seen, turn))
                files = await made.save(self._backstage / turn.name)
            return self._ended(turn, began, files=tuple(self._placed(turn, files)))
        except (SoundstageError, OSError) as error:
            return self._ended(turn, began, problem=str(error))

    def _arguments(self, turn: Turn) -> dict[str, Any]:
        base_url = load_facts(turn.vendor.slug).sheets[turn.vendor.slug].at(self._server.url)
        return {
            **(turn.call.credentials or turn.vendor.credentials)(turn.name),
            **turn.vendor.options(base_url),
            "base_url": base_url,
            "clock": SkippingClock(),
            "on_event": self._watch,
        }

    def _watch(self, event: Event) -> None:
        """Count what a client sends elsewhere."""
        if isinstance(event, RequestSent) and not event.url.startswith(f"{self._server.url}/"):
            self.left[urlsplit(event.url).netloc] += 1

    def _seen(self, turn: Turn, seen: Snapshot) -> None:
        self._audience.update(turn, seen.state.value, seen.progress)

    def _placed(self, turn: Turn, files: Sequence[Path]) -> Iterator[Path]:
        """Put *files* where they belong, under names that stay the same from run to run."""
        for number, file in enumerate(files, 1):
            name = turn.name if len(files) == 1 else f"{turn.name}-{number}"
            yield file.replace(self._folder / f"{name}{file.suffix}")

    def _ended(self, turn: Turn, began: float, files: tuple[Path, ...] = (), problem: str = "") -> Outcome:
        """Tell how far the turn's account came from the world's time, which stands, and what it spent."""
        real = time.perf_counter() - began
        world = self._server.world
        with world.lock:
            account = world.account(turn.vendor.slug, turn.name)
            account.settle(account.now())
            unit, simulated = account.ledger.unit, account.now() - world.clock.now()
            spent = unit.shown(account.ledger.spent)
        self._audience.end(turn, f"failed: {problem}" if problem else "saved")
        return Outcome(turn, simulated, real, spent, unit.name, files, problem)
