"""A partial file: a download is written beside its target, and moved to it when it is complete."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import sys
import threading
from typing import TYPE_CHECKING, BinaryIO

from soundstage._io.file_lock import open_locked
from soundstage._values.media_type import HEAD, missing_part

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BLOCK = 1 << 20  # bytes of one write: each of them is a change of threads under asyncio
_MAX_NAME = 255  # bytes of a name that every usual file system allows


class PartialFile:
    """The part of a file that has arrived.

    All methods but `accept` block; the driver runs them in a thread where it must. A part that `resume` continues has
    one writer at a time, in all threads and processes: a second download of it at the same time has a part of its own,
    which it does not leave for a later one.

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
        self.target = target
        self.path = _beside(target, "", ".part") if resume else self._own_path()
        self.size = 0
        self.head = b""
        self.etag = ""
        self._source = source
        self._resume = resume
        self._hash = hashlib.sha256() if checked else None
        self._metadata = _beside(target, "", ".part.json")
        self._file: BinaryIO | None = None
        self._buffer = bytearray()
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
            file = open_locked(self.path) if self._resume else None
            if file is None:
                # Two downloads of one target at once must not write into one file.
                self._resume, self.path = False, self._own_path()
                file = self.path.open("wb+")
            self._file = file
            if self._resume and self._load_metadata():
                self._read_existing(file)
            else:
                file.truncate()

    def accept(self, chunk: bytes) -> bool:
        """Append a chunk in memory, and return whether enough has gathered to `flush` it."""
        self.size += len(chunk)
        if len(self.head) < HEAD:
            self.head = (self.head + chunk)[:HEAD]
        self._buffer += chunk
        return len(self._buffer) >= _BLOCK

    def flush(self) -> None:
        """Write what has gathered in memory."""
        with self._lock:
            if self._file is not None:
                self._write_buffer(self._file)

    def write(self, chunk: bytes) -> None:
        """Append a chunk to the file."""
        self.accept(chunk)
        self.flush()

    def restart(self, etag: str) -> None:
        """Discard what arrived and start with the file that *etag* identifies, "" for one without a strong ETag."""
        with self._lock:
            if self._file is None:
                return
            self._buffer.clear()
            self._file.seek(0)
            self._file.truncate()
            self.size, self.head, self.etag = 0, b"", etag
            self._hash = hashlib.sha256() if self._hash else None
            if self._resume:
                self._metadata.write_text(json.dumps({"source": self._source, "etag": etag}), encoding="utf-8")

    def digest(self) -> str:
        """Return the SHA-256 of everything that arrived, in hexadecimal."""
        self.flush()
        return self._hash.hexdigest() if self._hash else ""

    def missing(self) -> str | None:
        """Return what the file lacks by the lengths inside it, or None."""
        with self._lock:
            if self._file is None:
                return None
            self._write_buffer(self._file)
            self._file.seek(0)
            found = missing_part(self._file, self.size)
            self._file.seek(0, os.SEEK_END)
            return found

    def commit(self, target: Path | None = None) -> None:
        """Move the complete file to its target, in one step.

        Args:
            target: Another name beside the target, for a file whose bytes have shown what it is.
        """
        with self._lock:
            if self._file is not None:
                self._write_buffer(self._file)
                self._file.flush()
                self._finish(self._file, lambda: self.path.replace(target or self.target))
                self._file = None
                if self._resume:
                    self._metadata.unlink(missing_ok=True)

    def close(self, *, keep: bool) -> None:
        """Close the file; delete it, or with *keep* leave it where a later download can continue from it."""
        with self._lock:
            file, self._file, self._closed = self._file, None, True
            if file is None:
                return
            with contextlib.suppress(OSError, ValueError):  # a full disk, or a file whose move has failed
                if keep and self._resume and self.etag and self.size:
                    self._write_buffer(file)
                    file.close()
                    return
            with contextlib.suppress(OSError):
                self._finish(file, self._delete)

    def _finish(self, file: BinaryIO, action: Callable[[], object]) -> None:
        """Do the last thing with an open file."""
        # The lock ends when the file is closed: closed first, the part would be another writer's before it is moved or
        # deleted. Windows moves and deletes closed files only.
        if sys.platform == "win32":
            file.close()
        try:
            action()
        finally:
            file.close()

    def _delete(self) -> None:
        for path in (self.path, self._metadata) if self._resume else (self.path,):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _own_path(self) -> Path:
        return _beside(self.target, ".", f".{secrets.token_hex(8)}.part")

    def _load_metadata(self) -> bool:
        try:
            metadata = json.loads(self._metadata.read_text(encoding="utf-8"))
            source, etag = metadata["source"], metadata["etag"]
        except (OSError, ValueError, TypeError, KeyError):
            return False
        if source != self._source or not isinstance(etag, str):
            return False
        self.etag = etag
        return bool(etag)

    def _read_existing(self, file: BinaryIO) -> None:
        while block := file.read(_BLOCK):
            self.size += len(block)
            self.head = (self.head + block)[:HEAD]
            if self._hash is not None:
                self._hash.update(block)

    def _write_buffer(self, file: BinaryIO) -> None:
        content, self._buffer = self._buffer, bytearray()
        file.write(content)
        if self._hash is not None:
            self._hash.update(content)


def _beside(target: Path, prefix: str, ending: str) -> Path:
    """Return the path of a helper file in the folder of *target*, with a name that no file system refuses."""
    name = os.fsencode(target.name)
    room = _MAX_NAME - len(os.fsencode(prefix + ending))
    if len(name) > room:
        # The digest keeps the names of two long targets apart.
        digest = hashlib.sha256(name).hexdigest()[:16]
        kept = name[: room - 17].decode(errors="ignore")
        return target.with_name(f"{prefix}{kept}-{digest}{ending}")
    return target.with_name(f"{prefix}{target.name}{ending}")
