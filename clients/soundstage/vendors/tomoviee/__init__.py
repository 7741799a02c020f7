"""Tomoviee: Wondershare's open gateway for generated video, images and audio.

Documents: the vendor's skills and their runnable clients, and the pages at tomoviee.ai/doc and tomoviee.cn/doc, read in
November 2026. Facts are cited by id, as in `tomoviee:create.route`. Where two documents disagree, this client uses
the newer one, the capability's own skill, accepts the names of the older one, and reads the responses of both.

`profile` has the facts as data, `bodies` the request bodies, `service` the protocol, and `client` the methods.
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
