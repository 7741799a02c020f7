"""Thumbnails made from the files: the middle frame of a video, a rendered SVG, the waveform of an audio file."""

from __future__ import annotations

import io
from array import array
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import av
import resvg_py
from PIL import Image, ImageDraw

from soundstage_server.media.fonts import bundled_last

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

WAVE_BACKGROUND: Final = (38, 44, 58)
_WAVE: Final = (236, 190, 122)
_WAVE_RATE: Final = 4000
"""Samples per second of a waveform: enough for its shape, few enough for fifteen minutes of audio."""
_BAR: Final = 3
_STEP: Final = 5
_SUPERSAMPLING: Final = 4
"""Supersampling factor of round shapes; Pillow draws them without antialiasing."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A thumbnail of a file.

    Attributes:
        image: The image.
        seconds: The duration of a video or audio file; None for an image.
        is_video: Whether the file is a video.
    """

    image: Image.Image
    seconds: float | None = None
    is_video: bool = False


def make_thumbnail(path: Path, size: tuple[int, int]) -> Thumbnail:
    """Return a thumbnail of the file at *path* that fits in *size* pixels; a waveform fills them.

    Raises:
        OSError, ValueError, IndexError: It cannot be decoded.
    """
    thumb = _THUMBNAILERS.get(path.suffix, _image)(path, size)
    thumb.image.thumbnail(size, Image.Resampling.LANCZOS)
    return thumb


def _video(path: Path, _: tuple[int, int]) -> Thumbnail:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        seconds = float((container.duration or 0) / av.time_base)
        container.seek(int(seconds / 2 * av.time_base))  # to the key frame before, so the rest is decoded
        frames = (frame for frame in container.decode(stream) if (frame.time or 0) >= seconds / 2)
        frame = next(frames, None)
        if frame is None:  # a video of one frame has none after the middle
            container.seek(0)
            frame = next(container.decode(stream))
        image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV leaves its options open
        return Thumbnail(image, seconds, is_video=True)


def _audio(path: Path, size: tuple[int, int]) -> Thumbnail:
    samples = array("h")
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=_WAVE_RATE)
        for frame in container.decode(container.streams.audio[0]):
            for part in resampler.resample(frame):
                samples.frombytes(bytes(part.planes[0])[: part.samples * samples.itemsize])
    image = Image.new("RGB", size, WAVE_BACKGROUND)
    draw, middle = ImageDraw.Draw(image), size[1] / 2
    for place, peak in enumerate(_peaks(samples, size[0] // _STEP)):
        half = max(1.0, peak * middle * 0.72)
        left = place * _STEP + 1
        draw.rounded_rectangle((left, middle - half, left + _BAR - 1, middle + half), radius=1, fill=_WAVE)
    return Thumbnail(image, len(samples) / _WAVE_RATE)


def _peaks(samples: array[int], count: int) -> Iterator[float]:
    """The peak of each of *count* intervals, relative to the highest peak."""
    edges = [len(samples) * place // count for place in range(count + 1)]
    intervals = [samples[start:end] or array("h", [0]) for start, end in pairwise(edges)]
    peaks = [max(abs(min(interval)), abs(max(interval))) for interval in intervals]
    loudest = max(peaks, default=0) or 1
    return (peak / loudest for peak in peaks)


def _svg(path: Path, size: tuple[int, int]) -> Thumbnail:
    return Thumbnail(render_svg(path, size[0] * 2))


def render_svg(path: Path, width: int | None = None) -> Image.Image:
    """Render the SVG at *path* with the fonts of the simulator.

    Raises:
        ValueError: It is not an SVG.
    """
    faces = [face for face in bundled_last() if face.path]
    family = faces[0].family if faces else "sans-serif"
    content = resvg_py.svg_to_bytes(
        svg_string=path.read_text(encoding="utf-8"),
        width=width,
        font_files=[face.path for face in faces],
        font_family=family,
        sans_serif_family=family,
        background="white",
    )
    return Image.open(io.BytesIO(bytes(content))).convert("RGB")


def _image(path: Path, _: tuple[int, int]) -> Thumbnail:
    with Image.open(path) as image:
        opaque = Image.new("RGBA", image.size, "white")
        opaque.alpha_composite(image.convert("RGBA"))
        return Thumbnail(opaque.convert("RGB"))


_THUMBNAILERS: Final[Mapping[str, Callable[[Path, tuple[int, int]], Thumbnail]]] = {
    ".mp4": _video,
    ".mp3": _audio,
    ".svg": _svg,
}


def play_icon_mask(side: int) -> Image.Image:
    """Return the mask of a play icon, *side* pixels high."""
    large = side * _SUPERSAMPLING
    mark = Image.new("L", (large, large), 0)
    ImageDraw.Draw(mark).polygon([(large * 0.1, 0), (large * 0.1, large), (large * 0.95, large / 2)], fill=255)
    return mark.resize((side, side), Image.Resampling.LANCZOS)


@lru_cache(maxsize=32)
def rounded_mask(size: tuple[int, int], radius: int) -> Image.Image:
    """Return a mask of *size* with rounded corners."""
    mask = Image.new("L", (size[0] * _SUPERSAMPLING, size[1] * _SUPERSAMPLING), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), radius * _SUPERSAMPLING, fill=255)
    return mask.resize(size, Image.Resampling.LANCZOS)
