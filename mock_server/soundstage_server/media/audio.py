"""Render audio: a short loop is encoded once and its frames are repeated, so a long file takes no more time."""

from __future__ import annotations

import io
import itertools
from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import av

from soundstage_server.media.specs import sanitize
from soundstage_server.media.synthesis import RATE, synthesize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet

    from soundstage_server.media.specs import Audio, AudioStyle

SAMPLE_RATE = 44_100
BIT_RATE = 128_000


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoder whose frames do not depend on each other, so that they can be repeated.

    Args:
        name: FFmpeg's name for it.
        frame: Samples for each channel in one frame.
        format: The sample format that it takes.
        options: Its settings.
    """

    name: Literal["aac", "libmp3lame"]
    frame: int
    format: str
    options: tuple[tuple[str, str], ...]


MP3 = Codec("libmp3lame", 1152, "s16p", (("reservoir", "0"), ("compression_level", "7")))
"""Without the bit reservoir, which would make each frame depend on earlier ones."""
AAC = Codec("aac", 1024, "fltp", (("aac_coder", "fast"),))

_DECODER_DELAY = 529
"""Samples that a decoder drops at the start of an MP3, because it needs them to start up."""
_MIN_FRAMES = 4
"""Frames of the shortest audio, about a tenth of a second: with fewer, players do not recognize the format."""
_OVERLAP = 6
"""Frames encoded before and after the loop, so that its first frames follow its last ones as they will in the file."""
_PEAK, _SILENCE = 0.45 * 32767, 1e-6
"""The peak level of all audio, and the level below which audio is not made louder."""


def render_audio(spec: Audio) -> bytes:
    """Render *spec* as an MP3 with its title, in whole frames: within 30 ms of its duration."""
    count = max(_MIN_FRAMES, round((spec.seconds * SAMPLE_RATE + _DECODER_DELAY) / MP3.frame))
    frames = encode_loop(MP3, spec.style, spec.seed, min(count, frame_count(MP3, spec.loop)))
    file = io.BytesIO()
    with av.open(file, "w", format="mp3", options={"fflags": "+bitexact"}) as container:
        container.metadata["title"] = sanitize(spec.title)
        stream = add_audio_stream(container, MP3)
        for packet in repeat_packets(stream, MP3, frames, count):
            container.mux(packet)
    return file.getvalue()


def frame_count(codec: Codec, seconds: float) -> int:
    """Return the number of frames of *codec* that comes nearest to *seconds*, at least the minimum."""
    return max(_MIN_FRAMES, round(seconds * SAMPLE_RATE / codec.frame))


def encode_loop(codec: Codec, style: AudioStyle, seed: int, count: int) -> list[bytes]:
    """Return a loop as *count* encoded frames; the first may follow the last without a click."""
    overlap = min(_OVERLAP, count)
    computed = codec.frame * RATE // SAMPLE_RATE
    samples = _pcm(style, seed, count * computed)
    # Each frame overlaps its neighbors. So encode the loop's end before it and its start after it, and drop these
    # extra frames: the frames at the seam are then encoded with the neighbors that they are played with.
    edge = 2 * overlap * computed
    context = av.CodecContext.create(codec.name, "w")
    context.sample_rate, context.layout, context.format = SAMPLE_RATE, "stereo", codec.format
    context.bit_rate, context.options = BIT_RATE, dict(codec.options)
    packets = context.encode(_frame(samples[-edge:] + samples + samples[:edge]))
    packets += context.encode()
    return [bytes(packet) for packet in packets[overlap : overlap + count]]


def add_audio_stream(container: OutputContainer, codec: Codec) -> AudioStream:
    """Add a stereo stream for packets of *codec* to *container* and return it."""
    stream = container.add_stream(codec.name, rate=SAMPLE_RATE, options=dict(codec.options))
    stream.bit_rate, stream.layout, stream.format = BIT_RATE, "stereo", codec.format
    return stream


def repeat_packets(stream: AudioStream, codec: Codec, frames: list[bytes], count: int) -> Iterator[Packet[Any]]:
    """Yield *count* packets for *stream* that repeat *frames*, each with its own timestamp."""
    for number, frame in enumerate(itertools.islice(itertools.cycle(frames), count)):
        packet = av.Packet(frame)
        packet.stream, packet.time_base = stream, Fraction(1, SAMPLE_RATE)
        packet.pts = packet.dts = number * codec.frame
        packet.duration = codec.frame
        yield packet


def _pcm(style: AudioStyle, seed: int, samples: int) -> array[int]:
    """Return a loop of *samples* samples for each channel at `RATE`, as interleaved 16-bit numbers."""
    left, right = synthesize(style, seed, samples)
    factor = _PEAK / max(itertools.chain([_SILENCE], map(abs, left), map(abs, right)))
    both = array("h", bytes(4 * samples))
    both[0::2] = array("h", [int(factor * sample) for sample in left])
    both[1::2] = array("h", [int(factor * sample) for sample in right])
    return both


def _frame(samples: array[int]) -> av.AudioFrame:
    """Return *samples* as a frame for an encoder, which resamples it to its own rate."""
    frame = av.AudioFrame("s16", "stereo", len(samples) // 2)
    frame.sample_rate = RATE
    frame.planes[0].update(samples.tobytes())
    return frame
