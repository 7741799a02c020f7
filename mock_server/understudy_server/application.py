"""The simulator as an ASGI application: create and poll on a hot path of plain ASGI, the rest by FastAPI.

A request is looked up by its path, answered by a vendor's service under the world's lock, journalled and sent. What no
service takes (the control API and the vendors' pages) goes to the FastAPI application, which is built when it is first
needed: importing FastAPI is most of a start.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from understudy_server import results
from understudy_server.journal import Entry
from understudy_server.wire import Answer, Call, Route

if TYPE_CHECKING:
    import re
    from collections.abc import MutableMapping

    from fastapi import FastAPI

    from understudy_server.service import Service
    from understudy_server.wire import Receive, Scope, Send
    from understudy_server.world import World

CONTROL: Final = "/_understudy"
"""Where the control API lives."""

_PAGES: Final = ("docs", "redoc", "openapi.json", "static-offline-docs")
_GONE: Final = "http.disconnect"


class _Place(NamedTuple):
    """Where a request goes: a service, its route, what the path's names matched, and the vendor's own path."""

    service: Service
    route: Route | None
    values: dict[str, str]
    path: str
    allowed: tuple[str, ...] = ()


class Simulator:
    """One world, answering over ASGI.

    Args:
        world: The state; several applications may share one.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._exact: dict[str, dict[str, _Place]] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Route]]] = {}
        self._hosts: dict[bytes, str] = {}
        self._pages: FastAPI | None = None
        self._building = asyncio.Lock()
        self._date = (0, b"")
        for slug, service in world.services.items():
            self._hosts.update((host.encode(), slug) for host in service.hosts)
            patterns = self._patterns.setdefault(slug, [])
            for route in service.routes():
                if "{" in route.path:
                    patterns.append((route.pattern(), route))
                else:
                    place = _Place(service, route, {}, route.path)
                    self._exact.setdefault(f"/{slug}{route.path}", {})[route.method] = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        path: str = scope["path"]
        methods = self._exact.get(path)
        place = methods.get(scope["method"]) if methods else None
        if place is not None:
            base = f"{scope['scheme']}://{_host(scope)}/{place.service.slug}"
            await self._answer(place, base, scope, receive, send)
            return
        await self._search(path, scope, receive, send)

    async def _search(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Find who takes a request whose path is not one of the fixed ones under a slug."""
        origin = f"{scope['scheme']}://{_host(scope)}"
        slug: str | None = self._hosts.get(_host(scope).partition(":")[0].encode())
        if slug is not None and not path.startswith(CONTROL):
            base, rest = origin, path
        else:
            slug, _, tail = path[1:].partition("/")
            base, rest = f"{origin}/{slug}", f"/{tail}"
        if slug not in self.world.services or rest.split("/")[1] in _PAGES:
            await (await self.pages())(scope, receive, send)
        elif rest.startswith(f"/{results.SEGMENT}/"):
            await self._result(slug, rest, scope, receive, send)
        else:
            await self._answer(self._place(slug, rest, scope["method"]), base, scope, receive, send)

    def _place(self, slug: str, path: str, method: str) -> _Place:
        service = self.world.services[slug]
        methods = self._exact.get(f"/{slug}{path}", {})
        if method in methods:
            return methods[method]
        allowed = list(methods)
        for pattern, route in self._patterns[slug]:
            match = pattern.fullmatch(path)
            if match and route.method == method:
                return _Place(service, route, match.groupdict(), path)
            if match:
                allowed.append(route.method)
        return _Place(service, None, {}, path, tuple(allowed))

    async def _answer(self, place: _Place, base: str, scope: Scope, receive: Receive, send: Send) -> None:
        service, route, values, path, allowed = place
        message = await receive()
        body: bytes | None = message.get("body", b"")
        if message.get("more_body") or message["type"] == _GONE:
            body = await _rest(message, receive)
        if body is None:
            return
        if self.world.public_url is not None:
            base = f"{self.world.public_url}/{service.slug}"
        call = Call(scope["method"], path, scope["query_string"], scope["headers"], body, base, values)
        with self.world.lock:
            answer = service.unknown_route(call, allowed) if route is None else service.answer(route, call)
            self._note(call, answer)
        headers = answer.headers
        start = {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [*headers, (b"content-length", b"%d" % len(answer.body)), (b"date", self._date_of(call))],
        }
        await send(start)
        await send({"type": "http.response.body", "body": answer.body})

    def _note(self, call: Call, answer: Answer) -> None:
        world = self.world
        world.requests += 1
        journal = world.strangers if call.caller is None else call.caller.journal
        now = call.now or world.clock.now()
        journal.add(
            Entry(
                world.requests, now, call.method, call.path, call.query, call.headers, call.body,
                answer.status, answer.body, answer.fact,
            )
        )  # fmt: skip

    def _date_of(self, call: Call) -> bytes:
        """Return the Date header in the caller's time; formatting is dear, and most calls share a second."""
        second = int(call.now or self.world.clock.now())
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True).encode())
        return self._date[1]

    async def _result(self, slug: str, rest: str, scope: Scope, receive: Receive, send: Send) -> None:
        with self.world.lock:
            found = results.find(self.world, slug, rest.removeprefix(f"/{results.SEGMENT}/"), scope["query_string"])
        if not isinstance(found, Answer):
            await results.serve(self.world, found, scope, receive, send)
            return
        headers = [*found.headers, (b"content-length", b"%d" % len(found.body))]
        await send({"type": "http.response.start", "status": found.status, "headers": headers})
        await send({"type": "http.response.body", "body": found.body})

    async def pages(self) -> FastAPI:
        """Return the FastAPI application, built off the event loop when it is first needed."""
        async with self._building:
            if self._pages is None:
                self._pages = await asyncio.to_thread(self._build)
            return self._pages

    def _build(self) -> FastAPI:
        from understudy_server.pages import build  # noqa: PLC0415 - importing FastAPI is most of a start

        return build(self.world)


async def _rest(message: MutableMapping[str, Any], receive: Receive) -> bytes | None:
    """Return the whole of a body that comes in pieces, or None if the caller went away: half a request is none."""
    pieces = []
    while message["type"] != _GONE:
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)
        message = await receive()
    return None


async def _live(receive: Receive, send: Send) -> None:
    """Answer the server's start and stop: a world needs neither."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _host(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"host":
            return bytes(value).decode("latin-1")
    host, port = scope.get("server") or ("127.0.0.1", 80)
    return f"{host}:{port}"
