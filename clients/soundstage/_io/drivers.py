"""Drivers: the two loops that run flows and carry out their effects.

They are the same loop, once blocking and once awaiting. A flow is always closed, and so is the stream it left open.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from soundstage._io.clock import PacedClock
from soundstage._io.ownership import of_loop, renew_after_fork
from soundstage._values.events import report
from soundstage._values.messages import Effect, Exclusive, Flow, Open, Pause, Quote, Read, Request, Response, Run, Send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from soundstage._io.clock import Clock
    from soundstage._io.http import AsyncStream, AsyncTransport, SyncStream, SyncTransport

T = TypeVar("T")


class SyncDriver:
    """Runs flows by blocking."""

    def __init__(self, transport: SyncTransport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self.renew()

    def renew(self) -> None:
        """Start without locks, at first and after a fork."""
        self._locks: dict[str, threading.Lock] = {}

    def run(self, flow: Flow[T]) -> T:
        """Run *flow* to its end and return its value."""
        effects = SyncEffects(self._transport, self._clock, self._exclusive)
        step: Callable[[Any], Effect] = flow.send
        value: Any = None
        try:
            while True:
                effect = step(value)
                # Only an error of the effect is thrown into the flow; one that the flow raises itself leaves the loop.
                try:
                    step, value = flow.send, effects.perform(effect)
                except Exception as error:  # noqa: BLE001 - the flow decides what an error means
                    step, value = flow.throw, error
        except StopIteration as end:
            result: T = end.value
            return result
        except BaseException as interruption:  # KeyboardInterrupt is not thrown into the flow: it must not be retried
            effects.paid.explain(interruption)
            raise
        finally:
            # The flow first: its own cleanup, such as that of a partial file, runs before the connection is returned.
            flow.close()
            effects.close()

    def _exclusive(self, effect: Exclusive) -> object:
        if not self._locks:
            renew_after_fork(self)
        # setdefault is atomic, so that two threads always get the same lock. The flow inside gets effects of its own.
        with self._locks.setdefault(effect.key, threading.Lock()):
            return self.run(effect.make())


class AsyncDriver:
    """Runs flows by awaiting."""

    def __init__(self, transport: AsyncTransport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    async def run(self, flow: Flow[T]) -> T:
        """Run *flow* to its end and return its value."""
        effects = AsyncEffects(self._transport, self._clock, self._exclusive)
        step: Callable[[Any], Effect] = flow.send
        value: Any = None
        try:
            while True:
                effect = step(value)
                try:
                    step, value = flow.send, await effects.perform(effect)
                except Exception as error:  # noqa: BLE001 - the flow decides what an error means
                    step, value = flow.throw, error
        except StopIteration as end:
            result: T = end.value
            return result
        except BaseException as interruption:
            effects.paid.explain(interruption)
            raise
        finally:
            flow.close()
            await effects.close()

    async def _exclusive(self, effect: Exclusive) -> object:
        locks = of_loop(self, dict[str, anyio.Lock])
        async with locks.setdefault(effect.key, anyio.Lock()):
            return await self.run(effect.make())


class PaidRequest:
    """The last paid request of a run, to describe on an interruption what may have been charged."""

    def __init__(self) -> None:
        self.request: Request | None = None
        self.response: Response | None = None

    def explain(self, interruption: BaseException) -> None:
        """Add what is known to an interruption, such as Ctrl-C or a canceled task; errors have their own message."""
        if self.request is None or isinstance(interruption, Exception):
            return
        # The request knows which secrets to mask in the response; without it nothing of the response is shown.
        describe = self.request.recovery
        known = f"request hash {self.request.fingerprint}" if describe is None else describe(self.response)
        report(interruption, f"A paid request was interrupted: {self.request} ({known})")


def _heed_pace(clock: Clock, request: Request, response: Response) -> None:
    # A clock that the caller has given decides for itself.
    if isinstance(clock, PacedClock):
        clock.heed(request.url, response.headers)


class SyncEffects:
    """Carries out the effects of one run, and owns its open stream."""

    def __init__(self, transport: SyncTransport, clock: Clock, exclusive: Callable[[Exclusive], object]) -> None:
        self.paid = PaidRequest()
        self._transport = transport
        self._clock = clock
        self._exclusive = exclusive
        self._stream: SyncStream | None = None

    def perform(self, effect: Effect) -> object:
        match effect:
            case Send(request):
                return self._send(request)
            case Pause(seconds):
                self._clock.sleep(seconds)
            case Open(request):
                self.close()
                self._stream = self._transport.open(request)
                return self._stream.head
            case Read():
                return b"" if self._stream is None else self._stream.read()
            case Run(call):
                return call()
            case Quote():
                pass  # only an estimate acts on it
            case _:
                return self._exclusive(effect)
        return None

    def _send(self, request: Request) -> Response:
        if request.paid:
            # Recorded before sending: the interruption may come while the call below blocks.
            self.paid.request, self.paid.response = request, None
        response = self._transport.send(request)
        if request.paid:
            self.paid.response = response
        _heed_pace(self._clock, request, response)
        return response

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


class AsyncEffects:
    """Carries out the effects of one run, and owns its open stream."""

    def __init__(
        self, transport: AsyncTransport, clock: Clock, exclusive: Callable[[Exclusive], Awaitable[object]]
    ) -> None:
        self.paid = PaidRequest()
        self._transport = transport
        self._clock = clock
        self._exclusive = exclusive
        self._stream: AsyncStream | None = None

    async def perform(self, effect: Effect) -> object:
        match effect:
            case Send(request):
                return await self._send(request)
            case Pause(seconds):
                await self._clock.asleep(seconds)
            case Open(request):
                await self.close()
                self._stream = await self._transport.open(request)
                return self._stream.head
            case Read():
                return b"" if self._stream is None else await self._stream.read()
            case Run(call):
                return await anyio.to_thread.run_sync(call)
            case Quote():
                pass  # only an estimate acts on it
            case _:
                return await self._exclusive(effect)
        return None

    async def _send(self, request: Request) -> Response:
        if request.paid:
            self.paid.request, self.paid.response = request, None
        response = await self._transport.send(request)
        if request.paid:
            self.paid.response = response
        _heed_pace(self._clock, request, response)
        return response

    async def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            # The task may be canceled already: without the shield the connection would leak at the first await.
            with anyio.CancelScope(shield=True):
                await stream.close()
