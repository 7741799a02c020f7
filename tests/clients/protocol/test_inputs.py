"""Images that a request carries: by address, path or bytes, checked before anything is sent."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import InvalidArgument
from soundstage._protocol.inputs import base64_text, image_media_type, load_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clients.conftest import Kit

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
JPEG = b"\xff\xd8\xff\xe0" + bytes(64)
MOST = 1000


@pytest.fixture
def take(kit: Kit) -> Callable[..., str | bytes]:
    """Load an image as a request does."""
    return lambda value, **options: kit.driver(lambda _: Exception()).run(
        load_image("image", value, most=MOST, **options)
    )


@pytest.mark.parametrize("address", ["https://example.test/a.png", "HTTP://127.0.0.1:9/b.jpg?x=1"])
def test_address_is_returned_unchanged(take: Callable[..., Any], address: str) -> None:
    """The service fetches it itself."""
    assert take(address) == address


@pytest.mark.parametrize("content", [PNG, JPEG])
def test_bytes_and_paths_are_equivalent(take: Callable[..., Any], tmp_path: Path, content: bytes) -> None:
    """A path as text, a path object and the bytes themselves give the same bytes."""
    file = tmp_path / "picture"
    file.write_bytes(content)
    assert take(content) == take(bytearray(content)) == take(file) == take(os.fspath(file)) == content


@given(st.binary(max_size=200))
def test_base64_round_trip(content: bytes) -> None:
    """The encoded text decodes to the content."""
    assert base64.b64decode(base64_text(content), validate=True) == content


def test_type_is_detected_from_the_first_bytes() -> None:
    """PNG and JPEG are distinguished."""
    assert [image_media_type(PNG), image_media_type(JPEG)] == ["image/png", "image/jpeg"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", "an empty file"),
        (b"GIF89a" + bytes(9), "another format"),
        (b"<!doctype html><html>", "HTML"),
        (PNG + bytes(MOST), "at most 1000 bytes"),
        ("no-such-file.png", "it does not exist"),
        (".", "it is a folder"),
        ("a\0b", "a file that can be read"),
        ("", "an http(s) address, a path or bytes"),
        (5, "an http(s) address, a path or bytes"),
        (None, "an http(s) address, a path or bytes"),
        ("https://", "absolute http"),
    ],
)
def test_invalid_image_is_refused(take: Callable[..., Any], value: object, expected: str) -> None:
    """The message names the argument and what is allowed, and has no content of the file."""
    with pytest.raises(InvalidArgument) as refused:
        take(value)
    assert refused.value.field == "image"
    assert expected in str(refused.value)
    assert len(str(refused.value)) < 250


def test_address_is_refused_where_unsupported(take: Callable[..., Any]) -> None:
    """Only a path or bytes are allowed."""
    with pytest.raises(InvalidArgument, match="accepts no address"):
        take("https://example.test/a.png", address=False)
