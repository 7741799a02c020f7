"""Media specs: frozen values that describe what to render, validated when they are made, before an encoder runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from soundstage_server.media.diagrams.content import Diagram

ImageFormat = Literal["png", "jpeg", "webp"]
AudioStyle = Literal["music", "effect", "speech"]

MIN_SIDE, MAX_SIDE = 16, 8192
"""Bounds of a side in pixels; the limits of H.264 level 6.2 and of WebP are both near the upper one."""
MAX_SECONDS = 3600.0
"""Bound of a duration in seconds: four times the longest that any vendor documents."""
MIN_LOOP, MAX_LOOP = 0.1, 60.0
"""Bounds of an audio loop in seconds, each of which takes about 50 ms to synthesize."""
MAX_FPS = 120
"""Bound of a frame rate in frames a second."""
MAX_TITLE = 1000
"""Characters of a text that a file keeps as metadata."""


@dataclass(frozen=True, slots=True)
class Video:
    """An MP4 with H.264 in yuv420p that shows its title, its caption and the elapsed seconds.

    Args:
        width: Pixels, even, 16 to 8192.
        height: Pixels, even, 16 to 8192.
        seconds: Duration, from one frame's to 3600; rounded to whole frames.
        title: The large text, usually the prompt; also the container's title.
        caption: The small text below (vendor, capability, resolution); also the container's comment.
        seed: Determines colors and music; any integer.
        audio: Whether it has an AAC track.
        fps: Frames a second, 1 to 120.
        loop: Seconds after which the music repeats, 0.1 to 60.

    Raises:
        ValueError: An argument is out of its bounds.
    """

    width: int
    height: int
    seconds: float
    title: str
    caption: str
    seed: int
    audio: bool = False
    fps: int = 24
    loop: float = 8.0

    def __post_init__(self) -> None:
        """Validate every argument: an encoder would refuse them later, without naming the field."""
        _check_sides(self.width, self.height, step=2)
        _check_number("fps", self.fps, 1, MAX_FPS)
        _check_number("seconds", self.seconds, 1 / self.fps, MAX_SECONDS)
        _check_number("loop", self.loop, MIN_LOOP, MAX_LOOP)

    @property
    def frames(self) -> int:
        """The number of frames."""
        return max(1, round(self.seconds * self.fps))


@dataclass(frozen=True, slots=True)
class Image:
    """An image that shows its title and its caption.

    Args:
        width: Pixels, 16 to 8192.
        height: Pixels, 16 to 8192.
        title: The large text, usually the prompt.
        caption: The small text below.
        seed: Determines the colors; any integer.
        format: The file format.

    Raises:
        ValueError: An argument is out of its bounds.
    """

    width: int
    height: int
    title: str
    caption: str
    seed: int
    format: ImageFormat = "png"

    def __post_init__(self) -> None:
        """Validate every argument: an encoder would refuse them later, without naming the field."""
        _check_sides(self.width, self.height, step=1)
        _check_word("format", self.format, get_args(ImageFormat))


@dataclass(frozen=True, slots=True)
class Mask:
    """A grayscale PNG with one smooth white shape (255) on black (0), and no value between.

    Args:
        width: Pixels, 16 to 8192.
        height: Pixels, 16 to 8192.
        seed: Determines the shape; any integer.
        title: What the mask selects; stored as the PNG's title.

    Raises:
        ValueError: An argument is out of its bounds.
    """

    width: int
    height: int
    seed: int
    title: str = ""

    def __post_init__(self) -> None:
        """Validate every argument: an encoder would refuse them later, without naming the field."""
        _check_sides(self.width, self.height, step=1)


@dataclass(frozen=True, slots=True)
class Audio:
    """A stereo MP3 at 44.1 kHz and 128 kbit/s.

    Args:
        seconds: Duration, 0 to 3600; 0 gives the shortest audio that players accept.
        seed: Determines the notes, the sweep or the voice; any integer.
        style: Music, a sound effect or speech.
        title: Stored as the ID3 title.
        loop: Seconds after which it repeats, 0.1 to 60; render time grows with the loop, not with the duration.

    Raises:
        ValueError: An argument is out of its bounds.
    """

    seconds: float
    seed: int
    style: AudioStyle
    title: str = ""
    loop: float = 8.0

    def __post_init__(self) -> None:
        """Validate every argument: an encoder would refuse them later, without naming the field."""
        _check_number("seconds", self.seconds, 0, MAX_SECONDS)
        _check_number("loop", self.loop, MIN_LOOP, MAX_LOOP)
        _check_word("style", self.style, get_args(AudioStyle))


MediaSpec: TypeAlias = Video | Image | Mask | Audio | Diagram


def media_type(spec: MediaSpec) -> str:
    """Return the Content-Type of *spec*, such as ``video/mp4``."""
    match spec:
        case Video():
            return "video/mp4"
        case Image():
            return f"image/{spec.format}"
        case Mask():
            return "image/png"
        case Audio():
            return "audio/mpeg"
        case Diagram():
            return "image/svg+xml" if spec.format == "svg" else "image/png"


def suffix(spec: MediaSpec) -> str:
    """Return the file suffix of *spec*, such as ``.mp4``."""
    match spec:
        case Video():
            return ".mp4"
        case Image():
            return ".jpg" if spec.format == "jpeg" else f".{spec.format}"
        case Mask():
            return ".png"
        case Audio():
            return ".mp3"
        case Diagram():
            return f".{spec.format}"


def sanitize(text: str) -> str:
    """Return *text* as every container can store it: bounded, valid UTF-8, and without NUL, which ends a C string."""
    return text[:MAX_TITLE].encode(errors="replace").decode().replace("\0", " ")


def _check_sides(width: int, height: int, *, step: int) -> None:
    for name, side in (("width", width), ("height", height)):
        if not MIN_SIDE <= side <= MAX_SIDE or side % step:
            kind = "an even number" if step > 1 else "a number"
            raise ValueError(f"{name}={side!r}: it must be {kind} of pixels from {MIN_SIDE} to {MAX_SIDE}")


def _check_number(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name}={value!r}: it must be from {low:g} to {high:g}")


def _check_word(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name}={value!r}: it must be one of {', '.join(allowed)}")
