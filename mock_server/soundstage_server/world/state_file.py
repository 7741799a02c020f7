"""A world in a file: what an answer promises is in it before the answer is sent, so a killed server loses none of it.

The file is SQLite's, in write-ahead mode. What was written survives the death of the process, by SIGKILL too; after a
loss of power the file is whole, but the last answers may be missing from it. One world has it at a time.
"""

from __future__ import annotations

import fcntl
import sqlite3
import struct
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import orjson

from soundstage_server.world import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from os import PathLike

    from soundstage_server.model.account import Account
    from soundstage_server.model.messages import Send
    from soundstage_server.world.world import World

APPLICATION_ID: Final = 0x554E4453
"""What a state file says it is, in the header that SQLite leaves to applications."""

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


class StateError(Exception):
    """A state file cannot be used; the text names it and says why. It was left as it is."""


class _SavedAccount:
    """What is in the file of an account: which object it was, its record, and how long its lists were."""

    __slots__ = ("account", "lengths", "record")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.record = b""
        self.lengths = dict.fromkeys(("tasks", "entries", "doubles", "cuts"), 0)


class StateFile:
    """The file of one world, which holds its lock whenever it calls.

    Args:
        path: The file; made if it does not exist.

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
            self._db.executescript("BEGIN IMMEDIATE; COMMIT;")
        except sqlite3.Error as error:
            self.close()
            raise StateError(f"cannot use {self._path} as a state file: {error}") from None

    def load(self, world: World) -> bool:
        """Let *world* be what the file says, with a real clock that has run on; return whether it says anything.

        Raises:
            StateError: The file is damaged, or does not fit this world.
        """
        try:
            row = self._db.execute("SELECT record FROM world").fetchone()
            if row is None:
                return False
            accounts = [self._read(name, record) for name, record in self._accounts()]
            document = {"soundstage": "snapshot", "version": snapshot.VERSION, "world": orjson.loads(row[0])}
            snapshot.restore(world, {**document, "accounts": accounts}, runs_on=True)
        except (sqlite3.Error, ValueError) as error:
            raise StateError(f"cannot use {self._path} as a state file: {error}") from None
        for account in world.accounts():
            mark = self._saved[account.name] = _SavedAccount(account)
            mark.lengths = {name: len(items) for name, items in snapshot.dump_items(account).items()}
        (self._last_number,) = self._db.execute("SELECT coalesce(max(number), 0) FROM accounts").fetchone()
        return True

    def save(self, world: World, accounts: Iterable[Account]) -> None:
        """Write down what has changed about *world* beside its accounts, and about *accounts*."""
        changes = [*self._world_changes(world)]
        for account in accounts:
            changes += self._account_changes(account)
        self._write(changes)

    def save_all(self, world: World) -> None:
        """Write down everything that has changed, and forget what is no more."""
        gone = self._saved.keys() - {account.name for account in world.accounts()}
        self._write([change for name in gone for change in self._deletions(name)])
        self.save(world, world.accounts())

    @staticmethod
    def save_before_response(world: World, send: Send) -> Send:
        """Return *send*, which first writes down everything that has changed."""

        async def save_and_send(message: Any) -> None:
            if message["type"] == "http.response.start":
                world.save()
            await send(message)

        return save_and_send

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._db.close()
        self._lock.close()

    def _accounts(self) -> Iterator[tuple[str, bytes]]:
        yield from self._db.execute("SELECT name, record FROM accounts ORDER BY number")

    def _read(self, name: str, record: bytes) -> dict[str, Any]:
        rows = self._db.execute("SELECT list, record FROM items WHERE account = ? ORDER BY list, number", (name,))
        return {**orjson.loads(record), **snapshot.group_items((kind, orjson.loads(item)) for kind, item in rows)}

    def _world_changes(self, world: World) -> Iterator[tuple[str, tuple[Any, ...]]]:
        record = snapshot.dump_world(world)
        clock = record["clock"]
        # A real clock runs on by itself: it has changed when its distance from the machine's clock has.
        shown = round(clock["now"] - clock["at"], 3) if clock["kind"] == "real" else clock["now"]
        key = {**record, "clock": (clock["kind"], clock["speed"], shown)}
        if key != self._saved_world:
            self._saved_world = key
            yield "INSERT OR REPLACE INTO world VALUES (0, ?)", (orjson.dumps(record),)

    def _account_changes(self, account: Account) -> Iterator[tuple[str, tuple[Any, ...]]]:
        name = account.name
        mark = self._saved.get(name)
        if mark is None or mark.account is not account:
            if mark is not None:
                yield from self._deletions(name)
            mark = self._saved[name] = _SavedAccount(account)
        record = orjson.dumps(snapshot.dump_account(account))
        if record != mark.record:
            mark.record = record
            self._last_number += 1
            yield (
                "INSERT INTO accounts VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET record = excluded.record",
                (name, self._last_number, record),
            )
        for kind, items in snapshot.dump_items(account, **mark.lengths).items():
            for item in items:
                yield "INSERT INTO items VALUES (?, ?, ?, ?)", (name, kind, mark.lengths[kind], orjson.dumps(item))
                mark.lengths[kind] += 1

    def _deletions(self, name: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
        del self._saved[name]
        yield "DELETE FROM accounts WHERE name = ?", (name,)
        yield "DELETE FROM items WHERE account = ?", (name,)

    def _write(self, changes: list[tuple[str, tuple[Any, ...]]]) -> None:
        if not changes:
            return
        self._db.execute("BEGIN IMMEDIATE")
        for statement, values in changes:
            self._db.execute(statement, values)
        self._db.execute("COMMIT")


def open_state(
    world: World, path: str | PathLike[str], *, own_clock: bool, seed: int | None, dialects: Mapping[str, str]
) -> StateFile:
    """Let a new *world* go on where the file ends, or begin one; what it was made with holds from now on.

    Args:
        world: The world, as it was made.
        path: The file.
        own_clock: Whether the world was given a clock, which then goes on from the time in the file.
        seed: The seed that the world was given, if any: it cannot be another than that in the file.
        dialects: The readings that the world was given.

    Raises:
        StateError: The file cannot be used; it was left as it is.
    """
    kind, speed = world.clock.kind, world.clock.speed
    state = StateFile(path)
    try:
        known = state.load(world)
        if known and seed not in (None, world.seed):
            raise StateError(f"cannot use {path} as a state file: its seed is {world.seed}; got {seed}")  # noqa: TRY301
        if known and own_clock:
            world.clock.change(kind, speed)
        world.dialects.choose(dialects)
        state.save_all(world)
    except BaseException:
        state.close()
        raise
    return state


def _locked(path: Path) -> IO[bytes]:
    """Return the file, locked: SQLite's own locks go when a second world in this process so much as looks at it."""
    try:
        file = path.open("ab")
    except OSError as error:
        raise StateError(f"cannot use {path} as a state file: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StateError(f"cannot use {path} as a state file: another world has it open") from None
    return file


def _check_header(path: Path) -> None:
    """Refuse a file that is no state file, from its first bytes: SQLite itself might change it by opening it."""
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
