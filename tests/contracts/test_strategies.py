"""Public strategies: texts can be sent, choose no fate, and have the requested length."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_contracts import VENDORS, strategies
from soundstage_contracts.declarations.vendor import WORDS, contract_of
from soundstage_server import Fault

CALLS = [
    (vendor, method, arguments)
    for vendor in VENDORS
    for method, arguments in contract_of(vendor).operations.items()
]  # fmt: skip


def words_of(value: Any) -> str:
    """Return every text in *value*, as it would be sent."""
    return json.dumps(value, ensure_ascii=False, default=repr)


@given(least=st.integers(0, 5), more=st.integers(0, 50), data=st.data())
def test_texts_are_as_long_as_asked_and_can_be_sent(least: int, more: int, data: st.DataObject) -> None:
    """A text has a length in the range, is UTF-8, and never contains the prefix that chooses a fate."""
    text = data.draw(strategies.texts(least=least, most=least + more))
    assert least <= len(text) <= least + more
    assert json.loads(json.dumps(text).encode()) == text == text.encode().decode()
    assert "soundstage:" not in text


@given(most=st.integers(1, 60), data=st.data())
def test_prompts_are_never_blank(most: int, data: st.DataObject) -> None:
    """A prompt is not blank, has at most the given length, and chooses no fate."""
    prompt = data.draw(strategies.prompts(most))
    assert prompt.strip()
    assert len(prompt) <= most
    assert "soundstage:" not in prompt


@given(taken=st.sets(st.text(max_size=3), max_size=5), data=st.data())
def test_other_texts_are_others(taken: set[str], data: st.DataObject) -> None:
    """A text that an enumeration does not have is none of its values, and not blank."""
    text = data.draw(strategies.other_texts(taken))
    assert text not in taken
    assert text.strip()


@given(data=st.data())
def test_no_vendors_arguments_choose_a_fate(data: st.DataObject) -> None:
    """Arguments of every method of every vendor are JSON without ``soundstage:``: fates are chosen on purpose."""
    _, _, arguments = data.draw(st.sampled_from(CALLS))
    texts = words_of(data.draw(arguments))
    assert not [word for word in WORDS if f"soundstage:{word}" in texts]
    assert "soundstage:" not in texts


@given(data=st.data(), vendor=st.sampled_from(VENDORS))
def test_a_call_is_a_method_and_what_it_takes(data: st.DataObject, vendor: str) -> None:
    """A method of the vendor's client, with arguments that go by their names."""
    method, arguments = data.draw(strategies.calls(vendor))
    assert method in strategies.methods(vendor)
    assert callable(getattr(contract_of(vendor).client, method))
    assert isinstance(arguments, dict)
    assert isinstance(data.draw(strategies.arguments(vendor, method)), dict)


@given(data=st.data(), word=st.sampled_from(WORDS))
def test_a_fate_is_chosen_by_its_word(data: st.DataObject, word: str) -> None:
    """The prompt ends in the requested word, and in no other."""
    vendor, method, _ = data.draw(st.sampled_from(CALLS))
    arguments = data.draw(strategies.fated(vendor, method, word))
    text = arguments[contract_of(vendor).texts.get(method, "prompt")]
    assert text.endswith(f"soundstage:{word}")
    assert text.count("soundstage:") == 1


@given(fault=strategies.passing_faults() | strategies.losing_faults() | strategies.callback_faults())
def test_every_fault_is_one_that_a_simulator_can_plant(fault: dict[str, Any]) -> None:
    """Each has a kind, and a number of times after which it is over."""
    assert Fault(**fault).times in (1, 2)


def test_what_does_not_exist_is_named() -> None:
    """The errors say what there is."""
    with pytest.raises(ValueError, match=r"vendor must be one of tomoviee.*; got 'unknown'"):
        strategies.methods("unknown")
    with pytest.raises(ValueError, match=r"method must be one of .*text_to_video.*; got 'hologram'"):
        strategies.arguments("tomoviee", "hologram")
    with pytest.raises(ValueError, match=r"word must be one of fail, .*; got 'explode'"):
        strategies.fated("tomoviee", "text_to_video", "explode")
