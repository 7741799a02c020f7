"""EdrawMax's facts as data: the profile, the codes, the languages and the platforms.

Source: the vendor's edrawmax-diagram skill and its reference; facts are cited by id.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from soundstage import errors
from soundstage._values.policies import PollPolicy
from soundstage._values.profile import VendorProfile

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE = VendorProfile(
    slug="edrawmax",
    name="EdrawMax",
    base_url="https://api.edrawmax.cn/api/ai",  # generate.routes
    base_url_variable="EDRAWMAX_BASE_URL",
    credentials=MappingProxyType({"user_id": "EDRAWMAX_USER_ID"}),  # auth.none: a user, not a credential
    poll=PollPolicy(),  # no call starts a job
    unit="credits",
    trusted_hosts=(".aliyuncs.com", ".wondershare.com", ".edrawsoft.com", ".edrawmax.com"),  # download.trusted_hosts
)
TRUSTED_HOSTS_VARIABLE = "EDRAWMAX_TRUSTED_HOSTS"
GENERATE_ROUTE = "/skills/generate-"  # generate.routes
ANONYMOUS_USER = "0"  # auth.none
OUTPUT_FOLDER = "edrawmax_output"  # download.files
FILE_NAME = "diagram_%Y%m%d_%H%M%S"  # download.files

# error.prompt, error.lang, error.risk, error.concurrency, error.generation, error.render, error.panic
REFUSALS: Mapping[int, type[errors.ApiError]] = MappingProxyType(
    {
        400: errors.BadRequestError,
        2406: errors.ContentPolicyError,
        3001: errors.ConcurrencyLimitError,
        212200: errors.ServerError,
        212201: errors.ServerError,
        500: errors.ServerError,
    }
)
RETRY_CODES = frozenset({3001, 212200, 212201})  # error.retry_policy: retried once, and then raised
RETRY_DELAY = 3.0  # error.retry_wait, in seconds
# error.retry_policy
SUPPORT_HINT = "the retry failed, too: if it fails again, write to EdrawMax's support, ws-business@wondershare.cn"

Kind = Literal["flowchart", "infographic", "gantt", "mindmap"]
Language = Literal["en", "cn", "jp", "kr", "es", "fr", "de", "it", "tw", "pt", "ru", "id"]  # lang.enum
Platform = Literal["web", "win", "mac", "ios", "android", "linux"]  # platform.enum

# lang.enum: the first part of a locale, as ISO 639 has it, and the vendor's code; Chinese is split by region
LOCALE_LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        "en": "en",
        "ja": "jp",
        "ko": "kr",
        "es": "es",
        "fr": "fr",
        "de": "de",
        "it": "it",
        "pt": "pt",
        "ru": "ru",
        "id": "id",
        "in": "id",  # Java and Android use this code for Indonesian
        "zh": "cn",
    }
)
TRADITIONAL_CHINESE = frozenset({"tw", "hk", "mo", "hant"})
"""The regions and the script of a Chinese locale that mean Traditional Chinese."""
