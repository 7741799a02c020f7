"""The media package imports lazily, validates specs, and names content types."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest

from soundstage_server.media import Audio, Image, Mask, MediaSpec, Video, media_type, suffix

VIDEO = Video(64, 64, 1, "t", "c", 1)
MEDIA: list[tuple[MediaSpec, str, str]] = [
    (VIDEO, "video/mp4", ".mp4"),
    (Image(64, 64, "t", "c", 1), "image/png", ".png"),
    (Image(64, 64, "t", "c", 1, "jpeg"), "image/jpeg", ".jpg"),
    (Image(64, 64, "t", "c", 1, "webp"), "image/webp", ".webp"),
    (Mask(64, 64, 1), "image/png", ".png"),
    (Audio(1, 1, "music"), "audio/mpeg", ".mp3"),
]


def test_importing_the_package_loads_neither_pyav_nor_pillow() -> None:
    """A server that never renders does not load the encoders."""
    code = (
        "import sys; from soundstage_server.media import MediaCache; MediaCache().close();"
        " print(sorted({'av', 'PIL'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize(("spec", "content_type", "ending"), MEDIA)
def test_each_medium_has_its_content_type_and_ending(spec: MediaSpec, content_type: str, ending: str) -> None:
    """Each kind of spec has one content type and one file suffix."""
    assert (media_type(spec), suffix(spec)) == (content_type, ending)


def test_media_are_values() -> None:
    """Equal specs are interchangeable, and none can be changed after it was validated."""
    assert Video(64, 64, 1, "t", "c", 1) == VIDEO
    assert hash(Video(64, 64, 1.0, "t", "c", 1)) == hash(VIDEO)
    with pytest.raises(FrozenInstanceError):
        VIDEO.width = 66  # type: ignore[misc] # the test assigns to a frozen field on purpose


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Video(63, 64, 1, "", "", 0), "width=63: it must be an even number of pixels from 16 to 8192"),
        (lambda: Video(64, 8194, 1, "", "", 0), "height=8194: it must be an even number of pixels from 16 to 8192"),
        (lambda: Video(64, 64, 0, "", "", 0), "seconds=0: it must be from 0.0416667 to 3600"),
        (lambda: Video(64, 64, float("nan"), "", "", 0), "seconds=nan: it must be from"),
        (lambda: Video(64, 64, 1, "", "", 0, fps=0), "fps=0: it must be from 1 to 120"),
        (lambda: Video(64, 64, 1, "", "", 0, loop=0), "loop=0: it must be from 0.1 to 60"),
        (lambda: Image(15, 64, "", "", 0), "width=15: it must be a number of pixels from 16 to 8192"),
        (lambda: Image(64, 64, "", "", 0, "gif"), "format='gif': it must be one of png, jpeg, webp"),  # type: ignore[arg-type]
        (lambda: Mask(64, 0, 0), "height=0: it must be a number of pixels from 16 to 8192"),
        (lambda: Audio(-1, 0, "music"), "seconds=-1: it must be from 0 to 3600"),
        (lambda: Audio(1, 0, "noise"), "style='noise': it must be one of music, effect, speech"),  # type: ignore[arg-type]
        (lambda: Audio(1, 0, "music", loop=61), "loop=61: it must be from 0.1 to 60"),
    ],
)
def test_an_invalid_spec_is_refused_when_it_is_made(make: object, message: str) -> None:
    """The error names the field, the value and what is allowed, before an encoder runs."""
    assert callable(make)
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        make()
