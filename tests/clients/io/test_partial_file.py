"""Partial files: late writes, full disks, what is kept."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import pytest

from soundstage._io import file_lock
from soundstage._io.partial_file import PartialFile

if TYPE_CHECKING:
    from pathlib import Path


def part(folder: Path, *, resume: bool = False) -> PartialFile:
    """Return a partial file in *folder*."""
    return PartialFile(folder / "video.mp4", "https://a.example/video", resume=resume, checked=False)


def test_nothing_is_written_after_close(tmp_path: Path) -> None:
    """A thread that writes after a canceled download was cleaned up does nothing."""
    late = part(tmp_path)
    late.close(keep=False)
    late.open()
    late.restart('"v1"')
    late.write(b"bytes")
    late.commit()
    assert list(tmp_path.iterdir()) == []


def test_unopened_part_is_not_deleted(tmp_path: Path) -> None:
    """Closing before opening does not delete what an earlier download kept."""
    kept = tmp_path / "video.mp4.part"
    kept.write_bytes(b"kept")
    part(tmp_path, resume=True).close(keep=False)
    assert kept.read_bytes() == b"kept"


def test_failed_move_deletes_the_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the last step fails, the error is raised and nothing is left."""

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(self, target)

    ready = part(tmp_path)
    ready.open()
    ready.restart("")
    ready.write(b"bytes")
    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(PermissionError):
        ready.commit()
    ready.close(keep=True)
    assert list(tmp_path.iterdir()) == []


def test_only_a_resumable_part_is_kept(tmp_path: Path) -> None:
    """Without a strong ETag, or without a byte, nothing is kept."""
    for etag, content in (("", b"bytes"), ('"v1"', b"")):
        useless = part(tmp_path, resume=True)
        useless.open()
        useless.restart(etag)
        useless.write(content)
        useless.close(keep=True)
        assert list(tmp_path.iterdir()) == []


def test_parallel_downloads_use_separate_files(tmp_path: Path) -> None:
    """Each download has a temporary file of its own, and the last one to end wins."""
    first, second = part(tmp_path), part(tmp_path)
    for number, each in enumerate((first, second)):
        each.open()
        each.restart("")
        each.write(bytes([number]) * 9)
    second.commit()
    first.commit()
    assert (tmp_path / "video.mp4").read_bytes() == bytes(9)
    assert len(list(tmp_path.iterdir())) == 1


def test_part_to_resume_has_one_writer(tmp_path: Path) -> None:
    """While one download writes the part that `resume` continues, another has its own and leaves none."""
    first, second = part(tmp_path, resume=True), part(tmp_path, resume=True)
    first.open()
    first.restart('"v1"')
    first.write(b"first")
    second.open()
    second.restart('"v1"')
    second.write(b"second!")
    second.close(keep=True)
    first.write(b" and last")
    first.close(keep=True)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["video.mp4.part", "video.mp4.part.json"]
    assert (tmp_path / "video.mp4.part").read_bytes() == b"first and last"
    third = part(tmp_path, resume=True)
    third.open()
    assert (third.size, third.etag) == (14, '"v1"')
    third.close(keep=True)


def test_part_that_was_moved_meanwhile_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that its writer moves to the target between another one's opening and locking stays as it is."""
    first, second = part(tmp_path, resume=True), part(tmp_path, resume=True)
    first.open()
    first.restart('"v1"')
    first.write(b"complete")
    lock = file_lock._lock

    def late(file: Any) -> None:
        first.commit()
        lock(file)

    monkeypatch.setattr(file_lock, "_lock", late)
    second.open()
    second.restart('"v2"')
    second.write(b"other")
    assert (tmp_path / "video.mp4").read_bytes() == b"complete"
    second.close(keep=False)
    assert [entry.name for entry in tmp_path.iterdir()] == ["video.mp4"]


def test_file_system_without_locks_is_used_without_resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file cannot be locked the download has a part of its own."""

    def refuse(file: Any) -> None:
        raise OSError(errno.ENOLCK, "no locks available", str(file))

    monkeypatch.setattr(file_lock, "_lock", refuse)
    alone = part(tmp_path, resume=True)
    alone.open()
    alone.restart('"v1"')
    alone.write(b"bytes")
    alone.commit()
    assert (tmp_path / "video.mp4").read_bytes() == b"bytes"


def test_bytes_gather_before_they_are_written(tmp_path: Path) -> None:
    """Chunks are written a mebibyte at a time, and what is left at the end."""
    ready = part(tmp_path)
    ready.open()
    assert not ready.accept(b"x" * 1000)
    assert ready.accept(b"x" * (1 << 20))
    ready.flush()
    assert ready.path.stat().st_size == 1000 + (1 << 20)
    assert not ready.accept(b"end")
    ready.commit()
    assert (tmp_path / "video.mp4").stat().st_size == ready.size == 1003 + (1 << 20)
