"""Films: a slate whose foot changes each second, encoded by one thread so that equal films have equal bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import av
from PIL import Image, ImageDraw

from understudy_server.media._canvas import FAINT, INK, Slate, paint, slate
from understudy_server.media._text import fit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from understudy_server.media._media import Film

TAG = 1000
"""Characters of a title that the container keeps."""
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
        container.mux(list(_pictures(film, _video_stream(container, film))))
    return file.getvalue()


def tag(text: str) -> str:
    """Return *text* as a container can hold it: bounded, and without what UTF-8 or a C string has no place for."""
    return text[:TAG].encode(errors="replace").decode().replace("\0", " ")


def _index_size(film: Film, tags: dict[str, str]) -> int:
    """Return room for the index, which is reserved in front because its size is known only at the end."""
    return 4096 + sum(len(text.encode()) for text in tags.values()) + 32 * film.frames


def _video_stream(container: OutputContainer, film: Film) -> VideoStream:
    stream = container.add_stream("libx264", rate=film.fps, options=_ENCODER)
    stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
    context = stream.codec_context
    context.thread_count, context.gop_size = 1, 2 * film.fps
    context.colorspace = context.color_primaries = context.color_trc = context.color_range = _BT709
    return stream


def _pictures(film: Film, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    picture = slate(film)
    for first in range(0, film.frames, film.fps):
        frame = _frame(_at_second(film, picture, first // film.fps))
        for number in range(first, min(first + film.fps, film.frames)):
            frame.pts = number
            yield from stream.encode(frame)
    yield from stream.encode()


def _frame(image: Image.Image) -> av.VideoFrame:
    frame: av.VideoFrame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call] # PyAV left it bare
    return frame.reformat(format="yuv420p", dst_colorspace="itu709")


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
