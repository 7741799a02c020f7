"""The PostgreSQL store, on a real server: sessions that end, errors, and what is never shown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from soundstage import InvalidArgument, PostgresJobStore, StoreError

psycopg = pytest.importorskip("psycopg")

KILLED = """
import os, signal, sys
from soundstage import JobRecord, Origin, PostgresJobStore
store = PostgresJobStore(sys.argv[1])
origin = Origin("infrai", "https://service.example", "account")
store.add(JobRecord(id="lost", origin=origin, operation="generate", request_hash="1", match_hash="1"))
os.kill(os.getpid(), signal.SIGKILL)
"""
FORKED = """
import os, sys
from soundstage import JobRecord, Origin, PostgresJobStore
store = PostgresJobStore(sys.argv[1])
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
assert PostgresJobStore(sys.argv[1]).claim(origin) == [], "the session of the parent goes on"
"""


def program(kit: Any, text: str) -> subprocess.CompletedProcess[str]:
    """Run a program with the address of the kit's database."""
    return subprocess.run([sys.executable, "-c", text, kit.dsn], capture_output=True, text=True, check=False)


def end_session(kit: Any, owner: str) -> None:
    """End the session of a store at the server, as a restart of the server does."""
    key = int(owner[:16], 16)
    with psycopg.connect(kit.dsn, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks"
            " WHERE locktype = 'advisory' AND classid::bigint = %s AND objid::bigint = %s",
            [key >> 32, key % (1 << 32)],
        ).fetchall()
    assert ended == [(True,)]


def test_records_of_a_killed_process_are_claimed(postgres_kit: Any) -> None:
    """SIGKILL ends the session, and with it the ownership."""
    assert program(postgres_kit, KILLED).returncode == -signal.SIGKILL
    assert [record.id for record in postgres_kit.store().claim(postgres_kit.origin)] == ["lost"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_forked_child_has_a_session_of_its_own(postgres_kit: Any) -> None:
    """The end of a child does not end the session of its parent."""
    done = program(postgres_kit, FORKED)
    assert (done.returncode, done.stderr) == (0, "")


def test_lost_session_is_opened_again(postgres_kit: Any) -> None:
    """After a restart of the server the next call works, and the process owns its records as before."""
    store = postgres_kit.store()
    record = postgres_kit.record()
    store.add(record)
    end_session(postgres_kit, store._owner)
    store.add(postgres_kit.record())
    assert postgres_kit.store().claim(postgres_kit.origin) == []


def test_session_that_ends_amid_a_transaction_is_an_error(postgres_kit: Any) -> None:
    """Nothing is half-written, and the store works again afterwards."""
    store = postgres_kit.store()
    store.records()

    def write() -> None:
        with store._transaction():
            store._insert(postgres_kit.record())
            end_session(postgres_kit, store._owner)
            store._insert(postgres_kit.record())

    with pytest.raises(StoreError, match="cannot be used"):
        write()
    assert store.records() == []


def test_store_of_a_newer_release_is_refused(postgres_kit: Any) -> None:
    """A newer schema is not touched."""
    postgres_kit.store().records()
    with psycopg.connect(postgres_kit.dsn, autocommit=True) as connection:
        connection.execute("UPDATE soundstage_store SET version = 2")
    with pytest.raises(StoreError, match="schema version 2, and this release knows version 1: upgrade"):
        postgres_kit.store().records()


def test_locked_store_is_reported(postgres_kit: Any) -> None:
    """A transaction that does not finish is an error after the timeout."""
    store = postgres_kit.store(timeout=0.05)
    store.records()
    with psycopg.connect(postgres_kit.dsn) as other:
        other.execute("LOCK TABLE soundstage_jobs")
        with pytest.raises(StoreError, match="did not answer in time"):
            store.add(postgres_kit.record())
    assert store.records() == []


def test_unreachable_server_is_reported_without_the_password() -> None:
    """The message names the server, and nothing shows the password."""
    store = PostgresJobStore("postgresql://user:planted-password@127.0.0.1:1/jobs")
    with pytest.raises(StoreError, match=r"127\.0\.0\.1/jobs") as caught:
        store.records()
    shown = [str(caught.value), repr(caught.value), repr(store), repr(vars(store)), repr(caught.value.__cause__)]
    assert not any("planted" in text for text in shown)
    store.close()


@pytest.mark.parametrize("dsn", ["no address", None, 5, "postgresql://host:port:planted-password/x"])
def test_address_that_is_none_is_refused(dsn: Any) -> None:
    """The message does not repeat it, because it may have a password."""
    with pytest.raises(InvalidArgument, match="dsn=") as caught:
        PostgresJobStore(dsn)
    assert "planted" not in str(caught.value)


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg the error names the extra."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match="needs the extra soundstage"):
        PostgresJobStore("postgresql://127.0.0.1/jobs")
