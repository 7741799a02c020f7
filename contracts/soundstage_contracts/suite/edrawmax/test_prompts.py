"""The contracts of how EdrawMax's diagrams follow a prompt: its structure, durations and dates, and the added words."""

# ruff: noqa: RUF001 - prompts are in several scripts

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from soundstage_contracts import proves
from soundstage_contracts.vendors.edrawmax import reading
from soundstage_contracts.vendors.edrawmax.arguments import LANGUAGES
from soundstage_contracts.vendors.edrawmax.raw_client import RawClient

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

QUESTION: Final = "Is it hot? pour it"
ALPHABETS: Final = {
    **dict.fromkeys(("cn", "tw"), "\u4e00-\u9fff"),
    "jp": "\u3040-\u30ff\u4e00-\u9fff",
    "kr": "\uac00-\ud7af",
    "ru": "А-Яа-яЁё",
}
"""The letters of each language; the others have Latin ones."""
LATIN: Final = "A-Za-zÀ-ÿ'"
ADDED: Final = 2 + 2 + 5 + 5
"""Start and end, yes and no, five questions about a topic, five phases of a project."""
LONG: Final = "A fox trots over the snow and looks for its den, " * 8


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return a raw client with a new user."""
    return RawClient(target)


@proves("edrawmax:answer.content", "edrawmax:lang.enum", side="server")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_added_word_is_a_capitalized_text_in_its_language(raw: RawClient, lang: str) -> None:
    """All that a diagram adds to its prompt has letters of the language alone, with a capital at the start only."""
    chart = reading.flowchart(raw.code("flowchart", QUESTION, lang=lang))
    first, *_, last = chart.nodes.values()
    labels = [label for _, label, _ in chart.edges if label]
    topics = [text for depth, text in reading.mindmap(raw.code("mindmap", "Fox", lang=lang)) if depth]
    phases = [text for text, _, _ in reading.gantt(raw.code("gantt", "Fox", lang=lang))]
    added = [first, last, *labels, *topics, *phases]
    assert len(set(added)) == len(added) == ADDED
    letters = ALPHABETS.get(lang, LATIN)
    for text in added:
        assert re.fullmatch(f"[{letters} ]+", text)
        assert text == text[:1].upper() + text[1:].lower()
    assert chart.questions


@proves("edrawmax:answer.content", side="server")
@pytest.mark.parametrize(
    ("prompt", "topics"),
    [
        ("Tea\n- Water: boil, pour\n- Leaves\n  - Green\n  - Black",
         ["Tea", " Water", "  Boil", "  Pour", " Leaves", "  Green", "  Black"]),
        ("# Tea\n## Water\n- boil\n## Leaves", ["Tea", " Water", "  Boil", " Leaves"]),
        ("- Tea\n  - Green\n  - Black", ["Tea", " Green", " Black"]),
        ("Plan\nA\n  b\n  c\nD", ["Plan", " A", "  B", "  C", " D"]),
        ("Step 1: boil\nSTEP 2: pour", ["Boil", " Pour"]),
        ("Draw a mind map of tea: water, leaves", ["Tea", " Water", " Leaves"]),
        ("Tea: black: strong. Milk: cold, fresh: daily",
         ["Tea", " Black", "  Strong", " Milk", "  Cold", "  Fresh: daily"]),
        ("Is the water hot？ 如果不热，烧水", ["Is the water hot？", " 不热？", " 烧水"]),
        ("If hot, pour it, otherwise wait", ["Hot?", " Pour it", " Wait"]),
        ("如果水热？倒水", ["如果水热？", " 倒水"]),
        ("If it is X, open it", ["It is X?", " Open it"]),
    ],
)  # fmt: skip
def test_structure_of_a_prompt_is_that_of_its_mind_map(raw: RawClient, prompt: str, topics: list[str]) -> None:
    """Titles, headings, lists, sentences and conditions become topics at their level, without their marks."""
    assert reading.mindmap(raw.code("mindmap", prompt)) == [
        (len(topic) - len(topic.lstrip()), topic.lstrip()) for topic in topics
    ]


@proves("edrawmax:answer.content", side="server")
@pytest.mark.parametrize(("prompt", "text"), [("...", "..."), (" , ; ", ", ;"), ("a fox.", "A fox")])
def test_prompt_without_points_is_one_point(raw: RawClient, prompt: str, text: str) -> None:
    """A prompt without any structure is the first topic of a mind map, the title of a chart, and its only step."""
    (_, root), *_ = reading.mindmap(raw.code("mindmap", prompt))
    assert root == text
    assert list(reading.flowchart(raw.code("flowchart", prompt, lang="en")).nodes.values()) == ["Start", text, "End"]
    _, title, *_ = raw.code("gantt", prompt).split("\n")
    assert reading.plain(title.strip()) == f"title {text}"


@proves("edrawmax:answer.content", side="server")
def test_line_before_a_list_is_a_title_if_it_is_the_only_one(raw: RawClient) -> None:
    """One line before a list is its title, and no step of its own; two are steps, as the items are."""
    for prompt, steps in (
        ("one\n- two\n- three", ["Two", "Three"]),
        ("one\ntwo\n- three", ["One", "Two", "Three"]),
    ):
        chart = reading.flowchart(raw.code("flowchart", prompt, lang="en"))
        assert list(chart.nodes.values()) == ["Start", *steps, "End"]


@proves("edrawmax:answer.source_code", side="server")
@pytest.mark.parametrize("kind", ["gantt", "infographic"])
def test_text_that_begins_like_a_keyword_is_no_keyword(raw: RawClient, kind: str) -> None:
    """A text that begins with one of Mermaid's keywords, in any case, does not begin a line of the code as it is."""
    texts = ("section a", "Today off", "CLICK here", "Title of it", "dateFormat x", "Axis", "3 b")
    _, _, *lines = raw.code(kind, "Fox\n" + "\n".join(f"- {text}" for text in texts)).split("\n")
    own = ("dateFormat YYYY-MM-DD", "section -")
    starts = [line.strip() for line in lines if line.strip() not in own]
    assert len(starts) == len(texts)
    assert not [
        line for line in starts if re.match(r"section|today|click|title|dateformat|axis|\d", line, re.IGNORECASE)
    ]


@proves("edrawmax:answer.content", side="server")
def test_text_is_cut_at_its_limit(raw: RawClient) -> None:
    """A point of 160 characters is whole; a longer one ends in one ellipsis, after a whole word if it has several."""
    for length in (159, 160):
        (_, root), *_ = reading.mindmap(raw.code("mindmap", "F" * length))
        assert root == "F" * length
    (_, root), *_ = reading.mindmap(raw.code("mindmap", "F" * 161))
    assert root == "F" * 159 + "…"
    words = LONG.replace(",", "")
    (_, root), *_ = reading.mindmap(raw.code("mindmap", words))
    assert len(root) <= 160
    assert words.startswith(root.removesuffix("…") + " ")


@proves("edrawmax:answer.content", side="server")
@pytest.mark.parametrize(
    ("text", "days"),
    [
        *((f"{word} days", number) for word, number in zip(
            ("one", "two", "three", "four", "five", "six", "ten"), (1, 2, 3, 4, 5, 6, 10), strict=True
        )),
        *((f"{word}天", number) for word, number in zip("一二三四五六七八九十", range(1, 11), strict=True)),
        ("两天", 2), ("兩天", 2), ("3 WEEKS", 21), ("2 mois", 60), ("400 days", 366), ("0 days", 1),
        ("2 недели", 14), ("1 месяц", 30), ("4 Tage", 4), ("3 settimane", 21), ("2 bulan", 60), ("3日間", 3),
    ],
)  # fmt: skip
def test_duration_of_a_task_is_that_of_its_text(raw: RawClient, text: str, days: int) -> None:
    """A duration in digits or words, in each language's units, is that of its task, within a year."""
    tasks = reading.gantt(raw.code("gantt", f"- Alpha {text}\n- Beta"))
    assert [(name, length) for name, _, length in tasks][:1] == [("Alpha", days)]


@proves("edrawmax:answer.content", side="server")
def test_tasks_of_a_long_chart_have_their_sections_and_number(raw: RawClient) -> None:
    """A chart shows its sections once each, 24 tasks, and for more than these the number of those left out."""
    code = raw.code("gantt", "Den\n- Dig\n  - a\n  - b\n- Line\n  - c\n- Rest")
    assert [line.strip() for line in code.split("\n") if "section" in line] == [
        "section Dig", "section Line", "section -",
    ]  # fmt: skip
    for count, last in ((24, "Task x24"), (25, "… +2")):
        tasks = reading.gantt(raw.code("gantt", "\n".join(f"- task x{number + 1}" for number in range(count))))
        assert len(tasks) == 24
        name, _, length = tasks[-1]
        assert name == last
        assert 2 <= length <= 6
    assert len({length for _, _, length in tasks}) > 1


@proves("edrawmax:answer.content", side="server")
def test_topics_share_the_space_of_a_mind_map(raw: RawClient) -> None:
    """A mind map has at most 48 topics: every branch is shown, and each has a part of its subtopics."""
    prompt = "Root\n" + "\n".join(
        f"- Branch {branch}\n" + "\n".join(f"  - leaf {branch}.{leaf}" for leaf in range(9)) for branch in range(8)
    )
    topics = reading.mindmap(raw.code("mindmap", prompt))
    assert [text for depth, text in topics if depth == 1] == [f"Branch {branch}" for branch in range(8)]
    assert 40 <= len([text for depth, text in topics if depth]) <= 48
    below = [0] * 8
    branch = -1
    for depth, _ in topics[1:]:
        branch += depth == 1
        below[branch] += depth == 2
    assert below == [5] * 8
    full = "Root\n" + "\n".join(f"- Branch {branch}\n  - leaf" for branch in range(48))
    assert reading.mindmap(raw.code("mindmap", full))[1:] == [(1, f"Branch {branch} …") for branch in range(48)]


@proves("edrawmax:answer.content", side="server")
def test_share_is_removed_from_a_name_only(raw: RawClient) -> None:
    """A percentage beside a name of at most three words is shown apart from it; a sentence keeps it."""
    shares = reading.timeline(raw.code("infographic", "Water: the open sea 97%, of all ice there is 2%, rain 5%"))
    assert shares == [["The open sea", "97%"], ["Of all ice there is 2%", "2%"], ["Rain", "5%"]]
