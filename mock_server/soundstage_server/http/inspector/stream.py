"""Server-sent events: a line whenever something has changed, so that the page reads again only then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from soundstage_server.world.world import World

CHECK_SECONDS: Final = 0.4
"""Real seconds between two comparisons of the world: a clock that moves by itself notifies no watcher."""
CHECKS_BEFORE_COMMENT: Final = 25
"""Comparisons without a change after which a comment is sent, so that no proxy closes a quiet connection."""


async def changes(
    world: World, stopping: Callable[[], bool], pause: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> AsyncIterator[bytes]:
    """Yield an event at once, and whenever the world has changed.

    Args:
        world: The world.
        stopping: Whether the server is about to stop, which a stream without an end would delay.
        pause: Waits for real seconds.
    """
    seen, quiet = None, 0
    while not stopping():
        current = await asyncio.to_thread(fingerprint, world)
        if current != seen:
            seen, quiet = current, 0
            yield b"event: change\ndata: " + orjson.dumps({"now": world.clock.now()}) + b"\n\n"
        elif (quiet := quiet + 1) % CHECKS_BEFORE_COMMENT == 0:
            yield b": nothing has changed\n\n"
        await pause(CHECK_SECONDS)


def fingerprint(world: World) -> tuple[object, ...]:
    """Return a value that differs when anything has changed that the page shows."""
    with world.lock:
        accounts = list(world.accounts())
        return (
            world.requests,
            len(accounts),
            sum(len(account.tasks) for account in accounts),
            sum(len(account.early_ends) for account in accounts),
            sum(account.offset for account in accounts),
            sum(account.ledger.available for account in accounts),
            (world.clock.kind, world.clock.speed, int(world.clock.now())),
            tuple((order.id, order.times) for order in world.scenarios),
            tuple((fault.id, fault.times) for fault in world.faults),
            sum(attempt.number for attempt in world.callbacks()[-1:]),
        )
