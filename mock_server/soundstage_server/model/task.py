"""The record of one task: small, since a simulator may hold a million of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage_server.model.account import Account
    from soundstage_server.model.lifecycle import Fate, Lifecycle, TaskState


EXTRA: Final = "_"
"""The member of a task's params under which a vendor keeps what is no parameter, such as an idempotency key."""


def fingerprint(operation: str, params: Mapping[str, Any]) -> int:
    """Return a number that two equal submissions have in common, within one process; what is kept aside is no part."""
    if EXTRA in params:
        params = {name: value for name, value in params.items() if name != EXTRA}
    return hash((operation, orjson.dumps(params)))


class Task:
    """What was asked for, by whom, when, and how it is going to end.

    Attributes:
        id: The vendor's name for the task.
        account: Who pays for it.
        operation: The vendor's capability.
        params: The request's parameters, defaults filled in.
        created: The account's time at its creation.
        changes: When it leaves each stage of its lifecycle; the last is its end.
        fate: How it ends.
        seed: 64 bits that everything random about it is drawn from.
        price: What it costs, in the smallest parts of the account's unit.
        base: Where its result URLs live.
    """

    __slots__ = ("account", "base", "changes", "created", "fate", "id", "operation", "params", "price", "seed")

    def __init__(  # noqa: PLR0917 - a record has this many fields, and is made on the hot path
        self,
        task_id: str,
        account: Account,
        operation: str,
        params: dict[str, Any],
        created: float,
        changes: tuple[float, ...],
        fate: Fate,
        seed: int,
        price: int,
        base: str,
    ) -> None:
        self.id = task_id
        self.account = account
        self.operation = operation
        self.params = params
        self.created = created
        self.changes = changes
        self.fate = fate
        self.seed = seed
        self.price = price
        self.base = base

    @property
    def ends(self) -> float:
        """When the task reaches its final state."""
        return self.changes[-1]

    def state_at(self, now: float, lifecycle: Lifecycle) -> TaskState:
        """Return what the task is at the account's time *now*."""
        return lifecycle.state_at(now, self.created, self.changes, self.fate, self.seed)
