"""Temporary folders that end with their owner, and with the process that made them."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class NoTemporaryFolderError(OSError):
    """No temporary folder can be written; the message names the reason and what to do."""


def make_folder(owner: object, prefix: str) -> tuple[Path, Callable[[], object]]:
    """Return a new temporary folder, and what removes it: at the latest the end of *owner*, or of the interpreter.

    Raises:
        NoTemporaryFolderError: None can be created.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
    except OSError as error:
        raise NoTemporaryFolderError(
            f"no temporary folder can be written ({error.strerror or error}): set TMPDIR to a writable one"
        ) from None
    return folder, weakref.finalize(owner, _remove, folder, os.getpid())


def _remove(folder: Path, maker: int) -> None:
    # A forked child inherits the finalizers: its end must not remove what its parent still uses.
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)
