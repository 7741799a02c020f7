"""A diagram's content as Mermaid code, which says the same as the picture.

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
"""What has a meaning to Mermaid within quotes, and outside of them."""
_STARTS: Final = re.compile(
    r"\d|(?:title|section|date|axis|tick|exclu|inclu|today|top|week|click|call|href|acc(?:title|descr))", re.IGNORECASE
)
"""What a line of a gantt or a timeline begins with that is no task and no point."""


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


def _flowchart(flow: Flowchart) -> Iterator[str]:
    yield "flowchart TD"
    if flow.title:
        yield f"    accTitle: {_escaped(flow.title, _BARE)}"
    for number, step in enumerate(flow.nodes):
        yield f"    N{number}{_SHAPES[step.kind].format(_escaped(step.text, _QUOTED))}"
    for link in flow.edges:
        label = f'|"{_escaped(link.label, _QUOTED)}"|' if link.label else ""
        yield f"    N{link.source} -->{label} N{link.target}"


def _mindmap(mind: MindMap) -> Iterator[str]:
    yield "mindmap"
    yield f'  root(("{_escaped(mind.root.text, _QUOTED)}"))'
    numbers = iter(range(1, mind.root.size + 1))
    for child in mind.root.children:
        yield from _grown(child, "    ", numbers)


def _grown(topic: Topic, indent: str, numbers: Iterator[int]) -> Iterator[str]:
    yield f'{indent}N{next(numbers)}["{_escaped(topic.text, _QUOTED)}"]'
    for child in topic.children:
        yield from _grown(child, indent + "  ", numbers)


def _gantt(schedule: GanttChart) -> Iterator[str]:
    yield from ("gantt", f"    title {_escaped(schedule.title, _BARE)}", "    dateFormat YYYY-MM-DD")
    section = ""
    for number, bar in enumerate(schedule.tasks, 1):
        if bar.section != section:
            section = bar.section
            yield f"    section {_escaped(section, _BARE)}" if section else "    section -"
        begins = date.fromordinal(schedule.first + bar.start)
        yield f"    {_line(bar.text)} :t{number}, {begins:%Y-%m-%d}, {bar.days}d"


def _timeline(poster: Infographic) -> Iterator[str]:
    yield from ("timeline", f"    title {_escaped(poster.title, _BARE)}")
    for card in poster.cards:
        share = "" if card.percent is None else f" : {card.percent}{_escaped('%', _BARE)}"
        note = f" : {_escaped(card.note, _BARE)}" if card.note else ""
        yield f"    {_line(card.heading)}{share}{note}"


def _line(text: str) -> str:
    """Return *text* as what a line begins with, its first letter written out where Mermaid would take it for a word."""
    escaped = _escaped(text, _BARE)
    return f"{_number(escaped[0])}{escaped[1:]}" if _STARTS.match(escaped) else escaped


def _escaped(text: str, special: re.Pattern[str]) -> str:
    """Return *text* on one line, with what Mermaid would read as its own in Mermaid's way of writing characters."""
    return special.sub(lambda found: _number(found[0]), " ".join(text.split()))


def _number(letter: str) -> str:
    return f"#{ord(letter)};"
