"""Live calls to Tomoviee: no price is documented, no job can be canceled, and no balance can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstage import errors
from soundstage_contracts.declarations.live import LiveCall, LivePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage import Job


def _read_unknown_task(client: Any, _: Mapping[str, str]) -> object:
    return client.job("tm_text2sfx-0-202001010000000000000000").refresh()


def _make_the_shortest_sound(client: Any, _: Mapping[str, str]) -> Job:
    job: Job = client.text_to_sound_effect("A single knock on a wooden door", duration=5)
    return job


LIVE: Final = LivePlan(
    calls=(
        LiveCall(
            name="unknown-task",
            about="read a task that does not exist",
            tier="free",
            call=_read_unknown_task,
            facts=("gateway.hosts", "auth.headers", "poll.route", "poll.unknown_task", "errors.codes"),
            refused=errors.NotFoundError,
        ),
        LiveCall(
            name="sound-effect",
            about="make a sound effect of 5 seconds and download it",
            tier="generation",
            call=_make_the_shortest_sound,
            facts=(
                "create.route",
                "create.answer",
                "poll.answer",
                "poll.result_is_string",
                "text2sfx.params",
                "task.id",
            ),
            price=None,
        ),
    ),
)
