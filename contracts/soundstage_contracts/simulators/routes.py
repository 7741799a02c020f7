"""The routes of a vendor, by its OpenAPI page, and those that are nearest to a request that met none."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import httpx

_NEAREST: Final = 3
_LONGEST: Final = 300
_PARAMETER: Final = re.compile(r"\{[^}]*\}")


class Route(NamedTuple):
    """One route: its HTTP method, and its path with parameters in braces."""

    method: str
    path: str

    def __str__(self) -> str:
        """Return the route as a request names it."""
        return f"{self.method} {self.path}"

    def matches(self, method: str | None, path: str) -> bool:
        """Return whether a request with *method* (None: any) for *path* meets this route."""
        pattern = ".+".join(map(re.escape, _PARAMETER.split(self.path)))
        return method in (None, self.method) and re.fullmatch(pattern, path) is not None


def routes_of(http: httpx.Client, url: str, vendor: str) -> tuple[Route, ...]:
    """Return the routes of *vendor* in the simulator at *url*."""
    paths = http.get(f"{url}/{vendor}/openapi.json").raise_for_status().json()["paths"]
    return tuple(Route(method.upper(), path) for path, methods in paths.items() for method in methods)


def nearest_routes(routes: Sequence[Route], method: str | None, path: str) -> list[Route]:
    """Return the routes that are most similar to a request; none if it meets one."""
    if any(route.matches(method, path) for route in routes):
        return []
    return sorted(routes, key=lambda route: -_similarity(route, method, path))[:_NEAREST]


def describe_nearest(routes: Iterable[Route]) -> str:
    """Return a text that names *routes*."""
    return f"no such route; nearest: {', '.join(map(str, routes))}"


def _similarity(route: Route, method: str | None, path: str) -> float:
    # A right path with a wrong method is nearer than any other path.
    alike = SequenceMatcher(None, route.path[:_LONGEST], path[:_LONGEST]).ratio()
    return alike + (0.1 if route.method == method else 0.0) + (1.0 if route.matches(None, path) else 0.0)
