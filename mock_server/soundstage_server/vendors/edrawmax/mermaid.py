"""Write a diagram's content as Mermaid code.

Documents: mermaid.js.org/syntax and the vendor's edrawmax-diagram skill (edrawmax.cn), read in November 2026 (facts
``answer.flowchart``, ``answer.source_code``).
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Final

from soundstage_server.media import Flowchart, GanttChart, Infographic, MindMap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.media import DiagramContent, Topic

_SHAPES: Final = {"start": '(["{}"])', "end": '(["{}"])', "step": '["{}"]', "question": '{{"{}"}}'}
_QUOTED: Final = re.compile(r"[\"#;<>`\\&]")
_BARE: Final = re.compile(r"[\"#;:<>`\\&{}\[\]()%,|]")
"""Characters with a meaning in Mermaid inside quotes, and outside them."""
_STARTS: Final = re.compile(
    r"\d|(?:title|section|date|axis|tick|exclu|inclu|today|top|week|click|call|href|acc(?:title|descr))", re.IGNORECASE
)
"""Keywords at the start of a line of a gantt or a timeline, which would not be read as a task or a point."""


def write(content: DiagramContent) -> str:
    """Return *content* as Mermaid code: a flowchart, a mindmap, a gantt, and a timeline for an infographic."""
    match content:
        case Flowchart():
            lines = _flowchart(content)
        case MindMap():
            lines = _mindmap(content)
        case GanttChart():
            lines = _gantt(content)
        case Infographic():
            lines = _timeline(content)
    return "\n".join(lines)


def _flowchart(flowchart: Flowchart) -> Iterator[str]:
    yield "flowchart TD"
    if flowchart.title:
        yield f"    accTitle: {_escaped(flowchart.title, _BARE)}"
    for number, node in enumerate(flowchart.nodes):
        yield f"    N{number}{_SHAPES[node.kind].format(_escaped(node.text, _QUOTED))}"
    for edge in flowchart.edges:
        label = f'|"{_escaped(edge.label, _QUOTED)}"|' if edge.label else ""
        yield f"    N{edge.source} -->{label} N{edge.target}"


def _mindmap(mind_map: MindMap) -> Iterator[str]:
    yield "mindmap"
    yield f'  root(("{_escaped(mind_map.root.text, _QUOTED)}"))'
    numbers = iter(range(1, mind_map.root.size + 1))
    for child in mind_map.root.children:
        yield from _subtopics(child, "    ", numbers)


def _subtopics(topic: Topic, indent: str, numbers: Iterator[int]) -> Iterator[str]:
    yield f'{indent}N{next(numbers)}["{_escaped(topic.text, _QUOTED)}"]'
    for child in topic.children:
        yield from _subtopics(child, indent + "  ", numbers)


def _gantt(chart: GanttChart) -> Iterator[str]:
    yield from ("gantt", f"    title {_escaped(chart.title, _BARE)}", "    dateFormat YYYY-MM-DD")
    section = ""
    for number, task in enumerate(chart.tasks, 1):
        if task.section != section:
            section = task.section
            yield f"    section {_escaped(section, _BARE)}" if section else "    section -"
        start = date.fromordinal(chart.first + task.start)
        yield f"    {_line(task.text)} :t{number}, {start:%Y-%m-%d}, {task.days}d"


def _timeline(infographic: Infographic) -> Iterator[str]:
    yield from ("timeline", f"    title {_escaped(infographic.title, _BARE)}")
    for card in infographic.cards:
        share = "" if card.percent is None else f" : {card.percent}{_escaped('%', _BARE)}"
        note = f" : {_escaped(card.note, _BARE)}" if card.note else ""
        yield f"    {_line(card.heading)}{share}{note}"


def _line(text: str) -> str:
    """Return *text* for the start of a line, with its first letter escaped where Mermaid would read a keyword."""
    escaped = _escaped(text, _BARE)
    return f"{_entity(escaped[0])}{escaped[1:]}" if _STARTS.match(escaped) else escaped


def _escaped(text: str, special: re.Pattern[str]) -> str:
    """Return *text* on one line, with special characters as Mermaid's entity codes."""
    return special.sub(lambda found: _entity(found[0]), " ".join(text.split()))


def _entity(letter: str) -> str:
    return f"#{ord(letter)};"
