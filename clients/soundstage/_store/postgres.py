"""A job store in PostgreSQL, which the processes of many machines share."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Protocol

from soundstage._store.sql import KEEP, SCHEMA_VERSION, TABLES, Row, SqlJobStore, new_owner, newer
from soundstage._values.redaction import MASK
from soundstage._values.validation import invalid, number
from soundstage.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from datetime import timedelta

_EXCLUSIVE = 0x534E4453  # the key of the lock that exclusive transactions take
_KEY_DIGITS = 16  # of an owner's id: a lock of PostgreSQL has a key of 64 bits
_ALIVE = """SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid = ?::bigint::oid AND objid = ?::bigint::oid"""
# A machine that lost its power closes no connection: the server finds out within a minute.
_SETTINGS = (("tcp_keepalives_idle", 30), ("tcp_keepalives_interval", 10), ("tcp_keepalives_count", 3))
_INHERITED: list[object] = []  # closing a connection of the parent process would end the parent's session


class _Cursor(Protocol):
    description: Any

    def fetchall(self) -> list[Any]: ...


class _Connection(Protocol):
    """What is used of a connection of psycopg, which need not be installed."""

    def execute(self, query: bytes, params: Sequence[object] | None = None) -> _Cursor: ...
    def transaction(self) -> contextlib.AbstractContextManager[Any]: ...
    def close(self) -> None: ...


class PostgresJobStore(SqlJobStore):
    """A job store in PostgreSQL, for a fleet of machines; needs the extra `postgres`.

    Its tables, `soundstage_*`, are created in the schema that is current for the user. A process keeps one connection,
    whose session has a lock: when the process, its machine or the connection ends, others may claim its jobs. A pooler
    in front of the server must therefore work by session, not by transaction.
    """

    def __init__(self, dsn: str, *, timeout: float = 10.0, keep: timedelta | float | None = KEEP) -> None:
        """Take the address; the connection is made when it is first needed.

        Args:
            dsn: The address of the database, such as "postgresql://user:password@host/database", or "host=... ...".
            timeout: Seconds to wait for the connection, a lock or a statement.
            keep: How long records of jobs that have ended are kept: a timedelta, seconds, or None for always.

        Raises:
            InvalidArgument: An argument is not allowed.
            StoreError: The extra is not installed.
        """
        self._timeout = number("timeout", timeout, above=0)
        # The address may have a password: a function does not show it where an attribute would.
        self._connect, self._name = _connector(dsn, self._timeout)
        self._connection: _Connection | None = None
        super().__init__(keep)

    def renew(self) -> None:
        """Start without a connection and as another owner, at first and after a fork."""
        super().renew()
        if self._connection is not None:
            _INHERITED.append(self._connection)
            self._connection = None

    def close(self) -> None:
        """Close the connection; other processes may then claim the open records of this one."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
            self._owner = new_owner()

    def __repr__(self) -> str:
        """Show host and database, and no password."""
        return f"PostgresJobStore({self._name!r})"

    @contextlib.contextmanager
    def _transaction(self, *, exclusive: bool = False) -> Generator[None, None, None]:
        import psycopg

        with self._lock:
            try:
                with contextlib.ExitStack() as stack:
                    self._begin(stack, psycopg.OperationalError)
                    if exclusive:
                        self._execute("SELECT pg_advisory_xact_lock(?)", [_EXCLUSIVE])
                    yield
            except psycopg.Error as error:
                self._close_if_broken()
                raise StoreError(f"the job store in PostgreSQL ({self._name}) {_explain(error)}") from None

    def _begin(self, stack: contextlib.ExitStack, broken: type[Exception]) -> None:
        connection = self._connection or self._open()
        try:
            stack.enter_context(connection.transaction())
        except broken:  # the server was restarted while this process was idle: nothing was written yet
            self._close_if_broken()
            stack.enter_context((self._connection or self._open()).transaction())

    def _statement(self, statement: str, values: Sequence[object]) -> list[Row]:
        connection = self._connection
        assert connection is not None, "outside of a transaction"  # noqa: S101 - a mistake in this package
        cursor = connection.execute(statement.replace("?", "%s").encode(), tuple(values))
        return [] if cursor.description is None else cursor.fetchall()

    def _open(self) -> _Connection:
        connection = self._connect()
        self._connection = connection
        try:
            self._lock_owner(connection)
            with connection.transaction():
                self._execute("SELECT pg_advisory_xact_lock(?)", [_EXCLUSIVE])
                self._check_schema()
                self._prune()
        except BaseException:
            self.close()
            raise
        return connection

    def _lock_owner(self, connection: _Connection) -> None:
        """Take the lock that shows other processes that this one is alive."""
        milliseconds = int(self._timeout * 1000)
        for name, value in (*_SETTINGS, ("statement_timeout", milliseconds), ("lock_timeout", milliseconds)):
            connection.execute(f"SET {name} = {value}".encode())
        self._execute("SELECT pg_advisory_lock(?)", [_key(self._owner)])

    def _check_schema(self) -> None:
        """Create the tables where there are none, and refuse those of another version."""
        if self._execute("SELECT to_regclass('soundstage_store')") == [(None,)]:
            for statement in ("CREATE TABLE soundstage_store (version INTEGER NOT NULL)", *TABLES):
                self._execute(statement)
            self._execute("INSERT INTO soundstage_store VALUES (?)", [SCHEMA_VERSION])
        (version,) = self._execute("SELECT version FROM soundstage_store")[0]
        if version != SCHEMA_VERSION:
            raise StoreError(newer(f"the job store in PostgreSQL ({self._name})", version))

    def _is_alive(self, owner: str) -> bool:
        key = _key(owner) % (1 << 64)
        return bool(self._execute(_ALIVE, [key >> 32, key % (1 << 32)]))

    def _close_if_broken(self) -> None:
        if getattr(self._connection, "closed", False):
            self._connection = None


def _connector(dsn: str, timeout: float) -> tuple[Callable[[], _Connection], str]:
    """Return a function that connects, and the name of the database without user and password.

    Raises:
        InvalidArgument: *dsn* is no address of a database.
        StoreError: psycopg is not installed.
    """
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise StoreError(f"PostgresJobStore needs the extra soundstage[postgres]: {error}") from None
    try:
        parts: dict[str, Any] = dict(conninfo_to_dict(dsn)) or {"host": "localhost"}
    except (psycopg.Error, TypeError, AttributeError):
        parts = {}
    if not parts or not str(parts.get("port") or 0).replace(",", "").isdigit():
        invalid("dsn", dsn, "an address such as postgresql://user:password@host/database", shown=MASK)

    def connect() -> _Connection:
        limits: dict[str, Any] = {
            "connect_timeout": max(2, round(timeout)),
            "tcp_user_timeout": round(timeout * 1000),
        }
        made: Any = psycopg.connect(dsn, autocommit=True, prepare_threshold=None, **limits)
        # A snapshot from before the wait for an exclusive transaction would not show what that one has written.
        made.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return made  # type: ignore[no-any-return, unused-ignore]

    return connect, f"{parts.get('host', 'localhost')}/{parts.get('dbname', '')}"


def _key(owner: str) -> int:
    """Return the key of the lock of an owner: 64 bits with a sign."""
    return int.from_bytes(bytes.fromhex(owner[:_KEY_DIGITS]), signed=True)


def _explain(error: Exception) -> str:
    """Return what is wrong, as the end of a sentence."""
    code, text = getattr(error, "sqlstate", None), " ".join(str(error).split())
    match code:
        case "57014" | "55P03":
            return f"did not answer in time: {text}"
        case "53100":
            return f"cannot be written: the disk is full ({text})"
        case _:
            return f"cannot be used: {text}"
