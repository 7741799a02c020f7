"""Many requests at once: they wait for a connection in front of the pool, and their time does not begin before."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage._io.http import AsyncTransport, SyncTransport, pools
from soundstage._values.messages import Interrupted, NotSent, Request

if TYPE_CHECKING:
    from collections.abc import Callable

GET = Request("GET", "https://host.example/", timeout=20.0)
PAID = Request("POST", "https://host.example/", json={}, paid=True)


def awaiting(monkeypatch: pytest.MonkeyPatch, handler: Any, timeout: float, now: Callable[[], float]) -> AsyncTransport:
    """Return a transport whose own clients send their requests to *handler*."""
    made = lambda *_, **__: httpx.AsyncClient(transport=httpx.MockTransport(handler))  # noqa: E731
    monkeypatch.setattr(AsyncTransport, "_make", made)
    return AsyncTransport(None, timeout, now)


@pytest.mark.parametrize("request_", [GET, PAID], ids=["free", "paid"])
def test_requests_wait_in_front_of_the_pool(monkeypatch: pytest.MonkeyPatch, request_: Request) -> None:
    """Of 350 requests at once the pool never has more than its connections, in the order in which they came."""
    now, running, most, order = 0.0, 0, 0, list[str]()

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal now, running, most
        order.append(request.headers["n"])
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        now += 1  # all of them together take much longer than the timeout of each
        return httpx.Response(200)

    async def script() -> None:
        transport = awaiting(monkeypatch, handler, 150.0, lambda: now)
        requests = [
            Request(request_.method, request_.url, {"N": str(n)}, request_.json, request_.paid) for n in range(350)
        ]
        responses = await asyncio.gather(*(transport.send(one) for one in requests))
        assert [one.status for one in responses] == [200] * 350
        await transport.close()

    asyncio.run(script())
    assert (most, now) == (pools.CONNECTIONS, 350)
    assert order == [str(n) for n in range(350)]


def test_paid_requests_do_not_wait_for_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paid requests and the others have slots of their own."""
    monkeypatch.setattr(pools, "CONNECTIONS", 1)
    done = asyncio.Event()

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            done.set()
        else:
            await done.wait()
        return httpx.Response(200)

    async def script() -> None:
        transport = awaiting(monkeypatch, handler, 1.0, lambda: 0.0)
        await asyncio.gather(transport.send(GET), transport.send(GET), transport.send(PAID))
        await transport.close()

    asyncio.run(script())


def test_slot_is_returned_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed, a canceled and a streamed request return their slot, the last one when its stream is closed."""
    monkeypatch.setattr(pools, "CONNECTIONS", 1)
    failures: list[BaseException] = [httpx.ReadError("gone"), asyncio.CancelledError()]

    async def handler(request: httpx.Request) -> httpx.Response:
        del request
        if failures:
            raise failures.pop(0)
        return httpx.Response(200, content=b"x")

    async def script() -> None:
        transport = awaiting(monkeypatch, handler, 1.0, lambda: 0.0)
        with pytest.raises(Interrupted):
            await transport.send(GET)
        with pytest.raises(asyncio.CancelledError):
            await transport.send(GET)
        stream = await transport.open(GET)
        with pytest.raises(NotSent, match="all 1 connections were in use"):
            await transport.send(Request("GET", GET.url, timeout=0.01))
        await stream.close()
        assert (await transport.send(GET)).content == b"x"
        await transport.close()

    asyncio.run(script())


def test_threads_wait_in_front_of_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads share the connections of a client; one whose time is limited gives up, and has sent nothing."""
    monkeypatch.setattr(pools, "CONNECTIONS", 2)
    running, most = 0, 0
    lock, both = threading.Lock(), threading.Barrier(2, timeout=30)

    def handler(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait()
        with lock:
            running -= 1
        return httpx.Response(200, content=request.method.encode())

    made = lambda *_, **__: httpx.Client(transport=httpx.MockTransport(handler))  # noqa: E731
    monkeypatch.setattr(SyncTransport, "_make", made)
    transport = SyncTransport(None, None)
    threads = [threading.Thread(target=transport.send, args=(GET,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2
    both.abort()
    monkeypatch.setattr(SyncTransport, "_send", lambda *_: None)
    releases = [transport._take_slot(GET) for _ in range(2)]
    short = Request("GET", GET.url, timeout=0.01)
    with pytest.raises(NotSent, match="for the 0"):
        transport.send(short)
    for release in releases:
        release()
    transport.send(short)
    transport.close()
