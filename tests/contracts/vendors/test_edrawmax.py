"""EdrawMax's part of the contracts: its strategies are valid on both sides, and its readers find wrong diagrams."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_contracts import load_facts
from soundstage_contracts.outcomes import BrokenLawError
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.vendors.edrawmax import CONTRACT, DEMO, options, reading
from soundstage_contracts.vendors.edrawmax.arguments import (
    KINDS,
    LANGUAGES,
    LOCALES,
    NO_LANGUAGE,
    PLATFORMS,
    START,
    bodies,
    locales,
    points,
)
from soundstage_contracts.vendors.edrawmax.raw_client import CODES, LANG_MESSAGE, RawClient, assert_refused

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW = settings(max_examples=30)


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """Return one simulator for this file."""
    with Target() as target:
        yield target


def statement(fact: str) -> str:
    """Return the statement of a fact."""
    return load_facts()[f"edrawmax:{fact}"].statement


@FEW
@given(data=st.data())
def test_valid_arguments_are_accepted_on_both_sides(target: Target, data: st.DataObject) -> None:
    """Arguments of a method's strategy pass the client's and the simulator's validation."""
    method = data.draw(st.sampled_from(sorted(CONTRACT.operations)))
    given_arguments = data.draw(CONTRACT.operations[method])
    assert getattr(target.client(CONTRACT, target.new_account()), method)(**given_arguments).kind == method


@FEW
@given(body=bodies(), lang=NO_LANGUAGE)
def test_unknown_language_alone_makes_a_body_invalid(target: Target, body: dict[str, Any], lang: Any) -> None:
    """A generated body is accepted, and refused with an unknown language."""
    raw = RawClient(target)
    assert raw.post("gantt", body).json()["code"] == 0
    assert raw.post("gantt", {**body, "lang": lang}).json()["code"] == 400


def test_tables_agree_with_the_facts() -> None:
    """Languages, platforms, codes and messages agree with the statements of the fact file, word by word."""
    assert ", ".join(LANGUAGES) in statement("lang.enum")
    assert ", ".join(PLATFORMS) in statement("platform.enum")
    assert set(START) == set(LOCALES.values()) == set(LANGUAGES)
    assert tuple(re.findall(r"generate-(\w+)", statement("generate.routes"))) == KINDS == tuple(CONTRACT.operations)
    facts = ("prompt", "risk", "concurrency", "generation", "render", "panic")
    for (code, message), fact in zip(CODES.items(), facts, strict=True):
        assert f"code {code}, msg '{message}'" in statement(f"error.{fact}")
    assert f"msg '{LANG_MESSAGE}'" in statement("error.lang")


@given(pair=locales())
def test_locales_have_a_code_of_their_language(pair: tuple[str, str]) -> None:
    """A locale in any spelling begins with its language, and its code is one of the vendor's."""
    locale, code = pair
    assert locale[:2].lower() in {name[:2] for name in LOCALES}
    assert code in LANGUAGES


@given(words=points())
def test_points_have_no_separator(words: list[str]) -> None:
    """Every point is one word of letters, and no two are the same."""
    assert all(word.isalpha() for word in words)
    assert len({word.casefold() for word in words}) == len(words)


@pytest.mark.parametrize("call", DEMO, ids=lambda call: f"{call.method} {call.arguments['lang']}")
def test_demonstration_is_valid_and_succeeds(target: Target, call: Any, tmp_path: Any) -> None:
    """Every call of the demonstration is accepted and makes two files."""
    client = target.client(CONTRACT, target.new_account())
    assert len(getattr(client, call.method)(**call.arguments).save(tmp_path)) == 2


def test_contract_is_complete() -> None:
    """Every declared method exists on both clients, no job ends, and the client gets its trusted hosts."""
    for method in CONTRACT.operations:
        assert callable(getattr(CONTRACT.client, method))
        assert callable(getattr(CONTRACT.async_client, method))
    assert CONTRACT.ends == {}
    assert options("http://here/edrawmax/api/ai") == {"trusted_hosts": ("http://here/edrawmax/api/ai",)}
    assert {call.method for call in DEMO} == set(KINDS)


@pytest.mark.parametrize(
    ("read", "code"),
    [
        (reading.flowchart, 'graph TD\n    A["a"]'),
        (reading.flowchart, 'flowchart TD\n    A["a"]\n    A --> B'),
        (reading.flowchart, "flowchart TD\n    whatever"),
        (reading.mindmap, "mindmap\n  nothing"),
        (reading.mindmap, 'mindmap\n  root(("a"))\nb'),
        (reading.gantt, "gantt\n    title a\n    dateFormat X"),
        (reading.gantt, "gantt\n    title a\n    dateFormat YYYY-MM-DD\n    b: soon"),
        (reading.timeline, "gantt\n    title a"),
    ],
)
def test_invalid_code_is_rejected(read: Any, code: str) -> None:
    """A line that Mermaid would not parse breaks the contract that reads it."""
    with pytest.raises(BrokenLawError):
        read(code)


def test_png_of_another_diagram_is_rejected(target: Target) -> None:
    """A PNG of another diagram or with other colors differs from the SVG, and other markup is no SVG."""
    raw = RawClient(target)
    one, other = raw.draw("flowchart", "a, b, c"), raw.draw("flowchart", "a, b, c, d, e, f, g, h")
    svg = reading.drawing(raw.get(one["svg_url"]))
    assert reading.shows_the_same(svg, raw.get(one["png_url"])) > 100
    with pytest.raises(BrokenLawError):
        reading.shows_the_same(svg, raw.get(other["png_url"]))
    svg.areas[:] = [(corners, (1, 2, 3)) for corners, _ in svg.areas]
    with pytest.raises(BrokenLawError):
        reading.shows_the_same(svg, raw.get(one["png_url"]))
    for wrong in (b"<html/>", b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><image/></svg>'):
        with pytest.raises(BrokenLawError):
            reading.drawing(wrong)


def test_missing_word_is_found(target: Target) -> None:
    """A PNG without contrast at the place of a word breaks the contract."""
    raw = RawClient(target)
    data = raw.draw("mindmap", "aa, bb")
    svg = reading.drawing(raw.get(data["svg_url"]))
    svg.places[:] = [("zz", (1.0, 1.0, 30.0, 30.0))]
    with pytest.raises(BrokenLawError):
        reading.crop_of(svg, raw.get(data["png_url"]), "z")


def test_other_refusal_is_rejected(target: Target) -> None:
    """Another code, another message, or a response that is no refusal breaks the contract."""
    raw = RawClient(target)
    response = raw.post("gantt", {})
    assert_refused(response, 400, CODES[400])
    for code, message in ((500, CODES[400]), (400, "no")):
        with pytest.raises(BrokenLawError):
            assert_refused(response, code, message)
    with pytest.raises(BrokenLawError):
        assert_refused(response, 400, CODES[400], fact="error.lang")
    with pytest.raises(BrokenLawError):
        raw.draw("gantt", " ")
