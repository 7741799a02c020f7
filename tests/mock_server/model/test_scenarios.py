"""Orders and in-band words decide a task's fate: orders first, in sequence, up to their times."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server import Scenario
from soundstage_server.model.lifecycle import Fate
from soundstage_server.model.scenarios import ORDERS, Order, Plan, Scenarios

ACCOUNT = "acct_0123456789ab"
MEANINGS: dict[str, Plan] = {
    "fail": Plan(Fate.FAIL),
    "block": Plan(Fate.BLOCK),
    "block_later": Plan(Fate.BLOCK, later=True),
    "timeout": Plan(Fate.TIMEOUT),
    "cancel": Plan(Fate.CANCEL),
    "slow": Plan(slow=True),
    "never": Plan(never=True),
}
words = st.sampled_from(list(MEANINGS))
vendors, operations = st.sampled_from(["v", "w"]), st.sampled_from(["a", "b"])
texts = st.sampled_from(["a fox", "a red fox", "a hen", "a fox, soundstage:fail"])
orders = st.builds(
    Scenario,
    then=words,
    vendor=st.none() | vendors,
    account=st.sampled_from([None, ACCOUNT, "acct_ffffffffffff"]),
    operation=st.none() | operations,
    contains=st.sampled_from([None, "fox", "red"]),
    times=st.none() | st.integers(1, 3),
)


@given(st.lists(orders, max_size=6), st.lists(st.tuples(vendors, operations, texts), max_size=12))
def test_first_matching_order_decides_up_to_its_times(
    given_orders: list[Scenario], tasks: list[tuple[str, str, str]]
) -> None:
    """Orders are tried in sequence, and one is removed after its last match."""
    scenarios = Scenarios()
    for order in given_orders:
        scenarios.add(order)
    left = [(order.as_dict(), order.times) for order in given_orders]
    for vendor, operation, text in tasks:
        expected = MEANINGS["fail"] if "soundstage:fail" in text else Plan()
        asked = {"vendor": vendor, "account": ACCOUNT, "operation": operation}
        for place, (row, times) in enumerate(left):
            fits = all(row[name] in (None, value) for name, value in asked.items())
            if fits and (row["contains"] or "") in text and times != 0:
                expected = MEANINGS[row["then"]]
                left[place] = (row, None if times is None else times - 1)
                break
        assert scenarios.plan(vendor, ACCOUNT, operation, text) == expected
    assert [order.times for order in scenarios] == [times for _, times in left if times != 0]


@given(words, st.text(), st.text())
def test_word_in_the_prompt_decides(word: str, before: str, after: str) -> None:
    """``soundstage:`` and a word anywhere in a prompt select what happens."""
    text = f"{before} soundstage:{word} {after}"
    assert Scenarios().plan("v", ACCOUNT, "a", text) in MEANINGS.values()
    if "soundstage:" not in before:
        assert Scenarios().plan("v", ACCOUNT, "a", text) == MEANINGS[word]


@pytest.mark.parametrize(
    "text", ["", "fail", "soundstage", "soundstage:", "soundstage:succeed", "soundstage: fail", "Soundstage:fail"]
)
def test_other_words_have_no_effect(text: str) -> None:
    """Only the six words, exactly as written."""
    assert Scenarios().plan("v", ACCOUNT, "a", text) == Plan()


def test_order_takes_precedence_over_a_word() -> None:
    """An order wins over a word in the prompt."""
    scenarios = Scenarios()
    scenarios.add(Scenario("cancel"))
    assert scenarios.plan("v", ACCOUNT, "a", "soundstage:fail") == Plan(Fate.CANCEL)


def test_orders_have_unique_ids_and_can_be_removed() -> None:
    """One by its id, or all at once."""
    scenarios = Scenarios()
    ids = [scenarios.add(Scenario("fail")).id for _ in range(3)]
    assert scenarios.clear(ids[1]) == 1
    assert scenarios.clear(ids[1]) == 0
    assert [order.id for order in scenarios] == [ids[0], ids[2]]
    assert scenarios.clear() == 2
    assert scenarios.add(Scenario("slow")).id not in ids


@pytest.mark.parametrize("then", [order for order in ORDERS if order != "refuse"])
def test_order_round_trips_through_json(then: Order) -> None:
    """What the control API lists can be posted again."""
    shown = Scenario(then, vendor="v", operation="a", contains="x", times=2, account=ACCOUNT).as_dict()
    assert shown.pop("id") == 0
    assert Scenario(**shown).as_dict() == {**shown, "id": 0}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"then": "explode"},
            "then must be one of fail, block, block_later, timeout, cancel, slow, never, refuse; got 'explode'",
        ),
        ({"then": "refuse", "vendor": "v"}, "code is given with 'refuse', and only then; got then='refuse', code=None"),
        ({"then": "fail", "code": "1"}, "code is given with 'refuse', and only then; got then='fail', code='1'"),
        ({"then": "refuse", "code": "1"}, "a scenario that refuses names its vendor: codes belong to vendors"),
        ({"then": "fail", "times": 0}, "times must be from 1 to 1000000000, or None; got 0"),
        ({"then": "fail", "account": ""}, "account must be 'acct_' and 12 hexadecimal digits; got ''"),
        ({"then": "fail", "account": "acct_0123456789aB"}, "account must be .*; got 'acct_0123456789aB'"),
    ],
)
def test_invalid_order_is_refused(fields: dict[str, Any], message: str) -> None:
    """The message names the field, the value and what is allowed."""
    with pytest.raises(ValueError, match=message):
        Scenario(**fields)
