"""Where results go: a file or a folder, checked to be writable before anything is sent."""

from __future__ import annotations

import errno
import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundstage._protocol.downloads import job_file_names
from soundstage_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from soundstage import Job


@dataclass(frozen=True, slots=True)
class SavedFiles:
    """What was saved.

    Attributes:
        files: Where it stands.
        problems: What was not saved, and why.
    """

    files: Sequence[Path]
    problems: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Destination:
    """A place for what is made.

    Attributes:
        path: The file or the folder.
        is_file: Whether it is a file's name.
    """

    path: Path
    is_file: bool

    def save(self, made: Any) -> SavedFiles:
        """Save all of *made*, a job that is over or a thing that saves itself in a folder."""
        if not self.is_file:
            files = made.save(self.path)
            return SavedFiles(files, tuple(map(str, getattr(files, "problems", ()))))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return SavedFiles(list(self._outputs(made))) if hasattr(made, "outputs") else self._moved(made)

    def _outputs(self, job: Job) -> Iterator[Path]:
        outputs = job.result()
        suffixes = [Path(name).suffix or self.path.suffix for _, name in job_file_names(job.id, job.snapshot.media)]
        for output, name in zip(outputs, self._names(suffixes), strict=True):
            yield output.save(name)

    def _moved(self, made: Any) -> SavedFiles:
        """Let *made* save itself out of sight, and put its files in their places when all of them are there."""
        with tempfile.TemporaryDirectory(prefix=".soundstage-", dir=self.path.parent) as staging:
            files: Sequence[Path] = made.save(Path(staging))
            problems = tuple(map(str, getattr(files, "problems", ())))
            names = self._names([file.suffix for file in files], partial=bool(problems))
            return SavedFiles([file.replace(name) for file, name in zip(files, names, strict=True)], problems)

    def _names(self, suffixes: Sequence[str], *, partial: bool = False) -> Iterator[Path]:
        """A file's name for each of *suffixes*: the one that was asked for, or its like, with a number where needed."""
        if len(suffixes) == 1 and not partial:
            yield self.path
            return
        alike, seen = Counter(suffixes), Counter[str]()
        for suffix in suffixes:
            seen[suffix] += 1
            number = f"-{seen[suffix]}" if alike[suffix] > 1 else ""
            yield self.path.with_name(f"{self.path.stem}{number}{suffix}")


def check_destination(out: str | None) -> Destination:
    """Return the place that *out* names: a file if it has a suffix and is no folder, or else a folder.

    Raises:
        UsageError: It cannot be written to; nothing was made there to find out.
    """
    try:
        if out is None:
            return _writable(Destination(Path(), is_file=False))
        if not out:
            raise FileNotFoundError(errno.ENOENT, "it is empty")
        path = Path(out)
        is_file = bool(path.suffix) and not path.is_dir() and not out.endswith(("/", os.sep))
        if is_file and path.exists() and not path.is_file():
            raise FileExistsError(errno.EEXIST, "it is neither a file nor a folder")
        return _writable(Destination(path, is_file))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        shown = "the folder that you are in" if out is None else repr(out)
        raise UsageError(f"--out is {shown}; allowed: a file or folder that can be written to ({reason})") from None


def _writable(destination: Destination) -> Destination:
    """Try to write where the first of the folders is, those that are to be made not counted."""
    folder = destination.path.absolute()
    folder = folder.parent if destination.is_file else folder
    with tempfile.TemporaryFile(dir=next(place for place in (folder, *folder.parents) if place.exists())):
        return destination
