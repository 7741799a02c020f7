"""Output paths of `soundstage generate`: a file or a folder, checked to be writable before anything is sent."""

from __future__ import annotations

import errno
import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstage._protocol.file_names import job_file_names
from soundstage_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from soundstage import Job

_MEDIA_KINDS: Final = ("image", "video", "audio")


@dataclass(frozen=True, slots=True)
class SavedFiles:
    """The files of one result.

    Attributes:
        files: The paths of the saved files.
        problems: What was not saved, with the reason.
        note: Why a file has another name than requested, or an empty string.
    """

    files: Sequence[Path]
    problems: Sequence[str] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Destination:
    """An output path.

    Attributes:
        path: The file or the folder.
        is_file: Whether *path* is the name of a file.
    """

    path: Path
    is_file: bool

    def save(self, made: Any) -> SavedFiles:
        """Save all files of *made*, an ended job or a result that saves itself in a folder."""
        if not self.is_file:
            files = made.save(self.path)
            return SavedFiles(files, tuple(map(str, getattr(files, "problems", ()))))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        saved = SavedFiles(list(self._save_outputs(made))) if hasattr(made, "outputs") else self._save_moved(made)
        return SavedFiles(saved.files, saved.problems, self._note(saved.files))

    def _save_outputs(self, job: Job) -> Iterator[Path]:
        outputs = job.result()
        suffixes = [Path(name).suffix or self.path.suffix for _, name in job_file_names(job.id, job.snapshot.media)]
        for output, name in zip(outputs, self._names(suffixes), strict=True):
            yield output.save(name)

    def _save_moved(self, made: Any) -> SavedFiles:
        """Let *made* save itself in a temporary folder, and move its files when all of them are complete."""
        with tempfile.TemporaryDirectory(prefix=".soundstage-", dir=self.path.parent) as staging:
            files: Sequence[Path] = made.save(Path(staging))
            problems = tuple(map(str, getattr(files, "problems", ())))
            names = self._names([file.suffix for file in files], partial=bool(problems))
            return SavedFiles([file.replace(name) for file, name in zip(files, names, strict=True)], problems)

    def _names(self, suffixes: Sequence[str], *, partial: bool = False) -> Iterator[Path]:
        """Yield a path for each of *suffixes*: the requested one, or one with that suffix and a number."""
        if len(suffixes) == 1 and not partial:
            yield self.path.with_suffix(suffixes[0]) if _contradicts(self.path.suffix, suffixes[0]) else self.path
            return
        counts, seen = Counter(suffixes), Counter[str]()
        for suffix in suffixes:
            seen[suffix] += 1
            number = f"-{seen[suffix]}" if counts[suffix] > 1 else ""
            yield self.path.with_name(f"{self.path.stem}{number}{suffix}")

    def _note(self, files: Sequence[Path]) -> str:
        """Explain the suffix of a single file that has another one than requested."""
        if len(files) != 1 or not _contradicts(self.path.suffix, files[0].suffix):
            return ""
        return f"the result is {files[0].suffix[1:]}, so it was saved as {files[0]} and not as {self.path}"


def _contradicts(requested: str, actual: str) -> bool:
    """Return whether a file name with *requested* as its suffix would hide that the file is *actual*.

    A suffix that is not one of media, such as ``.v2``, is only a part of the name.
    """
    wanted, is_ = guess_type(f"x{requested.lower()}")[0], guess_type(f"x{actual.lower()}")[0]
    return bool(wanted and is_ and wanted != is_ and wanted.partition("/")[0] in _MEDIA_KINDS)


def check_destination(out: str | None) -> Destination:
    """Return the destination that *out* names: a file if it has a suffix and is not a folder, otherwise a folder.

    Raises:
        UsageError: It is not writable. The check leaves no file and no folder.
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
        shown = "the current folder" if out is None else repr(out)
        raise UsageError(f"--out is {shown}; allowed: a writable file or folder ({reason})") from None


def _writable(destination: Destination) -> Destination:
    """Create a temporary file in the nearest folder that exists; missing ones are made only when there is a result."""
    folder = destination.path.absolute()
    folder = folder.parent if destination.is_file else folder
    with tempfile.TemporaryFile(dir=next(place for place in (folder, *folder.parents) if place.exists())):
        return destination
