"""Render videos: a frame that changes each second, encoded by one thread so that equal specs give equal bytes."""

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
from soundstage_server.media.specs import sanitize
from soundstage_server.media.text import LINE_HEIGHT, TextBlock, fit_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from soundstage_server.media.specs import Video

_BT709 = 1
"""The number of this color space in H.264 and FFmpeg, for each of the tags that name one."""
_ENCODER = {"preset": "ultrafast", "qp": "45", "i_qfactor": "0.03125", "forced-idr": "1", "threads": "1"}
"""One quality for each frame type: quantizer 15 for keyframes (45 less six for each halving), so that the background
has no blocks, and 45 for the frames between, so coarse that they add nothing to the keyframe."""


def render_video(spec: Video) -> bytes:
    """Render *spec* as an MP4 whose index precedes the media data, so that playback can start during the download."""
    file = io.BytesIO()
    tags = {"title": sanitize(spec.title), "comment": sanitize(spec.caption)}
    options = {"fflags": "+bitexact", "moov_size": str(_index_size(spec, tags))}
    with av.open(file, "w", format="mp4", options=options) as container:
        container.metadata.update(tags)
        tracks: list[Iterator[Packet[Any]]] = [_video_packets(spec, _add_video_stream(container, spec))]
        if spec.audio:
            tracks.append(_audio_packets(spec, add_audio_stream(container, AAC)))
        container.mux(sorted(itertools.chain(*tracks), key=_timestamp))
    return file.getvalue()


def _index_size(spec: Video, tags: dict[str, str]) -> int:
    """Return enough bytes for the index: its space is reserved first, and its size is known only at the end."""
    blocks = spec.frames + (math.ceil(spec.seconds * SAMPLE_RATE / AAC.frame) if spec.audio else 0)
    return 4096 + sum(len(text.encode()) for text in tags.values()) + 32 * blocks


def _timestamp(packet: Packet[Any]) -> Fraction:
    return (packet.dts or 0) * packet.time_base


def _add_video_stream(container: OutputContainer, spec: Video) -> VideoStream:
    stream = container.add_stream("libx264", rate=spec.fps, options=_ENCODER)
    stream.width, stream.height, stream.pix_fmt = spec.width, spec.height, "yuv420p"
    context = stream.codec_context
    # More than one second, so that no keyframe is inserted beside the forced ones, and one thread: with several, the
    # bytes depend on the machine's cores.
    context.thread_count, context.gop_size = 1, 2 * spec.fps
    context.colorspace = context.color_primaries = context.color_trc = context.color_range = _BT709
    return stream


def _video_packets(spec: Video, stream: VideoStream) -> Iterator[Packet[Any]]:
    """Yield each second's keyframe, followed by the first second's unchanged frames.

    An unchanged frame only repeats the frame before it, and has the same bytes in each second. So those of the first
    second are encoded and then reused, which makes the render time depend on the seconds, not on the frame rate.
    """
    first = min(spec.fps, spec.frames)
    encoded = list(_encode(spec, stream, first))
    unchanged = encoded[1:first]
    for second, keyframe in enumerate([encoded[0], *encoded[first:]]):
        start = second * spec.fps
        for number, content in enumerate([keyframe, *unchanged][: spec.frames - start], start):
            packet = av.Packet(content)
            packet.stream, packet.time_base = stream, Fraction(1, spec.fps)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, number == start
            yield packet


def _encode(spec: Video, stream: VideoStream, first: int) -> Iterator[bytes]:
    """Yield *first* frames of the first second and one of each second after it."""
    painted, convert = paint_frame(spec), VideoReformatter()
    for start in range(0, spec.frames, spec.fps):
        frame = _to_av_frame(_draw_second(spec, painted, start // spec.fps), convert)
        for number in range(1 if start else first):
            frame.pts = start + number
            frame.pict_type = PictureType.P if number else PictureType.I
            yield from map(bytes, stream.encode(frame))
    yield from map(bytes, stream.encode())


def _audio_packets(spec: Video, stream: AudioStream) -> Iterator[Packet[Any]]:
    """Yield the loop's packets as often as fits into the video's duration."""
    count = max(1, spec.frames * SAMPLE_RATE // (spec.fps * AAC.frame))
    frames = encode_loop(AAC, "music", spec.seed, min(count, frame_count(AAC, spec.loop)))
    return repeat_packets(stream, AAC, frames, count)


def _to_av_frame(image: Image.Image, convert: VideoReformatter) -> av.VideoFrame:
    frame: av.VideoFrame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call] # PyAV has no annotation
    return convert.reformat(frame, format="yuv420p", dst_colorspace=Colorspace.ITU709)


def _draw_second(spec: Video, painted: Frame, second: int) -> Image.Image:
    """Return the frame with its counter and its progress bar during *second*."""
    image, margin = painted.image.copy(), painted.margin
    width, thickness = image.width - 2 * margin, max(2, painted.caption_size // 4)
    top = image.height - margin - thickness
    if painted.counter_width:
        counter = _counter(spec, painted, second)
        corner = (margin + width - counter.width, painted.caption_bottom - counter.height)
        draw_text(image, counter, corner, MUTED_COLOR)
    done = width * min((second + 1) * spec.fps, spec.frames) // spec.frames
    draw = ImageDraw.Draw(image)
    draw.rectangle((margin, top, margin + width - 1, top + thickness - 1), fill=painted.bar_color)
    draw.rectangle((margin, top, margin + max(1, done) - 1, top + thickness - 1), fill=TEXT_COLOR)
    return image


def _counter(spec: Video, painted: Frame, second: int) -> TextBlock:
    text, size = f"{_format_time(second)} / {_format_time(spec.seconds)}", painted.caption_size
    height = math.ceil(size * LINE_HEIGHT)
    return fit_text(text, painted.counter_width, height, largest=size, smallest=round(size * 0.7))


def _format_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
