"""Tomoviee's part of the contracts: what its methods take, how its jobs end, and what `soundstage demo` shows.

Documents: the vendor's Tomoviee skills and API pages, and tomoviee.ai/doc, read in November 2026; carried as the facts
``tomoviee:...``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from soundstage import AsyncTomoviee, JobState, Tomoviee
from soundstage_contracts.declarations.vendor import DemoCall, VendorContract
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.vendors.tomoviee.access import SECRET, credentials, headers
from soundstage_contracts.vendors.tomoviee.arguments import (
    RATIOS,
    RESOLUTIONS,
    SIZES,
    broken_text_to_video,
    common_arguments,
    text_to_video,
    text_to_video_body,
)
from soundstage_contracts.vendors.tomoviee.capabilities import CAPABILITIES, arguments, bodies
from soundstage_contracts.vendors.tomoviee.live import LIVE
from soundstage_contracts.vendors.tomoviee.raw_client import CREATE, RESULT, TEXT_TO_VIDEO

__all__ = [
    "CONTRACT",
    "CREATE",
    "DEMO",
    "RATIOS",
    "RESOLUTIONS",
    "RESULT",
    "SECRET",
    "SIZES",
    "STATUS_WORDS",
    "TomovieeMachine",
    "broken_text_to_video",
    "common_arguments",
    "credentials",
    "headers",
    "text_to_video",
    "text_to_video_body",
]

STATUS_WORDS: Final = {
    1: JobState.QUEUED,
    2: JobState.RUNNING,
    3: JobState.SUCCEEDED,
    4: JobState.FAILED,
    5: JobState.CANCELED,
    6: JobState.EXPIRED,
}

_IMAGE = "https://example.com/fox.png"  # a simulator trusts addresses of files that were not uploaded to it

DEMO: Final = (
    DemoCall("text_to_video", {"prompt": "A red fox trots through fresh snow at dawn"}),
    DemoCall("text_to_video", {"prompt": "Rain on a neon street, seen from above", "aspect_ratio": "9:16"}),
    DemoCall(
        "image_to_video",
        {"prompt": "The fox looks up", "image": _IMAGE, "resolution": "1080p", "camera_move": 21},
    ),
    DemoCall(
        "first_last_frame",
        {"prompt": "Day becomes night", "image": _IMAGE, "image_tail": _IMAGE, "aspect_ratio": "1:1"},
    ),
    DemoCall("video_continuation", {"prompt": "The fox goes home", "video": "https://example.com/fox.mp4"}),
    DemoCall(
        "image_to_image",
        {"prompt": "水墨狐狸", "reference_image": _IMAGE, "width": 1024, "height": 768, "batch_size": 2},
    ),
    DemoCall("redrawing", {"prompt": "A wolf instead of the fox", "init_image": _IMAGE}),
    DemoCall("recognition", {"image": _IMAGE, "prompt": "the fox"}),
    DemoCall("text_to_music", {"prompt": "Slow piano, snow falling", "duration": 20, "qty": 1}),
    DemoCall("text_to_sound_effect", {"prompt": "Footsteps in snow", "duration": 5}),
    DemoCall("text_to_speech", {"text": "The fox trots over the snow, and then it is gone."}),
    DemoCall("video_soundtrack", {"video": "https://example.com/fox.mp4", "duration": 30}),
)

CONTRACT: Final = VendorContract(
    slug="tomoviee",
    client=Tomoviee,
    async_client=AsyncTomoviee,
    credentials=credentials,
    headers=headers,
    wire_names={
        "text_to_video": (TEXT_TO_VIDEO.removeprefix(CREATE),),
        **{capability.method: (capability.name,) for capability in CAPABILITIES},
    },
    operations={
        "text_to_video": text_to_video(),
        **{each.method: bodies(each).map(partial(arguments, each)) for each in CAPABILITIES},
    },
    texts={"text_to_speech": "text"},
    callback="callback",
    ends={
        "fail": JobState.FAILED,
        "block": JobState.FAILED,
        "timeout": JobState.EXPIRED,
        "cancel": JobState.CANCELED,
    },
    live=LIVE,
)


class TomovieeMachine(JobMachine):
    """The state machine of every job vendor, for Tomoviee."""

    contract = CONTRACT
