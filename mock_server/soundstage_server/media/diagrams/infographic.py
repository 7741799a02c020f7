"""An infographic: a banner with the title, and numbered cards, with a large figure and a bar where there is a share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from soundstage_server.media.diagrams.page import DiagramStyle, page
from soundstage_server.media.diagrams.scene import LARGE, Box, Label, Scene, Shape, wrap_text
from soundstage_server.media.diagrams.theme import INK, PAPER, QUIET, RULE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.media.diagrams.content import Card, Infographic
    from soundstage_server.media.diagrams.theme import Accent
    from soundstage_server.media.text import TextBlock

CARD = 520
"""Width of a card, in units of the drawing."""
GAP = 36
_INSIDE = 40
_DISC = 76
_FIGURE = 84
_FEW = 4
"""Up to so many cards stand in two columns, more in three."""


class _MeasuredCard(NamedTuple):
    """A card with its text set."""

    card: Card
    heading: TextBlock
    note: TextBlock
    height: float


def draw(poster: Infographic, style: DiagramStyle) -> Scene:
    """Return the drawing of *poster*."""
    columns = 1 if len(poster.cards) == 1 else 2 if len(poster.cards) <= _FEW else 3
    cards = [_measure(card) for card in poster.cards]
    width = columns * CARD + (columns - 1) * GAP
    shapes, y = list(_banner(poster.title, width, style)), 0.0
    for first in range(0, len(cards), columns):
        row = cards[first : first + columns]
        height = max(card.height for card in row)
        start = (width - len(row) * CARD - (len(row) - 1) * GAP) / 2
        for number, card in enumerate(row):
            x = start + number * (CARD + GAP)
            shapes += _drawn(card, first + number, (x, y, height), style.accent(first + number))
        y += height + GAP
    return page("", shapes, style, name=poster.title)


def _banner(title: str, width: float, style: DiagramStyle) -> Iterator[Shape]:
    """Return the title in its banner, above the cards, which begin at 0."""
    lines = wrap_text(title, width - 120, lines=3, size=LARGE + 8, least=34)
    if not lines.lines:
        return
    height = lines.height + 76
    top = -height - GAP
    yield Box(0, top, width, height, 28, style.accent(0).strong)
    yield Box(60, top + height - 26, 90, 6, 3, style.accent(0).soft)
    yield Label(60, top + 30, lines, PAPER, "start")


def _measure(card: Card) -> _MeasuredCard:
    beside = CARD - 2 * _INSIDE - _DISC - 24
    heading = wrap_text(card.heading, beside, lines=4, size=32)
    note = wrap_text(card.note, CARD - 2 * _INSIDE, lines=5, size=26)
    height = float(_INSIDE) + max(_DISC, heading.height) + 20
    if note.lines:
        height += note.height + 14
    if card.percent is not None:
        height += _FIGURE * 1.25 + 44
    return _MeasuredCard(card, heading, note, height + _INSIDE * 0.6)


def _drawn(told: _MeasuredCard, number: int, place: tuple[float, float, float], accent: Accent) -> list[Shape]:
    x, y, height = place
    inner, top = x + _INSIDE, y + _INSIDE
    shapes: list[Shape] = [
        Box(x, y, CARD, height, 24, accent.soft),
        Box(x, y + 24, 10, height - 48, 5, accent.strong),
        Box(inner, top, _DISC, _DISC, _DISC / 2, accent.strong),
    ]
    figure = wrap_text(f"{number + 1}", _DISC, lines=1, size=38)
    shapes.append(Label(inner + _DISC / 2, top + (_DISC - figure.height) / 2 - 2, figure, PAPER))
    beside = max(0.0, (_DISC - told.heading.height) / 2)
    shapes.append(Label(inner + _DISC + 24, top + beside, told.heading, INK, "start"))
    top += max(_DISC, told.heading.height) + 20
    if told.card.percent is not None:
        share = wrap_text(f"{told.card.percent}%", CARD, lines=1, size=_FIGURE)
        shapes.append(Label(inner, top - 14, share, accent.strong, "start"))
        top += _FIGURE * 1.25
        whole = CARD - 2 * _INSIDE
        shapes.append(Box(inner, top, whole, 22, 11, RULE))
        if told.card.percent:
            shapes.append(Box(inner, top, max(22.0, whole * min(100, told.card.percent) / 100), 22, 11, accent.strong))
        top += 44
    if told.note.lines:
        shapes.append(Label(inner, top, told.note, QUIET, "start"))
    return shapes
