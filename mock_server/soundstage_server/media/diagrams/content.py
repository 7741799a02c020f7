"""The content of diagrams, apart from how they are drawn, and the spec that renders it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

NodeKind = Literal["start", "step", "question", "end"]
DiagramFormat = Literal["png", "svg"]

MAX_PARTS = 60
"""Bound of nodes, topics, tasks or cards, each of which takes room on the page."""
MAX_DAYS = 10_000
"""Bound of a Gantt chart's duration, in days."""
MIN_SCALE, MAX_SCALE = 0.05, 1.0
"""Bounds of a PNG's scale; at 1 the text is 30 pixels high, twice as high as the SVG's."""


@dataclass(frozen=True, slots=True)
class FlowchartNode:
    """One box of a flowchart; an *aside* is drawn beside the main line, and a question leads to it."""

    text: str
    kind: NodeKind = "step"
    aside: bool = False


@dataclass(frozen=True, slots=True)
class FlowchartEdge:
    """An arrow of a flowchart, from one node to another, each by its index."""

    source: int
    target: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Flowchart:
    """A flowchart: nodes in the order in which they are drawn, from top to bottom.

    Raises:
        ValueError: It has no nodes, too many, or an edge to or from a node that does not exist.
    """

    title: str
    nodes: tuple[FlowchartNode, ...]
    edges: tuple[FlowchartEdge, ...]

    def __post_init__(self) -> None:
        """Validate the content before it is drawn."""
        _check_parts("nodes", len(self.nodes))
        for edge in self.edges:
            if not (0 <= edge.source < len(self.nodes) and 0 <= edge.target < len(self.nodes)):
                raise ValueError(f"edges={edge!r}: both ends must be from 0 to {len(self.nodes) - 1}")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of a mind map, with its subtopics."""

    text: str
    children: tuple[Topic, ...] = ()

    @property
    def size(self) -> int:
        """The number of topics: this one and all below it."""
        return 1 + sum(child.size for child in self.children)


@dataclass(frozen=True, slots=True)
class MindMap:
    """A mind map around its root.

    Raises:
        ValueError: It has too many topics.
    """

    root: Topic

    def __post_init__(self) -> None:
        """Validate the content before it is drawn."""
        _check_parts("topics", self.root.size)


@dataclass(frozen=True, slots=True)
class GanttTask:
    """One task of a Gantt chart.

    Args:
        text: Its name.
        section: The section that it belongs to; empty for none.
        start: Days from the chart's first day to its own first day.
        days: Its duration in days.
    """

    text: str
    section: str
    start: int
    days: int


@dataclass(frozen=True, slots=True)
class GanttChart:
    """A Gantt chart.

    Args:
        title: The title above it.
        first: The first day, as a proleptic ordinal (`datetime.date.toordinal`).
        tasks: The tasks; those of one section follow each other.

    Raises:
        ValueError: It has no tasks, too many, or one that is out of bounds.
    """

    title: str
    first: int
    tasks: tuple[GanttTask, ...]

    def __post_init__(self) -> None:
        """Validate the content before it is drawn."""
        _check_parts("tasks", len(self.tasks))
        for task in self.tasks:
            if task.start < 0 or task.days < 1 or task.start + task.days > MAX_DAYS:
                raise ValueError(f"tasks={task!r}: it must start at day 0 or later and end by day {MAX_DAYS}")

    @property
    def days(self) -> int:
        """The chart's duration in days."""
        return max(task.start + task.days for task in self.tasks)


@dataclass(frozen=True, slots=True)
class Card:
    """One point of an infographic: a heading, a note on it, and a percentage if it has one."""

    heading: str
    note: str = ""
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Infographic:
    """An infographic.

    Raises:
        ValueError: It has no cards, or too many.
    """

    title: str
    cards: tuple[Card, ...]

    def __post_init__(self) -> None:
        """Validate the content before it is drawn."""
        _check_parts("cards", len(self.cards))


DiagramContent: TypeAlias = Flowchart | MindMap | GanttChart | Infographic


@dataclass(frozen=True, slots=True)
class Diagram:
    """A drawing of some content; specs that differ only in their format show the same.

    Args:
        content: What is drawn; its type determines the kind of diagram.
        caption: The small text at the bottom.
        seed: Determines the colors; any integer.
        format: PNG, or SVG, whose text can be selected.
        scale: Pixels of a PNG for each unit of the drawing, 0.05 to 1; a very large drawing gets fewer.

    Raises:
        ValueError: An argument is out of its bounds.
    """

    content: DiagramContent
    caption: str
    seed: int
    format: DiagramFormat
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Validate every argument: a renderer would fail later, without naming the field."""
        if self.format not in get_args(DiagramFormat):
            raise ValueError(f"format={self.format!r}: it must be one of {', '.join(get_args(DiagramFormat))}")
        if not MIN_SCALE <= self.scale <= MAX_SCALE:
            raise ValueError(f"scale={self.scale!r}: it must be from {MIN_SCALE} to {MAX_SCALE}")


def _check_parts(name: str, count: int) -> None:
    if not 1 <= count <= MAX_PARTS:
        raise ValueError(f"{name}: there must be 1 to {MAX_PARTS}; got {count}")
