"""The FastAPI application: the control API, and for each vendor a sub-application with an OpenAPI page of its own.

The pages are generated from the services' routes. They work offline: their scripts come with the package.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import orjson
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline

from soundstage_server.http.control import routes as control
from soundstage_server.http.inspector import routes as inspector
from soundstage_server.http.json_schema import infer_any
from soundstage_server.model.fields import schema
from soundstage_server.model.messages import RefusedError, Request
from soundstage_server.world.snapshot import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import FastAPI

    from soundstage_server.model.messages import Route
    from soundstage_server.world.vendor_service import VendorService
    from soundstage_server.world.world import World

_EXAMPLE_TIME: Final = 1_754_040_000.0
"""The time in the examples on a page, so that a page is the same whenever it is generated."""


def build(world: World, stopping: Callable[[], bool] = lambda: False) -> FastAPI:
    """Return the application with the pages and the control API of *world*; events end when *stopping* is true."""
    own_version = version("soundstage")  # once: it is read from the metadata on disk
    app = FastAPIOffline(
        title="Soundstage",
        version=own_version,
        description="A local simulator of generative-media services. Vendors: "
        + ", ".join(f"[{service.title}](/{slug}/docs)" for slug, service in world.services.items()),
        static_url="/static-offline-docs",
    )
    app.include_router(control.router(world))
    app.include_router(inspector.router(world, stopping))
    app.add_exception_handler(RequestValidationError, control.refuse)
    app.add_exception_handler(StateError, control.report_unsaved)
    app.add_api_route("/", lambda: RedirectResponse("/docs"), include_in_schema=False)
    for slug, service in world.services.items():
        app.mount(f"/{slug}", _page(service, own_version))
    return app


def _page(service: VendorService, own_version: str) -> FastAPI:
    page = FastAPIOffline(title=service.title, version=own_version, static_url="/static-offline-docs")
    # When it is first read: a control call, which is what builds the pages in most programs, needs none of them.
    page.openapi = cache(lambda: openapi(service))  # type: ignore[method-assign] # FastAPI's documented way to replace it
    return page


def openapi(service: VendorService) -> dict[str, Any]:
    """Return the OpenAPI document of *service*, generated from its routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in service.routes():
        paths.setdefault(route.path.replace(":path}", "}"), {})[route.method.lower()] = _operation(service, route)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{service.title}, simulated", "version": version("soundstage")},
        "servers": [{"url": f"/{service.slug}"}],
        "paths": paths,
        "components": {"securitySchemes": {name: _header(name) for name in _credentials(service)}},
    }


def _operation(service: VendorService, route: Route) -> dict[str, Any]:
    facts = ", ".join(f"`{service.slug}:{fact}`" for fact in route.facts)
    operation: dict[str, Any] = {
        "summary": route.summary,
        "description": f"Facts: {facts}.",
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in route.pattern().groupindex
        ],
        "responses": _responses(service, route),
    }
    if not route.open:
        operation["security"] = [{name: [] for name in _credentials(service)}]
    if route.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema(route.body)}}}
    return operation


def _responses(service: VendorService, route: Route) -> dict[str, Any]:
    """Return every status of the route's responses: of success, and of each refusal of the vendor."""
    examples: dict[int, dict[str, Any]] = {status: {} for status in route.statuses}
    if route.example:
        examples[route.statuses[0]]["answer"] = route.example
    for name, (status, body) in _refusals(service, route).items():
        examples.setdefault(status, {})[name] = body
    return {str(status): _response(status, examples[status], route) for status in sorted(examples)}


def _response(status: int, examples: Mapping[str, Any], route: Route) -> dict[str, Any]:
    success = status in route.statuses
    response: dict[str, Any] = {"description": "A response" if success else "A refusal"}
    if examples:
        content: dict[str, Any] = {"examples": {name: {"value": body} for name, body in examples.items()}}
        # A success without a documented example promises nothing.
        if route.example or not success:
            content["schema"] = infer_any(examples.values())
        response["content"] = {"application/json": content}
    return response


def _refusals(service: VendorService, route: Route) -> dict[str, tuple[int, Any]]:
    """Return the status and the body of every refusal of the vendor, by code, as the vendor renders it."""
    scope = {"type": "http", "method": route.method, "path": f"/{service.slug}{route.path}", "scheme": "http"}
    request = Request({**scope, "headers": [], "query_string": b""}, b"", f"/{service.slug}", {})
    request.now = _EXAMPLE_TIME
    rendered: dict[str, tuple[int, Any]] = {}
    for refusal in (*service.codes.values(), *service.refusals):
        if refusal is not None:
            refused = service.refuse(RefusedError(refusal), request)
            rendered.setdefault(f"{refusal.code}", (refused.status, orjson.loads(refused.body)))
    return rendered


def _credentials(service: VendorService) -> list[str]:
    return [name.decode() for name in service.credential_headers]


def _header(name: str) -> dict[str, str]:
    return {"type": "apiKey", "in": "header", "name": name}
