"""Videos are playable and have the requested properties."""

from __future__ import annotations

import io
import itertools
from fractions import Fraction

import av
import pytest
from av.video.reformatter import Colorspace
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from soundstage_server.media import Video, frame_size, render
from soundstage_server.media.canvas import paint_frame

sides = st.integers(8, 100).map(lambda half: 2 * half)
seeds = st.integers(-(2**70), 2**70)


def decode_frames(content: bytes) -> list[list[bytes]]:
    """Return the decoded planes of every frame."""
    with av.open(io.BytesIO(content), "r") as container:
        return [[bytes(plane) for plane in frame.planes] for frame in container.decode(video=0)]


@settings(deadline=None, max_examples=30)
@given(
    width=sides,
    height=sides,
    fps=st.integers(1, 60),
    seconds=st.integers(10, 80).map(lambda n: n / 10),
    title=st.text(),
    caption=st.text(),
    seed=seeds,
)
def test_a_video_has_the_requested_properties(
    *, width: int, height: int, fps: int, seconds: float, title: str, caption: str, seed: int
) -> None:
    """Size, codec, pixel format, rate, frame count and duration are as requested when decoded."""
    spec = Video(width, height, seconds, title, caption, seed, fps=fps)
    with av.open(io.BytesIO(render(spec)), "r") as container:
        (video,) = container.streams.video
        assert len(container.streams) == 1
        assert (video.width, video.height) == (width, height)
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert video.average_rate == fps
        assert container.duration is not None
        assert container.duration == pytest.approx(1_000_000 * spec.frames / fps, abs=1)
        assert abs(container.duration / 1_000_000 - seconds) <= 0.5 / fps + 1e-6
        frames = list(container.decode(video))
        assert len(frames) == spec.frames == video.frames
        assert [frame.time for frame in frames] == [pytest.approx(number / fps) for number in range(len(frames))]


@pytest.mark.parametrize("resolution", ["720p", "1080p"])
@pytest.mark.parametrize("ratio", ["16:9", "9:16", "4:3", "3:4", "1:1"])
def test_every_documented_size_decodes(resolution: str, ratio: str) -> None:
    """Each size that vendors offer decodes to the last frame."""
    width, height = frame_size(resolution, ratio)
    with av.open(io.BytesIO(render(Video(width, height, 1, "A fox", "tomoviee", 1))), "r") as container:
        frames = list(container.decode(video=0))
    assert {(frame.width, frame.height) for frame in frames} == {(width, height)}
    assert len(frames) == 24


def test_the_frame_changes_once_a_second() -> None:
    """Within a second all frames are identical; the next second's frame differs."""
    frames = decode_frames(render(Video(160, 96, 3.5, "A fox crossing a river", "c", 3, fps=12)))
    seconds = [frames[start : start + 12] for start in range(0, len(frames), 12)]
    assert [len(second) for second in seconds] == [12, 12, 12, 6]
    assert all(frame == second[0] for second in seconds for frame in second)
    assert all(before[0] != after[0] for before, after in itertools.pairwise(seconds))


def test_every_second_starts_with_a_keyframe() -> None:
    """The index lists a keyframe at each second, so that players can seek there, and no other."""
    content = render(Video(64, 64, 4, "t", "c", 1, fps=5))
    _, table = content.split(b"stss", 1)
    count = int.from_bytes(table[4:8])
    assert [int.from_bytes(table[8 + 4 * entry : 12 + 4 * entry]) for entry in range(count)] == [1, 6, 11, 16]


def test_compression_keeps_the_image_quality() -> None:
    """Decoded pixels differ from the painted ones by less than two steps of 255 on average."""
    spec = Video(320, 180, 2, "A fox crossing a river", "tomoviee", 4)
    with av.open(io.BytesIO(render(spec)), "r") as container:
        coded = next(container.decode(video=0))
    plane = coded.reformat(format="rgb24", src_colorspace=Colorspace.ITU709, dst_colorspace=Colorspace.DEFAULT).planes[
        0
    ]
    shown = Image.frombytes("RGB", (320, 180), bytes(plane), "raw", "RGB", plane.line_size)
    above_the_bar = (0, 0, 320, 130)
    difference = ImageChops.difference(shown.crop(above_the_bar), paint_frame(spec).image.crop(above_the_bar))
    assert max(ImageStat.Stat(difference).mean) < 2


def test_the_index_precedes_the_media_data() -> None:
    """A player can start before the download ends."""
    content = render(Video(64, 64, 1, "t" * 5000, "中" * 5000, 1, audio=True))
    assert content[4:8] == b"ftyp"
    assert 0 < content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize(
    ("seconds", "fps", "sound"), [(3600, 1, True), (60, 60, False), (1 / 24, 24, True), (0.1, 120, True)]
)
def test_the_reserved_index_space_fits_every_duration(seconds: float, fps: int, sound: bool) -> None:  # noqa: FBT001 - pytest passes it
    """Neither the longest nor the shortest video needs more index space than is reserved."""
    spec = Video(16, 16, seconds, "t", "c", 1, audio=sound, fps=fps, loop=0.2)
    with av.open(io.BytesIO(render(spec)), "r") as container:
        assert container.streams.video[0].frames == spec.frames


@settings(deadline=None, max_examples=15)
@given(seconds=st.integers(1, 40).map(lambda n: n / 4), fps=st.integers(4, 30), loop=st.floats(0.1, 3), seed=seeds)
def test_the_audio_track_ends_with_the_video(seconds: float, fps: int, loop: float, seed: int) -> None:
    """It is stereo AAC at 44.1 kHz, never longer than the video, and shorter by a twentieth of a second at most."""
    content = render(Video(32, 32, seconds, "t", "c", seed, audio=True, fps=fps, loop=loop))
    with av.open(io.BytesIO(content), "r") as container:
        audio = container.streams.audio[0]
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", 44_100, 2)
        samples = sum(frame.samples for frame in container.decode(audio=0))
        assert container.duration is not None
        duration = Fraction(container.duration, 1_000_000)
    assert duration - Fraction(1, 20) <= Fraction(samples, 44_100) <= duration + Fraction(1, 1000)


def test_title_and_caption_are_in_the_container() -> None:
    """They are stored as title and comment, with invalid characters replaced."""
    with av.open(io.BytesIO(render(Video(64, 64, 1, "Füchse 狐 \ud800\0!", "tomoviee · 720p", 1))), "r") as container:
        assert container.metadata["title"] == "Füchse 狐 ? !"
        assert container.metadata["comment"] == "tomoviee · 720p"


def test_colors_are_tagged_as_bt709() -> None:
    """The stream declares its color space, so that all players show the same colors."""
    with av.open(io.BytesIO(render(Video(64, 64, 1, "t", "c", 1))), "r") as container:
        frame = next(container.decode(video=0))
    assert (frame.colorspace, frame.color_range) == (1, 1)


def test_a_video_depends_on_its_spec_alone() -> None:
    """Equal specs give equal bytes, and every field changes them."""
    spec = Video(160, 90, 2, "A fox", "c", 5, audio=True, loop=0.3)
    others = [
        Video(160, 90, 2, "A fox", "c", 6, audio=True, loop=0.3),
        Video(160, 90, 2, "A cat", "c", 5, audio=True, loop=0.3),
        Video(160, 90, 2, "A fox", "d", 5, audio=True, loop=0.3),
        Video(160, 90, 2, "A fox", "c", 5, loop=0.3),
    ]
    rendered = render(spec)
    assert render(spec) == rendered
    assert len({rendered, *map(render, others)}) == 5
