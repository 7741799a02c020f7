"""Live calls to Cloudsway: no price is documented, no job can be canceled, and no balance can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstage import errors
from soundstage_contracts.declarations.live import LiveCall, LivePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage import Job

_EXAMPLE_IMAGE: Final = "https://example.com/fox.png"  # a simulator does not fetch it; a live run needs a real one


def _read_unknown_task(client: Any, _: Mapping[str, str]) -> object:
    return client.job("100000000000000000", "text_to_video").refresh()


def _list_videos(client: Any, _: Mapping[str, str]) -> object:
    return client.list_jobs("text_to_video", page_size=1)


def _make_shortest_video(client: Any, _: Mapping[str, str]) -> Job:
    job: Job = client.text_to_video("A candle is blown out")
    return job


def _animate_image(client: Any, inputs: Mapping[str, str]) -> Job:
    job: Job = client.image_to_video(inputs["image"])
    return job


LIVE: Final = LivePlan(
    calls=(
        LiveCall(
            name="unknown-task",
            about="read a task that does not exist",
            tier="free",
            call=_read_unknown_task,
            facts=("auth.bearer", "routes", "envelope", "errors.which"),
            refused=errors.NotFoundError,
        ),
        LiveCall(
            name="list",
            about="list the account's videos from texts, one per page",
            tier="free",
            call=_list_videos,
            facts=("routes.list", "envelope"),
        ),
        LiveCall(
            name="video",
            about="make a video of 5 seconds from a text and download it",
            tier="generation",
            call=_make_shortest_video,
            facts=("routes", "create.answer", "get.answer", "status.values", "text2video.params"),
            price=None,
        ),
        LiveCall(
            name="image-video",
            about="make a video of 5 seconds from an image and download it",
            tier="generation",
            call=_animate_image,
            facts=("routes", "create.answer", "get.answer", "status.values", "image2video.params"),
            price=None,
            needs=("image",),
        ),
    ),
    examples={"image": _EXAMPLE_IMAGE},
)
