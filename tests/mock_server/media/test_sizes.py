"""Laws of frame sizes: what a vendor calls 720p at 16:9, in pixels, and its small stand-in."""

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
def test_the_names_that_vendors_use_have_their_known_sizes(resolution: str, ratio: str, size: tuple[int, int]) -> None:
    """The short side is the resolution, the long side the nearest even number."""
    assert frame_size(resolution, ratio) == size


@given(short=st.integers(144, 2160), width=terms, height=terms)
def test_a_size_is_even_keeps_its_short_side_and_comes_nearest_to_its_ratio(
    short: int, width: int, height: int
) -> None:
    """Whatever the ratio, within the bounds that are stated."""
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
def test_turning_the_ratio_turns_the_size(short: int, width: int, height: int) -> None:
    """Portrait is landscape on its side."""
    if 0.25 <= width / height <= 4:
        assert frame_size(f"{short}p", f"{width}:{height}") == frame_size(f"{short}p", f"{height}:{width}")[::-1]


@pytest.mark.parametrize(
    "resolution", ["", "720", "p", "143p", "2161p", "99999p", "8k", "720p 1080p", "½p", "1e3p", "\u0667\u0662\u0660p"]
)
def test_an_unknown_resolution_is_refused_by_name(resolution: str) -> None:
    """The message has the field, the value and what is allowed."""
    with pytest.raises(ValueError, match=r"resolution=.*720p.*144p to 2160p"):
        frame_size(resolution, "16:9")


@pytest.mark.parametrize("ratio", ["", "16x9", "16", "0:1", "1:0", "0:0", "-1:1", "16:9:4", "5:1", "1:4.1", "a:b"])
def test_an_unknown_ratio_is_refused_by_name(ratio: str) -> None:
    """The message has the field, the value and what is allowed."""
    with pytest.raises(ValueError, match=r"ratio=.*a:b such as 16:9, from 1:4 to 4:1"):
        frame_size("720p", ratio)


@settings(deadline=None)
@given(width=sides, height=sides, seconds=st.integers(1, 240).map(lambda n: n / 4), fps=st.integers(4, 60))
def test_a_small_film_keeps_its_shape_and_its_duration(width: int, height: int, seconds: float, fps: int) -> None:
    """A contract that looks at ratio and duration cannot tell it from the large one."""
    film = Video(width, height, seconds, "t", "c", 1, fps=fps)
    little = shrink(film)
    assert isinstance(little, Video)
    assert little.frames * film.fps == film.frames * little.fps
    assert 2 <= little.fps <= max(2, fps)
    assert (width - height) * (little.width - little.height) >= 0
    if min(width, height) > 96:
        assert 64 <= min(little.width, little.height) <= 96
        ratio = max(width, height) / min(width, height)
        assert abs(max(little.width, little.height) - min(little.width, little.height) * ratio) <= 1.001
    else:
        assert (little.width, little.height) == (width, height)


@given(width=sides, height=sides)
def test_a_small_picture_and_a_small_mask_have_the_same_shape(width: int, height: int) -> None:
    """So a small mask still fits its small picture."""
    picture, mask = shrink(Image(width, height, "t", "c", 1)), shrink(Mask(width, height, 1))
    assert isinstance(picture, Image)
    assert isinstance(mask, Mask)
    assert (picture.width, picture.height) == (mask.width, mask.height)


def test_a_film_of_the_usual_sizes_keeps_its_ratio_exactly() -> None:
    """No rounding at the ratios that vendors offer."""
    for ratio in ("16:9", "9:16", "4:3", "3:4", "1:1"):
        width, height = frame_size("1080p", ratio)
        little = shrink(Video(width, height, 5, "t", "c", 1))
        assert isinstance(little, Video)
        assert little.width * height == little.height * width


def test_a_small_sound_keeps_its_duration_and_a_small_medium_stays_small() -> None:
    """Only what repeats gets shorter, and making it small twice changes nothing."""
    little = shrink(Audio(900, 1, "music"))
    assert isinstance(little, Audio)
    assert (little.seconds, little.style) == (900, "music")
    assert little.loop < 1
    for spec in (Video(1280, 720, 5, "t", "c", 1), Image(700, 500, "t", "c", 1), Audio(3, 1, "speech", loop=0.2)):
        assert shrink(shrink(spec)) == shrink(spec)
