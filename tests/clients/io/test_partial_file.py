"""Partial files: late writes, full disks, what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
