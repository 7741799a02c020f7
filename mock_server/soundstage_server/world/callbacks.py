"""Callbacks: what a vendor sends to the address that a create call named, when a task ends or changes.

A callback is due on its account's clock. One dispatcher a world, in a thread that starts with the first callback,
sleeps until the next is due; there is no timer per task. Only loopback targets are ever connected to, unless a world
was told of others.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from heapq import heappop, heappush
from ipaddress import ip_address
from itertools import count
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import orjson

from soundstage_server.model.journal import redact_query

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import httpx

    from soundstage_server.model.account import Account
    from soundstage_server.model.task import Task
    from soundstage_server.world.world import World

Outcome = Literal["delivered", "failed", "refused"]

KEPT_ATTEMPTS: Final = 300
"""How many attempts are kept for each account; the oldest go first."""
TIMEOUT: Final = 5.0
"""Real seconds that a receiver has for its answer."""
IDLE_SECONDS: Final = 0.05
"""Real seconds without a request after which, under the clock ``auto``, an account moves to its next callback."""

_MOST_UNDER_WAY: Final = 64
_CLOSE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class CallbackPlan:
    """When a vendor calls back, as its documents say.

    Attributes:
        on: ``end``: once, at the final state; ``change``: at every change of state.
        field: The parameter of a create call that names the address.
        delays: Account seconds after which a callback that was not answered by 2xx is sent again; with the first, there
            is one try more than delays.
    """

    on: Literal["end", "change"] = "end"
    field: str = "callback"
    delays: tuple[float, ...] = (10.0, 60.0, 300.0)

    def times(self, task: Task) -> tuple[float, ...]:
        """Return when callbacks of *task* are due for the first time."""
        return task.changes if self.on == "change" else task.changes[-1:]


class PendingCallback(NamedTuple):
    """A callback to come: when it is due on the account's clock, and the time whose state it tells."""

    due: float
    number: int
    task: Task
    url: str
    state_time: float
    attempt: int


class CallbackAttempt(NamedTuple):
    """One callback that was sent, or refused to be: to where, when on the account's clock, and what came of it."""

    number: int
    account: str
    task: str
    url: str
    attempt: int
    at: float
    outcome: Outcome
    status: int | None
    detail: str
    body: str


class CallbackDispatcher:
    """The dispatcher of one world.

    Args:
        world: Whose callbacks are sent.
        allowed: Hosts beside this machine's own that may be connected to.

    Attributes:
        transport: What carries the callbacks; None is the network. Set it before the first callback is due.
    """

    def __init__(self, world: World, allowed: Iterable[str] = ()) -> None:
        if isinstance(allowed, str):
            raise ValueError(f"callbacks_to must be a collection of hosts, not one text; got {allowed!r}")  # noqa: TRY004 - every bad argument of a world is a ValueError
        self.transport: httpx.AsyncBaseTransport | None = None
        self._world = world
        self._allowed = frozenset(host.lower() for host in allowed)
        self._pending: dict[Account, list[PendingCallback]] = {}
        self._kept: dict[Account, deque[CallbackAttempt]] = {}
        self._seen: dict[Account, tuple[int, float]] = {}
        self._sending = 0
        self._numbers = count(1)
        self._changed = threading.Condition(world.lock)
        self._closed = False
        self._thread: _DispatchThread | None = None
        world.clock.watch(self.wake)

    def schedule(self, task: Task, after: float = 0.0) -> None:
        """Send the callbacks of *task* that are due later than *after*, if its create call named an address."""
        service = self._world.services[task.account.vendor]
        plan = service.callback_plan
        if plan is None or plan.field not in task.params:
            return
        with self._changed:
            for due in plan.times(task):
                if due > after:
                    self._schedule(task, plan, due)

    def reschedule(self, task: Task) -> None:
        """Expect the callbacks of *task* anew, since its record was cut short: a cancel, say.

        What was told before is not told again; the changes that it was told of stay in the record.
        """
        service = self._world.services[task.account.vendor]
        plan = service.callback_plan
        if plan is None or plan.field not in task.params:
            return
        with self._changed:
            mine = self._pending.pop(task.account, [])
            first = [one for one in mine if one.task is task and one.attempt == 1]
            for one in mine:
                if one not in first:
                    self._enqueue(one)
            ever = 1 if plan.on == "end" else len(service.lifecycle(task.operation).stages)
            for due in dict.fromkeys(plan.times(task)[ever - len(first) :]):
                self._schedule(task, plan, due)

    def attempts(self, account: Account | None = None) -> list[CallbackAttempt]:
        """Return what was sent, or refused to be, for *account* or for all; oldest first."""
        with self._changed:
            kept = self._kept.values() if account is None else (self._kept.get(account, ()),)
            return sorted(attempt for one in kept for attempt in one)

    def pending(self, account: Account | None = None) -> list[PendingCallback]:
        """Return what is to be sent for *account* or for all, the next one first."""
        with self._changed:
            heaps = self._pending.values() if account is None else (self._pending.get(account, ()),)
            return sorted(one for heap in heaps for one in heap)

    def settle(self, timeout: float) -> None:
        """Return once nothing is due now; under the clock ``auto``, which moves to the next, once none is to come.

        Raises:
            TimeoutError: *timeout* real seconds have passed, and something is still due.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while self._busy():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"after {timeout} s callbacks are still due, or not answered yet")
                self._changed.wait(left)

    def forget(self, accounts: Collection[Account]) -> None:
        """Forget *accounts*: what they were sent, and what they were to be sent."""
        with self._changed:
            for account in accounts:
                for kept in (self._pending, self._kept, self._seen):
                    kept.pop(account, None)
            self._changed.notify_all()

    def wake(self) -> None:
        """Look again at what is due: time has moved."""
        if self._thread is not None:
            self._thread.wake()

    def close(self) -> None:
        """Send nothing more, and give up what is under way. Safe to call twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            office = self._thread
        if office is not None:
            office.wake()
            office.join(_CLOSE_SECONDS)

    @property
    def closed(self) -> bool:
        """Whether nothing more is sent."""
        return self._closed

    def collect_due(self, under_way: int) -> tuple[list[PendingCallback], float | None]:
        """Take what is due now, and say after how many real seconds to look again; None is when something changes."""
        ready: list[PendingCallback] = []
        pauses = []
        with self._changed:
            clock = self._world.clock
            for account, heap in tuple(self._pending.items()):
                if clock.kind == "auto":
                    pauses.append(self._skip_idle(account, heap[0].due))
                now = account.now()
                while heap and heap[0].due <= now and len(ready) + under_way < _MOST_UNDER_WAY:
                    ready.append(heappop(heap))
                if not heap:
                    del self._pending[account]
                elif heap[0].due > now and not clock.frozen:
                    pauses.append((heap[0].due - now) / clock.speed)
            self._sending += len(ready)
        return ready, min(pauses, default=None)

    async def deliver(self, client: httpx.AsyncClient, waiting: PendingCallback) -> None:
        """Send one callback, and keep what came of it; one that failed waits for its next try."""
        service = self._world.services[waiting.task.account.vendor]
        try:
            with self._changed:
                moment = waiting.task.state_at(waiting.state_time, service.lifecycle(waiting.task.operation))
                body = orjson.dumps(service.callback_body(waiting.task, moment))
            outcome, status, said = await self._send(client, waiting.url, body)
            with self._changed:
                self._record(waiting, outcome, status, said, body)
        finally:
            with self._changed:
                self._sending -= 1
                self._changed.notify_all()

    def _record(self, sent: PendingCallback, outcome: Outcome, status: int | None, said: str, body: bytes) -> None:
        account = sent.task.account
        if not self._world.is_account(account.name) or self._world.account_by_name(account.name) is not account:
            return  # forgotten while it was under way
        kept = self._kept.setdefault(account, deque(maxlen=KEPT_ATTEMPTS))
        told = (account.name, sent.task.id, _redact_url(sent.url), sent.attempt, account.now(), outcome, status, said)
        kept.append(CallbackAttempt(next(self._numbers), *told, body.decode()))
        plan = self._world.services[account.vendor].callback_plan
        if outcome == "failed" and plan is not None and sent.attempt <= len(plan.delays):
            due = sent.due + plan.delays[sent.attempt - 1]
            self._enqueue(sent._replace(due=due, number=next(self._numbers), attempt=sent.attempt + 1))

    async def _send(self, client: httpx.AsyncClient, url: str, body: bytes) -> tuple[Outcome, int | None, str]:
        import httpx

        try:
            # The host as the library that connects reads it, which is not always as others do.
            host = httpx.URL(url).host.lower()
            if not (host in self._allowed or _is_loopback(host)):
                return "refused", None, f"callbacks go to this machine, or to a host that a world allows; got {host!r}"
            headers = {"Content-Type": "application/json"}
            async with (
                asyncio.timeout(TIMEOUT),
                client.stream("POST", url, content=body, headers=headers) as response,
            ):
                status = response.status_code
                return "delivered" if response.is_success else "failed", status, f"answered HTTP {status}"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return "failed", None, f"{type(error).__name__}: {error}"

    def _schedule(self, task: Task, plan: CallbackPlan, due: float) -> None:
        self._enqueue(PendingCallback(due, next(self._numbers), task, task.params[plan.field], due, 1))

    def _enqueue(self, one: PendingCallback) -> None:
        if self._closed:
            return
        heap = self._pending.setdefault(one.task.account, [])
        heappush(heap, one)
        if self._thread is None:
            self._thread = _DispatchThread(self)
        elif heap[0] is one:
            self._thread.wake()

    def _skip_idle(self, account: Account, due: float) -> float:
        """Under ``auto``, move *account* to *due* if it has been quiet; return after how many seconds to ask again."""
        last, moment = account.journal.latest, time.monotonic()
        seen, since = self._seen.setdefault(account, (last, moment))
        if seen != last:
            self._seen[account] = (last, moment)
            return IDLE_SECONDS
        if moment - since >= IDLE_SECONDS:
            account.advance_to_next_change(account.now(), due)  # as a read of the task would move it
            return IDLE_SECONDS
        return IDLE_SECONDS - (moment - since)

    def _busy(self) -> bool:
        if self._closed:
            return False
        if self._sending or (self._pending and self._world.clock.kind == "auto"):
            return True
        return any(heap[0].due <= account.now() for account, heap in self._pending.items())


class _DispatchThread:
    """The thread of a courier, and the loop on it."""

    def __init__(self, courier: CallbackDispatcher) -> None:
        self._courier = courier
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._woken = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="soundstage-callbacks", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look again at what is due."""
        with suppress(RuntimeError):  # the loop has ended with its world
            self._loop.call_soon_threadsafe(self._woken.set)

    def join(self, seconds: float) -> None:
        """Wait for the thread to end, but not for ever."""
        self._thread.join(seconds)

    def _run(self) -> None:
        with self._runner:  # which also gives up what is still under way
            self._runner.run(self._dispatch())

    async def _dispatch(self) -> None:
        import httpx

        courier = self._courier
        fresh = httpx.Limits(max_keepalive_connections=0)  # a stale connection would look like a receiver that fails
        async with httpx.AsyncClient(
            transport=courier.transport, trust_env=False, timeout=TIMEOUT, limits=fresh
        ) as client:
            under_way: set[asyncio.Task[None]] = set()
            while not courier.closed:
                self._woken.clear()
                ready, pause = courier.collect_due(len(under_way))
                for waiting in ready:
                    sending = asyncio.create_task(courier.deliver(client, waiting))
                    under_way.add(sending)
                    sending.add_done_callback(under_way.discard)
                    sending.add_done_callback(lambda _: self._woken.set())
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), pause)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback


def _redact_url(url: str) -> str:
    """Return *url* without what may be secret in it: a password, a token in its query."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=netloc, query=redact_query(parts.query)))
