"""Routing: from the path and the host of a request to a vendor's route, and to the route that a wrong path means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from soundstage_server.kit.results import is_result_path
from soundstage_server.model.asgi import CONTROL, origin
from soundstage_server.model.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage_server.model.asgi import Scope
    from soundstage_server.model.messages import Route
    from soundstage_server.world.vendor_service import VendorService

PAGES: Final = ("docs", "redoc", "openapi.json", "static-offline-docs")
"""The first segments of the paths of pages, at the root and below each slug."""

_SLASHES: Final = re.compile("/{2,}")


class RouteMatch(NamedTuple):
    """The target of a request: a service, its route, the prefix before the vendor's path, the path's values.

    The route is None where no route matches; *allowed* are then the methods that the path would take.
    """

    service: VendorService
    route: Route | None
    mount: str
    values: dict[str, str]
    allowed: tuple[str, ...] = ()


class Routes:
    """The routes of all services of a world.

    Attributes:
        exact: The routes without parameters, by path with slug and by method. Most routes have no parameters: two
            dictionary lookups find them, where patterns would be tried in turn.
    """

    def __init__(self, services: Mapping[str, VendorService]) -> None:
        self._services = services
        self.exact: dict[str, dict[str, RouteMatch]] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Route]]] = {}
        self._hosts: dict[str, str] = {}
        for slug, service in services.items():
            self._hosts.update((host, slug) for host in service.hosts)
            patterns = self._patterns.setdefault(slug, [])
            for route in service.routes():
                if "{" in route.path:
                    patterns.append((route.pattern(), route))
                else:
                    place = RouteMatch(service, route, f"/{slug}", {})
                    self.exact.setdefault(f"/{slug}{route.path}", {})[route.method] = place

    def find(self, scope: Scope) -> RouteMatch | None:
        """Return the route of a request to a vendor; None where it is for a page, a result or no vendor."""
        methods = self.exact.get(scope["path"])
        if methods is not None and (place := methods.get(scope["method"])) is not None:
            return place
        slug, mount, rest = self.address(scope)
        if slug not in self._services or self.is_page(slug, f"/{slug}{rest}") or is_result_path(rest):
            return None
        return self.match(slug, mount, rest, scope["method"])

    def address(self, scope: Scope) -> tuple[str, str, str]:
        """Return a request's vendor, the prefix before the vendor's path, and that path."""
        path: str = scope["path"]
        host = origin(scope).partition("://")[2].partition(":")[0]
        slug = self._hosts.get(host.lower())
        first, _, tail = path[1:].partition("/")
        # A public URL may be a vendor's real host: the results of every vendor are then below it, with their slugs.
        is_result = first in self._services and is_result_path(f"/{tail}")
        if slug is not None and not path.startswith(CONTROL) and not is_result:
            return slug, "", path
        return first, f"/{first}", f"/{tail}"

    def is_page(self, slug: str, path: str) -> bool:
        """Return whether a request for *path* is for a page or the control API; *slug* is its first segment."""
        if slug in self._services:
            return path.removeprefix(f"/{slug}").removeprefix("/").partition("/")[0] in PAGES
        return path == "/" or slug in PAGES or path.startswith(CONTROL)

    def match(self, slug: str, mount: str, path: str, method: str) -> RouteMatch:
        """Return the route of a vendor's own *path*."""
        methods = self.exact.get(f"/{slug}{path}", {})
        if method in methods:
            return methods[method]._replace(mount=mount)
        allowed = list(methods)
        for pattern, route in self._patterns[slug]:
            match = pattern.fullmatch(path)
            if match and route.method == method:
                return RouteMatch(self._services[slug], route, mount, match.groupdict())
            if match:
                allowed.append(route.method)
        return RouteMatch(self._services[slug], None, mount, {}, tuple(dict.fromkeys(allowed)))

    def explain(self, path: str) -> str:
        """Return why no vendor has *path*, which begins with no slug, and the address that it probably means."""
        single = _SLASHES.sub("/", path)
        likely = [f"/{slug}{single}" for slug in self._services if self._is_path(slug, single)]
        slug, _, tail = single[1:].partition("/")
        if slug in self._services and self._is_path(slug, f"/{tail}"):
            likely.append(single)
        hint = f": did you mean {' or '.join(likely)}?" if likely else did_you_mean(single, self.exact)
        slugs = ", ".join(f"/{slug}" for slug in self._services)
        return f"no vendor has the address {path}{hint or '.'} A base URL ends with a vendor's slug: {slugs}"

    def _is_path(self, slug: str, path: str) -> bool:
        exact = f"/{slug}{path}" in self.exact
        return exact or any(pattern.fullmatch(path) for pattern, _ in self._patterns[slug])
