"""A snapshot is a whole world in JSON: restored, here or elsewhere, it answers as the one that it was taken of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server import Clock, Scenario, Simulator, World
from soundstage_server.model.credentials import hash_secret, verify

if TYPE_CHECKING:
    from tests.mock_server.conftest import Kit

POLL = "/v1/open/pub/task"


def story(kit: Kit, world: World, steps: list[tuple[str, int]]) -> None:
    """Run *steps*: actions by three accounts."""
    for step, who in steps:
        caller = kit.caller(world, credential=f"key-{who}")
        if step == "advance":
            world.advance(97, next(iter(world.accounts()), None) if who else None)
        elif step == "poll":
            for task in list(world.tasks()):
                caller.send("POST", POLL, {"task_id": task.id})
        elif step == "order":
            world.scenario(Scenario("slow", times=1 + who))
        elif step == "limit":
            caller.create()
            world.limit(list(world.accounts())[-1], at_once=3 + who, per_minute=30)
        else:
            caller.create(step)


def observed(kit: Kit, world: World) -> list[Any]:
    """Return everything that callers and the control API can see: polls, ledgers, clocks, orders, a new task."""
    app = Simulator(world)
    polls = [
        kit.caller(world, credential=f"key-{who}").send("POST", POLL, {"task_id": task.id}).content
        for who in range(3)
        for task in list(world.tasks())
    ]
    shown = [kit.control(app, "GET", path).json() for path in ("/accounts", "/tasks", "/scenarios", "/dialects")]
    ledgers = [kit.control(app, "GET", f"/ledger/{one.vendor}/{one.name}").json() for one in world.accounts()]
    created = kit.caller(world, credential="key-1").create("afterwards").content
    return [polls, shown, ledgers, created]


STEPS = st.tuples(
    st.sampled_from(["A fox", "soundstage:fail", "soundstage:slow", "advance", "poll", "order", "limit"]),
    st.integers(0, 2),
)


@settings(deadline=None, max_examples=10)
@given(st.lists(STEPS, max_size=8), st.sampled_from(["manual", "auto"]), st.integers(0, 2**70))
def test_restored_world_responds_as_the_first(kit: Kit, steps: list[tuple[str, int]], clock: str, seed: int) -> None:
    """Polls, money, time, orders and readings are equal, and so is the next task's id."""
    with kit.world(clock=clock, seed=seed, dialects={"tomoviee.errors": "http"}) as world, kit.world(clock=3) as other:
        story(kit, world, steps)
        taken = json.loads(json.dumps(world.snapshot()))
        kit.caller(other, credential="another").create()
        other.restore(taken)
        again = json.loads(json.dumps(other.snapshot()))
        taken["world"]["clock"].pop("at")
        again["world"]["clock"].pop("at")
        assert again == taken
        assert observed(kit, other) == observed(kit, world)
        assert all(account.ledger.is_balanced() for account in other.accounts())


def test_restore_undoes_later_changes(kit: Kit) -> None:
    """Over HTTP: later accounts and tasks are gone, journals are kept."""
    with kit.world() as world:
        caller, app = kit.caller(world), Simulator(world)
        task_id = caller.create().json()["data"]["task_id"]
        taken = kit.control(app, "GET", "/snapshot").content
        now = world.clock.now()
        world.advance(600)
        assert caller.send("POST", POLL, {"task_id": task_id}).json()["data"]["status"] == 3
        kit.caller(world, credential="later").create()
        assert kit.control(app, "PUT", "/snapshot", taken).status == 204
        assert world.clock.now() == now
        assert [task.id for task in world.tasks()] == [task_id]
        assert len(next(world.accounts()).journal) == 2
        assert caller.send("POST", POLL, {"task_id": task_id}).json()["data"]["status"] == 1


def test_double_submission_across_a_snapshot(kit: Kit) -> None:
    """An equal submission before and after within a minute is reported."""
    with kit.world() as world, kit.world() as other:
        kit.caller(world).create()
        other.restore(world.snapshot())
        kit.caller(other).create()
        assert len(next(other.accounts()).double_submissions) == 1
        world.restore(other.snapshot())
        assert len(next(world.accounts()).double_submissions) == 1


def test_snapshot_has_no_credential_and_accepts_its_owner(kit: Kit) -> None:
    """The right secret is accepted, another one is refused."""
    with kit.world() as world, kit.world() as other:
        kit.caller(world, credential="planted-key").create()
        taken = json.dumps(world.snapshot())
        assert "planted" not in taken
        other.restore(json.loads(taken))
        assert kit.caller(other, credential="planted-key", secret="wrong").create().status == 401
        assert kit.caller(other, credential="planted-key").create().status == 200
        assert kit.caller(other, credential="planted-key", secret="wrong").create().status == 401
        assert len(list(other.accounts())) == 1


@given(st.text(), st.text())
@settings(deadline=None, max_examples=10)
def test_secret_hash_verifies_one_secret(secret: str, other: str) -> None:
    """Each hash differs, and an invalid hash verifies nothing."""
    made = hash_secret(secret)
    assert verify(made, secret)
    assert verify(made, other) == (secret == other)
    assert hash_secret(secret) != made
    assert not verify(made, None)
    assert not verify(other, secret)
    assert not verify("scrypt:no hex:00", secret)


@pytest.mark.parametrize("kind", ["real", "scaled", "manual"])
def test_time_is_restored_exactly(kit: Kit, kind: Any) -> None:
    """The time of a snapshot does not run on, whatever the clock."""
    elapsed = [0.0]
    clock = Clock(kind, 60.0 if kind == "scaled" else 1.0, monotonic=lambda: elapsed[0])
    with kit.world(clock=clock) as world:
        world.advance(1234.5)
        taken, now = world.snapshot(), world.clock.now()
        elapsed[0] += 1000
        world.restore(taken)
        assert (world.clock.kind, world.clock.now()) == (kind, now)


def broken(taken: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy of a snapshot with *value* at *path*."""
    made = json.loads(json.dumps(taken))
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = made
    for step in way:
        place = place[step]
    place[last] = value
    return dict(made)


WRONG: list[tuple[str, Any, str]] = [
    ("soundstage", "x", "a snapshot is a JSON object with"),
    ("version", 2, "version must be 1; got 2"),
    ("world", 1, r"snapshot\.world must be of JSON's kind of dict; got 1"),
    ("world.seed", "x", "world: invalid literal"),
    ("world.clock.kind", "x", "clock must have a kind among real, .*; got 'x'"),
    ("world.clock.speed", 2.0, "clock must have a kind among .*, and its speed"),
    ("world.clock.now", -1, r"clock\.now must be a number from 0 to .*; got -1"),
    ("world.dialects.world", {"x": "y"}, "dialect must be one of"),
    ("world.dialects.accounts", {"acct_0": {"tomoviee.errors": "y"}}, "tomoviee.errors must be one of"),
    ("world.scenarios.orders", [1], r"scenarios\.orders\[0\] must be an object; got 1"),
    ("world.scenarios.orders", [{"then": "rain"}], "then must be one of"),
    ("world.scenarios.orders", [{"x": "rain"}], "unexpected keyword argument 'x'"),
    ("world.scenarios.given", -1, r"scenarios\.given must be a whole number, 0 or more; got -1"),
    ("accounts.0.vendor", "x", r"accounts\[0\]\.vendor must be one of tomoviee.*; got 'x'"),
    ("accounts.0.account", "x", r"accounts\[0\]\.account must be 'acct_'"),
    ("accounts.0.seal", 1, r"accounts\[0\]\.seal must be"),
    ("accounts.0.available", 1, r"accounts\[0\]: available, reserved and spent must add up"),
    ("accounts.0.tasks", 1, r"accounts\[0\]\.tasks must be"),
    ("accounts.0.tasks.0.operation", "x", r"accounts\[0\]\.tasks: operation must be one of .*; got 'x'"),
    ("accounts.0.tasks.0.changes", [1.0], r"accounts\[0\]\.tasks: changes must be 2 times"),
    ("accounts.0.tasks.0.fate", "x", r"accounts\[0\]\.tasks: fate must be one of succeed, .*; got 'x'"),
    ("accounts.0.tasks.0.seed", "x", r"accounts\[0\]\.tasks: seed must be hexadecimal; got 'x'"),
    ("accounts.0.entries.0", [1], r"accounts\[0\]\.entries must be lists of time"),
    ("accounts.0.doubles", [[1]], r"accounts\[0\]\.doubles must be lists of"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG)
def test_invalid_snapshot_is_refused(kit: Kit, path: str, value: Any, message: str) -> None:
    """The message names the place, the value and what is allowed, and the world is unchanged."""
    with kit.world() as world:
        kit.caller(world).create()
        taken = world.snapshot()
        with pytest.raises(ValueError, match=message):
            world.restore(broken(taken, path, value))
        after = world.snapshot()
        taken["world"]["clock"].pop("at")
        after["world"]["clock"].pop("at")
        assert after == taken
        app = Simulator(world)
        assert kit.control(app, "PUT", "/snapshot", broken(world.snapshot(), path, value)).status == 422


def test_duplicate_names_and_ids_are_refused(kit: Kit) -> None:
    """Two accounts of one name, or two tasks of one id, are no snapshot; neither is a list."""
    with kit.world() as world:
        kit.caller(world).create()
        taken = world.snapshot()
        account = taken["accounts"][0]
        with pytest.raises(ValueError, match="an id belongs to one task"):
            world.restore({**taken, "accounts": [{**account, "tasks": account["tasks"] * 2}]})
        with pytest.raises(ValueError, match="accounts must have a name each"):
            world.restore({**taken, "accounts": [account, {**account, "tasks": []}]})
        with pytest.raises(ValueError, match="a snapshot is a JSON object"):
            world.restore([])
