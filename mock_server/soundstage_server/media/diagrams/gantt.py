"""Draw a Gantt chart: task names on the left, dates across the top, a bar for each task, arrows between successors."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from soundstage_server.media.diagrams.page import DiagramStyle, page
from soundstage_server.media.diagrams.scene import SMALL, Box, Label, Polyline, Scene, Shape, arrow, wrap_text
from soundstage_server.media.diagrams.theme import BAND_COLOR, LINE_COLOR, MUTED_COLOR, PAGE_COLOR, TEXT_COLOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.media.diagrams.content import GanttChart, GanttTask

CHART_WIDTH = 1500
"""Width of all days together, in units of the drawing; fewer days take less."""
NAME_WIDTH = 470
HEADER_HEIGHT = 76
_SECTION_HEIGHT = 58
_MAX_DAY_WIDTH, _MIN_LABELED_DAY, _MIN_SHADED_DAY = 96.0, 76.0, 14.0
_SATURDAY = 5
_MAX_TICKS = 16
_WEEK = 7


class _Row(NamedTuple):
    """A task or, without one, the heading of a section."""

    task: GanttTask | None
    text: str
    section: int
    top: float
    height: float


def draw(chart: GanttChart, style: DiagramStyle) -> Scene:
    """Draw *chart*."""
    rows = list(_rows(chart))
    day = min(_MAX_DAY_WIDTH, CHART_WIDTH / chart.days)
    width, height = day * chart.days, rows[-1].top + rows[-1].height
    shapes = [
        *_grid(chart, day, height),
        *(shape for row in rows for shape in _draw_name(row, width, style)),
        *_draw_arrows(rows, day),
        *(shape for row in rows if row.task for shape in _draw_bar(row.task, row, day, style)),
    ]
    return page(chart.title, shapes, style)


def _rows(chart: GanttChart) -> Iterator[_Row]:
    """Yield the rows: a heading where a section starts, and each task as high as its name."""
    top, section, number = float(HEADER_HEIGHT), "", -1
    for task in chart.tasks:
        if task.section != section or number < 0:
            section, number = task.section, number + 1
            if section:
                yield _Row(None, section, number, top, _SECTION_HEIGHT)
                top += _SECTION_HEIGHT
        height = max(74.0, wrap_text(task.text, NAME_WIDTH - 40, lines=3).height + 24.0)
        yield _Row(task, task.text, number, top, height)
        top += height


def _grid(chart: GanttChart, day: float, height: float) -> Iterator[Shape]:
    """Yield the weekends, the grid lines and the dates across the top."""
    first, days = date.fromordinal(chart.first), chart.days
    yield Box(-NAME_WIDTH, 0, NAME_WIDTH + day * days, HEADER_HEIGHT, 10, BAND_COLOR)
    if day >= _MIN_SHADED_DAY:
        for number in range(days):
            if (first.toordinal() + number + 6) % _WEEK >= _SATURDAY:
                yield Box(number * day, HEADER_HEIGHT, day, height - HEADER_HEIGHT, 0, BAND_COLOR)
    label_top = HEADER_HEIGHT / 2 - SMALL * 0.64
    for number in _ticks(days, day):
        x = number * day
        yield Polyline(((x, HEADER_HEIGHT), (x, height)), LINE_COLOR, 2)
        tick = date.fromordinal(chart.first + number)
        label = wrap_text(f"{tick:%m-%d}", 120, lines=1, size=SMALL)
        if x + 12 + label.width <= day * days:
            yield Label(x + 8, label_top, label, MUTED_COLOR, "start")
    year = wrap_text(f"{first:%Y}", 200, lines=1, size=SMALL)
    yield Label(-16, label_top, year, MUTED_COLOR, "end")
    yield Polyline(((day * days, HEADER_HEIGHT), (day * days, height)), LINE_COLOR, 2)


def _ticks(days: int, day: float) -> range:
    """Return the days that get a date: every day, every second, or every few weeks, so that dates do not overlap."""
    if day >= _MIN_LABELED_DAY:
        return range(days)
    weeks = 1
    while days / (_WEEK * weeks) > _MAX_TICKS:
        weeks *= 2
    step = _WEEK * weeks if days > _WEEK * 2 else 2
    return range(0, days, step)


def _draw_name(row: _Row, width: float, style: DiagramStyle) -> Iterator[Shape]:
    """Yield a row's name at the left, and the line below it."""
    accent = style.accent(row.section)
    if row.task is None:
        yield Box(-NAME_WIDTH, row.top + 4, NAME_WIDTH + width, row.height - 8, 8, accent.soft)
        heading = wrap_text(row.text, NAME_WIDTH - 40, lines=1)
        top = row.top + (row.height - heading.height) / 2
        yield Label(-NAME_WIDTH + 20, top, heading, accent.strong, "start")
        return
    name = wrap_text(row.text, NAME_WIDTH - 40, lines=3)
    yield Label(-NAME_WIDTH + 20, row.top + (row.height - name.height) / 2, name, TEXT_COLOR, "start")
    yield Polyline(((-NAME_WIDTH, row.top + row.height), (width, row.top + row.height)), LINE_COLOR, 2)


def _draw_arrows(rows: list[_Row], day: float) -> Iterator[Shape]:
    """Yield an arrow from each task to the next one where that starts on the day after."""
    tasks = [(row, row.task) for row in rows if row.task]
    for (row_before, before), (row_after, after) in pairwise(tasks):
        if after.start != before.start + before.days:
            continue
        x = after.start * day + min(12.0, day * after.days / 2)
        start = (before.start + before.days) * day - min(12.0, day * before.days / 2)
        middle = row_before.top + row_before.height / 2
        tip = row_after.top + row_after.height / 2 - 22
        yield from arrow(((start, middle), (x, middle), (x, tip)), MUTED_COLOR, 2)


def _draw_bar(task: GanttTask, row: _Row, day: float, style: DiagramStyle) -> Iterator[Shape]:
    """Yield a task's bar, with its days on it or, where it is too short and there is room, before it."""
    accent = style.accent(row.section)
    x, width, middle = task.start * day, task.days * day, row.top + row.height / 2
    yield Box(x + 2, middle - 22, max(8.0, width - 4), 44, min(12.0, width / 4), accent.strong)
    label = wrap_text(f"{task.days} d", 160, lines=1, size=SMALL)
    top = middle - label.height / 2 - 1
    if label.width + 16 <= width:
        yield Label(x + width / 2, top, label, PAGE_COLOR)
    elif x >= label.width + 24:
        yield Label(x - 12, top, label, MUTED_COLOR, "end")
