"""Pages: drawn from the services' own tables, and whole without the internet."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server import World
from soundstage_server.http.json_schema import infer_any
from soundstage_server.http.pages import openapi
from soundstage_server.model.fields import schema
from soundstage_vendors.own import VENDORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mock_server.conftest import Caller, Kit

PAGES = ["/docs", "/redoc", *(f"/{slug}/{page}" for slug in VENDORS for page in ("docs", "redoc"))]
HERE = "http://127.0.0.1:8080"
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner))


@pytest.fixture(scope="module")
def caller(kit: Kit) -> Iterator[Caller]:
    """A browser."""
    with kit.world() as world:
        yield kit.caller(world)


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_nothing_from_other_hosts(caller: Caller, path: str) -> None:
    """Every script, style and image of a page is served by the simulator."""
    page = caller.fetch(HERE + path)
    assert page.status == 200
    html = page.content.decode()
    loaded = re.findall(r"""(?:src|href)\s*=\s*["']([^"']+)["']""", html) + re.findall(
        r"""url:\s*["']([^"']+)["']""", html
    )
    assert len(loaded) >= 2
    for address in loaded:
        if not address.startswith("data:"):
            assert re.match(r"/(?!/)", address), f"{address} is elsewhere"
            assert caller.fetch(HERE + address).status == 200, address
    assert re.findall(r"""(?:https?:)?//[\w.-]+\.\w{2,}[^\s"'<]*""", html) == []


def test_pages_link_to_every_vendor(caller: Caller) -> None:
    """The page of the control API links to every vendor's."""
    described = caller.fetch(f"{HERE}/openapi.json").json()["info"]["description"]
    for slug in VENDORS:
        assert f"(/{slug}/docs)" in described


def test_control_api_is_documented(caller: Caller) -> None:
    """Every documented route is in the OpenAPI document, with a sentence."""
    paths = caller.fetch(f"{HERE}/openapi.json").json()["paths"]
    verbs = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert verbs >= {
        ("GET", "/_soundstage/health"), ("GET", "/_soundstage/clock"), ("PUT", "/_soundstage/clock"),
        ("POST", "/_soundstage/clock/advance"), ("GET", "/_soundstage/accounts"), ("GET", "/_soundstage/tasks"),
        ("GET", "/_soundstage/ledger/{vendor}/{account}"), ("PUT", "/_soundstage/ledger/{vendor}/{account}"),
        ("GET", "/_soundstage/requests"), ("DELETE", "/_soundstage/requests"), ("GET", "/_soundstage/scenarios"),
        ("POST", "/_soundstage/scenarios"), ("DELETE", "/_soundstage/scenarios"), ("GET", "/_soundstage/dialects"),
        ("PUT", "/_soundstage/dialects"), ("POST", "/_soundstage/reset"), ("GET", "/_soundstage/facts"),
    }  # fmt: skip
    assert all(verb["description"] for methods in paths.values() for verb in methods.values())


@pytest.mark.parametrize("slug", VENDORS)
def test_vendor_document_has_every_route(caller: Caller, slug: str) -> None:
    """Path, method, parameters, body, example and facts of each route."""
    document: dict[str, Any] = caller.fetch(f"{HERE}/{slug}/openapi.json").json()
    with World() as world:
        service = world.services[slug]
        assert document == json.loads(json.dumps(openapi(service)))
        assert document["openapi"].startswith("3.1")
        assert document["info"].keys() == {"title", "version"}
        assert document["servers"] == [{"url": f"/{slug}"}]
        assert sum(len(methods) for methods in document["paths"].values()) == len(list(service.routes()))
        for route in service.routes():
            operation = document["paths"][route.path.replace(":path}", "}")][route.method.lower()]
            named = re.findall(r"\{(\w+)(?::path)?\}", route.path)
            assert [parameter["name"] for parameter in operation["parameters"]] == named
            assert all(f"`{slug}:{fact}`" in operation["description"] for fact in route.facts)
            assert {str(status) for status in route.statuses} <= operation["responses"].keys()
            answer = operation["responses"][str(route.statuses[0])]
            shown = answer["content"]["application/json"]["examples"]["answer"]["value"] if route.example else {}
            assert shown == json.loads(json.dumps(route.example))
            body = operation.get("requestBody")
            drawn = body["content"]["application/json"]["schema"] if body else None
            assert drawn == (json.loads(json.dumps(schema(route.body))) if route.body else None)


@pytest.mark.parametrize("slug", VENDORS)
def test_page_declares_required_credentials(kit: Kit, slug: str) -> None:
    """Every authenticated route declares its headers, and no open route does."""
    with kit.world() as world:
        service = world.services[slug]
        document = openapi(service)
        named = {name.decode() for name in service.credential_headers}
        assert {scheme["name"] for scheme in document["components"]["securitySchemes"].values()} == named
        for route in service.routes():
            (security,) = document["paths"][route.path.replace(":path}", "}")][route.method.lower()].get(
                "security", [{}]
            )
            assert set(security) == (set() if route.open else named)


@pytest.mark.parametrize("slug", VENDORS)
def test_page_lists_every_refusal_under_its_status(slug: str) -> None:
    """Each code of the vendor is listed under its HTTP status."""
    with World() as world:
        service = world.services[slug]
        for methods in openapi(service)["paths"].values():
            for operation in methods.values():
                contents = [answer.get("content", {}) for answer in operation["responses"].values()]
                shown = {code for content in contents for kind in content.values() for code in kind["examples"]}
                assert {f"{refusal.code}" for refusal in service.codes.values()} <= shown


@given(VALUES)
def test_inferred_schema_accepts_its_example(example: Any) -> None:
    """A schema that was inferred from an example accepts it; null determines nothing."""

    def fits(value: Any, shape: Any) -> bool:
        if "anyOf" in shape:
            return any(fits(value, each) for each in shape["anyOf"])
        if value is None:
            return bool(shape == {})
        if isinstance(value, dict):
            members = shape["properties"]
            if not set(shape.get("required", ())) <= set(value):
                return False
            return all(fits(value[name], members[name]) for name in value)
        if isinstance(value, list):
            return bool(shape["type"] == "array") and (not value or fits(value[0], shape["items"]))
        kinds = {bool: "boolean", int: "integer", float: "number", str: "string"}
        return bool(shape["type"] == kinds[type(value)])

    assert fits(example, infer_any([example]))
    assert fits(example, infer_any([{"other": 1}, example]))
