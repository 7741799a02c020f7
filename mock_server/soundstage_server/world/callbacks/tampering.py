"""Tampered callbacks: what someone between vendor and receiver could make of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from soundstage_server.model.account import Task
from soundstage_server.model.lifecycle import Fate

if TYPE_CHECKING:
    from soundstage_server.world.vendor_service import VendorService

TAMPERED_HOST: Final = "https://tampered.invalid"
"""Where the files of a tampered callback are: a name that can never be a real host (RFC 6761)."""


def tampered_body(service: VendorService, task: Task) -> bytes:
    """Return the body of a callback that claims the success of *task*, with files of another host."""
    claimed = Task(
        task.id, task.account, task.operation, task.params, task.created, task.changes, Fate.SUCCEED, task.seed,
        task.price, f"{TAMPERED_HOST}/{service.slug}",
    )  # fmt: skip
    state = claimed.state_at(claimed.ends, service.lifecycle(claimed.operation))
    return orjson.dumps(service.callback_body(claimed, state))
