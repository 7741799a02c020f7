"""Ending a task early: it is final at once, its price is released, and snapshots and callbacks show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server.model.lifecycle import Fate
from soundstage_server.world.snapshot import RecordError

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage_server import World
    from soundstage_server.model.account import Task
    from tests.mock_server.conftest import Kit

POLL = "/v1/open/pub/task"


def end_early(world: World, task: Task) -> bool:
    """End *task* early at its account's time."""
    return world.services[task.account.vendor].end_early(task, task.account.now())


@settings(deadline=None)
@given(waited=st.floats(0, 400), later=st.floats(0, 4000))
def test_early_end_cancels_unfinished_tasks_only(kit: Kit, waited: float, later: float) -> None:
    """An unfinished task is canceled and its price released; an ended one stays as it was."""
    with kit.world() as world:
        kit.caller(world).create()
        (task,) = world.tasks()
        account = task.account
        account.advance(waited)
        ended = task.ends <= account.now()
        assert end_early(world, task) is not ended
        account.advance(later)
        account.settle(account.now())
        fate = Fate.SUCCEED if ended else Fate.CANCEL
        state = task.state_at(account.now(), world.services["tomoviee"].lifecycle(task.operation))
        assert (task.fate, state.final) == (fate, ended or task.fate is Fate.CANCEL)
        assert account.ledger.spent == (task.price if ended else 0)
        assert (account.ledger.reserved, account.ledger.is_balanced(), end_early(world, task)) == (0, True, False)


def test_early_end_leaves_other_tasks_alone(kit: Kit) -> None:
    """Other tasks end when they would have, and are charged."""
    with kit.world() as world:
        caller = kit.caller(world)
        for prompt in ("one", "two", "three"):
            caller.create(prompt)
        first, second, third = world.tasks()
        assert end_early(world, second)
        world.advance(600)
        first.account.settle(first.account.now())
        assert first.account.ledger.spent == first.price + third.price


def test_early_end_survives_snapshot_and_state_file(kit: Kit, tmp_path: Path) -> None:
    """In another world and after a restart the task is canceled and its price released."""
    file = tmp_path / "state"
    with kit.world(state=file) as world, kit.world() as other:
        caller = kit.caller(world)
        caller.create("kept")
        (task,) = world.tasks()
        world.save()
        assert end_early(world, task)
        other.restore(world.snapshot())
        (copied,) = other.tasks()
        assert (copied.fate, copied.changes) == (Fate.CANCEL, task.changes)
    with kit.world(state=file) as again:
        (kept,) = again.tasks()
        assert (kept.fate, kept.account.ledger.reserved) == (Fate.CANCEL, 0)
        assert kit.caller(again).send("POST", POLL, {"task_id": kept.id}).json()["data"]["status"] == 5


@pytest.mark.parametrize("broken", [["nothing", 1.0, "cancel"], ["{id}", "soon", "cancel"], ["{id}", 1.0, "lost"], 5])
def test_snapshot_with_an_invalid_early_end_is_refused(kit: Kit, broken: object) -> None:
    """The message names the place and what is allowed, and the world is unchanged."""
    with kit.world() as world:
        kit.caller(world).create()
        taken = world.snapshot()
        (account,) = taken["accounts"]
        name = account["tasks"][0]["id"]
        account["cuts"] = [
            [name if part == "{id}" else part for part in broken] if isinstance(broken, list) else broken
        ]
        with pytest.raises(RecordError, match=r"accounts\[0\].cuts must be lists of a task, a time and a fate"):
            world.restore(taken)
        assert next(world.tasks()).fate is Fate.SUCCEED


def test_cancel_sends_one_callback(kit: Kit) -> None:
    """One callback reports the final state."""
    received: list[bytes] = []

    def listen(sent: httpx.Request) -> httpx.Response:
        received.append(sent.content)
        return httpx.Response(200)

    with kit.world() as world:
        world.callback_dispatcher.transport = httpx.MockTransport(listen)
        kit.caller(world).create(callback="http://127.0.0.1:9/done")
        (task,) = world.tasks()
        assert end_early(world, task)
        world.settle_callbacks()
        world.advance(4000)
        world.settle_callbacks()
    assert [b'"status":5' in body for body in received] == [True]
