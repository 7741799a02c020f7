"""Reduce a media spec to a small stand-in: the same kind, ratio and duration, rendered in a few milliseconds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import TypeVar

from soundstage_server.media.diagrams.content import Diagram
from soundstage_server.media.specs import Audio, Image, Mask, MediaSpec, Video

LOOP = 0.25
"""Seconds after which the audio of a small stand-in repeats."""
FPS = 2
"""Frame rate of a small video: enough that its counter is seen to change."""
SCALE = 0.12
"""Pixels for each unit of a small diagram: its boxes can be seen, its text cannot."""
_SHORT_SIDES = range(64, 98, 2)

_Sized = TypeVar("_Sized", Video, Image, Mask)


def shrink(spec: MediaSpec) -> MediaSpec:
    """Return *spec* with a short side of 64 to 96 pixels, in the ratio nearest to its own, at about 2 frames a second.

    Audio repeats sooner and a PNG diagram gets fewer pixels. What is already small keeps its size.
    """
    match spec:
        case Video():
            # The duration is rounded to frames at the full rate; the small video must last exactly as long.
            seconds = spec.frames / spec.fps
            return replace(_resize(spec), seconds=seconds, fps=_rate(spec), loop=min(LOOP, spec.loop))
        case Image():
            return _resize(spec)
        case Mask():
            return _resize(spec)
        case Audio():
            return replace(spec, loop=min(LOOP, spec.loop))
        case Diagram():
            return replace(spec, scale=min(SCALE, spec.scale)) if spec.format == "png" else spec


def _rate(video: Video) -> int:
    """Return the lowest rate from 2 on at which the duration is a whole number of frames, or the video's own."""
    seconds = Fraction(video.frames, video.fps)
    return next((rate for rate in range(FPS, video.fps) if (seconds * rate).denominator == 1), video.fps)


def _resize(spec: _Sized) -> _Sized:
    width, height = spec.width, spec.height
    short = min(width, height)
    if short <= _SHORT_SIDES[-1]:
        return spec
    side, long = _small_sides(short, max(width, height))
    return replace(spec, width=long if width >= height else side, height=side if width >= height else long)


@lru_cache(maxsize=256)
def _small_sides(short: int, long: int) -> tuple[int, int]:
    """Return the sides in the nearest ratio; cached, since every download asks for the same few."""
    ratio = Fraction(long, short)
    side = min(_SHORT_SIDES, key=lambda side: (abs(_even(side * ratio) - side * ratio) / side, side))
    return side, _even(side * ratio)


def _even(length: Fraction) -> int:
    return 2 * round(length / 2)
