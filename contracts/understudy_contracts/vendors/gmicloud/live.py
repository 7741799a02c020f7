"""What is asked of GMI Cloud itself: prices vary by model and are read from the list, and nothing can be cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from understudy import errors
from understudy_contracts._live import LiveCall, LivePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from understudy import Job


def _list_the_models(client: Any, _: Mapping[str, str]) -> object:
    return client.models()


def _read_nobodys_request(client: Any, _: Mapping[str, str]) -> object:
    return client.job("00000000-0000-4000-8000-000000000000").refresh()


def _make_the_shortest_film(client: Any, _: Mapping[str, str]) -> Job:
    job: Job = client.text_to_video("A candle is blown out", video_length=1)
    return job


LIVE: Final = LivePlan(
    unit="USD",
    calls=(
        LiveCall(
            name="models",
            about="list the models",
            rung="free",
            call=_list_the_models,
            facts=("models.list", "models.detail", "answers.json"),
        ),
        LiveCall(
            name="unknown-request",
            about="read a request that nobody has made",
            rung="free",
            call=_read_nobodys_request,
            facts=("errors.unknown", "errors.body"),
            refused=errors.NotFoundError,
        ),
        LiveCall(
            name="film",
            about="make a film of 1 second with the text-to-video model and download it",
            rung="generation",
            call=_make_the_shortest_film,
            facts=("requests.create", "requests.payload", "requests.detail", "status.values", "outcome.shape"),
            price=None,
        ),
    ),
)
