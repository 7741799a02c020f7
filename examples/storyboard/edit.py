"""Edit videos and sounds into one file with PyAV: fades between the shots, the music below the narration."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.filter import Graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from av import AudioFrame, VideoFrame
    from av.filter.context import FilterContext

SIZE = (1280, 720)
RATE = 24
SAMPLES = 48_000
FADE = RATE // 2
"""Frames that a shot takes to appear."""


def edit(videos: Sequence[Path], music: Path, speech: Path, target: Path, size: tuple[int, int] = SIZE) -> Path:
    """Cut *videos* together, mix *music* and *speech* below them, write *target* and return it."""
    with av.open(str(target), "w", options={"movflags": "faststart"}) as container:
        video = container.add_stream("libx264", rate=RATE, options={"crf": "23", "preset": "veryfast"})
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=SAMPLES, layout="stereo")
        count = 0
        for path in videos:
            for frame in shot_frames(path, size):
                frame.pts, frame.time_base = count, Fraction(1, RATE)
                count += 1
                container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for sound in mixed(music, speech, count / RATE):
            container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
    return target


def shot_frames(path: Path, size: tuple[int, int]) -> Iterator[VideoFrame]:
    """Yield the frames of one shot in the size and rate of the result, fading in."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        graph = Graph()
        source = graph.add_buffer(template=stream)
        frame_size = "{}:{}".format(*size)
        fit = f"{frame_size}:force_original_aspect_ratio=decrease"
        steps = (("scale", fit), ("pad", f"{frame_size}:-1:-1"), ("fps", str(RATE)), ("fade", f"in:0:{FADE}"))
        sink = chain(graph, source, *steps, ("format", "yuv420p"), ("buffersink", None))
        graph.configure()
        for frame in [*container.decode(stream), None]:
            source.push(frame)
            yield from pulled(sink)


def mixed(music: Path, speech: Path, seconds: float) -> Iterator[AudioFrame]:
    """Yield *seconds* of sound: the speech after a moment, and the music, quieter, which fades out."""
    with av.open(str(music)) as first, av.open(str(speech)) as second:
        streams = (first.streams.audio[0], second.streams.audio[0])
        graph = Graph()
        sources = [graph.add_abuffer(template=stream) for stream in streams]
        mixer = graph.add("amix", "inputs=2:duration=longest:normalize=0")
        chain(graph, sources[0], ("volume", "0.4")).link_to(mixer, 0, 0)
        chain(graph, sources[1], ("adelay", "800:all=1")).link_to(mixer, 0, 1)
        fade = f"t=out:st={max(0.0, seconds - 1.5):.3f}:d=1.5"
        form = f"sample_fmts=fltp:sample_rates={SAMPLES}:channel_layouts=stereo"
        steps = (("apad", None), ("atrim", f"duration={seconds:.3f}"), ("afade", fade), ("aformat", form))
        sink = chain(graph, mixer, *steps, ("asetnsamples", "n=1024"), ("abuffersink", None))
        graph.configure()
        for source, container, stream in zip(sources, (first, second), streams, strict=True):
            for frame in [*container.decode(stream), None]:
                source.push(frame)
        yield from pulled(sink)


def chain(graph: Graph, start: FilterContext, *steps: tuple[str, str | None]) -> FilterContext:
    """Add *steps*, which are filters with their arguments, behind *start*, and return the last of them."""
    for name, arguments in steps:
        following = graph.add(name, arguments)
        start.link_to(following)
        start = following
    return start


def pulled(sink: FilterContext) -> Iterator[Any]:
    """Yield the frames that are ready at the end of a chain."""
    while True:
        try:
            yield sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):  # more input is needed, or it was the last frame
            return
