"""Media.io's part of the contracts: what its methods take, how its jobs end, and what `soundstage demo` shows.

Documents: the skill ``mediaio-aigc-generate`` and the API's pages bundled with it, for openapi.media.io, read in
November 2026; carried as the facts ``mediaio:...``.
"""

from __future__ import annotations

from typing import Final

from soundstage import AsyncMediaIO, JobState, MediaIO
from soundstage_contracts.declarations.vendor import DemoCall, VendorContract
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.vendors.mediaio.access import credentials, headers
from soundstage_contracts.vendors.mediaio.arguments import ENDPOINTS, arguments, method_of
from soundstage_contracts.vendors.mediaio.live import LIVE

__all__ = ["CONTRACT", "DEMO", "STATUS_WORDS", "MediaIOMachine", "credentials", "headers"]

STATUS_WORDS: Final = {
    "waiting": JobState.QUEUED,
    "pending": JobState.QUEUED,
    "processing": JobState.RUNNING,
    "completed": JobState.SUCCEEDED,
    "succeeded": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
    "timeout": JobState.EXPIRED,
}
"""Both vocabularies (status.vocabulary)."""

_IMAGE: Final = "https://example.com/fox.png"  # a simulator trusts addresses of files that were not uploaded to it

DEMO: Final = (
    DemoCall("imagen_4", {"prompt": "A red fox, four times", "counts": 4, "ratio": "1:1"}),
    DemoCall(
        "nano_banana_pro",
        {"prompt": "The fox on a wide plain", "images": [_IMAGE], "ratio": "21:9", "resolution": "2K"},
    ),
    DemoCall("kling_2_5_turbo", {"prompt": "The fox looks up", "image": _IMAGE, "resolution": "1080P"}),
    DemoCall("vidu_q3_text_to_video", {"prompt": "Rain on a tin roof", "duration": 4, "generate_audio": True}),
    DemoCall("google_veo_3_1_fast", {"prompt": "Steps in the snow", "image": _IMAGE, "generate_audio": False}),
    DemoCall(
        "motion_control_kling_2_6",
        {"video": "https://example.com/dance.mp4", "image": _IMAGE, "prompt": "The fox dances"},
    ),
)

CONTRACT: Final = VendorContract(
    slug="mediaio",
    client=MediaIO,
    async_client=AsyncMediaIO,
    credentials=credentials,
    headers=headers,
    operations={method_of(endpoint): arguments(endpoint) for endpoint in ENDPOINTS},
    wire_names={method_of(endpoint): (endpoint.code,) for endpoint in ENDPOINTS},
    ends={
        "fail": JobState.FAILED,
        "block": JobState.FAILED,
        "timeout": JobState.EXPIRED,
        "cancel": JobState.FAILED,  # there is no word for it (status.vocabulary)
    },
    live=LIVE,
)


class MediaIOMachine(JobMachine):
    """The state machine of every job vendor, for Media.io."""

    contract = CONTRACT
