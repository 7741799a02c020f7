"""A prompt is cut where people would cut it, in every script, and nothing that they wrote makes it fail."""

# ruff: noqa: RUF001 - prompts are in several scripts

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server.vendors.edrawmax.outline import LONGEST, Point, flat, read, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable


def shown(points: Iterable[Point]) -> list[object]:
    """Return points as text: questions with their mark, the other way out after a stroke, and lists below."""
    found: list[object] = []
    for point in points:
        found.append(f"/ {point.text}" if point.otherwise else point.text)
        if point.points:
            found.append(shown(point.points))
    return found


@pytest.mark.parametrize(
    ("prompt", "title", "points"),
    [
        ("A fox", "", ["A fox"]),
        ("wash, rinse and repeat", "", ["Wash", "Rinse and repeat"]),
        ("1. Wash\n2) Rinse\n(3) Repeat", "", ["Wash", "Rinse", "Repeat"]),
        ("Tea: boil water; pour. wait", "Tea", ["Boil water", "Pour", "Wait"]),
        ("Open, then save -> close → end", "", ["Open", "Save", "Close", "End"]),
        ("Costs 3.5 dollars, 1,000 people at 10:30", "", ["Costs 3.5 dollars", "1,000 people at 10:30"]),
        ("3.5 litres", "", ["3.5 litres"]),
        ("用户注册：输入手机号，获取验证码。完成", "用户注册", ["输入手机号", "获取验证码", "完成"]),
        ("新产品上线项目计划，包含需求分析、开发、测试、上线四个阶段", "新产品上线项目计划",
         ["需求分析", "开发", "测试", "上线"]),
        ("帮我生成用户注册登录的流程图", "", ["用户注册登录"]),
        ("创建一张关于机器学习知识体系的思维导图", "", ["机器学习知识体系"]),
        ("Make an infographic about global trends in 2025", "", ["Global trends in 2025"]),
        ("Please draw me a simple flowchart of the login: name, code", "Login", ["Name", "Code"]),
        ("Plan\n- Media: posts, ads (paid, organic)\n- Mail\n   - letter\n", "Plan",
         ["Media", ["Posts", "Ads", ["Paid", "Organic"]], "Mail", ["Letter"]]),
        ("# Launch\n## Plan\n- goals\n## Build\n- code", "Launch", ["Plan", ["Goals"], "Build", ["Code"]]),
        ("- Media: posts, ads\n- Mail", "", ["Media", ["Posts", "Ads"], "Mail"]),
        ("Intro. First: a, b. Second: c, d. End", "", ["Intro", "First", ["A", "B"], "Second", ["C", "D"], "End"]),
        ("If it is late, go home, otherwise stay", "", ["It is late?", "Go home", "/ Stay"]),
        ("如果下雨，带伞，否则走路", "", ["下雨？", "带伞", "/ 走路"]),
        ("Если поздно, домой, иначе дальше", "", ["Поздно?", "Домой", "/ Дальше"]),
        ("在庫を確認する。次に発送する。", "", ["在庫を確認する", "発送する"]),
        ("정보 입력, 그리고 확인", "", ["정보 입력", "확인"]),
        ("...", "", ["..."]),
        ("\0\x01", "", ["…"]),
        (":", "", [":"]),
    ],
)  # fmt: skip
def test_a_prompt_is_cut_where_people_would(prompt: str, title: str, points: list[object]) -> None:
    """Titles, lists, sentences, clauses, conditions and what only joins them."""
    outline = read(prompt)
    assert (outline.title, shown(outline.points)) == (title, points)


@pytest.mark.parametrize(
    "question",
    ["Is it hot", "验证码是否正确", "在庫があるかどうか", "주문했습니까", "Whether it rains", "Пришли ли они"],
)
def test_a_question_is_known_without_its_mark_too(question: str) -> None:
    """With a question mark anything is a question; without one, the words for whether make one."""
    for asked in (f"{question}?", f"{question}？"):
        (point,) = read(asked).points
        assert point.asks
    (point,) = read(question).points
    assert point.asks is (question != "Is it hot")


@given(prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_prompt_has_a_point(prompt: str) -> None:
    """Whatever it holds, there is something to draw, and nothing is longer than a box can be."""
    outline = read(prompt)
    points = list(flat(outline.points))
    assert points
    assert all(0 < len(point.text) <= LONGEST for point in points)
    assert len(outline.title) <= LONGEST
    assert outline.heading(prompt)


@given(text=st.text(), most=st.integers(1, 50))
def test_what_is_shortened_says_so(text: str, most: int) -> None:
    """A text within its bound stays as it is, and a longer one ends in an ellipsis."""
    short = shortened(text, most)
    assert len(short) <= most
    assert short == text if len(text) <= most else short.endswith("…")


def test_words_are_kept_whole_where_they_can_be() -> None:
    """The last word goes rather than half of it, unless little would be left."""
    assert shortened("a red fox in snow", 12) == "a red fox…"
    assert shortened("a red fox in snow", 10) == "a red fox…"
    assert shortened("Donaudampfschifffahrt", 6) == "Donau…"
    assert shortened("a Donaudampfschifffahrt", 8) == "a Donau…"
