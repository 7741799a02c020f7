"""Endpoint tables: every parameter is a fact of its own, and no mistake in a table passes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_contracts import FactError
from soundstage_contracts.facts import loader
from soundstage_contracts.facts.loader import parse_facts
from soundstage_contracts.facts.tables import LIMITS, parse_table

HEAD = """\
vendor = "acme"
base_url = "https://api.acme.example"
tables = ["acme_endpoints.json"]
fact = []

[environment]
ACME_BASE_URL = "{base}"
"""
LENGTH = {"name": "length", "type": "string", "required": False, "enum": ["5s", "10s"], "default": "5s"}


def table(*parameters: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Make a table of one endpoint."""
    endpoint = {
        "name": "Acme 2", "model_code": "acme-v2", "capability": "text-to-video", "method": "POST",
        "path": "/make/{id}", "parameters": list(parameters),
        "path_parameters": [{"name": "id", "type": "string", "required": True}],
    }  # fmt: skip
    return {"source": "page 4", "endpoints": [{**endpoint, **changes}]}


names = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
parameters = st.builds(
    lambda name, required, limits: {"name": name, "type": "string", "required": required, **limits},
    names,
    st.booleans(),
    st.dictionaries(st.sampled_from(sorted(LIMITS)), st.integers(1, 99) | st.lists(names, min_size=1)),
)


@given(st.lists(parameters, unique_by=lambda one: str(one["name"])))
def test_parameter_becomes_one_statement_with_its_limits(rows: list[dict[str, Any]]) -> None:
    """Statements are in the table's order, each under its endpoint's code, with every limit."""
    statements = list(parse_table(json.dumps(table(*rows))).statements())
    assert [key for key, _ in statements] == [
        f"endpoint.acme-v2.{name}" for name in ("id", *(row["name"] for row in rows))
    ]
    for (_, statement), row in zip(statements[1:], rows, strict=True):
        assert statement.startswith(f"Acme 2 (POST /make/{{id}}): {row['name']} is string, ")
        for key in set(row) & set(LIMITS):
            shown = row[key] if isinstance(row[key], list) else [row[key]]
            assert all(str(value) in statement for value in shown)


def test_fact_file_includes_the_facts_of_its_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts of a table are documented, bind both sides, and have the table's source."""
    monkeypatch.setattr(loader, "load_table", lambda *_: parse_table(json.dumps(table(LENGTH))))
    _, fact = parse_facts(HEAD, file="acme.toml").facts
    assert (fact.key, fact.certainty, fact.binds) == ("acme:endpoint.acme-v2.length", "documented", "both")
    assert fact.statement.endswith("length is string, optional; one of 5s, 10s; 5s by default.")
    assert fact.source == "page 4"


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ([], "the table is []; allowed: an object"),
        ({"source": "page 4"}, "the table: endpoints is missing; needed: source, endpoints"),
        (table(color=1), "an endpoint: color is unknown; allowed: name, model_code"),
        (table({**LENGTH, "max_width": 9}), "endpoint 'Acme 2', a parameter: max_width is unknown; allowed: name"),
        (table({"name": "x"}), "endpoint 'Acme 2', a parameter: type is missing; needed: name, type, required"),
    ],
)
def test_mistake_in_a_table_is_named(made: Any, message: str) -> None:
    """A table with a key too many or too few is refused with a message that names it."""
    with pytest.raises(ValueError, match=r"allowed|needed") as refusal:
        parse_table(json.dumps(made))
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("acme-v2", "acme.toml, fact 3: id is 'endpoint.acme-v2.length', which an earlier fact has"),
        ("Acme 2", "acme_endpoints.json: 'endpoint.Acme 2.id' is no id; allowed: words of a-z"),
    ],
)
def test_facts_of_a_table_keep_the_rules_of_all_facts(monkeypatch: pytest.MonkeyPatch, code: str, message: str) -> None:
    """Their names are names of facts, and each is there once."""
    made = parse_table(json.dumps(table(LENGTH, LENGTH, model_code=code)))
    monkeypatch.setattr(loader, "load_table", lambda *_: made)
    with pytest.raises(FactError) as refusal:
        parse_facts(HEAD, file="acme.toml")
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("named", "message"),
    [('"acme_endpoints.json"', "acme.toml: tables is 'acme_endpoints.json'; allowed: a list of file names"),
     ('["none.json"]', "acme.toml: tables names 'none.json', which cannot be used: ")],
)  # fmt: skip
def test_a_table_that_is_not_there_is_named(named: str, message: str) -> None:
    """A fact file that names what is no table is refused."""
    with pytest.raises(FactError) as refusal:
        parse_facts(HEAD.replace('["acme_endpoints.json"]', named), file="acme.toml")
    assert message in str(refusal.value)
