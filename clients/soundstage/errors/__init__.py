"""Every error that this library raises, in one tree.

    SoundstageError
    ├── InvalidArgument                (also a ValueError: nothing was sent)
    │   └── TokenError
    ├── MissingCredential
    ├── UnsupportedError
    ├── ClientClosed
    ├── SpendLimitExceeded             (nothing was sent)
    ├── StoreError
    ├── ConnectionFailed
    ├── SubmitOutcomeUnknown
    ├── ApiError
    │   ├── AuthenticationError
    │   ├── PermissionDeniedError
    │   ├── NotFoundError
    │   ├── BadRequestError
    │   ├── ConflictError
    │   ├── RateLimitError
    │   ├── ConcurrencyLimitError
    │   ├── InsufficientCreditsError
    │   ├── ContentPolicyError
    │   ├── ServerError
    │   └── UnreadableAnswerError
    ├── JobError
    │   ├── JobFailed
    │   ├── ContentFiltered
    │   ├── JobCanceled
    │   ├── JobExpired
    │   └── NoOutput
    ├── WaitTimeout
    ├── GatherError
    └── DownloadError
        ├── DownloadUnsafe
        ├── DownloadRefused
        ├── DownloadIncomplete
        ├── DownloadTooLarge
        ├── ChecksumMismatch
        └── ContentMismatch

Every error has `vendor`, `code`, `message`, `request_id`, `status`, `body`, `token` and `retry_after`, None where it is
not known; with `token`, `client.job_from_token()` resumes a paid job. Every error can be copied and pickled, and none
shows a secret.
"""

from __future__ import annotations

from soundstage.errors.base import (
    ClientClosed,
    InvalidArgument,
    MissingCredential,
    SoundstageError,
    TokenError,
    UnsupportedError,
)
from soundstage.errors.downloads import (
    ChecksumMismatch,
    ContentMismatch,
    DownloadError,
    DownloadIncomplete,
    DownloadRefused,
    DownloadTooLarge,
    DownloadUnsafe,
)
from soundstage.errors.jobs import (
    ContentFiltered,
    GatherError,
    JobCanceled,
    JobError,
    JobExpired,
    JobFailed,
    NoOutput,
    WaitTimeout,
)
from soundstage.errors.requests import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConcurrencyLimitError,
    ConflictError,
    ConnectionFailed,
    ContentPolicyError,
    InsufficientCreditsError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    SpendLimitExceeded,
    StoreError,
    SubmitOutcomeUnknown,
    UnreadableAnswerError,
)

__all__ = [
    "ApiError",
    "AuthenticationError",
    "BadRequestError",
    "ChecksumMismatch",
    "ClientClosed",
    "ConcurrencyLimitError",
    "ConflictError",
    "ConnectionFailed",
    "ContentFiltered",
    "ContentMismatch",
    "ContentPolicyError",
    "DownloadError",
    "DownloadIncomplete",
    "DownloadRefused",
    "DownloadTooLarge",
    "DownloadUnsafe",
    "GatherError",
    "InsufficientCreditsError",
    "InvalidArgument",
    "JobCanceled",
    "JobError",
    "JobExpired",
    "JobFailed",
    "MissingCredential",
    "NoOutput",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServerError",
    "SoundstageError",
    "SpendLimitExceeded",
    "StoreError",
    "SubmitOutcomeUnknown",
    "TokenError",
    "UnreadableAnswerError",
    "UnsupportedError",
    "WaitTimeout",
]
