"""The contact sheet at the end of a demonstration: everything that was made on one picture, vendor by vendor."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from soundstage._registry import VENDORS
from soundstage_cli.demo.table import format_costs
from soundstage_cli.demo.thumbnails import make_thumbnail, play_icon_mask, rounded_mask
from soundstage_cli.generate.catalog import load_profile
from soundstage_server.media.canvas import draw_text
from soundstage_server.media.text import fit_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from soundstage_cli.demo.runner import CallResult
    from soundstage_cli.demo.table import ResultRow

NAME: Final = "contact-sheet.png"

Color = tuple[int, int, int]

_PAPER: Final[Color] = (240, 236, 228)
_CARD: Final[Color] = (255, 254, 251)
_BOX: Final[Color] = (229, 225, 216)
_SHEET: Final[Color] = (255, 255, 255)
_INK: Final[Color] = (34, 34, 40)
_FAINT: Final[Color] = (112, 108, 100)
_BAD: Final[Color] = (166, 38, 38)
_UNIT: Final = 388
"""A card of one file is so wide, in pixels; one of several takes the room of as many cards."""
_GAP: Final = 22
_MARGIN: Final = 52
_PAD: Final = 14
_BOX_HEIGHT: Final = 202
_TALL_BOX: Final = 330
"""For drawings, whose words would be too small to read otherwise."""
_OVER: Final = 32
"""The room over a card's files, for what was called."""
_UNDER: Final = 32
"""The room under each file, for what a decoder says."""
_TITLE, _LINE, _WORDS = 19, 15, 15
_HEAD: Final = 116
_HEADING: Final = 62
_MOST_COLUMNS: Final = 6
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Card:
    """What one call made.

    Attributes:
        result: The call's.
        rows: Its files, or why there is none.
    """

    result: CallResult
    rows: tuple[ResultRow, ...]

    def span(self, columns: int) -> int:
        """How many columns of the sheet it takes."""
        return min(len(self.rows), columns)

    def lines(self, columns: int) -> int:
        """How many lines of files it has."""
        return math.ceil(len(self.rows) / self.span(columns))

    def height(self, columns: int) -> int:
        """How high it is, in pixels."""
        words = fit_text(self.words, self.width(columns) - 2 * _PAD, _WORDS * 3, largest=_WORDS, smallest=13)
        return 2 * _PAD + _OVER + self.lines(columns) * (self.box + _UNDER) + words.height

    @property
    def box(self) -> int:
        """How high the box of each file is, in pixels."""
        return _TALL_BOX if any(_kind(row) == "drawing" for row in self.rows) else _BOX_HEIGHT

    def width(self, columns: int) -> int:
        """How wide it is, in pixels."""
        span = self.span(columns)
        return span * _UNIT + (span - 1) * _GAP

    @property
    def words(self) -> str:
        """What was asked for: the prompt, wherever it stands, or else the first text that is no address."""
        given = dict(self.result.call.demo_call.arguments)
        for value in [*given.values()]:
            given |= value if isinstance(value, Mapping) else {}
        texts = [value for value in given.values() if isinstance(value, str) and "://" not in value]
        return str(given.get("prompt") or given.get("text") or next(iter(texts), ""))


def write(rows: Sequence[ResultRow], folder: Path, path: Path) -> Path:
    """Draw everything in *rows*, whose files are in *folder*, and save the sheet at *path*."""
    cards = [Card(result, tuple(some)) for result, some in groupby(rows, lambda row: row.result)]
    groups = [(slug, list(some)) for slug, some in groupby(cards, lambda card: card.result.call.vendor.slug)]
    ContactSheet(groups, folder).image.save(path, compress_level=6)
    return path


class ContactSheet:
    """The picture.

    Args:
        groups: Each vendor's cards.
        folder: Where the files are.

    Attributes:
        image: The picture itself.
    """

    def __init__(self, groups: Sequence[tuple[str, Sequence[Card]]], folder: Path) -> None:
        self._folder = folder
        self._columns = _columns(groups)
        rows = [(slug, list(_rows(cards, self._columns))) for slug, cards in groups]
        bodies = [sum(self._height(row) + _GAP for row in lines) for _, lines in rows]
        width = self._columns * _UNIT + (self._columns - 1) * _GAP + 2 * _MARGIN
        height = _HEAD + sum(_HEADING + body for body in bodies) + _MARGIN
        self.image = Image.new("RGB", (width, height), _PAPER)
        self._draw = ImageDraw.Draw(self.image)
        self._head([card for _, cards in groups for card in cards], len(groups))
        top = _HEAD
        for (slug, lines), body in zip(rows, bodies, strict=True):
            self._heading(slug, [card for line in lines for card in line], top)
            self._group(lines, top + _HEADING)
            top += _HEADING + body

    def _height(self, row: Iterable[Card]) -> int:
        return max(card.height(self._columns) for card in row)

    def _head(self, cards: Sequence[Card], vendors: int) -> None:
        kinds = Counter(_kind(row) for card in cards for row in card.rows if row.file)
        told = ", ".join(f"{count} {kind if count == 1 else kind + 's'}" for kind, count in kinds.items())
        self._text("Soundstage", (_MARGIN, 34), 34, _INK)
        by = "one vendor" if vendors == 1 else f"{vendors} vendors"
        self._text(f"Made on this machine by {by}: {told or 'nothing'}", (_MARGIN, 80), 17, _FAINT)

    def _heading(self, slug: str, cards: Sequence[Card], top: int) -> None:
        right = self.image.width - _MARGIN
        self._draw.rectangle((_MARGIN, top + 10, right, top + 11), fill=_BOX)
        name = load_profile(slug).name if slug in VENDORS else slug
        self._text(name, (_MARGIN, top + 20), 24, _INK)
        costs: Counter[str] = Counter()
        for card in cards:
            costs[card.result.unit] += card.result.amount  # type: ignore[assignment]  # a counter counts in fractions, too
        calls = "one call" if len(cards) == 1 else f"{len(cards)} calls"
        charged = format_costs(costs) if any(costs.values()) else "no charge"
        self._text(f"{calls}, {charged}", (_MARGIN, top + 26), 16, _FAINT, right=right)

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
        self._text(call.label.rpartition(" ")[0], (left + _PAD, top + _PAD), _TITLE, _INK, width=inner)
        span = card.span(self._columns)
        width = (inner - (span - 1) * _PAD) // span
        for number, row in enumerate(card.rows):
            line, column = divmod(number, span)
            corner = (left + _PAD + column * (width + _PAD), top + _PAD + _OVER + line * (card.box + _UNDER))
            self._tile(row, corner, (width, card.box))
        foot = top + _PAD + _OVER + card.lines(self._columns) * (card.box + _UNDER)
        self._text(card.words, (left + _PAD, foot), _WORDS, _FAINT, width=inner, height=_WORDS * 3)

    def _tile(self, row: ResultRow, corner: tuple[int, int], size: tuple[int, int]) -> None:
        """Show one file, or why there is none, in a box with round corners, and what a decoder says below it."""
        drawn, (width, height) = size[1] == _TALL_BOX, size
        box = Image.new("RGB", size, _SHEET if drawn else _BOX)
        error = row.details if row.failed else self._fill(box, row)
        if error:
            lines = fit_text(error, width - 32, height - 32, largest=17, smallest=13)
            draw_text(box, lines, (16, (height - lines.height) // 2), _BAD)
        else:
            self._text(row.details, (corner[0], corner[1] + height + 7), _LINE, _INK, width=width)
        self.image.paste(box, corner, rounded_mask(box.size, 8))
        if drawn:  # paper on paper needs an edge
            edges = (*corner, corner[0] + width - 1, corner[1] + height - 1)
            self._draw.rounded_rectangle(edges, radius=8, outline=_BOX, width=2)

    def _fill(self, box: Image.Image, row: ResultRow) -> str:
        """Show the file in *box*; return what is wrong with it, or nothing."""
        try:
            thumb = make_thumbnail(self._folder / row.file, box.size)
        except (OSError, ValueError, IndexError) as error:
            return str(error)
        box.paste(thumb.image, ((box.width - thumb.image.width) // 2, (box.height - thumb.image.height) // 2))
        if thumb.seconds is not None:
            _pill(box, _length(thumb.seconds), is_video=thumb.is_video)
        return ""

    def _text(
        self,
        words: str,
        corner: tuple[int, int],
        size: int,
        color: Color,
        *,
        width: int = 10_000,
        height: int = 0,
        right: int | None = None,
    ) -> None:
        """Write *words*, smaller or cut where they need more than *width*, and so that they end at *right* if given."""
        lines = fit_text(words, width, height or round(size * 1.5), largest=size, smallest=min(size, 13))
        left = corner[0] if right is None else right - lines.width
        draw_text(self.image, lines, (left, corner[1]), color)


def _columns(groups: Sequence[tuple[str, Sequence[Card]]]) -> int:
    """As many as make the sheet about as wide as it is high, and no more than are filled."""
    files = [sum(len(card.rows) for card in cards) for _, cards in groups]
    widest = max((len(card.rows) for _, cards in groups for card in cards), default=1)
    fair = max(math.ceil(math.sqrt(sum(files))), widest)
    return max(2, min(_MOST_COLUMNS, fair, max(files, default=1)))


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
    ending = row.file.rpartition(".")[2]
    return {"mp4": "film", "mp3": "sound", "svg": "drawing"}.get(ending, "picture")


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes}:{rest:02}"


def _pill(box: Image.Image, words: str, *, is_video: bool) -> None:
    """Write *words* in the lower right corner on a dark ground, after a play mark if *is_video*."""
    lines, mark = fit_text(words, 100, 24, largest=15, smallest=15), play_icon_mask(12) if is_video else None
    ahead = mark.width + 7 if mark else 0
    ground = rounded_mask((lines.width + ahead + 18, 26), 7)
    left, top = box.width - ground.width - 8, box.height - ground.height - 8
    box.paste((16, 18, 24), (left, top), ground.point(lambda value: value * 4 // 5))
    if mark:
        box.paste((255, 255, 255), (left + 9, top + 7), mark)
    draw_text(box, lines, (left + 9 + ahead, top + 3), (255, 255, 255))
