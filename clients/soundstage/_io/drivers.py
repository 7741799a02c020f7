"""The two loops that carry out what flows ask for: the only code that does input and output.

They are the same loop, once blocking and once awaiting. A flow is always closed, and so is the stream it left open.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from soundstage._values.messages import Effect, Exclusive, Flow, Open, Pause, Read, Request, Response, Run, Send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from soundstage._io.clock import Clock
    from soundstage._io.http import AsyncStream, AsyncTransport, SyncStream, SyncTransport

T = TypeVar("T")

_EXCERPT = 500


class SyncDriver:
    """Runs flows by blocking."""

    def __init__(self, wire: SyncTransport, clock: Clock) -> None:
        self._wire = wire
        self._clock = clock
        self._locks: dict[str, threading.Lock] = {}

    def run(self, flow: Flow[T]) -> T:
        """Drive *flow* to its end and return its value."""
        hands = SyncEffects(self._wire, self._clock, self._exclusive)
        step: Callable[[Any], Effect] = flow.send
        value: Any = None
        try:
            while True:
                effect = step(value)
                try:
                    step, value = flow.send, hands.perform(effect)
                except Exception as error:  # noqa: BLE001 - the flow decides what any trouble means
                    step, value = flow.throw, error
        except StopIteration as end:
            result: T = end.value
            return result
        except BaseException as interruption:
            hands.money.explain(interruption)
            raise
        finally:
            flow.close()
            hands.close()

    def _exclusive(self, effect: Exclusive) -> object:
        with self._locks.setdefault(effect.key, threading.Lock()):
            return self.run(effect.make())


class AsyncDriver:
    """Runs flows by awaiting."""

    def __init__(self, wire: AsyncTransport, clock: Clock) -> None:
        self._wire = wire
        self._clock = clock
        self._locks: dict[str, anyio.Lock] = {}

    async def run(self, flow: Flow[T]) -> T:
        """Drive *flow* to its end and return its value."""
        hands = AsyncEffects(self._wire, self._clock, self._exclusive)
        step: Callable[[Any], Effect] = flow.send
        value: Any = None
        try:
            while True:
                effect = step(value)
                try:
                    step, value = flow.send, await hands.perform(effect)
                except Exception as error:  # noqa: BLE001 - the flow decides what any trouble means
                    step, value = flow.throw, error
        except StopIteration as end:
            result: T = end.value
            return result
        except BaseException as interruption:
            hands.money.explain(interruption)
            raise
        finally:
            flow.close()
            await hands.close()

    async def _exclusive(self, effect: Exclusive) -> object:
        async with self._locks.setdefault(effect.key, anyio.Lock()):
            return await self.run(effect.make())


class PaidRequest:
    """Remembers the paid request of a run, to say on an interruption what to look for."""

    def __init__(self) -> None:
        self.request: Request | None = None
        self.answer: Response | None = None

    def explain(self, interruption: BaseException) -> None:
        """Add what is known to an interruption, such as Ctrl-C or a cancelled task; errors speak for themselves."""
        if self.request is None or isinstance(interruption, Exception):
            return
        note = f"A paid request was interrupted: {self.request} (request hash {self.request.fingerprint})."
        if self.answer is None:
            note += " Its outcome is unknown: look for the job at the service before sending it again."
        else:
            note += f" It had been answered with HTTP {self.answer.status}: {self.answer.text[:_EXCERPT]}"
        interruption.add_note(note)


class SyncEffects:
    """Carries out the effects of one run, and holds its open stream."""

    def __init__(self, wire: SyncTransport, clock: Clock, alone: Callable[[Exclusive], object]) -> None:
        self.money = PaidRequest()
        self._wire = wire
        self._clock = clock
        self._exclusive = alone
        self._stream: SyncStream | None = None

    def perform(self, effect: Effect) -> object:
        match effect:
            case Send(request):
                return self._send(request)
            case Pause(seconds):
                self._clock.sleep(seconds)
                return None
            case Open(request):
                self.close()
                self._stream = self._wire.open(request)
                return self._stream.head
            case Read():
                return b"" if self._stream is None else self._stream.read()
            case Run(call):
                return call()
            case _:
                return self._exclusive(effect)

    def _send(self, request: Request) -> Response:
        if not request.paid:
            return self._wire.send(request)
        self.money.request, self.money.answer = request, None
        self.money.answer = self._wire.send(request)
        return self.money.answer

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


class AsyncEffects:
    """Carries out the effects of one run, and holds its open stream."""

    def __init__(self, wire: AsyncTransport, clock: Clock, alone: Callable[[Exclusive], Awaitable[object]]) -> None:
        self.money = PaidRequest()
        self._wire = wire
        self._clock = clock
        self._exclusive = alone
        self._stream: AsyncStream | None = None

    async def perform(self, effect: Effect) -> object:
        match effect:
            case Send(request):
                return await self._send(request)
            case Pause(seconds):
                await self._clock.asleep(seconds)
                return None
            case Open(request):
                await self.close()
                self._stream = await self._wire.open(request)
                return self._stream.head
            case Read():
                return b"" if self._stream is None else await self._stream.read()
            case Run(call):
                return await anyio.to_thread.run_sync(call)
            case _:
                return await self._exclusive(effect)

    async def _send(self, request: Request) -> Response:
        if not request.paid:
            return await self._wire.send(request)
        self.money.request, self.money.answer = request, None
        self.money.answer = await self._wire.send(request)
        return self.money.answer

    async def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with anyio.CancelScope(shield=True):
                await stream.close()
