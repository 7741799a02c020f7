"""A job store in an SQLite file, which the processes of one machine share."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import time
from typing import TYPE_CHECKING, Any, BinaryIO

from soundstage._io.file_lock import open_locked
from soundstage._store.sql import KEEP, SCHEMA_VERSION, TABLES, Row, SqlJobStore, new_owner, newer
from soundstage._values.validation import invalid, number, path
from soundstage.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from datetime import timedelta
    from os import PathLike
    from pathlib import Path

_APPLICATION = 0x534E4453  # marks the file, so that another program's database is never changed
_PAUSE = 0.01  # seconds between two tries to open or lock a new file
_TRIES = 100
_INHERITED: list[object] = []  # closing a connection of the parent process would break its locks


class SQLiteJobStore(SqlJobStore):
    """A job store in an SQLite file, for threads and processes of one machine.

    Only the owner of the file can read it. A process that uses the store keeps a lock on a file of its own in the
    folder `<path>-owners`. The operating system releases it when the process ends: others may then claim its jobs.
    """

    def __init__(
        self, path: str | PathLike[str], *, timeout: float = 10.0, keep: timedelta | float | None = KEEP
    ) -> None:
        """Take the path; the file is created or opened when it is first needed.

        Args:
            path: The file, in a folder that exists, not on a network drive.
            timeout: Seconds to wait for another process that writes.
            keep: How long records of jobs that have ended are kept: a timedelta, seconds, or None for always.

        Raises:
            InvalidArgument: An argument is not allowed.
        """
        self._path = _file(path)
        self._timeout = number("timeout", timeout, least=0)
        self._connection: sqlite3.Connection | None = None
        self._owner_lock: BinaryIO | None = None
        super().__init__(keep)

    def renew(self) -> None:
        """Start without a connection and as another owner, at first and after a fork."""
        super().renew()
        if self._connection is not None:
            _INHERITED.append(self._connection)
            self._connection = None
        if self._owner_lock is not None:
            self._owner_lock.close()  # the parent's lock stays: it ends with the parent's own file descriptor
            self._owner_lock = None

    def close(self) -> None:
        """Close the file; other processes may then claim the open records of this one."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._owner_lock is not None:
                self._owner_lock.close()
                self._owner_lock = None
                with contextlib.suppress(OSError):  # a process that tests it removes it instead
                    self._owner_path(self._owner).unlink()
            self._owner = new_owner()

    def __repr__(self) -> str:
        """Show the path."""
        return f"SQLiteJobStore({str(self._path)!r})"

    @contextlib.contextmanager
    def _transaction(self, *, exclusive: bool = False) -> Generator[None, None, None]:
        del exclusive  # SQLite has one writer at a time
        with self._lock:
            try:
                connection = self._connection or self._open()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield
                    connection.execute("COMMIT")
                except BaseException:
                    with contextlib.suppress(sqlite3.Error):  # a full disk ends the transaction by itself
                        connection.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, OSError) as error:
                raise StoreError(f"the job store {self._path} {self._explain(error)}") from error

    def _statement(self, statement: str, values: Sequence[object]) -> list[Row]:
        connection = self._connection
        assert connection is not None, "outside of a transaction"  # noqa: S101 - a mistake in this package
        return connection.execute(statement, tuple(values)).fetchall()

    def _open(self) -> sqlite3.Connection:
        self._lock_owner()
        # SQLite creates files that others can read; its helper files then have the permissions of the first.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(self._path, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        try:
            self._connection = connection
            self._prepare(connection)
            self._check_schema(connection)
            self._prune()
        except BaseException:
            self._connection = None
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except (
                sqlite3.OperationalError
            ):  # several processes open a new file at once: only here SQLite does not wait
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)
        # What was committed survives a loss of power, too: the money is spent at the service.
        connection.execute("PRAGMA synchronous = FULL")

    def _check_schema(self, connection: sqlite3.Connection) -> None:
        """Create the tables in an empty file, and refuse a file of another kind or version."""
        connection.execute("BEGIN IMMEDIATE")
        # Only inside of a transaction, as in `claim`: a lock that is tested looks like one of a live process meanwhile.
        _remove_unlocked(self._owner_path(self._owner).parent)
        version, application = (_pragma(connection, name) for name in ("user_version", "application_id"))
        if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall():
            for statement in TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif application != _APPLICATION:
            raise StoreError(f"the file {self._path} is the database of another program; choose another path")
        elif version != SCHEMA_VERSION:
            raise StoreError(newer(f"the job store {self._path}", version))
        connection.execute("COMMIT")

    def _lock_owner(self) -> None:
        """Hold the lock that shows other processes that this one is alive."""
        if self._owner_lock is not None:
            return
        owner = self._owner_path(self._owner)
        if not self._path.parent.is_dir():
            raise StoreError(f"the job store {self._path} cannot be created: the folder {self._path.parent} is missing")
        owner.parent.mkdir(mode=0o700, exist_ok=True)
        for _ in range(_TRIES):
            self._owner_lock = open_locked(owner, 0o600)
            if self._owner_lock is not None:
                return
            time.sleep(_PAUSE)  # another process tests the new file, before it is locked here
        raise StoreError(f"the job store {self._path} needs file locks: {owner} cannot be locked")

    def _is_alive(self, owner: str) -> bool:
        try:
            lock = open_locked(self._owner_path(owner), create=False)
        except FileNotFoundError:
            return False
        if lock is None:
            return True
        lock.close()
        return False

    def _owner_path(self, owner: str) -> Path:
        return self._path.with_name(f"{self._path.name}-owners") / f"{owner}.lock"

    def _explain(self, error: Exception) -> str:
        """Return what is wrong, as the end of a sentence."""
        name: str = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return f"is locked by another process for more than {self._timeout:g} s"
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return f"is damaged, or is no SQLite file ({error}): restore it, or choose another path"
        if name.startswith("SQLITE_FULL"):
            return f"cannot be written: the disk is full ({error})"
        return f"cannot be used: {error}"


def _file(value: str | PathLike[str]) -> Path:
    found = path("path", value)
    if str(found) == ":memory:" or str(found).startswith("file:"):
        invalid("path", value, "the path of a file: what is in memory does not survive a crash")
    return found.absolute()  # the program may change its folder before the file is opened


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _remove_unlocked(folder: Path) -> None:
    """Remove the lock files of processes that have ended."""
    for file in folder.glob("*.lock"):
        with contextlib.suppress(OSError):  # another process may remove it at the same time
            lock = open_locked(file, create=False)
            if lock is not None:
                with lock:
                    # Locked, because a process that is starting may be about to lock it. Windows deletes no open file.
                    if sys.platform != "win32":
                        file.unlink()
                if sys.platform == "win32":
                    file.unlink()
