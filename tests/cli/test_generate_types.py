"""Option types derived from annotations: accepted values and refused ones."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_cli.generate.catalog import Option, _AnnotationScope, _Docstring, load_vendor
from soundstage_cli.generate.option_types import option_type
from soundstage_vendors.own import VENDORS


class Move(IntEnum):
    """Numbers with names."""

    PUSH_IN = 7
    PULL_OUT = 8


class Voice(StrEnum):
    """Texts with names."""

    YUNXI = "zh-CN-Yunxi"
    JENNY = "en-US-Jenny"


class Control(StrEnum):
    """Texts that are numbers."""

    EDGE = "0"
    POSE = "1"


@dataclass
class Camera:
    """An object."""

    pan: float
    zoom: float = 0

    def __post_init__(self) -> None:
        if self.pan > 10:
            raise ValueError("pan is at most 10")


class Mask(TypedDict):
    """A mapping with known keys."""

    area: str


@pytest.mark.parametrize(
    ("annotation", "typed", "value"),
    [
        (str, "5", "5"),
        (int | None, "5", 5),
        (float, "0.5", 0.5),
        (float, "1", 1.0),
        (int | str, "5", 5),
        (int | str, "five", "five"),
        (Any, "plain", "plain"),
        (Any, '{"a": 1}', {"a": 1}),
        (Literal["720p", "1080p"], "1080p", "1080p"),
        (Literal[5, 10], "10", 10),
        (Literal["5s", "10s", 5, 10], "5s", "5s"),
        (Literal["5s", "10s", 5, 10], "10", 10),
        (Literal["5", 5], "5", "5"),
        (Move | int | None, "push-in", Move.PUSH_IN),
        (Move | int | None, "PUSH_IN", Move.PUSH_IN),
        (Move | int | None, "8", Move.PULL_OUT),
        (Move | int | None, "9", 9),
        (Voice | str, "en-US-Jenny", Voice.JENNY),
        (Voice | str, "jenny", Voice.JENNY),
        (Voice | str, "fr-FR-Denise", "fr-FR-Denise"),
        (Control | Literal["0", "1", 0, 1], "pose", Control.POSE),
        (Control | Literal["0", "1", 0, 1], "1", Control.POSE),
        (str | bytes | PathLike[str] | None, "fox.png", Path("fox.png")),
        (str | bytes | PathLike[str] | None, "https://e.test/fox.png", "https://e.test/fox.png"),
        (Path, "fox.png", Path("fox.png")),
        (list[str], "a", "a"),
        (list[Literal["a", "b"]] | None, "b", "b"),
        (Mapping[str, Any], '{"a": [1]}', {"a": [1]}),
        (Mask | None, '{"area": "x"}', {"area": "x"}),
        (Camera | None, '{"pan": 3}', Camera(3)),
        (Sequence[Camera], '{"pan": 3, "zoom": 1}', Camera(3, 1)),
        (str | Callable[[], str] | None, "123456", "123456"),
        (Annotated[int, "seconds"], "5", 5),
    ],
)
def test_text_is_converted(annotation: Any, typed: str, value: Any) -> None:
    """The value and its type are those that the parameter accepts."""
    read = option_type(annotation).parse(typed)
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize(
    ("annotation", "typed", "allowed"),
    [
        (int, "five", "a whole number"),
        (float | None, "much", "a number"),
        (Literal["720p", "1080p"], "4k", "720p, 1080p"),
        (Literal["5s", "10s", 5, 10], "7", "5s, 10s"),
        (Move | int, "up", "push-in, pull-out, a whole number"),
        (Mapping[str, Any], "{", "JSON, or @FILE.json"),
        (Mapping[str, Any], "@nowhere.json", "JSON, or @FILE.json"),
        (Mapping[str, Any], "words", "JSON"),
        (Camera, '{"pan": 11}', "pan is at most 10"),
        (Camera, '{"tilt": 1}', "a JSON object with pan, zoom"),
        (Camera, '{"zoom": 1}', "a required one is missing"),
        (Camera, "[1]", "a JSON object with pan, zoom"),
    ],
)
def test_invalid_text_is_refused(annotation: Any, typed: str, allowed: str) -> None:
    """The message lists the allowed values."""
    with pytest.raises(ValueError, match=re.escape(allowed)):
        option_type(annotation).parse(typed)


@pytest.mark.parametrize(
    ("annotation", "shown"),
    [
        (Literal["5s", "10s", 5, 10], ("5s", "10s")),
        (Literal[5, 10, "5", "10"], ("5", "10")),
        (Control | Literal["0", "1", 0, 1], ("edge", "pose")),
        (Voice | str, ("zh-CN-Yunxi", "en-US-Jenny")),
        (Move, ("push-in", "pull-out")),
        (str, ()),
    ],
)
def test_each_value_is_shown_once(annotation: Any, shown: tuple[str, ...]) -> None:
    """A number that repeats a text or an enum member is accepted but not shown."""
    assert option_type(annotation).shown == shown


def test_option_type_properties() -> None:
    """Switches, lists, optional values, placeholders and keys are derived from the annotation."""
    assert option_type(bool | Literal["True", "False"]).is_switch
    assert option_type(bool | None).optional
    assert option_type(list[str] | tuple[str, ...]).repeatable
    assert option_type(Iterable[str] | None).repeatable
    assert option_type(list).repeatable
    assert not option_type(str).repeatable
    assert option_type(str | None).optional
    assert not option_type(str).optional
    assert option_type(str | bytes | PathLike[str]).metavar == "PATH|URL"
    assert option_type(str | PathLike[str]).metavar == option_type(Path).metavar == "PATH"
    assert option_type(Camera).keys == ("pan", "zoom")
    assert option_type(Mask).keys == ("area",)


def test_json_from_file(tmp_path: Path) -> None:
    """`@FILE.json` is replaced by the content of the file."""
    path = tmp_path / "camera.json"
    path.write_text('{"pan": 2}', encoding="utf-8")
    assert option_type(Camera).parse(f"@{path}") == Camera(2)


@given(st.lists(st.text(min_size=1) | st.integers(), min_size=1, max_size=5, unique_by=str))
def test_shown_choices_parse_to_values(values: list[str | int]) -> None:
    """For any literal, every shown choice parses to a value of the literal."""
    type_ = option_type(Literal[tuple(values)])
    assert {type_.parse(word) for word in type_.shown} <= set(values)
    assert type_.shown


@pytest.mark.parametrize("slug", VENDORS)
def test_all_vendor_annotations_are_supported(slug: str) -> None:
    """Every parameter has a type, and none has the name of a common option."""
    vendor = load_vendor(slug)
    own = {"out", "json", "timeout", "poll", "base_url", "no_wait", "dry_run", "words", "help"}
    for options in (*(one.options for one in vendor.capabilities), vendor.options):
        assert own.isdisjoint(option.name for option in options)
        for option in options:
            assert option.type.is_switch or option.type.types or option.type.choices, option.name
            assert option.type.types != (dict, str), f"{option.name} is not supported"


def test_unresolvable_annotation_is_any() -> None:
    """An unknown name or a missing annotation resolves to `Any`."""
    scope = _AnnotationScope("soundstage.vendors.tomoviee")
    assert scope.resolve("Unknown[str]", {}) is Any
    assert scope.resolve(inspect.Parameter.empty, {}) is Any
    assert scope.resolve(int, {}) is int
    assert scope.resolve("Sequence[CameraMove] | None", {})


def test_docstring_is_parsed() -> None:
    """The first paragraph, arguments over several lines, and sections are parsed; a second paragraph is ignored."""
    text = _Docstring(
        "Start a video;\nit takes a minute. It costs.\n\nMore of it.\n\nArgs:\n    prompt: What it\n        shows.\n"
        "    size: How large.\n\nReturns:\n    A job.\n\nFacts: one.fact, other:two.\n"
    )
    assert text.description == "Start a video; it takes a minute. It costs."
    assert text.arguments == {"prompt": "What it shows.", "size": "How large."}
    assert text.sections["Facts"] == "one.fact, other:two."


def test_optional_parameter_without_default_is_not_required() -> None:
    """A parameter without a default that accepts None is passed None if it is not given."""
    bare = Option("prompt", option_type(str | None), inspect.Parameter.empty, "")
    assert (bare.required, bare.defaults_to_none) == (False, True)
    needed = Option("prompt", option_type(str), inspect.Parameter.empty, "")
    assert (needed.required, needed.defaults_to_none) == (True, False)
