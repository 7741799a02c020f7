"""Outputs: what a job made, and how to save it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstage._protocol.downloads import Download, SaveOptions
from soundstage._values.redaction import hide_query
from soundstage._values.unpicklable import Unpicklable
from soundstage._values.validation import path

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from pathlib import Path

    from soundstage._io.drivers import AsyncDriver, SyncDriver
    from soundstage._protocol.service import Service
    from soundstage._values.messages import Flow
    from soundstage._values.state import Media


class _Result(Unpicklable):
    """What both kinds of output know."""

    _alternative = "keep the job's to_token()"

    def __init__(self, service: Service, media: Media, token: str | None) -> None:
        self._service = service
        self._media = media
        self._token = token

    @property
    def url(self) -> str:
        """Where the file is; often a signed address that expires: `job.refresh()` asks for a new one."""
        return self._media.url

    @property
    def kind(self) -> str:
        """What it is: video, image, audio, mask, ..."""
        return self._media.kind

    def __repr__(self) -> str:
        """Shows the address without its query, which may be a signature."""
        return f"<{type(self).__name__} {self.kind} {hide_query(self.url)}>"

    def __eq__(self, other: object) -> bool:
        """Two outputs are equal when address and kind are."""
        return self._media == other._media if isinstance(other, _Result) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._media)

    def _saving(self, place: str | PathLike[str], options: SaveOptions) -> Flow[Path]:
        return Download(self._service, self._media, self._token, path("path", place), options).flow()


class Output(_Result):
    """One result of a job, by a blocking client."""

    def __init__(self, service: Service, driver: SyncDriver, media: Media, token: str | None) -> None:
        super().__init__(service, media, token)
        self._driver = driver

    def save(
        self,
        path: str | PathLike[str],
        *,
        max_bytes: int | None = None,
        sha256: str | None = None,
        resume: bool = False,
        on_progress: Callable[[int, int | None], object] | None = None,
    ) -> Path:
        """Save the file whole, or not at all, and return where it stands.

        Args:
            path: The file to write, replacing any before it; in an existing folder the file is named after its address.
            max_bytes: How large it may be, in bytes.
            sha256: What its SHA-256 must be, in hexadecimal.
            resume: Keep what arrived of a broken download as `<path>.part`, and go on with it the next time.
            on_progress: Called with the bytes so far and the bytes in all, None where the host does not say.

        Raises:
            DownloadError: It was not saved; nothing half-written stands there, and saving again spends nothing.
            InvalidArgument: An argument is out of range.
            OSError: The file system refuses.
        """
        options = SaveOptions(max_bytes=max_bytes, sha256=sha256, resume=resume, on_progress=on_progress)
        return self._driver.run(self._saving(path, options))


class AsyncOutput(_Result):
    """One result of a job, by an awaiting client."""

    def __init__(self, service: Service, driver: AsyncDriver, media: Media, token: str | None) -> None:
        super().__init__(service, media, token)
        self._driver = driver

    async def save(
        self,
        path: str | PathLike[str],
        *,
        max_bytes: int | None = None,
        sha256: str | None = None,
        resume: bool = False,
        on_progress: Callable[[int, int | None], object] | None = None,
    ) -> Path:
        """Save the file whole, or not at all, and return where it stands, as `Output.save`; a thread writes it."""
        options = SaveOptions(max_bytes=max_bytes, sha256=sha256, resume=resume, on_progress=on_progress)
        return await self._driver.run(self._saving(path, options))
