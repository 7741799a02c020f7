"""A trial of restored tasks, before they replace others: can their vendors index them and make their results?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstage_server.model.lifecycle import Fate
from soundstage_server.world.snapshot import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from soundstage_server.model.account import Account, Task
    from soundstage_server.world.vendor_service import VendorService


def check_tasks(services: Mapping[str, VendorService], accounts: Iterable[Account]) -> None:
    """Try every task of *accounts* with its vendor in *services*, which are used for nothing else.

    Raises:
        RecordError: A task has parameters that its vendor would not have stored.
    """
    for account in accounts:
        for task in account.tasks:
            try:
                _try(services[account.vendor], task)
            except Exception as error:  # noqa: BLE001 - parameters of any shape raise anything
                reason = f"{type(error).__name__}: {error}"
                raise RecordError(
                    f"{account.name}: task {task.id!r} has parameters that do not fit ({reason})"
                ) from None


def _try(service: VendorService, task: Task) -> None:
    service.index_task(task)
    state = task.state_at(task.ends, service.lifecycle(task.operation))
    if task.fate is Fate.SUCCEED:
        for medium in service.outputs(task):
            hash(medium)
    plan = service.callback_plan
    if plan is None or plan.field not in task.params:
        return
    if not isinstance(task.params[plan.field], str):
        raise TypeError(f"{plan.field} must be a URL; got {task.params[plan.field]!r:.80}")
    service.callback_body(task, state)
