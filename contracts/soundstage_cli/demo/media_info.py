"""Describes a media file after decoding it to its end, so that the description is measured and not declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import av
from PIL import Image

from soundstage_cli.demo.thumbnails import render_svg

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_CODECS: Final[Mapping[str, str]] = {"h264": "H.264", "aac": "AAC", "mp3": "MP3", "mp3float": "MP3"}
_LAYOUTS: Final[Mapping[int, str]] = {1: "mono", 2: "stereo"}


class UndecodableError(Exception):
    """No decoder reads the file to its end; the message has the file's name and the reason."""


def describe_media(path: Path) -> str:
    """Return format, dimensions, rate, duration and size of the video, audio or image file at *path*.

    Raises:
        UndecodableError: It cannot be decoded.
    """
    try:
        description = _DECODERS.get(path.suffix, _image)(path)
    except (OSError, ValueError, IndexError, SyntaxError) as error:  # what PyAV and Pillow raise
        raise UndecodableError(f"no decoder reads {path.name}: {error}") from None
    return f"{description} {path.stat().st_size / 1000:.0f} kB"


def _video(path: Path) -> str:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codecs = [_codec(one.codec_context.name) for one in (stream, *container.streams.audio)]
        # Frames are counted: the duration in the header may be wrong, and a truncated file fails to decode.
        rate, frames = float(stream.guessed_rate or 1), sum(1 for _ in container.decode(stream))
    return f"{'+'.join(codecs)} {stream.width}x{stream.height} {rate:g} fps {_seconds(frames / rate)}"


def _audio(path: Path) -> str:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        codec, rate, layout = _codec(stream.codec_context.name), stream.rate, _LAYOUTS.get(stream.channels, "")
        samples = sum(frame.samples for frame in container.decode(stream))
    return f"{codec} {rate / 1000:g} kHz {layout} {_seconds(samples / rate)}"


def _image(path: Path) -> str:
    with Image.open(path) as image:
        image.load()
        return f"{image.format} {image.width}x{image.height} {image.mode}"


def _svg(path: Path) -> str:
    image = render_svg(path)
    return f"SVG {image.width}x{image.height}"


_DECODERS: Final[Mapping[str, Callable[[Path], str]]] = {".mp4": _video, ".mp3": _audio, ".svg": _svg}
"""The decoder for each suffix; any other file is read as an image."""


def _codec(name: str) -> str:
    return _CODECS.get(name, name)


def _seconds(seconds: float) -> str:
    if not seconds:
        raise ValueError("it is empty")
    return f"{seconds:.1f} s"
