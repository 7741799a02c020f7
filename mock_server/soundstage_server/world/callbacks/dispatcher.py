"""The dispatcher: which callback is due when, and what became of each.

A callback is due on its account's clock. Each world has one dispatcher, in a thread that starts with the first
callback and sleeps until the next is due; there is no timer per task. The dispatcher connects to loopback addresses
only, unless the world allows other hosts.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Final, cast

import orjson

from soundstage_server.model.callbacks import CallbackAttempt, PendingCallback
from soundstage_server.model.clock import LATEST
from soundstage_server.model.faults import CALLBACK_KINDS
from soundstage_server.model.journal.redaction import redact_url
from soundstage_server.world.callbacks.sending import send
from soundstage_server.world.callbacks.tampering import tampered_body
from soundstage_server.world.callbacks.thread import DispatchThread

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    import httpx

    from soundstage_server.model.account import Account, Task
    from soundstage_server.model.callbacks import Outcome
    from soundstage_server.model.clock import Clock
    from soundstage_server.model.faults import CallbackFaultKind, Fault
    from soundstage_server.model.lifecycle import CallbackPlan
    from soundstage_server.world.vendor_service import VendorService

KEPT_ATTEMPTS: Final = 300
"""How many attempts are kept for each account; the oldest are dropped first."""
IDLE_SECONDS: Final = 0.05
"""Real seconds without a request after which, under the clock ``auto``, an account moves to its next callback."""
HELD_SECONDS: Final = 60.0
"""Account seconds after which a callback that is to come after another one is sent although none has come."""
MOST_OF_ACCOUNT: Final = 8
"""How many callbacks of one account are under way at once, so that its receiver delays those of no other account."""
_MOST_UNDER_WAY: Final = 256
_CLOSE_SECONDS: Final = 2.0
_ORDINARY: Final = frozenset(CALLBACK_KINDS) - {"callback_early"}
_UNHELD: Final = _ORDINARY - {"callback_reordered"}


class CallbackDispatcher:
    """Sends the callbacks of one world.

    Args:
        lock: The world's lock.
        clock: The world's clock.
        services: The world's vendors by slug.
        is_current: Returns whether the world still has this account.
        take_fault: Returns the fault, of one of these kinds, of a callback of this account, counted as used.
        allowed: Hosts, in addition to loopback ones, that may be connected to.

    Raises:
        ValueError: *allowed* is a single string.

    Attributes:
        transport: What carries the callbacks; None is the network. Set it before the first callback is due.
    """

    def __init__(  # noqa: PLR0917 - what it needs of the world, of which it must not know the rest
        self,
        lock: threading.RLock,
        clock: Clock,
        services: Mapping[str, VendorService],
        is_current: Callable[[Account], bool],
        take_fault: Callable[[Account, Collection[str]], Fault | None],
        allowed: Iterable[str] = (),
    ) -> None:
        if isinstance(allowed, str):
            raise ValueError(f"callbacks_to must be a collection of hosts, not one text; got {allowed!r}")  # noqa: TRY004 - every bad argument of a world is a ValueError
        self.transport: httpx.AsyncBaseTransport | None = None
        self._clock = clock
        self._services = services
        self._is_current = is_current
        self._take_fault = take_fault
        self.allowed = frozenset(host.lower() for host in allowed)
        self._pending: dict[Account, list[PendingCallback]] = {}
        self._kept: dict[Account, deque[CallbackAttempt]] = {}
        self._seen: dict[Account, tuple[int, float]] = {}
        self._sending: Counter[Account] = Counter()
        self._numbers = count(1)
        self._changed = threading.Condition(lock)
        self._closed = False
        self._thread: DispatchThread | None = None
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

    def schedule_early(self, task: Task) -> Future[None]:
        """Send the callback of *task*, which ended when it was created, now; the result is done when it was sent."""
        sent: Future[None] = Future()
        plan = self._plan_of(task)
        with self._changed:
            if plan is None or self._closed:
                sent.set_result(None)
            else:
                url, now = task.params[plan.field], task.created
                self._enqueue(PendingCallback(now, next(self._numbers), task, url, now, 1, "callback_early", sent))
        return sent

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
                for pending in self._pending.pop(account, ()):
                    _note_sent(pending)
                for kept in (self._kept, self._seen):
                    kept.pop(account, None)
            self._changed.notify_all()

    def drop(self, account: Account, tasks: Collection[Task]) -> None:
        """Drop the pending callbacks of *tasks*, which all belong to *account*."""
        with self._changed:
            for pending in self._pending.pop(account, []):
                if pending.task not in tasks:
                    self._enqueue(pending)
                else:
                    _note_sent(pending)

    def wake(self) -> None:
        """Check again what is due: time has moved."""
        if self._thread is not None:
            self._thread.wake()

    def close(self) -> None:
        """Send nothing more, and cancel what is under way. Safe to call twice."""
        with self._changed:
            self._closed = True
            for heap in self._pending.values():
                for pending in heap:
                    _note_sent(pending)
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
        account = pending.task.account
        try:
            with self._changed:
                faulted = self._with_fault(pending)
                if faulted is None:
                    return
                pending, (body, headers) = faulted, self._content(faulted)
            copies = 2 if pending.fault == "callback_twice" else 1
            sending = [send(client, pending.url, body, self.allowed, pending.fault, headers) for _ in range(copies)]
            results = await asyncio.gather(*sending)
            with self._changed:
                for copy, (outcome, status, detail) in enumerate(results, 1):
                    # One of two equal callbacks at most is repeated, as if the other one had never been.
                    self._record(pending, outcome, status, detail, body, repeat=copy == copies)
                self._release(account, pending)
        finally:
            with self._changed:
                _note_sent(pending)
                self._sending[account] -= 1
                if not self._sending[account]:
                    del self._sending[account]
                self._changed.notify_all()

    def _plan_of(self, task: Task) -> CallbackPlan | None:
        plan = self._services[task.account.vendor].callback_plan
        return plan if plan is not None and plan.field in task.params else None

    def _content(self, pending: PendingCallback) -> tuple[bytes, Mapping[str, str]]:
        """Return the body of a callback, and the vendor's own headers."""
        task, service = pending.task, self._services[pending.task.account.vendor]
        # The state of the due time and not of now: a retry repeats what the first attempt reported.
        state = task.state_at(pending.state_time, service.lifecycle(task.operation))
        body = orjson.dumps(service.callback_body(task, state))
        headers = service.callback_headers(task, body)
        # Signed first: an attacker who changes a callback on its way has no key of the vendor.
        return (tampered_body(service, task) if pending.fault == "callback_tampered" else body), headers

    def _with_fault(self, pending: PendingCallback) -> PendingCallback | None:
        """Return *pending* as it is sent now, or None if its fault delays it or loses it."""
        account = pending.task.account
        # A fault belongs to a callback and not to each attempt: what is repeated, or was delayed before, has no other.
        if pending.attempt > 1 or pending.fault is not None or not self._is_current(account):
            return pending
        held = any(one.fault == "callback_reordered" for one in self._pending.get(account, ()))
        fault = self._take_fault(account, _UNHELD if held else _ORDINARY)
        if fault is None:
            return pending
        pending = pending._replace(fault=cast("CallbackFaultKind", fault.kind))
        if pending.fault == "callback_lost":
            self._record(pending, "lost", None, "a fault: it was never sent", self._content(pending)[0], repeat=False)
            return None
        if pending.fault == "callback_late":
            self._enqueue(pending._replace(due=pending.due + (fault.seconds or 0.0), number=next(self._numbers)))
            return None
        if pending.fault == "callback_reordered":
            self._enqueue(pending._replace(due=account.now() + HELD_SECONDS, number=next(self._numbers)))
            return None
        return pending

    def _release(self, account: Account, sent: PendingCallback) -> None:
        """Let what is held back until after another callback of *account* be sent now, after *sent*."""
        if sent.fault == "callback_reordered":
            return
        heap = self._pending.get(account, [])
        for one in [one for one in heap if one.fault == "callback_reordered" and one.due > account.now()]:
            heap.remove(one)
            heapify(heap)
            self._enqueue(one._replace(due=account.now(), number=next(self._numbers)))

    def _record(
        self, sent: PendingCallback, outcome: Outcome, status: int | None, detail: str, body: bytes, *, repeat: bool
    ) -> None:
        account = sent.task.account
        if not self._is_current(account):
            return  # the account was reset while the callback was under way
        kept = self._kept.setdefault(account, deque(maxlen=KEPT_ATTEMPTS))
        shown = (account.name, sent.task.id, redact_url(sent.url), sent.attempt, account.now())
        kept.append(CallbackAttempt(next(self._numbers), *shown, outcome, status, detail, body.decode(), sent.fault))
        plan = self._services[account.vendor].callback_plan
        if repeat and outcome == "failed" and plan is not None and sent.attempt <= len(plan.delays):
            # From the due time on the account's clock, so that a slow receiver does not shift the retries.
            due = sent.due + plan.delays[sent.attempt - 1]
            again = sent._replace(due=due, number=next(self._numbers), attempt=sent.attempt + 1)
            self._enqueue(again._replace(fault=None, sent=None))

    def _schedule(self, task: Task, plan: CallbackPlan, due: float) -> None:
        self._enqueue(PendingCallback(due, next(self._numbers), task, task.params[plan.field], due, 1))

    def _enqueue(self, one: PendingCallback) -> None:
        if self._closed:
            return
        heap = self._pending.setdefault(one.task.account, [])
        heappush(heap, one)
        if self._thread is None:
            self._thread = DispatchThread(self)
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


def _note_sent(pending: PendingCallback) -> None:
    """Let the response that waits for *pending* be sent, if there is one."""
    if pending.sent is not None and not pending.sent.done():
        with suppress(InvalidStateError):  # canceled at this moment, as its caller has gone
            pending.sent.set_result(None)
