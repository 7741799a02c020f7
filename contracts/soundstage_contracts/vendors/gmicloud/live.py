"""Live calls of GMI Cloud, on the face for which the environment has credentials; no job can be canceled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstage import errors
from soundstage_contracts.declarations.live import LiveCall, LivePlan
from soundstage_contracts.outcomes import require
from soundstage_contracts.vendors.gmicloud.arguments import TEXT_MODEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage import Job


def _list_models(client: Any, _: Mapping[str, str]) -> None:
    require(TEXT_MODEL in [model.id for model in client.models()], f"{TEXT_MODEL} is not among the models")


def _describe_model(client: Any, _: Mapping[str, str]) -> None:
    model = client.model(TEXT_MODEL)
    require(model.id == TEXT_MODEL and bool(model.parameters), f"{TEXT_MODEL} is described as {model}")
    require(model.price is not None, f"{TEXT_MODEL} has no price that is a whole number")


def _read_unknown_request(client: Any, _: Mapping[str, str]) -> object:
    return client.job("00000000-0000-4000-8000-000000000000").refresh()


def _make_shortest_video(client: Any, _: Mapping[str, str]) -> Job:
    job: Job = client.text_to_video("A candle is blown out", video_length=1)
    return job


LIVE: Final = LivePlan(
    calls=(
        LiveCall(
            name="models",
            about="list the models",
            tier="free",
            call=_list_models,
            facts=("models.known", "answers.json"),
        ),
        LiveCall(
            name="model",
            about="describe a model, with its parameters and its price",
            tier="free",
            call=_describe_model,
            facts=("models.detail", "models.parameter", "price.integer"),
        ),
        LiveCall(
            name="unknown-request",
            about="poll a request that does not exist",
            tier="free",
            call=_read_unknown_request,
            facts=("errors.unknown", "errors.body"),
            refused=errors.NotFoundError,
        ),
        LiveCall(
            name="video",
            about="make a video of 1 second and download it",
            tier="generation",
            call=_make_shortest_video,
            facts=("requests.create", "requests.detail", "status.values", "outcome.shape", "accepted.status"),
            price=None,
        ),
    ),
    unit="USD",
)
