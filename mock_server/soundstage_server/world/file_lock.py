"""An exclusive lock on a file that the system releases when the process ends, however it ends."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_PRIVATE: Final = 0o600


def lock_file(path: Path) -> IO[bytes]:
    """Return an open file with the lock of *path*, which ends when the file is closed.

    With ``fcntl``, the file itself is locked. Elsewhere (Windows) a lock on the file would keep SQLite from reading
    it, so a file beside it with the suffix ``.lock`` is locked instead.

    Raises:
        BlockingIOError: Another process or another world has the lock.
        OSError: The file cannot be opened.
        NotImplementedError: This system has neither ``fcntl`` nor ``msvcrt``.
    """
    try:
        import fcntl
    except ImportError:
        return _lock_beside(path)
    # Created for its owner only: the callback addresses in a state file may contain tokens.
    file = open(path, "ab", opener=_open_private)  # noqa: SIM115 - it is returned open
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise BlockingIOError from None
    return file


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, _PRIVATE)


def _lock_beside(path: Path) -> IO[bytes]:
    try:
        import msvcrt
    except ImportError:
        raise NotImplementedError from None
    file = path.with_name(f"{path.name}.lock").open("ab")
    try:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore] # Windows only
    except OSError:
        file.close()
        raise BlockingIOError from None
    return file
