"""The errors of a download."""

# ruff: noqa: N818 - the name of an error is what happened (JobFailed, NoOutput); the suffix is for refusals by an API

from __future__ import annotations

from typing import Any

from soundstage.errors.base import SoundstageError


class DownloadError(SoundstageError):
    """A file was not saved; no incomplete file is left at its path, and the paid job is not affected.

    Attributes:
        url: The address without its query, which may be a signature.
    """

    def __init__(self, message: str = "", *, url: str | None = None, **common: Any) -> None:
        super().__init__(message, **common)
        self.url = url


class DownloadUnsafe(DownloadError):
    """The address, or one it redirects to, is not safe: its scheme, its host, or a downgrade to http."""


class DownloadRefused(DownloadError):
    """The file's host responded with an error, most often 403 for an expired address."""


class DownloadIncomplete(DownloadError):
    """The file did not arrive completely in as many tries as the `RetryPolicy` allows."""


class DownloadTooLarge(DownloadError):
    """The file is larger than `max_bytes`."""


class ChecksumMismatch(DownloadError):
    """The file's SHA-256 is not the expected one."""


class ContentMismatch(DownloadError):
    """What arrived is not of the expected kind, such as an HTML page instead of a video, or it is empty."""
