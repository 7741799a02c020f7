"""Audio is an MP3 of the requested duration that loops without a seam."""

from __future__ import annotations

import io
import itertools
from array import array
from typing import TYPE_CHECKING, Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server.media import Audio, render
from soundstage_server.media.audio import AAC, MP3, Codec, _pcm, encode_loop
from soundstage_server.media.synthesis import synthesize

if TYPE_CHECKING:
    from soundstage_server.media.specs import AudioStyle

STYLES: tuple[AudioStyle, ...] = ("music", "effect", "speech")
styles = st.sampled_from(STYLES)


def samples(content: bytes) -> array[int]:
    """Decode *content* to interleaved 16-bit samples."""
    resampler, pcm = av.AudioResampler("s16", "stereo", 44_100), array("h")
    with av.open(io.BytesIO(content), "r") as container:
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                pcm.frombytes(bytes(part.planes[0])[: part.samples * 4])
    return pcm


def decoded(codec: Codec, frames: list[bytes]) -> array[int]:
    """Decode bare *frames* to interleaved 16-bit samples, without compensation for the codec's delay."""
    decoder: Any = av.CodecContext.create("mp3float" if codec is MP3 else "aac", "r")
    if codec is AAC:
        decoder.extradata = bytes([0x12, 0x10])  # AAC-LC, 44.1 kHz, stereo
    resampler, pcm = av.AudioResampler("s16", "stereo", 44_100), array("h")
    for frame in frames:
        for sound in decoder.decode(av.Packet(frame)):
            for part in resampler.resample(sound):
                pcm.frombytes(bytes(part.planes[0])[: part.samples * 4])
    return pcm


@settings(deadline=None, max_examples=25)
@given(seconds=st.floats(0.1, 20), style=styles, seed=st.integers(), repeat=st.floats(0.1, 2), title=st.text())
def test_audio_has_the_requested_format_and_duration(
    seconds: float, style: AudioStyle, seed: int, repeat: float, title: str
) -> None:
    """It is a stereo MP3 at 44.1 kHz and 128 kbit/s, and both header and samples have the requested duration."""
    content = render(Audio(seconds, seed, style, title, loop=repeat))
    with av.open(io.BytesIO(content), "r") as container:
        (audio,) = container.streams.audio
        assert len(container.streams) == 1
        assert (container.format.name, audio.codec_context.name) == ("mp3", "mp3float")
        assert (audio.rate, audio.channels, audio.codec_context.bit_rate) == (44_100, 2, 128_000)
        assert container.duration is not None
        assert abs(container.duration / 1_000_000 - seconds) <= 0.05
    assert abs(len(samples(content)) / 2 / 44_100 - seconds) <= 0.05


@pytest.mark.parametrize("seconds", [95, 180, 900])
def test_long_audio_has_the_exact_duration(seconds: int) -> None:
    """The longest durations that vendors offer are met within a twentieth of a second, from a short loop."""
    with av.open(io.BytesIO(render(Audio(seconds, 1, "effect", loop=0.5))), "r") as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
    assert abs(len(packets) * 1152 / 44_100 - seconds) <= 0.05
    times = [packet.pts for packet in packets if packet.pts is not None]
    assert times == sorted(set(times))


@pytest.mark.parametrize("seconds", [0, 0.01])
def test_zero_seconds_give_the_shortest_playable_audio(seconds: float) -> None:
    """A duration of 0 is a tenth of a second, not an empty file."""
    pcm = samples(render(Audio(seconds, 1, "music")))
    assert 0.05 <= len(pcm) / 2 / 44_100 <= 0.15


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(4))
def test_both_channels_are_audible_and_do_not_clip(style: AudioStyle, seed: int) -> None:
    """Both channels have a signal, the two differ, and none reaches full scale."""
    pcm = samples(render(Audio(4, seed, style, loop=4)))
    left, right = pcm[0::2], pcm[1::2]
    for side in (left, right):
        assert 3000 < max(map(abs, side)) < 26_000
    assert left != right


@pytest.mark.parametrize("codec", [MP3, AAC], ids=lambda codec: codec.name)
@pytest.mark.parametrize("seed", range(3))
def test_a_loop_repeats_without_a_seam(codec: Codec, seed: int) -> None:
    """At the seam the decoded signal is as close to the original as elsewhere, and it is close."""
    original = _pcm("music", seed, 30 * codec.frame // 2)[0::2]
    pcm = decoded(codec, encode_loop(codec, "music", seed, 30) * 3)[0::4]
    start_at, block = len(original) + (552 if codec is MP3 else 512), codec.frame // 2
    errors = [
        sum((pcm[start_at + place] - original[place % len(original)]) ** 2 for place in range(start, start + block))
        for start in range(-8 * block, len(original) - 8 * block, block)
    ]
    assert max(errors[:16]) <= 2 * max(errors[16:]) <= 2 * block * 900**2


@settings(deadline=None, max_examples=40)
@given(style=styles, seed=st.integers(), count=st.integers(4 * 576, 30_000))
def test_a_loop_has_two_channels_without_a_jump_at_the_seam(style: AudioStyle, seed: int, count: int) -> None:
    """Every length and seed gives finite samples, with no larger step at the seam than inside."""
    for side in synthesize(style, seed, count):
        assert len(side) == count
        assert 0.01 < max(map(abs, side)) < 100
        steps = [abs(after - before) for before, after in itertools.pairwise(side)]
        assert abs(side[0] - side[-1]) <= max(*steps, 1e-9) * 1.01


def test_speech_has_pauses_and_music_has_none() -> None:
    """Speech is silent between words, a chord progression never is."""
    quiet = {}
    for style in STYLES:
        left, _ = synthesize(style, 3, 22_050 * 6)
        windows = [left[begin : begin + 1102] for begin in range(0, len(left), 1102)]
        level = [max(map(abs, window)) for window in windows]
        quiet[style] = sum(value < 0.02 * max(level) for value in level)
    assert quiet["speech"] > 5
    assert quiet["music"] == 0


def test_audio_depends_on_its_spec_alone() -> None:
    """Equal specs give equal bytes, and every field changes them."""
    spec = Audio(2, 5, "music", "A fox", loop=1)
    others = [
        Audio(2, 6, "music", "A fox", loop=1),
        Audio(2, 5, "speech", "A fox", loop=1),
        Audio(2, 5, "music", "A cat", loop=1),
        Audio(3, 5, "music", "A fox", loop=1),
    ]
    rendered = render(spec)
    assert render(spec) == rendered
    assert len({rendered, *map(render, others)}) == 5


def test_the_title_is_in_the_id3_tag() -> None:
    """Characters that the tag cannot store are replaced."""
    with av.open(io.BytesIO(render(Audio(1, 1, "music", "Füchse 狐 \ud800\0!", loop=0.2))), "r") as container:
        assert container.metadata["title"] == "Füchse 狐 ? !"
