"""How much memory and disk a world uses, and the limits of both; cheap enough for a probe every few seconds."""

from __future__ import annotations

from itertools import islice
from math import isinf
from typing import TYPE_CHECKING, Any, Final

import orjson

from soundstage_server.model.journal import WORLD_BYTES

if TYPE_CHECKING:
    from soundstage_server.model.account import Account, Task
    from soundstage_server.world.world import World

_SAMPLE: Final = 64
_ACCOUNT_BYTES: Final = 2_500
_TASK_BYTES: Final = 600
_MOVEMENT_BYTES: Final = 150


def usage(world: World) -> dict[str, dict[str, Any]]:
    """Return counts, bytes and limits; the bytes of tasks and accounts are estimated from a sample."""
    with world.lock:
        accounts = list(world.accounts())
        kept = world.retention.kept
        retention = {"retention_seconds": None if isinf(kept) else kept}
        callbacks = world.callback_dispatcher
        return {
            "tasks": {**_tasks(world), **retention},
            "accounts": {**_estimate(len(accounts), [_account_bytes(one) for one in accounts[-_SAMPLE:]]), **retention},
            "journals": {
                "bytes": world.anonymous_journal.bytes + sum(account.journal.bytes for account in accounts),
                "max_bytes": WORLD_BYTES,
            },
            "uploads": world.uploads.usage(),
            "media": world.media_cache.usage(),
            "callbacks": {"waiting": callbacks.waiting, "under_way": callbacks.under_way},
        }


def _tasks(world: World) -> dict[str, int]:
    count, sample = 0, []
    for service in world.services.values():
        count += len(service.tasks)
        sample += [_task_bytes(task) for task in islice(service.tasks.values(), _SAMPLE)]
    return _estimate(count, sample)


def _estimate(count: int, sample: list[int]) -> dict[str, int]:
    return {"count": count, "bytes": count * sum(sample) // len(sample) if sample else 0}


def _task_bytes(task: Task) -> int:
    return _TASK_BYTES + 2 * len(orjson.dumps(task.params))


def _account_bytes(account: Account) -> int:
    return _ACCOUNT_BYTES + _MOVEMENT_BYTES * (account.ledger.movements - account.ledger.dropped)
