"""What can be rendered: frozen values, checked when they are made, so that a bad size never reaches an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from soundstage_server.media.diagrams.content import Diagram

ImageFormat = Literal["png", "jpeg", "webp"]
AudioStyle = Literal["music", "effect", "speech"]

MIN_SIDE, MAX_SIDE = 16, 8192
"""Bounds of a side in pixels; H.264 level 6.2 and WebP both end near the upper one."""
MAX_SECONDS = 3600.0
"""Bound of a duration in seconds: four times the longest that any vendor documents."""
MIN_LOOP, MAX_LOOP = 0.1, 60.0
"""Bounds of a sound's loop in seconds, each of which costs about 50 ms."""
MAX_FPS = 120
"""Bound of a frame rate in frames a second."""


@dataclass(frozen=True, slots=True)
class Video:
    """An MP4 of H.264 in yuv420p that shows its title, its caption and the running second.

    Args:
        width: Pixels, even, 16 to 8192.
        height: Pixels, even, 16 to 8192.
        seconds: Duration, from one frame's to 3600; rounded to whole frames.
        title: What the film is of, usually the prompt; also the container's title.
        caption: The small line below (vendor, capability, resolution); also the container's comment.
        seed: Chooses colors and music; any integer.
        audio: Whether an AAC track accompanies it.
        fps: Frames a second, 1 to 120.
        loop: Seconds after which its music repeats, 0.1 to 60.

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
        """Refuse what an encoder would refuse later, in words."""
        _check_sides(self.width, self.height, step=2)
        _check_number("fps", self.fps, 1, MAX_FPS)
        _check_number("seconds", self.seconds, 1 / self.fps, MAX_SECONDS)
        _check_number("loop", self.loop, MIN_LOOP, MAX_LOOP)

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return max(1, round(self.seconds * self.fps))


@dataclass(frozen=True, slots=True)
class Image:
    """A still that shows its title and its caption.

    Args:
        width: Pixels, 16 to 8192.
        height: Pixels, 16 to 8192.
        title: What the picture is of, usually the prompt.
        caption: The small line below.
        seed: Chooses the colors; any integer.
        format: How it is encoded.

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
        """Refuse what an encoder would refuse later, in words."""
        _check_sides(self.width, self.height, step=1)
        _check_word("format", self.format, get_args(ImageFormat))


@dataclass(frozen=True, slots=True)
class Mask:
    """A PNG of one gray channel with one smooth white shape (255) on black (0), and no value between.

    Args:
        width: Pixels, 16 to 8192.
        height: Pixels, 16 to 8192.
        seed: Chooses the shape; any integer.
        title: What was recognized; kept as the PNG's title.

    Raises:
        ValueError: An argument is out of its bounds.
    """

    width: int
    height: int
    seed: int
    title: str = ""

    def __post_init__(self) -> None:
        """Refuse what an encoder would refuse later, in words."""
        _check_sides(self.width, self.height, step=1)


@dataclass(frozen=True, slots=True)
class Audio:
    """A stereo MP3 at 44.1 kHz and 128 kbit/s.

    Args:
        seconds: Duration, 0 to 3600; 0 is the shortest sound that can be played.
        seed: Chooses the notes, the sweep or the voice; any integer.
        style: What kind of sound.
        title: What it is of; kept as the ID3 title.
        loop: Seconds after which it repeats, 0.1 to 60; more cost time, and the duration costs next to none.

    Raises:
        ValueError: An argument is out of its bounds.
    """

    seconds: float
    seed: int
    style: AudioStyle
    title: str = ""
    loop: float = 8.0

    def __post_init__(self) -> None:
        """Refuse what an encoder would refuse later, in words."""
        _check_number("seconds", self.seconds, 0, MAX_SECONDS)
        _check_number("loop", self.loop, MIN_LOOP, MAX_LOOP)
        _check_word("style", self.style, get_args(AudioStyle))


MediaSpec: TypeAlias = Video | Image | Mask | Audio | Diagram


def media_type(spec: MediaSpec) -> str:
    """Return the Content-Type under which *spec* is served, such as ``video/mp4``."""
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
    """Return the file name's ending for *spec*, with its dot, such as ``.mp4``."""
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
