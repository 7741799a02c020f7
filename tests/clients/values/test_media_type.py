"""Media types: detect the kind of a file from its first bytes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from soundstage._values.media_type import mismatch

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
