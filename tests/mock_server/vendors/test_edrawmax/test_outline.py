"""A prompt is split into a title and points in every script, and no prompt makes the parser fail."""

# ruff: noqa: RUF001 - prompts are in several scripts

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server.vendors.edrawmax.outline import MAX_POINT, Point, flatten, parse_outline, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable


def shown(points: Iterable[Point]) -> list[object]:
    """Return points as text: alternatives after a slash, subpoints as nested lists."""
    found: list[object] = []
    for point in points:
        found.append(f"/ {point.text}" if point.is_alternative else point.text)
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
def test_prompts_are_split_into_title_and_points(prompt: str, title: str, points: list[object]) -> None:
    """Titles, lists, sentences, clauses and conditions are found, and conjunctions removed."""
    outline = parse_outline(prompt)
    assert (outline.title, shown(outline.points)) == (title, points)


@pytest.mark.parametrize(
    "question",
    ["Is it hot", "验证码是否正确", "在庫があるかどうか", "주문했습니까", "Whether it rains", "Пришли ли они"],
)
def test_questions_are_found_with_and_without_a_mark(question: str) -> None:
    """A question mark makes a question, and so do the words for "whether"."""
    for prompt in (f"{question}?", f"{question}？"):
        (point,) = parse_outline(prompt).points
        assert point.is_question
    (point,) = parse_outline(question).points
    assert point.is_question is (question != "Is it hot")


@given(prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_prompt_has_points(prompt: str) -> None:
    """Whatever the prompt, it has at least one point, and no text is longer than the limit."""
    outline = parse_outline(prompt)
    points = list(flatten(outline.points))
    assert points
    assert all(0 < len(point.text) <= MAX_POINT for point in points)
    assert len(outline.title) <= MAX_POINT
    assert outline.heading(prompt)


@given(text=st.text(), limit=st.integers(1, 50))
def test_shortened_text_ends_in_an_ellipsis(text: str, limit: int) -> None:
    """A text within the limit is unchanged, and a longer one ends in an ellipsis."""
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == text if len(text) <= limit else short.endswith("…")


def test_text_is_shortened_between_words() -> None:
    """The last word is removed as a whole, unless too little would remain."""
    assert shorten("a red fox in snow", 12) == "a red fox…"
    assert shorten("a red fox in snow", 10) == "a red fox…"
    assert shorten("Donaudampfschifffahrt", 6) == "Donau…"
    assert shorten("a Donaudampfschifffahrt", 8) == "a Donau…"
