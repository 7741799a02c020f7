"""Sounds: a short loop is encoded once and its frames are repeated, so fifteen minutes cost what ten seconds do."""

from __future__ import annotations

import io
import itertools
from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import av

from soundstage_server.media.metadata import tag
from soundstage_server.media.synthesis import RATE, loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet

    from soundstage_server.media.specs import Sound, SoundStyle

HERTZ = 44_100
BITS = 128_000


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoder whose frames stand for themselves, so that they may be repeated.

    Args:
        name: What FFmpeg calls it.
        frame: Samples a side in one of its frames.
        format: In which form it takes samples.
        options: How it is set.
    """

    name: Literal["aac", "libmp3lame"]
    frame: int
    format: str
    options: tuple[tuple[str, str], ...]


MP3 = Codec("libmp3lame", 1152, "s16p", (("reservoir", "0"), ("compression_level", "7")))
"""Without a bit reservoir, which would tie each frame to the ones before it."""
AAC = Codec("aac", 1024, "fltp", (("aac_coder", "fast"),))

_DROPPED = 529
"""Samples that a decoder drops at the start of an MP3, because it needs them to begin."""
_FEWEST = 4
"""Frames of the shortest sound, about a tenth of a second: with fewer, players take the file for something else."""
_AROUND = 6
"""Frames encoded before and after the loop, so that its first frames follow its last ones as they will in the file."""
_LOUDNESS, _SILENCE = 0.45 * 32767, 1e-6
"""The loudest sample of every sound, and what counts as nothing to be made louder."""


def render_sound(sound: Sound) -> bytes:
    """Return *sound* as an MP3 with its title: whole frames that come within 30 ms of its duration."""
    count = max(_FEWEST, round((sound.seconds * HERTZ + _DROPPED) / MP3.frame))
    frames = loop_frames(MP3, sound.style, sound.seed, min(count, frames_in(MP3, sound.loop)))
    file = io.BytesIO()
    with av.open(file, "w", format="mp3", options={"fflags": "+bitexact"}) as container:
        container.metadata["title"] = tag(sound.title)
        stream = audio_stream(container, MP3)
        for packet in repeated(stream, MP3, frames, count):
            container.mux(packet)
    return file.getvalue()


def frames_in(codec: Codec, seconds: float) -> int:
    """Return how many frames of *codec* come nearest to *seconds*, at least the fewest that make a sound."""
    return max(_FEWEST, round(seconds * HERTZ / codec.frame))


def loop_frames(codec: Codec, style: SoundStyle, seed: int, count: int) -> list[bytes]:
    """Return a loop as *count* encoded frames, each of which may follow the one before it, around the loop's end."""
    around = min(_AROUND, count)
    computed = codec.frame * RATE // HERTZ
    samples = _stereo(style, seed, count * computed)
    edge = 2 * around * computed
    context = av.CodecContext.create(codec.name, "w")
    context.sample_rate, context.layout, context.format = HERTZ, "stereo", codec.format
    context.bit_rate, context.options = BITS, dict(codec.options)
    packets = context.encode(_frame(samples[-edge:] + samples + samples[:edge]))
    packets += context.encode()
    return [bytes(packet) for packet in packets[around : around + count]]


def audio_stream(container: OutputContainer, codec: Codec) -> AudioStream:
    """Return a new stereo stream of *container* for packets of *codec*."""
    stream = container.add_stream(codec.name, rate=HERTZ, options=dict(codec.options))
    stream.bit_rate, stream.layout, stream.format = BITS, "stereo", codec.format
    return stream


def repeated(stream: AudioStream, codec: Codec, frames: list[bytes], count: int) -> Iterator[Packet[Any]]:
    """Yield *count* packets for *stream*, over and over the same *frames*, each at its own time."""
    for number, frame in enumerate(itertools.islice(itertools.cycle(frames), count)):
        packet = av.Packet(frame)
        packet.stream, packet.time_base = stream, Fraction(1, HERTZ)
        packet.pts = packet.dts = number * codec.frame
        packet.duration = codec.frame
        yield packet


def _stereo(style: SoundStyle, seed: int, samples: int) -> array[int]:
    """Return a loop of *samples* samples a side at `RATE`, left and right by turns, as 16-bit numbers."""
    left, right = loop(style, seed, samples)
    factor = _LOUDNESS / max(itertools.chain([_SILENCE], map(abs, left), map(abs, right)))
    both = array("h", bytes(4 * samples))
    both[0::2] = array("h", [int(factor * sample) for sample in left])
    both[1::2] = array("h", [int(factor * sample) for sample in right])
    return both


def _frame(samples: array[int]) -> av.AudioFrame:
    """Return *samples* as a frame for an encoder, which brings them to its own rate."""
    frame = av.AudioFrame("s16", "stereo", len(samples) // 2)
    frame.sample_rate = RATE
    frame.planes[0].update(samples.tobytes())
    return frame
