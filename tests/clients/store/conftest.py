"""Fixtures of the tests of job stores: stores, records and processes that end."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from soundstage import JobRecord, Origin, SQLiteJobStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORIGIN = Origin("infrai", "https://service.example", "account")


@dataclass
class StoreKit:
    """Makes stores of one file and records; a store stands for a process."""

    path: Path
    stores: list[SQLiteJobStore] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    origin = ORIGIN

    def store(self, **options: Any) -> SQLiteJobStore:
        """Return another store of the same file, which counts as another process."""
        made = SQLiteJobStore(self.path, **options)
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
    """A kit with a file of its own."""
    made = StoreKit(tmp_path / "jobs.db")
    yield made
    for store in made.stores:
        store.close()
