"""Films: a slate whose foot changes each second, encoded by one thread so that equal films have equal bytes."""

from __future__ import annotations

import io
import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.video.frame import PictureType
from av.video.reformatter import Colorspace, VideoReformatter
from PIL import Image, ImageDraw

from soundstage_server.media.audio import AAC, HERTZ, audio_stream, frames_in, loop_frames, repeated
from soundstage_server.media.canvas import FAINT, INK, Slate, paint, slate
from soundstage_server.media.metadata import tag
from soundstage_server.media.text import PITCH, Lines, fit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from soundstage_server.media.specs import Film

_BT709 = 1
"""The number that H.264 and FFmpeg give this colour space, in each of the tags that name one."""
_ENCODER = {"preset": "ultrafast", "qp": "45", "i_qfactor": "0.03125", "forced-idr": "1", "threads": "1"}
"""One quality for all of a kind: 15 for a second's picture (45 less six for each halving), without blocks in its
background, and 45 for the frames that hold it, so coarse that they have nothing to add."""


def render_film(film: Film) -> bytes:
    """Return *film* as an MP4 whose index stands in front, so that a player starts before the last byte came."""
    file = io.BytesIO()
    tags = {"title": tag(film.title), "comment": tag(film.caption)}
    options = {"fflags": "+bitexact", "moov_size": str(_index_size(film, tags))}
    with av.open(file, "w", format="mp4", options=options) as container:
        container.metadata.update(tags)
        tracks: list[Iterator[Packet[Any]]] = [_pictures(film, _video_stream(container, film))]
        if film.sound:
            tracks.append(_music(film, audio_stream(container, AAC)))
        container.mux(sorted(itertools.chain(*tracks), key=_moment))
    return file.getvalue()


def _index_size(film: Film, tags: dict[str, str]) -> int:
    """Return room for the index, which is reserved in front because its size is known only at the end."""
    blocks = film.frames + (math.ceil(film.seconds * HERTZ / AAC.frame) if film.sound else 0)
    return 4096 + sum(len(text.encode()) for text in tags.values()) + 32 * blocks


def _moment(packet: Packet[Any]) -> Fraction:
    return (packet.dts or 0) * packet.time_base


def _video_stream(container: OutputContainer, film: Film) -> VideoStream:
    stream = container.add_stream("libx264", rate=film.fps, options=_ENCODER)
    stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
    context = stream.codec_context
    context.thread_count, context.gop_size = 1, 2 * film.fps
    context.colorspace = context.color_primaries = context.color_trc = context.color_range = _BT709
    return stream


def _pictures(film: Film, stream: VideoStream) -> Iterator[Packet[Any]]:
    """Yield each second's picture followed by the first second's held frames.

    A held frame says nothing but that all is as before, in each second in the same bytes: only the first are encoded.
    """
    first = min(film.fps, film.frames)
    coded = list(_coded(film, stream, first))
    held = coded[1:first]
    for second, picture in enumerate([coded[0], *coded[first:]]):
        begin = second * film.fps
        for number, content in enumerate([picture, *held][: film.frames - begin], begin):
            packet = av.Packet(content)
            packet.stream, packet.time_base = stream, Fraction(1, film.fps)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, number == begin
            yield packet


def _coded(film: Film, stream: VideoStream, first: int) -> Iterator[bytes]:
    """Yield *first* frames of the first second and one of each second after it."""
    picture, convert = slate(film), VideoReformatter()
    for begin in range(0, film.frames, film.fps):
        frame = _frame(_at_second(film, picture, begin // film.fps), convert)
        for number in range(1 if begin else first):
            frame.pts = begin + number
            frame.pict_type = PictureType.P if number else PictureType.I
            yield from map(bytes, stream.encode(frame))
    yield from map(bytes, stream.encode())


def _music(film: Film, stream: AudioStream) -> Iterator[Packet[Any]]:
    """Yield the loop's packets as often as fits under the pictures."""
    count = max(1, film.frames * HERTZ // (film.fps * AAC.frame))
    frames = loop_frames(AAC, "music", film.seed, min(count, frames_in(AAC, film.loop)))
    return repeated(stream, AAC, frames, count)


def _frame(image: Image.Image, convert: VideoReformatter) -> av.VideoFrame:
    frame: av.VideoFrame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call] # PyAV left it bare
    return convert.reformat(frame, format="yuv420p", dst_colorspace=Colorspace.ITU709)


def _at_second(film: Film, picture: Slate, second: int) -> Image.Image:
    """Return the slate with its counter and its bar as they stand during *second*."""
    image, margin = picture.image.copy(), picture.margin
    width, thick = image.width - 2 * margin, max(2, picture.small // 4)
    top = image.height - margin - thick
    if picture.counter:
        counter = _counter(film, picture, second)
        paint(image, counter, (margin + width - counter.width, picture.foot - counter.height), FAINT)
    done = width * min((second + 1) * film.fps, film.frames) // film.frames
    draw = ImageDraw.Draw(image)
    draw.rectangle((margin, top, margin + width - 1, top + thick - 1), fill=picture.ground)
    draw.rectangle((margin, top, margin + max(1, done) - 1, top + thick - 1), fill=INK)
    return image


def _counter(film: Film, picture: Slate, second: int) -> Lines:
    text, small = f"{_clock(second)} / {_clock(film.seconds)}", picture.small
    return fit(text, picture.counter, math.ceil(small * PITCH), largest=small, smallest=round(small * 0.7))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
