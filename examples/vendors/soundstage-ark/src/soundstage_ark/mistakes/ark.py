"""Mistakes in Ark's client and simulator that its contracts must catch, as functions; `ark.toml` has the other ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from soundstage_ark import client, simulator
from soundstage_contracts.mutation.mutations import Mutations
from soundstage_server.vendor_kit import Fate, Identity, Lifecycle, bearer_token

if TYPE_CHECKING:
    import pytest

MUTATIONS = Mutations("ark")


@MUTATIONS.in_simulator
def video_before_its_time(patch: pytest.MonkeyPatch) -> None:
    """A task is running from the beginning."""
    times = Lifecycle(simulator.TIMES.stages[1:], simulator.TIMES.ends)
    patch.setattr(simulator, "TIMES", times)
    patch.setattr(simulator.ArkService, "times", times)


@MUTATIONS.in_simulator("auth.bearer")
def no_key(patch: pytest.MonkeyPatch) -> None:
    """A call without a key is accepted."""

    def identify(_: simulator.ArkService, credentials: tuple[bytes | None, ...]) -> Identity:
        return Identity(bearer_token(credentials[0]) or "anyone")

    patch.setattr(simulator.ArkService, "identify", identify)


@MUTATIONS.in_simulator("block")
def blocked_is_failed(patch: pytest.MonkeyPatch) -> None:
    """A refused video fails as any other task."""
    right = simulator.ArkService._shown  # noqa: SLF001 - a mistake in what is private

    def shown(self: simulator.ArkService, task: Any, now: float) -> dict[str, Any]:
        data = right(self, task, now)
        return {**data, "error": {"code": "Other", "message": "failed"}} if task.fate is Fate.BLOCK else data

    patch.setattr(simulator.ArkService, "_shown", shown)


@MUTATIONS.in_client("block")
def sensitive_is_a_failure(patch: pytest.MonkeyPatch) -> None:
    """Refused content is any refusal, and any failure."""
    patch.setattr(client, "SENSITIVE", "no such code")
