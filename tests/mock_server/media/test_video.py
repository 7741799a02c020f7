"""Films are films: any player opens them, and they are what was asked for."""

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


def pictures(content: bytes) -> list[list[bytes]]:
    """Return every frame's planes, as a decoder gives them."""
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
def test_a_film_is_exactly_what_was_asked_for(
    *, width: int, height: int, fps: int, seconds: float, title: str, caption: str, seed: int
) -> None:
    """Size, codec, pixel format, rate, frame count and duration, as a decoder reads them."""
    film = Video(width, height, seconds, title, caption, seed, fps=fps)
    with av.open(io.BytesIO(render(film)), "r") as container:
        (video,) = container.streams.video
        assert len(container.streams) == 1
        assert (video.width, video.height) == (width, height)
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert video.average_rate == fps
        assert container.duration is not None
        assert container.duration == pytest.approx(1_000_000 * film.frames / fps, abs=1)
        assert abs(container.duration / 1_000_000 - seconds) <= 0.5 / fps + 1e-6
        frames = list(container.decode(video))
        assert len(frames) == film.frames == video.frames
        assert [frame.time for frame in frames] == [pytest.approx(number / fps) for number in range(len(frames))]


@pytest.mark.parametrize("resolution", ["720p", "1080p"])
@pytest.mark.parametrize("ratio", ["16:9", "9:16", "4:3", "3:4", "1:1"])
def test_every_size_that_a_vendor_offers_plays(resolution: str, ratio: str) -> None:
    """The real sizes, once each, decoded to the last frame."""
    width, height = frame_size(resolution, ratio)
    with av.open(io.BytesIO(render(Video(width, height, 1, "A fox", "tomoviee", 1))), "r") as container:
        frames = list(container.decode(video=0))
    assert {(frame.width, frame.height) for frame in frames} == {(width, height)}
    assert len(frames) == 24


def test_the_picture_stands_for_a_second_and_then_changes() -> None:
    """One sees that it plays, and the held frames add nothing of their own."""
    frames = pictures(render(Video(160, 96, 3.5, "A fox crossing a river", "c", 3, fps=12)))
    seconds = [frames[begin : begin + 12] for begin in range(0, len(frames), 12)]
    assert [len(second) for second in seconds] == [12, 12, 12, 6]
    assert all(frame == second[0] for second in seconds for frame in second)
    assert all(before[0] != after[0] for before, after in itertools.pairwise(seconds))


def test_every_second_can_be_jumped_to() -> None:
    """A player may start at each second: the index lists a whole picture there, and nowhere else."""
    content = render(Video(64, 64, 4, "t", "c", 1, fps=5))
    _, table = content.split(b"stss", 1)
    count = int.from_bytes(table[4:8])
    assert [int.from_bytes(table[8 + 4 * entry : 12 + 4 * entry]) for entry in range(count)] == [1, 6, 11, 16]


def test_the_picture_is_as_it_was_painted() -> None:
    """Compression leaves the background smooth and the letters sharp: on average less than two steps of 255 go."""
    film = Video(320, 180, 2, "A fox crossing a river", "tomoviee", 4)
    with av.open(io.BytesIO(render(film)), "r") as container:
        coded = next(container.decode(video=0))
    plane = coded.reformat(format="rgb24", src_colorspace=Colorspace.ITU709, dst_colorspace=Colorspace.DEFAULT).planes[
        0
    ]
    shown = Image.frombytes("RGB", (320, 180), bytes(plane), "raw", "RGB", plane.line_size)
    above_the_foot = (0, 0, 320, 130)
    difference = ImageChops.difference(shown.crop(above_the_foot), paint_frame(film).image.crop(above_the_foot))
    assert max(ImageStat.Stat(difference).mean) < 2


def test_the_index_stands_in_front() -> None:
    """A player can begin before the last byte has come."""
    content = render(Video(64, 64, 1, "t" * 5000, "中" * 5000, 1, audio=True))
    assert content[4:8] == b"ftyp"
    assert 0 < content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize(
    ("seconds", "fps", "sound"), [(3600, 1, True), (60, 60, False), (1 / 24, 24, True), (0.1, 120, True)]
)
def test_the_index_has_room_for_the_longest_and_the_shortest(seconds: float, fps: int, sound: bool) -> None:  # noqa: FBT001 - pytest passes it
    """No duration that a film may have runs out of the room that is kept for its index."""
    film = Video(16, 16, seconds, "t", "c", 1, audio=sound, fps=fps, loop=0.2)
    with av.open(io.BytesIO(render(film)), "r") as container:
        assert container.streams.video[0].frames == film.frames


@settings(deadline=None, max_examples=15)
@given(seconds=st.integers(1, 40).map(lambda n: n / 4), fps=st.integers(4, 30), loop=st.floats(0.1, 3), seed=seeds)
def test_a_sound_track_ends_with_the_pictures(seconds: float, fps: int, loop: float, seed: int) -> None:
    """Stereo AAC at 44.1 kHz that is never longer than the film, nor shorter by more than a twentieth of a second."""
    content = render(Video(32, 32, seconds, "t", "c", seed, audio=True, fps=fps, loop=loop))
    with av.open(io.BytesIO(content), "r") as container:
        audio = container.streams.audio[0]
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", 44_100, 2)
        samples = sum(frame.samples for frame in container.decode(audio=0))
        assert container.duration is not None
        film = Fraction(container.duration, 1_000_000)
    assert film - Fraction(1, 20) <= Fraction(samples, 44_100) <= film + Fraction(1, 1000)


def test_the_film_says_what_it_shows() -> None:
    """Title and caption are in the container, so that a listing names them; what it cannot hold is replaced."""
    with av.open(io.BytesIO(render(Video(64, 64, 1, "Füchse 狐 \ud800\0!", "tomoviee · 720p", 1))), "r") as container:
        assert container.metadata["title"] == "Füchse 狐 ? !"
        assert container.metadata["comment"] == "tomoviee · 720p"


def test_colours_are_those_of_high_definition() -> None:
    """The stream says how its colors are meant, so that players agree on them."""
    with av.open(io.BytesIO(render(Video(64, 64, 1, "t", "c", 1))), "r") as container:
        frame = next(container.decode(video=0))
    assert (frame.colorspace, frame.color_range) == (1, 1)


def test_equal_films_are_equal_bytes_and_each_wish_shows() -> None:
    """No clock, no thread and no chance is in a film: only what was asked for."""
    film = Video(160, 90, 2, "A fox", "c", 5, audio=True, loop=0.3)
    others = [
        Video(160, 90, 2, "A fox", "c", 6, audio=True, loop=0.3),
        Video(160, 90, 2, "A cat", "c", 5, audio=True, loop=0.3),
        Video(160, 90, 2, "A fox", "d", 5, audio=True, loop=0.3),
        Video(160, 90, 2, "A fox", "c", 5, loop=0.3),
    ]
    rendered = render(film)
    assert render(film) == rendered
    assert len({rendered, *map(render, others)}) == 5
