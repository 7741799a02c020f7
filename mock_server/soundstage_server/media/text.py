"""Lay out text in a box: wrap it, shrink it until it fits, and truncate it where the smallest size does not fit."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from soundstage_server.media.font_files import Face, font
from soundstage_server.media.fonts import by_coverage, displayable, font_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHARACTERS = 600
"""Characters of a text that are laid out; no frame shows more at a readable size."""
ELLIPSIS = "…"
_ASCENT, LINE_HEIGHT = 1.0, 1.28
"""Distance from a line's top to its baseline, and from line to line, in font sizes.

They are the same for all faces, so that faces can be mixed on one line.
"""
_AREA_SLACK = 1.15
"""How much more than the box's area a text may cover before it is wrapped: lines lose the spaces at their ends."""
_SHRINK = 0.86
"""Factor from one size that is tried to the next."""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Lines of text at one size.

    Args:
        lines: The text, line by line, in characters that *faces* have.
        faces: The faces that each character is searched in, in this order.
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
        """Return the width of one line in pixels."""
        return _width(line, self.faces, self.size)

    def mask(self) -> Image.Image:
        """Return the text as a grayscale image of its width and height, 255 where ink belongs."""
        canvas = Image.new("L", (max(1, self.width), max(1, self.height)), 0)
        draw = ImageDraw.Draw(canvas)
        for number, line in enumerate(self.lines):
            x, baseline = 0.0, round((_ASCENT + LINE_HEIGHT * number) * self.size)
            for face, run in font_runs(line, self.faces):
                draw.text((x, baseline), run, fill=255, font=font(face, self.size), anchor="ls")
                x += font(face, self.size).getlength(run)
        return canvas


def fit_text(
    text: str, width: int, height: int, *, largest: int, smallest: int, faces: tuple[Face, ...] | None = None
) -> TextBlock:
    """Lay out *text* as large as it fits within *width* and *height*; without any line where not one character fits.

    Args:
        text: Any text; characters that no face has appear as code points.
        width: The box's width in pixels.
        height: The box's height in pixels.
        largest: The size in pixels that is tried first.
        smallest: The size in pixels at which the text is truncated with an ellipsis rather than shrunk further.
        faces: The faces to choose from, in the order of preference; by default all that are installed.
    """
    kept = text[:MAX_CHARACTERS] + ELLIPSIS * (len(text) > MAX_CHARACTERS)
    chosen = by_coverage(kept, faces)
    shown = displayable(kept, chosen)
    # Wrapping is the expensive part, so skip each size at which the text could not fit however it is wrapped.
    area = _AREA_SLACK * width * height * smallest / max(1, LINE_HEIGHT * _width(shown, chosen, smallest))
    for size in _sizes(largest, smallest):
        if size * size > area and size > smallest:
            continue
        block = TextBlock(tuple(_wrap(shown, chosen, size, width)), chosen, size)
        if block.height <= height and block.width <= width:
            return block
    return _truncate(block, width, height)


def _sizes(largest: int, smallest: int) -> Iterator[int]:
    size = float(largest)
    while size > smallest:
        yield round(size)
        size *= _SHRINK
    yield smallest


def _truncate(block: TextBlock, width: int, height: int) -> TextBlock:
    """Keep the lines that fit the height, the last with an ellipsis; no line if one is still too wide."""
    kept = list(block.lines[: int(height / (LINE_HEIGHT * block.size))])
    if kept and len(kept) < len(block.lines):
        while kept[-1] and _width(kept[-1] + ELLIPSIS, block.faces, block.size) > width:
            kept[-1] = kept[-1][:-1].rstrip()
        kept[-1] += ELLIPSIS
    truncated = TextBlock(tuple(kept), block.faces, block.size)
    return truncated if truncated.width <= width else TextBlock((), block.faces, block.size)


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
    """Split one piece into parts of at most *width*: a word that is wider than a line has more than one part."""
    parts = [""]
    for character in piece:
        if parts[-1] and _width((parts[-1] + character).rstrip(), faces, size) > width:
            parts.append("")
        parts[-1] += character
    return parts


def _break_pieces(text: str) -> Iterator[str]:
    """Split *text* where a line may break: after spaces and around each ideograph, but never before a closing mark."""
    piece = ""
    for character in text:
        closing = unicodedata.category(character) in {"Pe", "Pf", "Po"}
        if (
            piece
            and not closing
            and character != " "
            and (piece[-1] == " " or _is_wide(piece[-1]) or _is_wide(character))
        ):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _width(text: str, faces: tuple[Face, ...], size: int) -> int:
    if not text:
        return 0
    advances = sum(font(face, size).getlength(run) for face, run in font_runs(text, faces))
    # A slanted or wide glyph may reach past its own advance.
    return math.ceil(advances + size / 16)
