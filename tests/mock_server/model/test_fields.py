"""Parameters as data: a rule, its schema and its error message agree."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server import World
from soundstage_server.model.fields import (
    Choice,
    Field,
    FieldError,
    Flag,
    Group,
    Integer,
    Link,
    ListOf,
    Number,
    Rule,
    Text,
    check,
    schema,
)
from soundstage_vendors.own import VENDORS

if TYPE_CHECKING:
    from tests.mock_server.conftest import Kit

rules = st.one_of(
    st.builds(Text, most=st.none() | st.integers(1, 20), empty=st.booleans()),
    st.lists(st.text(max_size=4) | st.integers(-5, 5), min_size=1, max_size=4, unique=True).map(
        lambda values: Choice(tuple(values))
    ),
    st.tuples(st.integers(-50, 50), st.integers(0, 50)).map(lambda two: Integer(two[0], two[0] + two[1])),
    st.tuples(st.floats(-50, 50), st.floats(0, 50)).map(lambda two: Number(two[0], two[0] + two[1])),
    st.just(Flag()),
    st.just(Link()),
)
scalars = st.none() | st.booleans() | st.integers(-60, 60) | st.floats(allow_nan=False) | st.text(max_size=25)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
)


POINT = Group((Field("x", Integer(0, 9), "point.x", required=True), Field("y", Integer(0, 9), "point.y")))
PATHS = ListOf(Group((Field("points", ListOf(POINT, 1, 2), "path.points", required=True),)), 0, 2)


def allows(rule: dict[str, Any], value: Any) -> bool:
    """Return whether JSON Schema accepts *value*, as far as the rules use it; a whole float is no integer."""
    if "enum" in rule:
        return any(type(value) is type(allowed) and value == allowed for allowed in rule["enum"])
    if rule["type"] == "integer":
        return type(value) is int and rule["minimum"] <= value <= rule["maximum"]
    if rule["type"] == "number":
        return type(value) in (int, float) and rule["minimum"] <= value <= rule["maximum"]
    if rule["type"] == "boolean":
        return type(value) is bool
    most = rule.get("maxLength", float("inf"))
    fits = isinstance(value, str) and rule.get("minLength", 0) <= len(value) <= most
    return fits and re.search(rule.get("pattern", ""), value) is not None


@given(rules, values | st.just("https://h.example/a"))
def test_rule_and_schema_agree(rule: Rule, value: Any) -> None:
    """The page and the hot path accept the same; only ``format: uri`` is stricter than a schema."""
    assert allows(dict(rule.schema), value) or not rule.accepts(value)
    if "format" not in rule.schema:
        assert rule.accepts(value) or not allows(dict(rule.schema), value)


@given(rules, st.data())
def test_rule_accepts_values_of_its_schema(kit: Kit, rule: Rule, data: st.DataObject) -> None:
    """Every value that is drawn from the schema is accepted."""
    assert rule.accepts(data.draw(kit.values(rule)))


@pytest.mark.parametrize(
    "value",
    [
        "", "http", "http://", "http:///path", "https://?q", "ftp://h/", "//h/", "h.example/x", "http:/h", "https:h",
        "http://h h/", " http://h/", "http://h/\n", "http://h/\t", "http://h:x/", "http://h:70000/", "http://h:0/", "http://[::1/",
        "javascript:alert(1)", None, 5, True, ["http://h/"], {"url": "http://h/"},
    ],
)  # fmt: skip
def test_url_without_a_host_is_refused(value: object) -> None:
    """Only a usable http or https URL is accepted."""
    assert not Link().accepts(value)


def test_true_is_not_one() -> None:
    """JSON's true and 1 are different, although Python's are equal."""
    assert not Integer(0, 5).accepts(True)
    assert not Number(0, 5).accepts(True)
    assert not Choice((1, 2)).accepts(True)
    assert not Flag().accepts(1)
    assert not Choice(("1",)).accepts(1)


@given(rules, values.filter(lambda value: value is not None))
def test_error_names_field_value_and_what_is_allowed(rule: Rule, value: Any) -> None:
    """It cites the field's fact; valid values are passed on."""
    field = Field("the_field", rule, "the.fact")
    if rule.accepts(value):
        assert check([field], {"the_field": value}) == {"the_field": value}
        return
    with pytest.raises(FieldError) as caught:
        check([field], {"the_field": value})
    text = str(caught.value)
    assert text.startswith(f"the_field must be {rule.allowed}; got {repr(value)[:60]}")
    assert len(text) < len(rule.allowed) + 120
    assert (caught.value.field, caught.value.fact) == ("the_field", "the.fact")


@given(rules, st.sampled_from([{}, {"the_field": None}]))
def test_missing_required_field_is_refused(rule: Rule, body: dict[str, Any]) -> None:
    """A null counts as missing, and the message names the field and what is allowed."""
    with pytest.raises(FieldError, match=r"^the_field must be .*; it is missing$") as caught:
        check([Field("the_field", rule, "the.fact", required=True)], body)
    assert rule.allowed in str(caught.value)


def test_defaults_are_filled_in_and_unknown_fields_ignored() -> None:
    """An undocumented parameter is not read."""
    fields = [Field("a", Integer(1, 9), "f", default=5), Field("b", Text(), "f"), Field("c", Text(), "f", default="x")]
    assert check(fields, {"a": None, "c": "y", "z": 1}) == {"a": 5, "c": "y"}


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        (Text(), "a non-empty string"),
        (Text(most=9), "a non-empty string of at most 9 characters"),
        (Text(most=9, empty=True), "a string of at most 9 characters"),
        (Choice((5,)), "5"),
        (Choice(("a", "b")), "one of 'a', 'b'"),
        (Integer(1, 46), "a whole number from 1 to 46"),
        (Number(0, 1.5), "a number from 0 to 1.5"),
        (Flag(), "true or false"),
        (Link(), "an http or https URL"),
        (POINT, "an object of x, y"),
        (ListOf(Integer(0, 5), 1, 3), "a list of 1 to 3 items, each a whole number from 0 to 5"),
    ],
)
def test_message_reads_as_a_sentence(rule: Rule, allowed: str) -> None:
    """The message names what is allowed in words."""
    assert rule.allowed == allowed


@pytest.mark.parametrize("slug", VENDORS)
def test_vendor_fields_have_schema_fact_and_valid_default(slug: str) -> None:
    """A default follows its own rule, and every field cites a fact."""
    with World() as world:
        for route in world.services[slug].routes():
            drawn = json.loads(json.dumps(schema(route.body)))
            assert drawn["required"] == [field.name for field in route.body if field.required]
            for field in route.body:
                assert field.default is None or field.rule.accepts(field.default)
                assert drawn["properties"][field.name].get("default") == field.default
                assert field.fact in drawn["properties"][field.name]["description"]


@given(st.data())
def test_nested_schema_values_are_accepted(kit: Kit, data: st.DataObject) -> None:
    """Objects and lists within each other are accepted as the page shows them."""
    value = data.draw(kit.values(PATHS))
    assert PATHS.accepts(value)
    assert check([Field("paths", PATHS, "f")], {"paths": value}) == {"paths": value}


@pytest.mark.parametrize(
    ("value", "expected", "fact"),
    [
        (5, "paths must be a list of 0 to 2 items", "f"),
        ([{"points": [{"x": 1}]}] * 3, "paths must be a list of 0 to 2 items", "f"),
        ([{"points": []}], "paths[0].points must be a list of 1 to 2 items", "path.points"),
        ([{"points": [{"x": 1}]}, {"points": [{"x": 1}, {"x": 10}]}], "paths[1].points[1].x must be a wh", "point.x"),
        ([{"points": [{"y": 1}]}], "paths[0].points[0].x must be a whole number from 0 to 9; it is missing", "point.x"),
        ([{"points": [{"x": None}]}], "paths[0].points[0].x must be", "point.x"),
        ([{"points": [{"x": 1, "y": "2"}]}], "paths[0].points[0].y must be a whole number", "point.y"),
        ([{}], "paths[0].points must be", "path.points"),
        (["x"], "paths[0] must be an object of points; got 'x'", "f"),
    ],
)
def test_error_names_the_innermost_part(value: Any, expected: str, fact: str) -> None:
    """With its path and its own fact."""
    assert not PATHS.accepts(value)
    with pytest.raises(FieldError) as caught:
        check([Field("paths", PATHS, "f")], {"paths": value})
    assert str(caught.value).startswith(expected)
    assert caught.value.fact == fact
