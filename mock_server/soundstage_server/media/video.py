"""Films: a frame whose foot changes each second, encoded by one thread so that equal films have equal bytes."""

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

from soundstage_server.media.audio import AAC, SAMPLE_RATE, add_audio_stream, encode_loop, frame_count, repeat_packets
from soundstage_server.media.canvas import MUTED_COLOR, TEXT_COLOR, Frame, draw_text, paint_frame
from soundstage_server.media.metadata import sanitize
from soundstage_server.media.text import LINE_HEIGHT, TextBlock, fit_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from soundstage_server.media.specs import Video

_BT709 = 1
"""The number that H.264 and FFmpeg give this color space, in each of the tags that name one."""
_ENCODER = {"preset": "ultrafast", "qp": "45", "i_qfactor": "0.03125", "forced-idr": "1", "threads": "1"}
"""One quality for all of a kind: 15 for a second's picture (45 less six for each halving), without blocks in its
background, and 45 for the frames that hold it, so coarse that they have nothing to add."""


def render_video(film: Video) -> bytes:
    """Return *film* as an MP4 whose index stands in front, so that a player starts before the last byte came."""
    file = io.BytesIO()
    tags = {"title": sanitize(film.title), "comment": sanitize(film.caption)}
    options = {"fflags": "+bitexact", "moov_size": str(_index_size(film, tags))}
    with av.open(file, "w", format="mp4", options=options) as container:
        container.metadata.update(tags)
        tracks: list[Iterator[Packet[Any]]] = [_video_packets(film, _video_stream(container, film))]
        if film.audio:
            tracks.append(_audio_packets(film, add_audio_stream(container, AAC)))
        container.mux(sorted(itertools.chain(*tracks), key=_timestamp))
    return file.getvalue()


def _index_size(film: Video, tags: dict[str, str]) -> int:
    """Return room for the index, which is reserved in front because its size is known only at the end."""
    blocks = film.frames + (math.ceil(film.seconds * SAMPLE_RATE / AAC.frame) if film.audio else 0)
    return 4096 + sum(len(text.encode()) for text in tags.values()) + 32 * blocks


def _timestamp(packet: Packet[Any]) -> Fraction:
    return (packet.dts or 0) * packet.time_base


def _video_stream(container: OutputContainer, film: Video) -> VideoStream:
    stream = container.add_stream("libx264", rate=film.fps, options=_ENCODER)
    stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
    context = stream.codec_context
    context.thread_count, context.gop_size = 1, 2 * film.fps
    context.colorspace = context.color_primaries = context.color_trc = context.color_range = _BT709
    return stream


def _video_packets(film: Video, stream: VideoStream) -> Iterator[Packet[Any]]:
    """Yield each second's picture followed by the first second's held frames.

    A held frame says nothing but that all is as before, in each second in the same bytes: only the first are encoded.
    """
    first = min(film.fps, film.frames)
    coded = list(_encode(film, stream, first))
    held = coded[1:first]
    for second, picture in enumerate([coded[0], *coded[first:]]):
        begin = second * film.fps
        for number, content in enumerate([picture, *held][: film.frames - begin], begin):
            packet = av.Packet(content)
            packet.stream, packet.time_base = stream, Fraction(1, film.fps)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, number == begin
            yield packet


def _encode(film: Video, stream: VideoStream, first: int) -> Iterator[bytes]:
    """Yield *first* frames of the first second and one of each second after it."""
    picture, convert = paint_frame(film), VideoReformatter()
    for begin in range(0, film.frames, film.fps):
        frame = _frame(_draw_second(film, picture, begin // film.fps), convert)
        for number in range(1 if begin else first):
            frame.pts = begin + number
            frame.pict_type = PictureType.P if number else PictureType.I
            yield from map(bytes, stream.encode(frame))
    yield from map(bytes, stream.encode())


def _audio_packets(film: Video, stream: AudioStream) -> Iterator[Packet[Any]]:
    """Yield the loop's packets as often as fits under the pictures."""
    count = max(1, film.frames * SAMPLE_RATE // (film.fps * AAC.frame))
    frames = encode_loop(AAC, "music", film.seed, min(count, frame_count(AAC, film.loop)))
    return repeat_packets(stream, AAC, frames, count)


def _frame(image: Image.Image, convert: VideoReformatter) -> av.VideoFrame:
    frame: av.VideoFrame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call] # PyAV left it bare
    return convert.reformat(frame, format="yuv420p", dst_colorspace=Colorspace.ITU709)


def _draw_second(film: Video, picture: Frame, second: int) -> Image.Image:
    """Return the frame with its counter and its bar as they stand during *second*."""
    image, margin = picture.image.copy(), picture.margin
    width, thick = image.width - 2 * margin, max(2, picture.caption_size // 4)
    top = image.height - margin - thick
    if picture.counter_width:
        counter = _counter(film, picture, second)
        draw_text(
            image, counter, (margin + width - counter.width, picture.caption_bottom - counter.height), MUTED_COLOR
        )
    done = width * min((second + 1) * film.fps, film.frames) // film.frames
    draw = ImageDraw.Draw(image)
    draw.rectangle((margin, top, margin + width - 1, top + thick - 1), fill=picture.bar_color)
    draw.rectangle((margin, top, margin + max(1, done) - 1, top + thick - 1), fill=TEXT_COLOR)
    return image


def _counter(film: Video, picture: Frame, second: int) -> TextBlock:
    text, small = f"{_format_time(second)} / {_format_time(film.seconds)}", picture.caption_size
    return fit_text(
        text, picture.counter_width, math.ceil(small * LINE_HEIGHT), largest=small, smallest=round(small * 0.7)
    )


def _format_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
