"""Draw an infographic: a banner with the title, and numbered cards with a large figure and a bar for a percentage."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from soundstage_server.media.diagrams.page import DiagramStyle, page
from soundstage_server.media.diagrams.scene import LARGE, Box, Label, Scene, Shape, wrap_text
from soundstage_server.media.diagrams.theme import LINE_COLOR, MUTED_COLOR, PAGE_COLOR, TEXT_COLOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.media.diagrams.content import Card, Infographic
    from soundstage_server.media.diagrams.theme import Accent
    from soundstage_server.media.text import TextBlock

CARD_WIDTH = 520
"""Width of a card, in units of the drawing, as are all lengths here."""
GAP = 36
_PADDING = 40
_DISC = 76
_FIGURE_SIZE = 84
_FEW = 4
"""Up to so many cards are in two columns, more in three."""


class _MeasuredCard(NamedTuple):
    """A card with its laid out text and its height."""

    card: Card
    heading: TextBlock
    note: TextBlock
    height: float


def draw(infographic: Infographic, style: DiagramStyle) -> Scene:
    """Draw *infographic*."""
    columns = 1 if len(infographic.cards) == 1 else 2 if len(infographic.cards) <= _FEW else 3
    cards = [_measure(card) for card in infographic.cards]
    width = columns * CARD_WIDTH + (columns - 1) * GAP
    shapes, y = list(_banner(infographic.title, width, style)), 0.0
    for first in range(0, len(cards), columns):
        row = cards[first : first + columns]
        height = max(card.height for card in row)
        start = (width - len(row) * CARD_WIDTH - (len(row) - 1) * GAP) / 2
        for number, card in enumerate(row):
            x = start + number * (CARD_WIDTH + GAP)
            shapes += _draw_card(card, first + number, (x, y, height), style.accent(first + number))
        y += height + GAP
    return page("", shapes, style, name=infographic.title)


def _banner(title: str, width: float, style: DiagramStyle) -> Iterator[Shape]:
    """Yield the title in its banner, above the cards, which start at 0."""
    text = wrap_text(title, width - 120, lines=3, size=LARGE + 8, smallest=34)
    if not text.lines:
        return
    height = text.height + 76
    top = -height - GAP
    yield Box(0, top, width, height, 28, style.accent(0).strong)
    yield Box(60, top + height - 26, 90, 6, 3, style.accent(0).soft)
    yield Label(60, top + 30, text, PAGE_COLOR, "start")


def _measure(card: Card) -> _MeasuredCard:
    beside_disc = CARD_WIDTH - 2 * _PADDING - _DISC - 24
    heading = wrap_text(card.heading, beside_disc, lines=4, size=32)
    note = wrap_text(card.note, CARD_WIDTH - 2 * _PADDING, lines=5, size=26)
    height = float(_PADDING) + max(_DISC, heading.height) + 20
    if note.lines:
        height += note.height + 14
    if card.percent is not None:
        height += _FIGURE_SIZE * 1.25 + 44
    return _MeasuredCard(card, heading, note, height + _PADDING * 0.6)


def _draw_card(
    measured: _MeasuredCard, number: int, place: tuple[float, float, float], accent: Accent
) -> Iterator[Shape]:
    """Yield a card at *place* (left, top, height): its number in a disc, its heading, its percentage and its note."""
    x, y, height = place
    left, top = x + _PADDING, y + _PADDING
    yield Box(x, y, CARD_WIDTH, height, 24, accent.soft)
    yield Box(x, y + 24, 10, height - 48, 5, accent.strong)
    yield Box(left, top, _DISC, _DISC, _DISC / 2, accent.strong)
    ordinal = wrap_text(f"{number + 1}", _DISC, lines=1, size=38)
    yield Label(left + _DISC / 2, top + (_DISC - ordinal.height) / 2 - 2, ordinal, PAGE_COLOR)
    heading_top = top + max(0.0, (_DISC - measured.heading.height) / 2)
    yield Label(left + _DISC + 24, heading_top, measured.heading, TEXT_COLOR, "start")
    top += max(_DISC, measured.heading.height) + 20
    if measured.card.percent is not None:
        yield from _draw_percent(measured.card.percent, left, top, accent)
        top += _FIGURE_SIZE * 1.25 + 44
    if measured.note.lines:
        yield Label(left, top, measured.note, MUTED_COLOR, "start")


def _draw_percent(percent: int, left: float, top: float, accent: Accent) -> Iterator[Shape]:
    figure = wrap_text(f"{percent}%", CARD_WIDTH, lines=1, size=_FIGURE_SIZE)
    yield Label(left, top - 14, figure, accent.strong, "start")
    top += _FIGURE_SIZE * 1.25
    width = CARD_WIDTH - 2 * _PADDING
    yield Box(left, top, width, 22, 11, LINE_COLOR)
    if percent:
        # At least as wide as its round ends.
        yield Box(left, top, max(22.0, width * min(100, percent) / 100), 22, 11, accent.strong)
