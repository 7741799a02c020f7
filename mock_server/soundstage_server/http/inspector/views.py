"""What the inspector shows, as JSON: the overview, the list of tasks, one task with everything that belongs to it."""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from soundstage_server.http.control.views import account_view, movement_view
from soundstage_server.kit import results
from soundstage_server.media import media_type
from soundstage_server.model.account import EXTRA
from soundstage_server.model.journal import cut_strings
from soundstage_server.model.journal.redaction import redact_body
from soundstage_server.model.lifecycle import Fate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.model.account import Task
    from soundstage_server.world.world import World

MAX_SCANNED: Final = 50_000
"""How many of the newest tasks a search looks at: one of a million would keep the world locked for seconds."""

_LONGEST_PROMPT: Final = 300
_SHOWN_ACCOUNTS: Final = 200
_SHOWN_DOUBLES: Final = 100
_SHOWN_REQUESTS: Final = 100


class TaskFilter(NamedTuple):
    """Which tasks to list: None matches all.

    Attributes:
        vendor: The vendor's slug.
        account: The account's name.
        state: The group of states (`group_of`).
        text: Text in the id, the prompt, the operation, the state or the account, in any case.
    """

    vendor: str | None = None
    account: str | None = None
    state: str | None = None
    text: str | None = None

    def matches(self, row: dict[str, Any]) -> bool:
        """Return whether the task of *row* is listed."""
        exact = {"vendor": self.vendor, "account": self.account, "group": self.state}
        if any(wanted is not None and row[name] != wanted for name, wanted in exact.items()):
            return False
        searched = ("id", "prompt", "operation", "state", "account", "vendor")
        return self.text is None or any(self.text.casefold() in str(row[name]).casefold() for name in searched)


def overview(world: World) -> dict[str, Any]:
    """Return the clock, the vendors, the newest accounts with their money, the bill, the orders and the faults."""
    with world.lock:
        accounts = list(world.accounts())
        for account in accounts:
            account.settle(account.now())
        spent: dict[str, float] = {}
        for account in accounts:
            unit = account.ledger.unit
            spent[unit.name] = spent.get(unit.name, 0) + unit.to_units(account.ledger.spent)
        doubles = [
            {"account": account.name, "vendor": account.vendor, **double._asdict()}
            for account in accounts
            for double in account.double_submissions
        ]
        return {
            "clock": {"kind": world.clock.kind, "speed": world.clock.speed, "now": world.clock.now()},
            "seed": world.seed,
            "vendors": [{"slug": slug, "title": service.title} for slug, service in world.services.items()],
            "accounts": [account_view(account) for account in accounts[-_SHOWN_ACCOUNTS:][::-1]],
            "account_count": len(accounts),
            "task_count": sum(len(account.tasks) for account in accounts),
            "bill": {unit: amount for unit, amount in sorted(spent.items()) if amount},
            "double_submissions": doubles[-_SHOWN_DOUBLES:],
            "double_count": len(doubles),
            "orders": [order.as_dict() for order in world.scenarios],
            "faults": [fault.as_dict() for fault in world.faults],
        }


def task_list(world: World, wanted: TaskFilter, offset: int, limit: int) -> dict[str, Any]:
    """Return the newest tasks that *wanted* matches, and whether there are more."""
    with world.lock:
        rows = (_row(world, task) for task in islice(_newest(world), MAX_SCANNED))
        # One more than is shown, which answers whether there are more.
        found = list(islice((row for row in rows if wanted.matches(row)), offset, offset + limit + 1))
    return {"tasks": found[:limit], "more": len(found) > limit}


def find_task(world: World, vendor: str, task_id: str) -> Task | None:
    """Return the task *task_id* of *vendor*, or None if there is none."""
    service = world.services.get(vendor)
    return None if service is None else service.tasks.get(task_id)


def task_detail(world: World, task: Task) -> dict[str, Any]:
    """Return a task with its parameters, files, states, money, requests and callbacks; secrets are redacted."""
    with world.lock:
        account, service = task.account, world.services[task.account.vendor]
        account.settle(account.now())
        row = _row(world, task)
        return {
            **row,
            "seed": f"{task.seed:016x}",
            "params": _redacted({name: value for name, value in task.params.items() if name != EXTRA}),
            "reason": service.reason(task) if row["final"] and task.fate is not Fate.SUCCEED else None,
            "states": _states(world, task),
            "files": _files(world, task) if row["group"] == "succeeded" else [],
            "money": [movement_view(account, entry) for entry in account.ledger.entries if entry.task == task.id],
            "requests": _requests(task),
            "callbacks": [
                {**attempt._asdict(), "body": redact_body(attempt.body)}
                for attempt in world.callbacks(account)
                if attempt.task == task.id
            ],
            "waiting_callbacks": [
                {"due": pending.due, "attempt": pending.attempt, "fault": pending.fault}
                for pending in world.callback_dispatcher.pending(account)
                if pending.task is task
            ],
        }


def group_of(task: Task, now: float) -> str:
    """Return the group of a task's state: ``waiting``, ``running``, ``succeeded``, or how the task failed."""
    if now >= task.ends:
        return "succeeded" if task.fate is Fate.SUCCEED else task.fate.value
    return "waiting" if len(task.changes) > 1 and now < task.changes[0] else "running"


def _newest(world: World) -> Iterator[Task]:
    """Iterate over all tasks, newest first, without sorting them: a world may have a million."""
    # By the world's time, since each account's time has an offset of its own.
    newest_first = [reversed(account.tasks) for account in world.accounts()]
    return merge(*newest_first, key=lambda task: task.created - task.account.offset, reverse=True)


def _row(world: World, task: Task) -> dict[str, Any]:
    service = world.services[task.account.vendor]
    now = task.account.now()
    state = task.state_at(now, service.lifecycle(task.operation))
    unit = task.account.ledger.unit
    return {
        "id": task.id,
        "vendor": task.account.vendor,
        "account": task.account.name,
        "operation": task.operation,
        "prompt": service.text_of(task.params)[:_LONGEST_PROMPT],
        "state": str(state.word),
        "group": group_of(task, now),
        "final": state.final,
        "progress": state.progress,
        "fate": task.fate.value,
        "price": unit.to_units(task.price),
        "unit": unit.name,
        "created": task.created,
        "ends": task.ends,
        "now": now,
    }


def _states(world: World, task: Task) -> list[dict[str, Any]]:
    """Return the states of *task* in order, those to come included."""
    lifecycle = world.services[task.account.vendor].lifecycle(task.operation)
    words = [*(stage.word for stage in lifecycle.stages), lifecycle.final_word(task.fate)]
    begins = [task.created, *task.changes]
    # A task that ended early has skipped stages: they begin and end at the same time.
    return [
        {"state": str(word), "at": at}
        for index, (word, at) in enumerate(zip(words, begins, strict=True))
        if index == len(words) - 1 or begins[index + 1] > at
    ]


def _files(world: World, task: Task) -> list[dict[str, Any]]:
    """Return the addresses of the files of *task*, relative to the simulator that shows the page."""
    service = world.services[task.account.vendor]
    files = []
    for index, medium in enumerate(service.outputs(task)):
        # The base is the one of the create call, which may be the vendor's real host, or an address of a container.
        address = results.sign_url(task, index, medium, world, redirected=True).removeprefix(task.base)
        files.append({"url": f"/{task.account.vendor}{address}", "type": media_type(medium)})
    return files


def _requests(task: Task) -> list[dict[str, Any]]:
    """Return the newest exchanges that name *task* in path, body or response."""
    name = task.id.encode()
    found = [
        entry
        for entry in task.account.journal
        if task.id in entry.path or name in entry.response or name in entry.body or name in entry.query
    ]
    return [entry.redacted() for entry in found[-_SHOWN_REQUESTS:]]


def _redacted(params: dict[str, Any]) -> Any:
    return orjson.loads(redact_body(orjson.dumps(cut_strings(params)).decode()))
