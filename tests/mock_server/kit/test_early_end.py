"""A task that is cut short: it is over at once and for good, its money comes back, and every record says so."""

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


def cut(world: World, task: Task) -> bool:
    """Cut *task* short at its account's time."""
    return world.services[task.account.vendor].end_early(task, task.account.now())


@settings(deadline=None)
@given(waited=st.floats(0, 400), later=st.floats(0, 4000))
def test_a_cut_is_the_end_unless_the_task_had_ended(kit: Kit, waited: float, later: float) -> None:
    """What was unfinished is cancelled and paid back; what had ended stays as it ended, whatever time passes."""
    with kit.world() as world:
        kit.caller(world).create()
        (task,) = world.tasks()
        account = task.account
        account.advance(waited)
        ended = task.ends <= account.now()
        assert cut(world, task) is not ended
        account.advance(later)
        account.settle(account.now())
        fate = Fate.SUCCEED if ended else Fate.CANCEL
        state = task.state_at(account.now(), world.services["tomoviee"].lifecycle(task.operation))
        assert (task.fate, state.final) == (fate, ended or task.fate is Fate.CANCEL)
        assert account.ledger.spent == (task.price if ended else 0)
        assert (account.ledger.reserved, account.ledger.is_balanced(), cut(world, task)) == (0, True, False)


def test_a_cut_leaves_the_other_tasks_alone(kit: Kit) -> None:
    """The tasks beside it end when they would have, and are paid for."""
    with kit.world() as world:
        caller = kit.caller(world)
        for prompt in ("one", "two", "three"):
            caller.create(prompt)
        first, second, third = world.tasks()
        assert cut(world, second)
        world.advance(600)
        first.account.settle(first.account.now())
        assert first.account.ledger.spent == first.price + third.price


def test_a_cut_outlives_a_snapshot_and_a_state_file(kit: Kit, tmp_path: Path) -> None:
    """In another world, and after a restart, the task is cancelled and its money is back."""
    file = tmp_path / "state"
    with kit.world(state=file) as world, kit.world() as other:
        caller = kit.caller(world)
        caller.create("kept")
        (task,) = world.tasks()
        world.save()
        assert cut(world, task)
        other.restore(world.snapshot())
        (copied,) = other.tasks()
        assert (copied.fate, copied.changes) == (Fate.CANCEL, task.changes)
    with kit.world(state=file) as again:
        (kept,) = again.tasks()
        assert (kept.fate, kept.account.ledger.reserved) == (Fate.CANCEL, 0)
        assert kit.caller(again).send("POST", POLL, {"task_id": kept.id}).json()["data"]["status"] == 5


@pytest.mark.parametrize("broken", [["nobody", 1.0, "cancel"], ["{id}", "soon", "cancel"], ["{id}", 1.0, "lost"], 5])
def test_a_snapshot_with_a_broken_cut_is_refused(kit: Kit, broken: object) -> None:
    """The text names the place and what is allowed, and the world is as it was."""
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


def test_who_wished_to_be_told_is_told_of_a_cut(kit: Kit) -> None:
    """One callback, of the end that it came to."""
    told: list[bytes] = []

    def listen(sent: httpx.Request) -> httpx.Response:
        told.append(sent.content)
        return httpx.Response(200)

    with kit.world() as world:
        world.callback_dispatcher.transport = httpx.MockTransport(listen)
        kit.caller(world).create(callback="http://127.0.0.1:9/done")
        (task,) = world.tasks()
        assert cut(world, task)
        world.settle_callbacks()
        world.advance(4000)
        world.settle_callbacks()
    assert [b'"status":5' in body for body in told] == [True]
