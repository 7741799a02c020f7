"""The media of EdrawMax's tasks: a flowchart, an infographic, a Gantt chart or a mind map of the prompt.

Documents: the vendor's edrawmax-diagram skill (edrawmax.cn), read in November 2026. What the real service draws for a
prompt is not documented: these diagrams are the simulator's own (fact ``answer.content``).
"""

# ruff: noqa: RUF001 - durations and percentages are found by marks of other scripts that look like Latin ones

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from soundstage_server.media import (
    Card,
    Diagram,
    Flowchart,
    FlowchartEdge,
    FlowchartNode,
    GanttChart,
    GanttTask,
    Infographic,
    MindMap,
    Topic,
)
from soundstage_server.vendors.edrawmax.mermaid import write
from soundstage_server.vendors.edrawmax.outline import ELLIPSIS, Point, flatten, parse_outline
from soundstage_server.vendors.edrawmax.words import DAYS, NUMBERS, WORDS, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from soundstage_server.media import DiagramContent, MediaSpec
    from soundstage_server.model.account import Task

MAX_POINTS: Final = {"flowchart": 24, "infographic": 12, "gantt": 24, "mindmap": 48}
"""Points that are drawn; the number of those after them is shown."""
MAX_TASK_DAYS: Final = 366
YEARS: Final = range(1900, 2200)
"""The years in which a Gantt chart may start."""
DEFAULT_DAYS: Final = (2, 6)
"""Bounds of a task's duration that the prompt does not give, in days."""
MAX_CHILDREN: Final = 8
"""Subtopics of one topic that are drawn."""
MAX_NAME_WORDS: Final = 3
"""A text of so many words is a name; a longer one is a sentence."""

_NUMBER: Final = rf"(\d{{1,3}}|{'|'.join(NUMBERS)})"
_UNITS: Final = tuple(
    (days, re.compile(rf"(?<![\w.])?{_NUMBER}\s*[-–]?\s*(?:个|個)?(?:{names})(?![a-zа-яё])", re.IGNORECASE))
    for days, names in DAYS
)
_DATE: Final = re.compile(r"\b(\d{4})\s*[-./年년]\s*(\d{1,2})\s*[-./月월]\s*(\d{1,2})")
_PERCENT: Final = re.compile(r"(?<![\d.])(\d{1,3})(?:[.,]\d+)?\s*[%％]")
_BARE: Final = " \t,，、:：()（）-–—"


def content_of(task: Task) -> DiagramContent:
    """Return the content of the diagram of *task*, the same every time."""
    if task.operation == "gantt":  # the only one that depends on more than the prompt
        return gantt_chart(task, WORDS[task.params["lang"]])
    return _content(task.operation, task.params["prompt"], task.params["lang"])


@lru_cache(maxsize=128)
def _content(operation: str, prompt: str, lang: str) -> DiagramContent:
    """Return the content for *prompt*; cached, since a task's response and both of its files need it."""
    makers: dict[str, Callable[[str, Words], DiagramContent]] = {
        "flowchart": flowchart,
        "infographic": infographic,
        "mindmap": mind_map,
    }
    return makers[operation](prompt, WORDS[lang])


def code_of(task: Task) -> str:
    """Return the Mermaid code of the diagram of *task*."""
    if task.operation == "gantt":
        return write(content_of(task))
    return _code(task.operation, task.params["prompt"], task.params["lang"])


@lru_cache(maxsize=128)
def _code(operation: str, prompt: str, lang: str) -> str:
    return write(_content(operation, prompt, lang))


def media_for(task: Task) -> list[MediaSpec]:
    """Return the PNG and the SVG of *task*, which show the same (answer.flowchart, answer.others)."""
    content = content_of(task)
    caption = " · ".join(("EdrawMax", task.operation, task.params["lang"], "Soundstage"))
    return [Diagram(content, caption, task.seed, "png"), Diagram(content, caption, task.seed, "svg")]


def flowchart(prompt: str, words: Words) -> Flowchart:
    """Return the prompt's points as steps; its questions have two edges, one of which may lead back."""
    outline = parse_outline(prompt)
    points = _limit(list(flatten(outline.points)), MAX_POINTS["flowchart"])
    steps = [FlowchartNode(words.start, "start")]
    for number, point in enumerate(points):
        # steps has one node more than points: the start.
        aside = point.is_alternative and not point.is_question and number > 1 and points[number - 2].is_question
        steps.append(FlowchartNode(point.text, "question" if point.is_question else "step", aside=aside))
    steps.append(FlowchartNode(words.end, "end"))
    order = _beside(steps)
    return Flowchart(outline.title, tuple(order), tuple(_edges(order, words)))


def _beside(steps: list[FlowchartNode]) -> list[FlowchartNode]:
    """Return *steps* with each aside before the step beside it, which is the question's next step."""
    order = list(steps)
    for number in range(1, len(order)):
        if order[number].aside:
            order[number - 1], order[number] = order[number], order[number - 1]
    return order


def _edges(steps: Sequence[FlowchartNode], words: Words) -> Iterator[FlowchartEdge]:
    """Yield the edges: along the main line, from a question to its aside, and back where it has none."""
    line = [number for number, step in enumerate(steps) if not step.aside]
    for place, number in enumerate(line[:-1]):
        following, question = line[place + 1], steps[number].kind == "question"
        yield FlowchartEdge(number, following, words.yes if question else "")
        if question and steps[number + 1].aside:
            yield FlowchartEdge(number, number + 1, words.no)
            yield FlowchartEdge(number + 1, line[place + 2])
        elif question:
            back = next((earlier for earlier in reversed(line[:place]) if steps[earlier].kind == "step"), None)
            yield FlowchartEdge(number, line[-1] if back is None else back, words.no)


def mind_map(prompt: str, words: Words) -> MindMap:
    """Return the prompt's title as the root and its points as branches; a single point gets general questions."""
    outline = parse_outline(prompt)
    title, points = outline.title, outline.points
    if not title:
        title, points = points[0].text, (*points[0].points, *points[1:])
    branches = tuple(_topics(points, MAX_POINTS["mindmap"])) or tuple(Topic(question) for question in words.questions)
    return MindMap(Topic(title, branches))


def _topics(points: Sequence[Point], limit: int) -> Iterator[Topic]:
    """Yield *points* as topics, at most *limit* of them with all their subtopics."""
    shown = _limit(points, limit)
    left = limit - len(shown)
    # Every sibling is shown, and those with subtopics share what is left: no branch takes the room of all others.
    parents = sum(1 for point in shown if point.points)
    for point in shown:
        share = -(-left // parents) if point.points else 0
        if point.points and not share:
            yield Topic(f"{point.text} {ELLIPSIS}")
            continue
        topic = Topic(point.text, tuple(_topics(_limit(point.points, MAX_CHILDREN), share)))
        left -= topic.size - 1
        parents -= bool(point.points)
        yield topic


def gantt_chart(task: Task, words: Words) -> GanttChart:
    """Return the prompt's points as successive tasks, with durations from the prompt or from the seed."""
    prompt = task.params["prompt"]
    outline = parse_outline(prompt)
    points: Sequence[Point] = outline.points
    title = outline.heading(prompt)
    if len(points) == 1 and not points[0].points:
        points = tuple(Point(phase) for phase in words.phases)
    named = [(point.text, section) for section, point in _sectioned(points)]
    tasks = [one for one in named if not _DATE.fullmatch(one[0])] or named
    bars, start, seed = [], 0, task.seed
    limit = MAX_POINTS["gantt"]
    for text, section in tasks[: limit if len(tasks) <= limit else limit - 1]:
        name, days = duration(text)
        least, most = DEFAULT_DAYS
        length = days or least + seed % (most - least + 1)
        seed = seed // 7 or task.seed
        bars.append(GanttTask(name, section, start, length))
        start += length
    if len(tasks) > limit:
        bars.append(GanttTask(f"{ELLIPSIS} +{len(tasks) - limit + 1}", "", start, DEFAULT_DAYS[1]))
    return GanttChart(title, first_day(prompt, task.created).toordinal(), tuple(bars))


def _sectioned(points: Iterable[Point]) -> Iterator[tuple[str, Point]]:
    """Yield every point without subpoints, with the text of the top-level point above it."""
    for point in points:
        if not point.points:
            yield "", point
        for below in flatten(point.points):
            yield point.text, below


def duration(text: str) -> tuple[str, int | None]:
    """Split a task's *text* into its name and its duration in days, which may be missing."""
    for days, unit in _UNITS:
        if found := unit.search(text):
            # The pattern ignores case, so it also matches letters that no table has, such as a dotless i.
            word = found[1].casefold()
            if word not in NUMBERS and not word.isdecimal():
                continue
            number = NUMBERS.get(word) or int(word)
            rest = (text[: found.start()].rstrip(_BARE) + " " + text[found.end() :].lstrip(_BARE)).strip(_BARE)
            rest = re.sub(r"\s+(?:for|in|über|pendant|durante|per|за|selama)$", "", rest, flags=re.IGNORECASE)
            return rest or text, min(MAX_TASK_DAYS, max(1, number * days))
    return text, None


def first_day(prompt: str, created: float) -> date:
    """Return the first date in *prompt*, or the Monday after the task was *created*."""
    if found := _DATE.search(prompt):
        year, month, day_of_month = (int(part) for part in found.groups())
        with suppress(ValueError):
            return date(year if year in YEARS else 0, month, day_of_month)
    day = datetime.fromtimestamp(created, UTC).date()
    return day + timedelta(days=7 - day.weekday())


def infographic(prompt: str, words: Words) -> Infographic:
    """Return the prompt's points as cards, with a percentage where one is given."""
    outline = parse_outline(prompt)
    points: Sequence[Point] = outline.points
    if len(points) == 1 and not points[0].points:
        points = tuple(Point(question) for question in words.questions)
    cards = tuple(_card(point) for point in _limit(points, MAX_POINTS["infographic"]))
    return Infographic(outline.heading(prompt), cards)


def _card(point: Point) -> Card:
    note = " · ".join(below.text for below in flatten(point.points))
    found = _PERCENT.search(point.text) or _PERCENT.search(note)
    if found is None or int(found[1]) > 100:  # noqa: PLR2004 - more than 100 percent is no share
        return Card(point.text, note)
    heading, note = (_without(found[0], text) for text in (point.text, note))
    return Card(heading or point.text, note, int(found[1]))


def _without(percentage: str, text: str) -> str:
    """Return *text* without *percentage*, which is shown separately, unless it is a sentence that needs it."""
    rest = " ".join(text.replace(percentage, " ", 1).split()).strip(_BARE)
    return rest if len(rest.split()) <= MAX_NAME_WORDS else text


def _limit(points: Sequence[Point], limit: int) -> list[Point]:
    """Return *points*; beyond *limit* the last one shows the number of those left out."""
    if len(points) <= limit:
        return list(points)
    return [*points[: limit - 1], Point(f"{ELLIPSIS} +{len(points) - limit + 1}")]
