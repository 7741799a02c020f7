"""What EdrawMax draws: a flowchart, an infographic, a Gantt chart or a mind map of what the prompt says.

Documents: the vendor's edrawmax-diagram skill (edrawmax.cn), read in November 2026. What the real service makes of a
prompt is not documented: what is drawn here is the simulator's own (fact ``answer.content``).
"""

# ruff: noqa: RUF001 - marks of other scripts that look like Latin ones are what durations and shares are found by

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import islice
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
from soundstage_server.vendors.edrawmax.outline import ELLIPSIS, Point, flat, read
from soundstage_server.vendors.edrawmax.words import DAYS, NUMBERS, WORDS, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from soundstage_server.media import DiagramContent, MediaSpec
    from soundstage_server.model.account import Task

MOST: Final = {"flowchart": 24, "infographic": 12, "gantt": 24, "mindmap": 36}
"""Points that are drawn; those after them are counted."""
LONGEST_TASK: Final = 366
"""Days of one task of a schedule."""
YEARS: Final = range(1900, 2200)
"""In which a schedule may begin."""
DRAWN_DAYS: Final = (2, 6)
"""How long a task is of which the prompt does not say it, in days."""
MOST_CHILDREN: Final = 8
NAMING: Final = 3
"""So many words name a thing; more say something of it."""

_NUMBER: Final = rf"(\d{{1,3}}|{'|'.join(NUMBERS)})"
_UNITS: Final = tuple(
    (days, re.compile(rf"(?<![\w.])?{_NUMBER}\s*[-–]?\s*(?:个|個)?(?:{names})(?![a-zа-яё])", re.IGNORECASE))
    for days, names in DAYS
)
_DATE: Final = re.compile(r"\b(\d{4})\s*[-./年년]\s*(\d{1,2})\s*[-./月월]\s*(\d{1,2})")
_PERCENT: Final = re.compile(r"(?<![\d.])(\d{1,3})(?:[.,]\d+)?\s*[%％]")
_BARE: Final = " \t,，、:：()（）-–—"


def content_of(task: Task) -> DiagramContent:
    """Return what is drawn for *task*, the same every time."""
    makers: dict[str, Callable[[Task, Words], DiagramContent]] = {
        "flowchart": flow,
        "infographic": poster,
        "gantt": schedule,
        "mindmap": mind_map,
    }
    return makers[task.operation](task, WORDS[task.params["lang"]])


def media_for(task: Task) -> list[MediaSpec]:
    """Return the two files of *task*, which show the same: the PNG and the SVG (answer.flowchart, answer.others)."""
    content = content_of(task)
    caption = " · ".join(("EdrawMax", task.operation, task.params["lang"], "Soundstage"))
    return [Diagram(content, caption, task.seed, "png"), Diagram(content, caption, task.seed, "svg")]


def flow(task: Task, words: Words) -> Flowchart:
    """Return the prompt's points as steps: its questions have two ways out, and one of them may lead back."""
    outline = read(task.params["prompt"])
    points = _counted(list(flat(outline.points)), MOST["flowchart"])
    steps = [FlowchartNode(words.start, "start")]
    for number, point in enumerate(points):
        aside = point.otherwise and not point.asks and number > 1 and _asked(points[number - 2])
        steps.append(FlowchartNode(point.text, "question" if point.asks else "step", aside=aside))
    steps.append(FlowchartNode(words.end, "end"))
    order = _beside(steps)
    return Flowchart(outline.title, tuple(order), tuple(_links(order, words)))


def _asked(point: Point) -> bool:
    return point.asks


def _beside(steps: list[FlowchartNode]) -> list[FlowchartNode]:
    """Return *steps* with each that stands aside before the one beside it, to which the yes of a question leads."""
    order = list(steps)
    for number in range(1, len(order)):
        if order[number].aside:
            order[number - 1], order[number] = order[number], order[number - 1]
    return order


def _links(steps: Sequence[FlowchartNode], words: Words) -> Iterator[FlowchartEdge]:
    """Return the arrows: down the line, from a question to what stands aside, and back where nothing does."""
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


def mind_map(task: Task, words: Words) -> MindMap:
    """Return the prompt's title in the middle and its points around it; of one point alone, what may be asked of it."""
    outline = read(task.params["prompt"])
    title, points = outline.title, outline.points
    if not title:
        title, points = points[0].text, (*points[0].points, *points[1:])
    branches = tuple(_topics(points, MOST["mindmap"])) or tuple(Topic(question) for question in words.questions)
    return MindMap(Topic(title, branches))


def _topics(points: Sequence[Point], most: int) -> Iterator[Topic]:
    """Return *points* as topics, *most* of them with all that grows from them."""
    left = most
    for number, point in enumerate(points):
        if left < 2 and number < len(points) - 1:  # noqa: PLR2004 - one for this point and one for the count
            yield Topic(f"{ELLIPSIS} +{len(points) - number}")
            return
        below = tuple(islice(_topics(point.points, MOST_CHILDREN), left - 1))
        topic = Topic(point.text, below)
        left -= topic.size
        yield topic


def schedule(task: Task, words: Words) -> GanttChart:
    """Return the prompt's points as tasks, one after the other, as long as the prompt says or as the seed draws."""
    prompt = task.params["prompt"]
    outline = read(prompt)
    points: Sequence[Point] = outline.points
    title = outline.heading(prompt)
    if len(points) == 1 and not points[0].points:
        points = tuple(Point(phase) for phase in words.phases)
    named = [(point.text, section) for section, point in _sectioned(points)]
    tasks = [one for one in named if not _DATE.fullmatch(one[0])] or named
    bars, begins, seed = [], 0, task.seed
    most = MOST["gantt"]
    for text, section in tasks[: most if len(tasks) <= most else most - 1]:
        name, days = duration(text)
        least, longest = DRAWN_DAYS
        length = days or least + seed % (longest - least + 1)
        seed = seed // 7 or task.seed
        bars.append(GanttTask(name, section, begins, length))
        begins += length
    if len(tasks) > most:
        bars.append(GanttTask(f"{ELLIPSIS} +{len(tasks) - most + 1}", "", begins, DRAWN_DAYS[1]))
    return GanttChart(title, first_day(prompt, task.created).toordinal(), tuple(bars))


def _sectioned(points: Iterable[Point]) -> Iterator[tuple[str, Point]]:
    """Return every point that has none below it, with the one that it belongs to."""
    for point in points:
        if not point.points:
            yield "", point
        for below in flat(point.points):
            yield point.text, below


def duration(text: str) -> tuple[str, int | None]:
    """Return what a task is called and how many days it takes, if its *text* says so."""
    for days, unit in _UNITS:
        if found := unit.search(text):
            number = NUMBERS.get(found[1].lower()) or int(found[1])
            rest = (text[: found.start()].rstrip(_BARE) + " " + text[found.end() :].lstrip(_BARE)).strip(_BARE)
            rest = re.sub(r"\s+(?:for|in|über|pendant|durante|per|за|selama)$", "", rest, flags=re.IGNORECASE)
            return rest or text, min(LONGEST_TASK, max(1, number * days))
    return text, None


def first_day(prompt: str, created: float) -> date:
    """Return the day that *prompt* names, or the Monday after the one on which it was *created*."""
    if found := _DATE.search(prompt):
        year, month, day_of_month = (int(part) for part in found.groups())
        with suppress(ValueError):
            return date(year if year in YEARS else 0, month, day_of_month)
    day = datetime.fromtimestamp(created, UTC).date()
    return day + timedelta(days=7 - day.weekday())


def poster(task: Task, words: Words) -> Infographic:
    """Return the prompt's points as cards, with a share where one is said."""
    prompt = task.params["prompt"]
    outline = read(prompt)
    points: Sequence[Point] = outline.points
    if len(points) == 1 and not points[0].points:
        points = tuple(Point(question) for question in words.questions)
    return Infographic(outline.heading(prompt), tuple(_card(point) for point in _counted(points, MOST["infographic"])))


def _card(point: Point) -> Card:
    note = " · ".join(below.text for below in flat(point.points))
    found = _PERCENT.search(point.text) or _PERCENT.search(note)
    if found is None or int(found[1]) > 100:  # noqa: PLR2004 - a share of more than the whole is none
        return Card(point.text, note)
    heading, note = (_without(found[0], text) for text in (point.text, note))
    return Card(heading or point.text, note, int(found[1]))


def _without(share: str, text: str) -> str:
    """Return *text* without *share*, which stands large beside it, unless it is a sentence that needs it."""
    rest = " ".join(text.replace(share, " ", 1).split()).strip(_BARE)
    return rest if len(rest.split()) <= NAMING else text


def _counted(points: Sequence[Point], most: int) -> list[Point]:
    """Return the first of *points* and, where there are more than *most*, how many more."""
    if len(points) <= most:
        return list(points)
    return [*points[: most - 1], Point(f"{ELLIPSIS} +{len(points) - most + 1}")]
