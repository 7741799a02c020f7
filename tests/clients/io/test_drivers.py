"""Drivers: effects, cleanup, interruptions, locks."""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from soundstage import SkippingClock
from soundstage._io.drivers import AsyncDriver, SyncDriver
from soundstage._io.http import AsyncTransport, SyncTransport
from soundstage._values.messages import Flow, Interrupted, Request, exclusive, open_stream, pause, read, run, send

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.clients.conftest import Kit

GET = Request("GET", "https://host.example/file?sig=planted")
PAID = Request("POST", "https://host.example/jobs?key=planted", json={"prompt": "p"}, paid=True)


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body of two chunks that records whether it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        yield from (b"one", b"two")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in (b"one", b"two"):
            yield piece

    def close(self) -> None:
        """Count."""
        self.closed += 1

    async def aclose(self) -> None:
        """Count."""
        self.closed += 1


def blocking(flow: Flow[Any], handler: Any) -> Any:
    """Run *flow* on the sync driver."""
    transport = SyncTransport(httpx.Client(transport=httpx.MockTransport(handler)), None)
    return SyncDriver(transport, SkippingClock()).run(flow)


def awaiting(flow: Flow[Any], handler: Any) -> Any:
    """Run *flow* on the async driver."""

    async def script() -> Any:
        transport = AsyncTransport(httpx.AsyncClient(transport=httpx.MockTransport(handler)), None)
        return await AsyncDriver(transport, SkippingClock()).run(flow)

    return asyncio.run(script())


BOTH = pytest.mark.parametrize("drive", [blocking, awaiting])


def never(request: httpx.Request) -> httpx.Response:
    """A handler that must not be called."""
    raise AssertionError(request)


@BOTH
def test_every_effect_returns_its_result(drive: Any) -> None:
    """Every effect has its own kind of result."""

    def flow() -> Flow[list[object]]:
        answer = yield from send(GET)
        yield from pause(5)
        head = yield from open_stream(GET)
        first, rest = (yield from read()), (yield from read())
        nothing = yield from read()
        value = yield from run(lambda: 42)
        return [answer.status, answer.text, head.content, first + rest, nothing, value]

    assert drive(flow(), lambda _: httpx.Response(200, content=b"hello")) == [200, "hello", b"", b"hello", b"", 42]


@BOTH
def test_read_without_stream_is_empty(drive: Any) -> None:
    """A read before any open returns the end of a body and raises nothing."""
    assert drive(read(), never) == b""


@BOTH
def test_every_stream_is_closed(drive: Any) -> None:
    """Opening another stream closes the one before, and the end of the flow closes the last."""
    bodies: list[Body] = []

    def handler(request: httpx.Request) -> httpx.Response:
        del request
        bodies.append(Body())
        return httpx.Response(200, stream=bodies[-1])

    def flow() -> Flow[None]:
        yield from open_stream(GET)
        yield from read()
        yield from open_stream(GET)

    drive(flow(), handler)
    assert [bool(body.closed) for body in bodies] == [True, True]


@BOTH
def test_transport_error_is_thrown_into_the_flow(drive: Any) -> None:
    """A flow may catch the error of its effect and continue."""

    def flow() -> Flow[str]:
        try:
            yield from send(GET)
        except Interrupted as failure:
            reason = str(failure)
        try:
            yield from run(lambda: 1 // 0)
        except ZeroDivisionError:
            return reason
        return "not reached"

    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("gone", request=request)

    assert drive(flow(), handler) == "ReadError: gone"


@BOTH
@pytest.mark.parametrize("end", [KeyboardInterrupt, ZeroDivisionError])
def test_flow_is_always_closed(drive: Any, end: type[BaseException]) -> None:
    """However a run ends, the flow's own cleanup is done."""
    closed: list[bool] = []

    def flow() -> Flow[None]:
        try:
            yield from run(fail)
        finally:
            closed.append(True)

    def fail() -> None:
        raise end

    script = flow()
    with pytest.raises(end):
        drive(script, never)
    assert closed == [True]
    assert inspect.getgeneratorstate(cast("Any", script)) == inspect.GEN_CLOSED


@BOTH
def test_interrupted_paid_request_has_a_note(drive: Any) -> None:
    """Ctrl-C during a paid request: the note has the request's hash, and no key."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt(request.method)

    with pytest.raises(KeyboardInterrupt) as caught:
        drive(send(PAID), handler)
    note = "".join(caught.value.__notes__)
    assert PAID.fingerprint in note
    assert "planted" not in note


@BOTH
def test_interruption_after_the_response_quotes_it(drive: Any) -> None:
    """Ctrl-C just after the response: the note has what the request makes of it, so that the job can be found."""
    paid = replace(PAID, recovery=lambda response: response.text if response else "no response")

    def flow() -> Flow[None]:
        yield from send(paid)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        drive(flow(), lambda _: httpx.Response(200, content=b'{"task_id": "t-1"}'))
    assert '{"task_id": "t-1"}' in "".join(caught.value.__notes__)


@BOTH
def test_interrupted_read_has_no_note(drive: Any) -> None:
    """A request that costs nothing needs no note."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt(request.method)

    with pytest.raises(KeyboardInterrupt) as caught:
        drive(send(GET), handler)
    assert not hasattr(caught.value, "__notes__")


def test_canceled_task_has_a_note(kit: Kit) -> None:
    """Canceling a task during its paid request adds the note to the cancellation."""

    async def script() -> BaseException:
        sent = asyncio.Event()

        async def handler(request: httpx.Request) -> httpx.Response:
            del request
            sent.set()
            await asyncio.Event().wait()
            raise AssertionError

        task = asyncio.create_task(kit.async_client(cast("Any", handler)).text_to_video("a kite"))
        await sent.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    assert "outcome is unknown" in "".join(asyncio.run(script()).__notes__)


def test_blocking_call_runs_in_a_thread() -> None:
    """Under asyncio a call that blocks runs in another thread."""
    assert awaiting(run(threading.get_ident), never) != threading.get_ident()
    assert blocking(run(threading.get_ident), never) == threading.get_ident()


def taking_turns(log: list[str], key: str = "door") -> Flow[int]:
    """A flow that sends a request under a lock."""

    def inside() -> Flow[int]:
        log.append("in")
        answer = yield from send(GET)
        yield from pause(1)
        log.append("out")
        return answer.status

    return exclusive(key, inside)


def test_threads_share_a_lock() -> None:
    """Exclusive flows of one key run in one thread at a time."""
    log: list[str] = []
    at_the_door = threading.Barrier(4)

    def handler(request: httpx.Request) -> httpx.Response:
        del request
        for _ in range(1000):  # every other thread gets its chance to come in
            os.sched_yield()
        return httpx.Response(200)

    driver = SyncDriver(SyncTransport(httpx.Client(transport=httpx.MockTransport(handler)), None), SkippingClock())

    def go() -> int:
        at_the_door.wait()
        return driver.run(taking_turns(log))

    with ThreadPoolExecutor(4) as pool:
        assert [future.result() for future in [pool.submit(go) for _ in range(4)]] == [200] * 4
    assert log == ["in", "out"] * 4


def test_tasks_share_a_lock() -> None:
    """Exclusive flows of one key run in one task at a time, and other tasks continue."""
    log: list[str] = []

    async def handler(request: httpx.Request) -> httpx.Response:
        del request
        for _ in range(10):
            await asyncio.sleep(0)
        return httpx.Response(200)

    async def script() -> list[int]:
        transport = AsyncTransport(httpx.AsyncClient(transport=httpx.MockTransport(handler)), None)
        driver = AsyncDriver(transport, SkippingClock())
        return await asyncio.gather(*(driver.run(taking_turns(log)) for _ in range(4)))

    assert asyncio.run(script()) == [200] * 4
    assert log == ["in", "out"] * 4


@BOTH
def test_other_keys_are_not_blocked(drive: Any) -> None:
    """A flow under one key may run a flow under another."""

    def flow() -> Flow[str]:
        return exclusive("outer", lambda: exclusive("inner", lambda: run(lambda: "both")))

    assert drive(flow(), never) == "both"


@BOTH
def test_error_releases_the_lock(drive: Any) -> None:
    """An error of an exclusive flow is raised in the flow around it, and the next one gets the lock."""

    def failing() -> Flow[None]:
        yield from pause(1)
        raise ValueError("within")

    def flow() -> Flow[str]:
        try:
            yield from exclusive("door", failing)
        except ValueError as error:
            recorded = str(error)
        again = yield from exclusive("door", lambda: run(lambda: "again"))
        return f"{recorded}, {again}"

    assert drive(flow(), never) == "within, again"
