"""Media.io's facts as data: the profile, the routes, both vocabularies of states, and the codes.

Source: the skill ``mediaio-aigc-generate`` and the pages of the API's endpoints; facts are cited by id.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from soundstage import errors
from soundstage._values.policies import PollPolicy
from soundstage._values.profile import VendorProfile
from soundstage._values.state import JobState
from soundstage.vendors.mediaio.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE = VendorProfile(
    slug="mediaio",
    name="Media.io",
    base_url="https://openapi.media.io",
    base_url_variable="MEDIAIO_BASE_URL",
    credentials=MappingProxyType({"api_key": "MEDIAIO_API_KEY"}),
    poll=PollPolicy(first=5.0, timeout=1800.0, outage=600.0),  # polling.interval
    unit="credits",
    lookup="compare credits() with an earlier value; the service documents no list of jobs",  # credits.route
    api_names=MappingProxyType({endpoint.name: method for method, endpoint in ENDPOINTS.items()}),  # names.unique
)
CREDITS_ROUTE = "/user/credits"  # credits.route
RESULT_ROUTE = "/generation/result/"  # result.route

# status.vocabulary
STATES: Mapping[str, JobState] = MappingProxyType(
    {
        "waiting": JobState.QUEUED,
        "pending": JobState.QUEUED,
        "processing": JobState.RUNNING,
        "completed": JobState.SUCCEEDED,
        "succeeded": JobState.SUCCEEDED,
        "failed": JobState.FAILED,
        "timeout": JobState.EXPIRED,
    }
)
# errors.unauthenticated, errors.task_not_found, errors.invalid_parameter, errors.too_many, errors.credits
REFUSALS: Mapping[int, type[errors.ApiError]] = MappingProxyType(
    {
        374004: errors.AuthenticationError,
        40001: errors.AuthenticationError,
        40002: errors.AuthenticationError,
        40003: errors.NotFoundError,
        490000: errors.BadRequestError,
        490429: errors.ConcurrencyLimitError,
        490505: errors.InsufficientCreditsError,
    }
)
URL_MEMBERS = ("preview", "url")
"""Members of a result with its address, the documented one first; `val` is a path in the vendor's own store."""
