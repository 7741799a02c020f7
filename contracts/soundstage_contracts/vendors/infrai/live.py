"""Live calls to Infrai: no price is documented, no balance can be read, and a job can be canceled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from soundstage import errors
from soundstage_contracts.declarations.live import LiveCall, LivePlan
from soundstage_contracts.outcomes import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage import Job


def _read_unknown_job(client: Any, _: Mapping[str, str]) -> object:
    return client.job("vid_00000000000000000000000000").refresh()


def _start_video(client: Any, _: Mapping[str, str]) -> Job:
    job: Job = client.generate("A candle is blown out", duration_seconds=1, prefer="cheapest")
    return job


def _submit_twice(client: Any, _: Mapping[str, str]) -> Job:
    arguments = {"duration_seconds": 1, "prefer": "cheapest", "idempotency_key": str(uuid4())}
    first, second = (client.generate("A candle is blown out", **arguments) for _ in range(2))
    require(first.id == second.id, f"one key was two jobs, {first.id} and {second.id}: cancel both")
    job: Job = second
    return job


LIVE: Final = LivePlan(
    unit="USD",
    calls=(
        LiveCall(
            name="unknown-job",
            about="read a job that does not exist",
            tier="free",
            call=_read_unknown_job,
            facts=("routes.base", "auth.bearer", "envelope", "errors.envelope"),
            refused=errors.NotFoundError,
        ),
        LiveCall(
            name="cancel",
            about="start a video and cancel it at once",
            tier="cancel",
            call=_start_video,
            facts=("generate.route", "generate.params", "cancel.route", "job.states"),
            price=None,
        ),
        LiveCall(
            name="same-key",
            about="request one video twice with one key, which is one job, and cancel it",
            tier="cancel",
            call=_submit_twice,
            facts=("idempotency.same", "job.id", "cancel.route"),
            price=None,
        ),
        LiveCall(
            name="video",
            about="make the cheapest video of 1 second and download it",
            tier="generation",
            call=_start_video,
            facts=("generate.route", "generate.params", "status.route", "job.shape", "job.states"),
            price=None,
        ),
    ),
)
