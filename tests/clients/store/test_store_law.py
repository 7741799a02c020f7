"""The law of a job store: any sequence of calls by several processes gives what a list in memory gives."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from soundstage import JobRecord, Origin, RecordState, SQLiteJobStore
from soundstage._values.spending import Ceiling, CeilingReached

ORIGIN = Origin("infrai", "https://service.example", "account")
PROCESSES = st.integers(0, 2)
NAMES = st.sampled_from(["a", "b"])
STATES = st.sampled_from(RecordState)


class StoreMachine(RuleBasedStateMachine):
    """Three processes with one database, and what it must contain."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.stores = [SQLiteJobStore(Path(self.folder.name) / "jobs.db", keep=None) for _ in range(3)]
        self.expected: dict[str, JobRecord] = {}
        self.owners: dict[str, int | None] = {}
        self.amounts: dict[str, Decimal] = {}
        self.count = 0

    def teardown(self) -> None:
        """Close everything."""
        for store in self.stores:
            store.close()
        self.folder.cleanup()

    @rule(process=PROCESSES, call=NAMES, key=st.none() | NAMES, reuse=st.booleans())
    def add(self, process: int, call: str, key: str | None, *, reuse: bool) -> None:
        """An equal request that did not fail is returned where that is wanted; else the record is added."""
        self.count += 1
        record = JobRecord(
            id=f"{self.count}",
            origin=ORIGIN,
            operation="generate",
            request_hash=call,
            match_hash=call,
            idempotency_key=key,
            created=float(self.count),
        )
        equal = [
            one for one in self.expected.values() if one.match_hash == call and one.state is not RecordState.FAILED
        ]
        best = max(equal, key=lambda one: (one.job_id is not None, one.created), default=None)
        found = self.stores[process].add(record, 0.0 if reuse else None)
        if reuse and best is not None:
            assert found is not None
            assert found.id == best.id
            return
        assert found is None
        self.expected[record.id], self.owners[record.id] = record, process

    @rule(process=PROCESSES, job=NAMES, state=STATES, release=st.booleans(), data=st.data())
    def update(self, process: int, job: str, state: RecordState, data: Any, *, release: bool) -> None:
        """The job has one record then, and its key no unresolved one."""
        if not self.expected:
            return
        record = data.draw(st.sampled_from(list(self.expected.values()))).changed(job_id=job, state=state)
        self.stores[process].update(record, release=release)
        for other in list(self.expected.values()):
            unresolved = other.job_id is None and other.idempotency_key == record.idempotency_key is not None
            if other.job_id == job or unresolved:
                del self.expected[other.id]
        self.expected[record.id], self.owners[record.id] = record, None if release else process

    @rule(process=PROCESSES, job=NAMES, state=STATES)
    def end(self, process: int, job: str, state: RecordState) -> None:
        """Only a saved job stays saved when it is seen to have succeeded."""
        self.stores[process].end(ORIGIN, job, state)
        for one in list(self.expected.values()):
            kept = one.state is RecordState.SAVED and state is RecordState.SUCCEEDED
            if one.job_id == job and not kept:
                self.expected[one.id] = one.changed(state=state)

    @rule(process=PROCESSES)
    def stop(self, process: int) -> None:
        """A process ends."""
        self.stores[process].close()
        self.owners = {one: None if owner == process else owner for one, owner in self.owners.items()}

    @rule(process=PROCESSES, own=st.booleans())
    def claim(self, process: int, *, own: bool) -> None:
        """The open records of ended processes belong to the one that claims them."""
        orphans = {one for one, owner in self.owners.items() if owner is None}
        mine = {one for one, owner in self.owners.items() if own and owner == process}
        still_open = [one.id for one in self.expected.values() if one.state.open and one.id in orphans | mine]
        claimed = self.stores[process].claim(ORIGIN, own=own)
        assert [one.id for one in claimed] == sorted(still_open, key=int)
        self.owners |= dict.fromkeys(still_open, process)

    @rule(process=PROCESSES, data=st.data())
    def remove(self, process: int, data: Any) -> None:
        """A removed record is gone."""
        if self.expected:
            record_id = data.draw(st.sampled_from(list(self.expected)))
            self.stores[process].remove(record_id)
            del self.expected[record_id]

    @rule(process=PROCESSES, amount=st.decimals(0, 3, places=2), settled=st.none() | st.decimals(0, 3, places=2))
    def spend(self, process: int, amount: Decimal, settled: Decimal | None) -> None:
        """The sum never exceeds the ceiling by a reservation."""
        spent = sum(self.amounts.values(), Decimal(0))
        ceilings = [Ceiling("total", Decimal(5))]
        if spent + amount > 5:
            with pytest.raises(CeilingReached):
                self.stores[process].reserve("a", amount, 0.0, ceilings)
            return
        reservation = self.stores[process].reserve("a", amount, 0.0, ceilings)
        if settled is not None:
            self.stores[process].settle(reservation, settled)
        self.amounts[reservation] = amount if settled is None else settled

    @invariant()
    def contents(self) -> None:
        """Every process reads the same, and no more than is expected."""
        self.owners = {one: owner for one, owner in self.owners.items() if one in self.expected}
        found = {one.id: (one.state, one.job_id) for one in self.stores[self.count % 3].records()}
        assert found == {one.id: (one.state, one.job_id) for one in self.expected.values()}
        assert self.stores[self.count % 3].spent("a") == sum(self.amounts.values())


def test_store_is_a_list_that_processes_share() -> None:
    """Any sequence of calls by three processes gives what a list in memory gives."""
    run_state_machine_as_test(StoreMachine, settings=settings(stateful_step_count=20))
