"""Spend limits under load: many submissions at once, and a service that accepts, refuses, fails and loses responses."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import anyio
import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage import AsyncVeo, RetryPolicy, SkippingClock, SoundstageError, SpendLimit, Veo

if TYPE_CHECKING:
    from collections.abc import Sequence

JOBS = 64
PRICE = Decimal("3.20")
GOOGLE = "https://generativelanguage.googleapis.com"
ENDS = ("accepted", "refused", "busy", "broken", "lost", "never sent")


class Service:
    """Charges for what it accepts, also where the response is lost, and ends the requests by *ends* in turn."""

    def __init__(self, ends: Sequence[str]) -> None:
        self.charged = 0
        self._ends = ends
        self._number = 0
        self._lock = threading.Lock()

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Return the response that is due, or raise what the network does."""
        with self._lock:
            end = self._ends[self._number % len(self._ends)]
            self._number += 1
            number = self._number
            self.charged += end in {"accepted", "broken", "lost"}
        if end == "never sent":
            raise httpx.ConnectError("no route", request=request)
        if end == "lost":
            raise httpx.ReadError("reset", request=request)
        status = {"accepted": 200, "refused": 400, "busy": 429, "broken": 500}[end]
        body = {"name": f"models/m/operations/{number}"} if end == "accepted" else {"error": {"code": status}}
        return httpx.Response(status, json=body)


stories = given(
    ends=st.lists(st.sampled_from(ENDS), min_size=1, max_size=8),
    room=st.integers(0, JOBS),
)


@stories
@settings(max_examples=10)
def test_threads_never_exceed_the_limit(ends: list[str], room: int) -> None:
    """Of 64 threads that submit at once, no more are charged than the limit allows, whatever the service does."""
    service, limit = Service(ends), SpendLimit(total=PRICE * room)
    with httpx.Client(transport=httpx.MockTransport(service.respond)) as http:
        retry = RetryPolicy(attempts=2)
        client = Veo("key", base_url=GOOGLE, http=http, clock=SkippingClock(), retry=retry, spend_limit=limit)

        def start(number: int) -> None:
            with suppress(SoundstageError):
                client.generate_videos(f"Fox {number}")

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(start, range(JOBS)))
        assert service.charged <= room
        assert service.charged * PRICE == client.spent().total


@stories
@settings(max_examples=10)
def test_tasks_never_exceed_the_limit(ends: list[str], room: int) -> None:
    """Of 64 tasks that submit at once, no more are charged than the limit allows; half of them may be canceled."""
    service, limit = Service(ends), SpendLimit(total=PRICE * room)

    async def story() -> Decimal:
        async with httpx.AsyncClient(transport=httpx.MockTransport(service.respond)) as http:
            client = AsyncVeo("key", base_url=GOOGLE, http=http, clock=SkippingClock(), spend_limit=limit)

            async def start(number: int) -> None:
                with suppress(SoundstageError):
                    await client.generate_videos(f"Fox {number}")

            async with anyio.create_task_group() as first, anyio.create_task_group() as second:
                for number in range(JOBS):
                    (first if number % 2 else second).start_soon(start, number)
                if room % 2:
                    await anyio.lowlevel.checkpoint()
                    second.cancel_scope.cancel()
            return (await client.spent()).total

    spent = anyio.run(story)
    assert service.charged <= room
    assert service.charged * PRICE <= spent <= PRICE * room
