"""Draw a mind map: the root in the middle, branches to both sides, subtopics further out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from soundstage_server.media.diagrams.page import DiagramStyle, page
from soundstage_server.media.diagrams.scene import BODY, SMALL, Box, Curve, Label, Scene, Shape, wrap_text
from soundstage_server.media.diagrams.theme import PAGE_COLOR, TEXT_COLOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from soundstage_server.media.diagrams.content import MindMap, Topic
    from soundstage_server.media.diagrams.theme import Accent
    from soundstage_server.media.text import TextBlock

LEVEL_GAP = 130
"""Distance between one level and the next, in units of the drawing, as are all lengths here."""
TOPIC_GAPS = (46, 22)
"""Distance between branches, and between subtopics of one branch."""
_MAX_WIDTHS = (520, 360, 340)
"""Width of a text at most, by level; deeper levels are as the last."""
_SIZES = (38, BODY, 26)


class _MeasuredTopic(NamedTuple):
    """A topic with its laid out text, its own size, and its height with all subtopics."""

    text: TextBlock
    width: float
    height: float
    total_height: float
    children: tuple[_MeasuredTopic, ...]


def draw(mind_map: MindMap, style: DiagramStyle) -> Scene:
    """Draw *mind_map*, without a title above it: its root is one."""
    root = _measure(mind_map.root, 0)
    right, left = _sides(root.children)
    shapes: list[Shape] = []
    for children, side, first in ((right, 1, 0), (left, -1, len(right))):
        y = -_stacked_height(children, 1) / 2
        for number, child in enumerate(children, first):
            branch = _branch(child, (side * root.width / 2 * 0.9, 0.0), side, y + child.total_height / 2, 1)
            shapes += [shape for placed in branch for shape in placed.shapes(style.accent(number))]
            y += child.total_height + TOPIC_GAPS[0]
    middle = Box(-root.width / 2, -root.height / 2, root.width, root.height, root.height / 2, TEXT_COLOR)
    shapes += [middle, Label(0, -root.text.height / 2, root.text, PAGE_COLOR)]
    return page("", sorted(shapes, key=_layer), style, name=mind_map.root.text)


class _PlacedTopic(NamedTuple):
    """One topic at its place, and the point that its curve starts from."""

    topic: _MeasuredTopic
    x: float
    y: float
    side: int
    level: int
    stem: tuple[float, float]

    def shapes(self, accent: Accent) -> Iterator[Shape]:
        """Yield its curve, its box and its label."""
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
        yield Label(self.x, self.y - topic.text.height / 2, topic.text, PAGE_COLOR if self.level == 1 else TEXT_COLOR)


def _branch(
    topic: _MeasuredTopic, stem: tuple[float, float], side: int, y: float, level: int
) -> Iterator[_PlacedTopic]:
    """Yield *topic* and all its subtopics, outward from *stem* to *side* (1 right, -1 left)."""
    x = stem[0] + side * (LEVEL_GAP + topic.width / 2)
    yield _PlacedTopic(topic, x, y, side, level, stem)
    top = y - _stacked_height(topic.children, level + 1) / 2
    for child in topic.children:
        outer_edge = (x + side * topic.width / 2, y)
        yield from _branch(child, outer_edge, side, top + child.total_height / 2, level + 1)
        top += child.total_height + TOPIC_GAPS[1]


def _measure(topic: Topic, level: int) -> _MeasuredTopic:
    step = min(level, len(_SIZES) - 1)
    text = wrap_text(topic.text, _MAX_WIDTHS[step], lines=4, size=_SIZES[step])
    padding = (64, 34) if level == 0 else (30, 18)
    width, height = max(110.0, text.width + 2.0 * padding[0]), max(SMALL * 2.6, text.height + 2.0 * padding[1])
    children = tuple(_measure(child, level + 1) for child in topic.children)
    return _MeasuredTopic(text, width, height, max(height, _stacked_height(children, level + 1)), children)


def _stacked_height(topics: Sequence[_MeasuredTopic], level: int) -> float:
    """Return the height of *topics* below each other."""
    gap = TOPIC_GAPS[0 if level == 1 else 1]
    return sum(topic.total_height for topic in topics) + gap * max(0, len(topics) - 1)


def _sides(children: tuple[_MeasuredTopic, ...]) -> tuple[Sequence[_MeasuredTopic], Sequence[_MeasuredTopic]]:
    """Split the branches into right and left in their order, with heights as equal as possible."""

    def imbalance(number: int) -> float:
        return abs(_stacked_height(children[:number], 1) - _stacked_height(children[number:], 1))

    split = min(range(1, len(children) + 1), key=imbalance, default=0)
    return children[:split], children[split:]


def _layer(shape: Shape) -> int:
    """Return the drawing order: curves are below the boxes that they connect."""
    return 0 if isinstance(shape, Curve) else 1
