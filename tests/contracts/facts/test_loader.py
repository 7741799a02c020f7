"""The facts loader: what ships is sound, and no mistake in a fact file passes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import soundstage_vendors
from soundstage_contracts import VENDORS, Fact, FactBook, FactError, load_facts
from soundstage_contracts.facts.loader import Binds, Certainty, load_heads, parse_facts

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
vendor = "acme"
base_url = "https://api.acme.example/v1"

[environment]
ACME_BASE_URL = "{base}"
"""
FACT = """
[[fact]]
id = "create.route"
statement = "POST /create makes a task."
source = "page 3"
certainty = "documented"
binds = "both"
"""

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(str.strip)


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    """Make a fact that keeps every rule."""
    certainty: Certainty = draw(st.sampled_from(get_args(Certainty)))
    return Fact(
        vendor="acme",
        id=draw(st.from_regex(r"[a-z0-9_]+(\.[a-z0-9_]+)*", fullmatch=True)),
        statement=draw(WORDS.filter(lambda words: not words[0].isspace())),
        source=draw(WORDS.filter(lambda words: not words[0].isspace())),
        certainty=certainty,
        binds=draw(st.sampled_from(get_args(Binds))),
        but="another reading" if certainty == "contradicted" else None,
    )


def as_toml(fact: Fact) -> str:
    """Write *fact* in the format of a fact file."""
    fields = ("id", "statement", "source", "certainty", "binds", "but")
    values = [(name, getattr(fact, name)) for name in fields]
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values if value is not None]
    return "\n".join(["", "[[fact]]", *lines, ""])


@given(st.lists(facts(), min_size=1, unique_by=lambda fact: fact.id))
def test_a_sound_file_is_read_as_it_is_written(written: list[Fact]) -> None:
    """Every fact that keeps the rules comes back equal and in the file's order."""
    vendor_facts = parse_facts(HEAD + "".join(map(as_toml, written)), file="acme.toml")
    assert list(vendor_facts.facts) == written


@given(facts())
def test_only_documented_facts_that_bind_a_side_need_a_contract(fact: Fact) -> None:
    """Advice, contradictions and our own inferences owe no contract; everything else does."""
    assert fact.needs_contract == (fact.certainty == "documented" and fact.binds != "advice")
    assert fact.sides == {"both": {"server", "client"}, "advice": set()}.get(fact.binds, {fact.binds})


def test_reason_why_a_side_cannot_be_shown_to_fail_is_read() -> None:
    """A fact keeps the reason of each side that has one."""
    text = (HEAD + FACT).replace('"page 3"', '"page 3"\nunshown.client = "It reads nothing."')
    (fact,) = parse_facts(text, file="acme.toml").facts
    assert fact.unshown == {"client": "It reads nothing."}


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_ships_facts(vendor: str) -> None:
    """A vendor's file has its own name inside, facts under its own keys, and variables with a place for the address."""
    book = load_facts(vendor)
    assert set(book.vendors) == {vendor}
    assert all(key == book[key].key and key.startswith(f"{vendor}:") for key in book)
    assert any("{base}" in value for value in book.vendors[vendor].environment.values())


def test_book_has_every_vendor_in_registry_order() -> None:
    """Without a vendor, the facts of all of them are loaded."""
    book = load_facts()
    assert tuple(book.vendors) == VENDORS
    assert len(book) == sum(len(vendor_facts.facts) for vendor_facts in book.vendors.values())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('vendor = "acme"', "", "acme.toml: vendor is missing; needed: vendor, base_url, environment, fact"),
        ('vendor = "acme"', "vendor = 3", "acme.toml: vendor is 3; allowed: a slug"),
        ('vendor = "acme"', 'vendor = "acme"\ncolor = 1', "acme.toml: color is unknown; allowed: vendor, "),
        ("/v1", "/v1/", "base_url is 'https://api.acme.example/v1/'; allowed: https://HOST[/PATH] without a slash"),
        ("https://api", "http://api", "base_url is 'http://api.acme.example/v1'; allowed: https://HOST"),
        ('ACME_BASE_URL = "{base}"', "ACME_BASE_URL = 1", "environment: ACME_BASE_URL is 1; allowed: some text"),
        ("ACME_BASE_URL", "acme", "environment: 'acme' is no variable; allowed: A-Z, 0-9 and _"),
        ('id = "create.route"', "", "acme.toml, fact 1: id is None; allowed: words of a-z"),
        ('id = "create.route"', 'id = "Create route"', "fact 1: id is 'Create route'; allowed: words of a-z"),
        (
            'statement = "POST /create makes a task."',
            "",
            "fact 'create.route': statement is missing; needed: id, statement",
        ),
        (
            'statement = "POST /create makes a task."',
            'statement = " "',
            "fact 'create.route': statement is ' '; allowed: some text",
        ),
        ('source = "page 3"', "source = []", "fact 'create.route': source is []; allowed: some text"),
        ('"documented"', '"rumoured"', "certainty is 'rumoured'; allowed: documented, contradicted, inferred"),
        ('"both"', '"unknown"', "binds is 'unknown'; allowed: server, client, both, advice"),
        ('"documented"', '"contradicted"', "but is None, certainty 'contradicted'; allowed: both or neither"),
        ('"page 3"', '"page 3"\nbut = "PUT"', "but is 'PUT', certainty 'documented'; allowed: both or neither"),
        ('"page 3"', '"page 3"\nnote = "x"', "fact 'create.route': note is unknown; allowed: id, statement, source"),
        ('"page 3"', '"page 3"\nunshown.all = "x"', "unshown: all is unknown; allowed: client, server"),
        ('"page 3"', '"page 3"\nunshown.client = ""', "unshown: client is ''; allowed: some text"),
        ('"page 3"', '"page 3"\nunshown = "x"', "unshown: is 'x'; allowed: a table"),
        (FACT, FACT + FACT, "acme.toml, fact 2: id is 'create.route', which an earlier fact has"),
        (FACT, "fact", "acme.toml: not TOML"),
    ],
)
def test_a_mistake_is_named_with_file_fact_field_value_and_what_is_allowed(old: str, new: str, message: str) -> None:
    """A file that breaks one rule is refused with a message that names the mistake and what is allowed."""
    with pytest.raises(FactError) as refusal:
        parse_facts((HEAD + FACT).replace(old, new), file="acme.toml")
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("fact = 1\n", "acme.toml: fact is 1; allowed: tables headed [[fact]]"),
        ("fact = [1]\n", "acme.toml, fact 1: is 1; allowed: a table"),
    ],
)
def test_facts_that_are_no_tables_are_refused(head: str, message: str) -> None:
    """The list of facts contains tables only."""
    with pytest.raises(FactError) as refusal:
        parse_facts(head + HEAD, file="acme.toml")
    assert message in str(refusal.value)


def test_an_unknown_vendor_is_named_beside_its_neighbour() -> None:
    """A vendor's misspelt slug is answered with the nearest one and with all of them."""
    with pytest.raises(FactError, match=r"'tomovee'; did you mean 'tomoviee'\?; known: .*tomoviee"):
        load_facts("tomovee")


def test_an_unknown_fact_is_named_beside_its_neighbour() -> None:
    """A misspelt fact is answered with the nearest one; one that resembles nothing, with no guess."""
    book = load_facts("tomoviee")
    assert book.find("tomoviee:create.route").id == "create.route"
    with pytest.raises(FactError, match=r"'tomoviee:creat.route'; did you mean 'tomoviee:create.route'\?$"):
        book.find("tomoviee:creat.route")
    with pytest.raises(FactError, match=r"no fact is called 'xyzzy'$"):
        book.find("xyzzy")


def test_a_file_under_another_vendors_name_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A fact file must name the vendor that it belongs to."""
    (tmp_path / "acme.toml").write_text(HEAD.replace("acme", "apex") + FACT, encoding="utf-8")
    monkeypatch.setattr(soundstage_vendors, "exists", lambda *_: True)
    monkeypatch.setattr(soundstage_vendors, "resource", lambda *_: tmp_path / "acme.toml")
    with pytest.raises(FactError, match=r"acme.toml: vendor is 'apex'; allowed: 'acme'"):
        load_facts("acme")


def test_the_book_is_a_mapping() -> None:
    """An unknown key raises KeyError, as in any mapping."""
    with pytest.raises(KeyError):
        FactBook([])["tomoviee:create.route"]


def test_heads_are_the_fact_files_without_facts() -> None:
    """What is read without the facts equals what the whole files have, for every vendor."""
    heads = list(load_heads())
    assert [head.vendor for head in heads] == list(load_facts().vendors)
    for head in heads:
        whole = load_facts(head.vendor).vendors[head.vendor]
        assert head == replace(whole, facts=())
        assert whole.facts


def test_real_address_is_one_of_a_variable() -> None:
    """A reader and a real address belong to a variable of the same file; another name is an error that shows it."""
    for table in ("readers", "real_addresses"):
        with pytest.raises(FactError, match=f"{table}: ACME_PORT is not in environment; allowed: ACME_BASE_URL"):
            parse_facts(f'{HEAD}[{table}]\nACME_PORT = "1"\n{FACT}', file="acme.toml")
    named = parse_facts(f'{HEAD}[real_addresses]\nACME_BASE_URL = "https://own.example"\n{FACT}', file="acme.toml")
    assert named.environment_at() == {"ACME_BASE_URL": "https://own.example"}
    assert named.environment_at("http://here") == {"ACME_BASE_URL": "http://here/acme/v1"}
