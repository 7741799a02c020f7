"""A file on its way: written beside its target under another name, and put there at the end or not at all."""

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


class Partial:
    """What arrived so far of one file. All methods block; the driver runs them where that is allowed.

    The lock makes the end of a cancelled download wait for a write that is still in another thread.

    Attributes:
        size: Bytes that arrived.
        head: The first of them, up to 512.
        etag: The strong ETag they belong to, or "".
    """

    def __init__(self, target: Path, source: str, *, resume: bool, checked: bool) -> None:
        """Prepare, without touching the file system.

        Args:
            target: Where the file will stand.
            source: What names the file at its host, to know it again.
            resume: Whether to go on with what an earlier download left, and to leave it for a later one.
            checked: Whether a SHA-256 will be asked for.
        """
        unique = f".{target.name}.{secrets.token_hex(8)}.part"
        self.target = target
        self.path = target.with_name(f"{target.name}.part" if resume else unique)
        self.size = 0
        self.head = b""
        self.etag = ""
        self._source = source
        self._resume = resume
        self._hash = hashlib.sha256() if checked else None
        self._note = self.path.with_name(f"{self.path.name}.json")
        self._file: BinaryIO | None = None
        self._over = False
        self._lock = threading.Lock()

    def open(self) -> None:
        """Open the file, and take over what an earlier download left of the same source."""
        with self._lock:
            if self._over:
                return
            self.target.parent.mkdir(parents=True, exist_ok=True)
            if self.target.is_dir():
                raise IsADirectoryError(f"a folder stands at {self.target}")
            kept = self._resume and self._left_behind()
            self._file = self.path.open("r+b" if kept else "wb")
            if kept:
                self._take_over(self._file)

    def begin(self, etag: str) -> None:
        """Drop what arrived and begin with the file that *etag* names, "" for one without a strong ETag."""
        with self._lock:
            if self._file is None:
                return
            self._file.seek(0)
            self._file.truncate()
            self.size, self.head, self.etag = 0, b"", etag
            self._hash = hashlib.sha256() if self._hash else None
            if self._resume:
                self._note.write_text(json.dumps({"source": self._source, "etag": etag}), encoding="utf-8")

    def write(self, chunk: bytes) -> None:
        """Add what arrived."""
        with self._lock:
            if self._file is not None:
                self._file.write(chunk)
                self._count(chunk)

    def digest(self) -> str:
        """The SHA-256 of all that arrived, in hexadecimal."""
        return self._hash.hexdigest() if self._hash else ""

    def commit(self) -> None:
        """Put the file in its place."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self.path.replace(self.target)
                self._file = None
                self._note.unlink(missing_ok=True)

    def close(self, *, keep: bool) -> None:
        """End: leave nothing, or with *keep* what a later download can go on with."""
        with self._lock:
            file, self._file, self._over = self._file, None, True
            if file is None:
                return
            with contextlib.suppress(OSError):
                file.close()
            if not (keep and self._resume and self.etag and self.size):
                self._forget()

    def _forget(self) -> None:
        for path in (self.path, self._note):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _left_behind(self) -> bool:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            source, etag = note["source"], note["etag"]
        except (OSError, ValueError, TypeError, KeyError):
            return False
        if source != self._source or not isinstance(etag, str) or not self.path.is_file():
            return False
        self.etag = etag
        return bool(etag)

    def _take_over(self, file: BinaryIO) -> None:
        while block := file.read(_BLOCK):
            self._count(block)

    def _count(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if len(self.head) < HEAD:
            self.head = (self.head + chunk)[:HEAD]
        if self._hash is not None:
            self._hash.update(chunk)
