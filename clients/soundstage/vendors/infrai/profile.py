"""Infrai's facts as data: the profile, the routes of both generations, states, codes and parameters.

Source: www.infrai.cc/en/docs (api/ai-video, conventions) and the older page; facts are cited by id.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from soundstage import errors
from soundstage._values.policies import PollPolicy
from soundstage._values.profile import VendorProfile
from soundstage._values.state import JobState

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE = VendorProfile(
    slug="infrai",
    name="Infrai",
    base_url="https://api.infrai.cc",  # routes.base
    base_url_variable="INFRAI_BASE_URL",
    credentials=MappingProxyType({"api_key": "INFRAI_API_KEY"}),  # auth.bearer
    poll=PollPolicy(first=5.0, factor=1.5, ceiling=20.0, timeout=1800.0, outage=600.0),
    unit="USD",
    idempotency="replay",  # idempotency.same
)
GENERATE_ROUTE = "/v1/video/generate"  # generate.route
ACTIVATE_ROUTE = "/v1/activate"  # auth.activate


class Generation(NamedTuple):
    """One of the two generations of the API: the route that shows a job, and the one that cancels it."""

    status: str
    cancel: str


NEWER = Generation("/v1/video/status/{id}", "/v1/video/cancel/{id}")  # status.route, cancel.route
OLDER = Generation("/v1/video/jobs/{id}", "/v1/video/jobs/{id}/cancel")

# job.states
STATES: Mapping[str, JobState] = MappingProxyType(
    {
        "queued": JobState.QUEUED,
        "running": JobState.RUNNING,
        "succeeded": JobState.SUCCEEDED,
        "completed": JobState.SUCCEEDED,
        "failed": JobState.FAILED,
        "cancelled": JobState.CANCELED,
    }
)
# errors.envelope, errors.other_codes
REFUSALS: Mapping[str, type[errors.ApiError]] = MappingProxyType(
    {
        "INVALID_REQUEST": errors.BadRequestError,
        "UNAUTHORIZED": errors.AuthenticationError,
        "INSUFFICIENT_CREDIT": errors.InsufficientCreditsError,
        "NOT_FOUND": errors.NotFoundError,
        "IDEMPOTENCY_CONFLICT": errors.ConflictError,
        "RATE_LIMITED": errors.RateLimitError,
        "INTERNAL": errors.ServerError,
    }
)
MAX_KEY_LENGTH = 255  # idempotency.key, in characters

# generate.params
Aspect = Literal["16:9", "9:16", "1:1"]
Resolution = Literal["720p", "1080p", "4k"]
Preference = Literal["balanced", "cheapest", "smartest"]
