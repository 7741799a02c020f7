"""The names of the files that a client has saved, so that it never replaces one output by another in silence."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SavedNames:
    """Which output of a client each path belongs to. Threads may share an instance."""

    def __init__(self) -> None:
        self._owners: dict[Path, str] = {}
        self._saved: set[Path] = set()
        self._lock = threading.Lock()

    def claim(self, path: Path, output: str) -> Path:
        """Return *path* for an output, with a number where this client uses that path for another one.

        Args:
            path: The path that the output would have.
            output: What identifies the output, such as its address.
        """
        owner = _digest(output)
        with self._lock:
            found, number = path, 1
            while self._owners.setdefault(_key(found), owner) != owner:
                number += 1
                found = path.with_name(f"{path.stem}-{number}{path.suffix}")
            return found

    def confirm(self, path: Path, output: str) -> None:
        """Record for good that *output* has been saved at *path*, which the caller may have chosen without a claim."""
        with self._lock:
            self._owners[_key(path)] = _digest(output)
            self._saved.add(_key(path))

    def release(self, path: Path) -> None:
        """End a claim that has not been confirmed: there is no file of that name."""
        with self._lock:
            if (key := _key(path)) not in self._saved:
                self._owners.pop(key, None)


def _key(path: Path) -> Path:
    # On many systems two names that differ in case only are the same file.
    return path.parent.resolve() / path.name.casefold()


def _digest(output: str) -> str:
    # An address that contains a whole file is long.
    return hashlib.sha256(output.encode("utf-8", "surrogatepass")).hexdigest()
