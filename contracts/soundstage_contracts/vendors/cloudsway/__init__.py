"""Cloudsway's part of the contracts: what its methods take, how its jobs end, and what `soundstage demo` shows.

Documents: docs.cloudsway.net/maasapi/api-reference/video/kl and .../errorcode, and Kling's own API pages, read in
November 2026; carried as the facts ``cloudsway:...``.
"""

from __future__ import annotations

from typing import Final

from soundstage import AsyncCloudsway, CameraControl, Cloudsway, DynamicMask, JobState
from soundstage_contracts.declarations.vendor import DemoCall, VendorContract
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.vendors.cloudsway.access import credentials, headers
from soundstage_contracts.vendors.cloudsway.arguments import image_to_video, text_to_video
from soundstage_contracts.vendors.cloudsway.live import LIVE
from soundstage_contracts.vendors.cloudsway.pictures import png
from soundstage_contracts.vendors.cloudsway.raw_client import SLOTS

__all__ = ["CONTRACT", "DEMO", "CloudswayMachine", "credentials", "headers"]

RETENTION: Final = 30 * 24 * 3600.0  # result.retention, in seconds
_IMAGE: Final = "https://example.com/fox.png"  # a simulator trusts addresses of files that were not uploaded to it

DEMO: Final = (
    DemoCall("text_to_video", {"prompt": "A red fox trots through fresh snow at dawn"}),
    DemoCall(
        "text_to_video",
        {"prompt": "Rain on a neon street", "aspect_ratio": "9:16", "camera_control": CameraControl(type="down_back")},
    ),
    DemoCall(
        "text_to_video",
        {"prompt": "Waves, and gulls above them", "model_name": "kling-v2-6", "mode": "pro", "sound": "on"},
    ),
    DemoCall("image_to_video", {"image": _IMAGE, "prompt": "The fox looks up"}),
    DemoCall(
        "image_to_video",
        {"image": _IMAGE, "image_tail": png(640, 360), "prompt": "Night", "model_name": "kling-v2-1", "mode": "pro"},
    ),
    DemoCall(
        "image_to_video",
        {"image": png(600, 600), "dynamic_masks": [DynamicMask(png(600, 600), [(10, 10), (300, 200), (590, 590)])]},
    ),
)  # fmt: skip

CONTRACT: Final = VendorContract(
    slug="cloudsway",
    client=Cloudsway,
    async_client=AsyncCloudsway,
    credentials=credentials,
    headers=headers,
    operations={"text_to_video": text_to_video(), "image_to_video": image_to_video()},
    wire_names={"text_to_video": ("text2video",), "image_to_video": ("image2video",)},
    callback="callback_url",
    reports_changes=True,
    ends=dict.fromkeys(("fail", "timeout", "cancel", "block_later"), JobState.FAILED),
    refuses_blocked=True,
    finds=True,
    at_once=SLOTS,
    live=LIVE,
    keeps=RETENTION,
)


class CloudswayMachine(JobMachine):
    """The state machine of every job vendor, for Cloudsway."""

    contract = CONTRACT
