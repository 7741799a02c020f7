"""What a prompt becomes: steps with ways out and back, schedules, branches and cards, and code that says the same."""

# ruff: noqa: RUF001 - prompts are in several scripts

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
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
from soundstage_server.vendors.edrawmax.mermaid import write
from soundstage_server.vendors.edrawmax.outputs import MOST, content_of, duration, first_day, media_for
from soundstage_server.vendors.edrawmax.words import WORDS

NOON_DAY = date(2026, 3, 11).toordinal()
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC).timestamp()


class Asked:
    """What `content_of` reads of a task."""

    def __init__(self, operation: str, prompt: str, lang: str = "en", seed: int = 5) -> None:
        self.operation, self.params, self.seed, self.created = operation, {"prompt": prompt, "lang": lang}, seed, NOON


def content(operation: str, prompt: str, **more: Any) -> Any:
    """Return what is drawn."""
    asked: Any = Asked(operation, prompt, **more)
    return content_of(asked)


def test_a_question_without_another_way_leads_back() -> None:
    """Its no leads to the step before; with no step before it, to the end."""
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


def test_what_happens_otherwise_stands_aside() -> None:
    """A question's other way out stands beside the first, and both go on to the step after them."""
    flow = content("flowchart", "Hot? pour, otherwise wait, drink")
    said = [(step.text, step.aside) for step in flow.nodes]
    assert said == [
        ("Start", False), ("Hot?", False), ("Wait", True), ("Pour", False), ("Drink", False), ("End", False),
    ]  # fmt: skip
    assert {FlowchartEdge(1, 3, "Yes"), FlowchartEdge(1, 2, "No"), FlowchartEdge(2, 4), FlowchartEdge(3, 4)} <= set(
        flow.edges
    )


def test_otherwise_without_a_question_is_a_step() -> None:
    """Where nothing was asked, or the other way is a question itself, it is a step like any other."""
    assert not any(step.aside for step in content("flowchart", "Pour, otherwise wait").nodes)
    assert not any(step.aside for step in content("flowchart", "Hot? pour, otherwise is it cold? wait").nodes)
    assert not any(step.aside for step in content("flowchart", "Otherwise wait").nodes)


def test_one_point_alone_is_unfolded() -> None:
    """A mind map and an infographic of a mere subject ask of it, a schedule goes through its phases."""
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
    ],
)
def test_a_task_takes_as_long_as_it_says(text: str, name: str, days: int | None) -> None:
    """Days, weeks and months are found in many languages, and taken out of the name."""
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
def test_a_schedule_begins_when_it_says_or_next_monday(prompt: str, day: date) -> None:
    """A date in the prompt is the first day; else it is the Monday after the day of the request."""
    assert first_day(prompt, NOON) == day


def test_a_schedule_goes_on_from_task_to_task() -> None:
    """Each task begins when the one before ends, in sections where the prompt has them."""
    schedule = content("gantt", "Site\n- Plan: study 2 days, offer\n- Build: code 1 week")
    assert isinstance(schedule, GanttChart)
    assert [(bar.text, bar.section) for bar in schedule.tasks] == [
        ("Study", "Plan"), ("Offer", "Plan"), ("Code", "Build"),
    ]  # fmt: skip
    ends = [bar.start + bar.days for bar in schedule.tasks]
    assert [bar.start for bar in schedule.tasks] == [0, *ends[:-1]]


def test_shares_are_shown_large() -> None:
    """A share stands apart from its words, and more than the whole is no share."""
    poster = content("infographic", "Water: showers 60%, taps（25％）, rain 250%, 40%")
    assert poster.cards == (
        Card("Showers", "", 60), Card("Taps", "", 25), Card("Rain 250%"), Card("40%", "", 40),
    )  # fmt: skip


@pytest.mark.parametrize("operation", MOST)
def test_too_many_points_are_counted(operation: str) -> None:
    """A very long prompt fits the paper; where points are left out, the last one says how many."""
    drawn = content(operation, ", ".join(f"point {number}" for number in range(300)))
    text = write(drawn)
    assert "Point 0" in text
    assert "Point 299" not in text
    assert "… +" in text
    parts = {Flowchart: "nodes", Infographic: "cards", GanttChart: "tasks"}.get(type(drawn))
    assert (len(getattr(drawn, parts)) if parts else drawn.root.size) <= MAX_PARTS
    nested = content(operation, "\n".join(f"- a{one}: b, c, d, e, f, g, h, i, j, k" for one in range(30)))
    assert write(nested)


@given(
    prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200),
    operation=st.sampled_from(sorted(MOST)),
    lang=st.sampled_from(sorted(WORDS)),
    seed=st.integers(0, 2**64 - 1),
)
def test_any_prompt_is_drawn_and_written(prompt: str, operation: str, lang: str, seed: int) -> None:
    """Whatever the prompt, it can be drawn; the code is plain text of lines without anything that breaks one."""
    drawn = content(operation, prompt, lang=lang, seed=seed)
    code = write(drawn)
    assert code == write(content(operation, prompt, lang=lang, seed=seed))
    assert all(line.strip() and "\r" not in line for line in code.split("\n"))


def test_two_media_show_one_content() -> None:
    """A task makes a PNG and an SVG of the same content in the same colours."""
    asked: Any = Asked("flowchart", "a, b")
    png, svg = media_for(asked)
    assert (getattr(png, "content", 1), getattr(png, "seed", 1)) == (
        getattr(svg, "content", 2),
        getattr(svg, "seed", 2),
    )
    assert render(png).startswith(b"\x89PNG")
    assert b"<svg" in render(svg)


def test_what_mermaid_would_read_as_its_own_is_written_out() -> None:
    """Quotes, brackets, colons and the like are written as characters by number where they would mean something."""
    assert 'N1["Say #34;hi#34; #60;b#62; #35;1"]' in write(content("flowchart", 'say "hi" <b> #1'))
    assert "    A#40;b#41;#59;c :t1, 2026-" in write(GanttChart("t", NOON_DAY, (GanttTask("A(b);c", "", 0, 1),)))
    assert "    #53;0#37; #58; 1 : 50#37;" in write(Infographic("t", (Card("50% : 1", "", 50),)))
    assert "    #67;lick b :t1, 2026-" in write(GanttChart("t", NOON_DAY, (GanttTask("Click b", "", 0, 1),)))
    assert "    #50; x :t1, 2026-" in write(GanttChart("t", NOON_DAY, (GanttTask("2 x", "", 0, 1),)))


def test_a_first_day_is_no_task() -> None:
    """A date by itself says when a schedule begins, unless it is all that there is."""
    assert [bar.text for bar in content("gantt", "2026-05-04\nPlan\nBuild").tasks] == ["Plan", "Build"]
    assert len(content("gantt", "2026-05-04, 2026-06-04").tasks) == 2


def test_the_longest_schedule_can_be_drawn() -> None:
    """As many tasks as there may be, each as long as it may be, in the last year that there is."""
    prompt = "2199-12-31\n" + "\n".join(f"- task {number} 999 months" for number in range(40))
    asked: Any = Asked("gantt", prompt)
    for medium in media_for(asked):
        assert render(medium)
    assert write(content("gantt", prompt)).count(" :t") == MOST["gantt"]
