"""A world in a file goes on where it was, however its server ended; a file that is none is left as it is."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage_server import Clock, Scenario, Server, Simulator, World
from soundstage_server.model.credentials import account_name
from soundstage_server.world.snapshot import StateError
from soundstage_server.world.state_file import APPLICATION_ID

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.mock_server.conftest import Kit

CREATE = "/tomoviee/v1/open/capacity/application/tm_text2video_b"
POLL = "/v1/open/pub/task"
SERVER = """
import sys
from soundstage_server import Server, World
with World(clock=sys.argv[2], state=sys.argv[1], media="small") as world:
    server = Server(world)
    server.run(lambda: print(server.url, flush=True))
"""
ENOUGH = 40


class Running:
    """A server of a state file, in a process of its own."""

    def __init__(self, kit: Kit, path: Path, clock: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(path), clock], stdout=subprocess.PIPE, text=True, env=kit.environment()
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def kill(self) -> None:
        """End it as the machine would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def stream(kit: Kit, url: str, credential: str, answered: list[str], reached: threading.Semaphore) -> None:
    """Create tasks until the server is gone; note each that was answered, and say when there are enough."""
    headers = kit.rows["tomoviee"].headers(credential, "secret")
    with httpx.Client(headers=headers, trust_env=False) as client:
        try:
            for number in range(100_000):
                answer = client.post(url + CREATE, json={"prompt": f"soundstage:slow {number}"})
                answered.append(answer.json()["data"]["task_id"])
                if number == 0:
                    ledger = f"{url}/_soundstage/ledger/tomoviee/{account_name('tomoviee', credential)}"
                    assert client.put(ledger, json={"available": 1_000_000}).status_code == 200
                if number == ENOUGH:
                    reached.release()
        except httpx.TransportError:
            return


@pytest.mark.parametrize("clock", ["manual", "60"])
def test_a_killed_server_comes_back_with_every_task_and_credit(kit: Kit, tmp_path: Path, clock: str) -> None:
    """Killed twice in mid-stream: each answered task is found by its owner, no state has gone back, money conserves."""
    path = tmp_path / "world.db"
    answered: dict[str, list[str]] = {"one": [], "two": []}
    for _ in range(2):
        running, reached = Running(kit, path, clock), threading.Semaphore(0)
        threads = [
            threading.Thread(target=stream, args=(kit, running.url, name, tasks, reached))
            for name, tasks in answered.items()
        ]
        for thread in threads:
            thread.start()
        in_time = [reached.acquire(timeout=30) for _ in threads]
        running.kill()
        for thread in threads:
            thread.join()
        assert all(in_time)
    with kit.world(clock=None, state=path) as world:
        assert world.clock.kind == ("manual" if clock == "manual" else "scaled")
        for name, tasks in answered.items():
            caller, account = kit.caller(world, credential=name, secret="secret"), world.account("tomoviee", name)
            for task_id in tasks:
                assert caller.send("POST", POLL, {"task_id": task_id}).json()["data"]["task_id"] == task_id
            ids = [task.id for task in account.tasks]
            assert set(tasks) <= set(ids)
            assert len(set(ids)) == len(ids) <= len(tasks) + 2  # a kill may lose the answer of what was done
            assert account.ledger.is_balanced()
            assert account.ledger.reserved == sum(task.price for task in account.tasks)


def told(world: World) -> dict[str, Any]:
    """Return what a world remembers, but for the machine's time."""
    taken = world.snapshot()
    del taken["world"]["clock"]["at"]
    return taken


def lived(kit: Kit, world: World) -> None:
    """Do a little of everything, by callers, by Python and by the control API."""
    caller, app = kit.caller(world), Simulator(world)
    task_id = caller.create().json()["data"]["task_id"]
    caller.create()
    world.advance(600)
    caller.send("POST", POLL, {"task_id": task_id})
    kit.caller(world, credential="other").create("soundstage:fail")
    kit.caller(world, credential="gone").create()
    world.scenario(Scenario("slow", times=2))
    kit.control(app, "PUT", "/dialects", {"tomoviee.errors": "http"})
    first, _, gone = world.accounts()
    kit.control(app, "PUT", f"/ledger/tomoviee/{first.name}", {"available": 7})
    world.limit(first, at_once=9, per_minute=99)
    world.advance(5, first)
    world.reset(gone)


@pytest.mark.parametrize("clock", ["manual", "auto"])
def test_everything_is_kept_and_goes_on(kit: Kit, tmp_path: Path, clock: str) -> None:
    """Accounts, time, tasks, money, orders, readings, limits; a second world is the first, and a third the second."""
    path = tmp_path / "world.db"
    with kit.world(clock=clock, seed=7, state=path) as world:
        lived(kit, world)
        before = told(world)
    with kit.world(clock=None, state=str(path)) as again:
        assert told(again) == before
        kit.caller(again).create()
        kit.caller(again, credential="gone").create()
        after = told(again)
    with kit.world(clock=None, seed=7, state=path) as third:
        assert told(third) == after
        assert len(list(third.accounts())) == 3
        Simulator(third)
        third.reset()
    with kit.world(clock=None, state=path) as empty:
        assert list(empty.accounts()) == []


def test_an_answer_is_kept_before_it_is_sent(kit: Kit, tmp_path: Path) -> None:
    """When a caller or the control API has an answer, the file has what it promises, without any closing."""
    path = tmp_path / "world.db"
    with kit.world(state=path) as world:
        caller, app = kit.caller(world), Simulator(world)
        task_id = caller.create().json()["data"]["task_id"]
        kit.control(app, "POST", "/clock/advance", {"seconds": 600})
        kit.control(app, "GET", "/health")
        assert caller.send("POST", POLL, {"task_id": task_id}).json()["data"]["status"] == 3
        before = told(world)
        for name in ("world.db", "world.db-wal"):  # as they would be found after a SIGKILL now
            (tmp_path / f"copy-{name}").write_bytes((tmp_path / name).read_bytes())
    with kit.world(clock=None, state=tmp_path / "copy-world.db") as found:
        assert told(found) == before


def test_a_real_clock_has_run_on_and_the_others_resume(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour that the server was away has passed in real time only; other clocks go on from where they were."""
    now = 1_800_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    shown = {}
    for kind in ("real", "scaled", "manual"):
        elapsed = [0.0]
        clock = Clock(kind, 60.0 if kind == "scaled" else 1.0, monotonic=lambda: elapsed[0])  # noqa: B023
        with kit.world(clock=clock, state=tmp_path / kind) as world:
            world.advance(500)
            shown[kind] = world.clock.now()
    now += 3600
    for kind, before in shown.items():
        with kit.world(clock=None, state=tmp_path / kind) as world:
            later = world.clock.now()
        assert later - before == pytest.approx(3600 if kind == "real" else 0, abs=600)
    with kit.world(clock="auto", state=tmp_path / "manual") as world:
        assert (world.clock.kind, world.clock.now()) == ("auto", shown["manual"])


def test_what_was_given_holds_but_a_seed_cannot_change(kit: Kit, tmp_path: Path) -> None:
    """Readings are spoken as given; another seed, from which ids and signatures come, is refused."""
    path = tmp_path / "world.db"
    kit.world(seed=7, state=path).close()
    with kit.world(state=path, dialects={"tomoviee.errors": "http"}) as world:
        assert (world.seed, world.dialects.reading("tomoviee.errors")) == (7, "http")
    with pytest.raises(StateError, match="its seed is 7; got 8"):
        kit.world(seed=8, state=path)
    with kit.world(state=path) as world:
        assert world.dialects.reading("tomoviee.errors") == "http"


def test_no_secret_is_in_the_file(kit: Kit, tmp_path: Path) -> None:
    """Neither the key nor the secret can be read from it; both are known again."""
    path = tmp_path / "world.db"
    with kit.world(state=path) as world:
        kit.caller(world, credential="planted-key").create()
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert b"A fox" in kept
        assert b"planted" not in kept
    with kit.world(state=path) as world:
        assert kit.caller(world, credential="planted-key", secret="wrong").create().status == 401
        assert kit.caller(world, credential="planted-key").create().status == 200
        assert len(list(world.accounts())) == 1


def test_one_world_has_the_file_at_a_time(kit: Kit, tmp_path: Path) -> None:
    """A second world, in this process or in another, is refused, and the first goes on."""
    path = tmp_path / "world.db"
    with kit.world(state=path) as world, Server(world):
        with pytest.raises(StateError, match=r"cannot use .*world\.db as a state file: another world has it open"):
            kit.world(state=path)
        done = subprocess.run(
            [sys.executable, "-c", SERVER, str(path), "manual"],
            capture_output=True, text=True, env=kit.environment(), check=False, timeout=60,
        )  # fmt: skip
        assert "another world has it open" in done.stderr
        assert kit.caller(world).create().status == 200
    with kit.world(state=path) as world:
        assert len(list(world.tasks())) == 1


def database(path: Path, application: int, version: int) -> None:
    """Make a database that says what it is."""
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA application_id = {application}")
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("CREATE TABLE world (id INTEGER, record BLOB)")
        db.execute("INSERT INTO world VALUES (0, 'no JSON')")
    db.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_text("a letter"), "it is not one"),
        (lambda path: path.write_bytes(b"x" * 5000), "it is not one"),
        (lambda path: path.mkdir(), "directory"),
        (lambda path: database(path, 0, 1), "it is another program's database"),
        (lambda path: database(path, APPLICATION_ID, 2), "it has version 2, and 1 is known"),
        (lambda path: path.parent.joinpath("nowhere").symlink_to(path.parent / "no" / "where"), None),
    ],
)
def test_a_file_that_is_none_is_refused_and_left(
    kit: Kit, tmp_path: Path, make: Callable[[Path], object], message: str | None
) -> None:
    """Another file, another program's, another version's: the error names the file and why, and not a byte changes."""
    path = tmp_path / ("state.db" if message else "nowhere")
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StateError, match=f"cannot use .*{path.name} as a state file: .*{message or 'No such file'}"):
        kit.world(state=path)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert len(list(tmp_path.iterdir())) == 1


def test_a_damaged_file_is_refused(kit: Kit, tmp_path: Path) -> None:
    """What cannot be read is named, and the file is free again."""
    path = tmp_path / "world.db"
    kit.world(state=path).close()
    for record in (b"no JSON", b"{}"):
        with sqlite3.connect(path) as db:
            db.execute("UPDATE world SET record = ?", (record,))
        db.close()
        with pytest.raises(StateError, match=r"cannot use .*world\.db as a state file: "):
            kit.world(state=path)


def test_without_a_file_nothing_is_written(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A world that was given none leaves none; an empty file may become one."""
    monkeypatch.chdir(tmp_path)
    with kit.world() as world:
        lived(kit, world)
        world.save()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty").touch()
    kit.world(seed=3, state=tmp_path / "empty").close()
    with kit.world(state=tmp_path / "empty") as world:
        assert world.seed == 3
