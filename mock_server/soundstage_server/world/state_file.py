"""A world in a file: everything that a response promises is written before the response is sent.

The file is an SQLite database in write-ahead mode with ``synchronous = NORMAL``: what was written survives the death of
the process, by SIGKILL too. After a loss of power the file is intact, but the last responses may be missing from it.
One world at a time can use a file.
"""

from __future__ import annotations

import sqlite3
import struct
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from soundstage_server.world import snapshot
from soundstage_server.world.file_lock import lock_file
from soundstage_server.world.snapshot import StateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    from soundstage_server.model.account import Account, Lengths

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
  PRIMARY KEY (account, number, list)
) WITHOUT ROWID;
COMMIT;
"""
# A commit costs what it writes: whole pages. By number before list, what one request adds to several lists is usually
# on one page, and not at the end of each list. Files that were made with another order of the key work, too.
_NUMBER: Final = itemgetter(2)


class SavedAccount(NamedTuple):
    """What the file contains of an account: which object it was, its record, and how long its lists were.

    An account's lists only grow at their end, so a save writes the items that came after these lengths.
    """

    account: Account
    record: bytes
    lengths: Lengths


@dataclass(slots=True)
class _Changes:
    """One transaction: its statements, then the new items of lists, and what the file contains after the commit.

    What is known about the file changes after the commit only: after a failed one, the next save writes everything
    that this one did not.
    """

    last_number: int
    statements: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    items: list[tuple[str, str, int, bytes]] = field(default_factory=list)
    accounts: dict[str, SavedAccount | None] = field(default_factory=dict)
    world: tuple[object, dict[str, Any]] | None = None

    def add(self, statement: str, *values: object) -> None:
        """Add one statement."""
        self.statements.append((statement, values))

    def delete(self, name: str) -> None:
        """Delete an account."""
        self.accounts[name] = None
        self.add("DELETE FROM accounts WHERE name = ?", name)
        self.add("DELETE FROM items WHERE account = ?", name)


class StateFile:
    """The file of one world. Its methods are called with the world's lock held.

    Args:
        path: The file; created if it does not exist.

    Raises:
        StateError: It is no state file, one of another version, damaged, or in use by another world.

    Attributes:
        saved_record: The world's record in the file; None before the first save.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = Path(path)
        self._saved: dict[str, SavedAccount] = {}
        self._last_number = 0
        self._saved_world: object = None
        self.saved_record: dict[str, Any] | None = None
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
        except (sqlite3.Error, UnicodeDecodeError) as error:
            self.close()
            # SQLite quotes a damaged schema in its error, and Python fails to decode bytes of it that are no text.
            damaged = "it is damaged" if isinstance(error, UnicodeDecodeError) else " ".join(str(error).split())
            raise self.unusable(damaged) from None

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
        except Exception as error:  # noqa: BLE001 - a damaged record raises anything, and none may end in a traceback
            raise self.unusable(f"it is damaged ({type(error).__name__}: {error})") from None

    def note_loaded(self, accounts: Iterable[Account], world: dict[str, Any]) -> None:
        """Take note that the file contains *accounts* and *world*, which were made from the loaded snapshot."""
        for account in accounts:
            record = orjson.dumps(snapshot.dump_account(account))
            self._saved[account.name] = SavedAccount(account, record, account.lengths)
        self.saved_record = world
        (self._last_number,) = self._db.execute("SELECT coalesce(max(number), 0) FROM accounts").fetchone()

    def saved(self) -> dict[str, SavedAccount]:
        """Return what the file contains of each account, by its name."""
        return dict(self._saved)

    def unusable(self, reason: object) -> StateError:
        """Return the error with the reason why this file cannot be used."""
        return StateError(f"cannot use {self._path} as a state file: {reason}")

    def save(self, world: dict[str, Any], accounts: Iterable[Account], gone: Iterable[Account] = ()) -> None:
        """Write what has changed in the world's record *world* and in *accounts*; accounts in *gone* are deleted.

        Raises:
            StateError: It could not be written; the file is as it was before.
        """
        changes = _Changes(self._last_number)
        for account in gone:
            if account.name in self._saved:
                changes.delete(account.name)
        self._save(changes, world, accounts)

    def save_all(self, world: dict[str, Any], accounts: Iterable[Account]) -> None:
        """Write everything that has changed, where *accounts* are all there are; the others are deleted.

        Raises:
            StateError: It could not be written; the file is as it was before.
        """
        accounts = list(accounts)
        changes = _Changes(self._last_number)
        for name in self._saved.keys() - {account.name for account in accounts}:
            changes.delete(name)
        self._save(changes, world, accounts)

    def drop(self, world: dict[str, Any], planned: Mapping[Account, Lengths], gone: Iterable[Account]) -> None:
        """Write everything that has changed in these accounts, then delete the items *planned* to be dropped.

        The accounts in *gone* are deleted as a whole. The caller changes memory afterwards: a drop that could not be
        written has not happened.

        Raises:
            StateError: It could not be written; the file is as it was before.
        """
        self.save(world, planned, gone)
        changes = _Changes(self._last_number)
        for account, lengths in planned.items():
            record = orjson.dumps({**snapshot.dump_account(account), "dropped": list(lengths)})
            changes.add("UPDATE accounts SET record = ? WHERE name = ?", record, account.name)
            for kind, number in lengths._asdict().items():
                changes.add(
                    "DELETE FROM items WHERE account = ? AND list = ? AND number < ?", account.name, kind, number
                )
            changes.accounts[account.name] = SavedAccount(account, record, account.lengths)
        self._save(changes, world, ())

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._db.close()
        self._lock.close()

    def _accounts(self) -> list[tuple[str, bytes]]:
        # No generator: one that a damaged record leaves unfinished would complain after the file is closed.
        return self._db.execute("SELECT name, record FROM accounts ORDER BY number").fetchall()

    def _read(self, name: str, record: bytes) -> dict[str, Any]:
        rows = self._db.execute("SELECT list, record FROM items WHERE account = ? ORDER BY number", (name,))
        return {**orjson.loads(record), **snapshot.group_items((kind, orjson.loads(item)) for kind, item in rows)}

    def _save(self, changes: _Changes, world: dict[str, Any], accounts: Iterable[Account]) -> None:
        try:
            self._world_changes(world, changes)
            for account in accounts:
                self._account_changes(account, changes)
            if changes.statements or changes.items:
                self._commit(changes)
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise StateError(f"cannot write the state file {self._path}: {error}; nothing was changed") from error

    def _world_changes(self, record: dict[str, Any], changes: _Changes) -> None:
        clock = record["clock"]
        # A real clock runs on by itself, which is no change: what counts is its distance from the machine's clock.
        shown = round(clock["now"] - clock["at"], 3) if clock["kind"] == "real" else clock["now"]
        key = {**record, "clock": (clock["kind"], clock["speed"], shown)}
        if key != self._saved_world:
            changes.world = (key, record)
            changes.add("INSERT OR REPLACE INTO world VALUES (0, ?)", orjson.dumps(record))

    def _account_changes(self, account: Account, changes: _Changes) -> None:
        name = account.name
        saved = self._saved.get(name)
        # After a reset or a restore, another object has the name: its lists do not continue those in the file.
        if saved is not None and saved.account is not account:
            changes.delete(name)
            saved = None
        if saved is None:
            saved = SavedAccount(account, b"", account.dropped)
        record = orjson.dumps(snapshot.dump_account(account))
        if record != saved.record:
            changes.last_number += 1
            changes.add(
                "INSERT INTO accounts VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET record = excluded.record",
                name,
                changes.last_number,
                record,
            )
        added: list[tuple[str, str, int, bytes]] = []
        for start, (kind, items) in zip(
            saved.lengths, snapshot.dump_items(account, saved.lengths).items(), strict=True
        ):
            added += [(name, kind, number, orjson.dumps(item)) for number, item in enumerate(items, start)]
        # In the order of their key, so that each page is filled once.
        added.sort(key=_NUMBER)
        changes.items += added
        changes.accounts[name] = SavedAccount(account, record, account.lengths)

    def _commit(self, changes: _Changes) -> None:
        # One transaction for everything that a response promises: a kill leaves all of it in the file, or none.
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for statement, values in changes.statements:
                self._db.execute(statement, values)
            self._db.executemany("INSERT INTO items VALUES (?, ?, ?, ?)", changes.items)
            self._db.execute("COMMIT")
        except BaseException:
            # A full disk ends some transactions by itself, and leaves others open.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._last_number = changes.last_number
        for name, saved in changes.accounts.items():
            if saved is None:
                del self._saved[name]
            else:
                self._saved[name] = saved
        if changes.world is not None:
            self._saved_world, self.saved_record = changes.world


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
