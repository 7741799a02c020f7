"""Spend limits in a store: they apply to all processes that share it, after a restart, and after a crash."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage import (
    Ceiling,
    CeilingReached,
    Infrai,
    SkippingClock,
    SoundstageError,
    SpendLimit,
    SpendLimitExceeded,
    SQLiteJobStore,
    Veo,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PRICE = Decimal("3.20")
GOOGLE = "https://generativelanguage.googleapis.com"
ENDS = ("accepted", "refused", "broken", "lost", "killed before", "killed after")
PROCESSES, JOBS = 4, 64


class Killed(BaseException):
    """The process ends at this point."""


class Service:
    """Charges for what it accepts, and ends the requests by *ends* in turn."""

    def __init__(self, ends: Sequence[str]) -> None:
        self.charged = 0
        self._ends = ends
        self._number = 0
        self._lock = threading.Lock()

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Return the response that is due, or raise what the network does or the end of the process."""
        with self._lock:
            end = self._ends[self._number % len(self._ends)]
            self._number += 1
            number = self._number
            self.charged += end in {"accepted", "broken", "lost", "killed after"}
        if end.startswith("killed"):
            raise Killed
        if end == "lost":
            raise httpx.ReadError("reset", request=request)
        status = {"accepted": 200, "refused": 400, "broken": 500}[end]
        body = {"name": f"models/m/operations/{number}"} if end == "accepted" else {"error": {"code": status}}
        return httpx.Response(status, json=body)


@contextmanager
def new_path() -> Iterator[Path]:
    """The path of a database that does not exist yet; a fixture would be the same for all examples."""
    with TemporaryDirectory() as folder:
        yield Path(folder) / "jobs.db"


@given(
    limit=st.decimals(0, 5, places=2),
    amounts=st.lists(st.tuples(st.decimals(0, 2, places=2), st.booleans()), max_size=12),
)
@settings(max_examples=15)
def test_stores_of_one_file_keep_one_sum(limit: Decimal, amounts: list[tuple[Decimal, bool]]) -> None:
    """What two stores reserve and give back in turn is one exact sum, which never exceeds the ceiling."""
    taken = Decimal(0)
    with new_path() as path, closing(SQLiteJobStore(path)) as first, closing(SQLiteJobStore(path)) as second:
        for number, (amount, refused) in enumerate(amounts):
            store, other = (first, second) if number % 2 else (second, first)
            try:
                reservation = store.reserve("a", amount, number, [Ceiling("total", limit)])
            except CeilingReached:
                assert taken + amount > limit
                continue
            if refused:
                other.settle(reservation, Decimal(0))
            taken += 0 if refused else amount
            assert other.spent("a") == taken <= limit
            assert other.spent("a", number) == (0 if refused else amount)


@given(ends=st.lists(st.sampled_from(ENDS), min_size=1, max_size=8), room=st.integers(0, JOBS))
@settings(max_examples=4)
def test_processes_never_exceed_the_limit(ends: list[str], room: int) -> None:
    """64 submissions by four processes at once are charged no more than the limit, and a restart knows the sum."""
    service = Service(ends)

    def client(store: SQLiteJobStore) -> Veo:
        http = httpx.Client(transport=httpx.MockTransport(service.respond))
        limit = SpendLimit(total=PRICE * room)
        return Veo("key", base_url=GOOGLE, http=http, clock=SkippingClock(), store=store, spend_limit=limit)

    def start(number: int) -> None:
        with suppress(SoundstageError, Killed):
            clients[number % PROCESSES].generate_videos(f"Fox {number}")

    with new_path() as path, closing(SQLiteJobStore(path)) as restarted:
        with ExitStack() as stack, ThreadPoolExecutor(2 * PROCESSES) as pool:
            stores = [stack.enter_context(closing(SQLiteJobStore(path, timeout=60))) for _ in range(PROCESSES)]
            clients = [client(store) for store in stores]
            list(pool.map(start, range(JOBS)))
        spent = client(restarted).spent().total
    assert service.charged <= room
    assert service.charged * PRICE <= spent <= PRICE * room


def test_job_that_is_reused_is_not_counted_again(store_kit: Any) -> None:
    """An equal request that returns the job that exists costs nothing, even where the limit has no room."""
    service = Service(["accepted"])
    http = httpx.Client(transport=httpx.MockTransport(service.respond))
    options: Any = {"http": http, "store": store_kit.store(), "reuse": 60, "spend_limit": SpendLimit(total=PRICE)}
    client = Veo("key", base_url=GOOGLE, **options)
    assert client.generate_videos("A fox").id == client.generate_videos("A fox").id
    with pytest.raises(SpendLimitExceeded):
        client.generate_videos("A hare")
    assert (service.charged, client.spent().total) == (1, PRICE)
    assert len(store_kit.store().records()) == 1


def test_limits_of_a_store_are_separate_by_vendor_and_name(store_kit: Any) -> None:
    """Limits with other names, and those of other vendors, count on their own."""
    store = store_kit.store()

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/video/generate":
            return httpx.Response(200, json={"ok": True, "data": {"id": "j"}, "metadata": {"cost_usd": 0.25}})
        return httpx.Response(200, json={"name": "models/m/operations/1"})

    http = httpx.Client(transport=httpx.MockTransport(respond))
    options: Any = {"http": http, "store": store}
    for name in ("default", "nightly"):
        Veo("key", base_url=GOOGLE, spend_limit=SpendLimit(total=PRICE, name=name), **options).generate_videos("A fox")
    infrai = Infrai("key", spend_limit=SpendLimit(total=1, assume={"generate": 1}), **options)
    infrai.generate("A fox")
    assert infrai.spent().total == Decimal("0.25")


KILLED = """
import os, signal, sys
import httpx
from soundstage import SpendLimit, SQLiteJobStore, Veo

http = httpx.Client(transport=httpx.MockTransport(lambda _: os.kill(os.getpid(), signal.SIGKILL)))
limit = SpendLimit(total="3.20")
client = Veo("key", base_url=sys.argv[2], http=http, store=SQLiteJobStore(sys.argv[1]), spend_limit=limit)
client.generate_videos("A fox")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_killed_process_has_spent_its_price(store_kit: Any) -> None:
    """The price of a request that a killed process may have sent counts for the processes after it."""
    killed = subprocess.run([sys.executable, "-c", KILLED, store_kit.path, GOOGLE], check=False)
    assert killed.returncode == -signal.SIGKILL
    service = Service(["accepted"])
    http = httpx.Client(transport=httpx.MockTransport(service.respond))
    options: Any = {"http": http, "store": store_kit.store(), "spend_limit": SpendLimit(total=PRICE)}
    client = Veo("key", base_url=GOOGLE, **options)
    assert client.spent().total == PRICE
    with pytest.raises(SpendLimitExceeded):
        client.generate_videos("A fox")
    assert service.charged == 0
