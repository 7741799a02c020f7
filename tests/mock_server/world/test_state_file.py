"""A world with a state file continues where it ended, after a kill too; any other file is left unchanged."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    """Create tasks until the server is gone; record each response, and signal when there are enough."""
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
def test_killed_server_loses_no_task_and_no_money(kit: Kit, tmp_path: Path, clock: str) -> None:
    """Killed twice: each task whose response was sent is found, no state goes back, ledgers balance."""
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
        in_time = [reached.acquire(timeout=120) for _ in threads]
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


def remembered(world: World) -> dict[str, Any]:
    """Return a world's snapshot without the machine's time."""
    taken = world.snapshot()
    del taken["world"]["clock"]["at"]
    return taken


def lived(kit: Kit, world: World) -> None:
    """Do a little of everything, by callers, from Python and over the control API."""
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
def test_state_file_restores_everything(kit: Kit, tmp_path: Path, clock: str) -> None:
    """Accounts, time, tasks, money, orders, readings and limits, twice in a row."""
    path = tmp_path / "world.db"
    with kit.world(clock=clock, seed=7, state=path) as world:
        lived(kit, world)
        before = remembered(world)
    with kit.world(clock=None, state=str(path)) as again:
        assert remembered(again) == before
        kit.caller(again).create()
        kit.caller(again, credential="gone").create()
        after = remembered(again)
    with kit.world(clock=None, seed=7, state=path) as third:
        assert remembered(third) == after
        assert len(list(third.accounts())) == 3
        Simulator(third)
        third.reset()
    with kit.world(clock=None, state=path) as empty:
        assert list(empty.accounts()) == []


def test_file_with_another_order_of_the_key_works(kit: Kit, tmp_path: Path) -> None:
    """A file of an earlier version, whose rows are ordered by list before number, is restored and continued."""
    path = tmp_path / "world.db"
    with kit.world(clock="manual", state=path) as world:
        lived(kit, world)
        before = remembered(world)
    with closing(sqlite3.connect(path)) as db, db:
        (made,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'items'").fetchone()
        assert "(account, number, list)" in made
        db.execute("ALTER TABLE items RENAME TO new_items")
        db.execute(made.replace("(account, number, list)", "(account, list, number)"))
        db.execute("INSERT INTO items SELECT * FROM new_items")
        db.execute("DROP TABLE new_items")
    with kit.world(clock=None, state=path) as again:
        assert remembered(again) == before
        kit.caller(again).create()
        after = remembered(again)
    with kit.world(clock=None, state=path) as third:
        assert remembered(third) == after


def test_state_is_written_before_the_response(kit: Kit, tmp_path: Path) -> None:
    """When a client has a response, the file contains what it promises, without closing."""
    path = tmp_path / "world.db"
    with kit.world(state=path) as world:
        caller, app = kit.caller(world), Simulator(world)
        task_id = caller.create().json()["data"]["task_id"]
        kit.control(app, "POST", "/clock/advance", {"seconds": 600})
        kit.control(app, "GET", "/health")
        assert caller.send("POST", POLL, {"task_id": task_id}).json()["data"]["status"] == 3
        before = remembered(world)
        for name in ("world.db", "world.db-wal"):  # as they would be found after a SIGKILL now
            (tmp_path / f"copy-{name}").write_bytes((tmp_path / name).read_bytes())
    with kit.world(clock=None, state=tmp_path / "copy-world.db") as found:
        assert remembered(found) == before


def test_only_a_real_clock_runs_on_meanwhile(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other clocks continue where they were."""
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


def test_arguments_apply_but_the_seed_cannot_change(kit: Kit, tmp_path: Path) -> None:
    """Readings are applied; another seed, on which ids and signatures depend, is refused."""
    path = tmp_path / "world.db"
    kit.world(seed=7, state=path).close()
    with kit.world(state=path, dialects={"tomoviee.errors": "http"}) as world:
        assert (world.seed, world.dialects.reading("tomoviee.errors")) == (7, "http")
    with pytest.raises(StateError, match="its seed is 7; got 8"):
        kit.world(seed=8, state=path)
    with kit.world(state=path) as world:
        assert world.dialects.reading("tomoviee.errors") == "http"


def test_file_contains_no_secret(kit: Kit, tmp_path: Path) -> None:
    """Key and secret are not readable, but recognized again."""
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


def test_file_is_locked_by_one_world(kit: Kit, tmp_path: Path) -> None:
    """A second world, in this process or another, is refused, and the first continues."""
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
    """Make a database with the given marks."""
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
def test_other_file_is_refused_and_unchanged(
    kit: Kit, tmp_path: Path, make: Callable[[Path], object], message: str | None
) -> None:
    """The error names the file and the reason, and no byte changes."""
    path = tmp_path / ("state.db" if message else "nowhere")
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StateError, match=f"cannot use .*{path.name} as a state file: .*{message or 'No such file'}"):
        kit.world(state=path)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert len(list(tmp_path.iterdir())) == 1


def test_damaged_file_is_refused(kit: Kit, tmp_path: Path) -> None:
    """The message names the problem, and the lock is released."""
    path = tmp_path / "world.db"
    kit.world(state=path).close()
    for record in (b"no JSON", b"{}"):
        with sqlite3.connect(path) as db:
            db.execute("UPDATE world SET record = ?", (record,))
        db.close()
        with pytest.raises(StateError, match=r"cannot use .*world\.db as a state file: "):
            kit.world(state=path)


def test_no_file_without_the_argument(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A world without a state file writes none; an empty file may become one."""
    monkeypatch.chdir(tmp_path)
    with kit.world() as world:
        lived(kit, world)
        world.save()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty").touch()
    kit.world(seed=3, state=tmp_path / "empty").close()
    with kit.world(state=tmp_path / "empty") as world:
        assert world.seed == 3


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE world SET record = '[]'",
        "UPDATE world SET record = x'00'",
        """UPDATE world SET record = '{"seed": "x", "clock": 3}'""",
        "UPDATE accounts SET record = '[1]'",
        "UPDATE accounts SET record = 'null'",
        "INSERT INTO items VALUES ((SELECT name FROM accounts), 'nothing', 0, '{}')",
        "INSERT INTO items VALUES ((SELECT name FROM accounts), 'tasks', 9, '3')",
        "INSERT INTO items VALUES ((SELECT name FROM accounts), 'cuts', 0, '3')",
    ],
)
def test_damaged_records_are_refused_in_one_sentence(kit: Kit, tmp_path: Path, damage: str) -> None:
    """Whatever a record contains, the error names the file and the damage, and the file can be opened by others."""
    path = tmp_path / "world.db"
    with kit.world(state=path) as world:
        kit.caller(world).create()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(damage)
    for _ in range(2):
        with pytest.raises(StateError, match=r"^cannot use .*world\.db as a state file: .+") as refused:
            kit.world(state=path)
        assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
def whole_file(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The content of a state file with everything in it."""
    path = tmp_path_factory.mktemp("whole") / "world.db"
    with kit.world(state=path) as world:
        lived(kit, world)
    return path.read_bytes()


def problem_with(kit: Kit, path: Path) -> str:
    """Return why the file at *path* cannot be used; empty if it can."""
    try:
        kit.world(clock=None, state=path).close()
    except StateError as error:
        return str(error)
    return ""


def test_schema_that_is_no_text_is_refused(kit: Kit, whole_file: bytes, tmp_path: Path) -> None:
    """SQLite quotes the schema in its error, whose bytes Python cannot read then; the file is closed all the same."""
    path = tmp_path / "world.db"
    path.write_bytes(whole_file.replace(b"CREATE TABLE", b"CREATE \xff\xff\xff\xff\xff"))
    for _ in range(2):
        assert problem_with(kit, path) == f"cannot use {path} as a state file: it is damaged"


@settings(max_examples=20)
@given(data=st.data())
def test_damaged_file_is_refused_in_one_sentence_or_loaded(
    kit: Kit, whole_file: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Any bytes changed or cut off anywhere: the message names the file and the cause, and is one line."""
    path = tmp_path_factory.mktemp("damaged") / "world.db"
    content = bytearray(whole_file)
    if data.draw(st.booleans(), label="cut off"):
        del content[data.draw(st.integers(1, len(content) - 1)) :]
    for _ in range(data.draw(st.integers(1, 20), label="changes")):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    problem = problem_with(kit, path)
    assert not problem or (str(path) in problem and "\n" not in problem)
