"""Veo's part of the contracts: what its method takes, how its operations end, and what the demonstration shows.

Documents: the page and the script of the proxy at api.thucchien.ai, ai.google.dev/gemini-api/docs/video, google-genai
2.34.0 and litellm 1.109.1, read and run in November 2026; carried as the facts ``veo:...``.
"""

from __future__ import annotations

from typing import Final

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
    film_arguments,
    price_of,
)
from soundstage_contracts.vendors.veo.capabilities import BROKEN, Broken, broken_body
from soundstage_contracts.vendors.veo.live import LIVE
from soundstage_contracts.vendors.veo.raw_client import CREATE, RawClient, refusal_of_google, refusal_of_proxy

__all__ = [
    "BROKEN",
    "CONTRACT",
    "CREATE",
    "DEMO",
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
    "film_arguments",
    "headers",
    "price_of",
    "refusal_of_google",
    "refusal_of_proxy",
]

DEMO: Final = (
    DemoCall("generate_videos", {"prompt": "A lighthouse at dusk, waves breaking below"}),
    DemoCall(
        "generate_videos",
        {"prompt": "Rain on a neon street", "model": "veo-3.1-fast-generate-preview", "aspect_ratio": "9:16"},
    ),
    DemoCall(
        "generate_videos",
        {"prompt": "Two foxes at play", "model": "veo-2.0-generate-001", "sample_count": 2, "duration_seconds": 5},
    ),
)

CONTRACT: Final = VendorContract(
    slug="veo",
    client=Veo,
    async_client=AsyncVeo,
    credentials=credentials,
    headers=headers,
    operations={"generate_videos": film_arguments()},
    ends=dict.fromkeys(("fail", "block", "timeout", "cancel"), JobState.FAILED),
    keeps=2 * 24 * 3600.0,  # download.retention
    live=LIVE,
)


class VeoMachine(JobMachine):
    """The state machine of every job vendor, playing Veo."""

    contract = CONTRACT
