"""Temporary folders that end with their owner, and with the process that made them, also if that was killed.

A folder contains a file that its process keeps locked; the system releases the lock when the process ends. The next
process that makes a folder removes those whose lock it can take.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

try:
    import fcntl
except ImportError:  # Windows, which does not delete open files: nothing is left to other processes there
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX: Final = "soundstage-"
"""What the names of all folders begin with."""

_LOCK: Final = ".lock"


class NoTemporaryFolderError(OSError):
    """No temporary folder can be written; the message names the reason and what to do."""


def make_folder(owner: object, prefix: str) -> tuple[Path, Callable[[], object]]:
    """Return a new temporary folder, and what removes it: at the latest the end of *owner*, or of the interpreter.

    Raises:
        NoTemporaryFolderError: None can be created.
    """
    try:
        remove_stale_folders()
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        lock = _lock(folder)
    except OSError as error:
        raise NoTemporaryFolderError(
            f"no temporary folder can be written ({error.strerror or error}): set TMPDIR to a writable one"
        ) from None
    return folder, weakref.finalize(owner, _remove, folder, os.getpid(), lock)


def remove_stale_folders() -> None:
    """Remove the folders of this user whose processes have ended without removing them."""
    if fcntl is None:
        return
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{_LOCK}"):
        with suppress(OSError):  # another user's folder, or another process removes it now
            descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_uid == os.getuid():
                    shutil.rmtree(lock.parent, ignore_errors=True)
            finally:
                os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """Return the descriptor of the locked file of a new *folder*."""
    if fcntl is None:
        return None
    new = folder / f"{_LOCK}.new"
    descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    # Renamed once it is locked: under its final name it is never found unlocked by another process.
    new.rename(folder / _LOCK)
    return descriptor


def _remove(folder: Path, maker: int, lock: int | None) -> None:
    # A forked child inherits the finalizers: its end must not remove what its parent still uses.
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)
