"""GMI Cloud's facts as data: the profile, the faces, the words for states, and the bounds of payloads.

Source: the vendor's guide, its package gmicloud 0.1.10 and docs.gmicloud.ai; facts are cited by id.
"""

from __future__ import annotations

import re
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from soundstage._values.policies import PollPolicy
from soundstage._values.profile import VendorProfile
from soundstage._values.state import JobState

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE = VendorProfile(
    slug="gmicloud",
    name="GMI Cloud",
    base_url="https://console.gmicloud.ai/api/v1",
    base_url_variable="GMI_CLOUD_BASE_URL",
    credentials=MappingProxyType(  # credentials.env, credentials.key
        {"email": "GMI_CLOUD_EMAIL", "password": "GMI_CLOUD_PASSWORD", "api_key": "GMI_API_KEY"}
    ),
    poll=PollPolicy(first=5.0, factor=1.25, ceiling=10.0, timeout=1800.0, outage=600.0),  # polling.interval
    unit="USD",
    lookup="requests(model) of a client with email and password lists the organization's requests",  # requests.list
)
QUEUE_ROUTE = "/ie/requestqueue"
KEYED_QUEUE_ROUTE = "/ie/requestqueue/apikey"  # apikey.face
AUTH_TOKENS_ROUTE = "/me/auth-tokens"  # login.tokens
SESSIONS_ROUTE = "/me/sessions"  # login.session, login.refresh
PROFILE_ROUTE = "/me/profile"  # login.profile
CLIENT_HEADERS: Mapping[str, str] = MappingProxyType({"CE-ClientId": "gmisdk"})  # headers
OTP_ATTEMPTS = 3  # login.two_factor

TEXT_MODEL = "Wan-AI_Wan2.1-T2V-14B"  # models.known
IMAGE_MODEL = "Image-to-Video-Model"

# status.values
STATES: Mapping[str, JobState] = MappingProxyType(
    {
        "created": JobState.QUEUED,
        "queued": JobState.QUEUED,
        "dispatched": JobState.QUEUED,
        "processing": JobState.RUNNING,
        "success": JobState.SUCCEEDED,
        "failed": JobState.FAILED,
        "cancelled": JobState.CANCELED,
    }
)
CONTENT_POLICY = re.compile(r"\b(polic(y|ies)|safety)\b", re.IGNORECASE)  # apikey.errors, block

# Bounds of payloads (requests.payload), both ends allowed.
TEXT_CFG_SCALE = (0, 20)
IMAGE_CFG_SCALE = (0, 1)
MAX_IMAGE_BYTES = 20_000_000  # bytes; not documented

# price.unit: US dollars of a unit, and the words for what a price is for.
PRICE_UNITS: Mapping[str, Decimal] = MappingProxyType(
    {
        **dict.fromkeys(("cent", "cents", "usd cent"), Decimal("0.01")),
        **dict.fromkeys(("usd", "dollar", "dollars", "$"), Decimal(1)),
    }
)
PER_SECOND = frozenset({"per_second", "second", "per second"})
PER_REQUEST = frozenset({"per_request", "request", "per request", "per_video", "per_generation"})
DURATION_MEMBERS = ("video_length", "duration")
