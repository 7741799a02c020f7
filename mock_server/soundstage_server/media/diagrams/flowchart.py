"""A flowchart: one line of steps from top to bottom, what a question leads to beside it, and ways back on the left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage_server.media.diagrams.page import DiagramStyle, page
from soundstage_server.media.diagrams.scene import SMALL, Box, Label, Polygon, Polyline, Scene, Shape, arrow, wrap_text
from soundstage_server.media.diagrams.theme import INK, PAPER, QUIET

if TYPE_CHECKING:
    from soundstage_server.media.diagrams.content import Flowchart, FlowchartEdge, FlowchartNode
    from soundstage_server.media.text import TextBlock

WIDEST = 460
"""Of a step's text, in units of the drawing."""
GAP = 84
"""Between one row and the next."""
ASIDE = 110
"""Between the line of steps and what stands beside it."""
LANE = 44
"""Between one way back and the next."""
_PADDING = (44, 26)
_LEAST = (240, 92)
_ACROSS, _DOWN = 0.62, 0.36
"""How much of a diamond's width and height its text takes: together less than 1."""


@dataclass(slots=True)
class _Node:
    """A step with its size, its row and, once the rows are known, its middle."""

    step: FlowchartNode
    lines: TextBlock
    width: float
    height: float
    row: int = 0
    x: float = 0.0
    y: float = 0.0

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2


def draw(flow: Flowchart, style: DiagramStyle) -> Scene:
    """Return the drawing of *flow*."""
    nodes = [_measure(step) for step in flow.nodes]
    _place(nodes)
    lines = [shape for link in flow.edges for shape in _link(link, nodes, _lanes(flow, nodes))]
    boxes = [shape for node in nodes for shape in _shapes(node, style)]
    return page(flow.title, [*lines, *boxes], style)


def _measure(step: FlowchartNode) -> _Node:
    if step.kind == "question":
        lines = wrap_text(step.text, WIDEST * 0.84, lines=4)
        return _Node(step, lines, max(300.0, lines.width / _ACROSS + 30), max(140.0, lines.height / _DOWN))
    lines = wrap_text(step.text, WIDEST, lines=6)
    width, height = lines.width + 2 * _PADDING[0], lines.height + 2 * _PADDING[1]
    return _Node(step, lines, max(_LEAST[0], width), max(_LEAST[1], height))


def _place(nodes: list[_Node]) -> None:
    """Give every node its row and its middle; what stands aside shares the row of the step that follows it."""
    row, taken = -1, -1
    for number, node in enumerate(nodes):
        if node.step.aside:
            node.row = taken = max(row + 1, taken + 1)
            continue
        row += 1
        beside = number > 0 and nodes[number - 1].step.aside
        if beside and node.step.kind == "question":
            row = max(row, taken + 1)  # its own way out to the right would run into what stands there
        node.row = row
    heights = [0.0] * (max(node.row for node in nodes) + 1)
    for node in nodes:
        heights[node.row] = max(heights[node.row], node.height)
    widest = max(node.width for node in nodes if not node.step.aside)
    for node in nodes:
        node.y = sum(heights[: node.row]) + node.row * GAP + heights[node.row] / 2
        node.x = widest / 2 + ASIDE + node.width / 2 if node.step.aside else 0.0


def _lanes(flow: Flowchart, nodes: list[_Node]) -> dict[FlowchartEdge, int]:
    """Return for every way back how far out it runs, so that no two lie on each other."""
    lanes: dict[FlowchartEdge, int] = {}
    for link in flow.edges:
        if not _is_back(link, nodes):
            continue
        span = range(nodes[link.target].row, nodes[link.source].row + 1)
        near = {
            lane
            for other, lane in lanes.items()
            if nodes[other.target].row < span.stop and span.start <= nodes[other.source].row
        }
        lanes[link] = next(lane for lane in range(len(lanes) + 1) if lane not in near)
    return lanes


def _is_back(link: FlowchartEdge, nodes: list[_Node]) -> bool:
    return nodes[link.target].row <= nodes[link.source].row and not nodes[link.target].step.aside


def _link(link: FlowchartEdge, nodes: list[_Node], lanes: dict[FlowchartEdge, int]) -> list[Shape]:
    source, target = nodes[link.source], nodes[link.target]
    label = wrap_text(link.label, 200, lines=1, size=SMALL)
    if link in lanes:
        outer = min(node.left for node in nodes if not node.step.aside) - LANE * (lanes[link] + 1.6)
        ways = ((source.left, source.y), (outer, source.y), (outer, target.y), (target.left, target.y))
        return [*arrow(ways, QUIET), Label(source.left - 10, source.y - label.height - 6, label, QUIET, "end")]
    if target.step.aside:
        out = ((source.right, source.y), (target.x, source.y), (target.x, target.top))
        return [*arrow(out, QUIET), Label(source.right + 10, source.y - label.height - 6, label, QUIET, "start")]
    if source.step.aside:
        meeting = target.top - GAP * 0.55
        return [Polyline(((source.x, source.bottom), (source.x, meeting), (target.x, meeting)), QUIET)]
    named = Label(source.x + 14, source.bottom + 8, label, QUIET, "start")
    return [*arrow(((source.x, source.bottom), (target.x, target.top)), QUIET), named]


def _shapes(node: _Node, style: DiagramStyle) -> list[Shape]:
    accent = style.accent(0)
    words_at = node.y - node.lines.height / 2
    match node.step.kind:
        case "start" | "end":
            frame: Shape = Box(node.left, node.top, node.width, node.height, node.height / 2, accent.strong)
            return [frame, Label(node.x, words_at, node.lines, PAPER)]
        case "question":
            corners = ((node.x, node.top), (node.right, node.y), (node.x, node.bottom), (node.left, node.y))
            asked = style.accent(1)
            return [Polygon(corners, asked.soft, asked.strong), Label(node.x, words_at, node.lines, INK)]
        case "step":
            kind = style.accent(2 if node.step.aside else 0)
            frame = Box(node.left, node.top, node.width, node.height, 14, kind.soft, kind.strong)
            return [frame, Label(node.x, words_at, node.lines, INK)]
