"""Live calls of Veo: a proxy has its own prices, no job can be canceled, and no balance can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstage import errors
from soundstage_contracts.declarations.live import LiveCall, LivePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage import Job


def _read_unknown_operation(client: Any, _: Mapping[str, str]) -> object:
    return client.job("models/veo-3.0-generate-preview/operations/000000000000").refresh()


def _make_shortest_video(client: Any, _: Mapping[str, str]) -> Job:
    job: Job = client.generate_videos(
        "A candle is blown out", model="veo-3.1-fast-generate-preview", duration_seconds=4, resolution="720p"
    )
    return job


LIVE: Final = LivePlan(
    calls=(
        LiveCall(
            name="unknown-operation",
            about="poll an operation that does not exist",
            tier="free",
            call=_read_unknown_operation,
            facts=("auth.header", "poll.route", "errors.google"),
            refused=errors.NotFoundError,
        ),
        LiveCall(
            name="video",
            about="make a video of 4 seconds and download it",
            tier="generation",
            call=_make_shortest_video,
            facts=(
                "create.route",
                "create.parameters",
                "poll.done",
                "result.uri",
                "download.through_proxy",
                "operation.name",
            ),
            price=None,
        ),
    ),
    unit="USD",
)
