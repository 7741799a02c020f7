"""Veo's facts as data: the profile, the models and their families, the values of each parameter, the refusals.

Source: ai.google.dev/gemini-api/docs/video, and the proxy's page and script; facts are cited by id.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from soundstage import errors
from soundstage._values.policies import PollPolicy
from soundstage._values.profile import VendorProfile

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE = VendorProfile(
    slug="veo",
    name="Veo",
    base_url="https://api.thucchien.ai/gemini",  # create.route
    base_url_variable="LITELLM_BASE_URL",  # env
    credentials=MappingProxyType({"api_key": "LITELLM_API_KEY"}),  # env
    poll=PollPolicy(first=10.0, factor=1.2, ceiling=30.0, timeout=600.0, outage=600.0),  # polling.interval
    unit="USD",
    lookup="the service documents no list of operations; the usage page of the proxy, or of the account, shows it",
    signed_downloads=False,  # download.through_proxy
)
VERSION = "/v1beta"  # create.route; a base address may end with it (env)
GOOGLE_HOST = "https://generativelanguage.googleapis.com"  # result.uri
DOWNLOAD_ROUTE = "/download"  # download.through_proxy

Model = Literal[
    "veo-3.0-generate-preview",
    "veo-3.0-generate-001",
    "veo-3.0-fast-generate-001",
    "veo-3.1-generate-preview",
    "veo-3.1-fast-generate-preview",
    "veo-2.0-generate-001",
]  # models.known
AspectRatio = Literal["16:9", "9:16"]
Resolution = Literal["720p", "1080p", "4k"]
Duration = Literal[4, 5, 6, 8]
PersonGeneration = Literal["allow_all", "allow_adult", "dont_allow"]

LARGE_RESOLUTIONS = ("1080p", "4k")  # create.parameters
FULL_DURATION = 8  # create.parameters, in seconds
MAX_IMAGE_BYTES = 20_000_000  # create.image_size, in bytes
MAX_REFERENCE_IMAGES = 3  # create.references
MAX_PROMPT_WORDS = 1024  # create.prompt, create.prompt_words
DEFAULT_DURATION = 8  # create.defaults, in seconds
DEFAULT_RESOLUTION = "720p"
MAX_SEED = 2**32 - 1  # create.seed_range


@dataclass(frozen=True, slots=True)
class Family:
    """What the models of one version accept.

    Attributes:
        name: The version, for messages.
        durations: The allowed durations in seconds.
        most: The most videos of one call.
        large: Whether resolutions above 720p are available.
        extras: Whether reference images and extensions are available.
        people: The allowed person_generation of a video from a text.
        people_with_image: The allowed person_generation of a video that starts with an image.
    """

    name: str
    durations: tuple[int, ...]
    most: int
    large: bool
    extras: bool
    people: tuple[str, ...]
    people_with_image: tuple[str, ...]


_ALL_PEOPLE = ("allow_all", "allow_adult", "dont_allow")
_VEO_3 = Family("Veo 3", (4, 6, 8), 1, True, False, ("allow_all", "allow_adult"), ("allow_adult",))
# create.parameters, create.person_generation, create.references, create.extension
FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "veo-2.": Family("Veo 2", (5, 6, 8), 2, False, False, _ALL_PEOPLE, _ALL_PEOPLE),
        "veo-3.0": _VEO_3,
        "veo-3.1": Family("Veo 3.1", (4, 6, 8), 1, True, True, _VEO_3.people, _VEO_3.people_with_image),
    }
)
ANY_FAMILY = Family("an unknown model", (4, 5, 6, 8), 2, True, True, _ALL_PEOPLE, _ALL_PEOPLE)

_VEO_3_PRICE = MappingProxyType({"720p": Decimal("0.40"), "1080p": Decimal("0.40")})
_VEO_3_FAST_PRICE = MappingProxyType({"720p": Decimal("0.15"), "1080p": Decimal("0.15")})
# price.google: US dollars for a second of video on Google's host, by model and resolution; a proxy has its own prices
PRICES: Mapping[str, Mapping[str, Decimal]] = MappingProxyType(
    {
        "veo-2.0-generate-001": MappingProxyType({"720p": Decimal("0.35")}),
        "veo-3.0-generate-001": _VEO_3_PRICE,
        "veo-3.0-generate-preview": _VEO_3_PRICE,
        "veo-3.0-fast-generate-001": _VEO_3_FAST_PRICE,
        "veo-3.1-generate-preview": MappingProxyType({**_VEO_3_PRICE, "4k": Decimal("0.60")}),
        "veo-3.1-fast-generate-preview": MappingProxyType({**_VEO_3_FAST_PRICE, "4k": Decimal("0.35")}),
    }
)

# errors.google: by the word in the envelope's status
REFUSALS: Mapping[str, type[errors.ApiError]] = MappingProxyType(
    {
        "INVALID_ARGUMENT": errors.BadRequestError,
        "FAILED_PRECONDITION": errors.BadRequestError,
        "UNAUTHENTICATED": errors.AuthenticationError,
        "PERMISSION_DENIED": errors.PermissionDeniedError,
        "NOT_FOUND": errors.NotFoundError,
        "RESOURCE_EXHAUSTED": errors.RateLimitError,
        "INTERNAL": errors.ServerError,
        "UNAVAILABLE": errors.ServerError,
    }
)
INVALID_KEY_REASON = "API_KEY_INVALID"  # errors.google: the reason in the envelope's details
# errors.proxy: by the envelope's type
PROXY_REFUSALS: Mapping[str, type[errors.ApiError]] = MappingProxyType(
    {"auth_error": errors.AuthenticationError, "budget_exceeded": errors.InsufficientCreditsError}
)


def family_of(model: str) -> Family:
    """Return the family of *model*; an unknown model may do everything that any other may."""
    return next((family for prefix, family in FAMILIES.items() if model.startswith(prefix)), ANY_FAMILY)
