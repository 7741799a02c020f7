"""Snapshots: a world as JSON and back. The state file is made of the same records.

A snapshot contains the clock, the seed, the dialects and scenarios, and every account with its money and its tasks. It
contains no credential: an account is found again by its name, a digest of its credential, and its secret is stored as a
salted hash. Journals, faults of requests, uploads and the last minute of a rate limit are not part of it.
"""

from __future__ import annotations

import time
from itertools import islice
from sys import intern
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from soundstage_server.model.account import Account, DoubleSubmission, EarlyEnd, Lengths, Task
from soundstage_server.model.clock import CLOCK_KINDS, LATEST, ClockKind
from soundstage_server.model.dialects import Dialects
from soundstage_server.model.faults import Fault
from soundstage_server.model.ledger import BALANCES
from soundstage_server.model.lifecycle import Fate
from soundstage_server.model.rate_limit import SlidingWindow
from soundstage_server.model.scenarios import ACCOUNT, Scenario, Scenarios

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from soundstage_server.model.clock import Clock
    from soundstage_server.model.faults import Faults
    from soundstage_server.world.vendor_service import VendorService

VERSION: Final = 1
"""The version of these records; another one is refused."""

_FATES: Final = {fate.value: fate for fate in Fate}
_LISTS: Final = ("tasks", "entries", "doubles", "cuts")
_MOST: Final = 1 << 62
_SHOWN: Final = 80
_PIECE: Final = 500


class RecordError(ValueError):
    """A record cannot be read; the message names the place, the value and what is allowed."""


class StateError(Exception):
    """A state file cannot be used; the message names it and the reason. The file was not changed."""


class SavedSettings(NamedTuple):
    """The settings of a world that was read and checked.

    Attributes:
        seed: The world's seed.
        dialects: The dialects.
        scenarios: The scenarios.
        callback_faults: The faults of callbacks.
        faults_given: How many faults the world had been given.
    """

    seed: int
    dialects: Dialects
    scenarios: Scenarios
    callback_faults: list[Fault]
    faults_given: int


class SavedWorld(NamedTuple):
    """A snapshot that was read and checked.

    Attributes:
        settings: The settings.
        kind: The kind of clock.
        speed: The clock's speed.
        now: The world's time when the snapshot was made.
        saved_at: The machine's time at that moment.
        accounts: The accounts, with their tasks.
    """

    settings: SavedSettings
    kind: ClockKind
    speed: float
    now: float
    saved_at: float
    accounts: list[Account]


class Capture:
    """The state of a world at one moment, of which a snapshot is made.

    Made with the world's lock held, which copies each list and no more; JSON is made of it later, without the lock.
    """

    def __init__(self, world: dict[str, Any], accounts: Iterable[Account]) -> None:
        self._world = world
        self._accounts = [_CapturedAccount(account) for account in accounts]

    def as_dict(self) -> dict[str, Any]:
        """Return the snapshot, as a copy: a change of it changes no task."""
        snapshot: dict[str, Any] = orjson.loads(self.as_json())
        return snapshot

    def as_json(self) -> bytes:
        """Return the snapshot as JSON."""
        # In pieces: orjson keeps Python's lock for as long as a call takes, and every other thread waits.
        accounts = []
        for one in self._accounts:
            tasks, pieces = one.tasks(), []
            while piece := list(islice(tasks, _PIECE)):
                pieces.append(orjson.dumps(piece)[1:-1])
            record = orjson.dumps({**one.record, **one.rest})
            accounts.append(b'%b,"tasks":[%b]}' % (record[:-1], b",".join(pieces)))
        return b'%b,"accounts":[%b]}' % (orjson.dumps(document(self._world))[:-1], b",".join(accounts))


class _CapturedAccount:
    def __init__(self, account: Account) -> None:
        self.record = dump_account(account)
        self.rest = dump_items(account, account.dropped._replace(tasks=account.lengths.tasks))
        self._account = account
        self._tasks = tuple(account.tasks)
        self._ended = {early_end.task for early_end in account.early_ends}
        del self.rest["tasks"]

    def tasks(self) -> Iterator[dict[str, Any]]:
        for task in self._tasks:
            yield dump_task(task, self._account.end_before(task, self._ended))


def document(world: dict[str, Any]) -> dict[str, Any]:
    """Return the head of a snapshot."""
    return {"soundstage": "snapshot", "version": VERSION, "world": world}


def dump_world(seed: int, clock: Clock, dialects: Dialects, scenarios: Scenarios, faults: Faults) -> dict[str, Any]:
    """Return the record of a world without its accounts, with the machine's time, from which a real clock runs on."""
    return {
        "seed": str(seed),
        "clock": {"kind": clock.kind, "speed": clock.speed, "now": clock.now(), "at": time.time()},
        "dialects": dialects.chosen(),
        "scenarios": {"given": scenarios.given, "orders": [order.as_dict() for order in scenarios]},
        "callback_faults": _dump_callback_faults(faults),
    }


def _dump_callback_faults(faults: Faults) -> dict[str, Any]:
    # The faults of requests are not saved; without the others, neither is how many there were.
    given = faults.given if faults.callbacks else 0
    return {"given": given, "faults": [fault.as_dict() for fault in faults.callbacks]}


def dump_account(account: Account) -> dict[str, Any]:
    """Return the record of *account* without its lists."""
    money = account.ledger
    return {
        "account": account.name,
        "vendor": account.vendor,
        "seal": account.hashed_secret(),
        "offset": account.offset,
        "at_once": account.at_once,
        "per_minute": None if account.rate_limit is None else account.rate_limit.per_minute,
        "available": money.available,
        "reserved": money.reserved,
        "spent": money.spent,
        "granted": money.granted,
        "dropped": list(account.dropped),
    }


def dump_items(account: Account, since: Lengths | None = None) -> dict[str, list[Any]]:
    """Return the lists of *account*, each from its number in *since*: what was added since the last dump."""
    dropped = account.dropped
    tasks, entries, doubles, cuts = since or dropped
    return {
        "tasks": [dump_task(task) for task in account.tasks[max(0, tasks - dropped.tasks) :]],
        "entries": account.ledger.since(entries),
        "doubles": [list(double) for double in account.double_submissions[max(0, doubles - dropped.doubles) :]],
        "cuts": [list(early_end) for early_end in account.early_ends[max(0, cuts - dropped.cuts) :]],
    }


def group_items(items: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    """Return the lists of an account's record, from items that each come with the name of their list."""
    lists: dict[str, list[Any]] = {name: [] for name in _LISTS}
    for name, item in items:
        lists[name].append(item)
    return lists


def dump_task(task: Task, end: tuple[tuple[float, ...], Fate] | None = None) -> dict[str, Any]:
    """Return the record of *task* for orjson; *end* are its times and its fate, if they are not those of now."""
    changes, fate = end or (task.changes, task.fate)
    return {
        "id": task.id,
        "operation": task.operation,
        "params": task.params,
        "created": task.created,
        "changes": changes,
        "fate": str(fate),  # `value` is slow: an enum looks it up in Python
        "seed": f"{task.seed:x}",
        "price": task.price,
        "base": task.base,
    }


def parse(snapshot: object, services: Mapping[str, VendorService], clock: Clock) -> SavedWorld:
    """Read a snapshot; nothing of the world is changed.

    Args:
        snapshot: What `dump` returned.
        services: The world's vendors by slug.
        clock: The clock that the accounts follow.

    Raises:
        RecordError: *snapshot* is no snapshot, has another version, or does not fit these vendors.
    """
    try:
        return _parse(snapshot, services, clock)
    except RecordError:
        raise
    except Exception as error:  # noqa: BLE001 - values of any type in any place raise anything
        raise RecordError(f"a part of it has another type than it should ({type(error).__name__}: {error})") from None


def _parse(snapshot: object, services: Mapping[str, VendorService], clock: Clock) -> SavedWorld:
    if not isinstance(snapshot, dict) or snapshot.get("soundstage") != "snapshot":
        raise RecordError("a snapshot is a JSON object with 'soundstage': 'snapshot'")
    if snapshot.get("version") != VERSION:
        raise RecordError(f"version must be {VERSION}; got {snapshot.get('version')!r}")
    world = _take(snapshot, "world", dict, "snapshot")
    settings = parse_settings(world, services)
    kind, speed, now, saved_at = _clock(_take(world, "clock", dict, "world"))
    accounts: list[Account] = []
    ids: set[tuple[str, str]] = set()
    for number, one in enumerate(_take(snapshot, "accounts", list, "snapshot")):
        accounts.append(_account(services, clock, one, f"accounts[{number}]", now=now, ids=ids))
    if len({account.name for account in accounts}) != len(accounts):
        raise RecordError("accounts must have a name each; two have the same")
    return SavedWorld(settings, kind, speed, now, saved_at, accounts)


def parse_settings(world: Mapping[str, Any], services: Mapping[str, VendorService]) -> SavedSettings:
    """Return the settings in the record of a world.

    Raises:
        RecordError: The record cannot be read.
    """
    try:
        seed, dialects = int(_take(world, "seed", str, "world")), _dialects(services, world)
        scenarios = _scenarios(_take(world, "scenarios", dict, "world"))
        return SavedSettings(seed, dialects, scenarios, *_callback_faults(world))
    except (TypeError, ValueError) as error:
        raise RecordError(f"world: {error}") from None


def revert_account(account: Account, record: Mapping[str, Any], lengths: Lengths) -> tuple[list[Task], list[Task]]:
    """Put *account* back to an earlier *record* of it, when its lists had these *lengths*.

    Returns:
        The tasks that were dropped, and those whose early end was undone.
    """
    if (account.rate_limit.per_minute if account.rate_limit else None) != record["per_minute"]:
        account.rate_limit = SlidingWindow(record["per_minute"]) if record["per_minute"] else None
    account.at_once, account.offset = record["at_once"], record["offset"]
    balances = (record["available"], record["reserved"], record["spent"])
    account.ledger.revert(*balances, lengths.entries)
    return account.revert(lengths, account.now())


def _clock(record: Mapping[str, Any]) -> tuple[ClockKind, float, float, float]:
    kind, speed = _take(record, "kind", str, "clock"), _time(record, "speed", "clock")
    now, saved_at = _time(record, "now", "clock"), _time(record, "at", "clock")
    if kind not in CLOCK_KINDS or not speed or (kind != "scaled" and speed != 1):
        allowed = ", ".join(CLOCK_KINDS)
        raise RecordError(f"clock must have a kind among {allowed}, and its speed; got {kind!r} and {speed!r}")
    return kind, speed, now, saved_at


def _dialects(services: Mapping[str, VendorService], record: Mapping[str, Any]) -> Dialects:
    chosen = _take(record, "dialects", dict, "world")
    offered = {slug: service.dialects for slug, service in services.items()}
    dialects = Dialects(offered, _take(chosen, "world", dict, "dialects"))
    for account, own in _take(chosen, "accounts", dict, "dialects").items():
        dialects.choose(own, account)
    return dialects


def _scenarios(record: Mapping[str, Any]) -> Scenarios:
    scenarios = Scenarios()
    for number, order in enumerate(_take(record, "orders", list, "scenarios")):
        if not isinstance(order, dict):
            raise RecordError(f"scenarios.orders[{number}] must be an object; got {order!r:.{_SHOWN}}")
        scenarios.restore(Scenario(**order))
    scenarios.given = _whole(record, "given", "scenarios") or 0
    return scenarios


def _callback_faults(record: Mapping[str, Any]) -> tuple[list[Fault], int]:
    """Return the faults of callbacks, and the number of faults; a record of before there were any has none."""
    if "callback_faults" not in record:
        return [], 0
    saved = _take(record, "callback_faults", dict, "world")
    faults = []
    for number, one in enumerate(_take(saved, "faults", list, "callback_faults")):
        fault = Fault(**one) if isinstance(one, dict) else None
        if fault is None or not fault.is_callback:
            raise RecordError(f"callback_faults.faults[{number}] must be a fault of callbacks; got {one!r:.{_SHOWN}}")
        faults.append(fault)
    return faults, _whole(saved, "given", "callback_faults") or 0


def _account(
    services: Mapping[str, VendorService],
    clock: Clock,
    record: Any,
    place: str,
    *,
    now: float,
    ids: set[tuple[str, str]],
) -> Account:
    name, vendor = _take(record, "account", str, place), _take(record, "vendor", str, place)
    if vendor not in services:
        raise RecordError(f"{place}.vendor must be one of {', '.join(services)}; got {vendor!r}")
    if not ACCOUNT.fullmatch(name):
        raise RecordError(f"{place}.account must be 'acct_' and 12 hexadecimal digits; got {name!r}")
    service = services[vendor]
    account = Account(vendor, "", clock, service.unit)
    account.name = name
    account.secret_hash = None if record.get("seal") is None else _take(record, "seal", str, place)
    account.offset = _time(record, "offset", place)
    account.at_once = _whole(record, "at_once", place, optional=True)
    per_minute = _whole(record, "per_minute", place, optional=True)
    account.rate_limit = SlidingWindow(per_minute) if per_minute else None
    account.dropped = _dropped(record, place)
    _restore_ledger(account, record, place)
    account.double_submissions.extend(_double(one, f"{place}.doubles") for one in _take(record, "doubles", list, place))
    tasks = [_task(one, account, service, f"{place}.tasks", ids) for one in _take(record, "tasks", list, place)]
    by_id = {task.id: task for task in tasks}
    for one in record.get("cuts", ()):  # absent from records that are older than early ends
        account.early_ends.append(_early_end(one, f"{place}.cuts", by_id, dropped=bool(account.dropped.tasks)))
    account.restore_tasks(tasks, now + account.offset)
    return account


def _restore_ledger(account: Account, record: Any, place: str) -> None:
    entries = (_entry(one, f"{place}.entries") for one in _take(record, "entries", list, place))
    available, reserved, spent = (_whole(record, name, place) or 0 for name in ("available", "reserved", "spent"))
    account.ledger.restore(available, reserved, spent, entries, account.dropped.entries)
    if account.ledger.granted != _whole(record, "granted", place):
        raise RecordError(f"{place}: available, reserved and spent must add up to what was granted")


def _dropped(record: Any, place: str) -> Lengths:
    """Return how much of each list was dropped; a record of before there was a retention does not contain it."""
    given = record.get("dropped", list(Lengths()))
    if isinstance(given, list) and len(given) == len(Lengths._fields):
        numbers = dict(zip(Lengths._fields, given, strict=True))
        return Lengths(**{name: _whole(numbers, name, f"{place}.dropped") or 0 for name in numbers})
    raise RecordError(f"{place}.dropped must be a list of {len(Lengths._fields)} numbers; got {given!r:.{_SHOWN}}")


def _task(record: Any, account: Account, service: VendorService, place: str, ids: set[tuple[str, str]]) -> Task:
    task_id, operation = _take(record, "id", str, place), _take(record, "operation", str, place)
    if operation not in service.operations:
        allowed = ", ".join(service.operations)
        raise RecordError(f"{place}: operation must be one of {allowed}; got {operation!r}")
    if (account.vendor, task_id) in ids:
        raise RecordError(f"{place}: an id belongs to one task; got {task_id!r} twice")
    ids.add((account.vendor, task_id))
    changes = tuple(_take(record, "changes", list, place))
    stages = len(service.lifecycle(operation).stages)
    if len(changes) != stages or not all(map(_is_time, changes)) or list(changes) != sorted(changes):
        raise RecordError(f"{place}: changes must be {stages} times in seconds; got {changes!r:.{_SHOWN}}")
    fate, seed = record.get("fate"), _take(record, "seed", str, place)
    if not isinstance(fate, str) or fate not in _FATES:
        raise RecordError(f"{place}: fate must be one of {', '.join(_FATES)}; got {fate!r}")
    try:
        number = int(seed, 16)
    except ValueError:
        raise RecordError(f"{place}: seed must be hexadecimal; got {seed!r}") from None
    params, created = _take(record, "params", dict, place), _time(record, "created", place)
    price, base = _whole(record, "price", place) or 0, intern(_take(record, "base", str, place))
    return Task(task_id, account, operation, params, created, changes, _FATES[fate], number, price, base)


def _entry(record: Any, place: str) -> tuple[Any, ...]:
    match record:
        case [at, str(source), str(target), int(amount), str()] if _is_time(at) and 0 <= amount < _MOST:
            if source in BALANCES and target in BALANCES:
                return tuple(record)
    raise RecordError(f"{place} must be lists of time, two balances, an amount and a task; got {record!r:.{_SHOWN}}")


def _double(record: Any, place: str) -> DoubleSubmission:
    match record:
        case [str(first), str(second), str(operation), apart] if _is_time(apart):
            return DoubleSubmission(first, second, operation, apart)
    raise RecordError(f"{place} must be lists of two tasks, an operation and seconds; got {record!r:.{_SHOWN}}")


def _early_end(record: Any, place: str, tasks: Mapping[str, Task], *, dropped: bool) -> EarlyEnd:
    match record:
        # The early end of a task that was dropped may be behind that of one that was not.
        case [str(name), at, str(fate)] if _is_time(at) and fate in _FATES and (dropped or name in tasks):
            early_end = EarlyEnd(name, at, fate)
            if name in tasks:
                early_end.apply(tasks[name])
            return early_end
    raise RecordError(f"{place} must be lists of a task, a time and a fate; got {record!r:.{_SHOWN}}")


def _take(record: Any, name: str, kind: type, place: str) -> Any:
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, kind):
        raise RecordError(f"{place}.{name} must be of JSON's kind of {kind.__name__}; got {value!r:.{_SHOWN}}")
    return value


def _time(record: Any, name: str, place: str) -> float:
    value = record.get(name)
    if not _is_time(value, LATEST):
        raise RecordError(f"{place}.{name} must be a number from 0 to {LATEST:.0f}; got {value!r:.{_SHOWN}}")
    return float(value)


def _is_time(value: object, latest: float = 3 * LATEST) -> bool:
    """Return whether *value* is a number of seconds; an account's time is the sum of two, and a task ends later."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= latest


def _whole(record: Any, name: str, place: str, *, optional: bool = False) -> int | None:
    value = record.get(name)
    if optional and value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MOST:
        raise RecordError(f"{place}.{name} must be a whole number, 0 or more; got {value!r:.{_SHOWN}}")
    return value
