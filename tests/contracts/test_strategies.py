"""Strategies for everybody: words that can be sent, that choose no fate, and that are as long as was asked."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from understudy_contracts import VENDORS, strategies
from understudy_contracts._stage import contract_of
from understudy_contracts._vendor import WORDS

CALLS = [
    (vendor, method, arguments)
    for vendor in VENDORS
    for method, arguments in contract_of(vendor).operations.items()
]  # fmt: skip


def words_of(value: Any) -> str:
    """Return every text in *value*, as it would be sent."""
    return json.dumps(value, ensure_ascii=False)


@given(least=st.integers(0, 5), more=st.integers(0, 50), data=st.data())
def test_texts_are_as_long_as_asked_and_can_be_sent(least: int, more: int, data: st.DataObject) -> None:
    """A text has a length in the range, is UTF-8, and never holds the word that chooses a fate."""
    text = data.draw(strategies.texts(least=least, most=least + more))
    assert least <= len(text) <= least + more
    assert json.loads(json.dumps(text).encode()) == text == text.encode().decode()
    assert "understudy:" not in text


@given(most=st.integers(1, 60), data=st.data())
def test_prompts_are_never_blank(most: int, data: st.DataObject) -> None:
    """A prompt says something in at most so many characters, and chooses no fate."""
    prompt = data.draw(strategies.prompts(most))
    assert prompt.strip()
    assert len(prompt) <= most
    assert "understudy:" not in prompt


@given(taken=st.sets(st.text(max_size=3), max_size=5), data=st.data())
def test_other_texts_are_others(taken: set[str], data: st.DataObject) -> None:
    """A text that an enumeration does not have is none of its values, and not blank."""
    text = data.draw(strategies.other_texts(taken))
    assert text not in taken
    assert text.strip()


@given(data=st.data())
def test_no_vendors_arguments_choose_a_fate(data: st.DataObject) -> None:
    """Arguments of every method of every vendor are JSON and hold no ``understudy:``: fates are chosen on purpose."""
    _, _, arguments = data.draw(st.sampled_from(CALLS))
    said = words_of(data.draw(arguments))
    assert not [word for word in WORDS if f"understudy:{word}" in said]
    assert "understudy:" not in said
