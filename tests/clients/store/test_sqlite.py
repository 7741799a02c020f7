"""The SQLite store: its file, its errors, and the processes that share it."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from soundstage import InvalidArgument, RecordState, SQLiteJobStore, StoreError
from soundstage._io import file_lock
from soundstage._store import sqlite

if TYPE_CHECKING:
    from pathlib import Path


def test_file_is_readable_by_its_owner_only(store_kit: Any) -> None:
    """The database, its helper files and the locks have no permissions for others."""
    store_kit.store().add(store_kit.record())
    files = [path for path in store_kit.path.parent.rglob("*") if path.is_file()]
    assert len(files) == 4  # the database, two helper files, one lock
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_nothing_is_created_before_the_first_use(store_kit: Any) -> None:
    """Making a store touches no file."""
    store_kit.store()
    assert list(store_kit.path.parent.iterdir()) == []


@pytest.mark.parametrize("path", ["", ":memory:", "file:jobs.db?mode=memory", None])
def test_path_that_is_no_file_is_refused(path: Any) -> None:
    """What would not survive a crash is refused by name."""
    with pytest.raises(InvalidArgument, match="path="):
        SQLiteJobStore(path)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A store in a folder that does not exist names which folder."""
    store = SQLiteJobStore(tmp_path / "absent" / "jobs.db")
    with pytest.raises(StoreError, match="absent is missing"):
        store.records()


def test_store_of_a_newer_release_is_refused(store_kit: Any) -> None:
    """A newer schema is not touched, and the message states what to do."""
    store_kit.store().add(store_kit.record())
    store_kit.stores[0].close()
    with sqlite3.connect(store_kit.path) as newer:
        newer.execute("PRAGMA user_version = 2")
    newer.close()
    with pytest.raises(StoreError, match="schema version 2, and this release knows version 1: upgrade"):
        store_kit.store().records()


def test_database_of_another_program_is_refused(store_kit: Any) -> None:
    """A file with other tables is left as it is."""
    with sqlite3.connect(store_kit.path) as other:
        other.execute("CREATE TABLE precious (id)")
    other.close()
    with pytest.raises(StoreError, match="database of another program"):
        store_kit.store().records()


def test_file_that_is_no_database_is_refused(store_kit: Any) -> None:
    """A text file is not overwritten."""
    store_kit.path.write_text("these are my notes " * 100)
    with pytest.raises(StoreError, match="is damaged, or is no SQLite file"):
        store_kit.store().records()
    assert store_kit.path.read_text().startswith("these are my notes")


def test_locked_store_is_reported(store_kit: Any) -> None:
    """A writer that does not finish is an error after the timeout."""
    store = store_kit.store(timeout=0)
    store.records()
    writer = sqlite3.connect(store_kit.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another process"):
        store.records()
    writer.close()
    assert store.records() == []


def test_full_disk_is_reported(store_kit: Any) -> None:
    """A write that finds no room is an error that states so, and the store works again when there is room."""
    store = store_kit.store()
    store.records()
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="the disk is full"):
        store.add(store_kit.record(summary="x" * 100_000))
    store._connection.execute("PRAGMA max_page_count = 100000")
    store.add(store_kit.record())
    assert len(store.records()) == 1


def test_new_lock_that_is_tested_is_locked_afterwards(store_kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may test the lock of this one before it is taken: then it is taken a moment later."""
    lock, refusals = file_lock._lock, [BlockingIOError()] * 3

    def refuse(file: Any) -> None:
        if refusals:
            raise refusals.pop()
        lock(file)

    monkeypatch.setattr(file_lock, "_lock", refuse)
    store = store_kit.store()
    assert (store.records(), refusals) == ([], [])


def test_locks_are_tested_inside_of_transactions(store_kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one process tests a lock no other one can: it would take the owner for a live process."""
    tested: list[bool] = []
    store_kit.store().add(store_kit.record())
    store_kit.stores[0].close()
    (store_kit.path.with_name("jobs.db-owners") / "ended.lock").touch()
    store = store_kit.store()

    def watched(path: Path, mode: int = 0o666, *, create: bool = True) -> Any:
        if not create:
            tested.append(store._connection.in_transaction)
        return file_lock.open_locked(path, mode, create=create)

    monkeypatch.setattr("soundstage._store.sqlite.open_locked", watched)
    assert len(store.claim(store_kit.origin)) == 1
    assert tested
    assert all(tested)


def test_file_system_without_locks_is_refused(store_kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can show that it is alive the store is refused: jobs would be claimed from live processes."""
    monkeypatch.setattr(sqlite, "_TRIES", 1)

    def refuse(file: Any) -> None:
        raise OSError(f"no locks available for {file}")

    monkeypatch.setattr(file_lock, "_lock", refuse)
    with pytest.raises(StoreError, match="needs file locks"):
        store_kit.store().records()


def test_live_process_keeps_its_records(store_kit: Any) -> None:
    """No process claims a record while its owner is alive, and one other process gets it afterwards."""
    first, second, third = (store_kit.store() for _ in range(3))
    record = store_kit.record()
    first.add(record)
    assert second.claim(record.origin) == []
    first.close()
    assert [found.id for found in second.claim(record.origin)] == [record.id]
    assert third.claim(record.origin) == []
    assert second.claim(record.origin) == []
    assert [found.id for found in second.claim(record.origin, own=True)] == [record.id]


KILLED = """
import os, signal, sys
from soundstage import JobRecord, Origin, SQLiteJobStore
store = SQLiteJobStore(sys.argv[1])
origin = Origin("infrai", "https://service.example", "account")
store.add(JobRecord(id="lost", origin=origin, operation="generate", request_hash="1", match_hash="1"))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_records_of_a_killed_process_are_claimed(store_kit: Any) -> None:
    """SIGKILL loses no record: the operating system releases the lock of the process."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(store_kit.path)], check=False)
    assert done.returncode == -signal.SIGKILL
    store = store_kit.store()
    assert [record.id for record in store.claim(store_kit.origin)] == ["lost"]
    assert [path.name for path in store_kit.path.with_name("jobs.db-owners").iterdir()] == [f"{store._owner}.lock"]


FORKED = """
import os, sys
from soundstage import JobRecord, Origin, SQLiteJobStore
store = SQLiteJobStore(sys.argv[1])
origin = Origin("infrai", "https://service.example", "account")
record = JobRecord(id="parent's", origin=origin, operation="generate", request_hash="1", match_hash="1")
store.add(record)
child = os.fork()
if child == 0:
    assert store.claim(origin) == [], "the parent is alive"
    store.add(record.changed(id="child's"))
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert [found.id for found in store.claim(origin)] == ["child's"]
assert SQLiteJobStore(sys.argv[1]).claim(origin) == [], "the lock of the parent is held"
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_forked_child_is_a_process_of_its_own(store_kit: Any) -> None:
    """A child has a connection of its own, and its end releases neither lock nor connection of the parent."""
    done = subprocess.run(
        [sys.executable, "-c", FORKED, str(store_kit.path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_old_records_of_ended_jobs_are_removed(store_kit: Any) -> None:
    """`keep` ends the life of records that no process needs, and of no other."""
    store = store_kit.store()
    for state in RecordState:
        store.add(store_kit.record(id=state.value, state=state))
    store.close()
    assert {record.id for record in store_kit.store(keep=60).records()} == {"sending", "unknown", "running"}
