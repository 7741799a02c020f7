"""Download an output: every rule of a download, as one flow.

A file is written beside its target and moved to it at the end. Redirects are followed here and not by the HTTP library:
credentials go to the service's own origin only, https never becomes http, and the number of redirects is limited. A
transfer that breaks off is continued where it ended, if the host's ETag allows it. Length, size limit, kind and SHA-256
of the file are checked. An output that is part of the response (a `data:` address) is saved in the same way.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from soundstage import errors
from soundstage._io.partial_file import PartialFile
from soundstage._protocol import responses
from soundstage._protocol.file_names import KNOWN_SUFFIX, file_name
from soundstage._protocol.transfers import (
    COMPRESSIONS,
    PARTIAL_CONTENT,
    Body,
    continues,
    joined,
    source,
    strong_etag,
    total_size,
)
from soundstage._values.events import FileSaved
from soundstage._values.media_type import HEAD, mismatch, recognized, right_suffix
from soundstage._values.messages import Flow, Request, Response, TransportError, open_stream, read, run
from soundstage._values.redaction import hide_query
from soundstage._values.validation import choice, is_web_address, plain_callable, sha256, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from soundstage._protocol.service import Service
    from soundstage._values.state import Media

_MAX_REDIRECTS = 5
_REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_TEMPORARY_STATUSES = frozenset({408, 425, 429})
_OK, _UNSATISFIABLE = 200, 416
_PROGRESS = 1 << 20  # bytes that make another round of tries worthwhile
# What arrived is known to be wrong, so that a later download must not continue from it.
_WRONG_CONTENT = (errors.DownloadTooLarge, errors.ChecksumMismatch, errors.ContentMismatch)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveOptions:
    """The options of one download, checked.

    Raises:
        InvalidArgument: A value is out of range.
    """

    max_bytes: int | None = None
    sha256: str | None = None
    resume: bool = False
    on_progress: Callable[[int, int | None], object] | None = None

    def __post_init__(self) -> None:
        if self.max_bytes is not None:
            whole_number("max_bytes", self.max_bytes, least=1)
        choice("resume", self.resume, (True, False))
        object.__setattr__(self, "sha256", sha256("sha256", self.sha256))
        plain_callable("on_progress", self.on_progress)


class Download:
    """One file to save."""

    def __init__(
        self,
        service: Service,
        media: Media,
        token: str | None,
        path: Path,
        options: SaveOptions,
        *,
        output: str | None = None,
    ) -> None:
        """Take what is to be saved, and where.

        Args:
            service: The service of the job.
            media: The output.
            token: The token of its job, for errors.
            path: The file, or a folder in which the file is named after its address.
            options: How it is saved.
            output: What identifies the output, where the name in *path* was chosen by this library and not by the
                caller: it then gets a number if it is taken, and the suffix that the bytes of the file require.
        """
        self._service = service
        self._media = media
        self._url = media.url.strip().replace(" ", "%20")  # a malformed address must not cost a paid file
        self._token = token
        self._path = path
        self._options = options
        self._output = output

    def flow(self) -> Flow[Path]:
        """Save the file and return its path.

        Raises:
            DownloadError: It was not saved.
            OSError: The file system refused.
        """
        if not self._is_inline:
            self._check_address(self._url, None)  # before anything is created on disk
        target = yield from run(self._choose_target)
        part = PartialFile(target, source(self._url), resume=self._options.resume, checked=bool(self._options.sha256))
        keep = True  # also after Ctrl-C: what arrived is valid, and `resume` continues from it
        try:
            yield from run(part.open)
            yield from self._save_inline(part) if self._is_inline else self._fetch_all(part)
            yield from run(part.flush)
            self._check_digest(part)
            target = self._rename(target, part)
            yield from run(partial(part.commit, target))
            self._service.saved_names.confirm(target, self._output or self._media.url)
        except _WRONG_CONTENT:
            keep = False
            raise
        finally:
            self._service.saved_names.release(target)
            part.close(keep=keep)
        self._service.emit(FileSaved(self._service.profile.slug, hide_query(self._media.url), target, part.size))
        return target

    @property
    def _is_inline(self) -> bool:
        return self._url[:5].lower() == "data:"

    def _choose_target(self) -> Path:
        path = self._path
        if path.is_dir():
            path, self._output = path / file_name(self._media), self._output or self._media.url
        return path if self._output is None else self._service.saved_names.claim(path, self._output)

    def _rename(self, target: Path, part: PartialFile) -> Path:
        """Return *target* with the suffix that the bytes require, where the name is this library's own choice."""
        suffix = right_suffix(part.head, target.suffix)
        if self._output is None or suffix == target.suffix:
            return target
        stem = target.stem if KNOWN_SUFFIX.search(target.name) else target.name
        self._service.saved_names.release(target)
        return self._service.saved_names.claim(target.with_name(stem + suffix), self._output)

    def _save_inline(self, part: PartialFile) -> Flow[None]:
        """Save an output that the address itself contains."""
        head, comma, text = self._url.partition(",")
        content = unquote_to_bytes(text)
        try:
            if head.lower().endswith(";base64"):
                content = base64.b64decode(content, validate=True)
        except ValueError:
            comma = ""
        if not comma:
            raise self._error(errors.ContentMismatch, "the response contains an output that is not valid base64")
        self._check_size(len(content))
        yield from run(partial(part.restart, ""))
        yield from run(partial(part.write, content))
        self._check_progress(part, len(content))
        self._check_kind(part)

    def _fetch_all(self, part: PartialFile) -> Flow[None]:
        """Try as often as the `RetryPolicy` allows, and as often again after every round that made progress.

        A large file over a poor connection may break off more often than the policy allows, and still arrives.
        """
        while True:
            before = part.size
            try:
                return (yield from self._service.retried(lambda: self._fetch(part), _is_transient))
            except errors.DownloadIncomplete:
                if part.size < before + _PROGRESS:
                    raise

    def _fetch(self, part: PartialFile) -> Flow[None]:
        """Try once: request the bytes that are missing, and write them."""
        total = None
        body = Body("", 0)
        try:
            head = yield from self._request(part)
            total = yield from self._prepare(head, part)
            body = Body(head.headers.get("content-encoding", ""), part.size)
            while chunk := (yield from read()):
                for piece in self._decoded(body, chunk):
                    if part.accept(piece):
                        yield from run(part.flush)
                    self._check_progress(part, None if body.is_encoded else total, body.encoding)
        except TransportError as error:
            if body.arrived != total:  # a connection that breaks after the last byte has delivered the whole file
                raise self._error(errors.DownloadIncomplete, f"the transfer broke off: {error}") from None
        yield from self._check_complete(part, total, body)

    def _decoded(self, body: Body, chunk: bytes) -> Iterator[bytes]:
        try:
            yield from body.feed(chunk)
        except ValueError as error:
            raise self._error(errors.DownloadIncomplete, str(error)) from None

    def _request(self, part: PartialFile) -> Flow[Response]:
        """Return the head of the response at the end of all redirects."""
        url, previous = self._url, None
        for _ in range(_MAX_REDIRECTS + 1):
            # Checked at every hop, and the credentials chosen for each: a redirect may lead to another host.
            self._check_address(url, previous)
            request = Request("GET", url, {**self._headers(part), **self._service.download_headers(url)})
            head = yield from self._service.traced(request, open_stream)
            if head.status not in _REDIRECT_STATUSES or "location" not in head.headers:
                return head
            url, previous = joined(url, head.headers["location"]), url
        raise self._error(errors.DownloadRefused, f"more than {_MAX_REDIRECTS} redirects")

    def _headers(self, part: PartialFile) -> dict[str, str]:
        # Without compression, sizes, ranges and the SHA-256 are those of the file itself.
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        # If-Range makes the host send the whole file when it has changed, so that two versions are never mixed.
        if part.size and part.etag:
            headers |= {"Range": f"bytes={part.size}-", "If-Range": part.etag}
        return headers

    def _check_address(self, url: str, previous: str | None) -> None:
        if not is_web_address(url):
            raise self._error(errors.DownloadUnsafe, f"not an http or https address: {hide_query(url)}")
        if urlsplit(url).scheme == "http" and previous is not None and urlsplit(previous).scheme == "https":
            raise self._error(errors.DownloadUnsafe, f"redirected from https to {hide_query(url)}")
        if (reason := self._service.untrusted_reason(url)) is not None:
            raise self._error(errors.DownloadUnsafe, reason)

    def _prepare(self, head: Response, part: PartialFile) -> Flow[int | None]:
        """Check the response, prepare the file for its body, and return the total size, or None if it is unknown."""
        # The file behind the address is now shorter than the part: it has been replaced.
        if head.status == _UNSATISFIABLE and part.size:
            yield from self._restart(part, "the host cannot continue where the transfer broke off")
        if head.status not in {_OK, PARTIAL_CONTENT}:
            raise self._refused(head)
        if head.status == PARTIAL_CONTENT and not continues(head, part):
            yield from self._restart(part, "the host sent another range than the requested one")
        # 200 to a range request means that If-Range did not match: the body is the whole new file.
        if head.status == _OK or not part.size:
            yield from run(partial(part.restart, strong_etag(head)))
        total = total_size(head)
        self._check_size(total or 0)  # refused before the body is transferred
        return total

    def _restart(self, part: PartialFile, why: str) -> Flow[None]:
        yield from run(partial(part.restart, ""))
        raise self._error(errors.DownloadIncomplete, why)

    def _check_size(self, size: int) -> None:
        limit = self._options.max_bytes
        if limit is not None and size > limit:
            raise self._error(errors.DownloadTooLarge, f"its {size} bytes are more than max_bytes={limit}")

    def _check_progress(self, part: PartialFile, total: int | None, encoding: str = "") -> None:
        self._check_size(part.size)  # again, because a host may send more than it announced, or announce nothing
        if len(part.head) >= HEAD:
            self._check_kind(part, encoding)
        if self._options.on_progress is not None:
            self._options.on_progress(part.size, total)

    def _check_complete(self, part: PartialFile, total: int | None, body: Body) -> Flow[None]:
        if total is not None and body.arrived != total:
            raise self._error(errors.DownloadIncomplete, f"{body.arrived} of {total} bytes arrived")
        if not body.is_complete:
            raise self._error(errors.DownloadIncomplete, f"the {body.encoding} body ends too early")
        self._check_kind(part, "" if body.is_encoded else body.encoding)
        # Without a length and a digest nothing but the file itself shows that a host closed the connection too early.
        if total is None and not self._options.sha256 and (missing := (yield from run(part.missing))):
            raise self._error(errors.DownloadIncomplete, missing)

    def _check_kind(self, part: PartialFile, encoding: str = "") -> None:
        known = recognized(part.head)
        if encoding in COMPRESSIONS and part.head and not known:
            message = f"the host sent the content encoding {encoding}, which was not requested"
            raise self._error(errors.ContentMismatch, message)
        found = None if known and self._media.guessed else mismatch(self._media.kind, part.head)
        if found is not None:
            raise self._error(errors.ContentMismatch, f"the host sent {found} instead of the {self._media.kind}")

    def _check_digest(self, part: PartialFile) -> None:
        found = part.digest()
        if found != (self._options.sha256 or ""):
            raise self._error(errors.ChecksumMismatch, f"its SHA-256 is {found}, not {self._options.sha256}")

    def _refused(self, head: Response) -> errors.DownloadError:
        expired = head.status < responses.SERVER_ERRORS
        hint = "; the address may have expired: refresh() the job for a new one" if expired else ""
        error = self._error(errors.DownloadRefused, f"the host responded with HTTP {head.status}{hint}")
        error.status, error.retry_after = head.status, responses.retry_after(head)
        return error

    def _error(self, kind: type[errors.DownloadError], message: str) -> errors.DownloadError:
        url = hide_query(self._media.url)
        vendor, redact = self._service.profile.slug, self._service.redact
        return kind(f"{url} was not saved: {redact(message)}", url=url, vendor=vendor, token=self._token)


def _is_transient(error: errors.SoundstageError) -> bool:
    """Whether another try may succeed: after a broken transfer, or while the host is not ready."""
    if isinstance(error, errors.DownloadIncomplete):
        return True
    status = error.status or 0
    return isinstance(error, errors.DownloadRefused) and (
        status in _TEMPORARY_STATUSES or status >= responses.SERVER_ERRORS
    )
