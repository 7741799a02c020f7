"""What cannot be saved did not happen: after a full disk, memory, file and every later restart agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from soundstage_server import Scenario, Simulator, World
from soundstage_server.world.snapshot import StateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.mock_server.conftest import Kit

VENDORS = ["tomoviee", "infrai", "veo", "cloudsway", "gmicloud", "mediaio", "edrawmax"]


def fill_disk(world: World) -> None:
    """Let the file grow no further."""
    database = _database(world)
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")


def free_disk(world: World) -> None:
    """Let the file grow again."""
    _database(world).execute("PRAGMA max_page_count = 1000000")


def _database(world: World) -> Any:
    file = world.persistence.file
    assert file is not None
    return file._db


def remembered(world: World) -> dict[str, Any]:
    """Return a world's snapshot without the machine's time."""
    taken = world.snapshot()
    del taken["world"]["clock"]["at"]
    return taken


def create_until_refused(create: Callable[[], Any]) -> Any:
    """Create tasks until the disk is full, and return the response of that failure."""
    for _ in range(1000):
        reply = create()
        if reply.status == 500:
            return reply
    raise AssertionError("the disk never became full")


@pytest.mark.parametrize("vendor", [vendor for vendor in VENDORS if vendor != "edrawmax"])
def test_unsaved_create_leaves_nothing_behind(kit: Kit, tmp_path: Path, vendor: str) -> None:
    """No task, no reservation and no index entry stays; with room again everything continues, and a restart agrees."""
    path = tmp_path / "state"
    with kit.world(state=path, vendors=[vendor]) as world:
        caller = kit.caller(world, vendor)
        caller.create()
        (account,) = world.accounts()
        world.limit(account, at_once=None)
        fill_disk(world)
        reply = create_until_refused(caller.create)
        assert "state file" in reply.json()["error"]
        assert "nothing was changed" in reply.json()["error"]
        before, tasks = remembered(world), len(account.tasks)
        for _ in range(3):
            assert caller.create().status == 500
            assert remembered(world) == before
        assert account.ledger.is_balanced()
        assert set(kit.service(world, vendor).tasks) == {task.id for task in account.tasks}
        free_disk(world)
        assert caller.create().status < 300
        assert len(account.tasks) == tasks + 1
        assert world.account_by_name(account.name) is account
        before = remembered(world)
    with kit.world(clock=None, state=path, vendors=[vendor]) as again:
        assert remembered(again) == before
        (account,) = again.accounts()
        again.advance(10**6)
        account.settle(account.now())
        assert account.ledger.reserved == 0


def test_account_that_cannot_be_saved_is_not_kept(kit: Kit, tmp_path: Path) -> None:
    """The first request of a new credential fails; with room again it is an account like any other."""
    with kit.world(state=tmp_path / "state") as world:
        kit.caller(world).create()
        fill_disk(world)
        create_until_refused(kit.caller(world).create)
        new = kit.caller(world, credential="new")
        assert create_until_refused(new.create).status == 500
        assert world.account_count <= 2
        free_disk(world)
        assert new.create().status == 200
        assert [len(account.tasks) > 0 for account in world.accounts()] == [True, True]


def test_unsaved_changes_from_python_and_control_are_undone(kit: Kit, tmp_path: Path) -> None:
    """Time, limits, orders, a reset and a restored snapshot: each fails as a whole and names the cause."""
    path = tmp_path / "state"
    with kit.world(state=path) as world:
        caller, app = kit.caller(world), Simulator(world)
        caller.create()
        (account,) = world.accounts()
        other = kit.world()
        with other:
            kit.caller(other, credential="other").create()
            foreign = other.snapshot()
        before = remembered(world)
        database = _database(world)
        database.execute("PRAGMA query_only = ON")
        changes: list[Callable[[], object]] = [
            lambda: world.advance(5),
            lambda: world.advance(5, account),
            lambda: world.limit(account, at_once=9, per_minute=3),
            lambda: world.scenario(Scenario("fail")),
            lambda: world.restore(foreign),
            world.reset,
        ]
        for change in changes:
            with pytest.raises(StateError, match="nothing was changed"):
                change()
            assert remembered(world) == before
            assert list(world.accounts()) == [account]
        requests: list[tuple[str, str, Any]] = [
            ("POST", "/reset", b""),
            ("PUT", f"/ledger/tomoviee/{account.name}", {"available": 1}),
            ("PUT", "/clock", {"kind": "auto"}),
            ("PUT", "/dialects", {"tomoviee.errors": "http"}),
            ("PUT", "/snapshot", foreign),
        ]
        for method, route, body in requests:
            reply = kit.control(app, method, route, body)
            assert (reply.status, "nothing was changed" in reply.json()["detail"]) == (500, True)
            assert remembered(world) == before
        database.execute("PRAGMA query_only = OFF")
        assert caller.create().status == 200
        before = remembered(world)
    with kit.world(clock=None, state=path) as again:
        assert remembered(again) == before


def test_unsaved_cancellation_is_undone(kit: Kit, tmp_path: Path) -> None:
    """A task whose early end cannot be written goes on, and its money stays reserved."""
    with kit.world(state=tmp_path / "state", vendors=["infrai"]) as world:
        kit.caller(world, "infrai").create()
        (task,) = world.tasks()
        before, changes = remembered(world), task.changes
        _database(world).execute("PRAGMA query_only = ON")
        with pytest.raises(StateError), world.transaction():
            assert world.services["infrai"].end_early(task, task.account.now())
        assert (remembered(world), task.changes, task.fate.value) == (before, changes, "succeed")
        assert task.account.next_end == task.ends
        _database(world).execute("PRAGMA query_only = OFF")


def test_closing_on_a_full_disk_releases_the_file(kit: Kit, tmp_path: Path) -> None:
    """The error is raised, and the file can be opened again."""
    path = tmp_path / "state"
    world = kit.world(state=path)
    kit.caller(world).create()
    (account,) = world.accounts()
    account.ledger.set_available(5, account.now())
    _database(world).execute("PRAGMA query_only = ON")
    with pytest.raises(StateError, match="nothing was changed"):
        world.close()
    with kit.world(state=path) as again:
        assert len(list(again.tasks())) == 1


def test_state_file_is_private(kit: Kit, tmp_path: Path) -> None:
    """Only its owner can read it, and the files that SQLite puts beside it."""
    with kit.world(state=tmp_path / "state") as world:
        kit.caller(world).create()
        assert {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {
            file.name: 0o600 for file in tmp_path.iterdir()
        }
