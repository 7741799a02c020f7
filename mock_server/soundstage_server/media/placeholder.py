"""Small stand-ins for media: the same kind, ratio and duration for a few milliseconds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from soundstage_server.media.diagrams.content import Diagram
from soundstage_server.media.specs import Film, Mask, Medium, Picture, Sound

LOOP = 0.25
"""Seconds after which a small medium's sound repeats."""
FRAMES_A_SECOND = 2
"""A small film's rate: enough that its counter moves."""
SCALE = 0.12
"""Pixels of a small diagram for each unit: its boxes are seen, and its text is not."""
_SHORT_SIDES = range(64, 98, 2)

_Framed = TypeVar("_Framed", Film, Picture, Mask)


def small(medium: Medium) -> Medium:
    """Return *medium* with a short side of 64 to 96 pixels, in the ratio nearest to its own, at 2 frames a second.

    A sound repeats sooner, a drawing is painted smaller, and a frame that is small already stays as it is.
    """
    match medium:
        case Film():
            seconds = medium.frames / medium.fps  # which it lasts once rounded to frames, and is to last still
            return replace(_scaled(medium), seconds=seconds, fps=_rate(medium), loop=min(LOOP, medium.loop))
        case Picture():
            return _scaled(medium)
        case Mask():
            return _scaled(medium)
        case Sound():
            return replace(medium, loop=min(LOOP, medium.loop))
        case Diagram():
            return replace(medium, scale=min(SCALE, medium.scale)) if medium.format == "png" else medium


def _rate(film: Film) -> int:
    """Return the lowest rate from 2 on at which the duration is a whole number of frames, or the film's own."""
    seconds = Fraction(film.frames, film.fps)
    return next((rate for rate in range(FRAMES_A_SECOND, film.fps) if (seconds * rate).denominator == 1), film.fps)


def _scaled(medium: _Framed) -> _Framed:
    width, height = medium.width, medium.height
    short = min(width, height)
    if short <= _SHORT_SIDES[-1]:
        return medium
    ratio = Fraction(max(width, height), short)
    side = min(_SHORT_SIDES, key=lambda side: (abs(_even(side * ratio) - side * ratio) / side, side))
    long = _even(side * ratio)
    return replace(medium, width=long if width >= height else side, height=side if width >= height else long)


def _even(length: Fraction) -> int:
    return 2 * round(length / 2)
