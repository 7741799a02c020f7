"""What every job store promises, shown for SQLite and for a real PostgreSQL server."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

from soundstage import Ceiling, CeilingReached, JobStore, Origin, RecordState


def test_record_is_read_as_it_was_written(any_kit: Any) -> None:
    """Every field comes back, from another process too, whatever characters it has."""
    odd = "\\u00e9 \0 é \ud800 '; DROP TABLE soundstage_jobs; -- ? %s"
    record = any_kit.record(
        summary=odd, idempotency_key=odd, external_id=odd, job_id=odd, reason=odd, state=RecordState.RUNNING
    )
    first = any_kit.store()
    first.add(record)
    (found,) = any_kit.store().records()
    assert found == record.changed(owner=first._owner)
    assert any_kit.store().get(record.id) == found


def test_store_has_the_interface(any_kit: Any) -> None:
    """Both stores are what a client takes."""
    assert isinstance(any_kit.store(), JobStore)


def test_equal_request_within_the_time_is_found(any_kit: Any) -> None:
    """Of equal requests one is added; those of other accounts, that failed, or from before do not count."""
    store = any_kit.store()
    other = Origin("infrai", "https://service.example", "other account")
    for change in ({"origin": other}, {"operation": "other"}, {"state": RecordState.FAILED}, {"created": -1.0}):
        store.add(any_kit.record(match_hash="equal", **change))
    first = any_kit.record(match_hash="equal")
    assert store.add(first, 0.0) is None
    found = any_kit.store().add(any_kit.record(match_hash="equal"), 0.0)
    assert found is not None
    assert found.id == first.id
    assert len(store.records()) == 5


def test_known_job_is_found_before_an_unknown_outcome(any_kit: Any) -> None:
    """Where several equal requests exist the newest one with a job is the one to use."""
    store = any_kit.store()
    for job in (None, "old", "new", None):
        store.add(any_kit.record(match_hash="equal", job_id=job))
    assert store.add(any_kit.record(match_hash="equal"), 0.0).job_id == "new"


def test_many_equal_requests_at_once_are_one(any_kit: Any) -> None:
    """Check and addition are one step, for threads of a process and for processes."""
    stores = [any_kit.store() for _ in range(3)] * 2
    records = [any_kit.record(match_hash="equal", created=1.0) for _ in stores]
    found = [None] * len(stores)

    def add(place: int) -> None:
        found[place] = stores[place].add(records[place], 0.0)

    run_at_once(add, len(stores))
    assert found.count(None) == 1
    assert len(stores[0].records()) == 1


def test_claimed_record_has_one_owner(any_kit: Any) -> None:
    """Of processes that recover at the same time each record goes to one."""
    ended = any_kit.store()
    for _ in range(8):
        ended.add(any_kit.record())
    ended.close()
    stores = [any_kit.store() for _ in range(4)]
    claimed: list[str] = []
    run_at_once(lambda place: claimed.extend(one.id for one in stores[place].claim(any_kit.origin)), len(stores))
    assert sorted(claimed) == sorted(record.id for record in stores[0].records())


def test_claim_takes_what_is_open(any_kit: Any) -> None:
    """Saved and failed jobs, other accounts and live processes are left alone; order is that of time."""
    ended, live, claiming = (any_kit.store() for _ in range(3))
    live.add(any_kit.record(id="alive"))
    ended.add(any_kit.record(id="elsewhere", origin=Origin("infrai", "https://other.example", "account")))
    for state in reversed(RecordState):
        ended.add(any_kit.record(id=state.value, state=state))
    ended.close()
    claimed = claiming.claim(any_kit.origin)
    assert [one.id for one in claimed] == ["succeeded", "running", "unknown", "sending"]
    assert {one.owner for one in claimed} == {claiming._owner}


def test_released_record_is_claimed_by_any_process(any_kit: Any) -> None:
    """What an interrupted call leaves can be recovered by the same process, which still runs."""
    store = any_kit.store()
    record = any_kit.record()
    store.add(record)
    store.update(record.changed(state=RecordState.UNKNOWN), release=True)
    assert [one.id for one in store.claim(any_kit.origin)] == [record.id]


def test_job_has_one_record(any_kit: Any) -> None:
    """A job that a repeated key returns replaces the unknown outcome of that key, and an older record of the job."""
    store = any_kit.store()
    for fields in (
        {"id": "unknown", "idempotency_key": "key"},
        {"id": "named", "external_id": "name"},
        {"id": "same job", "job_id": "job"},
        {"id": "other key", "idempotency_key": "other"},
        {"id": "other job of the key", "idempotency_key": "key", "job_id": "other"},
    ):
        store.add(any_kit.record(**fields))
    started = any_kit.record(id="started", idempotency_key="key", external_id="name", job_id="job")
    store.update(started)
    assert {record.id for record in store.records()} == {"started", "other key", "other job of the key"}


def test_saved_job_stays_saved(any_kit: Any) -> None:
    """A poll after the files were saved does not make the job one that is left over."""
    store = any_kit.store()
    store.add(any_kit.record(job_id="job"))
    for state, expected in (("succeeded", "succeeded"), ("saved", "saved"), ("succeeded", "saved")):
        store.end(any_kit.origin, "job", RecordState(state))
        assert [record.state.value for record in store.records()] == [expected]


def test_removed_record_is_gone(any_kit: Any) -> None:
    """Removing needs no such record."""
    store = any_kit.store()
    store.add(any_kit.record(id="one"))
    for _ in range(2):
        store.remove("one")
    assert (store.records(), store.get("one")) == ([], None)


def test_spending_is_summed_by_scope_and_time(any_kit: Any) -> None:
    """A reservation counts until it is settled, for all processes, from its time on."""
    store = any_kit.store()
    first = store.reserve("a", Decimal("0.1"), 10.0)
    store.reserve("a", Decimal("0.2"), 20.0)
    store.reserve("b", Decimal(5), 20.0)
    other = any_kit.store()
    spent = (other.spent("a"), other.spent("a", 15.0), other.spent("c"))
    assert spent == (Decimal("0.3"), Decimal("0.2"), Decimal(0))
    other.settle(first, Decimal("0.05"))
    assert store.spent("a") == Decimal("0.25")
    store.settle(first, Decimal(0))
    assert other.spent("a") == Decimal("0.2")


def test_ceiling_is_never_exceeded(any_kit: Any) -> None:
    """Of many reservations at once as many succeed as fit; ten tenths are a whole."""
    stores = [any_kit.store() for _ in range(3)]
    refused: list[Decimal] = []
    ceilings = [Ceiling("total", Decimal(100)), Ceiling("per_day", Decimal(1), 0.5)]

    def reserve(place: int) -> None:
        try:
            stores[place % 3].reserve("a", Decimal("0.1"), 1.0, ceilings)
        except CeilingReached as reached:
            refused.append(reached.spent)

    run_at_once(reserve, 15)
    assert len(refused) == 5
    assert stores[0].spent("a") == 1
    assert all(spent == 1 for spent in refused)


def test_closed_store_opens_again(any_kit: Any) -> None:
    """A store is opened when it is needed; closing twice does nothing."""
    with any_kit.store() as store:
        store.add(any_kit.record())
    store.close()
    assert len(store.records()) == 1


def run_at_once(call: Any, count: int) -> None:
    """Run `call(0)` to `call(count - 1)` in threads that start together."""
    together = threading.Barrier(count)
    failures: list[BaseException] = []

    def run(place: int) -> None:
        together.wait()
        try:
            call(place)
        except BaseException as error:  # noqa: BLE001 - reported below
            failures.append(error)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
