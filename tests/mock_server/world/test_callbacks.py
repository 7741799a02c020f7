"""Callbacks are sent as documented, on the account's clock, again if they fail, and to this machine only."""

from __future__ import annotations

import asyncio
import hashlib
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage_server import Clock, Fault, World
from soundstage_server.model.lifecycle import CallbackPlan
from soundstage_server.vendors.tomoviee import TomovieeService
from soundstage_server.world.callbacks.dispatcher import KEPT_ATTEMPTS, MOST_OF_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.model.account import Task
    from soundstage_server.model.faults import CallbackFaultKind
    from tests.mock_server.conftest import Caller, Kit

HOOK = "http://127.0.0.1:9/done"
POLL = "/v1/open/pub/task"


class Receiver:
    """Replaces the network: responds to each callback with the next of *statuses*, then repeats the last one."""

    def __init__(self, world: World, *statuses: int | Exception) -> None:
        self.got: list[httpx.Request] = []
        self._statuses = list(statuses or (200,))
        world.callback_dispatcher.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        result = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        if isinstance(result, Exception):
            raise result
        return httpx.Response(result)

    def bodies(self) -> list[Any]:
        """What was posted, parsed."""
        return [json.loads(request.content) for request in self.got]


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world with a manual clock."""
    with kit.world() as made:
        yield made


@pytest.fixture
def caller(kit: Kit, world: World) -> Caller:
    """A caller of that world."""
    return kit.caller(world)


def end(task: Task) -> None:
    """Move the task's account to the task's end."""
    task.account.advance(task.ends - task.account.now())


@pytest.mark.parametrize(
    ("prompt", "status"),
    [("A fox", 3), ("soundstage:fail", 4), ("soundstage:cancel", 5), ("soundstage:timeout", 6)],
)
def test_final_state_is_posted_once(world: World, caller: Caller, prompt: str, status: int) -> None:
    """Task, status and params; the result is JSON in a string, for status 3 only."""
    receiver = Receiver(world)
    caller.create(prompt, callback=HOOK, params="mine")
    (task,) = world.tasks()
    task.account.advance(task.ends - task.account.now() - 1)
    world.settle_callbacks()
    assert receiver.got == []
    world.advance(1.5)
    world.settle_callbacks()
    (body,) = receiver.bodies()
    result = {"result": body["result"]} if status == 3 else {}
    assert body == {"task_id": task.id, "status": status, **result, "params": "mine"}
    if status == 3:
        polled = caller.send("POST", POLL, {"task_id": task.id}).json()["data"]
        assert body["result"] == polled["result"]
    (request,) = receiver.got
    assert (request.method, str(request.url), request.headers["content-type"]) == ("POST", HOOK, "application/json")
    world.advance(10_000)
    world.settle_callbacks()
    assert len(receiver.got) == 1


@pytest.mark.parametrize("fault", [None, "callback_tampered"])
def test_vendor_signs_each_attempt(
    world: World, caller: Caller, monkeypatch: pytest.MonkeyPatch, fault: CallbackFaultKind | None
) -> None:
    """A vendor's headers are made for each attempt, of the body as the vendor sends it, and not as it was changed."""
    signed: list[bytes] = []

    def headers(_: TomovieeService, task: Task, body: bytes) -> dict[str, str]:
        signed.append(body)
        return {"X-Task": task.id, "X-Digest": hashlib.sha256(body).hexdigest(), "X-Attempt": str(len(signed))}

    monkeypatch.setattr(TomovieeService, "callback_headers", headers)
    receiver = Receiver(world, 500, 200)
    caller.create("A fox", callback=HOOK)
    (task,) = world.tasks()
    if fault is not None:
        world.fault(Fault(fault, times=1))
    world.advance(10_000)
    world.settle_callbacks()
    assert [request.headers["x-attempt"] for request in receiver.got] == ["1", "2"]
    assert {request.headers["x-task"] for request in receiver.got} == {task.id}
    assert {request.headers["content-type"] for request in receiver.got} == {"application/json"}
    good = [hashlib.sha256(request.content).hexdigest() == request.headers["x-digest"] for request in receiver.got]
    assert good == [fault is None, True]


def test_no_callback_without_an_address(world: World, caller: Caller) -> None:
    """A task without a callback, or a refused one, starts no dispatcher."""
    caller.create("A fox")
    caller.create("A fox", callback=HOOK, duration=7)
    assert world.callback_dispatcher.pending() == []
    assert world.callback_dispatcher._thread is None
    world.settle_callbacks()


def test_failed_callback_is_retried_as_planned(world: World, caller: Caller) -> None:
    """After 10, 60 and 300 account seconds, each after the previous attempt; then no more."""
    receiver = Receiver(world, 500, httpx.ConnectError("no listener"), 302, 404)
    caller.create("A fox", callback=HOOK)
    (task,) = world.tasks()
    end(task)
    begin = task.account.now()
    for number, delay in enumerate((10, 60, 300), start=1):
        world.settle_callbacks()
        assert len(receiver.got) == number
        (waiting,) = world.callback_dispatcher.pending(task.account)
        assert waiting.attempt == number + 1
        assert waiting.due == pytest.approx(begin + delay, abs=0.01)
        world.advance(delay - 1)
        world.settle_callbacks()
        assert len(receiver.got) == number
        world.advance(1.001)
        begin += delay
    world.settle_callbacks()
    assert world.callback_dispatcher.pending() == []
    tries = [(one.attempt, one.outcome, one.status) for one in world.callbacks(task.account)]
    assert tries == [(1, "failed", 500), (2, "failed", None), (3, "failed", 302), (4, "failed", 404)]
    assert world.callbacks()[1].detail == "ConnectError: no listener"


def test_delivered_callback_is_not_retried(world: World, caller: Caller) -> None:
    """A second attempt that succeeds is the last."""
    receiver = Receiver(world, 503, 204)
    caller.create("A fox", callback=HOOK)
    world.advance(10_000)
    world.settle_callbacks()
    assert [one.outcome for one in world.callbacks()] == ["failed", "delivered"]
    assert len(receiver.got) == 2
    assert receiver.bodies()[0] == receiver.bodies()[1]


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/x",
        "http://example.test/x",
        "http://127.0.0.1@example.test/x",
        "http://0.0.0.0:9/x",
        "http://[::ffff:192.0.2.1]/x",
        "http://2130706433/x",
        "http://localhost.example.test/",
    ],
)
def test_callbacks_go_to_allowed_hosts_only(world: World, caller: Caller, url: str) -> None:
    """The attempt is recorded as refused, and not retried."""
    receiver = Receiver(world)
    assert caller.create("A fox", callback=url).json()["code"] == 0
    world.advance(10_000)
    world.settle_callbacks()
    (attempt,) = world.callbacks()
    assert (attempt.outcome, attempt.status, receiver.got) == ("refused", None, [])
    assert "go to this machine" in attempt.detail


@pytest.mark.parametrize(
    "url", ["http://127.3.2.1/x", "http://[::1]:9/x", "http://LOCALHOST/x", "http://Example.test/"]
)
def test_loopback_and_allowed_hosts_are_connected_to(kit: Kit, url: str) -> None:
    """127.0.0.0/8, ::1, localhost and the allowed hosts, in any case."""
    with kit.world(callbacks_to=("EXAMPLE.test",)) as world:
        receiver = Receiver(world)
        kit.caller(world).create("A fox", callback=url)
        world.advance(1000)
        world.settle_callbacks()
        assert len(receiver.got) == 1


def test_allowed_hosts_must_be_a_collection() -> None:
    """A single string would allow each of its letters."""
    with pytest.raises(ValueError, match="callbacks_to must be a collection of hosts"):
        World(callbacks_to="example.test")


def test_secrets_in_callback_urls_are_redacted(kit: Kit, world: World, caller: Caller) -> None:
    """In Python and in the control API, in attempts and pending callbacks."""
    Receiver(world, 500)
    caller.create("A fox", callback=f"http://me:{kit.secret}@127.0.0.1:9/x?token={kit.secret}&a=1")
    (account,) = world.accounts()
    waiting = kit.control(caller.app, "GET", "/callbacks").json()["waiting"]
    assert [(one["account"], one["attempt"]) for one in waiting] == [(account.name, 1)]
    world.advance(10_000)
    world.settle_callbacks()
    shown = kit.control(caller.app, "GET", "/callbacks", query=f"account={account.name}")
    assert kit.secret not in shown.content.decode()
    assert len(shown.json()["attempts"]) == 4
    assert shown.json()["attempts"][0]["url"] == "http://127.0.0.1:9/x?token=[redacted]&a=1"
    assert kit.control(caller.app, "GET", "/callbacks", query="account=acct_0").status == 404


def test_callbacks_follow_their_own_account(kit: Kit, world: World, caller: Caller) -> None:
    """An account's time triggers its own callbacks only; forgetting it drops only them."""
    receiver = Receiver(world)
    caller.create("A fox", callback=HOOK)
    kit.caller(world, credential="other").create("A hen", callback=HOOK)
    mine, other = world.accounts()
    world.advance(1000, mine)
    world.settle_callbacks()
    assert [body["task_id"] for body in receiver.bodies()] == [mine.tasks[0].id]
    assert (world.callbacks(other), len(world.callback_dispatcher.pending(other))) == ([], 1)
    world.reset(other)
    world.advance(1000)
    world.settle_callbacks()
    assert len(receiver.got) == 1
    assert len(world.callbacks()) == 1


@pytest.mark.parametrize("speed", ["auto", 10_000, "real"])
def test_running_and_auto_clocks_reach_callbacks(kit: Kit, speed: float | str) -> None:
    """Under auto an idle account moves to its callback, and no other; a fast clock gets there."""
    with kit.world(clock="manual" if speed == "real" else speed) as world:
        came = threading.Event()

        def answer(_: httpx.Request) -> httpx.Response:
            came.set()
            return httpx.Response(200)

        world.callback_dispatcher.transport = httpx.MockTransport(answer)
        caller = kit.caller(world)
        other = world.account("tomoviee", "other")
        caller.create("A fox", callback=HOOK)
        (task,) = world.tasks()
        if speed == "real":
            world.advance(task.ends - task.account.now() - 0.05)
            world.clock.change("real")
        assert came.wait(10)
        world.settle_callbacks()
        assert task.account.now() >= task.ends
        assert (other.offset == 0.0) or speed != "auto"
        assert [one.outcome for one in world.callbacks()] == ["delivered"]


def test_auto_clock_moves_idle_accounts_only(monkeypatch: pytest.MonkeyPatch, kit: Kit) -> None:
    """50 ms without a request, counted again after each; the result is the time of the next check."""
    now = [100.0]
    monkeypatch.setattr("soundstage_server.world.callbacks.dispatcher.time", SimpleNamespace(monotonic=lambda: now[0]))
    with kit.world(clock="auto") as world:
        caller = kit.caller(world)
        caller.create("A fox")
        (account,) = world.accounts()
        due = account.now() + 100
        assert world.callback_dispatcher._advance_if_idle(account, due) == pytest.approx(0.05)
        now[0] += 0.04
        assert world.callback_dispatcher._advance_if_idle(account, due) == pytest.approx(0.01)
        caller.send("POST", POLL, {"task_id": "nothing"})
        now[0] += 0.02
        assert world.callback_dispatcher._advance_if_idle(account, due) == pytest.approx(0.05)
        now[0] += 0.049
        world.callback_dispatcher._advance_if_idle(account, due)
        assert account.now() < due
        now[0] += 0.002
        world.callback_dispatcher._advance_if_idle(account, due)
        assert account.now() == due


def test_watchers_are_called_for_every_move() -> None:
    """After an advance and a change of kind, with the new time; not for time that passes by itself."""
    clock = Clock("manual")
    calls: list[tuple[str, float]] = []
    clock.watch(lambda: calls.append((clock.kind, clock.now())))
    begin = clock.now()
    clock.advance(5)
    clock.change("auto")
    assert calls == [("manual", begin + 5), ("auto", begin + 5)]


def test_callbacks_under_auto_do_not_overtake_polls(kit: Kit) -> None:
    """A client that polls continuously sees every state."""
    with kit.world(clock="auto") as world:
        Receiver(world)
        caller = kit.caller(world)
        caller.create("A fox", callback=HOOK)
        (task,) = world.tasks()
        seen = [caller.send("POST", POLL, {"task_id": task.id}).json()["data"]["status"] for _ in range(3)]
        assert seen == [1, 2, 3]
        world.settle_callbacks()


def test_plan_for_changes_sends_a_callback_at_each(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, world: World, caller: Caller
) -> None:
    """In order, each with the state of its own time."""
    monkeypatch.setattr(TomovieeService, "callback_plan", CallbackPlan("change", delays=()))
    receiver = Receiver(world, 500, 200)
    caller.create("A fox", callback=HOOK)
    (task,) = world.tasks()
    world.advance(task.changes[0] - task.account.now())
    world.settle_callbacks()
    world.advance(1000)
    world.settle_callbacks()
    assert [body["status"] for body in receiver.bodies()] == [2, 3]
    assert kit.caller(world).create().status == 200


def test_cancel_moves_the_callback_forward(world: World, caller: Caller) -> None:
    """Callbacks of other tasks are not affected."""
    receiver = Receiver(world)
    caller.create("A fox", callback=HOOK)
    caller.create("A hen", callback=HOOK)
    caller.create("A cow")
    task, other, mute = world.tasks()
    task.changes = tuple(task.account.now() + 1 for _ in task.changes)
    world.callback_dispatcher.reschedule(task)
    world.callback_dispatcher.reschedule(mute)
    world.advance(1.5)
    world.settle_callbacks()
    assert [body["task_id"] for body in receiver.bodies()] == [task.id]
    assert [one.task for one in world.callback_dispatcher.pending()] == [other]


def test_many_callbacks_are_sent_and_the_last_kept(world: World, caller: Caller) -> None:
    """More than are sent at once, and more than are kept."""
    receiver = Receiver(world)
    world.account("tomoviee", "key-1").ledger.set_available(10**6, 0.0)
    for number in range(KEPT_ATTEMPTS + 20):
        caller.create(f"A fox {number}", callback=HOOK)
    world.advance(1000)
    world.settle_callbacks(30)
    assert len(receiver.got) == KEPT_ATTEMPTS + 20
    assert len(world.callbacks()) == KEPT_ATTEMPTS
    assert len({body["task_id"] for body in receiver.bodies()}) == KEPT_ATTEMPTS + 20


def test_failing_body_does_not_stop_other_callbacks(
    monkeypatch: pytest.MonkeyPatch, world: World, caller: Caller
) -> None:
    """The error is reported by asyncio, and `settle` still returns."""
    receiver = Receiver(world)
    caller.create("A fox", callback=HOOK)
    caller.create("A hen", callback=HOOK)
    _, second = world.tasks()
    usual = TomovieeService.callback_body

    def broken(service: TomovieeService, task: Task, moment: Any) -> Any:
        return usual(service, task, moment) if task is second else {"task_id": object()}

    monkeypatch.setattr(TomovieeService, "callback_body", broken)
    world.advance(1000)
    world.settle_callbacks()
    assert [body["task_id"] for body in receiver.bodies()] == [second.id]
    assert [one.task for one in world.callbacks()] == [second.id]


def test_callback_over_a_socket(kit: Kit) -> None:
    """Head and body arrive as an HTTP server reads them."""
    got: queue.Queue[tuple[str, str | None, Any]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            got.put((self.path, self.headers["Content-Type"], json.loads(content)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server, kit.world() as world:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            kit.caller(world).create("A fox", callback=f"http://127.0.0.1:{server.server_port}/done?x=1")
            world.advance(1000)
            path, kind, body = got.get(timeout=10)
        finally:
            server.shutdown()
            thread.join()
        assert (path, kind, body["status"]) == ("/done?x=1", "application/json", 3)
        world.settle_callbacks()
        assert [one.outcome for one in world.callbacks()] == ["delivered"]


def test_silent_receiver_does_not_block_closing(kit: Kit) -> None:
    """`settle` times out; closing the world cancels the attempt and ends the thread."""
    asked = threading.Event()

    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.set()
            await asyncio.Event().wait()
            return httpx.Response(200, request=request)

    with kit.world() as world:
        world.callback_dispatcher.transport = Silent()
        kit.caller(world).create("A fox", callback=HOOK)
        world.advance(1000)
        assert asked.wait(10)
        with pytest.raises(TimeoutError, match="callbacks are still due"):
            world.settle_callbacks(0.01)
        office = world.callback_dispatcher._thread
    assert office is not None
    assert not office._thread.is_alive()
    assert world.callbacks() == []
    world.settle_callbacks(0.01)
    world.close()


def test_slow_receiver_does_not_delay_others(kit: Kit) -> None:
    """While one has not responded, the others get theirs."""
    others = threading.Event()

    class Choosy(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/slow":
                await asyncio.to_thread(others.wait, 10)
                return httpx.Response(200 if others.is_set() else 500, request=request)
            others.set()
            return httpx.Response(200, request=request)

    with kit.world() as world:
        world.callback_dispatcher.transport = Choosy()
        for place in ("slow", "slow", "quick"):
            kit.caller(world).create("A fox", callback=f"http://127.0.0.1:9/{place}")
        for one in world.tasks():
            one.changes = (one.created + 1, one.created + 2)
            world.callback_dispatcher.reschedule(one)
        world.advance(5)
        world.settle_callbacks()
        assert [one.outcome for one in world.callbacks()] == ["delivered"] * 3


def test_dead_receiver_of_an_account_delays_no_other(kit: Kit) -> None:
    """However many callbacks of one account hang, those of others are sent, and few of its own are under way."""
    others, hanging = threading.Event(), []

    class Dead(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/dead":
                hanging.append(request)
                await asyncio.to_thread(others.wait, 10)
                return httpx.Response(500, request=request)
            others.set()
            return httpx.Response(200, request=request)

    with kit.world(retention=None) as world:
        world.callback_dispatcher.transport = Dead()
        dead, alive = kit.caller(world), kit.caller(world, credential="key-2")
        dead.create("A fox", callback="http://127.0.0.1:9/dead")
        alive.create("A fox", callback="http://127.0.0.1:9/alive")
        first, other = world.tasks()
        for _ in range(400):
            world.callback_dispatcher.schedule(first)
        first.account.advance(600)
        other.account.advance(600)
        assert others.wait(10)
        assert len(hanging) <= MOST_OF_ACCOUNT


def test_full_room_is_shared_in_turns(kit: Kit) -> None:
    """Where there is no room for all, every account gets its turn before any gets a second one."""
    with kit.world() as world:
        dispatcher = world.callback_dispatcher
        for number in range(3):
            kit.caller(world, credential=f"key-{number}").create("A fox", callback="http://127.0.0.1:9/x")
        accounts = list(world.accounts())
        with world.lock:
            for task in world.tasks():
                dispatcher.schedule(task)
            for account in accounts:
                account.offset += 600
            ready, _ = dispatcher.collect_due()
            assert [one.task.account for one in ready] == accounts * 2
            dispatcher.forget(accounts)


def test_reset_during_delivery_leaves_nothing(kit: Kit) -> None:
    """Neither an attempt nor a retry appears after the reset."""
    asked, answer = threading.Event(), threading.Event()

    class Late(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.set()
            await asyncio.to_thread(answer.wait, 10)
            return httpx.Response(500, request=request)

    with kit.world() as world:
        world.callback_dispatcher.transport = Late()
        kit.caller(world).create("A fox", callback=HOOK)
        world.advance(1000)
        assert asked.wait(10)
        world.reset()
        answer.set()
        world.settle_callbacks()
        assert (world.callbacks(), world.callback_dispatcher.pending()) == ([], [])


def test_cancel_keeps_pending_retries(monkeypatch: pytest.MonkeyPatch, world: World, caller: Caller) -> None:
    """A pending retry is not replaced when the record changes."""
    monkeypatch.setattr(TomovieeService, "callback_plan", CallbackPlan("change", delays=(1.0,)))
    receiver = Receiver(world, 500, 200)
    caller.create("A fox", callback=HOOK)
    (task,) = world.tasks()
    task.account.advance(task.changes[0] - task.account.now())
    world.settle_callbacks()
    task.changes = (task.changes[0], task.account.now() + 5)
    world.callback_dispatcher.reschedule(task)
    assert [one.attempt for one in world.callback_dispatcher.pending()] == [2, 1]
    world.advance(6)
    world.settle_callbacks()
    assert len(receiver.got) == 3
    assert world.callback_dispatcher.pending() == []


def test_past_callbacks_are_not_scheduled_again(world: World, caller: Caller) -> None:
    """A restored world schedules only callbacks after the given time."""
    caller.create("A fox", callback=HOOK)
    (task,) = world.tasks()
    world.callback_dispatcher.forget([task.account])
    world.callback_dispatcher.schedule(task, after=task.ends)
    assert world.callback_dispatcher.pending() == []
    world.callback_dispatcher.schedule(task, after=task.ends - 1)
    assert [one.due for one in world.callback_dispatcher.pending()] == [task.ends]


def test_closed_world_schedules_nothing(kit: Kit) -> None:
    """A create call after the end is accepted, and starts no thread."""
    world = kit.world()
    world.close()
    kit.caller(world).create("A fox", callback=HOOK)
    assert world.callback_dispatcher._thread is None


def test_shared_clock_wakes_every_world(kit: Kit) -> None:
    """Two worlds with one clock both send what is due."""
    clock = Clock("manual")
    with kit.world(clock=clock) as one, kit.world(clock=clock) as other:
        receivers = [Receiver(one), Receiver(other)]
        for world in (one, other):
            kit.caller(world).create("A fox", callback=HOOK)
        clock.advance(1000)
        for world in (one, other):
            world.settle_callbacks()
        assert [len(receiver.got) for receiver in receivers] == [1, 1]
