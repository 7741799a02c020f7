"""Callbacks are sent as documented, on the account's clock, again if they fail, and to this machine only."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage_server import Clock, World
from soundstage_server.model.lifecycle import CallbackPlan
from soundstage_server.vendors.tomoviee import TomovieeService
from soundstage_server.world.callbacks import KEPT_ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.model.account import Task
    from tests.mock_server.conftest import Caller, Kit

HOOK = "http://127.0.0.1:9/done"
POLL = "/v1/open/pub/task"


class Receiver:
    """Stands in for the network: answers each callback with the next of *statuses*, the last one again and again."""

    def __init__(self, world: World, *statuses: int | Exception) -> None:
        self.got: list[httpx.Request] = []
        self._statuses = list(statuses or (200,))
        world.callback_dispatcher.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        said = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        if isinstance(said, Exception):
            raise said
        return httpx.Response(said)

    def bodies(self) -> list[Any]:
        """What was posted, parsed."""
        return [json.loads(request.content) for request in self.got]


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world whose time moves when told."""
    with kit.world() as made:
        yield made


@pytest.fixture
def caller(kit: Kit, world: World) -> Caller:
    """Somebody in that world."""
    return kit.caller(world)


def end(task: Task) -> None:
    """Move the task's account to its end."""
    task.account.advance(task.ends - task.account.now())


@pytest.mark.parametrize(
    ("prompt", "status"),
    [("A fox", 3), ("soundstage:fail", 4), ("soundstage:cancel", 5), ("soundstage:timeout", 6)],
)
def test_a_final_state_is_posted_once_as_documented(world: World, caller: Caller, prompt: str, status: int) -> None:
    """Task, status and params; the result is JSON in a string, and is there for 3 only."""
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


def test_what_is_not_asked_for_is_not_sent(world: World, caller: Caller) -> None:
    """A task without a callback, and one that was refused, start no dispatcher."""
    caller.create("A fox")
    caller.create("A fox", callback=HOOK, duration=7)
    assert world.callback_dispatcher.pending() == []
    assert world.callback_dispatcher._thread is None
    world.settle_callbacks()


def test_a_callback_is_tried_again_as_planned_and_no_longer(world: World, caller: Caller) -> None:
    """After 10, 60 and 300 account seconds, each counted from the try before; then it is given up."""
    receiver = Receiver(world, 500, httpx.ConnectError("nobody there"), 302, 404)
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
    assert world.callbacks()[1].detail == "ConnectError: nobody there"


def test_a_callback_that_is_answered_is_not_tried_again(world: World, caller: Caller) -> None:
    """A second try that succeeds ends it."""
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
def test_other_machines_are_never_connected_to(world: World, caller: Caller, url: str) -> None:
    """The attempt is kept as refused, and is not tried again."""
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
def test_this_machine_and_allowed_hosts_are_connected_to(kit: Kit, url: str) -> None:
    """All of 127.0.0.0/8, ::1, localhost, and what the world was told, in any case."""
    with kit.world(callbacks_to=("EXAMPLE.test",)) as world:
        receiver = Receiver(world)
        kit.caller(world).create("A fox", callback=url)
        world.advance(1000)
        world.settle_callbacks()
        assert len(receiver.got) == 1


def test_hosts_come_as_a_collection() -> None:
    """One text would allow each of its letters."""
    with pytest.raises(ValueError, match="callbacks_to must be a collection of hosts"):
        World(callbacks_to="example.test")


def test_no_password_or_token_of_an_address_is_shown(kit: Kit, world: World, caller: Caller) -> None:
    """Neither in Python nor by the control API, which tells what was sent and what is to come."""
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


def test_accounts_do_not_meet(kit: Kit, world: World, caller: Caller) -> None:
    """One account's time fires its own callbacks only; forgetting it forgets them; others keep theirs."""
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
def test_time_that_runs_or_skips_reaches_a_callback_by_itself(kit: Kit, speed: float | str) -> None:
    """Under auto an account that is quiet moves to its callback, and nobody else does; a fast clock gets there."""
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


def test_under_auto_only_an_account_that_is_quiet_moves(monkeypatch: pytest.MonkeyPatch, kit: Kit) -> None:
    """50 ms without a request, counted anew by every request; what is asked last says when to ask again."""
    now = [100.0]
    monkeypatch.setattr("soundstage_server.world.callbacks.time", SimpleNamespace(monotonic=lambda: now[0]))
    with kit.world(clock="auto") as world:
        caller = kit.caller(world)
        caller.create("A fox")
        (account,) = world.accounts()
        due = account.now() + 100
        assert world.callback_dispatcher._advance_if_idle(account, due) == pytest.approx(0.05)
        now[0] += 0.04
        assert world.callback_dispatcher._advance_if_idle(account, due) == pytest.approx(0.01)
        caller.send("POST", POLL, {"task_id": "nobody"})
        now[0] += 0.02
        assert world.callback_dispatcher._advance_if_idle(account, due) == pytest.approx(0.05)
        now[0] += 0.049
        world.callback_dispatcher._advance_if_idle(account, due)
        assert account.now() < due
        now[0] += 0.002
        world.callback_dispatcher._advance_if_idle(account, due)
        assert account.now() == due


def test_whoever_watches_a_clock_is_told_of_every_move() -> None:
    """Of an advance and of another kind, with the new time in force; not of time that passes by itself."""
    clock = Clock("manual")
    told: list[tuple[str, float]] = []
    clock.watch(lambda: told.append((clock.kind, clock.now())))
    begin = clock.now()
    clock.advance(5)
    clock.change("auto")
    assert told == [("manual", begin + 5), ("auto", begin + 5)]


def test_polls_under_auto_are_not_overtaken(kit: Kit) -> None:
    """A caller who polls without a break sees every state, callback or not."""
    with kit.world(clock="auto") as world:
        Receiver(world)
        caller = kit.caller(world)
        caller.create("A fox", callback=HOOK)
        (task,) = world.tasks()
        seen = [caller.send("POST", POLL, {"task_id": task.id}).json()["data"]["status"] for _ in range(3)]
        assert seen == [1, 2, 3]
        world.settle_callbacks()


def test_changes_are_told_where_a_vendor_does_so(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, world: World, caller: Caller
) -> None:
    """A plan for changes sends one callback at each, in order, and tells the state of its own time."""
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


def test_a_changed_record_changes_what_is_to_come(world: World, caller: Caller) -> None:
    """A cancel that brings the end forward brings the callback forward, and leaves other tasks alone."""
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


def test_many_callbacks_are_all_sent_and_the_last_are_kept(world: World, caller: Caller) -> None:
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


def test_a_body_that_cannot_be_made_stops_nothing_else(
    monkeypatch: pytest.MonkeyPatch, world: World, caller: Caller
) -> None:
    """A vendor's mistake, which asyncio reports, holds up neither other callbacks nor whoever waits for them."""
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


def test_a_real_receiver_gets_it_over_a_socket(kit: Kit) -> None:
    """Head and body arrive as any HTTP server reads them."""
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


def test_a_receiver_that_never_answers_holds_nobody_up(kit: Kit) -> None:
    """Waiting for it times out and says so; closing the world gives it up, and ends the thread."""
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


def test_a_receiver_that_is_slow_keeps_nobody_waiting(kit: Kit) -> None:
    """While one has not answered, the others get theirs."""
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


def test_a_task_that_is_forgotten_while_its_callback_is_under_way_leaves_nothing(kit: Kit) -> None:
    """Neither an attempt nor a next try comes back after a reset."""
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


def test_what_failed_before_a_cancel_is_still_tried_again(
    monkeypatch: pytest.MonkeyPatch, world: World, caller: Caller
) -> None:
    """A second try that waits is no first one: a record that changes leaves it alone."""
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


def test_what_is_past_is_not_expected_again(world: World, caller: Caller) -> None:
    """A world that takes up a task again expects only what comes after the time it names."""
    caller.create("A fox", callback=HOOK)
    (task,) = world.tasks()
    world.callback_dispatcher.forget([task.account])
    world.callback_dispatcher.schedule(task, after=task.ends)
    assert world.callback_dispatcher.pending() == []
    world.callback_dispatcher.schedule(task, after=task.ends - 1)
    assert [one.due for one in world.callback_dispatcher.pending()] == [task.ends]


def test_a_closed_world_expects_nothing(kit: Kit) -> None:
    """A create that comes after the end is taken, and starts no thread."""
    world = kit.world()
    world.close()
    kit.caller(world).create("A fox", callback=HOOK)
    assert world.callback_dispatcher._thread is None


def test_a_clock_tells_every_world_that_it_moved(kit: Kit) -> None:
    """Two worlds on one clock both send what is due."""
    clock = Clock("manual")
    with kit.world(clock=clock) as one, kit.world(clock=clock) as other:
        receivers = [Receiver(one), Receiver(other)]
        for world in (one, other):
            kit.caller(world).create("A fox", callback=HOOK)
        clock.advance(1000)
        for world in (one, other):
            world.settle_callbacks()
        assert [len(receiver.got) for receiver in receivers] == [1, 1]
