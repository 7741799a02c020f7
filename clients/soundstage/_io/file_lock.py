"""Locks on files, which the operating system releases when a process ends, however it ends."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_TRIES = 8


def open_locked(path: Path, mode: int = 0o666, *, create: bool = True) -> BinaryIO | None:
    """Return the file at *path*, open and locked until it is closed; None while another one has the lock.

    Args:
        path: The file.
        mode: The permissions of a new file.
        create: Whether to create the file if it does not exist.

    Raises:
        FileNotFoundError: It does not exist, and *create* is false.
    """
    flags = os.O_RDWR | (os.O_CREAT if create else 0) | getattr(os, "O_BINARY", 0)
    for _ in range(_TRIES):
        file = os.fdopen(os.open(path, flags, mode), "r+b")
        try:
            _lock(file)
            # Between opening and locking the owner before may have moved or deleted the file.
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass
        except OSError:  # locked, or a file system without locks
            file.close()
            return None
        file.close()
    return None
