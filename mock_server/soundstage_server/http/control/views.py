"""What the control API and the inspector show of accounts, tasks and money, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soundstage_server.model.account import Account, Task
    from soundstage_server.model.ledger import LedgerEntry
    from soundstage_server.world.world import World


def account_view(account: Account) -> dict[str, Any]:
    """Return an account with its time, tasks, money and double submissions."""
    account.settle(account.now())
    return {
        "account": account.name,
        "vendor": account.vendor,
        "now": account.now(),
        "tasks": len(account.tasks),
        "unfinished": account.unfinished,
        "at_once": account.at_once,
        "unit": account.ledger.unit.name,
        "available": account.ledger.unit.to_units(account.ledger.available),
        "reserved": account.ledger.unit.to_units(account.ledger.reserved),
        "spent": account.ledger.unit.to_units(account.ledger.spent),
        "double_submissions": [double._asdict() for double in account.double_submissions],
    }


def task_view(world: World, task: Task) -> dict[str, Any]:
    """Return a task with its state now."""
    moment = task.state_at(task.account.now(), world.services[task.account.vendor].lifecycle(task.operation))
    return {
        "id": task.id,
        "vendor": task.account.vendor,
        "account": task.account.name,
        "operation": task.operation,
        "state": moment.word,
        "final": moment.final,
        "progress": moment.progress,
        "fate": task.fate,
        "created": task.created,
        "changes": task.changes,
        "price": task.account.ledger.unit.to_units(task.price),
    }


def ledger_view(world: World, account: Account) -> dict[str, Any]:
    """Return the money of an account in whole units, with every movement."""
    with world.lock:
        account.settle(account.now())
        money = account.ledger
        return {
            "unit": money.unit.name,
            "available": money.unit.to_units(money.available),
            "reserved": money.unit.to_units(money.reserved),
            "spent": money.unit.to_units(money.spent),
            "granted": money.unit.to_units(money.granted),
            "entries": [movement_view(account, entry) for entry in money.entries],
        }


def movement_view(account: Account, entry: LedgerEntry) -> dict[str, Any]:
    """Return one movement of an account's money, in whole units."""
    return {**entry._asdict(), "amount": account.ledger.unit.to_units(entry.amount)}
