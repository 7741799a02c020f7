"""A Gantt chart: tasks down the left, days across the top, a bar for each task, and a line from each to the next."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from soundstage_server.media.diagrams.page import DiagramStyle, page
from soundstage_server.media.diagrams.scene import SMALL, Box, Label, Polyline, Scene, Shape, arrow, wrap_text
from soundstage_server.media.diagrams.theme import BAND, INK, PAPER, QUIET, RULE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.media.diagrams.content import GanttChart, GanttTask

ACROSS = 1500
"""How wide the days are together, in units of the drawing, if they are not few."""
NAMES = 470
"""How wide the names of the tasks are at most."""
HEAD = 76
_WIDEST_DAY, _LABELLED_DAY, _SHADED_DAY = 96.0, 76.0, 14.0
_SATURDAY = 5
_MOST_TICKS = 16
_WEEK = 7


class _Row(NamedTuple):
    """A task or, without one, the heading of a section."""

    bar: GanttTask | None
    words: str
    section: int
    top: float
    height: float


def draw(schedule: GanttChart, style: DiagramStyle) -> Scene:
    """Return the drawing of *schedule*."""
    rows = list(_rows(schedule))
    day = min(_WIDEST_DAY, ACROSS / schedule.days)
    width, height = day * schedule.days, rows[-1].top + rows[-1].height
    shapes = [
        *_grid(schedule, day, height),
        *(shape for row in rows for shape in _named(row, width, style)),
        *_next(rows, day),
        *(shape for row in rows if row.bar for shape in _drawn(row.bar, row, day, style)),
    ]
    return page(schedule.title, shapes, style)


def _rows(schedule: GanttChart) -> Iterator[_Row]:
    """Return the rows: a heading where a section begins, and each task as high as its name."""
    top, section, number = float(HEAD), "", -1
    for bar in schedule.tasks:
        if bar.section != section or number < 0:
            section, number = bar.section, number + 1
            if section:
                yield _Row(None, section, number, top, 58)
                top += 58
        height = max(74.0, wrap_text(bar.text, NAMES - 40, lines=3).height + 24.0)
        yield _Row(bar, bar.text, number, top, height)
        top += height


def _grid(schedule: GanttChart, day: float, height: float) -> Iterator[Shape]:
    """Return the weekends, the lines and the dates across the top."""
    first, days = date.fromordinal(schedule.first), schedule.days
    yield Box(-NAMES, 0, NAMES + day * days, HEAD, 10, BAND)
    if day >= _SHADED_DAY:
        for number in range(days):
            if (first.toordinal() + number + 6) % _WEEK >= _SATURDAY:
                yield Box(number * day, HEAD, day, height - HEAD, 0, BAND)
    for number in _ticks(days, day):
        x = number * day
        yield Polyline(((x, HEAD), (x, height)), RULE, 2)
        on = date.fromordinal(schedule.first + number)
        label = wrap_text(f"{on:%m-%d}", 120, lines=1, size=SMALL)
        if x + 12 + label.width <= day * days:
            yield Label(x + 8, HEAD / 2 - SMALL * 0.64, label, QUIET, "start")
    year = wrap_text(f"{first:%Y}", 200, lines=1, size=SMALL)
    yield Label(-16, HEAD / 2 - SMALL * 0.64, year, QUIET, "end")
    yield Polyline(((day * days, HEAD), (day * days, height)), RULE, 2)


def _ticks(days: int, day: float) -> range:
    """Return the days that bear a date: every one, every week or every few weeks, so that dates have room."""
    if day >= _LABELLED_DAY:
        return range(days)
    weeks = 1
    while days / (_WEEK * weeks) > _MOST_TICKS:
        weeks *= 2
    step = _WEEK * weeks if days > _WEEK * 2 else 2
    return range(0, days, step)


def _named(row: _Row, width: float, style: DiagramStyle) -> Iterator[Shape]:
    """Return a row's name at the left, and the line below it."""
    accent = style.accent(row.section)
    if row.bar is None:
        yield Box(-NAMES, row.top + 4, NAMES + width, row.height - 8, 8, accent.soft)
        heading = wrap_text(row.words, NAMES - 40, lines=1)
        yield Label(-NAMES + 20, row.top + (row.height - heading.height) / 2, heading, accent.strong, "start")
        return
    name = wrap_text(row.words, NAMES - 40, lines=3)
    yield Label(-NAMES + 20, row.top + (row.height - name.height) / 2, name, INK, "start")
    yield Polyline(((-NAMES, row.top + row.height), (width, row.top + row.height)), RULE, 2)


def _next(rows: list[_Row], day: float) -> Iterator[Shape]:
    """Return lines from the end of a task to the beginning of the next one, where it begins just then."""
    tasks = [(row, row.bar) for row in rows if row.bar]
    for (before, done), (after, begun) in pairwise(tasks):
        if begun.start != done.start + done.days:
            continue
        x = begun.start * day + min(12.0, day * begun.days / 2)
        start = (done.start + done.days) * day - min(12.0, day * done.days / 2)
        middle = before.top + before.height / 2
        yield from arrow(((start, middle), (x, middle), (x, after.top + after.height / 2 - 22)), QUIET, 2)


def _drawn(bar: GanttTask, row: _Row, day: float, style: DiagramStyle) -> Iterator[Shape]:
    """Return a task's bar, with its days on it or, where it is short and there is room, before it."""
    accent = style.accent(row.section)
    x, width, middle = bar.start * day, bar.days * day, row.top + row.height / 2
    yield Box(x + 2, middle - 22, max(8.0, width - 4), 44, min(12.0, width / 4), accent.strong)
    label = wrap_text(f"{bar.days} d", 160, lines=1, size=SMALL)
    top = middle - label.height / 2 - 1
    if label.width + 16 <= width:
        yield Label(x + width / 2, top, label, PAPER)
    elif x >= label.width + 24:
        yield Label(x - 12, top, label, QUIET, "end")
