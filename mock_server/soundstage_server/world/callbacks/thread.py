"""The thread that sends callbacks when they are due."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from soundstage_server.world.callbacks.sending import TIMEOUT

if TYPE_CHECKING:
    import httpx

    from soundstage_server.model.callbacks import PendingCallback


class Dispatcher(Protocol):
    """What the thread needs from its dispatcher."""

    transport: httpx.AsyncBaseTransport | None

    @property
    def closed(self) -> bool:
        """Whether the world has been closed."""

    def collect_due(self) -> tuple[list[PendingCallback], float | None]:
        """Remove and return what is due, and the real seconds until the next is."""

    async def deliver(self, client: httpx.AsyncClient, pending: PendingCallback) -> None:
        """Send one callback."""


class DispatchThread:
    """The thread of a dispatcher, and the event loop in it."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._woken = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="soundstage-callbacks", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Check again what is due."""
        with suppress(RuntimeError):  # the loop has ended with its world
            self._loop.call_soon_threadsafe(self._woken.set)

    def join(self, seconds: float) -> None:
        """Wait at most *seconds* for the thread to end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        with self._runner:  # leaving it cancels what is still under way
            self._runner.run(self._dispatch())

    async def _dispatch(self) -> None:
        import httpx

        dispatcher = self._dispatcher
        # A kept connection that the receiver has closed meanwhile would look like a receiver that fails.
        fresh = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(
            transport=dispatcher.transport, trust_env=False, timeout=TIMEOUT, limits=fresh
        ) as client:
            under_way: set[asyncio.Task[None]] = set()
            while not dispatcher.closed:
                # Cleared before the check, so that a wake during it is not lost.
                self._woken.clear()
                ready, pause = dispatcher.collect_due()
                for pending in ready:
                    sending = asyncio.create_task(dispatcher.deliver(client, pending))
                    under_way.add(sending)
                    sending.add_done_callback(under_way.discard)
                    sending.add_done_callback(lambda _: self._woken.set())
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), pause)
