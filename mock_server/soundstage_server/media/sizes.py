"""Convert a vendor's resolution and aspect ratio (``720p``, ``16:9``) to pixels."""

from __future__ import annotations

import re
from fractions import Fraction

MIN_LINES, MAX_LINES = 144, 2160
"""Bounds of the short side, in pixels."""
MAX_RATIO = 4
"""Greatest ratio of the long side to the short one; no vendor documents more than 21:9."""

_NAMED = {"2k": 1440, "4k": 2160}
_LINES = re.compile(r"([0-9]{3,4})p")
_NUMBER = r"([0-9]{1,4}(?:\.[0-9]{1,4})?)"
_RATIO = re.compile(rf"\s*{_NUMBER}\s*:\s*{_NUMBER}\s*")


def frame_size(resolution: str, ratio: str) -> tuple[int, int]:
    """Return width and height in pixels, both even: *resolution* is the short side, *ratio* the shape.

    Args:
        resolution: ``480p``, ``720p``, ``768P``, ``1080p``, ``2k``, ``4k``: any number of lines from 144p to 2160p.
        ratio: ``a:b``, width first, such as ``16:9`` or ``2.39:1``, from 1:4 to 4:1.

    Raises:
        ValueError: An argument has another form or is out of bounds; the message names it and what is allowed.
    """
    short, shape = _short_side(resolution), _shape(ratio)
    long = _even(short * max(shape, 1 / shape))
    return (long, short) if shape >= 1 else (short, long)


def _short_side(resolution: str) -> int:
    word = resolution.strip().lower()
    lines = _LINES.fullmatch(word)
    short = int(lines[1]) if lines else _NAMED.get(word, 0)
    if not MIN_LINES <= short <= MAX_LINES:
        allowed = f"720p, 1080p, 2k, 4k or any number of lines from {MIN_LINES}p to {MAX_LINES}p"
        raise ValueError(f"resolution={resolution!r}: it must be {allowed}")
    return _even(Fraction(short))


def _shape(ratio: str) -> Fraction:
    parts = _RATIO.fullmatch(ratio)
    width, height = (Fraction(parts[1]), Fraction(parts[2])) if parts else (Fraction(0), Fraction(0))
    if not width or not height or not Fraction(1, MAX_RATIO) <= width / height <= MAX_RATIO:
        raise ValueError(
            f"ratio={ratio!r}: it must be two numbers a:b such as 16:9, from 1:{MAX_RATIO} to {MAX_RATIO}:1"
        )
    return width / height


def _even(length: Fraction) -> int:
    return 2 * round(length / 2)
