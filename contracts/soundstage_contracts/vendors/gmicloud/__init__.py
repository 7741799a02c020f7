"""GMI Cloud's declaration to the contracts: credentials, arguments, state words, and the demonstration's calls.

Documents: the vendor's guide, its package gmicloud 0.1.10 and docs.gmicloud.ai, read in November 2026;
recorded as the facts ``gmicloud:...``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from soundstage import AsyncGMICloud, GMICloud, JobState
from soundstage_contracts.declarations.vendor import DemoCall, VendorContract
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.vendors.gmicloud.access import (
    CLIENT_ID,
    CODE,
    PASSWORD,
    key_credentials,
    key_headers,
    login_credentials,
    login_headers,
    two_factor_credentials,
)
from soundstage_contracts.vendors.gmicloud.arguments import (
    DOT,
    IMAGE_MODEL,
    IMAGE_MODELS,
    TEXT_MODEL,
    TEXT_MODELS,
    broken_requests,
    image_to_video,
    requests,
    text_to_video,
)
from soundstage_contracts.vendors.gmicloud.live import LIVE

if TYPE_CHECKING:
    from soundstage_contracts.transcripts.replay import Transcript

__all__ = [
    "BASE_URL",
    "CLIENT_ID",
    "CODE",
    "CONTRACT",
    "DEMO",
    "DOT",
    "FACES",
    "IMAGE_MODEL",
    "IMAGE_MODELS",
    "PASSWORD",
    "SESSION",
    "STATUS_WORDS",
    "TEXT_MODEL",
    "TEXT_MODELS",
    "TWO_FACTOR",
    "GMICloudMachine",
    "GMICloudSessionMachine",
    "broken_requests",
    "contract_of_transcript",
    "requests",
]

BASE_URL: Final = "https://console.gmicloud.ai/api/v1"
STATUS_WORDS: Final = {
    "created": JobState.QUEUED,
    "queued": JobState.QUEUED,
    "dispatched": JobState.QUEUED,
    "processing": JobState.RUNNING,
    "success": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
    "cancelled": JobState.CANCELED,
}

_IMAGE = "https://example.com/fox.png"  # the simulator does not fetch addresses outside of it

DEMO: Final = (
    DemoCall("text_to_video", {"prompt": "A red fox trots through fresh snow at dawn"}, "with an API key"),
    DemoCall(
        "create_request",
        {"model": TEXT_MODELS[1], "payload": {"prompt": "Rain on a neon street, seen from above", "video_length": 3}},
        "with a login",
        login_credentials,
    ),
    DemoCall(
        "image_to_video",
        {"prompt": "The fox looks up", "image": _IMAGE, "duration": 4},
        "with a login",
        login_credentials,
    ),
    DemoCall("image_to_video", {"prompt": "狐が走る", "image": DOT, "model": IMAGE_MODELS[1]}, "with an API key"),
)

CONTRACT: Final = VendorContract(
    slug="gmicloud",
    client=GMICloud,
    async_client=AsyncGMICloud,
    credentials=key_credentials,
    headers=key_headers,
    operations={"text_to_video": text_to_video(), "image_to_video": image_to_video()},
    wire_names={"text_to_video": TEXT_MODELS, "image_to_video": IMAGE_MODELS},
    ends={"fail": JobState.FAILED, "timeout": JobState.FAILED, "cancel": JobState.CANCELED},
    refuses_blocked=True,
    live=LIVE,
)
"""GMI Cloud's API-key face."""

SESSION: Final = replace(CONTRACT, credentials=login_credentials, headers=login_headers)
"""GMI Cloud's session face, which needs a login."""

TWO_FACTOR: Final = replace(CONTRACT, credentials=two_factor_credentials, headers=login_headers)
"""The session face of an account with a second factor."""

FACES: Final = {"key": CONTRACT, "session": SESSION}


class GMICloudMachine(JobMachine):
    """The shared state machine of job vendors, for GMI Cloud's API-key face."""

    contract = CONTRACT


class GMICloudSessionMachine(JobMachine):
    """The same for the session face, whose tokens expire while time passes."""

    contract = SESSION


def contract_of_transcript(transcript: Transcript) -> VendorContract:
    """Return the face of a transcript, whose name starts with it."""
    faces = {"api_key": CONTRACT, "session": SESSION, "two_factor": TWO_FACTOR}
    return next(contract for name, contract in faces.items() if transcript.name.startswith(name))
