"""The contact sheet at the end of the demo: one image with a thumbnail of every file, grouped by vendor."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from soundstage_cli.demo.table import format_costs
from soundstage_cli.demo.thumbnails import make_thumbnail, play_icon_mask, rounded_mask
from soundstage_cli.generate.catalog import load_profile
from soundstage_server.media.canvas import draw_text
from soundstage_server.media.text import fit_text
from soundstage_vendors import slugs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from soundstage_cli.demo.runner import CallResult
    from soundstage_cli.demo.table import ResultRow

NAME: Final = "contact-sheet.png"

Color = tuple[int, int, int]

_BACKGROUND: Final[Color] = (240, 236, 228)
_CARD: Final[Color] = (255, 254, 251)
_TILE: Final[Color] = (229, 225, 216)
_WHITE: Final[Color] = (255, 255, 255)
_BLACK: Final[Color] = (34, 34, 40)
_GRAY: Final[Color] = (112, 108, 100)
_RED: Final[Color] = (166, 38, 38)
_COLUMN_WIDTH: Final = 388
"""The width of a card with one file, in pixels; a card with several files is as wide as that many cards."""
_GAP: Final = 22
_MARGIN: Final = 52
_PAD: Final = 14
_TILE_HEIGHT: Final = 202
_TALL_TILE: Final = 330
"""For diagrams, whose text would be too small to read in the usual height."""
_ABOVE: Final = 32
"""The height above a card's tiles, for the name of the call."""
_BELOW: Final = 32
"""The height below each tile, for the description of the file."""
_TITLE, _DETAILS, _CAPTION = 19, 15, 15
_HEADER_HEIGHT: Final = 116
_HEADING_HEIGHT: Final = 62
_MAX_COLUMNS: Final = 6
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Card:
    """The files of one call.

    Attributes:
        result: The result of the call.
        rows: Its files, or its error.
    """

    result: CallResult
    rows: tuple[ResultRow, ...]

    def span(self, columns: int) -> int:
        """The number of columns that it takes."""
        return min(len(self.rows), columns)

    def lines(self, columns: int) -> int:
        """The number of lines of tiles."""
        return math.ceil(len(self.rows) / self.span(columns))

    def height(self, columns: int) -> int:
        """Its height, in pixels."""
        caption = fit_text(self.caption, self.width(columns) - 2 * _PAD, _CAPTION * 3, largest=_CAPTION, smallest=13)
        return 2 * _PAD + _ABOVE + self.lines(columns) * (self.tile_height + _BELOW) + caption.height

    @property
    def tile_height(self) -> int:
        """The height of each tile, in pixels."""
        return _TALL_TILE if any(_kind(row) == "diagram" for row in self.rows) else _TILE_HEIGHT

    def width(self, columns: int) -> int:
        """Its width, in pixels."""
        span = self.span(columns)
        return span * _COLUMN_WIDTH + (span - 1) * _GAP

    @property
    def caption(self) -> str:
        """The prompt, at the top level or nested, or else the first text argument that is not a URL."""
        given = dict(self.result.call.demo_call.arguments)
        for value in [*given.values()]:  # a prompt may be inside of a nested payload
            given |= value if isinstance(value, Mapping) else {}
        texts = [value for value in given.values() if isinstance(value, str) and "://" not in value]
        return str(given.get("prompt") or given.get("text") or next(iter(texts), ""))


def write(rows: Sequence[ResultRow], folder: Path, path: Path) -> Path:
    """Draw the files of *rows*, which are in *folder*, and save the sheet at *path*."""
    cards = [Card(result, tuple(some)) for result, some in groupby(rows, lambda row: row.result)]
    groups = [(slug, list(some)) for slug, some in groupby(cards, lambda card: card.result.call.vendor.slug)]
    ContactSheet(groups, folder).image.save(path, compress_level=6)
    return path


class ContactSheet:
    """Draws the contact sheet.

    Args:
        groups: The cards of each vendor.
        folder: The folder of the files.

    Attributes:
        image: The finished image.
    """

    def __init__(self, groups: Sequence[tuple[str, Sequence[Card]]], folder: Path) -> None:
        self._folder = folder
        self._columns = _columns(groups)
        rows = [(slug, list(_rows(cards, self._columns))) for slug, cards in groups]
        bodies = [sum(self._height(row) + _GAP for row in lines) for _, lines in rows]
        width = self._columns * _COLUMN_WIDTH + (self._columns - 1) * _GAP + 2 * _MARGIN
        height = _HEADER_HEIGHT + sum(_HEADING_HEIGHT + body for body in bodies) + _MARGIN
        self.image = Image.new("RGB", (width, height), _BACKGROUND)
        self._draw = ImageDraw.Draw(self.image)
        self._header([card for _, cards in groups for card in cards], len(groups))
        top = _HEADER_HEIGHT
        for (slug, lines), body in zip(rows, bodies, strict=True):
            self._heading(slug, [card for line in lines for card in line], top)
            self._group(lines, top + _HEADING_HEIGHT)
            top += _HEADING_HEIGHT + body

    def _height(self, row: Iterable[Card]) -> int:
        return max(card.height(self._columns) for card in row)

    def _header(self, cards: Sequence[Card], vendors: int) -> None:
        kinds = Counter(_kind(row) for card in cards for row in card.rows if row.file)
        counts = ", ".join(f"{count} {kind if count == 1 else kind + 's'}" for kind, count in kinds.items())
        self._text("Soundstage", (_MARGIN, 34), 34, _BLACK)
        vendor_count = "one vendor" if vendors == 1 else f"{vendors} vendors"
        self._text(f"Made on this machine by {vendor_count}: {counts or 'nothing'}", (_MARGIN, 80), 17, _GRAY)

    def _heading(self, slug: str, cards: Sequence[Card], top: int) -> None:
        right = self.image.width - _MARGIN
        self._draw.rectangle((_MARGIN, top + 10, right, top + 11), fill=_TILE)
        name = load_profile(slug).name if slug in slugs() else slug
        self._text(name, (_MARGIN, top + 20), 24, _BLACK)
        costs: Counter[str] = Counter()
        for card in cards:
            costs[card.result.unit] += card.result.amount  # type: ignore[assignment]  # Counter adds fractions, too
        calls = "one call" if len(cards) == 1 else f"{len(cards)} calls"
        charged = format_costs(costs) if any(costs.values()) else "no charge"
        self._text(f"{calls}, {charged}", (_MARGIN, top + 26), 16, _GRAY, right=right)

    def _group(self, rows: Iterable[Sequence[Card]], top: int) -> None:
        for row in rows:
            left, height = _MARGIN, self._height(row)
            for card in row:
                width = card.width(self._columns)
                self._card(card, (left, top, left + width, top + height))
                left += width + _GAP
            top += height + _GAP

    def _card(self, card: Card, box: tuple[int, int, int, int]) -> None:
        left, top, right, bottom = box
        self.image.paste(_CARD, (left, top), rounded_mask((right - left, bottom - top), 12))
        call, inner = card.result.call, right - left - 2 * _PAD
        self._text(call.label.rpartition(" ")[0], (left + _PAD, top + _PAD), _TITLE, _BLACK, width=inner)
        span = card.span(self._columns)
        width = (inner - (span - 1) * _PAD) // span
        for number, row in enumerate(card.rows):
            line, column = divmod(number, span)
            corner = (left + _PAD + column * (width + _PAD), top + _PAD + _ABOVE + line * (card.tile_height + _BELOW))
            self._tile(row, corner, (width, card.tile_height))
        foot = top + _PAD + _ABOVE + card.lines(self._columns) * (card.tile_height + _BELOW)
        self._text(card.caption, (left + _PAD, foot), _CAPTION, _GRAY, width=inner, height=_CAPTION * 3)

    def _tile(self, row: ResultRow, corner: tuple[int, int], size: tuple[int, int]) -> None:
        """Draw one tile, a file or an error with rounded corners, and the description of the file below it."""
        is_tall, (width, height) = size[1] == _TALL_TILE, size
        box = Image.new("RGB", size, _WHITE if is_tall else _TILE)
        error = row.details if row.failed else self._fill(box, row)
        if error:
            lines = fit_text(error, width - 32, height - 32, largest=17, smallest=13)
            draw_text(box, lines, (16, (height - lines.height) // 2), _RED)
        else:
            self._text(row.details, (corner[0], corner[1] + height + 7), _DETAILS, _BLACK, width=width)
        self.image.paste(box, corner, rounded_mask(box.size, 8))
        if is_tall:  # white on white needs an outline
            edges = (*corner, corner[0] + width - 1, corner[1] + height - 1)
            self._draw.rounded_rectangle(edges, radius=8, outline=_TILE, width=2)

    def _fill(self, box: Image.Image, row: ResultRow) -> str:
        """Draw the file in *box*; return the error, or an empty string."""
        try:
            thumb = make_thumbnail(self._folder / row.file, box.size)
        except (OSError, ValueError, IndexError) as error:
            return str(error)
        box.paste(thumb.image, ((box.width - thumb.image.width) // 2, (box.height - thumb.image.height) // 2))
        if thumb.seconds is not None:
            _pill(box, _clock_time(thumb.seconds), is_video=thumb.is_video)
        return ""

    def _text(
        self,
        text: str,
        corner: tuple[int, int],
        size: int,
        color: Color,
        *,
        width: int = 10_000,
        height: int = 0,
        right: int | None = None,
    ) -> None:
        """Draw *text*, shrunk or cut to *width* and aligned at *right* if that is given."""
        lines = fit_text(text, width, height or round(size * 1.5), largest=size, smallest=min(size, 13))
        left = corner[0] if right is None else right - lines.width
        draw_text(self.image, lines, (left, corner[1]), color)


def _columns(groups: Sequence[tuple[str, Sequence[Card]]]) -> int:
    """Return the number of columns that makes the sheet about square, without empty columns."""
    files = [sum(len(card.rows) for card in cards) for _, cards in groups]
    widest = max((len(card.rows) for _, cards in groups for card in cards), default=1)
    fair = max(math.ceil(math.sqrt(sum(files))), widest)
    return max(2, min(_MAX_COLUMNS, fair, max(files, default=1)))


def _rows(cards: Iterable[Card], columns: int) -> Iterator[list[Card]]:
    row: list[Card] = []
    for card in cards:
        if sum(other.span(columns) for other in (*row, card)) > columns:
            yield row
            row = []
        row.append(card)
    if row:
        yield row


def _kind(row: ResultRow) -> str:
    suffix = row.file.rpartition(".")[2]
    return {"mp4": "video", "mp3": "audio file", "svg": "diagram"}.get(suffix, "image")


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes}:{rest:02}"


def _pill(box: Image.Image, text: str, *, is_video: bool) -> None:
    """Draw *text* in the lower right corner on a dark background, after a play icon if *is_video*."""
    lines, mark = fit_text(text, 100, 24, largest=15, smallest=15), play_icon_mask(12) if is_video else None
    ahead = mark.width + 7 if mark else 0
    background = rounded_mask((lines.width + ahead + 18, 26), 7)
    left, top = box.width - background.width - 8, box.height - background.height - 8
    box.paste((16, 18, 24), (left, top), background.point(lambda value: value * 4 // 5))
    if mark:
        box.paste((255, 255, 255), (left + 9, top + 7), mark)
    draw_text(box, lines, (left + 9 + ahead, top + 3), (255, 255, 255))
