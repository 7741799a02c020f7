"""Diagrams fit their page, nothing overlaps, every text is in its box, and both formats show the same."""

from __future__ import annotations

import io
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from soundstage_server.media import (
    Card,
    Diagram,
    Flowchart,
    FlowchartEdge,
    FlowchartNode,
    GanttChart,
    GanttTask,
    Infographic,
    MediaCache,
    MindMap,
    Topic,
    media_type,
    render,
    suffix,
)
from soundstage_server.media.canvas import contrast
from soundstage_server.media.diagrams.content import MAX_DAYS, MAX_PARTS
from soundstage_server.media.diagrams.drawing import draw_content
from soundstage_server.media.diagrams.gantt import _ticks
from soundstage_server.media.diagrams.page import DiagramStyle, extent
from soundstage_server.media.diagrams.scene import Box, Curve, Label, Polygon, Polyline, Scene
from soundstage_server.media.diagrams.scene_png import paint
from soundstage_server.media.diagrams.theme import MIN_CONTRAST, PAGE_COLOR, TEXT_COLOR, accents
from soundstage_server.media.placeholder import shrink

if TYPE_CHECKING:
    from soundstage_server.media import DiagramContent

WORDS = st.one_of(
    st.text(max_size=90),
    st.sampled_from(
        ["A fox", "用户注册流程" * 6, "Donaudampfschifffahrtsgesellschaft" * 3, "Сохранить данные", "예산", ""]
    ),
)


@st.composite
def flows(draw: st.DrawFn) -> Flowchart:
    """Generate flowcharts as the simulator makes them: a main line, some asides, and edges of every kind."""
    kinds = draw(st.lists(st.sampled_from(["step", "question", "aside"]), min_size=1, max_size=9))
    steps = [FlowchartNode(draw(WORDS), "start")]
    for kind in kinds:
        if kind == "aside" and steps[-1].kind == "question":
            steps.append(FlowchartNode(draw(WORDS), aside=True))
        else:
            steps.append(FlowchartNode(draw(WORDS), "question" if kind == "question" else "step"))
    steps += [FlowchartNode(draw(WORDS)), FlowchartNode(draw(WORDS), "end")]
    line = [number for number, step in enumerate(steps) if not step.aside]
    links = [FlowchartEdge(one, other) for one, other in pairwise(line)]
    for number, step in enumerate(steps):
        if step.aside:
            links += [
                FlowchartEdge(number - 1, number, "No"),
                FlowchartEdge(number, next(at for at in line if at > number + 1)),
            ]
        elif step.kind == "question" and not steps[number + 1].aside:
            links.append(FlowchartEdge(number, draw(st.sampled_from([at for at in line if at < number])), "No"))
    return Flowchart(draw(WORDS), tuple(steps), tuple(links))


topics = st.recursive(
    WORDS.map(Topic), lambda inner: st.builds(Topic, WORDS, st.lists(inner, max_size=4).map(tuple)), max_leaves=12
)
bars = st.builds(GanttTask, WORDS, st.sampled_from(["", "Plan", "Build"]), st.integers(0, 300), st.integers(1, 90))
schedules = st.builds(
    GanttChart, WORDS, st.integers(700_000, 740_000), st.lists(bars, min_size=1, max_size=9).map(tuple)
)
cards = st.builds(Card, WORDS, WORDS, st.none() | st.integers(0, 100))
posters = st.builds(Infographic, WORDS, st.lists(cards, min_size=1, max_size=8).map(tuple))
contents = st.one_of(flows(), topics.map(MindMap), schedules, posters)
EXAMPLE = Flowchart(
    "Tea",
    (FlowchartNode("Start", "start"), FlowchartNode("Hot?", "question"), FlowchartNode("End", "end")),
    (FlowchartEdge(0, 1), FlowchartEdge(1, 2)),
)


def drawn(content: DiagramContent, seed: int = 3) -> Scene:
    """Draw *content*."""
    return draw_content(content, DiagramStyle("a caption", accents(seed)))


def places(scene: Scene) -> list[tuple[float, float, float, float]]:
    """Return the bounding boxes of all text, a little smaller."""
    found = (extent([shape]) for shape in scene.shapes if isinstance(shape, Label) and shape.text.lines)
    return [(left + 1, top + 4, right - 1, bottom - 4) for left, top, right, bottom in found]


@settings(deadline=None, max_examples=60)
@given(content=contents)
def test_everything_is_on_the_page_and_no_text_overlaps(content: DiagramContent) -> None:
    """No shape crosses the page's edge, and no text covers another."""
    scene = drawn(content)
    left, top, right, bottom = extent(scene.shapes)
    assert left >= 0
    assert top >= 0
    assert right <= scene.width
    assert bottom <= scene.height
    for one, other in combinations(places(scene), 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)


@settings(deadline=None, max_examples=60)
@given(content=st.one_of(flows(), topics.map(MindMap)))
def test_boxes_do_not_touch(content: DiagramContent) -> None:
    """The nodes of a flowchart and the topics of a mind map do not touch each other."""
    shapes = [shape for shape in drawn(content).shapes if isinstance(shape, Box) or _is_diamond(shape)]
    corners = [extent([shape]) for shape in shapes if not isinstance(shape, Box) or shape.height > 6]
    for one, other in combinations(corners, 2):
        apart = one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
        assert apart, (one, other)


def _is_diamond(shape: object) -> bool:
    return isinstance(shape, Polygon) and len(shape.points) == 4


@settings(deadline=None, max_examples=60)
@given(content=contents, seed=st.integers(), kind=st.sampled_from(["png", "svg"]))
def test_a_diagram_is_a_valid_file_of_its_format(content: DiagramContent, seed: int, kind: Any) -> None:
    """A PNG can be opened and an SVG parsed, and equal diagrams give equal bytes."""
    spec = Diagram(content, "caption \ud800", seed, kind, scale=0.2)
    file = render(spec)
    assert file == render(spec)
    if kind == "png":
        with Image.open(io.BytesIO(file)) as image:
            assert (image.format, image.mode) == ("PNG", "RGB")
    else:
        root = ET.fromstring(file)  # noqa: S314 - our own renderer wrote it
        assert root.tag.endswith("svg")
        assert [float(side) * 2 for side in (root.attrib["width"], root.attrib["height"])] == pytest.approx(
            [float(side) for side in root.attrib["viewBox"].split()[2:]], abs=2
        )


@given(seed=st.integers())
def test_text_is_readable_on_every_accent(seed: int) -> None:
    """White text on strong accents and dark text on soft ones have the contrast that WCAG 2 requires."""
    for accent in accents(seed):
        assert contrast(PAGE_COLOR, accent.strong) >= MIN_CONTRAST
        assert contrast(TEXT_COLOR, accent.soft) >= MIN_CONTRAST


def test_parallel_backward_edges_have_separate_lanes() -> None:
    """Two backward edges across the same rows are drawn side by side."""
    steps = (
        FlowchartNode("a", "start"),
        FlowchartNode("b"),
        FlowchartNode("c?", "question"),
        FlowchartNode("d?", "question"),
        FlowchartNode("e", "end"),
    )
    links = (FlowchartEdge(2, 1, "No"), FlowchartEdge(3, 1, "No"))
    ways = [shape.points for shape in drawn(Flowchart("", steps, links)).shapes if isinstance(shape, Polyline)]
    lanes = [min(x for x, _ in points) for points in ways]
    assert len({round(lane) for lane in lanes}) == len(lanes) == 2


@given(days=st.integers(1, MAX_DAYS))
def test_dates_do_not_overlap(days: int) -> None:
    """A Gantt chart has at most twenty dates, and always the first."""
    ticks = _ticks(days, min(96.0, 1500 / days))
    assert ticks[0] == 0
    assert len(ticks) <= 20


def test_a_large_drawing_has_fewer_pixels() -> None:
    """However large a drawing is, no side of its PNG has more than 8192 pixels."""
    scene = Scene(40_000, 300, PAGE_COLOR, "wide", [Curve(((0, 0), (9, 9), (20, 9), (40_000, 300)), TEXT_COLOR)])
    with Image.open(io.BytesIO(paint(scene, 1.0))) as image:
        assert image.width <= 8192


def test_a_small_diagram_is_smaller() -> None:
    """A small PNG has an eighth of the size, an SVG stays as it is, and shrinking is idempotent."""
    png, svg = Diagram(EXAMPLE, "", 1, "png"), Diagram(EXAMPLE, "", 1, "svg")
    assert shrink(svg) == svg
    assert shrink(shrink(png)) == shrink(png)
    with Image.open(io.BytesIO(render(png))) as full, Image.open(io.BytesIO(render(shrink(png)))) as reduced:
        assert reduced.width / full.width == pytest.approx(0.12, abs=0.01)
    with MediaCache(small=True) as studio:
        assert studio.file_blocking(png).suffix == ".png"


def test_a_diagram_has_the_content_type_of_its_format() -> None:
    """Content type and file suffix follow from the format."""
    kinds = [
        (media_type(spec), suffix(spec)) for spec in (Diagram(EXAMPLE, "", 1, "png"), Diagram(EXAMPLE, "", 1, "svg"))
    ]
    assert kinds == [("image/png", ".png"), ("image/svg+xml", ".svg")]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Flowchart("", (), ()),
        lambda: Flowchart("", (FlowchartNode("a"),), (FlowchartEdge(0, 1),)),
        lambda: Flowchart("", (FlowchartNode("a"),) * (MAX_PARTS + 1), ()),
        lambda: MindMap(Topic("a", (Topic("b"),) * MAX_PARTS)),
        lambda: GanttChart("", 1, ()),
        lambda: GanttChart("", 1, (GanttTask("a", "", -1, 1),)),
        lambda: GanttChart("", 1, (GanttTask("a", "", 0, 0),)),
        lambda: GanttChart("", 1, (GanttTask("a", "", MAX_DAYS, 1),)),
        lambda: Infographic("", ()),
        lambda: Diagram(EXAMPLE, "", 1, "gif"),  # type: ignore[arg-type] # what a caller without a type checker may do
        lambda: Diagram(EXAMPLE, "", 1, "png", scale=0.01),
        lambda: Diagram(EXAMPLE, "", 1, "png", scale=2),
    ],
)
def test_invalid_content_is_refused(make: Any) -> None:
    """The error names the bound and the value, before anything is drawn."""
    with pytest.raises(ValueError, match=r"must"):
        make()
