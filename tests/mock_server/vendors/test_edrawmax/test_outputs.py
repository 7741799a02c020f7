"""A prompt becomes a flowchart, a Gantt chart, a mind map or an infographic, and the same as Mermaid code."""

# ruff: noqa: RUF001 - prompts are in several scripts

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server.media import (
    MAX_PARTS,
    Card,
    Flowchart,
    FlowchartEdge,
    GanttChart,
    GanttTask,
    Infographic,
    MindMap,
    Topic,
    render,
)
from soundstage_server.media.diagrams.drawing import draw_content
from soundstage_server.media.diagrams.page import DiagramStyle
from soundstage_server.media.diagrams.theme import accents
from soundstage_server.vendors.edrawmax.mermaid import write
from soundstage_server.vendors.edrawmax.outputs import MAX_POINTS, content_of, duration, first_day, media_for
from soundstage_server.vendors.edrawmax.words import WORDS

FRAGMENTS = st.sampled_from(
    [
        "else ", "otherwise ", "if ", "then ", "and ", "否则", "如果", "a", "b c", "? ", "？", ", ", "，", "(", ")",
        ": ", "\n", "\n- ", "\n  - ", "\n    - ", "\n\t", "\n# ", "\n## ", "1. ", "-> ", "50%", "3 days", "2 weeks",
        "ſix days", "2026-05-04", "Make a mind map of ", '"', "\0",
    ]
)  # fmt: skip
outlines = st.recursive(st.just([]), lambda below: st.lists(below, min_size=1, max_size=5), max_leaves=60).map(
    lambda tree: "\n".join(outline_lines(tree, 0))
)
prompts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200),
    st.lists(FRAGMENTS, min_size=1, max_size=80).map("".join),
    outlines.filter(bool),
    st.builds(lambda word, times: word * times, FRAGMENTS, st.integers(1, 1200)),
)
NOON_DAY = date(2026, 3, 11).toordinal()
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC).timestamp()


def outline_lines(tree: list[Any], depth: int) -> list[str]:
    """Return a nested list as the lines of an indented outline."""
    return [
        line
        for number, below in enumerate(tree)
        for line in (f"{'  ' * depth}- topic {depth}.{number}", *outline_lines(below, depth + 1))
    ]


class DiagramTask:
    """The attributes of a task that `content_of` uses."""

    def __init__(self, operation: str, prompt: str, lang: str = "en", seed: int = 5) -> None:
        self.operation, self.params, self.seed, self.created = operation, {"prompt": prompt, "lang": lang}, seed, NOON


def content(operation: str, prompt: str, **more: Any) -> Any:
    """Return the content of a diagram."""
    task: Any = DiagramTask(operation, prompt, **more)
    return content_of(task)


def test_a_question_without_alternative_leads_back() -> None:
    """The edge for no leads to the step before; without a step before it, to the end."""
    flow = content("flowchart", "Boil, hot? pour")
    assert [step.kind for step in flow.nodes] == ["start", "step", "question", "step", "end"]
    assert set(flow.edges) == {
        FlowchartEdge(0, 1),
        FlowchartEdge(1, 2),
        FlowchartEdge(2, 3, "Yes"),
        FlowchartEdge(2, 1, "No"),
        FlowchartEdge(3, 4),
    }
    flow = content("flowchart", "Hot? pour")
    assert FlowchartEdge(1, 3, "No") in flow.edges


def test_an_alternative_is_drawn_aside() -> None:
    """A question's alternative is beside its next step, and both lead to the step after them."""
    flow = content("flowchart", "Hot? pour, otherwise wait, drink")
    texts = [(step.text, step.aside) for step in flow.nodes]
    assert texts == [
        ("Start", False), ("Hot?", False), ("Wait", True), ("Pour", False), ("Drink", False), ("End", False),
    ]  # fmt: skip
    assert {FlowchartEdge(1, 3, "Yes"), FlowchartEdge(1, 2, "No"), FlowchartEdge(2, 4), FlowchartEdge(3, 4)} <= set(
        flow.edges
    )


def test_an_alternative_without_a_question_is_a_step() -> None:
    """Without a question before it, or as a question itself, an alternative is an ordinary step."""
    assert not any(step.aside for step in content("flowchart", "Pour, otherwise wait").nodes)
    assert not any(step.aside for step in content("flowchart", "Hot? pour, otherwise is it cold? wait").nodes)
    assert not any(step.aside for step in content("flowchart", "Otherwise wait").nodes)


def test_a_single_point_gets_general_content() -> None:
    """A mind map and an infographic of a single point have general questions, a Gantt chart general phases."""
    words = WORDS["de"]
    assert content("mindmap", "Füchse", lang="de") == MindMap(Topic("Füchse", tuple(map(Topic, words.questions))))
    assert content("infographic", "Füchse", lang="de") == Infographic("Füchse", tuple(map(Card, words.questions)))
    assert [bar.text for bar in content("gantt", "Füchse", lang="de").tasks] == list(words.phases)


@pytest.mark.parametrize(
    ("text", "name", "days"),
    [
        ("Research 5 days", "Research", 5),
        ("Build for 3 weeks", "Build", 21),
        ("two weeks of testing", "of testing", 14),
        ("调研 3天", "调研", 3),
        ("开发两周", "开发", 14),
        ("設計 2週間", "設計", 14),
        ("개발 3주", "개발", 21),
        ("разработка за 2 недели", "разработка", 14),
        ("Entwurf 1 Monat", "Entwurf", 30),
        ("conception pendant 10 jours", "conception", 10),
        ("desain selama 4 hari", "desain", 4),
        ("5 days", "5 days", 5),
        ("Launch", "Launch", None),
        ("Floor 3 dayroom", "Floor 3 dayroom", None),
        ("Wait 999 months", "Wait", 366),
        ("Build ſix days", "Build", 6),
        ("Build fıve days", "Build fıve days", None),
        ("Build ٣ days", "Build", 3),
    ],
)
def test_durations_are_parsed(text: str, name: str, days: int | None) -> None:
    """Days, weeks and months are found in many languages, and removed from the name."""
    assert duration(text) == (name, days)


@pytest.mark.parametrize(
    ("prompt", "day"),
    [
        ("from 2026-05-04 on", date(2026, 5, 4)),
        ("2026年5月4日开始", date(2026, 5, 4)),
        ("from 2026-15-99 on", date(2026, 3, 16)),
        ("from 9999-12-31 on", date(2026, 3, 16)),
        ("from 0001-01-01 on", date(2026, 3, 16)),
        ("soon", date(2026, 3, 16)),
    ],
)
def test_a_gantt_chart_starts_on_the_given_day_or_next_monday(prompt: str, day: date) -> None:
    """A valid date in the prompt is the first day; without one it is the Monday after the request."""
    assert first_day(prompt, NOON) == day


def test_gantt_tasks_follow_each_other() -> None:
    """Each task starts when the one before ends, in sections where the prompt has them."""
    schedule = content("gantt", "Site\n- Plan: study 2 days, offer\n- Build: code 1 week")
    assert isinstance(schedule, GanttChart)
    assert [(bar.text, bar.section) for bar in schedule.tasks] == [
        ("Study", "Plan"), ("Offer", "Plan"), ("Code", "Build"),
    ]  # fmt: skip
    ends = [bar.start + bar.days for bar in schedule.tasks]
    assert [bar.start for bar in schedule.tasks] == [0, *ends[:-1]]


def test_percentages_are_separated() -> None:
    """A percentage is removed from its text, unless it is more than 100."""
    poster = content("infographic", "Water: showers 60%, taps（25％）, rain 250%, 40%")
    assert poster.cards == (
        Card("Showers", "", 60), Card("Taps", "", 25), Card("Rain 250%"), Card("40%", "", 40),
    )  # fmt: skip


@pytest.mark.parametrize("operation", MAX_POINTS)
def test_points_beyond_the_limit_are_counted(operation: str) -> None:
    """A very long prompt is limited, and the last point shows how many are left out."""
    drawn = content(operation, ", ".join(f"point {number}" for number in range(300)))
    text = write(drawn)
    assert "Point 0" in text
    assert "Point 299" not in text
    assert "… +" in text
    parts = {Flowchart: "nodes", Infographic: "cards", GanttChart: "tasks"}.get(type(drawn))
    assert (len(getattr(drawn, parts)) if parts else drawn.root.size) <= MAX_PARTS
    nested = content(operation, "\n".join(f"- a{one}: b, c, d, e, f, g, h, i, j, k" for one in range(30)))
    assert write(nested)


@settings(deadline=None)
@given(
    prompt=prompts,
    operation=st.sampled_from(sorted(MAX_POINTS)),
    lang=st.sampled_from(sorted(WORDS)),
    seed=st.integers(0, 2**64 - 1),
)
def test_any_prompt_becomes_a_diagram(prompt: str, operation: str, lang: str, seed: int) -> None:
    """Whatever the prompt, its content is drawn on a page, and the code has no empty or broken line."""
    drawn = content(operation, prompt, lang=lang, seed=seed)
    scene = draw_content(drawn, DiagramStyle("", accents(1)))
    assert 0 < scene.width < 20_000
    assert 0 < scene.height < 40_000
    code = write(drawn)
    assert code == write(content(operation, prompt, lang=lang, seed=seed))
    assert all(line.strip() and "\r" not in line for line in code.split("\n"))


def test_a_nested_outline_is_drawn_in_full() -> None:
    """An outline of three topics on each of three levels has all of its 39 topics in the mind map."""
    prompt = "\n".join(outline_lines([[[[]] * 3] * 3] * 3, 0))
    root = content("mindmap", prompt).root
    assert root.size == 39
    assert "…" not in write(MindMap(root))


def test_a_large_outline_is_limited() -> None:
    """Every branch is shown, branches share the room for subtopics, and what is left out is counted or marked."""
    root = content("mindmap", "Plan\n" + "\n".join(outline_lines([[[[]] * 5] * 6] * 9, 0))).root
    assert len(root.children) == 9
    assert {branch.size for branch in root.children} == {5, 6}
    assert root.size == MAX_POINTS["mindmap"] + 1
    code = write(MindMap(root))
    assert "… +3" in code
    assert "Topic 1.0 …" in code


def test_png_and_svg_show_the_same_content() -> None:
    """A task makes a PNG and an SVG of the same content in the same colors."""
    task: Any = DiagramTask("flowchart", "a, b")
    png, svg = media_for(task)
    assert (getattr(png, "content", 1), getattr(png, "seed", 1)) == (
        getattr(svg, "content", 2),
        getattr(svg, "seed", 2),
    )
    assert render(png).startswith(b"\x89PNG")
    assert b"<svg" in render(svg)


def test_mermaid_syntax_is_escaped() -> None:
    """Quotes, brackets, colons and keywords are written as entity codes where Mermaid would interpret them."""
    assert 'N1["Say #34;hi#34; #60;b#62; #35;1"]' in write(content("flowchart", 'say "hi" <b> #1'))
    assert "    A#40;b#41;#59;c :t1, 2026-" in write(GanttChart("t", NOON_DAY, (GanttTask("A(b);c", "", 0, 1),)))
    assert "    #53;0#37; #58; 1 : 50#37;" in write(Infographic("t", (Card("50% : 1", "", 50),)))
    assert "    #67;lick b :t1, 2026-" in write(GanttChart("t", NOON_DAY, (GanttTask("Click b", "", 0, 1),)))
    assert "    #50; x :t1, 2026-" in write(GanttChart("t", NOON_DAY, (GanttTask("2 x", "", 0, 1),)))


def test_a_first_day_is_not_a_task() -> None:
    """A date by itself is the first day, unless the prompt has nothing else."""
    assert [bar.text for bar in content("gantt", "2026-05-04\nPlan\nBuild").tasks] == ["Plan", "Build"]
    assert len(content("gantt", "2026-05-04, 2026-06-04").tasks) == 2


def test_the_longest_gantt_chart_can_be_drawn() -> None:
    """The maximum number of tasks of maximum duration in the last allowed year can be rendered."""
    prompt = "2199-12-31\n" + "\n".join(f"- task {number} 999 months" for number in range(40))
    task: Any = DiagramTask("gantt", prompt)
    for spec in media_for(task):
        assert render(spec)
    assert write(content("gantt", prompt)).count(" :t") == MAX_POINTS["gantt"]
