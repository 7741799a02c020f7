"""What a diagram says, apart from how it looks: five small frozen values, and the spec that shows one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

NodeKind = Literal["start", "step", "question", "end"]
DiagramFormat = Literal["png", "svg"]

MAX_PARTS = 60
"""Bound of steps, topics, tasks or cards, each of which takes room on the paper."""
MAX_DAYS = 10_000
"""Bound of a schedule, in days."""
MIN_SCALE, MAX_SCALE = 0.05, 1.0
"""Bounds of a PNG's scale; at 1 the text is 30 pixels high, twice what the SVG shows."""


@dataclass(frozen=True, slots=True)
class FlowchartNode:
    """One box of a flowchart; an *aside* stands beside the line of steps, which a question leads to."""

    text: str
    kind: NodeKind = "step"
    aside: bool = False


@dataclass(frozen=True, slots=True)
class FlowchartEdge:
    """An arrow of a flowchart, from one step to another by their numbers, from 0."""

    source: int
    target: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Flowchart:
    """A flowchart: steps in the order in which they are drawn, from top to bottom.

    Raises:
        ValueError: It has no steps, too many, or an arrow to or from a step that it does not have.
    """

    title: str
    nodes: tuple[FlowchartNode, ...]
    edges: tuple[FlowchartEdge, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        _check_parts("nodes", len(self.nodes))
        for link in self.edges:
            if not (0 <= link.source < len(self.nodes) and 0 <= link.target < len(self.nodes)):
                raise ValueError(f"edges={link!r}: both ends must be from 0 to {len(self.nodes) - 1}")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of a mind map, and those that grow from it."""

    text: str
    children: tuple[Topic, ...] = ()

    @property
    def size(self) -> int:
        """How many topics it is, with all that grow from it."""
        return 1 + sum(child.size for child in self.children)


@dataclass(frozen=True, slots=True)
class MindMap:
    """A mind map around its root.

    Raises:
        ValueError: It has too many topics.
    """

    root: Topic

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        _check_parts("topics", self.root.size)


@dataclass(frozen=True, slots=True)
class GanttTask:
    """One task of a schedule: its section, how many days after the schedule's first day it begins, and how long."""

    text: str
    section: str
    start: int
    days: int


@dataclass(frozen=True, slots=True)
class GanttChart:
    """A Gantt chart.

    Args:
        title: What is planned.
        first: The first day, as a proleptic ordinal (`datetime.date.toordinal`).
        tasks: The tasks, those of one section beside each other.

    Raises:
        ValueError: It has no tasks, too many, or one outside of what can be drawn.
    """

    title: str
    first: int
    tasks: tuple[GanttTask, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        _check_parts("tasks", len(self.tasks))
        for bar in self.tasks:
            if bar.start < 0 or bar.days < 1 or bar.start + bar.days > MAX_DAYS:
                raise ValueError(f"tasks={bar!r}: it must begin at day 0 or later and end by day {MAX_DAYS}")

    @property
    def days(self) -> int:
        """How many days it spans."""
        return max(bar.start + bar.days for bar in self.tasks)


@dataclass(frozen=True, slots=True)
class Card:
    """One point of an infographic: a heading, what is said of it, and its share in percent if it has one."""

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
        """Refuse what cannot be drawn."""
        _check_parts("cards", len(self.cards))


DiagramContent: TypeAlias = Flowchart | MindMap | GanttChart | Infographic


@dataclass(frozen=True, slots=True)
class Diagram:
    """A drawing of some content; equal ones but for their format show the same.

    Args:
        content: What is drawn, which also says how.
        caption: The small line at the foot.
        seed: Chooses the colors; any integer.
        format: PNG, or SVG whose text can be selected.
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
        """Refuse what a renderer would refuse later, in words."""
        if self.format not in get_args(DiagramFormat):
            raise ValueError(f"format={self.format!r}: it must be one of {', '.join(get_args(DiagramFormat))}")
        if not MIN_SCALE <= self.scale <= MAX_SCALE:
            raise ValueError(f"scale={self.scale!r}: it must be from {MIN_SCALE} to {MAX_SCALE}")


def _check_parts(name: str, count: int) -> None:
    if not 1 <= count <= MAX_PARTS:
        raise ValueError(f"{name}: there must be 1 to {MAX_PARTS}; got {count}")
