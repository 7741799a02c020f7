"""Frame sizes: a vendor's resolution and ratio in pixels, and the size of the small stand-in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server.media import Audio, Image, Mask, Video, frame_size
from soundstage_server.media.placeholder import shrink

sides = st.integers(8, 2000).map(lambda half: 2 * half)
terms = st.integers(1, 100)


@pytest.mark.parametrize(
    ("resolution", "ratio", "size"),
    [
        ("720p", "16:9", (1280, 720)),
        ("1080p", "16:9", (1920, 1080)),
        ("720p", "9:16", (720, 1280)),
        ("1080P", "4:3", (1440, 1080)),
        ("1080p", "3:4", (1080, 1440)),
        ("720p", "1:1", (720, 720)),
        ("480p", "16:9", (854, 480)),
        ("768P", "16:9", (1366, 768)),
        ("2k", "16:9", (2560, 1440)),
        ("4K", "16:9", (3840, 2160)),
        ("2160p", "9:16", (2160, 3840)),
        (" 1080p ", " 2.39 : 1 ", (2582, 1080)),
    ],
)
def test_documented_resolutions_have_their_usual_sizes(resolution: str, ratio: str, size: tuple[int, int]) -> None:
    """The short side is the resolution, the long side the nearest even number."""
    assert frame_size(resolution, ratio) == size


@given(short=st.integers(144, 2160), width=terms, height=terms)
def test_a_size_is_even_and_nearest_to_its_ratio(short: int, width: int, height: int) -> None:
    """The short side is kept, both sides are even, and ratios out of bounds are refused."""
    if not 0.25 <= width / height <= 4:
        with pytest.raises(ValueError, match="ratio="):
            frame_size(f"{short}p", f"{width}:{height}")
        return
    across, down = frame_size(f"{short}p", f"{width}:{height}")
    assert across % 2 == down % 2 == 0
    assert abs(min(across, down) - short) <= 1
    assert (across >= down) == (width >= height)
    assert abs(max(across, down) - min(across, down) * max(width / height, height / width)) <= 1 + 1 * 4


@given(short=st.integers(144, 2160), width=terms, height=terms)
def test_the_inverse_ratio_swaps_the_sides(short: int, width: int, height: int) -> None:
    """A portrait size is the landscape size with its sides swapped."""
    if 0.25 <= width / height <= 4:
        assert frame_size(f"{short}p", f"{width}:{height}") == frame_size(f"{short}p", f"{height}:{width}")[::-1]


@pytest.mark.parametrize(
    "resolution", ["", "720", "p", "143p", "2161p", "99999p", "8k", "720p 1080p", "½p", "1e3p", "\u0667\u0662\u0660p"]
)
def test_an_unknown_resolution_is_refused_by_name(resolution: str) -> None:
    """The error names the field, the value and what is allowed."""
    with pytest.raises(ValueError, match=r"resolution=.*720p.*144p to 2160p"):
        frame_size(resolution, "16:9")


@pytest.mark.parametrize("ratio", ["", "16x9", "16", "0:1", "1:0", "0:0", "-1:1", "16:9:4", "5:1", "1:4.1", "a:b"])
def test_an_unknown_ratio_is_refused_by_name(ratio: str) -> None:
    """The error names the field, the value and what is allowed."""
    with pytest.raises(ValueError, match=r"ratio=.*a:b such as 16:9, from 1:4 to 4:1"):
        frame_size("720p", ratio)


@settings(deadline=None)
@given(width=sides, height=sides, seconds=st.integers(1, 240).map(lambda n: n / 4), fps=st.integers(4, 60))
def test_a_small_video_keeps_its_ratio_and_duration(width: int, height: int, seconds: float, fps: int) -> None:
    """A contract that checks ratio and duration gets the same result as at full size."""
    video = Video(width, height, seconds, "t", "c", 1, fps=fps)
    reduced = shrink(video)
    assert isinstance(reduced, Video)
    assert reduced.frames * video.fps == video.frames * reduced.fps
    assert 2 <= reduced.fps <= max(2, fps)
    assert (width - height) * (reduced.width - reduced.height) >= 0
    if min(width, height) > 96:
        assert 64 <= min(reduced.width, reduced.height) <= 96
        ratio = max(width, height) / min(width, height)
        assert abs(max(reduced.width, reduced.height) - min(reduced.width, reduced.height) * ratio) <= 1.001
    else:
        assert (reduced.width, reduced.height) == (width, height)


@given(width=sides, height=sides)
def test_a_small_image_and_a_small_mask_have_the_same_size(width: int, height: int) -> None:
    """A small mask still fits its small image."""
    image, mask = shrink(Image(width, height, "t", "c", 1)), shrink(Mask(width, height, 1))
    assert isinstance(image, Image)
    assert isinstance(mask, Mask)
    assert (image.width, image.height) == (mask.width, mask.height)


def test_a_small_video_of_a_usual_size_keeps_its_ratio_exactly() -> None:
    """The ratios that vendors offer are not rounded."""
    for ratio in ("16:9", "9:16", "4:3", "3:4", "1:1"):
        width, height = frame_size("1080p", ratio)
        reduced = shrink(Video(width, height, 5, "t", "c", 1))
        assert isinstance(reduced, Video)
        assert reduced.width * height == reduced.height * width


def test_small_audio_keeps_its_duration_and_shrinking_is_idempotent() -> None:
    """Only the loop gets shorter, and shrinking twice changes nothing."""
    reduced = shrink(Audio(900, 1, "music"))
    assert isinstance(reduced, Audio)
    assert (reduced.seconds, reduced.style) == (900, "music")
    assert reduced.loop < 1
    for spec in (Video(1280, 720, 5, "t", "c", 1), Image(700, 500, "t", "c", 1), Audio(3, 1, "speech", loop=0.2)):
        assert shrink(shrink(spec)) == shrink(spec)
