"""What is asked of Media.io itself: its balance can be read, no price is documented, and nothing can be cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstage import errors
from soundstage_contracts.declarations.live import LiveCall, LivePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage import Job


def _read_the_balance(client: Any, _: Mapping[str, str]) -> object:
    return client.credits()


def _read_unknown_task(client: Any, _: Mapping[str, str]) -> object:
    return client.job("00000000-0000-4000-a000-000000000000").refresh()


def _make_one_picture(client: Any, _: Mapping[str, str]) -> Job:
    job: Job = client.imagen_4("A single red kite over a grey sea", counts=1, ratio="1:1")
    return job


LIVE: Final = LivePlan(
    calls=(
        LiveCall(
            name="balance",
            about="read the balance",
            tier="free",
            call=_read_the_balance,
            facts=("auth.header", "method.post", "envelope", "credits.route"),
        ),
        LiveCall(
            name="unknown-task",
            about="read a task that does not exist",
            tier="free",
            call=_read_unknown_task,
            facts=("errors.task_not_found", "envelope", "ids"),
            refused=errors.NotFoundError,
        ),
        LiveCall(
            name="picture",
            about="make one picture with Imagen 4 and download it",
            tier="generation",
            call=_make_one_picture,
            facts=(
                "request.wrapper",
                "values.are_strings",
                "create.answer",
                "result.route",
                "status.vocabulary",
                "result.shape",
                "endpoint.t2i-imagen-4.prompt",
                "endpoint.t2i-imagen-4.ratio",
                "endpoint.t2i-imagen-4.counts",
            ),
            price=None,
        ),
    ),
    balance=lambda client: float(client.credits()),
)
