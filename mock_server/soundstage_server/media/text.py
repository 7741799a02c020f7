"""Text set into a box: wrapped, shrunk until it fits, and cut with an ellipsis where the smallest size is too large."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from soundstage_server.media.fonts import Face, by_coverage, displayable, font, font_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHARACTERS = 600
"""Characters that are looked at: no frame shows more at a size that one can read."""
ELLIPSIS = "…"
_ASCENT, LINE_HEIGHT = 1.0, 1.28
"""Baseline below a line's top, and line below line, in sizes; the same for all faces, so that they mix on one line."""
_AREA_SLACK = 1.15
"""How much more than the box a text may cover before it is wrapped, for lines lose the spaces that they end in."""
_SHRINK = 0.86
"""Each next size that is tried."""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """TextBlock of text at one size.

    Args:
        lines: The text, line by line, in characters that *faces* have.
        faces: Where each character is looked up, in this order.
        size: The size in pixels.
    """

    lines: tuple[str, ...]
    faces: tuple[Face, ...]
    size: int

    @property
    def width(self) -> int:
        """The widest line's width in pixels."""
        return max((_width(line, self.faces, self.size) for line in self.lines), default=0)

    @property
    def height(self) -> int:
        """The height of all lines in pixels."""
        return math.ceil(LINE_HEIGHT * self.size * len(self.lines))

    def width_of(self, line: str) -> int:
        """Return the width in pixels of one line."""
        return _width(line, self.faces, self.size)

    def mask(self) -> Image.Image:
        """Return the text as an image of exactly its width and height, 255 where it is to be painted."""
        canvas = Image.new("L", (max(1, self.width), max(1, self.height)), 0)
        draw = ImageDraw.Draw(canvas)
        for number, line in enumerate(self.lines):
            x, baseline = 0.0, round((_ASCENT + LINE_HEIGHT * number) * self.size)
            for face, run in font_runs(line, self.faces):
                draw.text((x, baseline), run, fill=255, font=font(face, self.size), anchor="ls")
                x += font(face, self.size).getlength(run)
        return canvas


def fit_text(
    text: str, width: int, height: int, *, largest: int, smallest: int, known: tuple[Face, ...] | None = None
) -> TextBlock:
    """Return *text* set as large as it can be within *width* and *height* pixels; no lines where not a letter fits.

    Args:
        text: Anything; what no installed face can show appears as code points.
        width: The box's width in pixels.
        height: The box's height in pixels.
        largest: The size in pixels that is tried first.
        smallest: The size below which the text is cut and ends in an ellipsis instead.
        known: The faces to choose from, the preferred ones first; all that are installed by default.
    """
    words = text[:MAX_CHARACTERS] + ELLIPSIS * (len(text) > MAX_CHARACTERS)
    faces = by_coverage(words, known)
    shown = displayable(words, faces)
    area = _AREA_SLACK * width * height * smallest / max(1, LINE_HEIGHT * _width(shown, faces, smallest))
    for size in _sizes(largest, smallest):
        if size * size > area and size > smallest:
            continue
        lines = TextBlock(tuple(_wrap(shown, faces, size, width)), faces, size)
        if lines.height <= height and lines.width <= width:
            return lines
    return _truncate(lines, width, height)


def _sizes(largest: int, smallest: int) -> Iterator[int]:
    size = float(largest)
    while size > smallest:
        yield round(size)
        size *= _SHRINK
    yield smallest


def _truncate(lines: TextBlock, width: int, height: int) -> TextBlock:
    """Return the lines that the height takes, the last with an ellipsis if more came; none if one is still too wide."""
    kept = list(lines.lines[: int(height / (LINE_HEIGHT * lines.size))])
    if kept and len(kept) < len(lines.lines):
        while kept[-1] and _width(kept[-1] + ELLIPSIS, lines.faces, lines.size) > width:
            kept[-1] = kept[-1][:-1].rstrip()
        kept[-1] += ELLIPSIS
    cut = TextBlock(tuple(kept), lines.faces, lines.size)
    return cut if cut.width <= width else TextBlock((), lines.faces, lines.size)


def _wrap(text: str, faces: tuple[Face, ...], size: int, width: int) -> Iterator[str]:
    line = ""
    for piece in _break_pieces(text):
        if _width((line + piece).rstrip(), faces, size) <= width:
            line += piece
            continue
        if line:
            yield line.rstrip()
        *full, line = _split_word(piece, faces, size, width)
        yield from full
    if line:
        yield line.rstrip()


def _split_word(piece: str, faces: tuple[Face, ...], size: int, width: int) -> list[str]:
    """Cut one piece into lines; only a word wider than a whole line comes in more than one."""
    parts = [""]
    for letter in piece:
        if parts[-1] and _width((parts[-1] + letter).rstrip(), faces, size) > width:
            parts.append("")
        parts[-1] += letter
    return parts


def _break_pieces(text: str) -> Iterator[str]:
    """Split *text* where a line may end: after spaces, and around each ideograph, but never before a closing mark."""
    piece = ""
    for letter in text:
        closing = unicodedata.category(letter) in {"Pe", "Pf", "Po"}
        if piece and not closing and letter != " " and (piece[-1] == " " or _is_wide(piece[-1]) or _is_wide(letter)):
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _width(text: str, faces: tuple[Face, ...], size: int) -> int:
    """Return the width with room for what a letter leans over its own advance."""
    return (
        math.ceil(sum(font(face, size).getlength(run) for face, run in font_runs(text, faces)) + size / 16)
        if text
        else 0
    )
