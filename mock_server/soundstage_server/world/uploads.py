"""Uploads: files that the simulator stores, so that a create call can refer to them by URL.

Pillow and PyAV inspect a file once, when it is uploaded; they are imported at the first upload.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from soundstage_server.media.temporary import make_folder
from soundstage_server.model.asgi import CONTROL
from soundstage_server.model.bounds import shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATH: Final = f"{CONTROL}/files"
"""The path of uploads, below the address of the server."""
MAX_BYTES: Final = 1024 * 1024 * 1024
"""The maximum total size of the uploads in bytes; beyond it the oldest are removed."""

_LONGEST_NAME: Final = 200
_TYPES: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "HEIC": "image/heic",
    "MP4": "video/mp4",
    "MOV": "video/quicktime",
    "MP3": "audio/mpeg",
}
_HEIC: Final = frozenset({b"ftypheic", b"ftypheix", b"ftypmif1"})
_HEIC_HEAD: Final = 1 << 20
"""Bytes at the start of a HEIC file in which its properties are looked for."""
_HEIC_SIZE: Final = re.compile(rb"ispe\0{4}(.{4})(.{4})", re.DOTALL)
"""The property with the size of one picture of a HEIC file (ISO/IEC 23008-12, ImageSpatialExtentsProperty)."""


class MediaInfo(NamedTuple):
    """The properties of a media file: kind, format, size in pixels, duration in seconds, frames per second."""

    kind: str
    format: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A stored file.

    Attributes:
        address: Its path, below the address of the server.
        name: The name that it was uploaded with.
        path: Its path on the disk.
        sha256: The SHA-256 of its bytes, in hexadecimal.
        bytes: Its size in bytes.
        looks: What it is.
    """

    address: str
    name: str
    path: Path
    sha256: str
    bytes: int
    info: MediaInfo

    @property
    def media_type(self) -> str:
        """The Content-Type of its download; a file that is no media is sent as bytes."""
        return _TYPES.get(self.info.format or "", "application/octet-stream")

    def as_dict(self, base: str) -> dict[str, Any]:
        """Return the upload as a JSON object, with its URL below *base*."""
        fields = {"url": base + self.address, "name": self.name, "sha256": self.sha256, "bytes": self.bytes}
        return {**fields, **self.info._asdict()}


class UploadStore:
    """Stores files in a temporary folder, which is created with the first file and removed by `close`.

    Args:
        max_bytes: The maximum total size.
    """

    def __init__(self, room: int = MAX_BYTES) -> None:
        self.max_bytes = room
        self._lock = threading.Lock()
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._folder: Path | None = None
        self._remove: Callable[[], object] | None = None
        self._closed = False

    def add(self, name: str, content: bytes) -> Upload:
        """Store *content* under *name* and return it with its address; an equal upload has the same address.

        Raises:
            ValueError: The name or the size is not allowed; the message names it and what is allowed.
            RuntimeError: The store is closed.
            OSError: It could not be written.
        """
        if not 1 <= len(name) <= _LONGEST_NAME or "/" in name or not name.isprintable():
            raise ValueError(
                f"name must be 1 to {_LONGEST_NAME} printable characters without a slash; got {shown(name)}"
            )
        if len(content) > self.max_bytes:
            raise ValueError(f"an uploaded file must have at most {self.max_bytes} bytes; got {len(content)}")
        digest = sha256(content).hexdigest()
        key = sha256(f"{digest}/{name}".encode()).hexdigest()[:24]
        with self._lock:
            if self._closed:
                raise RuntimeError("the upload store is closed")
            # The key is derived from name and content, so that a repeated upload is found and its URL is stable.
            if key not in self._uploads:
                path = self._ensure_folder() / key
                address = f"{PATH}/{key}/{quote(name)}"
                try:
                    path.write_bytes(content)
                    info = inspect_file(path)
                except BaseException:
                    path.unlink(missing_ok=True)  # half a file on a full disk, or one that no library survives
                    raise
                self._uploads[key] = Upload(address, name, path, digest, len(content), info)
                self._evict(key)
            self._uploads.move_to_end(key)
            return self._uploads[key]

    def get(self, key: str) -> Upload | None:
        """Return the upload with this *key*, or None if it is not stored any more."""
        with self._lock:
            return self._uploads.get(key)

    def find_by_url(self, url: str) -> Upload | None:
        """Return the upload at *url*, whatever its host: one server may have several names.

        Raises:
            LookupError: It has the form of an upload's address, but there is no such upload.
        """
        _, separator, rest = urlsplit(url).path.partition(f"{PATH}/")
        if not separator:
            return None
        upload = self.get(rest.partition("/")[0])
        if upload is None:
            raise LookupError("no such file was uploaded")
        return upload

    def usage(self) -> dict[str, int]:
        """Return how many files there are, their bytes, and the limit."""
        with self._lock:
            total = sum(upload.bytes for upload in self._uploads.values())
            return {"count": len(self._uploads), "bytes": total, "max_bytes": self.max_bytes}

    def clear(self) -> None:
        """Remove every upload."""
        with self._lock:
            for upload in self._uploads.values():
                upload.path.unlink(missing_ok=True)
            self._uploads.clear()

    def close(self) -> None:
        """Remove the folder. Safe to call twice."""
        with self._lock:
            self._closed = True
            self._uploads.clear()
            if self._remove is not None:
                self._remove()

    def _ensure_folder(self) -> Path:
        if self._folder is None:
            self._folder, self._remove = make_folder(self, "soundstage-uploads-")
        return self._folder

    def _evict(self, newest: str) -> None:
        total = sum(upload.bytes for upload in self._uploads.values())
        while total > self.max_bytes and next(iter(self._uploads)) != newest:
            _, oldest = self._uploads.popitem(last=False)
            oldest.path.unlink(missing_ok=True)
            total -= oldest.bytes


def inspect_file(path: Path) -> MediaInfo:
    """Return the properties of the file at *path*; one that neither library can read is of the kind ``other``."""
    with path.open("rb") as file:
        head = file.read(12)
    return _inspect_image(path) or _inspect_stream(path, head) or MediaInfo("other")


def inspect_image(content: bytes) -> MediaInfo:
    """Return the properties of an image from a request body; anything else is of the kind ``other``."""
    return _inspect_image(BytesIO(content)) or MediaInfo("other")


def _inspect_image(source: Path | BytesIO) -> MediaInfo | None:
    from PIL import Image

    try:
        with Image.open(source) as image:
            return MediaInfo("image", image.format, image.width, image.height)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None


def _heic_size(path: Path) -> tuple[int, int] | tuple[None, None]:
    """Return the width and height of the largest picture in a HEIC file, before any rotation; None if unknown."""
    # Pillow does not read HEIC, and FFmpeg shows the tiles of a large picture one by one. The property is read instead:
    # a file has one for each tile, for its thumbnail and for the whole picture, which is the largest.
    with path.open("rb") as file:
        head = file.read(_HEIC_HEAD)
    sizes = [(int.from_bytes(found[1]), int.from_bytes(found[2])) for found in _HEIC_SIZE.finditer(head)]
    return max(sizes, key=lambda size: size[0] * size[1], default=(None, None))


def _inspect_stream(path: Path, head: bytes) -> MediaInfo | None:
    import av

    if head[4:12] in _HEIC:
        return MediaInfo("image", "HEIC", *_heic_size(path))
    # The container is recognized by its first bytes, and FFmpeg is made to use that format: a own guess would also
    # follow playlists, which name files on this machine and addresses elsewhere.
    if head[4:8] == b"ftyp":
        name, label = "mp4", "MOV" if head[8:10] == b"qt" else "MP4"
    elif head[:3] == b"ID3" or head[:2] in (b"\xff\xfb", b"\xff\xf3"):
        name, label = "mp3", "MP3"
    else:
        return None
    try:
        # Titles are in any encoding, and are not read here.
        with av.open(str(path), format=name, metadata_errors="replace") as container:
            video = next(iter(container.streams.video), None) if name == "mp4" else None
            stream = video or container.streams.audio[0]
            length = stream.duration or 0
            seconds = float(length * stream.time_base) if stream.time_base else 0.0
            if video is None:
                return MediaInfo("audio", label, seconds=seconds)
            rate = float(video.average_rate) if video.average_rate else None
            # A codec that FFmpeg does not know has no context, and its size is unknown.
            size: Any = video.codec_context
            width, height = (None, None) if size is None else (size.width, size.height)
            return MediaInfo("video", label, width, height, seconds, rate)
    except (av.FFmpegError, IndexError, ValueError, OverflowError):
        return None
