"""Draw a flowchart: one main line from top to bottom, asides to its right, and backward edges on its left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage_server.media.diagrams.page import DiagramStyle, page
from soundstage_server.media.diagrams.scene import SMALL, Box, Label, Polygon, Polyline, Scene, Shape, arrow, wrap_text
from soundstage_server.media.diagrams.theme import MUTED_COLOR, PAGE_COLOR, TEXT_COLOR

if TYPE_CHECKING:
    from soundstage_server.media.diagrams.content import Flowchart, FlowchartEdge, FlowchartNode
    from soundstage_server.media.text import TextBlock

MAX_TEXT_WIDTH = 460
"""Width of a node's text at most, in units of the drawing, as are all lengths here."""
ROW_GAP = 84
ASIDE_GAP = 110
"""Distance between the main line and an aside."""
LANE_WIDTH = 44
"""Distance between one backward edge and the next."""
_PADDING = (44, 26)
_MIN_SIZE = (240, 92)
_DIAMOND_TEXT = (0.62, 0.36)
"""Share of a diamond's width and height that its text takes.

The text's corners are inside the diamond only if the two are less than 1 together.
"""


@dataclass(slots=True)
class _PlacedNode:
    """A node with its size, its row and, once the rows are known, its center."""

    node: FlowchartNode
    text: TextBlock
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


def draw(flowchart: Flowchart, style: DiagramStyle) -> Scene:
    """Draw *flowchart*."""
    nodes = [_measure(node) for node in flowchart.nodes]
    _place(nodes)
    lanes = _lanes(flowchart, nodes)
    lines = [shape for edge in flowchart.edges for shape in _draw_edge(edge, nodes, lanes)]
    boxes = [shape for node in nodes for shape in _draw_node(node, style)]
    return page(flowchart.title, [*lines, *boxes], style)


def _measure(node: FlowchartNode) -> _PlacedNode:
    if node.kind == "question":
        text = wrap_text(node.text, MAX_TEXT_WIDTH * 0.84, lines=4)
        across, down = _DIAMOND_TEXT
        return _PlacedNode(node, text, max(300.0, text.width / across + 30), max(140.0, text.height / down))
    text = wrap_text(node.text, MAX_TEXT_WIDTH, lines=6)
    width, height = text.width + 2 * _PADDING[0], text.height + 2 * _PADDING[1]
    return _PlacedNode(node, text, max(_MIN_SIZE[0], width), max(_MIN_SIZE[1], height))


def _place(nodes: list[_PlacedNode]) -> None:
    """Set every node's row and center; an aside shares the row of the node that follows it on the main line."""
    row, last_aside = -1, -1
    for number, node in enumerate(nodes):
        if node.node.aside:
            node.row = last_aside = max(row + 1, last_aside + 1)
            continue
        row += 1
        beside_aside = number > 0 and nodes[number - 1].node.aside
        if beside_aside and node.node.kind == "question":
            row = max(row, last_aside + 1)  # its own edge to the right would cross the aside
        node.row = row
    heights = [0.0] * (max(node.row for node in nodes) + 1)
    for node in nodes:
        heights[node.row] = max(heights[node.row], node.height)
    widest = max(node.width for node in nodes if not node.node.aside)
    for node in nodes:
        node.y = sum(heights[: node.row]) + node.row * ROW_GAP + heights[node.row] / 2
        node.x = widest / 2 + ASIDE_GAP + node.width / 2 if node.node.aside else 0.0


def _lanes(flowchart: Flowchart, nodes: list[_PlacedNode]) -> dict[FlowchartEdge, int]:
    """Return a lane for each backward edge, so that no two edges with common rows share a lane."""
    lanes: dict[FlowchartEdge, int] = {}
    for edge in flowchart.edges:
        if not _is_backward(edge, nodes):
            continue
        rows = range(nodes[edge.target].row, nodes[edge.source].row + 1)
        taken = {
            lane
            for other, lane in lanes.items()
            if nodes[other.target].row < rows.stop and rows.start <= nodes[other.source].row
        }
        lanes[edge] = next(lane for lane in range(len(lanes) + 1) if lane not in taken)
    return lanes


def _is_backward(edge: FlowchartEdge, nodes: list[_PlacedNode]) -> bool:
    return nodes[edge.target].row <= nodes[edge.source].row and not nodes[edge.target].node.aside


def _draw_edge(edge: FlowchartEdge, nodes: list[_PlacedNode], lanes: dict[FlowchartEdge, int]) -> list[Shape]:
    source, target = nodes[edge.source], nodes[edge.target]
    label = wrap_text(edge.label, 200, lines=1, size=SMALL)
    if edge in lanes:
        outer = min(node.left for node in nodes if not node.node.aside) - LANE_WIDTH * (lanes[edge] + 1.6)
        points = ((source.left, source.y), (outer, source.y), (outer, target.y), (target.left, target.y))
        return [
            *arrow(points, MUTED_COLOR),
            Label(source.left - 10, source.y - label.height - 6, label, MUTED_COLOR, "end"),
        ]
    if target.node.aside:
        out = ((source.right, source.y), (target.x, source.y), (target.x, target.top))
        return [
            *arrow(out, MUTED_COLOR),
            Label(source.right + 10, source.y - label.height - 6, label, MUTED_COLOR, "start"),
        ]
    if source.node.aside:
        # It joins the main line above the target, whose incoming edge already has an arrowhead.
        joint = target.top - ROW_GAP * 0.55
        return [Polyline(((source.x, source.bottom), (source.x, joint), (target.x, joint)), MUTED_COLOR)]
    named = Label(source.x + 14, source.bottom + 8, label, MUTED_COLOR, "start")
    return [*arrow(((source.x, source.bottom), (target.x, target.top)), MUTED_COLOR), named]


def _draw_node(node: _PlacedNode, style: DiagramStyle) -> list[Shape]:
    accent = style.accent(0)
    text_top = node.y - node.text.height / 2
    match node.node.kind:
        case "start" | "end":
            frame: Shape = Box(node.left, node.top, node.width, node.height, node.height / 2, accent.strong)
            return [frame, Label(node.x, text_top, node.text, PAGE_COLOR)]
        case "question":
            corners = ((node.x, node.top), (node.right, node.y), (node.x, node.bottom), (node.left, node.y))
            question = style.accent(1)
            return [Polygon(corners, question.soft, question.strong), Label(node.x, text_top, node.text, TEXT_COLOR)]
        case "step":
            step = style.accent(2 if node.node.aside else 0)
            frame = Box(node.left, node.top, node.width, node.height, 14, step.soft, step.strong)
            return [frame, Label(node.x, text_top, node.text, TEXT_COLOR)]
