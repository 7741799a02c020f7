"""Media types: detect the kind of a file from its first bytes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from soundstage._values.media_type import mismatch, missing_part, recognized, right_suffix

KINDS = {
    "video": [b"\0\0\0\x20ftypisom", b"\x1aE\xdf\xa3", b"RIFF1234AVI ", b"OggS", b"G" + b"x" * 187 + b"G"],
    "image": [
        b"<svg>",
        b"\xef\xbb\xbf<svg xmlns=''",
        b'<?xml version="1.0"?>\n<!-- a -->\n<svg width="1">',
        b"\0\0\0\x1cftypavif",
    ],
    "audio": [b"ID3\x04", b"\xff\xfb\x90", b"RIFF1234WAVE", b"fLaC", b"OggS", b"\0\0\0\x20ftypM4A "],
}
PAGES = [
    b"<!DOCTYPE html>",
    b"  <html>",
    b"<HEAD>",
    b"\xef\xbb\xbf<html>",
    b"<?xml version='1.0'?><Error>",
    b"<Error><Code>",
]


@pytest.mark.parametrize(("kind", "head"), [(kind, head) for kind, heads in KINDS.items() for head in heads])
def test_common_formats_are_recognized(kind: str, head: bytes) -> None:
    """The first bytes of every common format are recognized."""
    assert mismatch(kind, head) is None


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
@pytest.mark.parametrize("kind", ["image", "mask"])
def test_images_of_a_real_encoder_are_recognized(form: str, kind: str) -> None:
    """A file that an imaging library writes is an image."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, form)
    assert mismatch(kind, file.getvalue()[:512]) is None


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("kind", ["video", "image", "audio", "mask", "diagram"])
def test_markup_is_never_an_output(kind: str, page: bytes) -> None:
    """An HTML or XML error page is refused for any kind, known or not."""
    assert mismatch(kind, page) == "an HTML or XML page"


@pytest.mark.parametrize("kind", ["video", "image", "audio", "mask", "diagram"])
def test_empty_file_is_never_an_output(kind: str) -> None:
    """An empty file is a failed download."""
    assert mismatch(kind, b"") == "an empty file"


@given(text=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_text_is_not_a_video(text: str) -> None:
    """JSON and messages are not accepted as videos."""
    if not text.startswith("OggS") and text[4:8] != "ftyp":
        assert mismatch("video", text.encode()) is not None


def test_unknown_kind_refuses_markup_only() -> None:
    """A file of an unknown kind may be anything but a page; an SVG drawing is no page."""
    assert mismatch("diagram", b"flowchart TD") is None
    assert mismatch("diagram", b"{}") is None
    assert mismatch("diagram", b"<?xml version='1.0'?><svg>") is None
    assert mismatch("video", b' {"code": 1}') == "JSON"
    assert mismatch("video", b"ID3") == "a file of another kind"


FTYP = b"\0\0\0\x18ftypmp42" + bytes(12)


def missing(content: bytes) -> str | None:
    """Return what *content* lacks."""
    return missing_part(io.BytesIO(content), len(content))


@pytest.mark.parametrize(
    "whole",
    [
        FTYP + b"\0\0\0\x10mdat" + bytes(8) + b"\0\0\0\x08moov",
        FTYP + b"\0\0\0\x01mdat" + (24).to_bytes(8, "big") + bytes(8) + b"\0\0\0\x08moov",
        FTYP + b"\0\0\0\x08moov" + b"\0\0\0\0mdat" + bytes(99),
        FTYP + b"\x7f\0\0\0" + b"notabox" * 9,
        FTYP + b"\0\0\0\x08free" + b"end",
        b"RIFF\xff\xff\xff\xffWAVE" + bytes(9),
        b"RIFF\x0d\0\0\0WAVE" + bytes(9),
        b"ID3" + bytes(99),
        b"",
    ],
)
def test_whole_file_misses_nothing(whole: bytes) -> None:
    """Boxes that end with the file, or that are none, are complete; so is a format without lengths."""
    assert missing(whole) is None


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (FTYP + b"\0\0\0\x11mdat" + bytes(8), "mdat"),
        (FTYP + b"\0\0\0\x01mdat" + (25).to_bytes(8, "big") + bytes(8), "mdat"),
        (FTYP + b"\0\0\0\x01mdat" + bytes(7), "mdat"),
        (FTYP[:20], "ftyp"),
        (b"RIFF\x0e\0\0\0WAVE" + bytes(9), "RIFF"),
    ],
)
def test_cut_file_misses_the_end_of_a_part(content: bytes, name: str) -> None:
    """A part that ends after the file is named."""
    assert name in str(missing(content))


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_every_cut_of_an_image_is_found(form: str) -> None:
    """A real image is complete, also with bytes after its end, and not complete wherever it is cut."""
    file = io.BytesIO()
    Image.effect_noise((16, 16), 50).convert("RGB").save(file, form)
    content = file.getvalue()
    assert missing(content) is missing(content + b"more") is None
    assert all(missing(content[:end]) for end in range(12, len(content)))


@given(st.binary(max_size=80), st.sampled_from([FTYP, b"\x89PNG\r\n\x1a\n", b"RIFF"]))
def test_lengths_of_any_bytes_are_read(content: bytes, start: bytes) -> None:
    """Any bytes give a message or None."""
    assert missing(start + content) is None or missing(start + content)


@pytest.mark.parametrize(
    ("head", "given_suffix", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n", ".mp4", ".png"),
        (b"\x89PNG\r\n\x1a\n", ".PNG", ".PNG"),
        (b"\xff\xd8\xff", ".png", ".jpg"),
        (b"\xff\xd8\xff", ".jpeg", ".jpeg"),
        (b"\0\0\0\x20ftypisom", "", ".mp4"),
        (b"\0\0\0\x20ftypisom", ".m4v", ".m4v"),
        (b"\0\0\0\x20ftypqt  ", ".mp4", ".mov"),
        (b"\0\0\0\x1cftypavif", ".png", ".avif"),
        (b"\x1aE\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x82\x84webm", ".mp4", ".webm"),
        (b"\x1aE\xdf\xa3", ".mp4", ".mkv"),
        (b"RIFF1234WAVE", ".mp3", ".wav"),
        (b"flowchart TD", ".mmd", ".mmd"),
        (b"", ".mp4", ".mp4"),
    ],
)
def test_bytes_decide_the_suffix(head: bytes, given_suffix: str, expected: str) -> None:
    """A suffix that does not fit to the bytes is replaced by the usual one of their format."""
    assert right_suffix(head, given_suffix) == expected


def test_media_are_recognized_whatever_their_kind() -> None:
    """Any video, image or sound is recognized, and nothing else."""
    assert all(recognized(head) for heads in KINDS.values() for head in heads)
    assert not any(recognized(page) for page in [*PAGES, b"", b"{}", b"flowchart TD"])
