"""Held files: what somebody gives the simulator to keep, so that a create call can name it by an address.

Pillow and PyAV look at a file once, when it is given; they are loaded with the first.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from soundstage_server.model.asgi import CONTROL

if TYPE_CHECKING:
    from collections.abc import Callable

PATH: Final = f"{CONTROL}/files"
"""Where held files stand, below the address of the server."""
MAX_BYTES: Final = 1024 * 1024 * 1024
"""Bytes of held files that are kept; past it the oldest go."""

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


class MediaInfo(NamedTuple):
    """What a file is: kind and format, the sides of its picture in pixels, its seconds and its frames a second."""

    kind: str
    format: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is kept.

    Attributes:
        address: Where it stands, below the address of the server.
        name: The name it was given with.
        path: Where it is on the disk.
        sha256: The SHA-256 of its bytes, in hexadecimal digits.
        bytes: How many bytes it has.
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
        """The Content-Type under which it is handed out; what is no media is handed out as bytes."""
        return _TYPES.get(self.info.format or "", "application/octet-stream")

    def as_dict(self, base: str) -> dict[str, Any]:
        """Return the file as JSON has it, its address below *base*."""
        said = {"url": base + self.address, "name": self.name, "sha256": self.sha256, "bytes": self.bytes}
        return {**said, **self.info._asdict()}


class UploadStore:
    """Keeps files in a folder of its own, which is made with the first file and gone after `close`.

    Args:
        room: How many bytes are kept.
    """

    def __init__(self, room: int = MAX_BYTES) -> None:
        self.max_bytes = room
        self._lock = threading.Lock()
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._folder: Path | None = None
        self._remove: Callable[[], object] | None = None
        self._closed = False

    def add(self, name: str, content: bytes) -> Upload:
        """Keep *content* under *name*, and return it with its address; equal ones have the same address.

        Raises:
            ValueError: The name or the size is not allowed; the text names it and what is allowed.
            RuntimeError: The shelf is closed.
        """
        if not 1 <= len(name) <= _LONGEST_NAME or "/" in name or not name.isprintable():
            raise ValueError(f"name must be 1 to {_LONGEST_NAME} printable characters without a slash; got {name!r}")
        if len(content) > self.max_bytes:
            raise ValueError(f"a held file must have at most {self.max_bytes} bytes; got {len(content)}")
        digest = sha256(content).hexdigest()
        key = sha256(f"{digest}/{name}".encode()).hexdigest()[:24]
        with self._lock:
            if self._closed:
                raise RuntimeError("the shelf is closed")
            if key not in self._uploads:
                path = self._ensure_folder() / key
                path.write_bytes(content)
                address = f"{PATH}/{key}/{quote(name)}"
                self._uploads[key] = Upload(address, name, path, digest, len(content), inspect_file(path))
                self._evict(key)
            self._uploads.move_to_end(key)
            return self._uploads[key]

    def get(self, key: str) -> Upload | None:
        """Return the file whose address holds *key*, if it is still kept."""
        with self._lock:
            return self._uploads.get(key)

    def find_by_url(self, url: str) -> Upload | None:
        """Return the file that *url* names, whatever the server is called in it.

        Raises:
            LookupError: It has the form of a held file's address, and no such file is kept.
        """
        _, ours, rest = urlsplit(url).path.partition(f"{PATH}/")
        if not ours:
            return None
        held = self.get(rest.partition("/")[0])
        if held is None:
            raise LookupError("no such file is held")
        return held

    def clear(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            for held in self._uploads.values():
                held.path.unlink(missing_ok=True)
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
            self._folder = Path(tempfile.mkdtemp(prefix="soundstage-held-"))
            self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def _evict(self, newest: str) -> None:
        total = sum(held.bytes for held in self._uploads.values())
        while total > self.max_bytes and next(iter(self._uploads)) != newest:
            _, gone = self._uploads.popitem(last=False)
            gone.path.unlink(missing_ok=True)
            total -= gone.bytes


def inspect_file(path: Path) -> MediaInfo:
    """Return what the file at *path* is, by its bytes; what neither library can read is of the kind ``other``."""
    with path.open("rb") as file:
        head = file.read(12)
    return _inspect_image(path) or _inspect_stream(path, head) or MediaInfo("other")


def inspect_image(content: bytes) -> MediaInfo:
    """Return what a picture is that came within a request; what is none is of the kind ``other``."""
    return _inspect_image(BytesIO(content)) or MediaInfo("other")


def _inspect_image(source: Path | BytesIO) -> MediaInfo | None:
    from PIL import Image

    try:
        with Image.open(source) as image:
            return MediaInfo("image", image.format, image.width, image.height)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None


def _inspect_stream(path: Path, head: bytes) -> MediaInfo | None:
    import av

    if head[4:12] in _HEIC:  # the libraries know no more of it
        return MediaInfo("image", "HEIC")
    # The container is told by its first bytes and then insisted on: left to guess, the library would also follow
    # playlists, which name files and addresses of others.
    if head[4:8] == b"ftyp":
        name, label = "mp4", "MOV" if head[8:10] == b"qt" else "MP4"
    elif head[:3] == b"ID3" or head[:2] in (b"\xff\xfb", b"\xff\xf3"):
        name, label = "mp3", "MP3"
    else:
        return None
    try:
        with av.open(str(path), format=name) as container:
            film = next(iter(container.streams.video), None) if name == "mp4" else None
            stream = film or container.streams.audio[0]
            length = stream.duration or 0
            seconds = float(length * stream.time_base) if stream.time_base else 0.0
            if film is None:
                return MediaInfo("audio", label, seconds=seconds)
            rate = float(film.average_rate) if film.average_rate else None
            return MediaInfo("video", label, film.codec_context.width, film.codec_context.height, seconds, rate)
    except (av.FFmpegError, IndexError):
        return None
