"""Tomoviee's facts as data: the profile, the states, the codes, bounds, and names for the vendor's numbers.

Source: the capabilities' own skills, and the pages at tomoviee.ai/doc; facts are cited by id.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from soundstage import errors
from soundstage._values.policies import PollPolicy
from soundstage._values.profile import VendorProfile
from soundstage._values.state import JobState

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE = VendorProfile(
    slug="tomoviee",
    name="Tomoviee",
    base_url="https://openapi.wondershare.cc",  # gateway.hosts
    base_url_variable="TOMOVIEE_BASE_URL",
    credentials=MappingProxyType({"app_key": "TOMOVIEE_APP_KEY", "app_secret": "TOMOVIEE_APP_SECRET"}),
    poll=PollPolicy(first=10.0, timeout=1800.0, outage=600.0),  # polling.interval, generation.times
    has_callback=True,  # callback.request
    unit="credits",
    lookup="the service documents no list of tasks; the account's page at the vendor shows the credits",
)
BASE_URL_ALIAS = "https://open-api.wondershare.cc"  # gateway.hosts
CREATE_ROUTE = "/v1/open/capacity/application/"  # create.route
RESULT_ROUTE = "/v1/open/pub/task"  # poll.route

# status.codes
STATES: Mapping[int, JobState] = MappingProxyType(
    {
        1: JobState.QUEUED,
        2: JobState.RUNNING,
        3: JobState.SUCCEEDED,
        4: JobState.FAILED,
        5: JobState.CANCELED,
        6: JobState.EXPIRED,
    }
)
# errors.codes
REFUSALS: Mapping[int, type[errors.ApiError]] = MappingProxyType(
    {
        680400: errors.BadRequestError,
        680401: errors.AuthenticationError,
        680402: errors.InsufficientCreditsError,
        680404: errors.NotFoundError,
        680413: errors.BadRequestError,
        680422: errors.BadRequestError,
        680429: errors.ConcurrencyLimitError,
        680500: errors.ServerError,
    }
)
# poll.result_is_string, image.result_key
MEDIA_KINDS: Mapping[str, str] = MappingProxyType(
    {"video_path": "video", "images_path": "image", "image_path": "image", "audio_path": "audio", "mask_path": "mask"}
)
# Bounds, both ends allowed, in seconds unless the name has another unit.
MUSIC_SECONDS = (0, 95)  # text2music.params
EFFECT_SECONDS = (5, 180)  # text2sfx.params
SOUNDTRACK_SECONDS = (5, 900)  # video_scoring.params
SIDE_PIXELS = (512, 2048)  # img2img.params
COPIES = (1, 4)  # img2img.params, text2music.params, text2sfx.params
MAX_SPEECH_LENGTH = 5000  # text2speech.params, in characters


class CameraMove(IntEnum):
    """Camera movements, positions and framings: the vendor's camera_move_index (`tomoviee:camera.index`)."""

    ORBIT = 1
    SPIN = 2
    PAN_LEFT = 3
    PAN_RIGHT = 4
    TILT_UP = 5
    TILT_DOWN = 6
    PUSH_IN = 7
    PULL_OUT = 8
    STATIC = 9
    TRACKING = 10
    OTHERS = 11
    OBJECT_POV = 12
    SUPER_DOLLY_IN = 13
    SUPER_DOLLY_OUT = 14
    SNORRICAM = 15
    HEAD_TRACKING = 16
    CAR_GRIP = 17
    SCREEN_TRANSITION = 18
    CAR_CHASING = 19
    FISHEYE = 20
    FPV_DRONE = 21
    CRANE_OVER_THE_HEAD = 22
    TIMELAPSE_LANDSCAPE = 23
    DOLLY_IN = 24
    DOLLY_OUT = 25
    ZOOM_IN = 26
    ZOOM_OUT = 27
    FULL_SHOT = 28
    CLOSE_UP_SHOT = 29
    EXTREME_CLOSE_UP = 30
    MACRO_SHOT = 31
    BIRDS_EYE_VIEW = 32
    RULE_OF_THIRDS = 33
    SYMMETRICAL_COMPOSITION = 34
    HANDHELD = 35
    FPV_SHOT = 36
    JIB_UP = 37
    JIB_DOWN = 38
    FULL_SHOT_AGAIN = 39
    TIME_LAPSE_SHOT = 40
    AERIAL_SHOT = 41
    LOW_ANGLE_SHOT = 42
    EYE_LEVEL_SHOT = 43
    DIAGONAL_COMPOSITION = 44
    OVER_SHOULDER_SHOT = 45
    CRANE_DOWN = 46


class ControlType(StrEnum):
    """What an image keeps of its reference, or what is recognized in it (`tomoviee:control_type.meaning`)."""

    EDGE = "0"
    POSE = "1"
    SUBJECT = "2"
    DEPTH = "3"


class Voice(StrEnum):
    """The documented voices; others are passed as text (`tomoviee:text2speech.params`)."""

    ZH_CN_YUNXI = "zh-CN-YunxiNeural"
    ZH_CN_XIAOXIAO = "zh-CN-XiaoxiaoNeural"
    ZH_CN_YUNJIAN = "zh-CN-YunjianNeural"
    EN_US_JENNY = "en-US-JennyNeural"
    EN_US_GUY = "en-US-GuyNeural"
    EN_US_ARIA = "en-US-AriaNeural"
    EN_GB_SONIA = "en-GB-SoniaNeural"
    EN_GB_RYAN = "en-GB-RyanNeural"


Resolution = Literal["720p", "1080p"]
AspectRatio = Literal["16:9", "9:16", "4:3", "3:4", "1:1"]
FrameAspectRatio = Literal["16:9", "9:16", "4:3", "3:4", "1:1", "original"]
Duration = Literal[5]
AnyControl: TypeAlias = ControlType | Literal["0", "1", "2", "3", 0, 1, 2, 3]
