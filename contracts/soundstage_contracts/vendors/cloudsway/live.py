"""Live calls to Cloudsway: no price is documented, no job can be canceled, and no balance can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstage import errors
from soundstage_contracts.declarations.live import LiveCall, LivePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage import Job

_NOBODYS_IMAGE: Final = "https://example.com/fox.png"  # a simulator takes it on trust; a live run needs one of its own


def _read_nobodys_task(client: Any, _: Mapping[str, str]) -> object:
    return client.job("100000000000000000", "text_to_video").refresh()


def _list_the_films(client: Any, _: Mapping[str, str]) -> object:
    return client.list_jobs("text_to_video", page_size=1)


def _make_the_shortest_film(client: Any, _: Mapping[str, str]) -> Job:
    job: Job = client.text_to_video("A candle is blown out")
    return job


def _set_an_image_in_motion(client: Any, inputs: Mapping[str, str]) -> Job:
    job: Job = client.image_to_video(inputs["image"])
    return job


LIVE: Final = LivePlan(
    calls=(
        LiveCall(
            name="unknown-task",
            about="read a task that does not exist",
            tier="free",
            call=_read_nobodys_task,
            facts=("auth.bearer", "routes", "envelope", "errors.which"),
            refused=errors.NotFoundError,
        ),
        LiveCall(
            name="list",
            about="list the account's videos from texts, one per page",
            tier="free",
            call=_list_the_films,
            facts=("routes.list", "envelope"),
        ),
        LiveCall(
            name="film",
            about="make a video of 5 seconds from a text and download it",
            tier="generation",
            call=_make_the_shortest_film,
            facts=("routes", "create.answer", "get.answer", "status.values", "text2video.params"),
            price=None,
        ),
        LiveCall(
            name="image-film",
            about="make a video of 5 seconds from an image and download it",
            tier="generation",
            call=_set_an_image_in_motion,
            facts=("routes", "create.answer", "get.answer", "status.values", "image2video.params"),
            price=None,
            needs=("image",),
        ),
    ),
    examples={"image": _NOBODYS_IMAGE},
)
