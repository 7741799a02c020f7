"""Soundstage: a client library for generative-media services that is typed, sync and async, and safe with money.

    from soundstage import Tomoviee

    with Tomoviee() as client:
        job = client.text_to_video("a red kite over the sea")
        job.save("films")

Every name below is loaded when it is first used, so that `import soundstage` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from soundstage._version import __version__

if TYPE_CHECKING:
    from soundstage._client.gather import as_completed, as_completed_async, gather, gather_async
    from soundstage._client.jobs import AsyncJob, Job
    from soundstage._client.outputs import AsyncOutput, Output
    from soundstage._io.clock import Clock, SkippingClock, SystemClock
    from soundstage._values.events import (
        Event,
        FileSaved,
        Hook,
        JobUpdated,
        RequestFailed,
        RequestSent,
        ResponseReceived,
        RetryScheduled,
    )
    from soundstage._values.policies import PollPolicy, RetryPolicy
    from soundstage._values.state import JobState, Media, Snapshot
    from soundstage.errors import (
        ApiError,
        AuthenticationError,
        BadRequestError,
        ChecksumMismatch,
        ClientClosed,
        ConcurrencyLimitError,
        ConflictError,
        ConnectionFailed,
        ContentFiltered,
        ContentMismatch,
        ContentPolicyError,
        DownloadError,
        DownloadIncomplete,
        DownloadRefused,
        DownloadTooLarge,
        DownloadUnsafe,
        GatherError,
        InsufficientCreditsError,
        InvalidArgument,
        JobCanceled,
        JobError,
        JobExpired,
        JobFailed,
        MissingCredential,
        NoOutput,
        NotFoundError,
        PermissionDeniedError,
        RateLimitError,
        ServerError,
        SoundstageError,
        SpendLimitReached,
        SubmitOutcomeUnknown,
        TokenError,
        UnreadableAnswerError,
        UnsupportedError,
        WaitTimeout,
    )
    from soundstage.vendors.cloudsway import AsyncCloudsway, CameraControl, Cloudsway, DynamicMask
    from soundstage.vendors.edrawmax import AsyncDiagram, AsyncEdrawMax, Diagram, EdrawMax, SavedDiagram
    from soundstage.vendors.gmicloud import AsyncGMICloud, GMICloud
    from soundstage.vendors.infrai import AsyncInfrai, Infrai, InfraiAccount
    from soundstage.vendors.mediaio import AsyncMediaIO, MediaIO
    from soundstage.vendors.tomoviee import AsyncTomoviee, CameraMove, ControlType, Tomoviee, Voice
    from soundstage.vendors.veo import AsyncVeo, Veo

__all__ = [
    "ApiError",
    "AsyncCloudsway",
    "AsyncDiagram",
    "AsyncEdrawMax",
    "AsyncGMICloud",
    "AsyncInfrai",
    "AsyncJob",
    "AsyncMediaIO",
    "AsyncOutput",
    "AsyncTomoviee",
    "AsyncVeo",
    "AuthenticationError",
    "BadRequestError",
    "CameraControl",
    "CameraMove",
    "ChecksumMismatch",
    "ClientClosed",
    "Clock",
    "Cloudsway",
    "ConcurrencyLimitError",
    "ConflictError",
    "ConnectionFailed",
    "ContentFiltered",
    "ContentMismatch",
    "ContentPolicyError",
    "ControlType",
    "Diagram",
    "DownloadError",
    "DownloadIncomplete",
    "DownloadRefused",
    "DownloadTooLarge",
    "DownloadUnsafe",
    "DynamicMask",
    "EdrawMax",
    "Event",
    "FileSaved",
    "GMICloud",
    "GatherError",
    "Hook",
    "Infrai",
    "InfraiAccount",
    "InsufficientCreditsError",
    "InvalidArgument",
    "Job",
    "JobCanceled",
    "JobError",
    "JobExpired",
    "JobFailed",
    "JobState",
    "JobUpdated",
    "Media",
    "MediaIO",
    "MissingCredential",
    "NoOutput",
    "NotFoundError",
    "Output",
    "PermissionDeniedError",
    "PollPolicy",
    "RateLimitError",
    "RequestFailed",
    "RequestSent",
    "ResponseReceived",
    "RetryPolicy",
    "RetryScheduled",
    "SavedDiagram",
    "ServerError",
    "SkippingClock",
    "Snapshot",
    "SoundstageError",
    "SpendLimitReached",
    "SubmitOutcomeUnknown",
    "SystemClock",
    "TokenError",
    "Tomoviee",
    "UnreadableAnswerError",
    "UnsupportedError",
    "Veo",
    "Voice",
    "WaitTimeout",
    "__version__",
    "as_completed",
    "as_completed_async",
    "gather",
    "gather_async",
]

_HOMES = {
    "_io.clock": ("Clock", "SkippingClock", "SystemClock"),
    "_values.events": (
        "Event",
        "FileSaved",
        "Hook",
        "JobUpdated",
        "RequestFailed",
        "RequestSent",
        "ResponseReceived",
        "RetryScheduled",
    ),
    "_client.gather": ("as_completed", "as_completed_async", "gather", "gather_async"),
    "_client.jobs": ("AsyncJob", "Job"),
    "_client.outputs": ("AsyncOutput", "Output"),
    "_values.policies": ("PollPolicy", "RetryPolicy"),
    "_values.state": ("JobState", "Media", "Snapshot"),
    "vendors.cloudsway": ("AsyncCloudsway", "CameraControl", "Cloudsway", "DynamicMask"),
    "vendors.edrawmax": ("AsyncDiagram", "AsyncEdrawMax", "Diagram", "EdrawMax", "SavedDiagram"),
    "vendors.gmicloud": ("AsyncGMICloud", "GMICloud"),
    "vendors.infrai": ("AsyncInfrai", "Infrai", "InfraiAccount"),
    "vendors.mediaio": ("AsyncMediaIO", "MediaIO"),
    "vendors.tomoviee": ("AsyncTomoviee", "CameraMove", "ControlType", "Tomoviee", "Voice"),
    "vendors.veo": ("AsyncVeo", "Veo"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load the module that a public name lives in; the names without a home are errors."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"soundstage.{_HOME_OF.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
