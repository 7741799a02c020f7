"""A partial file: a download is written beside its target, and moved to it when it is complete."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import threading
from typing import TYPE_CHECKING, BinaryIO

from soundstage._values.media_type import HEAD

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = 1 << 20


class PartialFile:
    """The part of a file that has arrived. All methods block; the driver runs them in a thread where it must.

    Attributes:
        size: The number of bytes that arrived.
        head: The first bytes, up to 512.
        etag: The strong ETag of the file that they belong to, or "".
    """

    def __init__(self, target: Path, source: str, *, resume: bool, checked: bool) -> None:
        """Prepare, without touching the file system.

        Args:
            target: The path of the complete file.
            source: The address of the file without its query, which identifies it in a later download.
            resume: Whether to continue from what an earlier download left, and to leave it for a later one.
            checked: Whether a SHA-256 will be compared.
        """
        # Two downloads of one target at once must not write into one file; only `resume` needs a name to find again.
        unique = f".{target.name}.{secrets.token_hex(8)}.part"
        self.target = target
        self.path = target.with_name(f"{target.name}.part" if resume else unique)
        self.size = 0
        self.head = b""
        self.etag = ""
        self._source = source
        self._resume = resume
        self._hash = hashlib.sha256() if checked else None
        self._metadata = self.path.with_name(f"{self.path.name}.json")
        self._file: BinaryIO | None = None
        self._closed = False
        # When a download is canceled, a write may still run in its thread: `close` waits for it, so that nothing is
        # written after the file was deleted.
        self._lock = threading.Lock()

    def open(self) -> None:
        """Open the file, and continue from what an earlier download of the same source left."""
        with self._lock:
            if self._closed:
                return
            self.target.parent.mkdir(parents=True, exist_ok=True)
            if self.target.is_dir():
                raise IsADirectoryError(f"the target {self.target} is a folder")
            kept = self._resume and self._load_metadata()
            self._file = self.path.open("r+b" if kept else "wb")
            if kept:
                self._read_existing(self._file)

    def restart(self, etag: str) -> None:
        """Discard what arrived and start with the file that *etag* identifies, "" for one without a strong ETag."""
        with self._lock:
            if self._file is None:
                return
            self._file.seek(0)
            self._file.truncate()
            self.size, self.head, self.etag = 0, b"", etag
            self._hash = hashlib.sha256() if self._hash else None
            if self._resume:
                self._metadata.write_text(json.dumps({"source": self._source, "etag": etag}), encoding="utf-8")

    def write(self, chunk: bytes) -> None:
        """Append a chunk."""
        with self._lock:
            if self._file is not None:
                self._file.write(chunk)
                self._count(chunk)

    def digest(self) -> str:
        """Return the SHA-256 of everything that arrived, in hexadecimal."""
        return self._hash.hexdigest() if self._hash else ""

    def commit(self) -> None:
        """Move the complete file to its target, in one step."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self.path.replace(self.target)
                self._file = None
                self._metadata.unlink(missing_ok=True)

    def close(self, *, keep: bool) -> None:
        """Close the file; delete it, or with *keep* leave it where a later download can continue from it."""
        with self._lock:
            file, self._file, self._closed = self._file, None, True
            if file is None:
                return
            with contextlib.suppress(OSError):
                file.close()
            if not (keep and self._resume and self.etag and self.size):
                self._delete()

    def _delete(self) -> None:
        for path in (self.path, self._metadata):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _load_metadata(self) -> bool:
        try:
            metadata = json.loads(self._metadata.read_text(encoding="utf-8"))
            source, etag = metadata["source"], metadata["etag"]
        except (OSError, ValueError, TypeError, KeyError):
            return False
        if source != self._source or not isinstance(etag, str) or not self.path.is_file():
            return False
        self.etag = etag
        return bool(etag)

    def _read_existing(self, file: BinaryIO) -> None:
        while block := file.read(_BLOCK):
            self._count(block)

    def _count(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if len(self.head) < HEAD:
            self.head = (self.head + chunk)[:HEAD]
        if self._hash is not None:
            self._hash.update(chunk)
