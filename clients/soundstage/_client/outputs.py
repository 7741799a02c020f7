"""Outputs: the files that a job produced, and how to save them."""

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


class _OutputBase(Unpicklable):
    """What both kinds of output share."""

    _alternative = "store the job's to_token()"

    def __init__(self, service: Service, media: Media, token: str | None) -> None:
        self._service = service
        self._media = media
        self._token = token

    @property
    def url(self) -> str:
        """The address of the file; often a signed one that expires: `job.refresh()` gets a new one."""
        return self._media.url

    @property
    def kind(self) -> str:
        """The kind of media: video, image, audio, mask, ..."""
        return self._media.kind

    def __repr__(self) -> str:
        """Show the address without its query, which may be a signature."""
        return f"<{type(self).__name__} {self.kind} {hide_query(self.url)}>"

    def __eq__(self, other: object) -> bool:
        """Two outputs are equal when address and kind are equal."""
        return self._media == other._media if isinstance(other, _OutputBase) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._media)

    def _save(self, target: str | PathLike[str], options: SaveOptions) -> Flow[Path]:
        return Download(self._service, self._media, self._token, path("path", target), options).flow()


class Output(_OutputBase):
    """One output of a job, of a sync client."""

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
        """Save the file as a whole or not at all, and return its path.

        Args:
            path: The file to write, replacing any before it; in an existing folder the file is named after its address.
            max_bytes: The greatest size, in bytes.
            sha256: The expected SHA-256, in hexadecimal.
            resume: Keep what arrived of a broken download as `<path>.part`, and continue from it the next time.
            on_progress: Called with the bytes so far and the total, which is None where the host does not send it.

        Raises:
            DownloadError: It was not saved; no incomplete file is left at the path, and saving again spends nothing.
            InvalidArgument: An argument is out of range.
            OSError: The file system refused.
        """
        options = SaveOptions(max_bytes=max_bytes, sha256=sha256, resume=resume, on_progress=on_progress)
        return self._driver.run(self._save(path, options))


class AsyncOutput(_OutputBase):
    """One output of a job, of an async client."""

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
        """Save the file as a whole or not at all, and return its path, as `Output.save`; a thread writes it."""
        options = SaveOptions(max_bytes=max_bytes, sha256=sha256, resume=resume, on_progress=on_progress)
        return await self._driver.run(self._save(path, options))
