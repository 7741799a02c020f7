"""Films: a slate whose foot changes each second, encoded by one thread so that equal films have equal bytes."""

from __future__ import annotations

import io
import itertools
import math
from typing import TYPE_CHECKING, Any

import av
from av.video.reformatter import Colorspace, VideoReformatter
from PIL import Image, ImageDraw

from understudy_server.media._canvas import FAINT, INK, Slate, paint, slate
from understudy_server.media._sounds import AAC, HERTZ, audio_stream, frames_in, loop_frames, repeated
from understudy_server.media._tags import tag
from understudy_server.media._text import fit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from understudy_server.media._media import Film

_BT709 = 1
"""The number that H.264 and FFmpeg give this colour space, in each of the tags that name one."""
_ENCODER = {"preset": "ultrafast", "tune": "stillimage", "crf": "19", "threads": "1"}


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
    return 8192 + sum(len(text.encode()) for text in tags.values()) + 32 * blocks


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
    picture, convert = slate(film), VideoReformatter()
    for first in range(0, film.frames, film.fps):
        frame = _frame(_at_second(film, picture, first // film.fps), convert)
        for number in range(first, min(first + film.fps, film.frames)):
            frame.pts = number
            yield from stream.encode(frame)
    yield from stream.encode()


def _music(film: Film, stream: AudioStream) -> Iterator[Packet[Any]]:
    """Yield the loop's packets as often as fits under the pictures."""
    count = max(1, film.frames * HERTZ // (film.fps * AAC.frame))
    frames = loop_frames(AAC, "music", film.seed, min(count, frames_in(AAC, film.loop)))
    return repeated(stream, AAC, frames, count)


def _frame(image: Image.Image, convert: VideoReformatter) -> av.VideoFrame:
    frame: av.VideoFrame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call] # PyAV left it bare
    return convert.reformat(frame, format="yuv420p", dst_colorspace=Colorspace.ITU709)


def _at_second(film: Film, picture: Slate, second: int) -> Image.Image:
    """Return the slate with its counter and its bar as they stand in the middle of *second*."""
    image, margin, small = picture.image.copy(), picture.margin, picture.small
    width, height = image.size
    counter = fit(
        f"{_clock(second)} / {_clock(film.seconds)}", small * 6, round(small * 1.4), largest=small, smallest=small
    )
    thick = max(2, small // 4)
    top = height - margin - thick
    paint(image, counter, (width - margin - counter.width, picture.foot - counter.height), FAINT)
    draw = ImageDraw.Draw(image)
    draw.rectangle((margin, top, width - margin - 1, top + thick - 1), fill=picture.ground)
    done = (width - 2 * margin) * min((second + 1) * film.fps, film.frames) // film.frames
    draw.rectangle((margin, top, margin + max(1, done) - 1, top + thick - 1), fill=INK)
    return image


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
