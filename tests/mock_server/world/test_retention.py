"""What is older than the retention is dropped, from memory and from the state file; what it has cost stays."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server import Fault, Scenario, World
from soundstage_server.world.retention import DEFAULT_SECONDS
from soundstage_server.world.snapshot import StateError
from soundstage_server.world.state_file import StateFile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mock_server.conftest import Caller, Kit

HOUR = 3600.0
POLL = "/v1/open/pub/task"


def poll(caller: Caller, task_id: str) -> Any:
    """Poll a task of Tomoviee, and return the response without what differs each time."""
    return caller.send("POST", POLL, {"task_id": task_id}).json()


def create(caller: Caller, prompt: str = "A fox", **params: object) -> str:
    """Create a task of Tomoviee, and return its id."""
    return str(caller.create(prompt, **params).json()["data"]["task_id"])


def balances(world: World) -> list[tuple[int, int, int, int]]:
    """Return the money of every account, settled."""
    for account in world.accounts():
        account.settle(account.now())
    ledgers = [account.ledger for account in world.accounts()]
    return [(money.available, money.reserved, money.spent, money.granted) for money in ledgers]


@pytest.mark.parametrize("clock", ["real", "manual", "auto", "60"])
def test_default_is_sixty_days_and_none_under_manual(kit: Kit, clock: str) -> None:
    """It follows a change of the clock; what was given applies under every clock."""
    with kit.world(clock=clock) as world:
        assert world.retention.kept == (float("inf") if clock == "manual" else DEFAULT_SECONDS)
        world.clock.change("manual")
        assert world.retention.kept == float("inf")
    for given_seconds, kept in ((HOUR, HOUR), (None, float("inf"))):
        with kit.world(clock=clock, retention=given_seconds) as world:
            assert world.retention.kept == kept


@pytest.mark.parametrize("seconds", [0, 59.9, -1, float("nan"), float("inf")])
def test_retention_has_bounds(kit: Kit, seconds: float) -> None:
    """A minute is the least; the message names the value."""
    with pytest.raises(ValueError, match=r"retention must be from 60 to 90000000000 seconds; got"):
        kit.world(retention=seconds)


def test_dropped_task_is_unknown_and_stays_paid(kit: Kit) -> None:
    """Poll and result are those of an id that never existed; balances are unchanged, and other accounts' tasks stay."""
    with kit.world(retention=HOUR) as world:
        first, second = kit.caller(world), kit.caller(world, credential="key-2")
        task_id = create(first)
        world.advance(600)
        paid = balances(world)
        (url,) = world.services["tomoviee"].result_urls(next(world.tasks()))
        other = create(second)
        world.advance(HOUR)
        assert poll(first, task_id) == poll(first, task_id.replace(task_id[-4:], "0000"))
        assert first.fetch(url).status == 404
        assert [task.id for task in world.tasks()] == [other]
        assert balances(world)[:1] == paid
        assert next(world.accounts()).ledger.entries == []
        assert create(first) not in (task_id, other)
        assert poll(second, other)["code"] == 0


def test_expired_task_is_unknown_before_it_is_swept(kit: Kit) -> None:
    """The response depends on time alone, and not on when memory was freed."""
    with kit.world(retention=HOUR) as world:
        caller = kit.caller(world)
        task_id = create(caller)
        world.advance(HOUR)
        known = poll(caller, task_id)
        world.clock.advance(HOUR)
        assert len(list(world.tasks())) == 1
        assert known["code"] == 0
        assert poll(caller, task_id)["code"] != 0


@pytest.mark.parametrize(
    ("vendor", "body", "code"),
    [
        ("infrai", {"headers": {"Idempotency-Key": "key-123"}}, 202),
        ("cloudsway", {"external_task_id": "mine-1"}, 200),
        ("veo", {}, 200),
    ],
)
def test_indexes_of_vendors_forget_dropped_tasks(kit: Kit, vendor: str, body: dict[str, Any], code: int) -> None:
    """An idempotency key and a caller's own id are free again, and no index refers to the task."""
    del code
    with kit.world(retention=HOUR) as world:
        caller = kit.caller(world, vendor)
        service = kit.service(world, vendor)

        def send() -> Any:
            headers = {**caller.headers, **body.get("headers", {})}
            params = {name: value for name, value in body.items() if name != "headers"}
            return caller.send("POST", caller.row.create, {**caller.row.body("A fox"), **params}, headers=headers)

        assert send().status < 300
        (first,) = world.tasks()
        world.advance(2 * HOUR)
        indexes = [value for value in vars(service).values() if isinstance(value, dict)]
        assert all(first.id not in repr(list(index)) and first not in index.values() for index in indexes)
        assert send().status < 300
        (second,) = world.tasks()
        assert second.id != first.id


def test_idle_account_is_dropped_with_what_names_it(kit: Kit) -> None:
    """Its orders, faults and dialects go, too; an account that is in use stays."""
    with kit.world(retention=HOUR) as world:
        idle = world.open_account("tomoviee", "key-idle")
        world.scenario(Scenario("fail", account=idle.name))
        world.fault(Fault("hang", account=idle.name))
        world.advance(HOUR)
        poll(kit.caller(world), "unknown")
        world.advance(1)
        assert [account.name for account in world.accounts()] == [world.account("tomoviee", "key-1").name]
        assert [*world.scenarios, *world.faults.active] == []


def test_state_file_shrinks_and_continues(kit: Kit, tmp_path: Path) -> None:
    """After each restart the world is what it was, and the file has no row of what was dropped."""
    path = tmp_path / "state"
    ids: list[str] = []
    for _ in range(3):
        with kit.world(clock=None if ids else "manual", retention=HOUR, state=path) as world:
            caller = kit.caller(world)
            for number in range(3):
                ids.append(create(caller, f"A fox {number}"))
                world.advance(20 * 60)
            saved = world.snapshot()["accounts"]
        with kit.world(clock=None, retention=HOUR, state=path) as world:
            assert world.snapshot()["accounts"] == saved
            caller = kit.caller(world)
            assert [poll(caller, task_id)["code"] == 0 for task_id in ids[-4:-2]] == [False, True][-len(ids[-4:-2]) :]
        with sqlite3.connect(path) as database:
            rows = database.execute("SELECT record FROM items WHERE list = 'tasks' ORDER BY number").fetchall()
        database.close()
        assert [json.loads(record)["id"] for (record,) in rows] == [task["id"] for task in saved[0]["tasks"]]
    assert len(set(ids)) == 9


def test_drop_that_cannot_be_written_has_not_happened(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory and file keep the task; with room again, both drop it."""

    def full(*_: object) -> None:
        raise StateError("the disk is full")

    with kit.world(retention=HOUR, state=tmp_path / "state") as world:
        create(kit.caller(world))
        with monkeypatch.context() as patch:
            patch.setattr(StateFile, "drop", full)
            world.advance(2 * HOUR)
            assert len(list(world.tasks())) == 1
        world.advance(1)
        assert list(world.tasks()) == []


def test_requests_sweep_without_any_advance(kit: Kit) -> None:
    """Under a clock that runs by itself, memory is freed as requests come."""
    with kit.world(retention=HOUR) as world:
        caller = kit.caller(world)
        create(caller)
        world.clock.advance(2 * HOUR)
        for _ in range(256):
            poll(caller, "unknown")
        assert list(world.tasks()) == []


def test_journals_of_all_accounts_share_a_bound(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it, those that were written to least recently are cleared."""
    monkeypatch.setattr("soundstage_server.world.retention.WORLD_BYTES", 30_000)
    with kit.world() as world:
        for number in range(4):
            poll(kit.caller(world, credential=f"key-{number}"), "x" * 10_000)
        world.advance(1)
        assert [len(account.journal) for account in world.accounts()] == [0, 0, 1, 1]


STEPS = st.lists(
    st.tuples(st.sampled_from(["key-1", "key-2"]), st.sampled_from(["A fox", "soundstage:fail", "soundstage:slow"]))
    | st.floats(1, HOUR - 1),
    min_size=2,
    max_size=12,
)


@given(steps=STEPS)
def test_money_is_the_same_with_and_without_retention(kit: Kit, steps: list[Any]) -> None:
    """Whatever was created and however time moved: the balances agree, and are balanced."""
    with kit.world(retention=HOUR) as short, kit.world() as whole:
        for step in steps:
            for world in (short, whole):
                if isinstance(step, float):
                    world.advance(step)
                else:
                    create(kit.caller(world, credential=step[0]), step[1])
                for credential in ("key-1", "key-2"):  # an account that is used is not idle
                    poll(kit.caller(world, credential=credential), "unknown")
        assert balances(short) == balances(whole)
        assert all(account.ledger.is_balanced() for account in short.accounts())
