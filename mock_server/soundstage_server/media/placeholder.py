"""Small stand-ins for media: the same kind, ratio and duration for a few milliseconds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from soundstage_server.media.diagrams.content import Diagram
from soundstage_server.media.specs import Audio, Image, Mask, MediaSpec, Video

LOOP = 0.25
"""Seconds after which a small spec's sound repeats."""
FPS = 2
"""A small film's rate: enough that its counter moves."""
SCALE = 0.12
"""Pixels of a small diagram for each unit: its boxes are seen, and its text is not."""
_SHORT_SIDES = range(64, 98, 2)

_Framed = TypeVar("_Framed", Video, Image, Mask)


def shrink(spec: MediaSpec) -> MediaSpec:
    """Return *spec* with a short side of 64 to 96 pixels, in the ratio nearest to its own, at 2 frames a second.

    A sound repeats sooner, a drawing is painted smaller, and a frame that is small already stays as it is.
    """
    match spec:
        case Video():
            seconds = spec.frames / spec.fps  # which it lasts once rounded to frames, and is to last still
            return replace(_scaled(spec), seconds=seconds, fps=_rate(spec), loop=min(LOOP, spec.loop))
        case Image():
            return _scaled(spec)
        case Mask():
            return _scaled(spec)
        case Audio():
            return replace(spec, loop=min(LOOP, spec.loop))
        case Diagram():
            return replace(spec, scale=min(SCALE, spec.scale)) if spec.format == "png" else spec


def _rate(film: Video) -> int:
    """Return the lowest rate from 2 on at which the duration is a whole number of frames, or the film's own."""
    seconds = Fraction(film.frames, film.fps)
    return next((rate for rate in range(FPS, film.fps) if (seconds * rate).denominator == 1), film.fps)


def _scaled(spec: _Framed) -> _Framed:
    width, height = spec.width, spec.height
    short = min(width, height)
    if short <= _SHORT_SIDES[-1]:
        return spec
    ratio = Fraction(max(width, height), short)
    side = min(_SHORT_SIDES, key=lambda side: (abs(_even(side * ratio) - side * ratio) / side, side))
    long = _even(side * ratio)
    return replace(spec, width=long if width >= height else side, height=side if width >= height else long)


def _even(length: Fraction) -> int:
    return 2 * round(length / 2)
