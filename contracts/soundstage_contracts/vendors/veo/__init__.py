"""Veo's declaration to the contracts: credentials, arguments, endings, and the demonstration's calls.

Documents: the page and the script of the proxy at api.thucchien.ai, ai.google.dev/gemini-api/docs/video, google-genai
2.34.0 and litellm 1.109.1, read and run in November 2026; recorded as the facts ``veo:...``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from soundstage import AsyncVeo, JobState, Veo
from soundstage_contracts.declarations.vendor import DemoCall, VendorContract
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.vendors.veo.access import credentials, headers
from soundstage_contracts.vendors.veo.arguments import (
    GOOGLE,
    JPEG,
    MODELS,
    NAMES,
    PNG,
    PRICES,
    RATIOS,
    RESOLUTIONS,
    bodies,
    body_of,
    price_of,
    video_arguments,
)
from soundstage_contracts.vendors.veo.capabilities import BROKEN, Broken, broken_body
from soundstage_contracts.vendors.veo.live import LIVE
from soundstage_contracts.vendors.veo.raw_client import CREATE, PROXY, RawClient, refusal_of_google, refusal_of_proxy

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BROKEN",
    "CONTRACT",
    "CREATE",
    "DEMO",
    "DIRECT_CONTRACT",
    "GOOGLE",
    "JPEG",
    "MODELS",
    "NAMES",
    "PNG",
    "PRICES",
    "RATIOS",
    "RESOLUTIONS",
    "Broken",
    "RawClient",
    "VeoMachine",
    "bodies",
    "body_of",
    "broken_body",
    "credentials",
    "headers",
    "price_of",
    "refusal_of_google",
    "refusal_of_proxy",
    "video_arguments",
]

DEMO: Final = (
    DemoCall("generate_videos", {"prompt": "A lighthouse at dusk, waves breaking below"}),
    DemoCall(
        "generate_videos",
        {"prompt": "Rain on a neon street", "model": "veo-3.1-fast-generate-preview", "aspect_ratio": "9:16"},
    ),
    DemoCall(
        "generate_videos",
        {"prompt": "Two foxes in the snow", "model": "veo-2.0-generate-001", "sample_count": 2, "duration_seconds": 5},
    ),
)


def _direct_options(base_url: str) -> Mapping[str, Any]:
    """Return the client's options that leave the proxy out of its address."""
    return {"base_url": base_url.removesuffix(PROXY)}


CONTRACT: Final = VendorContract(
    slug="veo",
    client=Veo,
    async_client=AsyncVeo,
    credentials=credentials,
    headers=headers,
    operations={"generate_videos": video_arguments()},
    wire_names={"generate_videos": MODELS},
    ends=dict.fromkeys(("fail", "block", "timeout", "cancel"), JobState.FAILED),
    keeps=2 * 24 * 3600.0,  # download.retention
    live=LIVE,
)
"""Veo through the proxy."""

DIRECT_CONTRACT: Final = replace(CONTRACT, options=_direct_options)
"""Veo without the proxy, at Google's address."""


class VeoMachine(JobMachine):
    """The shared state machine of job vendors, for Veo."""

    contract = CONTRACT
