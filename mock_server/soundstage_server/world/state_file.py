"""A world in a file: everything that a response promises is written before the response is sent.

The file is an SQLite database in write-ahead mode with ``synchronous = NORMAL``: what was written survives the death of
the process, by SIGKILL too. After a loss of power the file is intact, but the last responses may be missing from it.
One world at a time can use a file.
"""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import orjson

from soundstage_server.world import snapshot
from soundstage_server.world.file_lock import lock_file
from soundstage_server.world.snapshot import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from os import PathLike

    from soundstage_server.model.account import Account
    from soundstage_server.model.asgi import Send

APPLICATION_ID: Final = 0x554E4453
"""The mark of a state file, in the header field that SQLite leaves to applications."""

_HEADER: Final = 100
_MAGIC: Final = b"SQLite format 3\0"
_TABLES: Final = """
BEGIN IMMEDIATE;
PRAGMA application_id = {application};
PRAGMA user_version = {version};
CREATE TABLE IF NOT EXISTS world (id INTEGER PRIMARY KEY CHECK (id = 0), record BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, number INTEGER NOT NULL, record BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS items (
  account TEXT NOT NULL, list TEXT NOT NULL, number INTEGER NOT NULL, record BLOB NOT NULL,
  PRIMARY KEY (account, list, number)
) WITHOUT ROWID;
COMMIT;
"""


class _SavedAccount:
    """What the file contains of an account: which object it was, its record, and how long its lists were.

    An account's lists only grow, so a save writes the items that came after these lengths.
    """

    __slots__ = ("account", "lengths", "record")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.record = b""
        self.lengths = dict.fromkeys(("tasks", "entries", "doubles", "cuts"), 0)


class StateFile:
    """The file of one world. Its methods are called with the world's lock held.

    Args:
        path: The file; created if it does not exist.

    Raises:
        StateError: It is no state file, one of another version, damaged, or in use by another world.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = Path(path)
        self._saved: dict[str, _SavedAccount] = {}
        self._last_number = 0
        self._saved_world: object = None
        _check_header(self._path)
        self._lock = _locked(self._path)
        try:
            self._db = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            self._lock.close()
            raise StateError(f"cannot use {self._path} as a state file: {error}") from None
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.executescript(_TABLES.format(application=APPLICATION_ID, version=snapshot.VERSION))
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            # An exclusive lock is taken at the first transaction after the change of mode: take it now, not at the
            # first request.
            self._db.executescript("BEGIN IMMEDIATE; COMMIT;")
        except sqlite3.Error as error:
            self.close()
            raise StateError(f"cannot use {self._path} as a state file: {error}") from None

    def load(self) -> dict[str, Any] | None:
        """Return the snapshot in the file, or None if the file is new.

        Raises:
            StateError: The file is damaged.
        """
        try:
            row = self._db.execute("SELECT record FROM world").fetchone()
            if row is None:
                return None
            accounts = [self._read(name, record) for name, record in self._accounts()]
            return {**snapshot.document(orjson.loads(row[0])), "accounts": accounts}
        except (sqlite3.Error, ValueError) as error:
            raise self.unusable(error) from None

    def note_loaded(self, accounts: Iterable[Account]) -> None:
        """Take note that the file contains *accounts*, which were made from the loaded snapshot."""
        for account in accounts:
            saved = self._saved[account.name] = _SavedAccount(account)
            saved.lengths = {name: len(items) for name, items in snapshot.dump_items(account).items()}
        (self._last_number,) = self._db.execute("SELECT coalesce(max(number), 0) FROM accounts").fetchone()

    def unusable(self, reason: object) -> StateError:
        """Return the error with the reason why this file cannot be used."""
        return StateError(f"cannot use {self._path} as a state file: {reason}")

    def save(self, world: dict[str, Any], accounts: Iterable[Account]) -> None:
        """Write what has changed in the world's record *world* and in *accounts*."""
        changes = [*self._world_changes(world)]
        for account in accounts:
            changes += self._account_changes(account)
        self._write(changes)

    def save_all(self, world: dict[str, Any], accounts: Iterable[Account]) -> None:
        """Write everything that has changed, where *accounts* are all there are; the others are deleted."""
        accounts = list(accounts)
        gone = self._saved.keys() - {account.name for account in accounts}
        self._write([change for name in gone for change in self._deletions(name)])
        self.save(world, accounts)

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._db.close()
        self._lock.close()

    def _accounts(self) -> Iterator[tuple[str, bytes]]:
        yield from self._db.execute("SELECT name, record FROM accounts ORDER BY number")

    def _read(self, name: str, record: bytes) -> dict[str, Any]:
        rows = self._db.execute("SELECT list, record FROM items WHERE account = ? ORDER BY list, number", (name,))
        return {**orjson.loads(record), **snapshot.group_items((kind, orjson.loads(item)) for kind, item in rows)}

    def _world_changes(self, record: dict[str, Any]) -> Iterator[tuple[str, tuple[Any, ...]]]:
        clock = record["clock"]
        # A real clock runs on by itself, which is no change: what counts is its distance from the machine's clock.
        shown = round(clock["now"] - clock["at"], 3) if clock["kind"] == "real" else clock["now"]
        key = {**record, "clock": (clock["kind"], clock["speed"], shown)}
        if key != self._saved_world:
            self._saved_world = key
            yield "INSERT OR REPLACE INTO world VALUES (0, ?)", (orjson.dumps(record),)

    def _account_changes(self, account: Account) -> Iterator[tuple[str, tuple[Any, ...]]]:
        name = account.name
        saved = self._saved.get(name)
        # After a reset or a restore, another object has the name: its lists do not continue those in the file.
        if saved is None or saved.account is not account:
            if saved is not None:
                yield from self._deletions(name)
            saved = self._saved[name] = _SavedAccount(account)
        record = orjson.dumps(snapshot.dump_account(account))
        if record != saved.record:
            saved.record = record
            self._last_number += 1
            yield (
                "INSERT INTO accounts VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET record = excluded.record",
                (name, self._last_number, record),
            )
        for kind, items in snapshot.dump_items(account, **saved.lengths).items():
            for item in items:
                yield "INSERT INTO items VALUES (?, ?, ?, ?)", (name, kind, saved.lengths[kind], orjson.dumps(item))
                saved.lengths[kind] += 1

    def _deletions(self, name: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
        del self._saved[name]
        yield "DELETE FROM accounts WHERE name = ?", (name,)
        yield "DELETE FROM items WHERE account = ?", (name,)

    def _write(self, changes: list[tuple[str, tuple[Any, ...]]]) -> None:
        if not changes:
            return
        # One transaction for everything that one response promises: a kill leaves all of it in the file, or none.
        self._db.execute("BEGIN IMMEDIATE")
        for statement, values in changes:
            self._db.execute(statement, values)
        self._db.execute("COMMIT")


def save_before_response(save: Callable[[], None], send: Send) -> Send:
    """Return *send*, which calls *save* before the head of a response leaves."""

    async def save_and_send(message: Any) -> None:
        if message["type"] == "http.response.start":
            save()
        await send(message)

    return save_and_send


def _locked(path: Path) -> IO[bytes]:
    """Return the locked file.

    SQLite's own locks are not enough: POSIX drops all locks of a process on a file as soon as the process closes any
    descriptor of it, so a second world in this process that merely reads the header would release them.
    """
    try:
        return lock_file(path)
    except BlockingIOError:
        raise StateError(f"cannot use {path} as a state file: another world has it open") from None
    except NotImplementedError:
        raise StateError(f"cannot use {path} as a state file: this system cannot lock files; run without one") from None
    except OSError as error:
        raise StateError(f"cannot use {path} as a state file: {error.strerror}") from None


def _check_header(path: Path) -> None:
    """Refuse a file that is no state file, by its first bytes: opening it with SQLite could already change it.

    Raises:
        StateError: The file exists, is not empty, and is no state file of this version.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StateError(f"cannot use {path} as a state file: {error.strerror}") from None
    if not header:
        return
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        raise StateError(f"cannot use {path} as a state file: it is not one")
    version, application = struct.unpack_from(">I", header, 60)[0], struct.unpack_from(">I", header, 68)[0]
    if application != APPLICATION_ID:
        raise StateError(f"cannot use {path} as a state file: it is another program's database")
    if version != snapshot.VERSION:
        raise StateError(
            f"cannot use {path} as a state file: it has version {version}, and {snapshot.VERSION} is known"
        )
