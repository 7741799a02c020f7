"""Cloudsway's MaaS_KL: Kling's videos from text and from images, through a gateway with static keys.

Documents: docs.cloudsway.net/maasapi/api-reference/video/kl and .../errorcode for routes, shapes and the gateway's own
refusals, and Kling's own API pages for what passes through; read in November 2026. Facts are cited by id, as in
`cloudsway:routes`. Where two documents disagree, the client reads the responses of both: the code decides, whatever the
HTTP status is.

`profile` has the facts as data, `bodies` the request bodies, `service` the protocol, `client` the methods, and `values`
the types of two arguments.
"""

from soundstage.vendors.cloudsway.client import AsyncCloudsway, Cloudsway
from soundstage.vendors.cloudsway.profile import (
    PROFILE,
    AspectRatio,
    CameraType,
    Duration,
    ImageModel,
    Mode,
    Operation,
    Sound,
    TextModel,
)
from soundstage.vendors.cloudsway.service import CloudswayService
from soundstage.vendors.cloudsway.values import CameraControl, DynamicMask

__all__ = [
    "PROFILE",
    "AspectRatio",
    "AsyncCloudsway",
    "CameraControl",
    "CameraType",
    "Cloudsway",
    "CloudswayService",
    "Duration",
    "DynamicMask",
    "ImageModel",
    "Mode",
    "Operation",
    "Sound",
    "TextModel",
]
