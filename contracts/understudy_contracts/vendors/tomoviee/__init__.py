"""Tomoviee's part of the contracts: what its methods take, how its jobs end, and what the demonstration shows.

Documents: the vendor's Tomoviee skills and API pages, and tomoviee.ai/doc, read in November 2026; carried as the facts
``tomoviee:...``.
"""

from __future__ import annotations

from typing import Final

from understudy import AsyncTomoviee, JobState, Tomoviee
from understudy_contracts._machine import JobMachine
from understudy_contracts._vendor import DemoCall, VendorContract
from understudy_contracts.vendors.tomoviee.access import SECRET, credentials, headers
from understudy_contracts.vendors.tomoviee.arguments import (
    RATIOS,
    RESOLUTIONS,
    SIZES,
    broken_text_to_video,
    common_arguments,
    text_to_video,
    text_to_video_body,
)

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

CREATE: Final = "/v1/open/capacity/application/"
RESULT: Final = "/v1/open/pub/task"

STATUS_WORDS: Final = {
    1: JobState.QUEUED,
    2: JobState.RUNNING,
    3: JobState.SUCCEEDED,
    4: JobState.FAILED,
    5: JobState.CANCELED,
    6: JobState.EXPIRED,
}

DEMO: Final = (
    DemoCall("text_to_video", {"prompt": "A red fox trots through fresh snow at dawn"}),
    DemoCall("text_to_video", {"prompt": "Rain on a neon street, seen from above", "aspect_ratio": "9:16"}),
    DemoCall(
        "text_to_video",
        {"prompt": "A lighthouse in a storm", "resolution": "1080p", "aspect_ratio": "16:9", "camera_move": 21},
    ),
    DemoCall("text_to_video", {"prompt": "Tea leaves unfold in a glass pot", "aspect_ratio": "1:1"}),
)

CONTRACT: Final = VendorContract(
    slug="tomoviee",
    client=Tomoviee,
    async_client=AsyncTomoviee,
    credentials=credentials,
    headers=headers,
    operations={"text_to_video": text_to_video()},
    ends={
        "fail": JobState.FAILED,
        "block": JobState.FAILED,
        "timeout": JobState.EXPIRED,
        "cancel": JobState.CANCELED,
    },
)


class TomovieeMachine(JobMachine):
    """The state machine of every job vendor, playing Tomoviee."""

    contract = CONTRACT
