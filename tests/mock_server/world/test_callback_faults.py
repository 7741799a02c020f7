"""Faults of callbacks: early, twice, out of order, late, lost and tampered with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server import Fault, InProcess, World
from soundstage_server.model.faults import CALLBACK_KINDS
from soundstage_server.world.callbacks.dispatcher import HELD_SECONDS
from soundstage_server.world.snapshot import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from soundstage_server.model.account import Task
    from tests.mock_server.conftest import Caller, Kit

HOOK = "http://127.0.0.1:9/done"
POLL = "/v1/open/pub/task"
SUCCEEDED, FAILED = 3, 4


class Receiver:
    """Replaces the network: keeps each callback, and responds with the next of *statuses*, then repeats the last."""

    def __init__(self, world: World, *statuses: int) -> None:
        self.got: list[httpx.Request] = []
        self._statuses = list(statuses or (200,))
        world.callback_dispatcher.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        return httpx.Response(self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0])

    def bodies(self) -> list[Any]:
        """What was posted, parsed."""
        return [json.loads(request.content) for request in self.got]

    def faults(self) -> list[str | None]:
        """The fault that each request names."""
        return [request.headers.get("x-soundstage-fault") for request in self.got]


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world with a manual clock."""
    with kit.world() as made:
        yield made


@pytest.fixture
def caller(kit: Kit, world: World) -> Caller:
    """A caller of that world."""
    return kit.caller(world)


def create(caller: Caller, prompt: str = "A fox") -> Task:
    """Create a task with a callback, and return it."""
    task_id = caller.create(prompt, callback=HOOK).json()["data"]["task_id"]
    return caller.app.world.services["tomoviee"].tasks[task_id]


def end(task: Task, seconds: float = 0.0) -> None:
    """Move the task's account to *seconds* after the task's end."""
    task.account.advance(task.ends + seconds - task.account.now())


def shown(world: World) -> list[tuple[int, str, str | None]]:
    """Return attempt, outcome and fault of each attempt."""
    return [(one.attempt, one.outcome, one.fault) for one in world.callbacks()]


def test_early_callback_overtakes_the_response(world: World, caller: Caller) -> None:
    """The task has ended, its callback was answered before its create call, and a poll agrees with it."""
    receiver = Receiver(world)
    world.fault(Fault("callback_early", times=1))
    reply = caller.create("A fox", callback=HOOK)
    assert (len(receiver.got), receiver.faults(), shown(world)) == (
        1,
        ["callback_early"],
        [(1, "delivered", "callback_early")],
    )
    (body,) = receiver.bodies()
    assert (body["task_id"], body["status"]) == (reply.json()["data"]["task_id"], SUCCEEDED)
    assert reply.headers["x-soundstage-fault"] == "callback_early"
    assert world.journal()[-1].fault == "callback_early"
    polled = caller.send("POST", POLL, {"task_id": body["task_id"]}).json()["data"]
    assert (polled["status"], polled["result"]) == (body["status"], body["result"])
    world.advance(10_000)
    world.settle_callbacks()
    assert len(receiver.got) == 1


def test_early_callback_is_sent_once_where_every_change_is_reported(kit: Kit, world: World) -> None:
    """A vendor that reports every change has one change to report; a refused callback is sent again as planned."""
    receiver = Receiver(world, 503, 200)
    world.fault(Fault("callback_early", vendor="cloudsway"))
    kit.caller(world, "cloudsway").create("A fox", callback_url=HOOK)
    assert [body["task_status"] for body in receiver.bodies()] == ["succeed"]
    world.advance(10)
    world.settle_callbacks()
    world.advance(10_000)
    world.settle_callbacks()
    assert shown(world) == [(1, "failed", "callback_early"), (2, "delivered", None)]


def test_only_tasks_that_call_back_can_be_early(world: World, caller: Caller) -> None:
    """Neither a task without an address nor one that never ends meets the fault."""
    fault = world.fault(Fault("callback_early"))
    caller.create("A fox")
    create(caller, "soundstage:never")
    assert (fault.used, [task.ends > task.created for task in world.tasks()]) == (0, [True, True])


def test_early_callback_overtakes_the_response_in_process(kit: Kit) -> None:
    """Also for the clients of a simulator without a socket, and with a silent receiver for a limited time."""
    with kit.world() as world, InProcess(world) as simulator, simulator.client() as client:
        receiver = Receiver(world)
        world.fault(Fault("callback_early"))
        row = kit.rows["tomoviee"]
        url = simulator.base_url("tomoviee") + row.create
        response = client.post(url, json={**row.body("A fox"), "callback": HOOK}, headers=row.headers("k", kit.secret))
        assert (response.headers["x-soundstage-fault"], len(receiver.got)) == ("callback_early", 1)


@pytest.mark.parametrize("ended_by", ["forget", "close"])
def test_response_waits_for_no_callback_that_was_dropped(world: World, caller: Caller, ended_by: str) -> None:
    """The wait ends when the account is removed or the world is closed; neither sends the callback."""
    receiver, task = Receiver(world), create(caller)
    with world.lock:  # without which the dispatcher cannot send it
        sent = world.callback_dispatcher.schedule_early(task)
        assert not sent.done()
        if ended_by == "forget":
            world.reset(task.account)
            assert sent.done()
    if ended_by == "close":
        world.close()
        assert sent.result(10) is None
        assert world.callback_dispatcher.schedule_early(task).done()
    else:
        assert receiver.got == []


def test_doubled_callback_is_sent_twice(world: World, caller: Caller) -> None:
    """Two equal bodies; where both are refused, one of them is repeated."""
    receiver = Receiver(world, 500, 500, 200)
    world.fault(Fault("callback_twice", times=1))
    end(create(caller))
    world.settle_callbacks()
    first, second = receiver.bodies()
    assert first == second
    world.advance(10)
    world.settle_callbacks()
    world.advance(10_000)
    world.settle_callbacks()
    assert shown(world) == [(1, "failed", "callback_twice")] * 2 + [(2, "delivered", None)]
    assert receiver.faults() == ["callback_twice", "callback_twice", None]


def test_reordered_callback_comes_after_the_next_one(kit: Kit, world: World) -> None:
    """The end is reported first, then the change before it."""
    receiver = Receiver(world)
    world.fault(Fault("callback_reordered"))
    kit.caller(world, "cloudsway").create("A fox", callback_url=HOOK)
    (task,) = world.tasks()
    end(task)
    world.settle_callbacks()
    assert [body["task_status"] for body in receiver.bodies()] == ["succeed", "processing"]
    assert receiver.faults() == [None, "callback_reordered"]


def test_reordered_callback_without_a_next_one_is_sent_all_the_same(world: World, caller: Caller) -> None:
    """After a minute of the account's time."""
    receiver = Receiver(world)
    world.fault(Fault("callback_reordered"))
    task = create(caller)
    end(task)
    world.settle_callbacks()
    (pending,) = world.callback_dispatcher.pending()
    assert (receiver.got, pending.due) == ([], task.account.now() + HELD_SECONDS)
    end(task, HELD_SECONDS + 1)
    world.settle_callbacks()
    assert shown(world) == [(1, "delivered", "callback_reordered")]


def test_late_callback_is_sent_later(world: World, caller: Caller) -> None:
    """So many seconds after it was due, with the body that was due."""
    receiver = Receiver(world)
    world.fault(Fault("callback_late", seconds=3600.0))
    task = create(caller)
    end(task, 3599)
    world.settle_callbacks()
    assert receiver.got == []
    end(task, 3601)
    world.settle_callbacks()
    assert shown(world) == [(1, "delivered", "callback_late")]
    assert receiver.bodies()[0]["status"] == SUCCEEDED


def test_lost_callback_is_never_sent(kit: Kit, world: World, caller: Caller) -> None:
    """The attempt is recorded with its body, and not repeated."""
    receiver = Receiver(world)
    world.fault(Fault("callback_lost", times=1))
    task = create(caller)
    end(task, 10_000)
    world.settle_callbacks()
    (attempt,) = kit.control(caller.app, "GET", "/callbacks").json()["attempts"]
    assert (attempt["outcome"], attempt["status"], attempt["fault"]) == ("lost", None, "callback_lost")
    assert json.loads(attempt["body"])["task_id"] == task.id
    assert receiver.got == []


@pytest.mark.parametrize("word", ["", "soundstage:fail"])
def test_tampered_callback_claims_success_elsewhere(world: World, caller: Caller, word: str) -> None:
    """Whatever the end was; and the simulator's own files are not changed by it."""
    receiver = Receiver(world)
    world.fault(Fault("callback_tampered"))
    task = create(caller, word or "A fox")
    end(task)
    world.settle_callbacks()
    (body,) = receiver.bodies()
    (address,) = json.loads(body["result"])["video_path"]
    assert (body["task_id"], body["status"]) == (task.id, SUCCEEDED)
    assert address.startswith("https://tampered.invalid/tomoviee/")
    polled = caller.send("POST", POLL, {"task_id": task.id}).json()["data"]
    assert polled["status"] == (FAILED if word else SUCCEEDED)
    assert "tampered" not in json.dumps(polled)


def test_fault_matches_vendor_account_and_times(kit: Kit, world: World) -> None:
    """Other accounts, and the callbacks after the last one that it was given for, are sent as they are."""
    receiver = Receiver(world)
    callers = [kit.caller(world, credential=name) for name in ("one", "two")]
    mine = world.account("tomoviee", "one").name
    fault = world.fault(Fault("callback_lost", vendor="tomoviee", account=mine, times=1))
    tasks = [create(caller) for caller in (callers[0], callers[1], callers[0])]
    world.advance(10_000)
    world.settle_callbacks()
    assert sorted(one.outcome for one in world.callbacks()) == ["delivered", "delivered", "lost"]
    assert {json.loads(one.content)["task_id"] for one in receiver.got} < {task.id for task in tasks}
    assert (fault.used, list(world.faults)) == (1, [])


def test_request_faults_and_callback_faults_share_their_ids(kit: Kit, world: World, caller: Caller) -> None:
    """The control API lists both in the order of their ids, and removes one of either; requests meet no callback's."""
    for kind in ("callback_lost", "hang", "callback_twice"):
        kit.control(caller.app, "POST", "/scenarios/faults", {"kind": kind, "account": "acct_0123456789ab"})
    listed = kit.control(caller.app, "GET", "/scenarios/faults").json()
    assert [(one["id"], one["kind"]) for one in listed] == [(1, "callback_lost"), (2, "hang"), (3, "callback_twice")]
    assert kit.control(caller.app, "DELETE", "/scenarios/faults", query="id=1").status == 204
    assert kit.control(caller.app, "DELETE", "/scenarios/faults", query="id=1").status == 404
    world.faults.forget("acct_0123456789ab")
    assert list(world.faults) == []
    refused = kit.control(caller.app, "POST", "/scenarios/faults", {"kind": "callback_lost", "vendor": "veo"})
    assert (refused.status, "sends callbacks (tomoviee, cloudsway)" in refused.json()["detail"]) == (422, True)


def test_faults_of_callbacks_are_kept_with_the_state(kit: Kit, tmp_path: Path) -> None:
    """As orders are: with the uses that are left; those of requests are not kept, and no number is given twice."""
    with kit.world(state=tmp_path / "state") as world:
        Receiver(world)
        world.fault(Fault("callback_lost", times=3))
        world.fault(Fault("hang", path="/nowhere"))
        world.fault(Fault("callback_early", times=2))
        create(kit.caller(world))
        world.fault(Fault("callback_twice"))
        world.clear_faults(4)
        # Nothing is written at the end: what is in the file now is what a SIGKILL leaves.
        saved = (tmp_path / "copy").write_bytes((tmp_path / "state").read_bytes())
        assert saved
        snapshot = world.snapshot()
    for options in ({"state": tmp_path / "state"}, {}):
        with kit.world(clock=None, **options) as again:
            if not options:
                again.restore(snapshot)
            kept = [(one.id, one.kind, one.times, one.used) for one in again.faults]
            assert kept == [(1, "callback_lost", 3, 0), (3, "callback_early", 1, 1)]
            assert again.fault(Fault("hang")).id > 3


def test_use_of_a_fault_is_saved_before_its_callback_is_lost(kit: Kit, tmp_path: Path) -> None:
    """Also where the dispatcher takes it, outside of any request; a use that cannot be saved has not happened."""
    with kit.world(state=tmp_path / "state") as world:
        receiver = Receiver(world)
        world.fault(Fault("callback_lost", times=2))
        task = create(kit.caller(world))
        end(task)
        world.settle_callbacks()
        file = world.persistence.file
        assert file is not None
        assert file.saved_record is not None
        assert [one["times"] for one in file.saved_record["callback_faults"]["faults"]] == [1]

        def fail(*_: object, **__: object) -> None:
            raise StateError("the disk is full")

        second = create(kit.caller(world))
        file.save = fail  # type: ignore[method-assign] # no disk is full on demand
        try:
            end(second)
            world.settle_callbacks()
        finally:
            del file.save
        assert [one.times for one in world.faults] == [1]
        assert [one.outcome for one in world.callbacks()] == ["lost", "delivered"]
        assert len(receiver.got) == 1


@pytest.mark.parametrize("wrong", [{"kind": "hang"}, {"kind": "callback_lost", "times": 0}, [], {"kind": "rain"}])
def test_snapshot_with_other_faults_is_refused(world: World, wrong: object) -> None:
    """Nothing is changed by a snapshot whose faults are none of callbacks."""
    snapshot = world.snapshot()
    snapshot["world"]["callback_faults"] = {"given": 1, "faults": [wrong]}
    with pytest.raises(ValueError, match=r"callback_faults|times|kind"):
        world.restore(snapshot)
    del snapshot["world"]["callback_faults"]  # a snapshot of before there were such faults
    world.restore(snapshot)
    assert list(world.faults) == []


@given(st.lists(st.sampled_from(CALLBACK_KINDS), max_size=4), st.sampled_from(["tomoviee", "cloudsway"]))
def test_every_callback_is_recorded_under_any_faults(kit: Kit, kinds: list[Any], vendor: str) -> None:
    """Whatever is ordered: nothing stays behind, each callback has one record or two, and money is as without it."""
    with kit.world() as world:
        Receiver(world)
        for kind in kinds:
            world.fault(Fault(kind, times=1, seconds=30.0 if kind == "callback_late" else None))
        field = "callback" if vendor == "tomoviee" else "callback_url"
        tasks = 3
        for _ in range(tasks):
            kit.caller(world, vendor).create("A fox", **{field: HOOK})
        for _ in range(tasks):
            world.advance(10_000)
            world.settle_callbacks()
        assert world.callback_dispatcher.pending() == []
        early = kinds.count("callback_early")
        changes = 1 if vendor == "tomoviee" else len(next(world.tasks()).changes)
        twice = sum(one.fault == "callback_twice" for one in world.callbacks())
        assert len(world.callbacks()) == min(early, tasks) + (tasks - min(early, tasks)) * changes + twice // 2
        (account,) = world.accounts()
        account.settle(account.now())
        assert (account.ledger.reserved, account.ledger.spent) == (0, sum(task.price for task in world.tasks()))
