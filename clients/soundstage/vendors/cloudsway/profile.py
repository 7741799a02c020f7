"""Cloudsway's facts as data: the profile, the states, the codes, and what each model can do.

Source: docs.cloudsway.net/maasapi/api-reference/video/kl, and Kling's own API pages; facts are cited by id.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from soundstage import errors
from soundstage._values.policies import PollPolicy
from soundstage._values.profile import VendorProfile
from soundstage._values.state import JobState

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE = VendorProfile(
    slug="cloudsway",
    name="Cloudsway (Kling)",
    base_url="https://genaiapi.cloudsway.net",  # routes
    base_url_variable="CLOUDSWAY_BASE_URL",
    credentials=MappingProxyType({"api_key": "CLOUDSWAY_API_KEY", "endpoint": "CLOUDSWAY_ENDPOINT"}),
    poll=PollPolicy(first=10.0, timeout=1800.0, outage=600.0),
    has_callback=True,  # callback
    unit="credits",
    idempotency="external_id",  # text2video.params, routes.kind
    resend_codes=frozenset({1302, 1303}),  # errors.retryable
)

Operation = Literal["text_to_video", "image_to_video"]
# routes
OPERATION_ROUTES: Mapping[str, str] = MappingProxyType({"text_to_video": "text2video", "image_to_video": "image2video"})

# status.values
STATES: Mapping[str, JobState] = MappingProxyType(
    {
        "submitted": JobState.QUEUED,
        "processing": JobState.RUNNING,
        "succeed": JobState.SUCCEEDED,
        "failed": JobState.FAILED,
    }
)
# errors.table, errors.retryable
REFUSALS: Mapping[int, type[errors.ApiError]] = MappingProxyType(
    {
        1000: errors.AuthenticationError,
        1001: errors.AuthenticationError,
        1002: errors.AuthenticationError,
        1003: errors.AuthenticationError,
        1004: errors.AuthenticationError,
        1100: errors.PermissionDeniedError,
        1101: errors.InsufficientCreditsError,
        1102: errors.InsufficientCreditsError,
        1103: errors.PermissionDeniedError,
        1200: errors.BadRequestError,
        1201: errors.BadRequestError,
        1202: errors.BadRequestError,
        1203: errors.NotFoundError,
        1300: errors.ContentPolicyError,
        1301: errors.ContentPolicyError,
        1302: errors.RateLimitError,
        1303: errors.ConcurrencyLimitError,
        1304: errors.PermissionDeniedError,
        5000: errors.ServerError,
        5001: errors.ServerError,
        5002: errors.ServerError,
    }
)
# The service was working when it failed, or still is: a job may have been started.
UNCERTAIN_CODES = frozenset({5000, 5002})
JOB_NOT_FOUND = 1203

TextModel = Literal[
    "kling-v1", "kling-v1-6", "kling-v2-master", "kling-v2-1-master", "kling-v2-5-turbo", "kling-v2-6",
    "MaaS_KL_V1", "MaaS_KL_V1.6", "MaaS_KL_V2.1_Master", "MaaS_KeLing_V2.6",
]  # fmt: skip
ImageModel = Literal[
    "kling-v1", "kling-v1-5", "kling-v1-6", "kling-v2-master", "kling-v2-1", "kling-v2-1-master", "kling-v2-5-turbo",
    "kling-v2-6", "MaaS_KL_V1", "MaaS_KL_V1.5", "MaaS_KL_V1.6", "MaaS_KL_V2.1_Master", "MaaS_KeLing_V2.6",
]  # fmt: skip
Mode = Literal["std", "pro"]
AspectRatio = Literal["16:9", "9:16", "1:1"]
Duration = Literal[5, 10, "5", "10"]
Sound = Literal["on", "off"]
CameraType = Literal["simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward"]

# Bounds (text2video.params, image2video.params, image2video.masks, routes.list).
MAX_PROMPT_LENGTH: Final = 2500  # characters
MAX_IMAGE_BYTES: Final = 10 * 1024 * 1024  # bytes
MIN_IMAGE_SIDE: Final = 300  # pixels
MAX_IMAGE_RATIO: Final = 2.5
MAX_MASKS: Final = 6
TRAJECTORY_POINTS: Final = (2, 77)
MAX_CAMERA_VALUE: Final = 10.0  # camera.control, either way
MAX_PAGE, MAX_PAGE_SIZE = 1000, 500


@dataclass(frozen=True, slots=True)
class Only:
    """When a model supports a feature: in one mode only, for one duration only, or always (None)."""

    mode: str | None = None
    seconds: str | None = None


ALWAYS: Final = Only()


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """The features that a model supports; None is never (capability.matrix)."""

    tail: Only | None = ALWAYS
    masks: Only | None = ALWAYS
    camera_from_text: Only | None = ALWAYS
    camera_from_image: Only | None = ALWAYS
    simple_camera_only: bool = False
    cfg_scale: bool = True
    one_mode: bool = False
    sound: Only | None = None


_MASTER = Abilities(tail=None, cfg_scale=False, one_mode=True)  # capability.master_mode
ABILITIES: Mapping[str, Abilities] = MappingProxyType(
    {
        "kling-v1": Abilities(
            tail=Only(seconds="5"), masks=Only(seconds="5"), camera_from_text=Only(mode="std", seconds="5")
        ),
        "kling-v1-5": Abilities(
            tail=Only(mode="pro"),
            masks=Only(mode="pro", seconds="5"),
            camera_from_image=Only(mode="pro", seconds="5"),
            simple_camera_only=True,
        ),
        "kling-v1-6": Abilities(tail=Only(mode="pro")),
        "kling-v2-master": _MASTER,
        "kling-v2-1": Abilities(tail=Only(mode="pro"), cfg_scale=False),
        "kling-v2-1-master": _MASTER,
        "kling-v2-5-turbo": Abilities(tail=Only(mode="pro"), cfg_scale=False),
        "kling-v2-6": Abilities(tail=Only(mode="pro"), cfg_scale=False, sound=Only(mode="pro")),
    }
)
# text2video.models
GATEWAY_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "MaaS_KL_V1": "kling-v1",
        "MaaS_KL_V1.5": "kling-v1-5",
        "MaaS_KL_V1.6": "kling-v1-6",
        "MaaS_KL_V2.1_Master": "kling-v2-1-master",
        "MaaS_KeLing_V2.6": "kling-v2-6",
    }
)
