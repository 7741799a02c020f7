"""What is asked of Veo itself: a proxy has prices of its own, nothing can be cancelled, and no balance can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstage import errors
from soundstage_contracts.declarations.live import LiveCall, LivePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage import Job


def _read_nobodys_operation(client: Any, _: Mapping[str, str]) -> object:
    return client.job("models/veo-3.0-generate-preview/operations/000000000000").refresh()


def _make_the_shortest_film(client: Any, _: Mapping[str, str]) -> Job:
    job: Job = client.generate_videos(
        "A candle is blown out", model="veo-3.1-fast-generate-preview", duration_seconds=4, resolution="720p"
    )
    return job


LIVE: Final = LivePlan(
    calls=(
        LiveCall(
            name="unknown-operation",
            about="read an operation that nobody has",
            tier="free",
            call=_read_nobodys_operation,
            facts=("auth.header", "poll.route", "errors.google"),
            refused=errors.NotFoundError,
        ),
        LiveCall(
            name="film",
            about="make a film of 4 seconds and download it",
            tier="generation",
            call=_make_the_shortest_film,
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
