"""Files on their way: what a late write or a full disk can and cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstage._io.partial_file import PartialFile

if TYPE_CHECKING:
    from pathlib import Path


def part(folder: Path, *, resume: bool = False) -> PartialFile:
    """A file on its way into *folder*."""
    return PartialFile(folder / "film.mp4", "https://a.example/film", resume=resume, checked=False)


def test_after_the_end_nothing_is_written(tmp_path: Path) -> None:
    """A thread that comes late, after a cancelled download was cleaned up, does nothing."""
    late = part(tmp_path)
    late.close(keep=False)
    late.open()
    late.restart('"v1"')
    late.write(b"bytes")
    late.commit()
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_was_never_opened_is_left_alone(tmp_path: Path) -> None:
    """Ending before the beginning does not drop what an earlier download kept."""
    kept = tmp_path / "film.mp4.part"
    kept.write_bytes(b"kept")
    part(tmp_path, resume=True).close(keep=False)
    assert kept.read_bytes() == b"kept"


def test_a_file_that_cannot_be_put_in_its_place_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the last step fails, the error comes through and nothing is left."""

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


def test_only_what_can_be_continued_is_kept(tmp_path: Path) -> None:
    """Without a strong ETag, or without a byte, there is nothing to go on with."""
    for etag, content in (("", b"bytes"), ('"v1"', b"")):
        useless = part(tmp_path, resume=True)
        useless.open()
        useless.restart(etag)
        useless.write(content)
        useless.close(keep=True)
        assert list(tmp_path.iterdir()) == []


def test_two_downloads_to_one_place_do_not_share_a_file(tmp_path: Path) -> None:
    """Each has a temporary file of its own, and the last one to end wins."""
    first, second = part(tmp_path), part(tmp_path)
    for number, each in enumerate((first, second)):
        each.open()
        each.restart("")
        each.write(bytes([number]) * 9)
    second.commit()
    first.commit()
    assert (tmp_path / "film.mp4").read_bytes() == bytes(9)
    assert len(list(tmp_path.iterdir())) == 1
