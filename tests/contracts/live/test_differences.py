"""Differences between a service and the simulator: every one is found, none is invented, each has its severity."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from soundstage_contracts.live.differences import ComparedExchange, Difference, differences

NAMES = st.sampled_from(["id", "state", "url", "size", "data", "items"])
PLAIN = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "red", "12", "{", '{"a": 1}'])
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner), max_leaves=8)
BODIES = st.dictionaries(NAMES, VALUES, min_size=1)


def exchange(body: Any, status: int = 200, kind: str = "application/json", phase: str = "made") -> ComparedExchange:
    """An answer to one and the same request."""
    return ComparedExchange("POST", "/jobs", phase, status, kind, body)


def found(live: Any, *simulated: Any) -> list[str]:
    """The differences between one body and those of the simulator, as severity and text."""
    return [
        f"{each.severity} {each.where} {each.detail}"
        for each in differences([exchange(live)], list(map(exchange, simulated)))
    ]


@given(st.lists(BODIES, min_size=1, max_size=4))
def test_nothing_is_invented(bodies: list[Any]) -> None:
    """A response that the simulator has given is no difference."""
    answers = list(map(exchange, bodies))
    for answer in answers:
        assert differences([answer], answers) == []


@given(BODIES, st.data())
def test_a_missing_member_is_breaking_and_an_added_one_is_new(body: dict[str, Any], data: st.DataObject) -> None:
    """A member that the service lacks is missing; one that the simulator lacks is new."""
    name = data.draw(st.sampled_from(sorted(body)))
    assume(body[name] is not None)
    without = {other: value for other, value in body.items() if other != name}
    assert found(without, body) == [f"breaking POST /jobs: {name} in the simulator, missing here"]
    (added,) = found(body, without)
    assert added.startswith(f"new POST /jobs: {name} not in the simulator, ")


@given(BODIES, st.data())
def test_another_type_is_breaking(body: dict[str, Any], data: st.DataObject) -> None:
    """A value that is a list of one odd thing has never been seen."""
    name = data.draw(st.sampled_from(sorted(body)))
    assume(body[name] is not None and not isinstance(body[name], list))
    (difference,) = found({**body, name: [{"odd": 1}]}, body)
    assert difference.startswith(f"breaking POST /jobs: {name} ")
    assert difference.endswith(" in the simulator, list received")


def test_what_the_simulator_sometimes_leaves_out_may_be_missing() -> None:
    """A member of some answers is optional; null promises nothing."""
    assert found({"a": 1}, {"a": 1, "b": 2}, {"a": 1}) == []
    assert found({"a": 1}, {"a": None}) == []
    assert found({}, {"a": None}) == ["cosmetic POST /jobs: a in the simulator, missing here"]


def test_numbers_are_numbers_and_truth_is_none() -> None:
    """1 and 1.5 are one type; true is another."""
    assert found({"a": 1.5}, {"a": 1}) == []
    assert found({"a": True}, {"a": 1}) == ["breaking POST /jobs: a number in the simulator, boolean received"]


def test_json_in_a_text_is_looked_into() -> None:
    """A result that is JSON in a string is compared inside."""
    mine, theirs = json.dumps({"paths": ["x"]}), json.dumps({"paths": "x"})
    assert found({"result": theirs}, {"result": mine}) == [
        "breaking POST /jobs: result<json>.paths list in the simulator, text received"
    ]


def test_members_of_a_list_are_all_looked_at() -> None:
    """The third item differs, and is named as any item."""
    items = [{"url": "a"}, {"url": "b"}]
    assert found({"items": [*items, {}]}, {"items": items}) == [
        "breaking POST /jobs: items[].url in the simulator, missing here"
    ]
    assert found({"items": items}, {"items": []}) == []


@pytest.mark.parametrize(
    ("live", "simulated", "severity"),
    [
        (exchange({}, status=202), exchange({}), "breaking"),
        (exchange(None, kind="text/html"), exchange({}), "breaking"),
        (exchange({}, kind="application/json; charset=utf-8"), exchange({}), "cosmetic"),
        (exchange({"msg": "fine"}), exchange({"msg": "success"}), "cosmetic"),
        (exchange({"b": 1, "a": 1}), exchange({"a": 1, "b": 1}), "cosmetic"),
    ],
)
def test_each_kind_has_its_severity(live: ComparedExchange, simulated: ComparedExchange, severity: str) -> None:
    """Status and content type are breaking; texts, order and parameters are not."""
    assert differences([live], [simulated])[0].severity == severity


def test_undocumented_word_is_new() -> None:
    """An undocumented state is reported; a documented one, or one that the simulator sends, is not."""
    words = {"POST /jobs data.state": ["queued", "done"]}
    for state, new in (("queued", False), ("running", False), ("composing", True)):
        reported = differences(
            [exchange({"data": {"state": state}})], [exchange({"data": {"state": "running"}})], words
        )
        assert bool(reported) == new
    assert str(reported[0]) == (
        'new: POST /jobs: data.state: queued or done is documented, "composing" received (made)'
    )


def test_one_difference_is_reported_once_with_all_its_occasions() -> None:
    """The same difference in several phases is one, the worst come first, and other phases are not compared."""
    live = [exchange({"x": 1}, phase=phase) for phase in ("made", "running", "elsewhere")]
    simulated = [exchange({"y": 1}, phase=phase) for phase in ("made", "running")]
    assert differences(live, simulated) == [
        Difference("breaking", "POST /jobs: y", "in the simulator, missing here", ("made", "running")),
        Difference("new", "POST /jobs: x", "not in the simulator, 1 received", ("made", "running")),
    ]


@given(BODIES)
def test_comparing_changes_nothing(body: Any) -> None:
    """Neither side is touched."""
    before = copy.deepcopy(body)
    found(body, body)
    assert body == before
