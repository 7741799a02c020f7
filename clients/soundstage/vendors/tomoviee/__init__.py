"""Tomoviee: Wondershare's open gateway for generated video, images and sound.

Documents: the vendor's skills and their runnable clients, and the pages at tomoviee.ai/doc and tomoviee.cn/doc, read in
November 2026. Facts are cited by id, as in `tomoviee:create.route`. Where two documents disagree, this client speaks
the newer one, the capability's own skill, takes the older one's names, and reads the answers of both.

`profile` has the facts as data, `service` the conversation, `bodies` the rules of each capability, and `client` the
methods.
"""

from soundstage.vendors.tomoviee.client import AsyncTomoviee, Tomoviee
from soundstage.vendors.tomoviee.profile import (
    BASE_URL_ALIAS,
    PROFILE,
    AnyControl,
    AspectRatio,
    CameraMove,
    ControlType,
    Duration,
    FrameAspectRatio,
    Resolution,
    Voice,
)
from soundstage.vendors.tomoviee.service import TomovieeService

__all__ = [
    "BASE_URL_ALIAS",
    "PROFILE",
    "AnyControl",
    "AspectRatio",
    "AsyncTomoviee",
    "CameraMove",
    "ControlType",
    "Duration",
    "FrameAspectRatio",
    "Resolution",
    "Tomoviee",
    "TomovieeService",
    "Voice",
]
