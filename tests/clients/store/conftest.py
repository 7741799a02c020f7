"""Fixtures of the tests of job stores: stores, records and processes that end."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from soundstage import JobRecord, Origin, PostgresJobStore, SQLiteJobStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ORIGIN = Origin("infrai", "https://service.example", "account")


@dataclass
class StoreKit:
    """Makes stores of one database and records; a store stands for a process."""

    make: Callable[..., Any]
    path: Path
    dsn: str = ""
    stores: list[Any] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    origin = ORIGIN

    def store(self, **options: Any) -> Any:
        """Return another store of the same database, which counts as another process."""
        made = self.make(**{"keep": None, **options})  # the records of tests are of 1970
        self.stores.append(made)
        return made

    def record(self, **fields: Any) -> JobRecord:
        """Return a record that differs from all others in its id."""
        number = next(self._numbers)
        values: dict[str, Any] = {
            "id": f"record-{number}",
            "origin": ORIGIN,
            "operation": "generate",
            "request_hash": f"request-{number}",
            "match_hash": f"match-{number}",
            "created": float(number),
            "updated": float(number),
        }
        return JobRecord(**{**values, **fields})


@pytest.fixture
def store_kit(tmp_path: Path) -> Iterator[StoreKit]:
    """A kit with an SQLite file of its own."""
    path = tmp_path / "jobs.db"
    made = StoreKit(lambda **options: SQLiteJobStore(path, **options), path)
    yield made
    for store in made.stores:
        store.close()


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """The address of a real server that lasts for the session."""
    if find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed: the extra postgres has it")
    spec = spec_from_file_location("cluster", Path(__file__).with_name("cluster.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    programs = module.binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed: the Debian package postgresql has one")
    yield from module.cluster(programs)


_SCHEMAS = itertools.count()


@pytest.fixture
def postgres_kit(postgres_dsn: str, tmp_path: Path) -> Iterator[StoreKit]:
    """A kit with a schema of its own in a real PostgreSQL server."""
    import psycopg

    schema = f"test_{next(_SCHEMAS)}"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    dsn = f"{postgres_dsn}?options=-csearch_path%3D{schema}"
    made = StoreKit(lambda **options: PostgresJobStore(dsn, **options), tmp_path, dsn)
    yield made
    for store in made.stores:
        store.close()


@pytest.fixture(params=["store_kit", "postgres_kit"])
def any_kit(request: pytest.FixtureRequest) -> StoreKit:
    """A kit of each kind of store."""
    kit: StoreKit = request.getfixturevalue(request.param)
    return kit
