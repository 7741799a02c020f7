"""A mind map: the root in the middle, its branches to both sides, each with what grows from it further out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from soundstage_server.media.diagrams.page import DiagramStyle, page
from soundstage_server.media.diagrams.scene import BODY, SMALL, Box, Curve, Label, Scene, Shape, wrap_text
from soundstage_server.media.diagrams.theme import INK, PAPER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from soundstage_server.media.diagrams.content import MindMap, Topic
    from soundstage_server.media.diagrams.theme import Accent
    from soundstage_server.media.text import TextBlock

APART = 130
"""Between one level and the next, in units of the drawing."""
BETWEEN = (46, 22)
"""Between branches, and between what grows from one of them."""
_WIDEST = (520, 360, 340)
"""Of a text, by level."""
_SIZES = (38, BODY, 26)


class _MeasuredTopic(NamedTuple):
    """A topic with its text, its size, and the height that it takes with all that grows from it."""

    lines: TextBlock
    width: float
    height: float
    whole: float
    children: tuple[_MeasuredTopic, ...]


def draw(mind: MindMap, style: DiagramStyle) -> Scene:
    """Return the drawing of *mind*, which bears no title, as its root is one."""
    root = _measure(mind.root, 0)
    right, left = _sides(root.children)
    shapes: list[Shape] = []
    for children, side, first in ((right, 1, 0), (left, -1, len(right))):
        y = -_stacked(children, 1) / 2
        for number, child in enumerate(children, first):
            branch = _branch(child, (side * root.width / 2 * 0.9, 0.0), side, y + child.whole / 2, 1)
            shapes += [shape for made in branch for shape in made.shapes(style.accent(number))]
            y += child.whole + BETWEEN[0]
    middle = Box(-root.width / 2, -root.height / 2, root.width, root.height, root.height / 2, INK)
    shapes += [middle, Label(0, -root.lines.height / 2, root.lines, PAPER)]
    return page("", sorted(shapes, key=_depth), style, name=mind.root.text)


class _PlacedTopic(NamedTuple):
    """One topic at its place, and the point that it grows from."""

    topic: _MeasuredTopic
    x: float
    y: float
    side: int
    level: int
    stem: tuple[float, float]

    def shapes(self, accent: Accent) -> Iterator[Shape]:
        """Return its curve, its frame and its words."""
        topic, (x0, y0) = self.topic, self.stem
        near = self.x - self.side * topic.width / 2
        bend = (near - x0) * 0.55
        handles = ((x0, y0), (x0 + bend, y0), (near - bend, self.y), (near, self.y))
        yield Curve(handles, accent.strong, 6 if self.level == 1 else 4)
        left, top = self.x - topic.width / 2, self.y - topic.height / 2
        if self.level == 1:
            yield Box(left, top, topic.width, topic.height, 18, accent.strong)
        else:
            yield Box(left, top, topic.width, topic.height, 14, accent.soft, accent.strong, 2.5)
        yield Label(self.x, self.y - topic.lines.height / 2, topic.lines, PAPER if self.level == 1 else INK)


def _branch(
    topic: _MeasuredTopic, stem: tuple[float, float], side: int, y: float, level: int
) -> Iterator[_PlacedTopic]:
    """Return *topic* and all that grows from it, outwards to *side* from *stem*."""
    x = stem[0] + side * (APART + topic.width / 2)
    yield _PlacedTopic(topic, x, y, side, level, stem)
    top = y - _stacked(topic.children, level + 1) / 2
    for child in topic.children:
        ends = (x + side * topic.width / 2, y)
        yield from _branch(child, ends, side, top + child.whole / 2, level + 1)
        top += child.whole + BETWEEN[1]


def _measure(topic: Topic, level: int) -> _MeasuredTopic:
    step = min(level, len(_SIZES) - 1)
    lines = wrap_text(topic.text, _WIDEST[step], lines=4, size=_SIZES[step])
    padding = (64, 34) if level == 0 else (30, 18)
    width, height = max(110.0, lines.width + 2.0 * padding[0]), max(SMALL * 2.6, lines.height + 2.0 * padding[1])
    children = tuple(_measure(child, level + 1) for child in topic.children)
    return _MeasuredTopic(lines, width, height, max(height, _stacked(children, level + 1)), children)


def _stacked(topics: Sequence[_MeasuredTopic], level: int) -> float:
    """Return the height of *topics* under each other."""
    return sum(topic.whole for topic in topics) + BETWEEN[0 if level == 1 else 1] * max(0, len(topics) - 1)


def _sides(children: tuple[_MeasuredTopic, ...]) -> tuple[Sequence[_MeasuredTopic], Sequence[_MeasuredTopic]]:
    """Return the first branches for the right and the rest for the left, as equal in height as their order allows."""

    def uneven(number: int) -> float:
        return abs(_stacked(children[:number], 1) - _stacked(children[number:], 1))

    cut = min(range(1, len(children) + 1), key=uneven, default=0)
    return children[:cut], children[cut:]


def _depth(shape: Shape) -> int:
    """Return in which order shapes are drawn: curves lie below what they join."""
    return 0 if isinstance(shape, Curve) else 1
