"""The FastAPI application: the control API, and for each vendor a sub-application with an OpenAPI page of its own.

The pages are drawn from the services' routes. They work without the internet: their scripts come with the package.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline

from understudy_server import control
from understudy_server.fields import schema

if TYPE_CHECKING:
    from fastapi import FastAPI

    from understudy_server.service import Service
    from understudy_server.wire import Route
    from understudy_server.world import World


def build(world: World) -> FastAPI:
    """Return the application that shows *world*: pages and control API."""
    app = FastAPIOffline(
        title="Understudy",
        version=version("understudy"),
        description="A local simulator of generative-media services. Vendors: "
        + ", ".join(f"[{service.title}](/{slug}/docs)" for slug, service in world.services.items()),
        static_url="/static-offline-docs",
    )
    app.include_router(control.router(world))
    app.add_exception_handler(RequestValidationError, control.refuse)
    app.add_api_route("/", lambda: RedirectResponse("/docs"), include_in_schema=False)
    for slug, service in world.services.items():
        app.mount(f"/{slug}", _page(service))
    return app


def _page(service: Service) -> FastAPI:
    page = FastAPIOffline(title=service.title, version=version("understudy"), static_url="/static-offline-docs")
    document = openapi(service)
    page.openapi = lambda: document  # type: ignore[method-assign] # FastAPI's documented way to bring one's own
    return page


def openapi(service: Service) -> dict[str, Any]:
    """Return the OpenAPI document of *service*, drawn from its routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in service.routes():
        paths.setdefault(route.path.replace(":path}", "}"), {})[route.method.lower()] = _operation(service, route)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{service.title}, simulated", "version": version("understudy")},
        "servers": [{"url": f"/{service.slug}"}],
        "paths": paths,
        "components": {"securitySchemes": {name: _header(name) for name in _credentials(service)}},
    }


def _operation(service: Service, route: Route) -> dict[str, Any]:
    facts = ", ".join(f"`{service.slug}:{fact}`" for fact in route.facts)
    operation: dict[str, Any] = {
        "summary": route.summary,
        "description": f"Facts: {facts}.",
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in route.pattern().groupindex
        ],
        "responses": {"200": {"description": "An answer", "content": {"application/json": {"example": route.example}}}},
    }
    if not route.open:
        operation["security"] = [{name: [] for name in _credentials(service)}]
    if route.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema(route.body)}}}
    return operation


def _credentials(service: Service) -> list[str]:
    return [name.decode() for name in service.credential_headers]


def _header(name: str) -> dict[str, str]:
    return {"type": "apiKey", "in": "header", "name": name}
