"""What the responses of a download mean: range, size, ETag, encoding."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from soundstage._values.content_encoding import Decoder
from soundstage._values.media_type import recognized

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage._io.partial_file import PartialFile
    from soundstage._values.messages import Response

PARTIAL_CONTENT = 206
# Content encodings that change the bytes of a file; of all others, such as `aws-chunked`, only the label is left.
COMPRESSIONS = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "compress"})
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)\Z")
_LENGTH = re.compile(r"[0-9]{1,18}\Z")


class Body:
    """The body of one response: how much of it arrived, and what it decodes to."""

    def __init__(self, encoding: str, before: int) -> None:
        """Take the Content-Encoding header, and the number of bytes that arrived before this response."""
        self.encoding = encoding.strip().lower()
        self.arrived = before
        self._decoder: Decoder | None = None

    @property
    def is_encoded(self) -> bool:
        return self._decoder is not None and self._decoder.encoded

    @property
    def is_complete(self) -> bool:
        return self._decoder is None or self._decoder.complete

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what *chunk* decodes to."""
        if self._decoder is None:
            # The bytes decide: a file that is recognized as it is has a wrong label.
            self._decoder = Decoder("" if recognized(chunk) else self.encoding)
        self.arrived += len(chunk)
        yield from self._decoder.feed(chunk)


def joined(url: str, location: str) -> str:
    """Return the address that a redirect from *url* leads to; a malformed one as it is, to be refused."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def source(url: str) -> str:
    """Return what identifies the file behind *url* on disk: without the query, which is a new signature each time."""
    if url[:5].lower() == "data:":
        return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def continues(head: Response, part: PartialFile) -> bool:
    """Whether a partial response starts where the file ends, and is of the same file."""
    span = _RANGE.match(head.headers.get("content-range", ""))
    same = not part.size or head.headers.get("etag", part.etag) == part.etag
    return span is not None and int(span[1]) == part.size and same


def total_size(head: Response) -> int | None:
    """Return the size of the whole file, or None where the host does not send it."""
    span = _RANGE.match(head.headers.get("content-range", ""))
    if head.status == PARTIAL_CONTENT and span is not None:
        return int(span[2]) if span[2].isdecimal() else None
    length = _LENGTH.match(head.headers.get("content-length", ""))
    return int(length[0]) if length else None


def strong_etag(head: Response) -> str:
    """Return the ETag that a later range request may rely on, or ""."""
    # A weak ETag (W/"...") allows other bytes, so that a range of it may not fit to the part.
    # An encoded body has no ranges that fit to the decoded file.
    encoded = head.headers.get("content-encoding", "").strip().lower() in COMPRESSIONS
    etag = head.headers.get("etag", "")
    return etag if etag.startswith('"') and not encoded else ""
