"""Callbacks: the requests that a vendor sends to the address in a create call when a task ends or changes.

A callback is due on its account's clock. Each world has one dispatcher, in a thread that starts with the first
callback and sleeps until the next is due; there is no timer per task. The dispatcher connects to loopback addresses
only, unless the world allows other hosts.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Final

import orjson

from soundstage_server.model.asgi import CONTROL, is_loopback
from soundstage_server.model.callbacks import CallbackAttempt, PendingCallback
from soundstage_server.model.clock import LATEST
from soundstage_server.model.journal.redaction import redact_url

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    import httpx

    from soundstage_server.model.account import Account, Task
    from soundstage_server.model.callbacks import Outcome
    from soundstage_server.model.clock import Clock
    from soundstage_server.model.lifecycle import CallbackPlan
    from soundstage_server.world.vendor_service import VendorService

KEPT_ATTEMPTS: Final = 300
"""How many attempts are kept for each account; the oldest are dropped first."""
TIMEOUT: Final = 5.0
"""Real seconds that a receiver has to respond."""
IDLE_SECONDS: Final = 0.05
"""Real seconds without a request after which, under the clock ``auto``, an account moves to its next callback."""

HEADERS: Final = {"Content-Type": "application/json"}
"""The headers of every callback (the vendors' facts about the Content-Type of callbacks)."""
MOST_OF_ACCOUNT: Final = 8
"""How many callbacks of one account are under way at once, so that its receiver delays those of no other account."""
_MOST_UNDER_WAY: Final = 256
_CLOSE_SECONDS: Final = 2.0


class CallbackDispatcher:
    """Sends the callbacks of one world.

    Args:
        lock: The world's lock.
        clock: The world's clock.
        services: The world's vendors by slug.
        is_current: Returns whether the world still has this account.
        allowed: Hosts, in addition to loopback ones, that may be connected to.

    Raises:
        ValueError: *allowed* is a single string.

    Attributes:
        transport: What carries the callbacks; None is the network. Set it before the first callback is due.
    """

    def __init__(
        self,
        lock: threading.RLock,
        clock: Clock,
        services: Mapping[str, VendorService],
        is_current: Callable[[Account], bool],
        allowed: Iterable[str] = (),
    ) -> None:
        if isinstance(allowed, str):
            raise ValueError(f"callbacks_to must be a collection of hosts, not one text; got {allowed!r}")  # noqa: TRY004 - every bad argument of a world is a ValueError
        self.transport: httpx.AsyncBaseTransport | None = None
        self._clock = clock
        self._services = services
        self._is_current = is_current
        self.allowed = frozenset(host.lower() for host in allowed)
        self._pending: dict[Account, list[PendingCallback]] = {}
        self._kept: dict[Account, deque[CallbackAttempt]] = {}
        self._seen: dict[Account, tuple[int, float]] = {}
        self._sending: Counter[Account] = Counter()
        self._numbers = count(1)
        self._changed = threading.Condition(lock)
        self._closed = False
        self._thread: _DispatchThread | None = None
        clock.watch(self.wake)

    def schedule(self, task: Task, after: float = 0.0) -> None:
        """Schedule the callbacks of *task* that are due later than *after*, if its create call named an address."""
        plan = self._plan_of(task)
        if plan is None:
            return
        with self._changed:
            for due in plan.times(task.changes):
                if after < due < LATEST:  # a task that never ends has no last callback
                    self._schedule(task, plan, due)

    def reschedule(self, task: Task) -> None:
        """Replace the pending callbacks of *task*, which has ended early.

        A state that was reported is not reported again, although the early end has changed the times in the record.
        """
        plan = self._plan_of(task)
        if plan is None:
            return
        service = self._services[task.account.vendor]
        with self._changed:
            mine = self._pending.pop(task.account, [])
            first = [one for one in mine if one.task is task and one.attempt == 1]
            for one in mine:
                if one not in first:
                    self._enqueue(one)
            # The changes that are still to be reported are the last ones of the record: as many as first attempts
            # were pending. Stages that the early end has skipped share its time, so equal times become one callback.
            total = 1 if plan.on == "end" else len(service.lifecycle(task.operation).stages)
            for due in dict.fromkeys(plan.times(task.changes)[total - len(first) :]):
                self._schedule(task, plan, due)

    def attempts(self, account: Account | None = None) -> list[CallbackAttempt]:
        """Return the attempts for *account*, or for all; oldest first."""
        with self._changed:
            kept = self._kept.values() if account is None else (self._kept.get(account, ()),)
            return sorted(attempt for one in kept for attempt in one)

    def pending(self, account: Account | None = None) -> list[PendingCallback]:
        """Return the callbacks to send for *account*, or for all; the next one first."""
        with self._changed:
            heaps = self._pending.values() if account is None else (self._pending.get(account, ()),)
            return sorted(one for heap in heaps for one in heap)

    def settle(self, timeout: float) -> None:
        """Wait until nothing is due; under the clock ``auto``, which moves to the next one, until nothing is pending.

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
        """Drop the attempts and the pending callbacks of *accounts*."""
        with self._changed:
            for account in accounts:
                for kept in (self._pending, self._kept, self._seen):
                    kept.pop(account, None)
            self._changed.notify_all()

    def drop(self, account: Account, tasks: Collection[Task]) -> None:
        """Drop the pending callbacks of *tasks*, which all belong to *account*."""
        with self._changed:
            for pending in self._pending.pop(account, []):
                if pending.task not in tasks:
                    self._enqueue(pending)

    def wake(self) -> None:
        """Check again what is due: time has moved."""
        if self._thread is not None:
            self._thread.wake()

    def close(self) -> None:
        """Send nothing more, and cancel what is under way. Safe to call twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        # Joined without the lock: the thread needs it to finish what it is doing.
        if thread is not None:
            thread.wake()
            thread.join(_CLOSE_SECONDS)

    @property
    def waiting(self) -> int:
        """How many callbacks are to be sent."""
        return sum(map(len, self._pending.values()))

    @property
    def under_way(self) -> int:
        """How many callbacks wait for the response of their receiver."""
        return self._sending.total()

    @property
    def closed(self) -> bool:
        """Whether nothing more is sent."""
        return self._closed

    def collect_due(self) -> tuple[list[PendingCallback], float | None]:
        """Remove and return what may be sent now, and the real seconds until the next check; None waits to be woken."""
        with self._changed:
            pauses = []
            if self._clock.kind == "auto":
                pauses = [self._advance_if_idle(account, heap[0].due) for account, heap in self._pending.items()]
            ready = self._take_turns()
            if not self._clock.frozen:
                waits = (heap[0].due - account.now() for account, heap in self._pending.items())
                pauses += [wait / self._clock.speed for wait in waits if wait > 0]
        return ready, min(pauses, default=None)

    def _take_turns(self) -> list[PendingCallback]:
        """Remove what is due, one callback of each account in turn, as far as there is room."""
        ready: list[PendingCallback] = []
        turns = list(self._pending)
        room = _MOST_UNDER_WAY - self._sending.total()
        while turns and len(ready) < room:
            served = []
            for account in turns[: room - len(ready)]:
                heap = self._pending[account]
                if heap[0].due > account.now() or self._sending[account] >= MOST_OF_ACCOUNT:
                    continue
                ready.append(heappop(heap))
                # Counted before the lock is released, so that `settle` never sees a moment without pending or sending.
                self._sending[account] += 1
                # The last one next time: where there is no room for all, no account is always the first.
                del self._pending[account]
                if heap:
                    self._pending[account] = heap
                    served.append(account)
            turns = served
        return ready

    async def deliver(self, client: httpx.AsyncClient, pending: PendingCallback) -> None:
        """Send one callback and record the attempt; schedule the next attempt if it failed."""
        service = self._services[pending.task.account.vendor]
        try:
            with self._changed:
                # The state of the due time and not of now: a retry repeats what the first attempt reported.
                state = pending.task.state_at(pending.state_time, service.lifecycle(pending.task.operation))
                body = orjson.dumps(service.callback_body(pending.task, state))
            outcome, status, detail = await self._send(client, pending.url, body)
            with self._changed:
                self._record(pending, outcome, status, detail, body)
        finally:
            with self._changed:
                account = pending.task.account
                self._sending[account] -= 1
                if not self._sending[account]:
                    del self._sending[account]
                self._changed.notify_all()

    def _plan_of(self, task: Task) -> CallbackPlan | None:
        plan = self._services[task.account.vendor].callback_plan
        return plan if plan is not None and plan.field in task.params else None

    def _record(self, sent: PendingCallback, outcome: Outcome, status: int | None, detail: str, body: bytes) -> None:
        account = sent.task.account
        if not self._is_current(account):
            return  # the account was reset while the callback was under way
        kept = self._kept.setdefault(account, deque(maxlen=KEPT_ATTEMPTS))
        shown = (account.name, sent.task.id, redact_url(sent.url), sent.attempt, account.now())
        kept.append(CallbackAttempt(next(self._numbers), *shown, outcome, status, detail, body.decode()))
        plan = self._services[account.vendor].callback_plan
        if outcome == "failed" and plan is not None and sent.attempt <= len(plan.delays):
            # From the due time on the account's clock, so that a slow receiver does not shift the retries.
            due = sent.due + plan.delays[sent.attempt - 1]
            self._enqueue(sent._replace(due=due, number=next(self._numbers), attempt=sent.attempt + 1))

    async def _send(self, client: httpx.AsyncClient, url: str, body: bytes) -> tuple[Outcome, int | None, str]:
        import httpx

        try:
            # The host is taken from the library that connects: parsers disagree about odd addresses, and a check of
            # another parser's host would let some of them through.
            target = httpx.URL(url)
            host = target.host.lower()
            # Otherwise any caller of a vendor could command the simulator: its callbacks come from this machine.
            if _is_control(target.path):
                return "refused", None, f"callbacks do not go to a control API; got the path {target.path!r}"
            if not (host in self.allowed or is_loopback(host)):
                return "refused", None, f"callbacks go to this machine, or to a host that a world allows; got {host!r}"
            async with (
                asyncio.timeout(TIMEOUT),
                client.stream("POST", url, content=body, headers=HEADERS) as response,
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
        # Only a new earliest callback can shorten the sleep of the thread.
        elif heap[0] is one:
            self._thread.wake()

    def _advance_if_idle(self, account: Account, due: float) -> float:
        """Under ``auto``, move *account* to *due* if it sends no requests; return the seconds until the next check.

        An account that is being polled moves with its polls; one that only waits for a callback would wait forever.
        """
        latest, moment = account.journal.latest, time.monotonic()
        seen, since = self._seen.setdefault(account, (latest, moment))
        if seen != latest:
            self._seen[account] = (latest, moment)
            return IDLE_SECONDS
        if moment - since >= IDLE_SECONDS:
            account.advance_to_next_change(account.now(), due)
            return IDLE_SECONDS
        return IDLE_SECONDS - (moment - since)

    def _busy(self) -> bool:
        if self._closed:
            return False
        if self._sending or (self._pending and self._clock.kind == "auto"):
            return True
        return any(heap[0].due <= account.now() for account, heap in self._pending.items())


class _DispatchThread:
    """The thread of a dispatcher, and the event loop in it."""

    def __init__(self, dispatcher: CallbackDispatcher) -> None:
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


def _is_control(path: str) -> bool:
    """Return whether *path*, decoded, is one of a control API, however many slashes it begins with."""
    return f"/{path.lstrip('/')}".startswith(CONTROL)
